//! What is known about ports: bitmaps that user space fills, and that packets which leave add to.

use core::intrinsics::{AtomicOrdering, atomic_or};

use auditor_common::{
    Known, Packet, PortKind, Server,
    packet::index,
    port::{SPACE, bit},
};
use aya_ebpf::{macros::map, maps::Array};

use crate::{
    frame::{Way, in_space},
    region::MMAPABLE,
};

/// Bitmaps of server ports, as `auditor_common::port` lays them out.
#[map]
static PORTS: Array<Bitmaps> = Array::with_max_entries(1, MMAPABLE);

type Bitmaps = [u64; SPACE as usize];

/// A word of the bitmaps.
#[inline(always)]
fn word_at(index: u32) -> Option<*mut u64> {
    let words = PORTS.get_ptr_mut(0)?.cast::<u64>();
    // SAFETY: the index is below their number.
    Some(unsafe { words.add(in_space(index)) })
}

/// The loopback's index, in every network namespace.
const LOOPBACK: u32 = 1;

/// Whether the destination's port and the source's are known for a server's, with one look at the bitmaps; as
/// [`side::server`](auditor_common::side::server) asks for them. `None` for protocols without bitmaps.
#[inline(always)]
pub(crate) fn known(view: &View, packet: &Packet) -> Option<(bool, bool)> {
    let words = PORTS.get_ptr(0)?.cast::<u64>();
    let has = |server, port| {
        let (word, mask) = bit(view.end(server), packet.protocol, port)?;
        // SAFETY: the index is below their number; a whole word, read in one piece.
        Some(unsafe { *words.add(in_space(word)) } & mask != 0)
    };
    Some((
        has(Server::Destination, packet.destination_port)?,
        has(Server::Source, packet.source_port)?,
    ))
}

/// The bitmaps, as the choice of the server side asks them about one packet.
pub(crate) struct View {
    pub(crate) interface: u32,
    pub(crate) way: Way,
}

impl Known for View {
    #[inline(always)]
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16) -> bool {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return false;
        };
        // SAFETY: a whole word of the bitmaps, read in one piece.
        word_at(word).is_some_and(|word| unsafe { *word } & mask != 0)
    }

    #[inline(always)]
    fn end(&self, server: Server) -> PortKind {
        match (self.way, server) {
            _ if index(self.interface) == LOOPBACK => PortKind::Listening,
            (Way::In, Server::Destination) | (Way::Out, Server::Source) => PortKind::Listening,
            (Way::In, Server::Source) | (Way::Out, Server::Destination) => PortKind::Opened,
        }
    }

    #[inline(always)]
    fn leaves(&self) -> bool {
        matches!(self.way, Way::Out) || index(self.interface) == LOOPBACK
    }

    #[inline(always)]
    fn learn(&self, kind: PortKind, protocol: u8, port: u16) {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return;
        };
        if let Some(word) = word_at(word) {
            // SAFETY: the kernel hands out a pointer to a whole entry; other CPUs write to it too, so the change is one
            // atomic instruction.
            unsafe {
                if *word & mask == 0 {
                    atomic_or::<u64, u64, { AtomicOrdering::Relaxed }>(word, mask);
                }
            }
        }
    }
}
