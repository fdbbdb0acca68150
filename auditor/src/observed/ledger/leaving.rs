//! Conversations that made room, or found none, while a drain goes on: what another CPU counted of them may come yet.

use std::collections::HashMap;

use auditor_common::{ConversationKey, ConversationRecord};

use super::{super::unproven::MOST_UNPROVEN, proof::Proof, room::Removed};

/// Each by its key, with what it proved.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaving(HashMap<ConversationKey, (ConversationRecord, Proof)>);

impl Leaving {
    /// Keeps a conversation until the drain ends. Returns it where there is no room for it here either.
    pub(super) fn hold(&mut self, one: Removed) -> Option<Removed> {
        if MOST_UNPROVEN <= self.0.len() {
            return Some(one);
        }
        self.0.insert(one.key, (one.record, one.proof));
        None
    }

    /// Takes out what was counted of a conversation before.
    pub(super) fn take(&mut self, key: &ConversationKey) -> Option<ConversationRecord> {
        let (record, _) = self.0.remove(key)?;
        Some(record)
    }

    /// Takes out all.
    pub(super) fn end_drain(&mut self) -> impl Iterator<Item = Removed> + use<> {
        let all = std::mem::take(&mut self.0).into_iter();
        all.map(|(key, (record, proof))| Removed { key, record, proof })
    }
}

#[cfg(test)]
mod tests {
    use auditor_common::{
        ConversationKey, ConversationRecord, KeptPorts, PackedPorts, flow::opening, packet::mapped,
        port::protocol::UDP,
    };

    use super::super::{Knowledge, Ledger, LocalNetworks, Passes, RememberedSides};
    use crate::{observed::unproven::MOST_UNPROVEN, port::PortRange};

    /// One CPU counted what strangers ask of this host's port 53, and another one what it answers.
    fn asked_and_answered(n: u16) -> Ledger {
        let mut ledger = Ledger::new(64);
        let address = "10.0.0.1".parse().unwrap();
        let (local, passes) = (LocalNetworks::default(), Passes::default());
        ledger.own(&[address].into(), &[].into(), &local, passes);
        let halves = [([0, 1], opening::STARTED_BY_SECOND, 10), ([1, 0], 0, 11)];
        for (packets, opening, began) in halves {
            for number in 0..n {
                let [high, low] = number.to_be_bytes();
                let key = ConversationKey {
                    addresses: [mapped([10, 0, 0, 1]), mapped([11, 0, high, low])],
                    ports: PackedPorts::new(KeptPorts::Both, UDP, 53, 2730)
                        .first_leaving(true)
                        .0,
                    interface: 2,
                };
                let record = ConversationRecord {
                    packets,
                    opening: opening.into(),
                    first: 5,
                    last: 5,
                    began,
                    ..ConversationRecord::default()
                };
                ledger.add_drained(&key, &record);
            }
        }
        ledger.end_drain(false);
        ledger
    }

    /// How many flows of the ledger have both a question and an answer, and how many have not.
    fn flows(ledger: &Ledger) -> (usize, usize) {
        let flows = ledger.flows(&Knowledge {
            is_documented: &|_, port| port == 53,
            listens: Some(&|_, _, port| port == 53),
            ephemeral: PortRange::EPHEMERAL,
            remembered: &RememberedSides::default(),
            sees_all_sent: true,
            joins_expected: true,
        });
        let is_whole = flows
            .flows
            .iter()
            .filter(|(_, record)| record.counts.packets == [1, 1]);
        let n_whole = is_whole.count();
        (n_whole, flows.flows.len() - n_whole)
    }

    #[test]
    fn halves_that_two_cpus_counted_are_one_conversation() {
        let ledger = asked_and_answered(2000);
        let (n_whole, n_halves) = flows(&ledger);
        assert!(0 < n_whole && n_halves == 0, "{n_whole}, {n_halves}");
        assert_eq!(n_whole as u64 + ledger.unproven().n_conversations, 2000);
        let left = ledger.unproven().total().packets + 2 * n_whole as u64;
        assert_eq!(left, 4000);
    }

    /// What waits is bounded, and what there is more than that is counted all the same.
    #[test]
    fn nothing_is_lost_where_more_leave_than_are_kept() {
        let n = u16::try_from(3 * MOST_UNPROVEN).unwrap();
        let ledger = asked_and_answered(n);
        let (n_whole, n_halves) = flows(&ledger);
        let left = ledger.unproven().total().packets + 2 * n_whole as u64 + n_halves as u64;
        assert_eq!(left, 2 * u64::from(n));
        assert!(ledger.lost().is_empty());
    }
}
