//! One client's traffic with one service, and its outcome.

use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::{
    Direction, Evidence,
    flow::opening,
    packet::{self, Tunnel},
    port::protocol,
};
use jiff::Timestamp;

use super::{FlowKey, FlowRecord};
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
    /// ICMP errors that say that a packet to the server was refused.
    pub refusals: u64,
    /// An ICMP error said that a packet did not arrive, but not that it was refused.
    pub is_unreachable: bool,
    pub first: Timestamp,
    pub last: Timestamp,
    pub evidence: Evidence,
    /// The direction in which the client's packets passed the interface; `None` where that is not known, and on the loopback.
    pub client_direction: Option<Direction>,
    /// The client's port, where it is kept and the same in all conversations.
    pub client_port: Option<u16>,
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
    /// When its client's packets last told of answers that are not seen. Not on disk.
    pub one_way: Option<Timestamp>,
    /// When its client last hung up as soon as its opening was accepted. Not on disk.
    pub accepted: Option<Timestamp>,
}

/// What a flow counts in one direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct DirectionCounters {
    pub packets: u64,
    /// Those of the packets that are fragments without what tells who opens: they prove nothing that the packet's other fragment
    /// does not. Of this run alone, since what came of earlier ones is remembered as such.
    pub fragments: u64,
    pub bytes: u64,
    pub resets: u64,
    /// TCP flags seen, bit 0 is FIN.
    pub flags: u8,
}

impl DirectionCounters {
    /// Packets that say something of the conversation: no resets, and no mere fragments.
    pub const fn telling(self) -> u64 {
        self.packets
            .saturating_sub(self.resets)
            .saturating_sub(self.fragments)
    }

    const fn add(&mut self, more: Self) {
        self.packets += more.packets;
        self.fragments += more.fragments;
        self.bytes += more.bytes;
        self.resets += more.resets;
        self.flags |= more.flags;
    }

    const fn minus(self, earlier: Self) -> Self {
        Self {
            packets: self.packets.saturating_sub(earlier.packets),
            fragments: self.fragments.saturating_sub(earlier.fragments),
            bytes: self.bytes.saturating_sub(earlier.bytes),
            resets: self.resets.saturating_sub(earlier.resets),
            flags: self.flags,
        }
    }
}

/// How the server side responded to a flow, each with its proof.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Outcome {
    /// The client asked, and the server said what it would not say otherwise: both sent more than resets, and a connection
    /// went on after its handshake.
    Established,
    /// The client asked, and the server sent nothing but resets, or an ICMP error quotes what the client sent and says that
    /// it is refused.
    Refused,
    /// The client asked, and nothing came back.
    Attempted,
    /// Only the client's packets are seen, and they tell of answers: it acknowledges and goes on. So it was let in, by its
    /// own word.
    OneWay,
    /// The server accepted the client's opening, so its port is open, and nothing went on: a half-open scan, or an opening with
    /// somebody else's name on it. It is no proof that the client talked with anybody.
    Accepted,
    /// The packets do not tell: only the server's are seen, or it is the middle of a connection of which a side is silent or
    /// resets.
    Unknown,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Established => "established",
            Self::Refused => "refused",
            Self::Attempted => "attempted",
            Self::OneWay => "one-way",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
        }
    }
}

/// Bytes that a TCP sender without any acknowledgement never sends: it begins with a window of ten segments (RFC 6928), and
/// repeats those.
const MOST_IN_FLIGHT: u64 = 64 << 10;

impl Flow {
    /// Makes a flow of the ledger's record; `instant` turns an epoch into a time.
    pub fn new(
        key: &FlowKey,
        record: &FlowRecord,
        interface: String,
        instant: impl Fn(u64) -> Timestamp,
    ) -> Self {
        let FlowRecord {
            counts: record,
            client_port,
        } = record;
        let [to_server, to_client, ..] = record.flags.to_le_bytes();
        let counters = |direction: usize, flags| {
            let one = |pair: &[u64; 2]| pair.get(direction).copied().unwrap_or_default();
            DirectionCounters {
                packets: one(&record.packets),
                fragments: one(&record.fragments),
                bytes: one(&record.bytes),
                resets: one(&record.resets),
                flags,
            }
        };
        let is_refused = record.opening & u64::from(opening::REFUSED_FIRST) != 0;
        let is_unreachable = record.opening & u64::from(opening::UNREACHABLE) != 0;
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
            refusals: if is_refused { record.refusals } else { 0 },
            is_unreachable,
            first: instant(record.first),
            last: instant(record.last),
            evidence: stored,
            client_direction: key.client_direction,
            client_port: *client_port,
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
        } else if is_recent(remembered.one_way) {
            Outcome::OneWay
        } else if is_recent(remembered.accepted) {
            Outcome::Accepted
        } else {
            match self.outcome() {
                // When it was accepted in an earlier run is not remembered.
                Outcome::Accepted if start <= self.first => Outcome::Accepted,
                Outcome::Accepted | Outcome::Unknown => Outcome::Unknown,
                Outcome::Established | Outcome::Refused | Outcome::Attempted | Outcome::OneWay => {
                    Outcome::Attempted
                }
            }
        }
    }

    /// Adds the counts of the same flow from another time.
    pub fn add(&mut self, more: &Self) {
        self.to_server.add(more.to_server);
        self.to_client.add(more.to_client);
        self.requests += more.requests;
        self.replies += more.replies;
        self.refusals += more.refusals;
        self.is_unreachable |= more.is_unreachable;
        self.client_port = match (self.client_port, more.client_port) {
            (Some(one), Some(other)) => (one == other).then_some(one),
            (one, other) => one.or(other),
        };
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

    /// Whether the client and the server may be the wrong way round.
    pub const fn is_guess(&self) -> bool {
        self.evidence.is_guess(self.protocol)
    }

    /// The outcome of all that was counted.
    ///
    /// A reset answers whatever fits no connection (RFC 9293, section 3.10.7), on an open port too, so it refuses nothing but
    /// a request.
    pub const fn outcome(&self) -> Outcome {
        let (asked, said) = (self.to_server.telling(), self.to_client.telling());
        let is_stream = matches!(self.protocol, protocol::TCP | protocol::SCTP);
        let began_in_sight = !is_stream || 0 < self.requests;
        if asked == 0 {
            return if self.answers_others() && 0 < said {
                Outcome::Established
            } else {
                Outcome::Unknown
            };
        }
        if 0 < said {
            let is_open = !is_stream || self.requests == 0 || self.went_on(asked, said);
            return if is_open {
                Outcome::Established
            } else if self.is_client_here() && !self.hung_up() {
                // This host's kernel took none of that for an answer, or it would have gone on.
                Outcome::Attempted
            } else {
                Outcome::Accepted
            };
        }
        if !began_in_sight {
            return if MOST_IN_FLIGHT < self.to_server.bytes && self.to_client.resets == 0 {
                Outcome::OneWay
            } else {
                Outcome::Unknown
            };
        }
        if 0 < self.to_client.resets || 0 < self.refusals {
            return Outcome::Refused;
        }
        // What follows the request acknowledges an answer (RFC 9293, section 3.5): one packet of it may be a probe.
        if is_stream && self.requests + 1 < asked {
            // Of this host's own packets that is no word but a proof.
            return if self.is_client_here() {
                Outcome::Established
            } else {
                Outcome::OneWay
            };
        }
        Outcome::Attempted
    }

    /// Whether anybody could have made it up: nothing left this host but what a kernel sends to anybody.
    pub const fn proves_nothing(&self) -> bool {
        let (client, server) = (self.to_server, self.to_client);
        match self.client_direction {
            Some(Direction::Ingress) => server.telling() <= self.replies,
            Some(Direction::Egress) => client.telling() == 0,
            None => false,
        }
    }

    /// Whether this host only answered, as a service of datagrams answers anybody, by whatever address he asks.
    pub const fn is_answer(&self) -> bool {
        let is_stream = matches!(self.protocol, protocol::TCP | protocol::SCTP);
        !is_stream && matches!(self.client_direction, Some(Direction::Ingress))
    }

    /// Whether it is of answers alone, to what the client asked a group, or another address of the server's.
    const fn answers_others(&self) -> bool {
        matches!(
            self.protocol,
            protocol::UDP | protocol::ICMP | protocol::ICMPV6
        ) && self.to_server.packets == 0
            && matches!(self.evidence, Evidence::Group | Evidence::Expected)
    }

    /// Whether the client hung up as soon as it was let in, as a health check does that only connects: it reset what it had
    /// asked for, and acknowledged as it did.
    ///
    /// Who knows of no connection resets without an acknowledgement (RFC 9293, section 3.10.7.1): a half-open scan, a host in
    /// whose name somebody else asked, one whose pending request a made-up acceptance does not fit. And whoever made up the
    /// opening would have to end it too, or its acceptance is repeated.
    pub const fn hung_up(&self) -> bool {
        self.protocol == protocol::TCP
            && 0 < self.to_server.resets
            && self.to_server.flags & packet::ACK != 0
            && self.to_client.resets == 0
            && 0 < self.replies
            && self.replies < 2 * self.requests
    }

    /// Whether the client's packets left this host.
    pub const fn is_client_here(&self) -> bool {
        matches!(self.client_direction, Some(Direction::Egress))
    }

    /// Whether a TCP or SCTP connection that began in sight went on after its handshake, by a client that therefore exists. A
    /// request alone may be in anybody's name; and who makes up what follows it too is reset, and told nothing more. What this host
    /// itself says beyond its requests acknowledges an answer, however often it was refused before.
    const fn went_on(&self, asked: u64, said: u64) -> bool {
        self.requests < asked
            && (self.is_client_here() || self.replies < said || self.to_client.resets == 0)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use auditor_common::{Direction, Evidence};
    use jiff::Timestamp;

    use super::{DirectionCounters, Flow, Outcome};

    /// What came of packets: those of the client and of the server, the resets among them, requests seen, refusals, bytes.
    struct Seen {
        packets: [u64; 2],
        fragments: [u64; 2],
        resets: [u64; 2],
        requests: u64,
        replies: u64,
        refusals: u64,
        bytes: u64,
    }

    const SEEN: Seen = Seen {
        packets: [0; 2],
        fragments: [0; 2],
        resets: [0; 2],
        requests: 0,
        replies: 0,
        refusals: 0,
        bytes: 60,
    };

    fn outcome(protocol: u8, seen: &Seen) -> Outcome {
        flow(protocol, seen).outcome()
    }

    fn flow(protocol: u8, seen: &Seen) -> Flow {
        let [to_server, to_client] = [0, 1].map(|side| DirectionCounters {
            packets: seen.packets[side],
            fragments: seen.fragments[side],
            bytes: seen.bytes,
            resets: seen.resets[side],
            flags: 0,
        });
        Flow {
            client: "10.0.0.1".parse().unwrap(),
            server: "10.0.0.2".parse().unwrap(),
            protocol,
            port: 80,
            interface: String::new(),
            tunnel: None,
            to_server,
            to_client,
            requests: seen.requests,
            replies: seen.replies,
            refusals: seen.refusals,
            is_unreachable: false,
            first: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            evidence: Evidence::Handshake,
            client_direction: None,
            client_port: None,
            translated: BTreeSet::new(),
            remembered: None,
        }
    }

    #[test]
    fn refused_until_it_is_accepted() {
        let seen = Seen {
            packets: [4, 4],
            fragments: [0; 2],
            resets: [0, 3],
            requests: 3,
            replies: 1,
            ..SEEN
        };
        let refused = Seen {
            packets: [3, 3],
            replies: 0,
            ..seen
        };
        for (direction, seen, expected) in [
            (Direction::Egress, &refused, Outcome::Refused),
            // Accepted, and nothing said since.
            (Direction::Egress, &seen, Outcome::Established),
            // Here, all that the client sent may be made up.
            (Direction::Ingress, &seen, Outcome::Accepted),
        ] {
            let flow = Flow {
                client_direction: Some(direction),
                ..flow(6, seen)
            };
            assert_eq!(flow.outcome(), expected, "{direction:?}");
        }
    }

    #[test]
    fn what_packets_prove() {
        let (tcp, udp) = (6, 17);
        let opened = Seen {
            requests: 1,
            ..SEEN
        };
        for (what, protocol, seen, expected) in [
            (
                "a handshake and data",
                tcp,
                Seen {
                    packets: [5, 4],
                    ..opened
                },
                Outcome::Established,
            ),
            (
                "a request that is accepted, no more: anybody's name may be on it",
                tcp,
                Seen {
                    packets: [1, 1],
                    replies: 1,
                    ..opened
                },
                Outcome::Accepted,
            ),
            (
                "a request in fragments that is accepted",
                tcp,
                Seen {
                    packets: [3, 1],
                    fragments: [2, 0],
                    replies: 1,
                    ..opened
                },
                Outcome::Accepted,
            ),
            (
                "a request in fragments that nobody answers",
                tcp,
                Seen {
                    packets: [3, 0],
                    fragments: [2, 0],
                    ..opened
                },
                Outcome::Attempted,
            ),
            (
                "fragments without flags, and an acceptance",
                tcp,
                Seen {
                    packets: [1, 1],
                    fragments: [1, 0],
                    replies: 1,
                    ..SEEN
                },
                Outcome::Unknown,
            ),
            (
                "a request that is accepted, and what made-up acknowledgements get",
                tcp,
                Seen {
                    packets: [3, 3],
                    resets: [0, 2],
                    replies: 1,
                    ..opened
                },
                Outcome::Accepted,
            ),
            (
                "a check of a port that its client resets",
                tcp,
                Seen {
                    packets: [3, 1],
                    resets: [1, 0],
                    replies: 1,
                    ..opened
                },
                Outcome::Established,
            ),
            (
                "an answered connection that is reset at its end",
                tcp,
                Seen {
                    packets: [5, 4],
                    resets: [1, 1],
                    ..opened
                },
                Outcome::Established,
            ),
            (
                "the middle of a connection, both ways",
                tcp,
                Seen {
                    packets: [5, 4],
                    ..SEEN
                },
                Outcome::Established,
            ),
            (
                "a request that is reset",
                tcp,
                Seen {
                    packets: [1, 1],
                    resets: [0, 1],
                    ..opened
                },
                Outcome::Refused,
            ),
            (
                "a request that a firewall refuses",
                tcp,
                Seen {
                    packets: [1, 0],
                    refusals: 1,
                    ..opened
                },
                Outcome::Refused,
            ),
            (
                "requests that nobody answers",
                tcp,
                Seen {
                    packets: [3, 0],
                    requests: 3,
                    ..SEEN
                },
                Outcome::Attempted,
            ),
            (
                "a request and one packet more: it may be a probe",
                tcp,
                Seen {
                    packets: [2, 0],
                    ..opened
                },
                Outcome::Attempted,
            ),
            (
                "a request, then acknowledgements and data",
                tcp,
                Seen {
                    packets: [40, 0],
                    ..opened
                },
                Outcome::OneWay,
            ),
            (
                "the middle of a connection, much data one way",
                tcp,
                Seen {
                    packets: [90, 0],
                    bytes: 1 << 20,
                    ..SEEN
                },
                Outcome::OneWay,
            ),
            (
                "a segment again and again",
                tcp,
                Seen {
                    packets: [8, 0],
                    bytes: 800,
                    ..SEEN
                },
                Outcome::Unknown,
            ),
            (
                "an acknowledgement that is reset",
                tcp,
                Seen {
                    packets: [2, 2],
                    resets: [0, 2],
                    ..SEEN
                },
                Outcome::Unknown,
            ),
            (
                "an unasked acknowledgement that this side resets",
                tcp,
                Seen {
                    packets: [1, 1],
                    resets: [1, 0],
                    ..SEEN
                },
                Outcome::Unknown,
            ),
            (
                "an unasked acceptance",
                tcp,
                Seen {
                    packets: [0, 1],
                    ..SEEN
                },
                Outcome::Unknown,
            ),
            (
                "a datagram and its answer",
                udp,
                Seen {
                    packets: [1, 1],
                    ..SEEN
                },
                Outcome::Established,
            ),
            (
                "a datagram",
                udp,
                Seen {
                    packets: [9, 0],
                    ..SEEN
                },
                Outcome::Attempted,
            ),
            (
                "a datagram that is refused",
                udp,
                Seen {
                    packets: [1, 0],
                    refusals: 1,
                    ..SEEN
                },
                Outcome::Refused,
            ),
            (
                "an answer to no datagram",
                udp,
                Seen {
                    packets: [0, 3],
                    ..SEEN
                },
                Outcome::Unknown,
            ),
            (
                "a ping and its reply",
                1,
                Seen {
                    packets: [1, 1],
                    ..opened
                },
                Outcome::Established,
            ),
            (
                "a ping",
                1,
                Seen {
                    packets: [3, 0],
                    requests: 3,
                    ..SEEN
                },
                Outcome::Attempted,
            ),
        ] {
            assert_eq!(outcome(protocol, &seen), expected, "{what}");
        }
    }
}
