//! Merges conversations over drains and turns each into a flow, by deciding which side is the client and which the server.

mod conversations;

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    net::IpAddr,
};

use auditor_common::{
    ConversationKey, ConversationRecord, Direction, Evidence, KeptPorts, PackedPorts, Tally,
    flow::opening, lost::Lost, port::protocol, side::has_ports,
};
use conversations::Conversations;

use crate::{address, port::PortRange};

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
}

/// What is known of ports, to decide the server where no handshake was seen.
pub struct KnownPorts<'a> {
    /// Whether the matrix documents a port of a protocol.
    pub is_documented: &'a dyn Fn(u8, u16) -> bool,
    /// The range from which clients take their ports.
    pub ephemeral: PortRange,
}

/// All counts, by conversation.
///
/// Bounded: it keeps at most as many conversations as [`Self::new`] was given, and at most a quarter of that without proof
/// of an exchange, because any sender can forge those by the million. What exceeds a bound is counted by port only, as in
/// the kernel half.
#[derive(Clone, Debug)]
pub struct Ledger {
    conversations: Conversations,
    most: usize,
    n_unproven: usize,
    /// Addresses of this host: packets counted by port only are egress if they are from one of them.
    own: BTreeSet<[u8; 16]>,
    lost: BTreeMap<Lost, Tally>,
}

impl Default for Ledger {
    /// Without a bound, for input that is finite by itself, such as captures.
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Ledger {
    /// A ledger that keeps at most `most` conversations.
    pub fn new(most: usize) -> Self {
        Self {
            conversations: Conversations::default(),
            most,
            n_unproven: 0,
            own: BTreeSet::new(),
            lost: BTreeMap::new(),
        }
    }

    /// Says which addresses are this host's.
    pub fn own(&mut self, addresses: &BTreeSet<IpAddr>) {
        self.own = addresses
            .iter()
            .map(|one| address::to_bytes(*one))
            .collect();
    }

    /// Adds a conversation that a drain found.
    pub fn add(&mut self, key: &ConversationKey, more: &ConversationRecord) {
        let mut change = 0;
        let is_known = self.conversations.change(key, |known| {
            let was_unproven = proves_nothing(known);
            merge(known, more);
            change = usize::from(was_unproven && !proves_nothing(known));
        });
        self.n_unproven -= change;
        if is_known {
            return;
        }
        let is_unproven = proves_nothing(more);
        let is_full = self.most <= self.conversations.len()
            || is_unproven && self.most / UNPROVEN_SHARE <= self.n_unproven;
        if is_full {
            self.count_by_port(key, more);
            return;
        }
        self.conversations.insert(key, more);
        self.n_unproven += usize::from(is_unproven);
    }

    /// What exceeded a bound, by port.
    pub const fn lost(&self) -> &BTreeMap<Lost, Tally> {
        &self.lost
    }

    /// Counts by port a conversation that exceeds a bound and can't be kept by its addresses.
    fn count_by_port(&mut self, key: &ConversationKey, record: &ConversationRecord) {
        let ports = PackedPorts(key.ports);
        let port = if ports.is_server_known() {
            ports.second()
        } else {
            ports.first().min(ports.second())
        };
        for ((sender, packets), bytes) in key.addresses.iter().zip(record.packets).zip(record.bytes)
        {
            if packets == 0 {
                continue;
            }
            let tally = self.lost.entry(Lost {
                direction: if self.own.contains(sender) {
                    Direction::Egress
                } else {
                    Direction::Ingress
                },
                protocol: ports.protocol(),
                port,
            });
            let tally = tally.or_default();
            tally.packets += packets;
            tally.bytes += bytes;
        }
    }

    /// Decides the server of conversations whose last packet was before the epoch `before` and whose server was not certain,
    /// and merges those of a client with a service into one entry.
    pub fn decide_servers(&mut self, before: u64, known: &KnownPorts<'_>) {
        let certain = self.certain();
        let over = self
            .conversations
            .take(|key, record| !PackedPorts(key.ports).is_server_known() && record.last < before);
        for (key, record) in over {
            self.n_unproven -= usize::from(proves_nothing(&record));
            let (client, evidence) = match opened_by(&record) {
                Some(client) => (client, Evidence::Handshake),
                None => decide(&key, &record, &certain, known),
            };
            let flow = flow_key(&key, client);
            let settled = ConversationKey {
                addresses: [flow.client, flow.server],
                ports: PackedPorts::new(KeptPorts::Server, flow.protocol, 0, flow.port).0,
                ..key
            };
            self.add(&settled, &with_client_first(&record, client, evidence));
        }
    }

    /// Removes and returns the flows without a packet since the epoch `before`, so that the ledger of an endless session
    /// does not fill up. The caller has to keep them.
    pub fn retire(
        &mut self,
        before: u64,
        known: &KnownPorts<'_>,
    ) -> Vec<(FlowKey, ConversationRecord)> {
        self.decide_servers(before, known);
        let over = self
            .conversations
            .take(|key, record| PackedPorts(key.ports).is_server_known() && record.last < before);
        let mut retired = Vec::with_capacity(over.len());
        for (key, record) in over {
            self.n_unproven -= usize::from(proves_nothing(&record));
            // A record without packets counts only ICMP errors about packets that were never seen, so it is dropped.
            if record.packets != [0; 2] {
                retired.push((flow_key(&key, Client::First), record));
            }
        }
        retired
    }

    /// The flow keys whose server is certain: by evidence no weaker than `Evidence::Opened`, or by an opening that was seen.
    fn certain(&self) -> HashSet<FlowKey> {
        let mut certain = HashSet::new();
        for (key, record) in self.conversations.iter() {
            if PackedPorts(key.ports).is_server_known() {
                let is_guess = Evidence::from_number(record.evidence)
                    .is_some_and(|evidence| Evidence::Opened < evidence);
                if record.packets != [0; 2] && !is_guess {
                    certain.insert(flow_key(&key, Client::First));
                }
            } else if let Some(client) = opened_by(&record) {
                certain.insert(flow_key(&key, client));
            }
        }
        certain
    }

    pub const fn len(&self) -> usize {
        self.conversations.len()
    }

    pub fn is_empty(&self) -> bool {
        self.conversations.len() == 0
    }

    /// Every flow, sorted by key; the first value of each pair in a record is the client's.
    ///
    /// The server of a conversation where it was not certain is decided here, by all that is known by now, so that packets
    /// from before the evidence are counted for the right side too.
    pub fn flows(&self, known: &KnownPorts<'_>) -> Vec<(FlowKey, ConversationRecord)> {
        let mut flows: BTreeMap<FlowKey, ConversationRecord> = BTreeMap::new();
        let mut count = |flow: FlowKey, record: &ConversationRecord| {
            flows
                .entry(flow)
                .and_modify(|known| merge(known, record))
                .or_insert(*record);
        };
        let certain = self.certain();
        for (key, record) in self.conversations.iter() {
            if PackedPorts(key.ports).is_server_known() {
                count(flow_key(&key, Client::First), &record);
                continue;
            }
            let (client, evidence) = match opened_by(&record) {
                Some(client) => (client, Evidence::Handshake),
                None => decide(&key, &record, &certain, known),
            };
            count(
                flow_key(&key, client),
                &with_client_first(&record, client, evidence),
            );
        }
        // A record without packets counts only ICMP errors about packets that were never seen, so it is dropped.
        flows
            .into_iter()
            .filter(|(_, record)| record.packets != [0; 2])
            .collect()
    }
}

/// At most one in this many kept conversations may be without proof of an exchange (`proves_nothing`).
const UNPROVEN_SHARE: usize = 4;

/// Whether any sender could have forged the conversation: one side never sent anything but resets, or both sides only sent
/// the opening.
fn proves_nothing(record: &ConversationRecord) -> bool {
    let n_sent = |side: usize| {
        let of = |pair: &[u64; 2]| pair.get(side).copied().unwrap_or_default();
        of(&record.packets).saturating_sub(of(&record.resets))
    };
    let (first, second) = (n_sent(0), n_sent(1));
    first == 0 || second == 0 || first + second <= record.requests + record.replies
}

/// Which of a conversation's two addresses is the client's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Client {
    First,
    Second,
}

fn flow_key(key: &ConversationKey, client: Client) -> FlowKey {
    let ports = PackedPorts(key.ports);
    let [first, second] = key.addresses;
    let (client, server, port) = match client {
        Client::First => (first, second, ports.second()),
        Client::Second => (second, first, ports.first()),
    };
    FlowKey {
        client,
        server,
        protocol: ports.protocol(),
        port,
        interface: key.interface,
    }
}

/// The record with the client's address first.
fn with_client_first(
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
            bytes: swap(record.bytes),
            resets: swap(record.resets),
            flags: record.flags >> 8 & 0xff | (record.flags & 0xff) << 8,
            evidence,
            ..*record
        },
    }
}

/// The client, if the opening was seen. Where both sides sent a request, the side that sent first.
fn opened_by(record: &ConversationRecord) -> Option<Client> {
    let has = |bits: u8| record.opening & u64::from(bits) != 0;
    match (
        has(opening::REQUEST_FROM_FIRST),
        has(opening::REQUEST_FROM_SECOND),
    ) {
        (true, false) => return Some(Client::First),
        (false, true) => return Some(Client::Second),
        (true, true) => return Some(first_sender(record)),
        (false, false) => {}
    }
    match (
        has(opening::REPLY_FROM_FIRST),
        has(opening::REPLY_FROM_SECOND),
    ) {
        (true, false) => Some(Client::Second),
        (false, true) => Some(Client::First),
        (true, true) | (false, false) => None,
    }
}

const fn first_sender(record: &ConversationRecord) -> Client {
    if record.opening & opening::STARTED_BY_SECOND as u64 == 0 {
        Client::First
    } else {
        Client::Second
    }
}

fn decide(
    key: &ConversationKey,
    record: &ConversationRecord,
    certain: &HashSet<FlowKey>,
    known: &KnownPorts<'_>,
) -> (Client, Evidence) {
    let number = PackedPorts(key.ports).protocol();
    let (first, second) = (
        PackedPorts(key.ports).first(),
        PackedPorts(key.ports).second(),
    );
    // The server is the side whose port passes a test that the other side's port does not.
    let server = |is_known: &dyn Fn(Client) -> bool| match (
        is_known(Client::First),
        is_known(Client::Second),
    ) {
        (true, false) => Some(Client::Second),
        (false, true) => Some(Client::First),
        (true, true) | (false, false) => None,
    };
    let port = |side| match side {
        Client::First => first,
        Client::Second => second,
    };
    if !has_ports(number) || first == 0 && second == 0 {
        return (first_sender(record), Evidence::FirstSender);
    }
    let is_server_of_certain = |side| {
        let client = match side {
            Client::First => Client::Second,
            Client::Second => Client::First,
        };
        certain.contains(&flow_key(key, client))
    };
    if let Some(client) = server(&is_server_of_certain) {
        return (client, Evidence::Opened);
    }
    if let Some(client) = server(&|side| (known.is_documented)(number, port(side))) {
        return (client, Evidence::Documented);
    }
    if let Some(client) = server(&|side| !known.ephemeral.contains(port(side))) {
        return (client, Evidence::Ephemeral);
    }
    // A TCP or SCTP conversation whose opening was not seen began before the watch, so the sender of its first packet here
    // says nothing. For datagrams, the first sender is the best guess for the client.
    if matches!(number, protocol::TCP | protocol::SCTP) && first != second {
        let client = if first < second {
            Client::Second
        } else {
            Client::First
        };
        return (client, Evidence::LowerPort);
    }
    (first_sender(record), Evidence::FirstSender)
}

/// Adds the counts of another record of the same conversation.
fn merge(known: &mut ConversationRecord, more: &ConversationRecord) {
    let both = [
        (&mut known.packets, &more.packets),
        (&mut known.bytes, &more.bytes),
        (&mut known.resets, &more.resets),
    ];
    for (sums, amounts) in both {
        for (sum, amount) in sums.iter_mut().zip(amounts) {
            *sum += amount;
        }
    }
    known.requests += more.requests;
    known.replies += more.replies;
    known.refusals += more.refusals;
    known.flags |= more.flags;
    let began = if more.first < known.first {
        more.opening
    } else {
        known.opening
    };
    let began_second = u64::from(opening::STARTED_BY_SECOND);
    known.opening = (known.opening | more.opening) & !began_second | began & began_second;
    known.first = known.first.min(more.first);
    known.last = known.last.max(more.last);
    // Keep the strongest evidence, which has the lowest number; a record of ICMP errors alone has none (0).
    known.evidence = match (known.evidence, more.evidence) {
        (0, evidence) | (evidence, 0) => evidence,
        (one, other) => one.min(other),
    };
}

#[cfg(test)]
mod tests;
