//! What became of a conversation on its way, as far as both of its hosts prove it.
//!
//! A host counts what passes its interfaces before its own firewall on the way in, and behind it on the way out. So what a
//! client's host counts has left it, and what a server's host counts has reached it.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use super::conversation::{Conversation, End, Sighting};
use crate::observed::{Fleet, Outcome};

/// What came of a conversation in the window. Hosts are named by their index among the members.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Course {
    /// The client asked and was answered.
    Answered,
    /// The client's host sent, and the server's, which watched, received nothing.
    NeverArrived { client: usize, server: usize },
    /// The server's host received, and nothing left it.
    Unanswered {
        server: usize,
        listening: Option<bool>,
    },
    /// The server's host answered, and the client's received nothing.
    AnswerLost { client: usize, server: usize },
    /// The server's host refused.
    RefusedByServer {
        server: usize,
        listening: Option<bool>,
    },
    /// The client was refused, and the server's host never received what is refused.
    RefusedOnTheWay { client: usize, server: usize },
    /// It reaches a server under other addresses, as these hosts translate it.
    ArrivesOtherwise { by: Vec<usize> },
    /// The client's host was answered, and the server's, which watched, neither received nor sent anything: somebody else
    /// answers in its name, or one of the two is wrong.
    Contradiction { client: usize, server: usize },
    /// The server's host was asked and answered, and the client's, which watched, neither sent nor received anything: somebody
    /// else asks in its name, or one of the two is wrong.
    AskedByOther { client: usize, server: usize },
    /// Both ends do not prove it.
    Unknown(Doubt),
}

/// Why it is not known what became of a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Doubt {
    /// No watching host has the client's address.
    Client(IpAddr),
    /// No watching host has the server's address.
    Server(IpAddr),
    /// This host may have missed a part of it.
    Sight(usize),
    /// Nothing was asked in the window, or too late to tell.
    Time,
}

/// What is known of a host's sight, for the places of losses.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct View {
    /// When it last said what it saw, and since when it watches, by the fleet's time.
    pub at: Timestamp,
    pub since: Timestamp,
    /// How old what it says of a flow that goes on may be.
    pub lag: SignedDuration,
    /// Nothing but the time limits what it saw: no gap, no interface that is not watched, no flow left out.
    pub is_whole: bool,
}

/// A packet and its answer are on their way, and are told, within this time; clocks of hosts are not further apart.
const GRACE: SignedDuration = SignedDuration::from_secs(3);

/// The fleet as courses see it.
#[derive(Clone, Copy, Debug)]
pub struct Courses<'a> {
    pub fleet: &'a Fleet,
    /// In the order of the members.
    pub views: &'a [View],
    /// The window's first moment.
    pub start: Timestamp,
}

impl Courses<'_> {
    /// The course of a conversation; `listening` says whether a socket listens for it on the server's host, and
    /// `arrives_otherwise` whether the conversation behind its translation reached a server.
    pub fn of(
        &self,
        conversation: &Conversation<'_>,
        listening: Option<bool>,
        arrives_otherwise: bool,
    ) -> Course {
        let flow = &conversation.flow;
        let translators = translators(conversation);
        let is_plain = flow.translated.is_empty();
        let client = conversation
            .at(End::Client)
            .or_else(|| conversation.at(End::Both));
        let server = conversation
            .at(End::Server)
            .or_else(|| conversation.at(End::Both));
        let server_host = self.fleet.holder(flow.server);
        if flow.outcome_since(self.start) == Outcome::Established {
            let contradiction = client
                .zip(server_host)
                .filter(|(client, host)| client.host != *host && is_plain)
                .and_then(|(client, host)| self.contradiction(client, server, host));
            let by_other = || {
                let server = server.filter(|_| client.is_none() && is_plain)?;
                self.asked_by_other(flow.client, server)
            };
            return contradiction.or_else(by_other).unwrap_or(Course::Answered);
        }
        if !is_plain && arrives_otherwise {
            return Course::ArrivesOtherwise { by: translators };
        }
        let Some(server_host) = server_host else {
            return Course::Unknown(Doubt::Server(flow.server));
        };
        let heard = server.and_then(|one| self.recent(one.state.asked));
        let said = server.and_then(|one| self.recent(one.state.said));
        let refused = |sighting: Option<&Sighting<'_>>| {
            let flow = &sighting?.state.flow;
            self.recent(flow.remembered?.refused)
        };
        // What the server's host itself counted needs no other host to prove it.
        if refused(server).is_some() && heard.is_some() {
            return Course::RefusedByServer {
                server: server_host,
                listening,
            };
        }
        let asked = client.and_then(|one| self.recent(one.state.asked));
        let (Some(client), Some(asked)) = (client, asked) else {
            return match heard {
                Some(at)
                    if said.is_none()
                        && self.is_told(server_host, at)
                        && self.is_sure(server_host, at) =>
                {
                    Course::Unanswered {
                        server: server_host,
                        listening,
                    }
                }
                Some(_) if self.fleet.holder(flow.client).is_none() => {
                    Course::Unknown(Doubt::Client(flow.client))
                }
                Some(_) | None => Course::Unknown(Doubt::Time),
            };
        };
        if client.host == server_host {
            return Course::Unknown(Doubt::Time);
        }
        if !self.is_told(server_host, asked) {
            return Course::Unknown(Doubt::Time);
        }
        let got = self.recent(client.state.said);
        match (heard, said) {
            (_, None) if !self.is_sure(server_host, asked) => {
                Course::Unknown(Doubt::Sight(server_host))
            }
            // It was heard not long before the window: what it says of a flow that goes on may be so old.
            (None, None) if self.may_have_heard(server, server_host) => {
                Course::Unknown(Doubt::Time)
            }
            (None, None) if refused(Some(client)).is_some() => Course::RefusedOnTheWay {
                client: client.host,
                server: server_host,
            },
            (None, None) if got.is_none() && is_plain => Course::NeverArrived {
                client: client.host,
                server: server_host,
            },
            (Some(at), None) if self.is_told(server_host, at) => Course::Unanswered {
                server: server_host,
                listening,
            },
            (Some(_), Some(said)) if got.is_none() && !self.is_sure(client.host, said) => {
                Course::Unknown(Doubt::Sight(client.host))
            }
            (Some(_), Some(said)) if got.is_none() && self.is_told(client.host, said) => {
                Course::AnswerLost {
                    client: client.host,
                    server: server_host,
                }
            }
            (Some(_) | None, Some(_) | None) => Course::Unknown(Doubt::Time),
        }
    }

    /// Whether the client's host was answered by somebody, and the server's host knows nothing of it.
    fn contradiction(
        &self,
        client: &Sighting<'_>,
        server: Option<&Sighting<'_>>,
        host: usize,
    ) -> Option<Course> {
        let got = self.recent(client.state.said)?;
        let answered = client.state.flow.remembered?.answered;
        self.recent(answered)?;
        let knows_nothing = server.is_none_or(|one| {
            let state = &one.state;
            state.asked.is_none() && state.said.is_none() && state.flow.is_empty()
        });
        (knows_nothing && self.is_sure(host, got) && self.is_told(host, got)).then_some(
            Course::Contradiction {
                client: client.host,
                server: host,
            },
        )
    }

    /// Whether the server's host was asked by somebody, and the client's host knows nothing of it.
    fn asked_by_other(&self, client: IpAddr, server: &Sighting<'_>) -> Option<Course> {
        let host = self.fleet.holder(client)?;
        let heard = self.recent(server.state.asked)?;
        (host != server.host && self.is_sure(host, heard) && self.is_told(host, heard)).then_some(
            Course::AskedByOther {
                client: host,
                server: server.host,
            },
        )
    }

    fn recent(&self, at: Option<Timestamp>) -> Option<Timestamp> {
        at.filter(|at| self.start <= *at)
    }

    /// Whether what a host said last tells of this moment.
    fn is_told(&self, host: usize, at: Timestamp) -> bool {
        self.views
            .get(host)
            .is_some_and(|view| GRACE <= view.at.duration_since(at))
    }

    /// Whether a host watched all of what is its own then.
    fn is_sure(&self, host: usize, at: Timestamp) -> bool {
        self.views
            .get(host)
            .is_some_and(|view| view.is_whole && view.since <= at)
    }

    /// Whether a host may have heard the client in the window, and not said so since it goes on.
    fn may_have_heard(&self, server: Option<&Sighting<'_>>, host: usize) -> bool {
        let (Some(asked), Some(view)) =
            (server.and_then(|one| one.state.asked), self.views.get(host))
        else {
            // When it last heard something that it knows of is not known.
            return server.is_some_and(|one| self.start <= one.state.flow.last);
        };
        let latest = asked.checked_add(view.lag).unwrap_or(asked);
        self.start <= latest
    }
}

/// The hosts that translate a conversation, as far as they watch.
fn translators(conversation: &Conversation<'_>) -> Vec<usize> {
    conversation
        .sightings
        .iter()
        .filter(|one| !one.state.flow.translated.is_empty())
        .map(|one| one.host)
        .collect()
}

/// Packets that were lost between two hosts, where both counted all of a conversation and it is over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Loss {
    pub client: usize,
    pub server: usize,
    /// Sent by the client's host and not received by the server's, of so many.
    pub to_server: (u64, u64),
    /// The other way.
    pub to_client: (u64, u64),
}

impl Courses<'_> {
    /// What was lost of a conversation between its hosts. `None` where timing may explain it, or more was received than sent.
    pub fn loss(&self, conversation: &Conversation<'_>) -> Option<Loss> {
        let (client, server) = (conversation.at(End::Client)?, conversation.at(End::Server)?);
        let [asks, answers] = [client, server].map(|one| &one.state.flow);
        let is_near = |one: Timestamp, other: Timestamp| one.duration_since(other).abs() < GRACE;
        if !is_near(asks.first, answers.first) || !is_near(asks.last, answers.last) {
            return None;
        }
        let is_final = |one: &Sighting<'_>| {
            let last = one.state.flow.last;
            self.is_sure(one.host, one.state.flow.first)
                && self
                    .views
                    .get(one.host)
                    .is_some_and(|view| 2 * view.lag + GRACE <= view.at.duration_since(last))
        };
        if !is_final(client) || !is_final(server) {
            return None;
        }
        let lost = |sent: u64, received: u64| sent.checked_sub(received).map(|lost| (lost, sent));
        let to_server = lost(asks.to_server.packets, answers.to_server.packets)?;
        let to_client = lost(answers.to_client.packets, asks.to_client.packets)?;
        (to_server.0 + to_client.0 != 0).then_some(Loss {
            client: client.host,
            server: server.host,
            to_server,
            to_client,
        })
    }
}
