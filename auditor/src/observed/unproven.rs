//! What is left of conversations that proved nothing and made room for others.

use std::{collections::BTreeMap, net::IpAddr};

use auditor_common::{Tally, lost::Lost};

/// Packets of conversations that anybody can make up: they came in, nothing but what a kernel answers to anybody left, and
/// newer ones took their place. Their number is bounded, whatever comes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Unproven {
    /// By the port that was asked.
    pub ports: BTreeMap<Lost, Tally>,
    /// By who sent them, or says so; the first of them.
    pub senders: BTreeMap<IpAddr, Tally>,
    /// Of senders beyond those.
    pub others: Tally,
    /// The conversations.
    pub n_conversations: u64,
}

/// More senders are not kept apart: where there are more, their addresses are made up.
const MOST_SENDERS: usize = 1024;

impl Unproven {
    /// Adds packets of a conversation that a sender began.
    pub fn add(&mut self, sender: IpAddr, packets: impl IntoIterator<Item = (Lost, Tally)>) {
        let mut sum = Tally::default();
        for (what, tally) in packets {
            *self.ports.entry(what).or_default() += tally;
            sum += tally;
        }
        // Of ICMP errors alone there are no packets.
        if sum.packets == 0 {
            return;
        }
        self.n_conversations += 1;
        let is_kept = self.senders.len() < MOST_SENDERS || self.senders.contains_key(&sender);
        let of_sender = if is_kept {
            self.senders.entry(sender).or_default()
        } else {
            &mut self.others
        };
        *of_sender += sum;
    }

    /// All of its packets.
    pub fn total(&self) -> Tally {
        self.ports
            .values()
            .fold(Tally::default(), |mut sum, tally| {
                sum += *tally;
                sum
            })
    }

    /// Whether one of these senders may have been among them.
    pub fn may_hold(&self, is_sender: impl Fn(IpAddr) -> bool) -> bool {
        self.others.packets != 0 || self.senders.keys().any(|sender| is_sender(*sender))
    }
}
