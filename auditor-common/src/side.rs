//! Decides which side of a packet is the server, by the packet itself and the ports that are known at that time.

use crate::{
    packet::{Handshake, Packet},
    port::{PortKind, protocol},
};

/// Which side of a packet is the server.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// The packet is sent to the server.
    Destination,
    /// The packet is sent by the server.
    Source,
}

/// How the server side was decided, strongest first. The numbers are part of the table's layout.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    /// The packet is part of the conversation's handshake: TCP SYN or SYN ACK, SCTP INIT or INIT ACK, ICMP request or reply.
    Handshake = 1,
    /// A socket of this host listens on the port.
    Listener = 2,
    /// This host opened other conversations to the port.
    Opened = 3,
    /// The matrix documents one of the two ports and not the other.
    Documented = 4,
    /// One port is inside the range of ephemeral ports and the other is not.
    Ephemeral = 5,
    /// The lower port is the server's, in a TCP or SCTP conversation that began before the capture did.
    LowerPort = 6,
    /// The sender of the first packet is taken for the client.
    FirstSender = 7,
}

impl Evidence {
    /// Reads the number that the kernel half stored.
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::Handshake,
            2 => Self::Listener,
            3 => Self::Opened,
            4 => Self::Documented,
            5 => Self::Ephemeral,
            6 => Self::LowerPort,
            7 => Self::FirstSender,
            _ => return None,
        })
    }
}

/// What is known about ports while a packet is processed.
pub trait PortKnowledge {
    /// Whether `port` is known as `kind`.
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16) -> bool;
    /// The kind under which the port of `server` is known once a conversation to it was opened, which depends on whether the
    /// port is this host's or another host's.
    fn kind_of(&self, server: Server) -> PortKind;
    /// Whether this host sent the packet, so that no other host can have forged it.
    fn leaves_host(&self) -> bool;
    /// Records that `port` is a server's.
    fn learn(&self, kind: PortKind, protocol: u8, port: u16);
}

/// Decides which side of `packet` is the server, and returns the evidence; `None` if it is not certain.
///
/// Ports are learned from egress handshakes only, so that other hosts cannot poison them.
#[inline(always)]
pub fn server<K: PortKnowledge>(packet: &Packet, known: &K) -> Option<(Server, Evidence)> {
    let number = packet.protocol;
    let handshake = match packet.handshake {
        Handshake::Request => Some(Server::Destination),
        Handshake::Reply => Some(Server::Source),
        Handshake::None => None,
    };
    if !has_ports(number) {
        return match handshake {
            Some(server) => Some((server, Evidence::Handshake)),
            // Of an ICMP message that is neither request nor reply, the sender is taken for the client.
            None if matches!(number, protocol::ICMP | protocol::ICMPV6) => {
                Some((Server::Destination, Evidence::FirstSender))
            }
            None => None,
        };
    }
    let (to, from) = (
        known.kind_of(Server::Destination),
        known.kind_of(Server::Source),
    );
    if known.leaves_host() {
        match handshake {
            Some(Server::Destination) => known.learn(to, number, packet.destination_port),
            Some(Server::Source) => known.learn(from, number, packet.source_port),
            None => {}
        }
    }
    let destination = known.has_port(to, number, packet.destination_port);
    let source = known.has_port(from, number, packet.source_port);
    match (handshake, destination, source) {
        (Some(Server::Destination), _, false) => Some((Server::Destination, Evidence::Handshake)),
        (Some(Server::Source), false, _) => Some((Server::Source, Evidence::Handshake)),
        (None, true, false) => Some((Server::Destination, reason(to))),
        (None, false, true) => Some((Server::Source, reason(from))),
        // The client's own port is known to be a server's too. Later packets of the conversation don't show which side is
        // the client, so all its packets keep both ports.
        (Some(_), _, _) | (None, true, true) => None,
        // A reset may be the only reply to a request to an unknown port.
        (None, false, false) if packet.flags & crate::packet::RST != 0 => None,
        (None, false, false) => {
            let destination = known.has_port(PortKind::Documented, number, packet.destination_port);
            let source = known.has_port(PortKind::Documented, number, packet.source_port);
            match (destination, source) {
                (true, false) => Some((Server::Destination, Evidence::Documented)),
                (false, true) => Some((Server::Source, Evidence::Documented)),
                (true, true) | (false, false) => None,
            }
        }
    }
}

const fn reason(kind: PortKind) -> Evidence {
    match kind {
        PortKind::Listening => Evidence::Listener,
        PortKind::Opened => Evidence::Opened,
        PortKind::Documented => Evidence::Documented,
    }
}

#[inline(always)]
pub const fn has_ports(number: u8) -> bool {
    matches!(
        number,
        protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE
    )
}

#[cfg(test)]
mod tests;
