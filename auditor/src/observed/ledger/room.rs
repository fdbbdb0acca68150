//! Which conversations make room for others: those that prove least first. Of them it is the ones that were silent for longest; of
//! those that anybody can make up, these of whoever has the most.

use std::collections::{HashSet, VecDeque};

use auditor_common::{ConversationKey, ConversationRecord, PackedPorts};

use super::{
    super::{
        crowd::{Common, Crowd},
        unproven::MOST_UNPROVEN,
    },
    conversations::Conversations,
    own::Own,
    proof::Proof,
    sides::here,
};

/// How many conversations of each kind are kept, and in which order they go.
#[derive(Clone, Debug)]
pub(super) struct Room {
    /// Conversations in all.
    most: usize,
    nothing: Crowd<ConversationKey, u64>,
    most_nothing: usize,
    answer: Queue,
}

/// The conversations of [`Proof::Answer`].
#[derive(Clone, Debug)]
struct Queue {
    /// In order of coming, each with its last epoch as of then. Holds some that are gone or of another proof by now.
    waiting: VecDeque<(ConversationKey, u64)>,
    /// Conversations that have this proof now, as far as this host's addresses have not changed since.
    n: usize,
    most: usize,
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
        Self {
            most,
            nothing: Crowd::default(),
            most_nothing: share(MOST_UNPROVEN),
            answer: Queue {
                waiting: VecDeque::new(),
                n: 0,
                most: share(usize::MAX),
            },
        }
    }

    /// Counts a conversation that was added, or that now has this proof.
    pub(super) fn enter(
        &mut self,
        conversations: &Conversations,
        own: &Own,
        key: &ConversationKey,
        last: u64,
        proof: Proof,
    ) {
        match proof {
            Proof::Nothing => {
                let now = |key: &ConversationKey| last_of(conversations, own, proof, key);
                self.nothing.enter(*key, last, common(key), now);
            }
            Proof::Answer => {
                self.answer.n += 1;
                self.answer.waiting.push_back((*key, last));
            }
            Proof::Own => {}
        }
    }

    /// Counts a conversation with this proof that was removed, or has another one now.
    pub(super) fn leave(&mut self, key: &ConversationKey, proof: Proof) {
        match proof {
            Proof::Nothing => self.nothing.leave(common(key)),
            Proof::Answer => self.answer.n = self.answer.n.saturating_sub(1),
            Proof::Own => {}
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
        match proof {
            Proof::Nothing => {
                if self.most_nothing <= self.nothing.size() {
                    removed.extend(self.pop_nothing(conversations, own));
                }
            }
            Proof::Answer => {
                self.answer.tidy(conversations, own);
                if self.answer.most <= self.answer.n {
                    removed.extend(self.answer.pop(conversations, own));
                }
            }
            Proof::Own => {}
        }
        while self.most <= conversations.len() {
            let of_nothing = self.pop_nothing(conversations, own);
            let more = match of_nothing {
                None if Proof::Nothing < proof => self.answer.pop(conversations, own),
                found => found,
            };
            match more {
                Some(one) => removed.push(one),
                None => break,
            }
        }
        let has_share = match proof {
            Proof::Nothing => self.nothing.size() < self.most_nothing,
            Proof::Answer => self.answer.n < self.answer.most,
            Proof::Own => true,
        };
        (removed, has_share && conversations.len() < self.most)
    }

    /// Removes a conversation that proves nothing: of whoever has the most, or about what has been asked the most, the one that was
    /// silent for longest.
    fn pop_nothing(&mut self, conversations: &mut Conversations, own: &Own) -> Option<Removed> {
        let proof = Proof::Nothing;
        let now = |key: &ConversationKey| last_of(conversations, own, proof, key);
        let key = self.nothing.pop(common, now)?;
        let record = conversations.get(&key)?;
        conversations.remove(&key);
        Some(Removed { key, record, proof })
    }
}

/// The last epoch of a conversation, if it is known and has this proof.
fn last_of(
    conversations: &Conversations,
    own: &Own,
    proof: Proof,
    key: &ConversationKey,
) -> Option<u64> {
    let record = conversations.get(key)?;
    (Proof::of(key, &record, own) == proof).then_some(record.last)
}

/// Whom a conversation that came in is from, and what it asked.
fn common(key: &ConversationKey) -> [Common; 2] {
    let ports = PackedPorts(key.ports);
    let here = here(ports);
    let asked = if ports.is_server_known() {
        ports.second()
    } else {
        here.port(ports)
    };
    [
        Common::Sender(here.other().address(key)),
        Common::Asked(ports.protocol(), asked),
    ]
}

/// A conversation that made room, and what it proved.
pub(super) struct Removed {
    pub(super) key: ConversationKey,
    pub(super) record: ConversationRecord,
    pub(super) proof: Proof,
}

impl Queue {
    /// Removes the conversation that was silent for longest.
    fn pop(&mut self, conversations: &mut Conversations, own: &Own) -> Option<Removed> {
        let mut n_chances = 0;
        while let Some((key, since)) = self.waiting.pop_front() {
            let Some(record) = conversations.get(&key) else {
                continue;
            };
            let proof = Proof::of(&key, &record, own);
            if proof != Proof::Answer {
                continue;
            }
            if since < record.last && n_chances < MOST_CHANCES {
                n_chances += 1;
                self.waiting.push_back((key, record.last));
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

    /// Forgets what is gone or has more proof, if that is most of the queue.
    fn tidy(&mut self, conversations: &Conversations, own: &Own) {
        if self.waiting.len() < FEW.max(2 * self.n) {
            return;
        }
        let mut kept = HashSet::new();
        self.waiting.retain(|(key, _)| {
            last_of(conversations, own, Proof::Answer, key).is_some() && kept.insert(*key)
        });
        self.n = self.waiting.len();
    }
}
