//! What is known about ports: bits that user space sets, and to which egress packets add.

use auditor_common::{
    Direction, Packet, PortKind, PortKnowledge, Server,
    packet::index,
    port::{at, bit, flag, protocol},
};

use crate::state::KnownPorts;

/// The loopback interface's index, in every network namespace.
pub(crate) const LOOPBACK: u32 = 1;

/// Whether the destination port and the source port of a TCP or UDP packet are known to be a server's, by the rules of
/// [`side::server`](auditor_common::side::server). The packet must not be one that a tunnel carried.
#[inline(always)]
pub(crate) fn known(
    direction: Direction,
    interface: u32,
    ports: KnownPorts,
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
    let (destination, source) = match direction {
        Direction::Ingress => (here, elsewhere),
        Direction::Egress => (elsewhere, here),
    };
    let has = |port: u16, flag: u8| ports.has_flag(at(transport, port), flag);
    (
        has(packet.destination_port, destination),
        has(packet.source_port, source),
    )
}

/// Whether a rule of the matrix names a port of TCP or UDP.
#[inline(always)]
pub(crate) fn is_documented(ports: KnownPorts, protocol: u8, port: u16) -> bool {
    ports.has_flag(
        at(u32::from(protocol & 1), port),
        flag(PortKind::Documented),
    )
}

/// The known ports as seen by one packet, from which `side::server` chooses the server side.
pub(crate) struct PortView {
    pub(crate) interface: u32,
    pub(crate) direction: Direction,
    pub(crate) ports: KnownPorts,
    /// The packet is sent to a multicast or broadcast address.
    pub(crate) is_to_group: bool,
}

impl PortKnowledge for PortView {
    #[inline(always)]
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16) -> bool {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return false;
        };
        self.ports.has(word, mask)
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
    fn is_to_group(&self) -> bool {
        self.is_to_group
    }

    #[inline(always)]
    fn learn(&self, kind: PortKind, protocol: u8, port: u16) {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return;
        };
        self.ports.add(word, mask);
    }
}
