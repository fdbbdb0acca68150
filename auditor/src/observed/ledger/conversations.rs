//! Conversations by their key, packed: a host may have a million of them.

mod chunks;
mod packed;

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
};

use auditor_common::{ConversationKey, ConversationRecord};
use hashbrown::HashTable;

use chunks::Chunks;
use packed::{Address, PackedConversation};

/// A map from keys to records with little memory beyond its entries.
#[derive(Clone, Debug, Default)]
pub(super) struct Conversations {
    ipv4: Arena<[u8; 4]>,
    ipv6: Arena<[u8; 16]>,
    hasher: RandomState,
}

/// The conversations whose addresses have the length of `A`.
#[derive(Clone, Debug)]
struct Arena<A> {
    entries: Chunks<PackedConversation<A>>,
    /// Positions of the entries, by the hash of their key.
    index: HashTable<u32>,
    /// Records whose counts are too large for their entry, by position.
    oversized: HashMap<u32, ConversationRecord>,
}

impl Conversations {
    pub(super) const fn len(&self) -> usize {
        self.ipv4.entries.len() + self.ipv6.entries.len()
    }

    /// Changes the record of a key; false if there is none.
    pub(super) fn change(
        &mut self,
        key: &ConversationKey,
        change: impl FnOnce(&mut ConversationRecord),
    ) -> bool {
        let hash = self.hasher.hash_one(key);
        match <[u8; 4]>::all(key.addresses) {
            Some(addresses) => self.ipv4.change(hash, addresses, key, change),
            None => self.ipv6.change(hash, key.addresses, key, change),
        }
    }

    /// The record of a key.
    pub(super) fn get(&self, key: &ConversationKey) -> Option<ConversationRecord> {
        let hash = self.hasher.hash_one(key);
        match <[u8; 4]>::all(key.addresses) {
            Some(addresses) => self.ipv4.get(hash, addresses, key),
            None => self.ipv6.get(hash, key.addresses, key),
        }
    }

    /// Removes a key.
    pub(super) fn remove(&mut self, key: &ConversationKey) {
        match <[u8; 4]>::all(key.addresses) {
            Some(addresses) => self.ipv4.remove(&self.hasher, addresses, key),
            None => self.ipv6.remove(&self.hasher, key.addresses, key),
        }
    }

    /// Adds a key, which must not be in the map yet.
    pub(super) fn insert(&mut self, key: &ConversationKey, record: &ConversationRecord) {
        match <[u8; 4]>::all(key.addresses) {
            Some(addresses) => self.ipv4.insert(&self.hasher, addresses, key, record),
            None => self.ipv6.insert(&self.hasher, key.addresses, key, record),
        }
    }

    /// All entries, IPv4 and then IPv6.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ConversationKey, ConversationRecord)> {
        self.ipv4.iter().chain(self.ipv6.iter())
    }

    /// Removes and returns the entries for which `takes` is true.
    pub(super) fn take(
        &mut self,
        mut takes: impl FnMut(&ConversationKey, &ConversationRecord) -> bool,
    ) -> Vec<(ConversationKey, ConversationRecord)> {
        let mut taken = self.ipv4.take(&self.hasher, &mut takes);
        taken.extend(self.ipv6.take(&self.hasher, &mut takes));
        taken
    }
}

impl<A: Address> Arena<A> {
    fn change(
        &mut self,
        hash: u64,
        addresses: [A; 2],
        key: &ConversationKey,
        change: impl FnOnce(&mut ConversationRecord),
    ) -> bool {
        let Self {
            entries,
            index,
            oversized,
        } = self;
        let is_same = |position: &u32| {
            entries
                .get(*position as usize)
                .is_some_and(|entry| entry.is(addresses, key))
        };
        let Some(position) = index.find(hash, is_same).copied() else {
            return false;
        };
        if let Some(entry) = entries.get_mut(position as usize) {
            let mut record = full_record(entry, position, oversized);
            change(&mut record);
            if !entry.set(&record) {
                oversized.insert(position, record);
            }
        }
        true
    }

    /// The position of a key.
    fn position(&self, hash: u64, addresses: [A; 2], key: &ConversationKey) -> Option<u32> {
        let is_same = |position: &u32| {
            let entry = self.entries.get(*position as usize);
            entry.is_some_and(|entry| entry.is(addresses, key))
        };
        self.index.find(hash, is_same).copied()
    }

    fn get(
        &self,
        hash: u64,
        addresses: [A; 2],
        key: &ConversationKey,
    ) -> Option<ConversationRecord> {
        let position = self.position(hash, addresses, key)?;
        let entry = self.entries.get(position as usize)?;
        Some(full_record(entry, position, &self.oversized))
    }

    /// The last entry takes the removed one's position.
    fn remove(&mut self, hasher: &RandomState, addresses: [A; 2], key: &ConversationKey) {
        let hash = hasher.hash_one(key);
        let Some(position) = self.position(hash, addresses, key) else {
            return;
        };
        if let Ok(entry) = self.index.find_entry(hash, |one| *one == position) {
            entry.remove();
        }
        self.oversized.remove(&position);
        let Some(last) = self.entries.pop() else {
            return;
        };
        let was_at = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        if was_at == position {
            return;
        }
        if let Some(slot) = self.entries.get_mut(position as usize) {
            *slot = last;
        }
        let hash = hasher.hash_one(last.key());
        if let Some(moved) = self.index.find_mut(hash, |one| *one == was_at) {
            *moved = position;
        }
        if let Some(record) = self.oversized.remove(&was_at) {
            self.oversized.insert(position, record);
        }
    }

    fn insert(
        &mut self,
        hasher: &RandomState,
        addresses: [A; 2],
        key: &ConversationKey,
        record: &ConversationRecord,
    ) {
        let position = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let mut entry = PackedConversation::new(addresses, key);
        if !entry.set(record) {
            self.oversized.insert(position, *record);
        }
        self.entries.push(entry);
        self.add_to_index(hasher, position, hasher.hash_one(key));
    }

    /// Adds the entry at a position to the index.
    fn add_to_index(&mut self, hasher: &RandomState, position: u32, hash: u64) {
        let Self { entries, index, .. } = self;
        index.insert_unique(hash, position, |position| {
            entries
                .get(*position as usize)
                .map_or(0, |entry| hasher.hash_one(entry.key()))
        });
    }

    fn iter(&self) -> impl Iterator<Item = (ConversationKey, ConversationRecord)> {
        self.entries
            .iter()
            .zip(0..)
            .map(|(entry, position)| (entry.key(), full_record(entry, position, &self.oversized)))
    }

    /// The remaining entries are compacted in place, since memory may not suffice for a second copy.
    fn take(
        &mut self,
        hasher: &RandomState,
        takes: &mut impl FnMut(&ConversationKey, &ConversationRecord) -> bool,
    ) -> Vec<(ConversationKey, ConversationRecord)> {
        let mut taken = Vec::new();
        let mut position = 0;
        let (mut kept, mut oversized) = (0, HashMap::new());
        self.entries.retain(|entry| {
            let (key, record) = (entry.key(), full_record(entry, position, &self.oversized));
            position += 1;
            let is_taken = takes(&key, &record);
            if is_taken {
                taken.push((key, record));
            } else {
                if entry.is_oversized() {
                    oversized.insert(kept, record);
                }
                kept += 1;
            }
            !is_taken
        });
        if !taken.is_empty() {
            self.oversized = oversized;
            self.index.clear();
            for position in 0..kept {
                if let Some(entry) = self.entries.get(position as usize) {
                    self.add_to_index(hasher, position, hasher.hash_one(entry.key()));
                }
            }
        }
        taken
    }
}

/// The record of the entry at a position.
fn full_record<A: Address>(
    entry: &PackedConversation<A>,
    position: u32,
    oversized: &HashMap<u32, ConversationRecord>,
) -> ConversationRecord {
    if entry.is_oversized() {
        oversized.get(&position).copied().unwrap_or_default()
    } else {
        entry.record()
    }
}

impl<A> Default for Arena<A> {
    fn default() -> Self {
        Self {
            entries: Chunks::default(),
            index: HashTable::new(),
            oversized: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use auditor_common::{ConversationKey, ConversationRecord, packet::mapped};
    use proptest::prelude::*;

    use super::Conversations;

    /// A few conversations with IPv4 and IPv6 addresses.
    fn keys() -> impl Strategy<Value = ConversationKey> {
        (0_u8..6, any::<bool>(), 0_u32..2).prop_map(|(peer, is_ipv4, interface)| ConversationKey {
            addresses: if is_ipv4 {
                [mapped([10, 0, 0, peer]), mapped([10, 0, 0, 9])]
            } else {
                [[peer; 16], [9; 16]]
            },
            ports: 7,
            interface,
        })
    }

    /// Small numbers, and numbers too large for the fields of a packed entry.
    fn number() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..9, 250_u64..260, 65_530_u64..65_540, Just(1 << 33)]
    }

    fn records() -> impl Strategy<Value = ConversationRecord> {
        let pair = || [number(), number()];
        (
            (
                pair(),
                prop_oneof![9 => Just([0; 2]), 1 => pair()],
                pair(),
                pair(),
            ),
            (number(), number(), number()),
            (0_u64..9, 9_u64..99),
            (0_u64..16, 0_u64..5, 0_u64..65_536),
        )
            .prop_map(
                |(
                    (packets, fragments, bytes, resets),
                    (requests, replies, refusals),
                    (first, last),
                    (opening, evidence, flags),
                )| ConversationRecord {
                    packets,
                    fragments,
                    bytes,
                    resets,
                    requests,
                    replies,
                    refusals,
                    flags,
                    opening,
                    first,
                    last,
                    evidence,
                    began: 0,
                },
            )
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(ConversationKey, ConversationRecord),
        Remove(ConversationKey),
        TakeBefore(u64),
    }

    fn steps() -> impl Strategy<Value = Step> {
        prop_oneof![
            9 => (keys(), records()).prop_map(|(key, record)| Step::Put(key, record)),
            3 => keys().prop_map(Step::Remove),
            1 => (0_u64..99).prop_map(Step::TakeBefore),
        ]
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec(steps(), 0..60)) {
            let name = |key: &ConversationKey| format!("{key:?}");
            let mut conversations = Conversations::default();
            let mut model: BTreeMap<String, ConversationRecord> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Put(key, record) => {
                        let is_known = conversations.change(&key, |known| *known = record);
                        prop_assert_eq!(is_known, model.contains_key(&name(&key)));
                        if !is_known {
                            conversations.insert(&key, &record);
                        }
                        model.insert(name(&key), record);
                    }
                    Step::Remove(key) => {
                        prop_assert_eq!(conversations.get(&key), model.remove(&name(&key)));
                        conversations.remove(&key);
                        prop_assert_eq!(conversations.get(&key), None);
                    }
                    Step::TakeBefore(epoch) => {
                        let taken = conversations.take(|_, record| record.last < epoch);
                        for (key, record) in taken {
                            prop_assert!(record.last < epoch);
                            prop_assert_eq!(model.remove(&name(&key)), Some(record));
                        }
                        prop_assert!(model.values().all(|record| epoch <= record.last));
                    }
                }
            }
            prop_assert_eq!(conversations.len(), model.len());
            let all: BTreeMap<_, _> = conversations.iter().map(|(key, record)| (name(&key), record)).collect();
            prop_assert_eq!(all, model);
        }
    }
}
