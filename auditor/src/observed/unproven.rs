//! What is left of conversations that proved nothing and made room for others.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use auditor_common::{Direction, Tally, lost::Lost};

use super::{DirectionCounters, Flow, Invited};

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
    /// What rules let their senders ask, by protocol and port, and who asked it, where that is known one sender of those whom the
    /// same rules let: what a rule may miss.
    pub invited: BTreeMap<(u8, u16), Askers>,
}

/// Who asked one service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Askers {
    These(BTreeSet<IpAddr>),
    /// More than are told apart.
    Many,
}

/// At most so many conversations that prove nothing are kept, and so many such flows remembered: any sender can make those up
/// by the million, and each is held and judged for nobody.
pub const MOST_UNPROVEN: usize = 8_192;
/// More senders are not kept apart: where there are more, their addresses are made up.
const MOST_SENDERS: usize = 1024;
/// More askers of one service to which rules invite are not told apart.
const MOST_ASKERS: usize = 16;
/// Nor of more services than this.
const MOST_SERVICES: usize = 1024;

impl Unproven {
    /// Adds packets of a conversation that a sender began. Where it is not known whom rules let ask what, it may have been anybody.
    pub fn add(
        &mut self,
        sender: IpAddr,
        packets: impl IntoIterator<Item = (Lost, Tally)>,
        invited: Option<&Invited>,
    ) {
        let mut sum = Tally::default();
        for (what, tally) in packets {
            *self.ports.entry(what).or_default() += tally;
            sum += tally;
            let service = (what.protocol, what.port);
            let is_noted = |invited: &Invited| {
                let crowd = |asker| invited.crowd(asker, what.protocol, what.port);
                let crowd_of_sender = crowd(sender);
                crowd_of_sender.is_none()
                    || match self.invited.get(&service) {
                        Some(Askers::These(known)) => {
                            known.iter().any(|one| crowd(*one) == crowd_of_sender)
                        }
                        Some(Askers::Many) => true,
                        None => false,
                    }
            };
            if !invited.is_some_and(is_noted) {
                self.note_asker(service, Some(sender));
            }
        }
        // Of ICMP errors alone there are no packets.
        if sum.packets == 0 {
            return;
        }
        self.n_conversations += 1;
        *self.of_sender(sender) += sum;
    }

    /// Adds a flow that nobody remembers any more since anybody could have made it up.
    pub fn add_flow(&mut self, flow: &Flow, invited: Option<&Invited>) {
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
        self.add(sender, tallies, invited);
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
        for (service, askers) in &more.invited {
            match askers {
                Askers::These(senders) => {
                    for sender in senders {
                        self.note_asker(*service, Some(*sender));
                    }
                }
                Askers::Many => self.note_asker(*service, None),
            }
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

    /// Notes that a sender asked a service to which rules invite; without one, that more did than are told apart.
    fn note_asker(&mut self, service: (u8, u16), sender: Option<IpAddr>) {
        let has_room = self.invited.len() < MOST_SERVICES;
        let none = || Askers::These(BTreeSet::new());
        let askers = self.invited.entry(service).or_insert_with(none);
        if let (Askers::These(known), Some(sender)) = (&mut *askers, sender)
            && (known.contains(&sender) || has_room && known.len() < MOST_ASKERS)
        {
            known.insert(sender);
            return;
        }
        *askers = Askers::Many;
    }

    /// Takes what rules let senders ask by now, and did not before, for what they let them ask all the time: which sender asked
    /// which port is not known of that.
    pub(super) fn invite(&mut self, before: &Invited, invited: &Invited) {
        let asked: BTreeSet<(u8, u16)> = self
            .ports
            .keys()
            .map(|what| (what.protocol, what.port))
            .filter(|(protocol, port)| {
                let now = invited.clients(*protocol, *port);
                !now.is_empty() && now != before.clients(*protocol, *port)
            })
            .collect();
        for (protocol, port) in asked {
            if self.others.packets != 0 {
                self.note_asker((protocol, port), None);
                continue;
            }
            let senders: Vec<IpAddr> = self
                .senders
                .keys()
                .copied()
                .filter(|sender| invited.has(*sender, protocol, port))
                .collect();
            for sender in senders {
                self.note_asker((protocol, port), Some(sender));
            }
        }
    }

    /// Whether one of these senders may have asked one of these services, told by protocol and port, to which a rule invites.
    pub fn may_hold(
        &self,
        is_sender: impl Fn(IpAddr) -> bool,
        is_asked: impl Fn(u8, u16) -> bool,
    ) -> bool {
        self.invited
            .iter()
            .filter(|((protocol, port), _)| is_asked(*protocol, *port))
            .any(|(_, askers)| match askers {
                Askers::These(senders) => senders.iter().any(|sender| is_sender(*sender)),
                Askers::Many => true,
            })
    }
}

/// The other host of a flow that anybody can make up.
pub fn sender(flow: &Flow) -> IpAddr {
    if flow.client_direction == Some(Direction::Egress) {
        flow.server
    } else {
        flow.client
    }
}
