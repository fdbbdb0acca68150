//! What is known about ports: bitmaps that user space fills, and that packets which leave add to.

use core::intrinsics::{AtomicOrdering, atomic_or};

use auditor_common::{
    Known, Packet, PortKind, Server,
    packet::index,
    port::{WORDS, bit, protocol, start},
};

use crate::{
    bounded::{in_bitmap, in_space},
    context::{Going, Way},
    region::Words,
};

/// The loopback's index, in every network namespace.
pub(crate) const LOOPBACK: u32 = 1;

/// Whether the destination's port and the source's are known for a server's, of a TCP or UDP packet that no tunnel carried;
/// as [`side::server`](auditor_common::side::server) asks for them.
#[inline(always)]
pub(crate) fn known<G: Going>(interface: u32, words: Words, packet: &Packet) -> (bool, bool) {
    const { assert!(protocol::TCP & 1 == 0 && protocol::UDP & 1 == 1) };
    let transport = u32::from(packet.protocol & 1) * WORDS;
    let here = start(PortKind::Listening);
    let elsewhere = if interface == LOOPBACK {
        here
    } else {
        start(PortKind::Opened)
    };
    let (destination, source) = match G::WAY {
        Way::In => (here, elsewhere),
        Way::Out => (elsewhere, here),
    };
    let has = |bitmap: u32, port: u16| {
        // SAFETY: both bitmaps lie below their number; a whole word, read in one piece.
        unsafe {
            let word = words.0.add(in_space(bitmap + transport));
            *word.add(in_bitmap(port)) >> (port & 63) & 1 != 0
        }
    };
    (
        has(destination, packet.destination_port),
        has(source, packet.source_port),
    )
}

/// The bitmaps, as the choice of the server side asks them about one packet.
pub(crate) struct View {
    interface: u32,
    way: Way,
    words: Words,
}

impl View {
    #[inline(always)]
    pub(crate) fn of<G: Going>(interface: u32, words: Words) -> Self {
        Self {
            interface,
            way: G::WAY,
            words,
        }
    }

    /// A word of the bitmaps.
    #[inline(always)]
    fn word(&self, index: u32) -> *mut u64 {
        // SAFETY: the index is below their number.
        unsafe { self.words.0.add(in_space(index)) }
    }
}

impl Known for View {
    #[inline(always)]
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16) -> bool {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return false;
        };
        // SAFETY: a whole word of the bitmaps, read in one piece.
        unsafe { *self.word(word) & mask != 0 }
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
        let word = self.word(word);
        // SAFETY: a whole word of the bitmaps; other CPUs write to it too, so the change is one atomic instruction.
        unsafe {
            if *word & mask == 0 {
                atomic_or::<u64, u64, { AtomicOrdering::Relaxed }>(word, mask);
            }
        }
    }
}
