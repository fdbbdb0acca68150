//! Merges conversations over drains and turns each into a flow, by deciding which side is the client and which the server.

mod conversations;
mod displaced;
mod errors;
mod flows;
mod leaving;
mod own;
mod proof;
mod room;
mod sides;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, hash_map::Entry},
    net::IpAddr,
    sync::Arc,
};

use auditor_common::{
    ConversationKey, ConversationRecord, Direction, Evidence, KeptPorts, PackedPorts, Reason,
    Tally,
    flow::opening,
    lost::Lost,
    port::protocol,
    side::{EPHEMERAL_FROM, FTP_DATA},
};

use self::{
    conversations::Conversations,
    displaced::Displaced,
    errors::Errors,
    flows::FlowMap,
    leaving::Leaving,
    own::Own,
    proof::{Proof, asked},
    room::{Removed, Room},
    sides::{Client, Index, MAY_ANSWER, decide, here},
};

use super::{Invited, LocalNetworks, Unproven};
use crate::address;

pub use flows::{FlowKey, FlowRecord};
pub use own::Passes;
pub use sides::{Knowledge, RememberedSides, Sides};

/// What a ledger counted, as flows.
#[derive(Clone, Debug, Default)]
pub struct LedgerFlows {
    /// Sorted by key; the first value of each pair in a record is the client's.
    pub flows: Vec<(FlowKey, FlowRecord)>,
    /// Packets that are no traffic of this host's, by reason.
    pub set_aside: BTreeMap<Reason, Tally>,
}

/// All counts, by conversation.
///
/// Bounded: it keeps at most as many conversations as [`Self::new`] was given, and of those that rest on others' word only a
/// part. The newest are kept, and what proves least goes first; what went is counted by port, and by sender where it proved
/// nothing.
#[derive(Clone, Debug)]
pub struct Ledger {
    conversations: Conversations,
    room: Room,
    own: Own,
    /// When the conversations began whose sides are not certain, as far as this drain knows.
    began: HashMap<ConversationKey, u64>,
    errors: Errors,
    displaced: Displaced,
    leaving: Leaving,
    lost: BTreeMap<Lost, Tally>,
    unproven: Unproven,
    /// Packets of flows that were retired, and are no traffic of this host's.
    set_aside: BTreeMap<Reason, Tally>,
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
            room: Room::new(most),
            own: Own::default(),
            began: HashMap::new(),
            errors: Errors::default(),
            displaced: Displaced::default(),
            leaving: Leaving::default(),
            lost: BTreeMap::new(),
            unproven: Unproven::default(),
            set_aside: BTreeMap::new(),
        }
    }

    /// Sets the addresses of this host, those by which all hosts of its networks are asked, what else it takes packets for, and
    /// what it passes on.
    pub fn own(
        &mut self,
        addresses: &BTreeSet<IpAddr>,
        broadcasts: &BTreeSet<IpAddr>,
        local: &LocalNetworks,
        passes: Passes,
    ) {
        let invited = self.own.invited.take();
        self.own = Own::new(addresses, broadcasts, local, passes);
        self.own.invited = invited;
    }

    /// Sets what rules let others ask of this host: that makes room later than what nobody asked for.
    pub fn invite(&mut self, invited: Invited) {
        if self.own.invited.as_deref() == Some(&invited) {
            return;
        }
        if let Some(before) = &self.own.invited {
            self.unproven.invite(before, &invited);
        }
        self.own.invited = Some(Arc::new(invited));
        self.room.sort_anew(&self.conversations, &self.own);
    }

    /// Adds a conversation, or more of it.
    pub fn add(&mut self, key: &ConversationKey, more: &ConversationRecord) {
        for one in self.place(key, more) {
            self.count_removed(&one);
        }
    }

    /// Adds a conversation that a drain found, or what one CPU counted of it. What makes room waits until [`Self::end_drain`] for
    /// what others counted of it: a question and its answer are one conversation, wherever they were counted.
    pub fn add_drained(&mut self, key: &ConversationKey, more: &ConversationRecord) {
        for one in self.place(key, more) {
            if let Some(one) = self.leaving.hold(one) {
                self.count_removed(&one);
            }
        }
    }

    /// Finds a place for a conversation, or for more of it. Returns what has none any more, or found none.
    fn place(&mut self, key: &ConversationKey, more: &ConversationRecord) -> Vec<Removed> {
        let (is_fragments, ports) = PackedPorts(key.ports).take_mere_fragments();
        if is_fragments {
            let whole = ConversationKey {
                ports: ports.0,
                ..*key
            };
            let fragments = ConversationRecord {
                fragments: more.packets,
                ..*more
            };
            return self.place(&whole, &fragments);
        }
        // Where frames for others are passed on, those are of the conversation whose other half leaves.
        let plain = ConversationKey {
            ports: PackedPorts(key.ports).to_whoever().0,
            ..*key
        };
        let key = if self.own.bridges(key.interface) {
            &plain
        } else {
            key
        };
        self.errors.see(key, more);
        let is_earlier = self.is_earlier(key, more);
        if self.change(key, |known| merge_in_order(known, more, is_earlier)) {
            return Vec::new();
        }
        let mut more = match self.leaving.take(key) {
            Some(mut known) => {
                merge_in_order(&mut known, more, is_earlier);
                known
            }
            None => *more,
        };
        if self.displaced.may_be_answer(key, &more) {
            more.opening |= MAY_ANSWER;
        }
        let own = &self.own;
        let proof = Proof::of(key, &more, own);
        let (mut removed, has_room) = self.room.make(&mut self.conversations, own, proof);
        if has_room {
            self.conversations.insert(key, &more);
            self.room.enter(key, &self.own, more.last, proof);
        } else {
            removed.push(Removed {
                key: *key,
                record: more,
                proof,
            });
        }
        for one in &removed {
            self.displaced.note(&one.key, &one.record);
        }
        removed
    }

    /// Changes the record of a conversation, which may prove more then, or less; false if there is none.
    fn change(
        &mut self,
        key: &ConversationKey,
        change: impl FnOnce(&mut ConversationRecord),
    ) -> bool {
        let own = &self.own;
        let mut proofs = None;
        let is_known = self.conversations.change(key, |known| {
            let before = Proof::of(key, known, own);
            change(known);
            proofs = Some((before, Proof::of(key, known, own), known.last));
        });
        if let Some((before, now, last)) = proofs.filter(|(before, now, _)| before != now) {
            self.room.leave(key, own, before);
            self.room.enter(key, own, last, now);
        }
        is_known
    }

    /// Whether this record of a conversation began before all others of this drain, which other CPUs may have counted.
    fn is_earlier(&mut self, key: &ConversationKey, more: &ConversationRecord) -> bool {
        if more.began == 0 || PackedPorts(key.ports).is_server_known() {
            return false;
        }
        match self.began.entry(*key) {
            Entry::Vacant(entry) => {
                entry.insert(more.began);
                false
            }
            Entry::Occupied(mut entry) => {
                let is_earlier = more.began < *entry.get();
                if is_earlier {
                    entry.insert(more.began);
                }
                is_earlier
            }
        }
    }

    /// Ends a drain: what comes later began later. `is_some_uncounted` is whether packets found no place since the last one.
    pub fn end_drain(&mut self, is_some_uncounted: bool) {
        self.began.clear();
        for one in self.leaving.end_drain() {
            self.count_removed(&one);
        }
        for key in self.displaced.end_drain(is_some_uncounted) {
            self.change(&key, |known| known.opening |= MAY_ANSWER);
        }
        let conversations = &mut self.conversations;
        let mut errors = std::mem::take(&mut self.errors);
        let believed = errors.end_drain(|key| {
            let mut has_packets = false;
            conversations.change(key, |known| has_packets = known.packets != [0; 2]);
            has_packets
        });
        self.errors = errors;
        for (key, error) in believed {
            // About nothing that is known, it says nothing.
            self.conversations
                .change(&key, |known| merge(known, &error));
        }
    }

    /// What exceeded a bound, by port.
    pub const fn lost(&self) -> &BTreeMap<Lost, Tally> {
        &self.lost
    }

    /// What is left of conversations that proved nothing and made room for others.
    pub const fn unproven(&self) -> &Unproven {
        &self.unproven
    }

    /// Counts by port what can't be kept by its addresses.
    fn count_removed(&mut self, Removed { key, record, proof }: &Removed) {
        let ports = PackedPorts(key.ports);
        let here = here(ports);
        let is_own = *proof == Proof::Own;
        let is_passed_on = *proof == Proof::Answer && !self.own.has(here.address(key));
        let port = if ports.is_server_known() || !is_own && !is_passed_on {
            asked(ports)
        } else {
            ports.first().min(ports.second())
        };
        let of_sides = key.addresses.iter().zip(record.packets).zip(record.bytes);
        let tallies =
            of_sides
                .filter(|((_, packets), _)| 0 < *packets)
                .map(|((sender, packets), bytes)| {
                    let what = Lost {
                        direction: if self.own.has(*sender) {
                            Direction::Egress
                        } else {
                            Direction::Ingress
                        },
                        protocol: ports.protocol(),
                        port,
                    };
                    (what, Tally { packets, bytes })
                });
        if is_own {
            for (what, tally) in tallies {
                *self.lost.entry(what).or_default() += tally;
            }
        } else {
            let sender = here.other().address(key);
            if *proof == Proof::Answer && !is_passed_on {
                let sent = tallies
                    .clone()
                    .filter(|(what, _)| what.direction == Direction::Egress);
                for (what, tally) in sent {
                    *self.unproven.answers.entry(what).or_default() += tally;
                }
            }
            let invited = self.own.invited.as_deref();
            self.unproven
                .add(address::from_bytes(sender), tallies, invited);
        }
    }

    /// Decides the server of conversations whose last packet was before the epoch `before` and whose server was not certain,
    /// and merges those of a client with a service into one entry.
    pub fn decide_servers(&mut self, before: u64, known: &Knowledge<'_>) {
        let index = self.index();
        let over = self.conversations.take(|key, record| {
            !PackedPorts(key.ports).is_server_known()
                && record.last < before
                && record.packets != [0; 2]
        });
        for (key, record) in over {
            let proof = Proof::of(&key, &record, &self.own);
            self.room.leave(&key, &self.own, proof);
            let decided = decide(&key, &record, &self.own, &index, known);
            let ports = PackedPorts(key.ports);
            // A client's port that is one of many says nothing any more.
            let client_port = decided.client.port(ports);
            let is_needed = decided.evidence != Evidence::Handshake
                || ports.protocol() == protocol::TCP && client_port == FTP_DATA;
            let kept = if client_port < EPHEMERAL_FROM && is_needed {
                client_port
            } else {
                0
            };
            let is_first = decided.client == Client::First;
            let settled = ConversationKey {
                addresses: [
                    decided.client.address(&key),
                    decided.client.other().address(&key),
                ],
                ports: PackedPorts::new(KeptPorts::Server, ports.protocol(), kept, decided.port)
                    .first_leaving(
                        ports.first_leaves() == is_first && !own::is_two_way(key.interface),
                    )
                    .to_other_host(ports.is_to_other_host())
                    .0,
                ..key
            };
            self.add(
                &settled,
                &flows::with_client_first(&record, decided.client, decided.evidence),
            );
        }
    }

    /// Removes and returns the flows without a packet since the epoch `before`, so that the ledger of an endless session
    /// does not fill up. The caller has to keep them.
    pub fn retire(&mut self, before: u64, known: &Knowledge<'_>) -> Vec<(FlowKey, FlowRecord)> {
        self.decide_servers(before, known);
        let index = self.index();
        let over = self.conversations.take(|_, record| record.last < before);
        let mut flows = FlowMap::default();
        for (key, record) in over {
            let proof = Proof::of(&key, &record, &self.own);
            self.room.leave(&key, &self.own, proof);
            // A record without packets counts only ICMP errors about packets that were never seen, so it is dropped.
            if record.packets != [0; 2] {
                flows.add_certain(&key, &record);
            }
        }
        let LedgerFlows { flows, set_aside } = flows.finish(&self.own, &index);
        for (reason, tally) in set_aside {
            *self.set_aside.entry(reason).or_default() += tally;
        }
        flows
    }

    /// Every flow, and what is no traffic of this host's.
    ///
    /// The server of a conversation where it was not certain is decided here, by all that is known by now, so that packets
    /// from before the evidence are counted for the right side too.
    pub fn flows(&self, known: &Knowledge<'_>) -> LedgerFlows {
        let index = self.index();
        let mut flows = FlowMap::default();
        for (key, record) in self.conversations.iter() {
            if PackedPorts(key.ports).is_server_known() {
                flows.add_certain(&key, &record);
            } else if record.packets != [0; 2] {
                let decided = decide(&key, &record, &self.own, &index, known);
                flows.add_decided(&key, &record, &decided);
            }
        }
        let mut all = flows.finish(&self.own, &index);
        for (reason, tally) in &self.set_aside {
            *all.set_aside.entry(*reason).or_default() += *tally;
        }
        all
    }

    /// What all conversations together say of each.
    fn index(&self) -> Index {
        let mut index = Index::default();
        for (key, record) in self.conversations.iter() {
            index.add(&key, &record, &self.own);
        }
        index
    }

    pub const fn len(&self) -> usize {
        self.conversations.len()
    }

    pub fn is_empty(&self) -> bool {
        self.conversations.len() == 0
    }
}

/// Adds the counts of another record of the same flow.
fn merge(known: &mut ConversationRecord, more: &ConversationRecord) {
    merge_in_order(known, more, false);
}

/// Adds the counts of another record of the same conversation. `is_earlier` decides which of them began, if both did within
/// the same epoch.
fn merge_in_order(known: &mut ConversationRecord, more: &ConversationRecord, is_earlier: bool) {
    let both = [
        (&mut known.packets, &more.packets),
        (&mut known.fragments, &more.fragments),
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
    let began = if more.first < known.first || more.first == known.first && is_earlier {
        more.opening
    } else {
        known.opening
    };
    let began_second = u64::from(opening::STARTED_BY_SECOND);
    known.opening = (known.opening | more.opening) & !began_second | began & began_second;
    known.first = known.first.min(more.first);
    known.last = known.last.max(more.last);
    // The strongest evidence is kept; a record of ICMP errors alone has none.
    let strongest = [known.evidence, more.evidence]
        .into_iter()
        .filter_map(Evidence::from_number)
        .min();
    known.evidence = strongest.map_or(0, |evidence| evidence as u64);
}

#[cfg(test)]
mod tests;
