//! Joins the fragments of datagrams, as the kernel half does, over all captures of a replay.

use std::collections::{HashMap, VecDeque};

use auditor_common::{
    Packet, Part,
    packet::{Datagram, FirstFragment},
};

/// What later fragments lack, of the datagrams whose first fragment was seen.
#[derive(Default)]
pub struct Fragments {
    first: HashMap<Datagram, FirstFragment>,
    /// The oldest is forgotten first.
    order: VecDeque<Datagram>,
}

/// Datagrams that are remembered.
const DATAGRAMS: usize = 4096;

impl Fragments {
    /// The fragment with its datagram's ports; `None` if its first one was not seen.
    pub(super) fn complete(&mut self, packet: &Packet) -> Option<Packet> {
        let datagram = Datagram::of(packet);
        if packet.part == Part::FirstFragment {
            let first = FirstFragment::of(packet);
            if self.first.insert(datagram, first).is_none() {
                self.order.push_back(datagram);
            }
            if DATAGRAMS < self.order.len()
                && let Some(oldest) = self.order.pop_front()
            {
                self.first.remove(&oldest);
            }
            return Some(*packet);
        }
        let mut later = *packet;
        self.first.get(&datagram)?.complete(&mut later);
        Some(later)
    }
}
