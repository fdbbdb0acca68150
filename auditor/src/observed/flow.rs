//! One client's traffic with one service, and its outcome.

use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::{
    ConversationRecord, Evidence,
    packet::{self, Tunnel},
    port::protocol,
};
use jiff::Timestamp;

use super::FlowKey;
use crate::{address, transport::Transport};

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
    /// The tunnel that carried it, if any.
    pub tunnel: Option<Tunnel>,
    pub to_server: DirectionCounters,
    pub to_client: DirectionCounters,
    /// Requests to open a conversation, and replies that accept one (`replies`), where the transport has them.
    pub requests: u64,
    pub replies: u64,
    /// ICMP errors that say that a packet to the server could not be delivered.
    pub refusals: u64,
    pub first: Timestamp,
    pub last: Timestamp,
    pub evidence: Evidence,
    /// The real endpoints, if addresses were translated (NAT) between client and server.
    pub translated: BTreeSet<Endpoints>,
    /// Set for a flow of the history, whose counters reach further back than the window.
    pub remembered: Option<Remembered>,
}

/// A flow's client, its server, and the server's port.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Endpoints {
    pub client: IpAddr,
    pub server: IpAddr,
    pub port: u16,
}

/// When a flow of the history was last answered and last refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Remembered {
    pub answered: Option<Timestamp>,
    pub refused: Option<Timestamp>,
}

/// What a flow counts in one direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DirectionCounters {
    pub packets: u64,
    pub bytes: u64,
    pub resets: u64,
    /// TCP flags seen, bit 0 is FIN.
    pub flags: u8,
}

impl DirectionCounters {
    const fn add(&mut self, more: Self) {
        self.packets += more.packets;
        self.bytes += more.bytes;
        self.resets += more.resets;
        self.flags |= more.flags;
    }

    const fn minus(self, earlier: Self) -> Self {
        Self {
            packets: self.packets.saturating_sub(earlier.packets),
            bytes: self.bytes.saturating_sub(earlier.bytes),
            resets: self.resets.saturating_sub(earlier.resets),
            flags: self.flags,
        }
    }
}

/// How the server side responded to a flow.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Outcome {
    /// Both client and server sent more than resets.
    Established,
    /// The server, or a device in front of it, sent nothing but resets or ICMP errors.
    Refused,
    /// The server sent nothing.
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
    /// Makes a flow of the ledger's record; `instant` turns an epoch into a time.
    pub fn new(
        key: &FlowKey,
        record: &ConversationRecord,
        interface: String,
        instant: impl Fn(u64) -> Timestamp,
    ) -> Self {
        let [to_server, to_client, ..] = record.flags.to_le_bytes();
        let counters = |direction: usize, flags| {
            let one = |pair: &[u64; 2]| pair.get(direction).copied().unwrap_or_default();
            DirectionCounters {
                packets: one(&record.packets),
                bytes: one(&record.bytes),
                resets: one(&record.resets),
                flags,
            }
        };
        let handshake = 0 < record.requests || 0 < record.replies;
        let stored = Evidence::from_number(record.evidence).unwrap_or(Evidence::FirstSender);
        Self {
            client: address::from_bytes(key.client),
            server: address::from_bytes(key.server),
            protocol: key.protocol,
            port: key.port,
            interface,
            tunnel: Tunnel::of(key.interface),
            to_server: counters(0, to_server),
            to_client: counters(1, to_client),
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
            translated: BTreeSet::new(),
            remembered: None,
        }
    }

    /// Its endpoints as seen on its interface, which address translation may have changed.
    pub const fn endpoints(&self) -> Endpoints {
        Endpoints {
            client: self.client,
            server: self.server,
            port: self.port,
        }
    }

    /// The outcome since `start`; of all that was counted, if the flow is not from the history.
    pub fn outcome_since(&self, start: Timestamp) -> Outcome {
        let Some(remembered) = self.remembered else {
            return self.outcome();
        };
        let is_recent = |at: Option<Timestamp>| at.is_some_and(|at| start <= at);
        if is_recent(remembered.answered) {
            Outcome::Established
        } else if is_recent(remembered.refused) {
            Outcome::Refused
        } else {
            Outcome::Attempted
        }
    }

    /// Adds the counts of the same flow from another time.
    pub fn add(&mut self, more: &Self) {
        self.to_server.add(more.to_server);
        self.to_client.add(more.to_client);
        self.requests += more.requests;
        self.replies += more.replies;
        self.refusals += more.refusals;
        self.first = self.first.min(more.first);
        self.last = self.last.max(more.last);
        self.evidence = self.evidence.min(more.evidence);
        self.translated.extend(&more.translated);
    }

    /// The counts since `earlier`, an older reading of the same counters.
    #[must_use]
    pub fn minus(&self, earlier: &Self) -> Self {
        Self {
            to_server: self.to_server.minus(earlier.to_server),
            to_client: self.to_client.minus(earlier.to_client),
            requests: self.requests.saturating_sub(earlier.requests),
            replies: self.replies.saturating_sub(earlier.replies),
            refusals: self.refusals.saturating_sub(earlier.refusals),
            ..self.clone()
        }
    }

    /// Whether nothing was counted.
    pub const fn is_empty(&self) -> bool {
        self.to_server.packets == 0 && self.to_client.packets == 0 && self.refusals == 0
    }

    pub const fn transport(&self) -> Option<Transport> {
        Transport::from_protocol(self.protocol)
    }

    /// The outcome of all that was counted. A TCP or SCTP flow without a request began before the watch, so it counts as
    /// established: a reset or acknowledgement that ends it does not say how it was received.
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

    /// The sort key of the flows of a report.
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
