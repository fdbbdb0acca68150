//! One flow to its verdict.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

use auditor_common::{Evidence, port::protocol};
use jiff::{civil::Date, tz::TimeZone};

use super::{
    index::{AddressClass, Index},
    policy::{Policy, PolicyRule, has_port},
    verdict::{FlowFinding, FlowVerdict, Mismatch, Severity},
};
use crate::{
    deployment::Exception,
    matrix::Presence,
    observed::{Endpoints, Flow, Observed, Outcome},
    transport::Transport,
};

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
    today: Date,
    /// The classes of the addresses of the flows so far.
    classes: HashMap<IpAddr, AddressClass>,
    /// For each side of the rules, how many other hosts with any traffic are on it.
    hosts_with_traffic: Vec<usize>,
    /// A cache of the nearest rules of earlier flows: unexpected flows often share a query.
    nearest: HashMap<RuleQuery, (Mismatch, Vec<usize>)>,
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

impl<'a> Judge<'a> {
    pub(super) fn new(policy: &'a Policy, observed: &'a Observed) -> Self {
        Self {
            policy,
            observed,
            index: Index::new(policy, &observed.host),
            today: observed
                .dates
                .of(observed.window.start)
                .to_zoned(TimeZone::UTC)
                .date(),
            classes: HashMap::new(),
            hosts_with_traffic: vec![0; policy.sides.len()],
            nearest: HashMap::new(),
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
        let finding = |verdict, severity| FlowFinding {
            verdict,
            severity,
            outcome,
            benefit_of_doubt: false,
        };
        let query = self.query(flow, flow.endpoints());
        let (forbidding, allowing) = self.matching_rules(query);
        if !allowing.is_empty() {
            return finding(FlowVerdict::Documented { rules: allowing }, Severity::Fine);
        }
        // The real endpoints behind a translation may be documented where the apparent ones are not; all of them must be.
        let real: Vec<RuleQuery> = flow
            .translated
            .iter()
            .filter_map(|endpoints| self.query(flow, *endpoints))
            .collect();
        let of_real: Vec<Vec<usize>> = real
            .iter()
            .map(|query| self.matching_rules(Some(*query)).1)
            .collect();
        if !of_real.is_empty() && of_real.iter().all(|rules| !rules.is_empty()) {
            let rules: BTreeSet<usize> = of_real.into_iter().flatten().collect();
            let rules = rules.into_iter().collect();
            return finding(FlowVerdict::Documented { rules }, Severity::Fine);
        }
        let undocumented = real
            .iter()
            .zip(&of_real)
            .find(|(_, rules)| rules.is_empty());
        let undocumented = undocumented.map(|(query, _)| *query).or(query);
        if let Some(exception) = self.exception(flow) {
            return finding(FlowVerdict::Excepted { exception }, Severity::Fine);
        }
        if self.policy.housekeeping && is_housekeeping(flow) {
            return finding(FlowVerdict::Housekeeping, Severity::Fine);
        }
        // Evidence weaker than a handshake or a listener may have confused client and server, so a rule for the opposite
        // direction allows the flow as well.
        if Evidence::Listener < flow.evidence {
            let mut rules = query.map_or_else(Vec::new, |query| self.applicable(&query.reversed()));
            rules.retain(|at| !self.forbids(*at));
            if !rules.is_empty() {
                let verdict = FlowVerdict::Documented { rules };
                return FlowFinding {
                    benefit_of_doubt: true,
                    ..finding(verdict, Severity::Fine)
                };
            }
        }
        // A TCP attempt that was not accepted moved no data; everything else did, or may have.
        let is_failed_attempt = flow.protocol == protocol::TCP && outcome != Outcome::Established;
        let severity = match (ended_before, is_failed_attempt) {
            (true, _) => Severity::Fine,
            (false, true) => Severity::Warning,
            (false, false) => Severity::Violation,
        };
        if !forbidding.is_empty() {
            return finding(FlowVerdict::Forbidden { rules: forbidding }, severity);
        }
        let (reason, nearest) = match undocumented {
            None => (Mismatch::Port, Vec::new()),
            Some(query) => self.nearest_cached(&query),
        };
        finding(FlowVerdict::Unexpected { reason, nearest }, severity)
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
        if !self.observed.host.addresses.contains(&address) {
            for side in self.index.sides(class) {
                if let Some(n_hosts) = self.hosts_with_traffic.get_mut(*side as usize) {
                    *n_hosts += 1;
                }
            }
        }
        class
    }

    /// The query of a flow with these endpoints; `None` for protocols that no rule can name.
    fn query(&mut self, flow: &Flow, endpoints: Endpoints) -> Option<RuleQuery> {
        let own = &self.observed.host.addresses;
        let is_own = |address| own.contains(address);
        Some(RuleQuery {
            transport: flow.transport()?,
            port: endpoints.port,
            client: self.class(endpoints.client),
            server: self.class(endpoints.server),
            is_same_host: is_own(&endpoints.client) && is_own(&endpoints.server),
        })
    }

    /// The rules that match the query and apply: those that forbid it, and those that allow it.
    fn matching_rules(&self, query: Option<RuleQuery>) -> (Vec<usize>, Vec<usize>) {
        let matching = query.map_or_else(Vec::new, |query| self.applicable(&query));
        matching.into_iter().partition(|at| self.forbids(*at))
    }

    /// The rules of a list that pass a test.
    fn kept(&self, mut rules: Vec<usize>, is_kept: impl Fn(&PolicyRule) -> bool) -> Vec<usize> {
        rules.retain(|at| self.policy.rules.get(*at).is_some_and(&is_kept));
        rules
    }

    /// The rules that match the query, whether or not their conditions hold.
    fn matching(&self, query: &RuleQuery) -> Vec<usize> {
        let rules = self
            .index
            .rules(query.transport, query.port, query.client, query.server);
        self.without_foreign_loopback(rules, query)
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
        rule.is_some_and(|rule| rule.rule.presence == Presence::Forbidden)
    }

    /// The first exception that covers the flow.
    fn exception(&self, flow: &Flow) -> Option<usize> {
        let has_traffic = |exception: &Exception| {
            exception
                .transport
                .is_none_or(|transport| flow.transport() == Some(transport))
                && exception
                    .ports
                    .as_ref()
                    .is_none_or(|ports| has_port(ports, flow.port))
        };
        self.policy.exceptions.iter().position(|exception| {
            exception.covers(flow.client, flow.server, has_traffic, self.today)
        })
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
        let tests: [(Mismatch, &dyn Fn() -> Vec<usize>); 5] = [
            (Mismatch::Condition, &|| {
                self.kept(self.matching(query), |rule| !rule.applies)
            }),
            (Mismatch::Direction, &|| self.applicable(&query.reversed())),
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
                let rules = self.index.rules_between(query.client, query.server);
                self.kept(self.without_foreign_loopback(rules, query), |rule| {
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
        (Mismatch::Port, Vec::new())
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

/// Whether this is traffic that every network has by itself: neighbour and router discovery, multicast membership, address
/// assignment, and the errors that ICMP reports about other flows.
fn is_housekeeping(flow: &Flow) -> bool {
    match flow.protocol {
        protocol::IGMP => true,
        // Unreachable, source quench, redirect, router discovery, time exceeded, parameter problem: RFC 792, RFC 1256.
        protocol::ICMP => matches!(flow.port, 3 | 4 | 5 | 9 | 10 | 11 | 12),
        // Errors (RFC 4443), multicast listeners (RFC 2710, RFC 3810), neighbour discovery (RFC 4861).
        protocol::ICMPV6 => matches!(flow.port, 1..=4 | 130..=137 | 143),
        // DHCP (RFC 2131) and DHCPv6 (RFC 8415), whichever side was taken for the server.
        protocol::UDP => matches!(flow.port, 67 | 68 | 546 | 547),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
