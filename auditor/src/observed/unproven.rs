//! What is left of conversations that proved nothing and made room for others.

use std::{collections::BTreeMap, net::IpAddr};

use auditor_common::{Direction, Tally, lost::Lost};

use super::{DirectionCounters, Flow};

/// Packets of conversations that anybody can make up: they came in, nothing but what a kernel or a service of datagrams
/// answers to anybody left, and newer ones took their place. Their number is bounded, whatever comes.
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
    /// Packets of those that this host sent beyond what its kernel sends to anybody who asks, by the port that was asked. They are
    /// among `ports`.
    pub answers: BTreeMap<Lost, Tally>,
}

/// At most so many conversations that prove nothing are kept, and so many such flows remembered: any sender can make those up
/// by the million, and each is held and judged for nobody.
pub const MOST_UNPROVEN: usize = 8_192;
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
        *self.of_sender(sender) += sum;
    }

    /// Adds a flow that nobody remembers any more since anybody could have made it up.
    pub fn add_flow(&mut self, flow: &Flow) {
        let asks = flow.client_direction != Some(Direction::Egress);
        let of = |direction, counters: DirectionCounters| {
            let what = Lost {
                direction,
                protocol: flow.protocol,
                port: flow.port,
            };
            let DirectionCounters { packets, bytes, .. } = counters;
            (what, Tally { packets, bytes })
        };
        let (sender, [came, left]) = if asks {
            (flow.client, [flow.to_server, flow.to_client])
        } else {
            (flow.server, [flow.to_client, flow.to_server])
        };
        let tallies = [of(Direction::Ingress, came), of(Direction::Egress, left)];
        let tallies = tallies.into_iter().filter(|(_, tally)| 0 < tally.packets);
        self.add(sender, tallies);
    }

    /// Adds what is left of other conversations.
    pub fn add_all(&mut self, more: &Self) {
        for (what, tally) in &more.ports {
            *self.ports.entry(*what).or_default() += *tally;
        }
        for (sender, tally) in &more.senders {
            *self.of_sender(*sender) += *tally;
        }
        for (what, tally) in &more.answers {
            *self.answers.entry(*what).or_default() += *tally;
        }
        self.others += more.others;
        self.n_conversations += more.n_conversations;
    }

    /// Where packets of a sender are counted.
    fn of_sender(&mut self, sender: IpAddr) -> &mut Tally {
        if self.senders.len() < MOST_SENDERS || self.senders.contains_key(&sender) {
            self.senders.entry(sender).or_default()
        } else {
            &mut self.others
        }
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
