//! Decides which side of a packet is the server, by the packet itself and the ports that are known at that time.

use core::cmp::Ordering;

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

/// How the server side was decided, strongest first. The numbers are part of the table's layout, and of histories on disk.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Evidence {
    /// The packet is part of the conversation's handshake: TCP SYN or SYN ACK, SCTP INIT or INIT ACK, ICMP request or reply.
    Handshake = 1,
    /// A socket of this host listens on the port. Of a protocol without connections that is a bound socket, which may ask
    /// as well: a guess.
    Listener = 2,
    /// No socket of this host listens on its port, so this host opened the connection.
    NoListener = 8,
    /// The server is a multicast or broadcast address, which never asks.
    Group = 9,
    /// An earlier run saw who asked.
    Remembered = 10,
    /// This host opened other conversations to the port, or another conversation of the same flow shows its server.
    Opened = 3,
    /// The matrix documents one of the two ports and not the other.
    Documented = 4,
    /// It belongs to a conversation of another service, as FTP's data does.
    Expected = 11,
    /// One port can only be a service's, the other one is a client's in nearly all cases.
    Ephemeral = 5,
    /// The sender of the first packet is taken for the client.
    FirstSender = 7,
    /// The lower port is the server's, in a TCP or SCTP conversation that began before the capture did.
    LowerPort = 6,
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
            8 => Self::NoListener,
            9 => Self::Group,
            10 => Self::Remembered,
            11 => Self::Expected,
            _ => return None,
        })
    }

    /// Its place among all evidence: the strongest has the lowest.
    const fn rank(self) -> u8 {
        match self {
            Self::Handshake => 0,
            Self::Listener => 1,
            Self::NoListener => 2,
            Self::Group => 3,
            Self::Remembered => 4,
            Self::Opened => 5,
            Self::Documented => 6,
            Self::Expected => 7,
            Self::Ephemeral => 8,
            Self::FirstSender => 9,
            Self::LowerPort => 10,
        }
    }

    /// Whether it may name the wrong side, in a conversation of this protocol.
    pub const fn is_guess(self, protocol: u8) -> bool {
        match self {
            Self::Handshake | Self::NoListener | Self::Group => false,
            Self::Listener => !matches!(protocol, protocol::TCP | protocol::SCTP),
            Self::Remembered
            | Self::Opened
            | Self::Documented
            | Self::Expected
            | Self::Ephemeral
            | Self::FirstSender
            | Self::LowerPort => true,
        }
    }
}

impl Ord for Evidence {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Evidence {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Ports from here on are a client's in nearly all cases, whatever system it runs (Linux begins here, IANA and others at
/// 49152). Below are services, and the clients of systems that begin at 1024.
pub const EPHEMERAL_FROM: u16 = 32_768;

/// TFTP's port, where a conversation begins that goes on between other ports.
pub const TFTP: u16 = 69;

/// From this port an FTP server opens a connection for data (RFC 959, section 3.2): who has it asks.
pub const FTP_DATA: u16 = 20;

/// What is known about ports while a packet is processed.
pub trait PortKnowledge {
    /// Whether `port` is known as `kind`.
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16) -> bool;
    /// The kind under which the port of `server` is known once a conversation to it was opened, which depends on whether the
    /// port is this host's or another host's.
    fn kind_of(&self, server: Server) -> PortKind;
    /// Whether this host sent the packet, so that no other host can have forged it.
    fn leaves_host(&self) -> bool;
    /// Whether the packet is sent to a multicast or broadcast address.
    fn is_to_group(&self) -> bool;
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
            // A later fragment of a reply: its first fragment had the type of the request for the source's port.
            None if matches!(number, protocol::ICMP | protocol::ICMPV6)
                && packet.source_port != 0 =>
            {
                Some((Server::Source, Evidence::Handshake))
            }
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
    // A connection for data is known by both its ports: the server's is none of a service.
    let opens_for_data = number == protocol::TCP
        && match handshake {
            Some(Server::Destination) => packet.source_port == FTP_DATA,
            Some(Server::Source) => packet.destination_port == FTP_DATA,
            None => false,
        };
    if opens_for_data {
        return None;
    }
    if known.leaves_host() {
        match handshake {
            Some(Server::Destination) => known.learn(to, number, packet.destination_port),
            Some(Server::Source) => known.learn(from, number, packet.source_port),
            None => {}
        }
    }
    let destination = known.has_port(to, number, packet.destination_port);
    let source = known.has_port(from, number, packet.source_port);
    let serves = |own, other| {
        is_served(number, own, other, || {
            known.has_port(PortKind::Documented, number, other)
        })
    };
    match (handshake, destination, source) {
        (Some(Server::Destination), _, false) => Some((Server::Destination, Evidence::Handshake)),
        // What comes in accepts something only if this host asked on that port; else both ports tell who reset it.
        (Some(Server::Source), false, asked) if asked || known.leaves_host() => {
            Some((Server::Source, Evidence::Handshake))
        }
        (None, true, false) if serves(packet.destination_port, packet.source_port) => {
            Some((Server::Destination, reason(to)))
        }
        (None, false, true)
            if serves(packet.source_port, packet.destination_port) && !known.is_to_group() =>
        {
            Some((Server::Source, reason(from)))
        }
        // A client's own port may be known to be a server's too, and where neither is, nothing in a single packet tells. So
        // both ports are kept, and user space decides by all packets and all that it knows.
        (_, _, _) => None,
    }
}

/// Whether a port that is known to be a server's is the server's in a packet between it and `other`.
///
/// Of a connection it always is, but of one that the other end opened for FTP's data. A bound socket of a protocol without connections asks and serves alike: it is the server's
/// where the other port can only be a client's, one of many that nothing documents. TFTP answers from another port to the
/// client's, which has to be kept (RFC 1350, section 4).
#[inline(always)]
pub fn is_served(
    protocol: u8,
    port: u16,
    other: u16,
    is_documented: impl FnOnce() -> bool,
) -> bool {
    if matches!(protocol, protocol::TCP | protocol::SCTP) {
        return protocol != protocol::TCP || other != FTP_DATA;
    }
    EPHEMERAL_FROM <= other && port != TFTP && !is_documented()
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
