//! Which conversations make room for others: those that prove least first, of them the ones to which the same rules invite as to
//! most others, and of these the ones that were silent for longest.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use auditor_common::{ConversationKey, ConversationRecord};

use super::{
    super::{Crowd, unproven::MOST_UNPROVEN},
    conversations::Conversations,
    own::Own,
    proof::{Proof, crowd},
};

/// How many conversations of each kind are kept, and in which order they go.
#[derive(Clone, Debug)]
pub(super) struct Room {
    /// Conversations in all.
    most: usize,
    /// Places of those that prove nothing, invited or not.
    most_unproven: usize,
    nothing: Queue,
    invited: Queue,
    answer: Queue,
}

/// The conversations of a [`Proof`] that is not the most. Where they make room for one another, the largest crowd does: so a flood
/// of what some rules invite to leaves what others do.
#[derive(Clone, Debug)]
struct Queue {
    proof: Proof,
    crowds: BTreeMap<Crowd, Waiting>,
    /// The crowds by how many conversations they have.
    sizes: BTreeSet<(usize, Crowd)>,
    /// Conversations that have this proof now, as far as this host's addresses have not changed since.
    n: usize,
    /// Keys that wait.
    n_keys: usize,
    most: usize,
}

/// The conversations of one crowd.
#[derive(Clone, Debug, Default)]
struct Waiting {
    /// In order of coming, each with its last epoch as of then. Holds some that are gone or of another proof by now.
    keys: VecDeque<(ConversationKey, u64)>,
    /// As of the queue.
    n: usize,
}

/// At most one in this many conversations has no more proof than an answer of this host.
const SHARE: usize = 4;
/// A conversation that went on since its turn came stays; so many are passed over in one search.
const MOST_CHANCES: usize = 8;
/// A queue of more is cleared of what is not of it any more, once that is half of it.
const FEW: usize = 1024;

impl Room {
    pub(super) fn new(most: usize) -> Self {
        // A small ledger has some all the same.
        let share = |bound: usize| (most / SHARE).min(bound).max(most.min(16));
        let queue = |proof, most: usize| Queue {
            proof,
            crowds: BTreeMap::new(),
            sizes: BTreeSet::new(),
            n: 0,
            n_keys: 0,
            most,
        };
        let most_unproven = share(MOST_UNPROVEN);
        Self {
            most,
            most_unproven,
            nothing: queue(Proof::Nothing, most_unproven),
            // Whoever floods what everybody may ask leaves places for what nobody may.
            invited: queue(Proof::Invited, most_unproven - most_unproven / SHARE),
            answer: queue(Proof::Answer, share(usize::MAX)),
        }
    }

    fn queue(&mut self, proof: Proof) -> Option<&mut Queue> {
        match proof {
            Proof::Nothing => Some(&mut self.nothing),
            Proof::Invited => Some(&mut self.invited),
            Proof::Answer => Some(&mut self.answer),
            Proof::Own => None,
        }
    }

    /// Counts a conversation that was added, or that now has this proof.
    pub(super) fn enter(&mut self, key: &ConversationKey, own: &Own, last: u64, proof: Proof) {
        if let Some(queue) = self.queue(proof) {
            let crowd = queue.crowd(key, own);
            queue.change(crowd, |waiting| {
                waiting.n += 1;
                waiting.keys.push_back((*key, last));
            });
        }
    }

    /// Counts a conversation with this proof that was removed, or has another one now.
    pub(super) fn leave(&mut self, key: &ConversationKey, own: &Own, proof: Proof) {
        if let Some(queue) = self.queue(proof) {
            let crowd = queue.crowd(key, own);
            queue.change(crowd, |waiting| waiting.n = waiting.n.saturating_sub(1));
        }
    }

    /// Makes room for one more conversation of a proof. Returns what had to go for it, and whether there is room.
    pub(super) fn make(
        &mut self,
        conversations: &mut Conversations,
        own: &Own,
        proof: Proof,
    ) -> (Vec<Removed>, bool) {
        let mut removed = Vec::new();
        let most = self.most;
        if let Some(queue) = self.queue(proof) {
            queue.tidy(conversations, own);
            if queue.most <= queue.n {
                removed.extend(queue.pop(conversations, own));
            }
        }
        if proof <= Proof::Invited && self.most_unproven <= self.n_unproven() {
            removed.extend(self.pop_unproven(conversations, own, proof));
        }
        while most <= conversations.len() {
            let of_nothing = self.pop_unproven(conversations, own, proof);
            let more = match of_nothing {
                None if Proof::Invited < proof => self.answer.pop(conversations, own),
                found => found,
            };
            match more {
                Some(one) => removed.push(one),
                None => break,
            }
        }
        let has_share = self.queue(proof).is_none_or(|queue| queue.n < queue.most)
            && (Proof::Invited < proof || self.n_unproven() < self.most_unproven);
        (removed, has_share && conversations.len() < most)
    }

    const fn n_unproven(&self) -> usize {
        self.nothing.n + self.invited.n
    }

    /// Removes a conversation that proves nothing for one of this proof: one to which no rule invites, where there is one.
    fn pop_unproven(
        &mut self,
        conversations: &mut Conversations,
        own: &Own,
        proof: Proof,
    ) -> Option<Removed> {
        let of_nothing = self.nothing.pop(conversations, own);
        match of_nothing {
            None if Proof::Nothing < proof => self.invited.pop(conversations, own),
            found => found,
        }
    }

    /// Tells what rules invite to anew from what they do not, and from what others invite to.
    pub(super) fn sort_anew(&mut self, conversations: &Conversations, own: &Own) {
        let queues = [&mut self.nothing, &mut self.invited, &mut self.answer];
        let mut waiting: Vec<(ConversationKey, u64)> = queues
            .into_iter()
            .flat_map(|queue| {
                (queue.n, queue.n_keys) = (0, 0);
                queue.sizes.clear();
                std::mem::take(&mut queue.crowds)
            })
            .flat_map(|(_, waiting)| waiting.keys)
            .collect();
        waiting.sort_by_key(|(_, last)| *last);
        let mut entered = HashSet::new();
        for (key, last) in waiting {
            if let Some(record) = conversations.get(&key)
                && entered.insert(key)
            {
                self.enter(&key, own, last, Proof::of(&key, &record, own));
            }
        }
    }
}

/// A conversation that made room, and what it proved.
pub(super) struct Removed {
    pub(super) key: ConversationKey,
    pub(super) record: ConversationRecord,
    pub(super) proof: Proof,
}

impl Queue {
    /// The crowd that a conversation of this queue is of.
    fn crowd(&self, key: &ConversationKey, own: &Own) -> Crowd {
        match self.proof {
            Proof::Nothing => Crowd::default(),
            Proof::Invited | Proof::Answer | Proof::Own => crowd(key, own).unwrap_or_default(),
        }
    }

    /// Changes a crowd and what is known of its size.
    fn change<R>(&mut self, crowd: Crowd, change: impl FnOnce(&mut Waiting) -> R) -> R {
        let waiting = self.crowds.entry(crowd).or_default();
        let (n, n_keys) = (waiting.n, waiting.keys.len());
        let result = change(waiting);
        self.n = self.n + waiting.n - n;
        self.n_keys = self.n_keys + waiting.keys.len() - n_keys;
        self.sizes.remove(&(n, crowd));
        self.sizes.insert((waiting.n, crowd));
        result
    }

    /// Removes a conversation of the largest crowd: the one that was silent for longest.
    fn pop(&mut self, conversations: &mut Conversations, own: &Own) -> Option<Removed> {
        while let Some((_, largest)) = self.sizes.last().copied() {
            let proof = self.proof;
            let found = self.change(largest, |waiting| waiting.pop(conversations, own, proof));
            if found.is_some() {
                return found;
            }
            self.sizes.remove(&(0, largest));
            self.crowds.remove(&largest);
        }
        None
    }

    /// Forgets what is gone or has more proof, if that is most of the queue.
    fn tidy(&mut self, conversations: &Conversations, own: &Own) {
        if self.n_keys < FEW.max(2 * self.n) {
            return;
        }
        let mut kept = HashSet::new();
        for waiting in self.crowds.values_mut() {
            waiting.keys.retain(|(key, _)| {
                let record = conversations.get(key);
                record.is_some_and(|record| Proof::of(key, &record, own) == self.proof)
                    && kept.insert(*key)
            });
            waiting.n = waiting.keys.len();
        }
        self.crowds.retain(|_, waiting| 0 < waiting.n);
        let sizes = self.crowds.iter().map(|(crowd, one)| (one.n, *crowd));
        self.sizes = sizes.collect();
        (self.n, self.n_keys) = (kept.len(), kept.len());
    }
}

impl Waiting {
    /// Removes the conversation that was silent for longest.
    fn pop(
        &mut self,
        conversations: &mut Conversations,
        own: &Own,
        proof: Proof,
    ) -> Option<Removed> {
        let mut n_chances = 0;
        while let Some((key, since)) = self.keys.pop_front() {
            let Some(record) = conversations.get(&key) else {
                continue;
            };
            if Proof::of(&key, &record, own) != proof {
                continue;
            }
            if since < record.last && n_chances < MOST_CHANCES {
                n_chances += 1;
                self.keys.push_back((key, record.last));
                continue;
            }
            conversations.remove(&key);
            self.n = self.n.saturating_sub(1);
            return Some(Removed { key, record, proof });
        }
        // What proves more or less since this host has other addresses was counted as what it was.
        self.n = 0;
        None
    }
}
