//! Which end of a packet is the server: the one place where this is decided.

use crate::{
    packet::{Intent, Packet},
    port::{PortKind, protocol},
};

/// Where a packet's server stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// The packet goes to the server.
    Destination,
    /// The packet comes from the server.
    Source,
}

/// How the server side was decided, strongest first. The numbers are part of the map's layout.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    /// The opening of the conversation was seen: TCP SYN or SYN ACK, SCTP INIT or INIT ACK, ICMP request or reply.
    Handshake = 1,
    /// A socket of this host listens on the port.
    Listener = 2,
    /// The matrix documents one of the two ports and not the other.
    Documented = 3,
    /// One port is inside the range of ephemeral ports and the other is not.
    Ephemeral = 4,
    /// The lower port of a TCP or SCTP conversation that began before we looked.
    LowerPort = 5,
    /// The sender of the first packet is taken for the client.
    FirstSender = 6,
}

impl Evidence {
    /// Reads the number that the kernel half stored.
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            1 => Self::Handshake,
            2 => Self::Listener,
            3 => Self::Documented,
            4 => Self::Ephemeral,
            5 => Self::LowerPort,
            6 => Self::FirstSender,
            _ => return None,
        })
    }
}

/// What is known about flows and ports while a packet is looked at.
pub trait Known {
    /// Whether the flow table holds the packet's flow with its server at `server`.
    fn has_flow(&self, packet: &Packet, server: Server) -> bool;
    /// Whether `port` is known as `kind`. The packet tells which of its ends is ours.
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16, end: Server) -> bool;
    /// Whether clients of this host take their ports from a range that holds `port`.
    fn is_ephemeral(&self, port: u16) -> bool;
}

/// Decides which end of `packet` is the server and says how. `None` as evidence means that the flow is known already.
#[inline(always)]
pub fn server<K: Known>(packet: &Packet, known: &K) -> (Server, Option<Evidence>) {
    match packet.intent {
        Intent::Asks => return (Server::Destination, Some(Evidence::Handshake)),
        Intent::Answers => return (Server::Source, Some(Evidence::Handshake)),
        Intent::Unknown => {}
    }
    match (
        known.has_flow(packet, Server::Destination),
        known.has_flow(packet, Server::Source),
    ) {
        (true, false) => return (Server::Destination, None),
        (false, true) => return (Server::Source, None),
        // Both are there: one end uses the number of a service of its own as its ephemeral port. The ports decide.
        (true, true) | (false, false) => {}
    }
    if !has_ports(packet.protocol) {
        return (Server::Destination, Some(Evidence::FirstSender));
    }
    for (kind, evidence) in [
        (PortKind::Listening, Evidence::Listener),
        (PortKind::Documented, Evidence::Documented),
    ] {
        let destination = known.has_port(
            kind,
            packet.protocol,
            packet.destination_port,
            Server::Destination,
        );
        let source = known.has_port(kind, packet.protocol, packet.source_port, Server::Source);
        match (destination, source) {
            (true, false) => return (Server::Destination, Some(evidence)),
            (false, true) => return (Server::Source, Some(evidence)),
            (true, true) | (false, false) => {}
        }
    }
    match (
        known.is_ephemeral(packet.destination_port),
        known.is_ephemeral(packet.source_port),
    ) {
        (false, true) => return (Server::Destination, Some(Evidence::Ephemeral)),
        (true, false) => return (Server::Source, Some(Evidence::Ephemeral)),
        (true, true) | (false, false) => {}
    }
    // A TCP or SCTP conversation whose opening was not seen began before we looked, so its first packet here says
    // nothing; a datagram's sender has begun as far as anyone can know.
    let began_before = matches!(packet.protocol, protocol::TCP | protocol::SCTP);
    if began_before && packet.source_port < packet.destination_port {
        return (Server::Source, Some(Evidence::LowerPort));
    }
    if began_before && packet.destination_port < packet.source_port {
        return (Server::Destination, Some(Evidence::LowerPort));
    }
    (Server::Destination, Some(Evidence::FirstSender))
}

#[inline(always)]
const fn has_ports(number: u8) -> bool {
    matches!(
        number,
        protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE
    )
}

#[cfg(test)]
mod tests;
