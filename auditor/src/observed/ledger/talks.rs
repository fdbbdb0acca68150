//! Conversations by what they are known by, packed: two cache lines each, and a few bytes to find it.

use std::hash::{BuildHasher as _, RandomState};

use auditor_common::{SharedKey, SharedRecord};
use hashbrown::HashTable;

/// A map from keys to records that takes little more than what it holds: a host may have a million conversations.
#[derive(Clone, Debug, Default)]
pub(super) struct Talks {
    entries: Vec<Entry>,
    /// Places of the entries.
    places: HashTable<u32>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    ends: [[u8; 16]; 2],
    ports: u64,
    packets: [u64; 2],
    bytes: [u64; 2],
    resets: [u64; 2],
    requests: u64,
    replies: u64,
    refusals: u64,
    interface: u32,
    /// Epochs; 32 bits of them are years.
    first: u32,
    last: u32,
    flags: [u8; 2],
    opening: u8,
    evidence: u8,
}

const _: () = assert!(size_of::<Entry>() == 128);

impl Talks {
    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Changes the record of a key, if there is one.
    pub(super) fn change(
        &mut self,
        key: &SharedKey,
        change: impl FnOnce(&mut SharedRecord),
    ) -> bool {
        let Self {
            entries, places, ..
        } = self;
        let is_same = |place: &u32| {
            entries
                .get(*place as usize)
                .is_some_and(|entry| entry.key() == *key)
        };
        let Some(place) = places.find(self.hasher.hash_one(key), is_same).copied() else {
            return false;
        };
        if let Some(entry) = entries.get_mut(place as usize) {
            let mut record = entry.record();
            change(&mut record);
            *entry = Entry::new(key, &record);
        }
        true
    }

    /// Adds a key that is not there.
    pub(super) fn insert(&mut self, key: &SharedKey, record: &SharedRecord) {
        let place = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        self.entries.push(Entry::new(key, record));
        let Self {
            entries,
            places,
            hasher,
        } = self;
        places.insert_unique(hasher.hash_one(key), place, |place| {
            entries
                .get(*place as usize)
                .map_or(0, |entry| hasher.hash_one(entry.key()))
        });
    }

    /// In the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (SharedKey, SharedRecord)> {
        self.entries
            .iter()
            .map(|entry| (entry.key(), entry.record()))
    }

    /// Takes out what `takes` names.
    pub(super) fn take(
        &mut self,
        mut takes: impl FnMut(&SharedKey, &SharedRecord) -> bool,
    ) -> Vec<(SharedKey, SharedRecord)> {
        let mut taken = Vec::new();
        let mut kept = Self::default();
        for entry in std::mem::take(&mut self.entries) {
            let (key, record) = (entry.key(), entry.record());
            if takes(&key, &record) {
                taken.push((key, record));
            } else {
                kept.insert(&key, &record);
            }
        }
        *self = kept;
        taken
    }
}

impl Entry {
    fn new(key: &SharedKey, record: &SharedRecord) -> Self {
        let epoch = |epoch: u64| u32::try_from(epoch).unwrap_or(u32::MAX);
        let [first_flags, second_flags, ..] = record.flags.to_le_bytes();
        let [opening, ..] = record.opening.to_le_bytes();
        let [evidence, ..] = record.evidence.to_le_bytes();
        Self {
            ends: key.ends,
            ports: key.ports,
            packets: record.packets,
            bytes: record.bytes,
            resets: record.resets,
            requests: record.requests,
            replies: record.replies,
            refusals: record.refusals,
            interface: key.interface,
            first: epoch(record.first),
            last: epoch(record.last),
            flags: [first_flags, second_flags],
            opening,
            evidence,
        }
    }

    const fn key(&self) -> SharedKey {
        SharedKey {
            ends: self.ends,
            ports: self.ports,
            interface: self.interface,
            reserved: 0,
        }
    }

    fn record(&self) -> SharedRecord {
        let [first, second] = self.flags;
        SharedRecord {
            packets: self.packets,
            bytes: self.bytes,
            resets: self.resets,
            requests: self.requests,
            replies: self.replies,
            refusals: self.refusals,
            flags: u16::from_le_bytes([first, second]).into(),
            opening: self.opening.into(),
            first: self.first.into(),
            last: self.last.into(),
            evidence: self.evidence.into(),
        }
    }
}
