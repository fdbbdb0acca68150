//! What is known about ports: bits that user space sets, and that packets which leave add to.

use core::intrinsics::{AtomicOrdering, atomic_or};

use auditor_common::{
    Direction, Packet, PortKind, PortKnowledge, Server,
    packet::index,
    port::{at, bit, flag, protocol},
};

use crate::{
    bounded::{in_bytes, in_space},
    context::Directed,
    per_cpu::KnownPorts,
};

/// The loopback's index, in every network namespace.
pub(crate) const LOOPBACK: u32 = 1;

/// Whether the destination's port and the source's are known for a server's, of a TCP or UDP packet that no tunnel carried;
/// as [`side::server`](auditor_common::side::server) asks for them.
#[inline(always)]
pub(crate) fn known<G: Directed>(
    interface: u32,
    known_ports: KnownPorts,
    packet: &Packet,
) -> (bool, bool) {
    const { assert!(protocol::TCP & 1 == 0 && protocol::UDP & 1 == 1) };
    let transport = u32::from(packet.protocol & 1);
    let here = flag(PortKind::Listening);
    let elsewhere = if interface == LOOPBACK {
        here
    } else {
        flag(PortKind::Opened)
    };
    let (destination, source) = match G::DIRECTION {
        Direction::Ingress => (here, elsewhere),
        Direction::Egress => (elsewhere, here),
    };
    let has = |port: u16, flag: u8| {
        // SAFETY: the bytes of both transports come first.
        unsafe {
            *known_ports
                .0
                .cast::<u8>()
                .add(in_bytes(at(transport, port)))
                & flag
                != 0
        }
    };
    (
        has(packet.destination_port, destination),
        has(packet.source_port, source),
    )
}

/// What is known, as the choice of the server side asks them about one packet.
pub(crate) struct PortView {
    interface: u32,
    direction: Direction,
    known_ports: KnownPorts,
}

impl PortView {
    #[inline(always)]
    pub(crate) fn of<G: Directed>(interface: u32, known_ports: KnownPorts) -> Self {
        Self {
            interface,
            direction: G::DIRECTION,
            known_ports,
        }
    }

    /// A word of it.
    #[inline(always)]
    fn word(&self, index: u32) -> *mut u64 {
        // SAFETY: the index is below their number.
        unsafe { self.known_ports.0.add(in_space(index)) }
    }
}

impl PortKnowledge for PortView {
    #[inline(always)]
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16) -> bool {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return false;
        };
        // SAFETY: a whole word, read in one piece.
        unsafe { *self.word(word) & mask != 0 }
    }

    #[inline(always)]
    fn kind_of(&self, server: Server) -> PortKind {
        match (self.direction, server) {
            _ if index(self.interface) == LOOPBACK => PortKind::Listening,
            (Direction::Ingress, Server::Destination) | (Direction::Egress, Server::Source) => {
                PortKind::Listening
            }
            (Direction::Ingress, Server::Source) | (Direction::Egress, Server::Destination) => {
                PortKind::Opened
            }
        }
    }

    #[inline(always)]
    fn leaves_host(&self) -> bool {
        matches!(self.direction, Direction::Egress) || index(self.interface) == LOOPBACK
    }

    #[inline(always)]
    fn learn(&self, kind: PortKind, protocol: u8, port: u16) {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return;
        };
        let word = self.word(word);
        // SAFETY: a whole word; other CPUs write to it too, so the change is one atomic instruction.
        unsafe {
            if *word & mask == 0 {
                atomic_or::<u64, u64, { AtomicOrdering::Relaxed }>(word, mask);
            }
        }
    }
}
