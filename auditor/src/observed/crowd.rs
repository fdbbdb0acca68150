//! What makes room first of what anybody can make up: that of the largest crowd, by one sender or about one port, so that a flood
//! or a scan makes room for itself and not at the expense of others.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    hash::Hash,
};

/// What has its sender, or the port that it asked, in common.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Common {
    /// The address, IPv4-mapped if it is one of IPv4.
    Sender([u8; 16]),
    /// Protocol and port.
    Asked(u8, u16),
}

/// Members in order of coming, each with when it was last heard of as of then, and the crowds among them.
#[derive(Clone, Debug)]
pub struct Crowd<K, T> {
    all: Members<K, T>,
    groups: HashMap<Common, Members<K, T>>,
    /// Groups by the power of two that their size reaches, from [`FEWEST`] members on.
    by_size: Vec<BTreeSet<Common>>,
}

/// A smaller group is no crowd: of those the member that was silent for longest goes, whoever it is of.
const FEWEST: usize = 16;
/// A member that went on since its turn came stays; so many are passed over in one search.
const MOST_CHANCES: usize = 8;
/// A longer list is cleared of what is gone, once that is half of it.
const FEW: usize = 16;

#[derive(Clone, Debug)]
struct Members<K, T> {
    /// Holds some that are gone by now.
    waiting: VecDeque<(K, T)>,
    n: usize,
}

impl<K, T> Default for Crowd<K, T> {
    fn default() -> Self {
        Self {
            all: Members::default(),
            groups: HashMap::new(),
            by_size: vec![BTreeSet::new(); usize::BITS as usize],
        }
    }
}

impl<K, T> Default for Members<K, T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            n: 0,
        }
    }
}

impl<K: Copy + Eq + Hash, T: Copy + Ord> Crowd<K, T> {
    /// How many members there are.
    pub const fn size(&self) -> usize {
        self.all.n
    }

    /// Adds a member that was last heard of at `last`. `now` says when one was last heard of by now, and nothing if it is gone.
    pub fn enter(&mut self, key: K, last: T, common: [Common; 2], now: impl Fn(&K) -> Option<T>) {
        self.all.enter(key, last, &now);
        for one in common {
            // Of a flood of made-up senders nearly every group has one member.
            let group = self.groups.entry(one).or_insert_with(|| Members {
                waiting: VecDeque::with_capacity(1),
                n: 0,
            });
            let before = group.n;
            group.enter(key, last, &now);
            let after = group.n;
            self.sort_in(one, before, after);
        }
    }

    /// Counts a member that is gone.
    pub fn leave(&mut self, common: [Common; 2]) {
        self.all.n = self.all.n.saturating_sub(1);
        for one in common {
            let Some(group) = self.groups.get_mut(&one) else {
                continue;
            };
            let before = group.n;
            group.n = before.saturating_sub(1);
            let after = group.n;
            if after == 0 {
                self.groups.remove(&one);
            }
            self.sort_in(one, before, after);
        }
    }

    /// The member of the largest crowd that was silent for longest; where there is no crowd, of all. It is a member no more.
    pub fn pop(
        &mut self,
        common: impl Fn(&K) -> [Common; 2],
        now: impl Fn(&K) -> Option<T>,
    ) -> Option<K> {
        loop {
            let largest = self.by_size.iter().rev().find_map(BTreeSet::first);
            let Some(largest) = largest.copied() else {
                break;
            };
            let group = self.groups.get_mut(&largest);
            if let Some(key) = group.and_then(|group| group.pop(&now)) {
                self.leave(common(&key));
                return Some(key);
            }
            // Its members are gone, whatever was counted.
            let n = self.groups.remove(&largest).map_or(0, |group| group.n);
            self.sort_in(largest, n, 0);
        }
        if let Some(key) = self.all.pop(&now) {
            self.leave(common(&key));
            return Some(key);
        }
        *self = Self::default();
        None
    }

    /// Keeps a group among those of its size.
    fn sort_in(&mut self, one: Common, before: usize, after: usize) {
        let class = |n: usize| (FEWEST <= n).then(|| n.ilog2() as usize);
        let (before, after) = (class(before), class(after));
        if before == after {
            return;
        }
        if let Some(groups) = before.and_then(|class| self.by_size.get_mut(class)) {
            groups.remove(&one);
        }
        if let Some(groups) = after.and_then(|class| self.by_size.get_mut(class)) {
            groups.insert(one);
        }
    }
}

impl<K: Copy + Eq + Hash, T: Copy + Ord> Members<K, T> {
    fn enter(&mut self, key: K, last: T, now: impl Fn(&K) -> Option<T>) {
        if FEW.max(2 * self.n) <= self.waiting.len() {
            let mut kept = std::collections::HashSet::new();
            self.waiting
                .retain(|(key, _)| now(key).is_some() && kept.insert(*key));
        }
        self.waiting.push_back((key, last));
        self.n += 1;
    }

    fn pop(&mut self, now: impl Fn(&K) -> Option<T>) -> Option<K> {
        let mut n_chances = 0;
        while let Some((key, since)) = self.waiting.pop_front() {
            let Some(last) = now(&key) else {
                continue;
            };
            if since < last && n_chances < MOST_CHANCES {
                n_chances += 1;
                self.waiting.push_back((key, last));
                continue;
            }
            return Some(key);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A member is its sender and the port that it asked.
    type Key = (u8, u16);

    fn common((sender, port): Key) -> [Common; 2] {
        [Common::Sender([sender; 16]), Common::Asked(17, port)]
    }

    /// Keeps as many members as that; returns those that are left.
    fn left(members: &[Key], most: usize) -> BTreeMap<Key, u64> {
        let mut known: BTreeMap<Key, u64> = BTreeMap::new();
        let mut crowd = Crowd::default();
        for (key, at) in members.iter().zip(0..) {
            if crowd.size() == most {
                let gone = crowd
                    .pop(|key| common(*key), |key| known.get(key).copied())
                    .unwrap();
                known.remove(&gone);
            }
            crowd.enter(*key, at, common(*key), |key| known.get(key).copied());
            known.insert(*key, at);
        }
        assert_eq!(crowd.size(), known.len());
        known
    }

    #[test]
    fn a_scan_makes_room_for_itself() {
        let few = [(1, 514), (2, 515)];
        let scan: Vec<Key> = few
            .into_iter()
            .chain((1..=5000).map(|port| (9, port)))
            .collect();
        let left = left(&scan, 100);
        assert!(few.iter().all(|key| left.contains_key(key)), "{left:?}");
        let newest = left.contains_key(&(9, 5000)) && !left.contains_key(&(9, 100));
        assert!(newest, "{left:?}");
    }

    #[test]
    fn senders_that_are_made_up_make_room_for_one_another() {
        let few = [(1, 514), (2, 515)];
        let flood: Vec<Key> = few
            .into_iter()
            .chain((3..=255).map(|sender| (sender, 80)))
            .collect();
        let left = left(&flood, 100);
        assert!(few.iter().all(|key| left.contains_key(key)), "{left:?}");
    }

    #[test]
    fn without_a_crowd_the_oldest_go() {
        let members: Vec<Key> = (1..=100).map(|n| (n, n.into())).collect();
        let left: Vec<Key> = left(&members, 10).into_keys().collect();
        assert_eq!(left, members[90..]);
    }
}
