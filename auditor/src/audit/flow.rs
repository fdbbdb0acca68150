//! One flow to its verdict.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use auditor_common::{Evidence, port::protocol, side::EPHEMERAL_FROM};
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    housekeeping::Housekeeping,
    index::{AddressClass, Index},
    legs::Legs,
    policy::{Policy, PolicyRule, Side, named_transport, port_ranges},
    related::Related,
    rule::is_unread,
    verdict::{FlowFinding, FlowVerdict, Mismatch, Severity},
};
use crate::{
    matrix::{Presence, Said, said},
    observed::{Connection, DirectionCounters, Endpoints, Flow, Host, Observed, Outcome},
    transport::Transport,
};

/// A range of this many ports or more names no port of its own.
const WIDE: u16 = 32;

/// How many of the nearest rules are named.
const NEAREST: usize = 3;

/// How many results of the search for nearest rules are cached: a scan, which tries everything once, would only fill the
/// cache.
const MAX_NEAREST_KEPT: usize = 4096;

/// Judges flows, one after the other.
pub(super) struct Judge<'a> {
    policy: &'a Policy,
    observed: &'a Observed,
    index: Index,
    housekeeping: Housekeeping<'a>,
    legs: Legs,
    related: Related<'a>,
    today: Date,
    /// The classes of the addresses of the flows so far.
    classes: HashMap<IpAddr, AddressClass>,
    /// For each side of the rules, how many other hosts with any traffic are on it.
    hosts_with_traffic: Vec<usize>,
    /// A cache of the nearest rules of earlier flows: unexpected flows often share a query.
    nearest: HashMap<RuleQuery, (Mismatch, Vec<usize>)>,
    /// Rules that forbid what may have been, by when it was last seen.
    doubted: BTreeMap<usize, Timestamp>,
}

/// The properties of a flow that decide which rules match it: flows with equal queries have the same rules.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct RuleQuery {
    transport: Transport,
    port: u16,
    client: AddressClass,
    server: AddressClass,
    /// Whether client and server are both addresses of this host.
    is_same_host: bool,
}

impl RuleQuery {
    const fn reversed(self) -> Self {
        Self {
            client: self.server,
            server: self.client,
            ..self
        }
    }
}

/// A conversation with translated addresses, and what the rules say of its real endpoints and then of its apparent ones.
struct Conversation {
    real: Endpoints,
    query: Option<RuleQuery>,
    said: Vec<Said<usize>>,
}

impl Conversation {
    /// The rules that allow it, by the first of its endpoints that any rule allows.
    fn allowing(&self) -> Option<&Vec<usize>> {
        self.said.iter().find_map(|said| match said {
            Said::Allowed(rules) => Some(rules),
            Said::Nothing | Said::Forbidden { .. } => None,
        })
    }
}

impl<'a> Judge<'a> {
    pub(super) fn new(policy: &'a Policy, observed: &'a Observed) -> Self {
        Self {
            policy,
            observed,
            index: Index::new(policy, &observed.host),
            housekeeping: Housekeeping::new(policy, observed),
            legs: Legs::of(&observed.flows),
            related: Related::of(observed),
            today: today(observed),
            classes: HashMap::new(),
            hosts_with_traffic: vec![0; policy.sides.len()],
            nearest: HashMap::new(),
            doubted: BTreeMap::new(),
        }
    }

    pub(super) fn judge(&mut self, flow: &Flow) -> FlowFinding {
        let window = self.observed.window;
        // A flow that ended before the window is here only for rules whose `within` reaches back to it; by itself it is no
        // finding any more.
        let ended_before = flow.last < window.start;
        let outcome = flow.outcome_since(if ended_before {
            window.since
        } else {
            window.start
        });
        if let Some(turned) = self.turned(flow)
            && let Said::Forbidden { by, .. } = self.said(Some(turned))
        {
            self.doubt(by, flow);
        }
        let excess = if self.policy.housekeeping {
            self.housekeeping.excess(flow)
        } else {
            None
        };
        let finding = |verdict, severity| FlowFinding {
            verdict,
            severity,
            outcome,
            benefit_of_doubt: false,
            related_to: None,
            partly: Box::default(),
            excess: excess.and_then(Result::err),
            ended_exception: None,
            elsewhere: None,
        };
        let query = self.query(flow, flow.endpoints());
        let own = self.said(query);
        if let Said::Allowed(rules) = &own
            && is_echo_of_nothing(flow)
        {
            // An answer is one only to a question, which may have come in before the watch, or where nobody watches.
            let is_unasked = !may_be_unseen(self.observed, flow);
            let rules = rules.clone();
            self.doubt(rules.iter().copied(), flow);
            let severity = if is_unasked && !ended_before {
                Severity::Warning
            } else {
                Severity::Fine
            };
            return FlowFinding {
                benefit_of_doubt: true,
                ..finding(FlowVerdict::Documented { rules }, severity)
            };
        }
        let conversations = self.said_of_conversations(flow);
        // Nearly all flows are.
        let own = match own {
            Said::Allowed(rules) if conversations.is_empty() => {
                let benefit_of_doubt = self.may_be_served_here(flow) || is_answer_by_chance(flow);
                if benefit_of_doubt {
                    self.doubt(rules.iter().copied(), flow);
                }
                return FlowFinding {
                    benefit_of_doubt,
                    ..finding(FlowVerdict::Documented { rules }, Severity::Fine)
                };
            }
            other @ (Said::Allowed(_) | Said::Nothing | Said::Forbidden { .. }) => other,
        };
        let (mut forbidding, mut allowing): (BTreeSet<usize>, BTreeSet<usize>) = Default::default();
        for said in std::iter::once(&own).chain(conversations.iter().flat_map(|one| &one.said)) {
            match said {
                Said::Nothing => {}
                Said::Allowed(rules) => allowing.extend(rules),
                Said::Forbidden { by, though } => {
                    forbidding.extend(by);
                    allowing.extend(though);
                }
            }
        }
        let [forbidding, overruled] =
            [forbidding, allowing].map(|rules| rules.into_iter().collect::<Vec<usize>>());
        if forbidding.is_empty() {
            if let Said::Allowed(rules) = own {
                return finding(FlowVerdict::Documented { rules }, Severity::Fine);
            }
            // Where addresses are translated, the operator may have written the real endpoints or apparent ones. A flow may be
            // that of several conversations; all of them must be documented.
            let allowing: Vec<&Vec<usize>> = conversations
                .iter()
                .filter_map(Conversation::allowing)
                .collect();
            if !allowing.is_empty() && allowing.len() == conversations.len() {
                let rules: BTreeSet<usize> = allowing.into_iter().flatten().copied().collect();
                let rules = rules.into_iter().collect();
                return finding(FlowVerdict::Documented { rules }, Severity::Fine);
            }
        }
        let undocumented = conversations.iter().find(|one| one.allowing().is_none());
        let real = undocumented
            .map(|one| one.real)
            .filter(|real| *real != flow.endpoints())
            .map(Box::new);
        let undocumented = undocumented.map_or(query, |one| one.query);
        if let Some(exception) = self.exception(flow) {
            let verdict = FlowVerdict::Excepted {
                exception,
                // Where none forbids it, not all of its conversations are allowed.
                allowing: if forbidding.is_empty() {
                    Box::default()
                } else {
                    overruled.into()
                },
                forbidding: forbidding.into(),
            };
            return finding(verdict, Severity::Fine);
        }
        if forbidding.is_empty() && excess == Some(Ok(())) {
            return finding(FlowVerdict::Housekeeping, Severity::Fine);
        }
        if forbidding.is_empty()
            && let Some((control, rules)) = self.related_to(flow)
        {
            // The ports are agreed on in words that nobody reads here, so it is a guess.
            return FlowFinding {
                benefit_of_doubt: true,
                related_to: Some(control),
                ..finding(FlowVerdict::Documented { rules }, Severity::Fine)
            };
        }
        // A guess may have confused client and server, so a rule that fits with ends and ports the other way round allows the
        // flow as well.
        if forbidding.is_empty()
            && let Some(turned) = self.turned(flow)
        {
            let mut rules = self.applicable(&turned);
            rules.retain(|at| !self.forbids(*at));
            if !rules.is_empty() {
                self.doubt(rules.iter().copied(), flow);
                let verdict = FlowVerdict::Documented { rules };
                return FlowFinding {
                    benefit_of_doubt: true,
                    ..finding(verdict, Severity::Fine)
                };
            }
        }
        let partly: BTreeSet<usize> = conversations
            .iter()
            .filter_map(Conversation::allowing)
            .flatten()
            .copied()
            .collect();
        let severity = if ended_before {
            Severity::Fine
        } else {
            severity(flow, outcome, &self.observed.host)
        };
        let ended_exception = self.ended_exception(flow);
        if !forbidding.is_empty() {
            let verdict = FlowVerdict::Forbidden {
                rules: forbidding,
                allowing: overruled.into(),
            };
            return FlowFinding {
                ended_exception,
                ..finding(verdict, severity)
            };
        }
        let (reason, nearest) = match undocumented {
            None => (Mismatch::Port, Vec::new()),
            Some(query) => self.nearest_cached(&query),
        };
        // It may be what a rule allows, so it is not known to be wrong.
        let severity = if reason == Mismatch::Unresolved {
            severity.min(Severity::Warning)
        } else {
            severity
        };
        let verdict = FlowVerdict::Unexpected {
            reason,
            nearest,
            real,
        };
        FlowFinding {
            ended_exception,
            partly: partly.into_iter().collect(),
            ..finding(verdict, severity)
        }
    }

    /// Whether this host may have been asked instead, though nobody listens any more: the opening was not seen, and the sockets
    /// of such connections all have ports that no client takes.
    fn may_be_served_here(&self, flow: &Flow) -> bool {
        let host = &self.observed.host;
        let is_of_flow = |one: &&Connection| {
            one.local.0 == flow.client && one.remote == (flow.server, flow.port)
        };
        let mut connections = host.connections.iter().filter(is_of_flow).peekable();
        flow.protocol == protocol::TCP
            && flow.requests == 0
            && flow.is_guess()
            && flow.is_client_here()
            && connections.peek().is_some()
            && connections.all(|one| !host.opened(one))
    }

    fn doubt(&mut self, rules: impl IntoIterator<Item = usize>, flow: &Flow) {
        for rule in rules {
            let last = self.doubted.entry(rule).or_insert(flow.last);
            *last = flow.last.max(*last);
        }
    }

    /// The rules that speak of flows so far only if those are turned round, which they may have to be, and when the last one
    /// was seen.
    pub(super) const fn doubted(&self) -> &BTreeMap<usize, Timestamp> {
        &self.doubted
    }

    /// For each side of the rules, how many other hosts of the flows so far are on it.
    pub(super) fn hosts_with_traffic(&self) -> &[usize] {
        &self.hosts_with_traffic
    }

    /// The class of a flow's address. Another host's address is counted on each of its sides the first time that it is seen.
    fn class(&mut self, address: IpAddr) -> AddressClass {
        if let Some(class) = self.classes.get(&address) {
            return *class;
        }
        let class = self.index.class(address);
        self.classes.insert(address, class);
        if self.observed.host.is_other(address) {
            for side in self.index.sides(class) {
                if let Some(n_hosts) = self.hosts_with_traffic.get_mut(*side as usize) {
                    *n_hosts += 1;
                }
            }
        }
        class
    }

    /// The query of a flow with these endpoints; `None` for what no rule can name.
    fn query(&mut self, flow: &Flow, endpoints: Endpoints) -> Option<RuleQuery> {
        // An address that no rule can name the traffic of was heard all the same.
        flow.transport()?;
        let (client, server) = (self.class(endpoints.client), self.class(endpoints.server));
        Some(RuleQuery {
            transport: named_transport(flow)?,
            port: endpoints.port,
            client,
            server,
            is_same_host: self.is_same_host(flow, endpoints),
        })
    }

    /// The query of the flow the other way round, if its sides are a guess: its server may have asked on the client's port.
    /// `None` where that port is not known, or nothing but resets came from the server: who said nothing asked nothing, unless
    /// these may be answers to what passed an interface that is not watched. Nor may datagrams be turned whose first one was seen long after the watch began: it is no reply, or its request would have
    /// been seen before, and somebody outside chooses the port that he sends it from.
    fn turned(&mut self, flow: &Flow) -> Option<RuleQuery> {
        let said = flow.to_client.telling();
        let is_stream = matches!(flow.protocol, protocol::TCP | protocol::SCTP);
        let may_answer_unseen = said == 0
            && (flow.is_client_here() || !is_stream)
            && !self.observed.host.unwatched.is_empty();
        let is_first_known = !is_stream
            && !may_answer_unseen
            && flow.evidence == Evidence::FirstSender
            && self.observed.opens(&flow.interface, flow.first);
        if !flow.is_guess() || said == 0 && !may_answer_unseen || is_first_known {
            return None;
        }
        let endpoints = Endpoints {
            client: flow.server,
            server: flow.client,
            port: flow.client_port?,
        };
        self.query(flow, endpoints)
    }

    /// The flow of which this is a second conversation, and the rules that allow that one. A port that a rule names is that
    /// rule's service's.
    fn related_to(&mut self, flow: &Flow) -> Option<(usize, Vec<usize>)> {
        let control = self.related.control_of(flow)?;
        let first = self.observed.flows.get(control)?;
        let is_named = self
            .index
            .rules_with_port(flow.transport()?, flow.port)
            .into_iter()
            .any(|at| self.names(at, flow.port));
        if is_named {
            return None;
        }
        let query = self.query(first, first.endpoints());
        match self.said(query) {
            Said::Allowed(rules) => Some((control, rules)),
            Said::Nothing | Said::Forbidden { .. } => None,
        }
    }

    /// Whether a rule names a port, and not merely within a wide range.
    fn names(&self, at: usize, port: u16) -> bool {
        let ports = self.policy.rules.get(at).map(|rule| &rule.rule.ports);
        ports.is_some_and(|ports| {
            port_ranges(ports)
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&port) && last - first < WIDE)
        })
    }

    /// Whether a flow with these endpoints stays within this host: both are its own, and the flow was seen on the loopback,
    /// where nobody else can send.
    fn is_same_host(&self, flow: &Flow, endpoints: Endpoints) -> bool {
        let Observed {
            host, interfaces, ..
        } = self.observed;
        // What stays within one of its hosts is no part of what is seen of a fleet.
        if host.fleet.is_some() {
            return false;
        }
        let is_own = |address: IpAddr| address.is_loopback() || host.has(address);
        // A capture has no directions, and may be that of a loopback.
        let stays = interfaces
            .iter()
            .find(|one| one.name == flow.interface)
            .map_or(host.is_captured, |one| {
                one.is_loopback || host.is_captured && one.egress.is_none()
            });
        is_own(endpoints.client) && is_own(endpoints.server) && stays
    }

    /// What the rules say of the query.
    fn said(&self, query: Option<RuleQuery>) -> Said<usize> {
        let matching = query.map_or_else(Vec::new, |query| self.applicable(&query));
        said(matching, |at| {
            let rule = self.policy.rules.get(*at);
            rule.map_or(Presence::Optional, |rule| rule.rule.presence)
        })
    }

    /// What the rules say of the conversations of a flow whose addresses are translated.
    fn said_of_conversations(&mut self, flow: &Flow) -> Vec<Conversation> {
        let conversations = self.legs.conversations(&self.observed.host, flow);
        let mut found = Vec::with_capacity(conversations.len());
        for legs in conversations {
            let Some(real) = legs.first().copied() else {
                continue;
            };
            let mut said = Vec::with_capacity(legs.len());
            for leg in legs {
                let query = self.query(flow, leg);
                said.push(self.said(query));
            }
            found.push(Conversation {
                real,
                query: self.query(flow, real),
                said,
            });
        }
        found
    }

    /// The rules of a list that pass a test.
    fn kept(&self, mut rules: Vec<usize>, is_kept: impl Fn(&PolicyRule) -> bool) -> Vec<usize> {
        rules.retain(|at| self.policy.rules.get(*at).is_some_and(&is_kept));
        rules
    }

    /// The rules that match the query, whether or not their conditions hold.
    fn matching(&self, query: &RuleQuery) -> Vec<usize> {
        let RuleQuery {
            transport,
            port,
            client: _,
            server: _,
            is_same_host: _,
        } = *query;
        self.with_own_loopback(query, |client, server| {
            self.index.rules(transport, port, client, server)
        })
    }

    /// The rules that have both ends of the query on their sides, whatever their ports.
    fn between(&self, query: &RuleQuery) -> Vec<usize> {
        self.with_own_loopback(query, |client, server| {
            self.index.rules_between(client, server)
        })
    }

    /// The rules that `find` finds between the ends of the query. Within this host, a rule of what stays there means the host
    /// and not one of its addresses: 127.0.0.1 is in no role.
    fn with_own_loopback(
        &self,
        query: &RuleQuery,
        find: impl Fn(AddressClass, AddressClass) -> Vec<usize>,
    ) -> Vec<usize> {
        let mut rules = self.without_foreign_loopback(find(query.client, query.server), query);
        if query.is_same_host {
            let here = self.index.this_host();
            rules.extend(self.kept(find(here, here), |rule| rule.rule.loopback));
            rules.sort_unstable();
            rules.dedup();
        }
        rules
    }

    /// Without rules for traffic within one host, unless client and server are the same host: two hosts of a role are not
    /// covered.
    fn without_foreign_loopback(&self, rules: Vec<usize>, query: &RuleQuery) -> Vec<usize> {
        self.kept(rules, |rule| query.is_same_host || !rule.rule.loopback)
    }

    fn applicable(&self, query: &RuleQuery) -> Vec<usize> {
        self.kept(self.matching(query), |rule| rule.applies)
    }

    fn forbids(&self, at: usize) -> bool {
        let rule = self.policy.rules.get(at);
        rule.is_some_and(|rule| rule.rule.presence.forbids())
    }

    /// The first exception that covers the flow.
    fn exception(&self, flow: &Flow) -> Option<usize> {
        let mut exceptions = self.policy.exceptions.iter();
        exceptions.position(|one| one.holds(self.today) && one.is_about(flow))
    }

    /// The exception that covered the flow until its last day, the latest of them.
    fn ended_exception(&self, flow: &Flow) -> Option<usize> {
        let exceptions = self.policy.exceptions.iter().enumerate();
        exceptions
            .filter(|(_, one)| !one.holds(self.today) && one.is_about(flow))
            .max_by_key(|(_, one)| one.exception.until)
            .map(|(at, _)| at)
    }

    /// As [`Self::nearest`], cached for flows with equal queries.
    fn nearest_cached(&mut self, query: &RuleQuery) -> (Mismatch, Vec<usize>) {
        if let Some(known) = self.nearest.get(query) {
            return known.clone();
        }
        let nearest = self.nearest(query);
        if self.nearest.len() < MAX_NEAREST_KEPT {
            self.nearest.insert(*query, nearest.clone());
        }
        nearest
    }

    /// The one property in which the flow differs from rules, and the first rules that differ in nothing else.
    fn nearest(&self, query: &RuleQuery) -> (Mismatch, Vec<usize>) {
        // In order of precedence: the first reason for which there is a rule is reported.
        let tests: [(Mismatch, &dyn Fn() -> Vec<usize>); 6] = [
            (Mismatch::Unresolved, &|| self.unresolved(query)),
            (Mismatch::Condition, &|| {
                self.kept(self.matching(query), |rule| !rule.applies)
            }),
            (Mismatch::Direction, &|| {
                // A wide range says nothing of which end is which: nearly any port is in it.
                let mut rules = self.applicable(&query.reversed());
                rules.retain(|at| !query.transport.has_ports() || self.names(*at, query.port));
                rules
            }),
            (Mismatch::Transport, &|| self.other_transports(query)),
            (Mismatch::Peer, &|| {
                let RuleQuery {
                    transport,
                    port,
                    client,
                    server,
                    is_same_host: _,
                } = *query;
                let rules = self
                    .index
                    .rules_of_one_side(transport, port, client, server);
                self.kept(rules, |rule| rule.applies && !rule.rule.loopback)
            }),
            (Mismatch::Port, &|| {
                self.kept(self.between(query), |rule| {
                    rule.applies && rule.rule.transport == query.transport
                })
            }),
        ];
        for (reason, rules) in tests {
            let mut rules = rules();
            rules.retain(|at| !self.forbids(*at));
            if !rules.is_empty() {
                rules.truncate(NEAREST);
                return (reason, rules);
            }
        }
        // That a port is in a wide range says as little here, and what forbids it is no rule to put more hosts under.
        let mut naming = self.index.rules_with_port(query.transport, query.port);
        naming.retain(|at| {
            !self.forbids(*at) && (!query.transport.has_ports() || self.names(*at, query.port))
        });
        naming.truncate(NEAREST);
        if naming.is_empty() {
            (Mismatch::Port, naming)
        } else {
            (Mismatch::Roles, naming)
        }
    }

    /// The rules that would allow the flow if roles without any address were its ends'.
    fn unresolved(&self, query: &RuleQuery) -> Vec<usize> {
        let may_hold = |side: &Side, class: AddressClass| {
            let is_on = |side| self.index.sides(class).contains(&side);
            !side.unresolved.is_empty() || u32::try_from(side.index).is_ok_and(is_on)
        };
        let with_port = self.index.rules_with_port(query.transport, query.port);
        let rules = self.kept(with_port, |rule| {
            rule.applies
                && may_hold(&rule.client, query.client)
                && may_hold(&rule.server, query.server)
        });
        self.without_foreign_loopback(rules, query)
    }

    /// The rules that allow the port between these hosts over another transport.
    fn other_transports(&self, query: &RuleQuery) -> Vec<usize> {
        if !query.transport.has_ports() {
            return Vec::new();
        }
        let others = [Transport::Tcp, Transport::Udp, Transport::Sctp];
        let mut rules: Vec<usize> = others
            .into_iter()
            .filter(|transport| *transport != query.transport)
            .flat_map(|transport| {
                self.applicable(&RuleQuery {
                    transport,
                    ..*query
                })
            })
            .collect();
        rules.sort_unstable();
        rules
    }
}

/// The day on which the window began, by which exceptions hold.
pub(super) fn today(observed: &Observed) -> Date {
    let start = observed.dates.of(observed.window.start);
    start.to_zoned(TimeZone::UTC).date()
}

/// Whether a flow is of replies to an echo of which no request was seen.
const fn is_echo_of_nothing(flow: &Flow) -> bool {
    matches!(flow.protocol, protocol::ICMP | protocol::ICMPV6)
        && !matches!(flow.evidence, Evidence::Group)
        && flow.requests == 0
        && flow.to_server.packets == 0
        && 0 < flow.to_client.packets
}

/// Whether a flow is of datagrams of this host alone that may as well be questions, since its first packet was this host's: they are
/// taken for answers where a question to that port made room just before.
fn is_answer_by_chance(flow: &Flow) -> bool {
    let client_may_serve = flow.client_port.is_some_and(|port| port < EPHEMERAL_FROM);
    flow.is_answer()
        && matches!(flow.evidence, Evidence::Listener | Evidence::Documented)
        && flow.to_server.packets == 0
        && 0 < flow.to_client.packets
        && client_may_serve
}

/// Whether the questions of a flow of answers may have gone unseen: before the watch, in a gap, or by an interface that is not
/// watched.
fn may_be_unseen(observed: &Observed, flow: &Flow) -> bool {
    let host = &observed.host;
    host.fleet.is_some()
        || !host.unwatched.is_empty()
        || !observed.gaps.is_empty()
        || !observed.opens(&flow.interface, flow.last)
}

/// How much it matters that a flow is not documented. What was let in, or may have been, is a violation; an attempt that came
/// to nothing is a warning.
fn severity(flow: &Flow, outcome: Outcome, host: &Host) -> Severity {
    let is_stream = matches!(flow.protocol, protocol::TCP | protocol::SCTP);
    let is_own_server = host.has(flow.server);
    let arrived_nowhere = is_own_server
        && !host.is_captured
        && flow.transport().is_some_and(|transport| {
            transport.has_ports() && !host.listens_at(transport, flow.server, flow.port)
        });
    let is_silent = |counters: DirectionCounters| counters.telling() == 0;
    let came_to_nothing = match outcome {
        Outcome::Established | Outcome::OneWay => false,
        // What a kernel says to any opening is no conversation, and its sender may be made up.
        Outcome::Refused | Outcome::Accepted => true,
        // A datagram needs no answer to have moved data; a packet with more headers than are followed may be anything.
        Outcome::Attempted => is_stream || arrived_nowhere || is_unread(flow),
        // What a server of this host says to one whose packets pass elsewhere, that one asked for; what comes in unasked, or
        // is accepted and does not go on, proves nothing.
        Outcome::Unknown => {
            !is_own_server || is_silent(flow.to_client) || !is_silent(flow.to_server)
        }
    };
    if came_to_nothing {
        Severity::Warning
    } else {
        Severity::Violation
    }
}

#[cfg(test)]
mod tests;
