//! Conversations whose sides are decided, merged into flows; and what is no traffic of this host's.

use std::collections::{BTreeMap, HashSet, btree_map::Entry};

use auditor_common::{
    ConversationKey, ConversationRecord, Direction, Evidence, PackedPorts, Reason, Tally,
    port::protocol, side::EPHEMERAL_FROM,
};

use super::{
    LedgerFlows, merge,
    own::{Own, is_two_way},
    sides::{Asked, Client, Decided, Index, is_answered_apart},
};
use crate::address;

/// The key under which a flow is counted, once it is known which side is the server.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FlowKey {
    /// Addresses; IPv4 is IPv4-mapped.
    pub client: [u8; 16],
    pub server: [u8; 16],
    /// IP protocol number.
    pub protocol: u8,
    /// The server's port; for ICMP the type of the request.
    pub port: u16,
    /// Index of the interface.
    pub interface: u32,
    /// The direction in which the client's packets passed the interface; `None` where that is not known, as in a capture,
    /// and on the loopback, where each packet goes both ways.
    pub client_direction: Option<Direction>,
    /// The frames that came in were addressed to another host's MAC address.
    pub is_to_other_host: bool,
}

/// The counts of a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FlowRecord {
    pub counts: ConversationRecord,
    /// The client's port, if it is the same in all conversations that are known with both ports.
    pub client_port: Option<u16>,
}

/// The record with the client's address first.
pub(super) fn with_client_first(
    record: &ConversationRecord,
    client: Client,
    evidence: Evidence,
) -> ConversationRecord {
    let evidence = evidence as u64;
    let swap = |[first, second]: [u64; 2]| [second, first];
    match client {
        Client::First => ConversationRecord {
            evidence,
            ..*record
        },
        Client::Second => ConversationRecord {
            packets: swap(record.packets),
            fragments: swap(record.fragments),
            bytes: swap(record.bytes),
            resets: swap(record.resets),
            flags: record.flags >> 8 & 0xff | (record.flags & 0xff) << 8,
            opening: swapped(record.opening),
            evidence,
            ..*record
        },
    }
}

/// The bits of `opening`, with those of the two addresses exchanged.
fn swapped(bits: u64) -> u64 {
    use auditor_common::flow::opening::{
        REFUSED_FIRST, REFUSED_SECOND, REPLY_FROM_FIRST, REPLY_FROM_SECOND, REQUEST_FROM_FIRST,
        REQUEST_FROM_SECOND, STARTED_BY_SECOND, UNREACHABLE,
    };
    let has = |bit: u8| bits & u64::from(bit) != 0;
    let pairs = [
        (REQUEST_FROM_FIRST, REQUEST_FROM_SECOND),
        (REPLY_FROM_FIRST, REPLY_FROM_SECOND),
        (REFUSED_FIRST, REFUSED_SECOND),
    ];
    let mut swapped = bits & u64::from(UNREACHABLE)
        | (bits ^ u64::from(STARTED_BY_SECOND)) & u64::from(STARTED_BY_SECOND);
    for (one, other) in pairs {
        if has(one) {
            swapped |= u64::from(other);
        }
        if has(other) {
            swapped |= u64::from(one);
        }
    }
    swapped
}

/// Flows that are merged of conversations.
#[derive(Default)]
pub(super) struct FlowMap(BTreeMap<FlowKey, FlowRecord>);

impl FlowMap {
    /// Adds a conversation whose first address is the client's.
    pub(super) fn add_certain(&mut self, key: &ConversationKey, record: &ConversationRecord) {
        let ports = PackedPorts(key.ports);
        let decided = Decided {
            client: Client::First,
            evidence: Evidence::Handshake,
            port: ports.second(),
        };
        let record = FlowRecord {
            counts: *record,
            client_port: Some(ports.first()).filter(|port| *port != 0),
        };
        self.add(flow_key(key, &decided), record);
    }

    /// Adds a conversation that keeps both its ports.
    pub(super) fn add_decided(
        &mut self,
        key: &ConversationKey,
        record: &ConversationRecord,
        decided: &Decided,
    ) {
        let port = decided.client.port(PackedPorts(key.ports));
        let record = FlowRecord {
            counts: with_client_first(record, decided.client, decided.evidence),
            client_port: Some(port).filter(|port| *port != 0),
        };
        self.add(flow_key(key, decided), record);
    }

    fn add(&mut self, key: FlowKey, record: FlowRecord) {
        match self.0.entry(key) {
            Entry::Vacant(entry) => {
                entry.insert(record);
            }
            Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                merge(&mut known.counts, &record.counts);
                if known.client_port != record.client_port {
                    known.client_port = None;
                }
            }
        }
    }

    /// The flows, without what is no traffic of this host's: what came in and can't be from where it says, or is not for
    /// this host.
    pub(super) fn finish(self, own: &Own, index: &Index) -> LedgerFlows {
        let passed: HashSet<FlowKey> = self
            .0
            .iter()
            .filter(|(key, record)| !key.is_to_other_host && has_left(key, &record.counts))
            .map(|(key, _)| *key)
            .collect();
        let mut done = LedgerFlows::default();
        let mut kept = Self::default();
        for (key, mut record) in self.0 {
            if record.counts.packets == [0; 2] {
                continue;
            }
            // Who asked nothing of this server, but of others, may be answered by it.
            let asked = (is_answered_apart(key.protocol) && record.counts.packets[0] == 0)
                .then(|| index.asked(key.client, key.server, key.protocol, key.port, own))
                .flatten();
            if let Some(asked) = asked {
                record.counts.evidence = asked.evidence() as u64;
            }
            let plain = FlowKey {
                is_to_other_host: false,
                ..key
            };
            match reason_aside(&key, &record, own, passed.contains(&plain), asked) {
                Some(reason) => {
                    *done.set_aside.entry(reason).or_default() += Tally {
                        packets: record.counts.packets.iter().sum(),
                        bytes: record.counts.bytes.iter().sum(),
                    };
                }
                None => kept.add(plain, record),
            }
        }
        done.flows = kept.0.into_iter().collect();
        done
    }
}

fn flow_key(key: &ConversationKey, decided: &Decided) -> FlowKey {
    let ports = PackedPorts(key.ports);
    let leaves = ports.first_leaves() == (decided.client == Client::First);
    let direction = if leaves {
        Direction::Egress
    } else {
        Direction::Ingress
    };
    FlowKey {
        client: decided.client.address(key),
        server: decided.client.other().address(key),
        protocol: ports.protocol(),
        port: decided.port,
        interface: key.interface,
        client_direction: (!is_two_way(key.interface)).then_some(direction),
        is_to_other_host: ports.is_to_other_host(),
    }
}

/// Whether something of the flow left this host.
fn has_left(key: &FlowKey, counts: &ConversationRecord) -> bool {
    let [to_server, to_client] = counts.packets;
    match key.client_direction {
        None => true,
        Some(Direction::Egress) => 0 < to_server,
        Some(Direction::Ingress) => 0 < to_client,
    }
}

/// More packets of a connection than this, of which this host sent none, are half of one whose other half passes elsewhere.
const MOST_UNASKED: u64 = 64;

/// Whether datagrams look like answers to what was asked before the watch began: a few, from a service's port to one that can
/// only be a client's. A probe from such a port looks alike; neither is a question.
fn is_late_answer(key: &FlowKey, record: &FlowRecord) -> bool {
    let [to_server, _] = record.counts.packets;
    key.protocol == protocol::UDP
        && to_server <= MOST_LATE
        && EPHEMERAL_FROM <= key.port
        && record.client_port.is_some_and(|port| port < EPHEMERAL_FROM)
}

/// The most datagrams of a flow that are taken for late answers.
const MOST_LATE: u64 = 8;

/// Why a flow is no traffic of this host's; `None` if it is. `passed` is whether something of the same flow left this host.
/// `asked` is whom its client asked whose question it answers.
fn reason_aside(
    key: &FlowKey,
    record: &FlowRecord,
    own: &Own,
    passed: bool,
    asked: Option<Asked>,
) -> Option<Reason> {
    let counts = &record.counts;
    let direction = key.client_direction?;
    let [to_server, to_client] = counts.packets;
    let [reset, _] = counts.resets;
    let has_asked = reset < to_server || 0 < to_server && 0 < counts.requests;
    if own.has(key.client)
        && !has_asked
        && asked.is_none()
        && to_client <= MOST_UNASKED
        && direction == Direction::Egress
    {
        return Some(Reason::Unasked);
    }
    // Even if this host's kernel answers such an address, nobody there asked.
    let is_nobodys = own.is_group(key.client) || address::from_bytes(key.client).is_loopback();
    if is_nobodys && direction == Direction::Ingress && 0 < to_server {
        return Some(Reason::ImpossibleSource);
    }
    if passed || has_left(key, counts) || own.is_unknown() {
        return None;
    }
    // All of it came in, from one side.
    let (sender, receiver) = match direction {
        Direction::Ingress => (key.client, key.server),
        Direction::Egress => (key.server, key.client),
    };
    let is_to_group = own.is_group(receiver);
    let is_nobody = address::from_bytes(sender).is_unspecified() && !is_to_group;
    if is_nobody || own.is_impossible_source(sender) {
        return Some(Reason::ImpossibleSource);
    }
    if key.is_to_other_host && !own.bridges(key.interface) {
        return Some(Reason::OtherHost);
    }
    if direction == Direction::Ingress && own.has(receiver) && is_late_answer(key, record) {
        return Some(Reason::Unasked);
    }
    let is_strange = !own.may_have(receiver) && !is_to_group;
    (is_strange && !own.routes(key.interface, receiver)).then_some(Reason::Stranger)
}
