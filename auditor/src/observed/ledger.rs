//! Conversations merged over drains, and each turned into a flow: who is the client, who the server.

use std::collections::{BTreeMap, HashMap, HashSet, hash_map::Entry};

use auditor_common::{
    Evidence, Ports, SharedKey, SharedRecord, flow::opening, port::protocol, side::has_ports,
};

use crate::port::PortRange;

/// What a flow is known by.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Ends {
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

/// What is known of ports where no conversation tells.
pub struct KnownPorts<'a> {
    /// Whether the matrix documents a port of a protocol.
    pub is_documented: &'a dyn Fn(u8, u16) -> bool,
    /// The range from which clients take their ports.
    pub ephemeral: PortRange,
}

/// Everything that was counted, by conversation.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    talks: HashMap<SharedKey, SharedRecord>,
}

impl Ledger {
    /// Adds what a drain found.
    pub fn add(&mut self, drained: impl IntoIterator<Item = (SharedKey, SharedRecord)>) {
        for (key, more) in drained {
            match self.talks.entry(key) {
                Entry::Occupied(mut known) => merge(known.get_mut(), &more),
                Entry::Vacant(free) => {
                    free.insert(more);
                }
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.talks.is_empty()
    }

    /// Every flow, in order; the first end of a record is the client.
    ///
    /// A conversation whose sides were not certain is decided here, by all that is known by now, so that what came before
    /// the evidence is counted with the right end too.
    pub fn flows(&self, known: &KnownPorts<'_>) -> Vec<(Ends, SharedRecord)> {
        let mut flows: BTreeMap<Ends, SharedRecord> = BTreeMap::new();
        let mut count = |ends: Ends, record: &SharedRecord| {
            flows
                .entry(ends)
                .and_modify(|known| merge(known, record))
                .or_insert(*record);
        };
        let mut undecided = Vec::new();
        let mut certain: HashSet<Ends> = HashSet::new();
        for (key, record) in self.sorted() {
            let ports = Ports(key.ports);
            if ports.is_sided() {
                let ends = ends(key, Client::First);
                if record.packets != [0; 2] {
                    certain.insert(ends);
                }
                count(ends, record);
            } else if let Some(client) = opened_by(record) {
                let ends = ends(key, client);
                certain.insert(ends);
                count(ends, &turned(record, client, Evidence::Handshake));
            } else {
                undecided.push((key, record));
            }
        }
        for (key, record) in undecided {
            let (client, evidence) = decide(key, record, &certain, known);
            count(ends(key, client), &turned(record, client, evidence));
        }
        // An error about packets that were never seen is about nothing.
        flows
            .into_iter()
            .filter(|(_, record)| record.packets != [0; 2])
            .collect()
    }

    #[expect(clippy::disallowed_methods, reason = "sorted right away")]
    fn sorted(&self) -> Vec<(&SharedKey, &SharedRecord)> {
        let mut talks: Vec<_> = self.talks.iter().collect();
        talks.sort_unstable_by_key(|(key, _)| **key);
        talks
    }
}

/// Which end of a conversation is the client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Client {
    First,
    Second,
}

fn ends(key: &SharedKey, client: Client) -> Ends {
    let ports = Ports(key.ports);
    let [first, second] = key.ends;
    let (client, server, port) = match client {
        Client::First => (first, second, ports.second()),
        Client::Second => (second, first, ports.first()),
    };
    Ends {
        client,
        server,
        protocol: ports.protocol(),
        port,
        interface: key.interface,
    }
}

/// The record with the client as its first end.
fn turned(record: &SharedRecord, client: Client, evidence: Evidence) -> SharedRecord {
    let evidence = evidence as u64;
    let swap = |[first, second]: [u64; 2]| [second, first];
    match client {
        Client::First => SharedRecord {
            evidence,
            ..*record
        },
        Client::Second => SharedRecord {
            packets: swap(record.packets),
            bytes: swap(record.bytes),
            resets: swap(record.resets),
            flags: record.flags >> 8 & 0xff | (record.flags & 0xff) << 8,
            evidence,
            ..*record
        },
    }
}

/// Who opened the conversation, if that was seen. Where both ends asked, the one that did so first.
fn opened_by(record: &SharedRecord) -> Option<Client> {
    let has = |bits: u8| record.opening & u64::from(bits) != 0;
    match (has(opening::ASKED_FIRST), has(opening::ASKED_SECOND)) {
        (true, false) => return Some(Client::First),
        (false, true) => return Some(Client::Second),
        (true, true) => return Some(first_sender(record)),
        (false, false) => {}
    }
    match (has(opening::ANSWERED_FIRST), has(opening::ANSWERED_SECOND)) {
        (true, false) => Some(Client::Second),
        (false, true) => Some(Client::First),
        (true, true) | (false, false) => None,
    }
}

const fn first_sender(record: &SharedRecord) -> Client {
    if record.opening & opening::BEGAN_SECOND as u64 == 0 {
        Client::First
    } else {
        Client::Second
    }
}

fn decide(
    key: &SharedKey,
    record: &SharedRecord,
    certain: &HashSet<Ends>,
    known: &KnownPorts<'_>,
) -> (Client, Evidence) {
    let number = Ports(key.ports).protocol();
    let (first, second) = (Ports(key.ports).first(), Ports(key.ports).second());
    // Which end's port tells something that the other's does not: that end is the server.
    let server =
        |tells: &dyn Fn(Client) -> bool| match (tells(Client::First), tells(Client::Second)) {
            (true, false) => Some(Client::Second),
            (false, true) => Some(Client::First),
            (true, true) | (false, false) => None,
        };
    let port = |end| match end {
        Client::First => first,
        Client::Second => second,
    };
    if !has_ports(number) || first == 0 && second == 0 {
        return (first_sender(record), Evidence::FirstSender);
    }
    let is_server_of_certain = |end| {
        let client = match end {
            Client::First => Client::Second,
            Client::Second => Client::First,
        };
        certain.contains(&ends(key, client))
    };
    if let Some(client) = server(&is_server_of_certain) {
        return (client, Evidence::Opened);
    }
    if let Some(client) = server(&|end| (known.is_documented)(number, port(end))) {
        return (client, Evidence::Documented);
    }
    if let Some(client) = server(&|end| !known.ephemeral.contains(port(end))) {
        return (client, Evidence::Ephemeral);
    }
    // A TCP or SCTP conversation whose opening was not seen began before we looked, so its first packet here says
    // nothing; a datagram's sender has begun as far as anyone can know.
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

/// Adds what was counted later.
fn merge(known: &mut SharedRecord, more: &SharedRecord) {
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
    let began_second = u64::from(opening::BEGAN_SECOND);
    known.opening = (known.opening | more.opening) & !began_second | began & began_second;
    known.first = known.first.min(more.first);
    known.last = known.last.max(more.last);
    // The strongest, which has the lowest number; a refusal has none.
    known.evidence = match (known.evidence, more.evidence) {
        (0, evidence) | (evidence, 0) => evidence,
        (one, other) => one.min(other),
    };
}

#[cfg(test)]
mod tests;
