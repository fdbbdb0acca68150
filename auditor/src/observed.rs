//! What was observed on this host in a window of time: flows, tallies, and what could not be seen.

mod ledger;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use auditor_common::{
    Evidence, SharedRecord, Slot, Tally,
    lost::Lost,
    packet::{self, Tunnel},
    port::protocol,
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

pub use ledger::{Ends, KnownPorts, Ledger};

use crate::{address, transport::Transport};

/// Everything that an audit needs to know of this host and its traffic.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Observed {
    pub host: Host,
    pub window: Window,
    pub interfaces: Vec<Interface>,
    /// Sorted by their endpoints.
    pub flows: Vec<Flow>,
    /// Packets and bytes under each slot that counted any.
    pub tallies: BTreeMap<Slot, Tally>,
    pub gaps: Vec<Gap>,
    /// Packets whose flow found no place in the table: their peers are lost, their ports are not.
    pub lost: BTreeMap<Lost, Tally>,
}

/// This host.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Host {
    pub name: String,
    /// The network namespace that was watched, if it is not the one that the audit was started in.
    pub network_namespace: Option<String>,
    /// Addresses of all interfaces, the loopback's included.
    pub addresses: BTreeSet<IpAddr>,
    pub listeners: BTreeSet<Listener>,
    /// The host is known from a capture alone, so its sockets are not.
    pub is_captured: bool,
}

/// A socket that waits for conversations.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Listener {
    pub transport: Transport,
    pub port: u16,
    /// The unspecified address listens on all.
    pub address: IpAddr,
}

impl Host {
    /// Whether a socket that others can reach waits on the port.
    pub fn listens(&self, transport: Transport, port: u16) -> bool {
        self.listeners.iter().any(|listener| {
            listener.transport == transport
                && listener.port == port
                && !listener.address.is_loopback()
        })
    }
}

/// The time that was watched.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
    /// How long the window was meant to be.
    pub asked: SignedDuration,
    /// Since when traffic was watched and is remembered: not after `start`. Rules that ask for more time than the window's
    /// are judged by what happened since then.
    pub since: Timestamp,
}

impl Window {
    /// A window before which nothing is known.
    pub const fn new(start: Timestamp, end: Timestamp, asked: SignedDuration) -> Self {
        Self {
            start,
            end,
            asked,
            since: start,
        }
    }

    pub fn length(&self) -> SignedDuration {
        self.end.duration_since(self.start)
    }
}

/// An interface that was watched, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interface {
    pub name: String,
    pub ingress: Hook,
    /// `None` on the loopback, where every packet comes in again.
    pub egress: Option<Hook>,
    pub is_loopback: bool,
}

/// Where a program sits.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hook {
    Xdp,
    Tc,
}

impl Hook {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xdp => "xdp",
            Self::Tc => "tc",
        }
    }
}

/// A time in which traffic may have gone unseen, and why.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Gap {
    pub cause: Cause,
    pub from: Timestamp,
    /// `None` if it lasts.
    pub until: Option<Timestamp>,
}

/// A reason why traffic may have gone unseen.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Cause {
    /// The window ended before its time.
    CutShort { watched: SignedDuration },
    /// Nobody watched: the auditor was stopped, or the host was down.
    Unwatched,
    /// An interface was lost while others were still watched, or the last one was.
    InterfaceLost { name: String },
    /// An interface was up before it was watched.
    InterfaceLate { name: String },
    /// An interface that came could not be watched.
    InterfaceRefused { name: String, problem: String },
    /// Packets whose flow found no place in the table.
    TableFull { packets: u64 },
    /// Packets of tunnels that carried a fragment, or what ends before its headers do.
    InsideUnread { packets: u64 },
    /// Packets under more tags or extension headers than are followed.
    TooDeep { packets: u64 },
}

impl Gap {
    /// Ends a gap that lasts because one of these interfaces, which are watched again, was lost.
    pub fn end(&mut self, watched: &[String], now: Timestamp) {
        if let Cause::InterfaceLost { name } = &self.cause
            && watched.contains(name)
        {
            self.until.get_or_insert(now);
        }
    }

    /// Whether it reaches into the time from `start` on.
    pub fn reaches(&self, start: Timestamp) -> bool {
        self.until.is_none_or(|until| start <= until)
    }
}

/// One client's traffic with one service of one server.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Flow {
    pub client: IpAddr,
    pub server: IpAddr,
    /// IP protocol number.
    pub protocol: u8,
    /// The server's port; for ICMP the type of the request.
    pub port: u16,
    pub interface: String,
    /// What carried it, if it was inside a tunnel.
    pub tunnel: Option<Tunnel>,
    pub to_server: Way,
    pub to_client: Way,
    /// Conversations asked for and accepted, where the transport tells.
    pub requests: u64,
    pub replies: u64,
    /// ICMP errors that say that a packet to the server could not be delivered.
    pub refusals: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub evidence: Evidence,
}

/// Packets of one way of a flow.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Way {
    pub packets: u64,
    pub bytes: u64,
    pub resets: u64,
    /// TCP flags seen, bit 0 is FIN.
    pub flags: u8,
}

/// What came of a flow.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Both ends talked.
    Established,
    /// The server, or whoever stands before it, only said no.
    Refused,
    /// Nobody answered.
    Attempted,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Refused => "refused",
            Self::Attempted => "attempted",
        }
    }
}

impl Flow {
    /// A flow as the ledger merged it; `instant` turns an epoch into time.
    pub fn new(
        ends: &Ends,
        record: &SharedRecord,
        interface: String,
        instant: impl Fn(u64) -> Timestamp,
    ) -> Self {
        let [to_server, to_client, ..] = record.flags.to_le_bytes();
        let way = |at: usize, flags| {
            let one = |pair: &[u64; 2]| pair.get(at).copied().unwrap_or_default();
            Way {
                packets: one(&record.packets),
                bytes: one(&record.bytes),
                resets: one(&record.resets),
                flags,
            }
        };
        let handshake = 0 < record.requests || 0 < record.replies;
        let stored = Evidence::from_number(record.evidence).unwrap_or(Evidence::FirstSender);
        Self {
            client: address::from_bytes(ends.client),
            server: address::from_bytes(ends.server),
            protocol: ends.protocol,
            port: ends.port,
            interface,
            tunnel: Tunnel::of(ends.interface),
            to_server: way(0, to_server),
            to_client: way(1, to_client),
            requests: record.requests,
            replies: record.replies,
            refusals: record.refusals,
            first: instant(record.first),
            last: instant(record.last),
            evidence: if handshake {
                Evidence::Handshake
            } else {
                stored
            },
        }
    }

    pub const fn transport(&self) -> Option<Transport> {
        Transport::from_protocol(self.protocol)
    }

    /// What came of it. A TCP or SCTP conversation of which no opening was seen began before we looked, and a last reset or
    /// acknowledgement of it says nothing of how it was received.
    pub fn outcome(&self) -> Outcome {
        let began_before =
            matches!(self.protocol, protocol::TCP | protocol::SCTP) && self.requests == 0;
        if began_before || self.to_client.resets < self.to_client.packets {
            Outcome::Established
        } else if 0 < self.to_client.resets || 0 < self.refusals {
            Outcome::Refused
        } else {
            Outcome::Attempted
        }
    }

    /// What the flows of a report are sorted by.
    pub fn order(&self) -> (IpAddr, IpAddr, u8, u16, &str, Option<Tunnel>) {
        (
            self.server,
            self.client,
            self.protocol,
            self.port,
            &self.interface,
            self.tunnel,
        )
    }
}

/// The names of the TCP flags in `flags`, from FIN upwards.
pub fn flag_names(flags: u8) -> Vec<&'static str> {
    let names = ["FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"];
    names
        .iter()
        .enumerate()
        .filter(|(bit, _)| flags & (1 << bit) != 0)
        .map(|(_, name)| *name)
        .collect()
}

const _: () = assert!(packet::RST == 1 << 2);
