//! What is left of conversations that proved nothing and made room for others.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

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
    /// What each of those asked, as far as that is kept.
    asked: BTreeMap<IpAddr, Asked>,
    /// Of senders beyond those.
    pub others: Tally,
    /// What those asked.
    asked_by_others: BTreeSet<Service>,
    /// The conversations.
    pub n_conversations: u64,
    /// Packets of those that this host sent beyond what its kernel sends to anybody who asks, by the port that was asked. They are
    /// among `ports`.
    pub answers: BTreeMap<Lost, Tally>,
}

/// Protocol and port that were asked.
type Service = (u8, u16);

/// What one sender asked.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Asked {
    These(BTreeSet<Service>),
    /// More than is kept: anything that somebody asked.
    Anything,
}

/// At most so many conversations that prove nothing are kept, and so many such flows remembered: any sender can make those up
/// by the million, and each is held and judged for nobody.
pub const MOST_UNPROVEN: usize = 8_192;
/// More senders are not kept apart: where there are more, their addresses are made up.
const MOST_SENDERS: usize = 1024;
/// Who asked more ports than this may have asked any.
const MOST_ASKED: usize = 64;

impl Unproven {
    /// Adds packets of a conversation that a sender began.
    pub fn add(&mut self, sender: IpAddr, packets: impl IntoIterator<Item = (Lost, Tally)>) {
        let mut sum = Tally::default();
        let mut services = BTreeSet::new();
        for (what, tally) in packets {
            *self.ports.entry(what).or_default() += tally;
            sum += tally;
            services.insert((what.protocol, what.port));
        }
        // Of ICMP errors alone there are no packets.
        if sum.packets == 0 {
            return;
        }
        self.n_conversations += 1;
        *self.of_sender(sender) += sum;
        self.note_asked(sender, &Asked::These(services));
    }

    /// Adds a flow that nobody remembers any more since anybody could have made it up.
    pub fn add_flow(&mut self, flow: &Flow) {
        let sender = sender(flow);
        let of = |direction, counters: DirectionCounters| {
            let what = Lost {
                direction,
                protocol: flow.protocol,
                port: flow.port,
            };
            let DirectionCounters { packets, bytes, .. } = counters;
            (what, Tally { packets, bytes })
        };
        let [came, left] = if sender == flow.client {
            [flow.to_server, flow.to_client]
        } else {
            [flow.to_client, flow.to_server]
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
            if let Some(asked) = more.asked.get(sender) {
                // What a sender asked who is one of the others from now on can't be told apart from what anybody did.
                if *asked == Asked::Anything && !self.senders.contains_key(sender) {
                    self.asked_by_others.extend(services(&more.ports));
                } else {
                    self.note_asked(*sender, asked);
                }
            }
        }
        self.asked_by_others.extend(&more.asked_by_others);
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

    /// Adds what a sender asked whose packets are counted already.
    fn note_asked(&mut self, sender: IpAddr, more: &Asked) {
        if !self.senders.contains_key(&sender) {
            if let Asked::These(more) = more {
                self.asked_by_others.extend(more);
            }
            return;
        }
        let none = || Asked::These(BTreeSet::new());
        let asked = self.asked.entry(sender).or_insert_with(none);
        if let (Asked::These(known), Asked::These(more)) = (&mut *asked, more) {
            known.extend(more);
            if known.len() <= MOST_ASKED {
                return;
            }
        }
        *asked = Asked::Anything;
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

    /// Whether one of these senders may have asked one of these services, told by protocol and port.
    pub fn may_hold(
        &self,
        is_sender: impl Fn(IpAddr) -> bool,
        is_asked: impl Fn(u8, u16) -> bool,
    ) -> bool {
        let is_asked = |(protocol, port): &Service| is_asked(*protocol, *port);
        if !services(&self.ports).any(|service| is_asked(&service)) {
            return false;
        }
        if self.asked_by_others.iter().any(is_asked) {
            return true;
        }
        self.asked.iter().any(|(sender, asked)| {
            is_sender(*sender)
                && match asked {
                    Asked::These(services) => services.iter().any(is_asked),
                    Asked::Anything => true,
                }
        })
    }
}

fn services(ports: &BTreeMap<Lost, Tally>) -> impl Iterator<Item = Service> {
    ports.keys().map(|what| (what.protocol, what.port))
}

/// The other host of a flow that anybody can make up.
pub fn sender(flow: &Flow) -> IpAddr {
    if flow.client_direction == Some(Direction::Egress) {
        flow.server
    } else {
        flow.client
    }
}
