//! One flow to its verdict.

use std::net::IpAddr;

use auditor_common::{Evidence, port::protocol};
use jiff::tz::TimeZone;

use super::{
    policy::{Policy, PolicyRule, has_port},
    verdict::{FlowFinding, FlowVerdict, Reason, Severity},
};
use crate::{
    matrix::Presence,
    observed::{Flow, Host, Observed, Outcome},
    transport::Transport,
};

/// How many of the nearest rules are named.
const NEAREST: usize = 3;

pub(super) fn judge(policy: &Policy, observed: &Observed, flow: &Flow) -> FlowFinding {
    let outcome = flow.outcome();
    let finding = |verdict, severity| FlowFinding {
        verdict,
        severity,
        outcome,
        benefit_of_doubt: false,
    };
    let question = Question {
        policy,
        host: &observed.host,
        flow,
    };
    let matching = question.rules(|rule| rule.applies && question.allows(rule));
    let forbids = |index: &usize| {
        policy
            .rules
            .get(*index)
            .is_some_and(|rule| rule.rule.presence == Presence::Forbidden)
    };
    let (forbidding, allowing): (Vec<usize>, Vec<usize>) = matching.into_iter().partition(forbids);
    if !allowing.is_empty() {
        return finding(FlowVerdict::Documented { rules: allowing }, Severity::Fine);
    }
    let today = observed.window.start.to_zoned(TimeZone::UTC).date();
    let covered = policy.exceptions.iter().position(|exception| {
        exception.covers(
            flow.client,
            flow.server,
            |exception| {
                exception
                    .transport
                    .is_none_or(|transport| flow.transport() == Some(transport))
                    && exception
                        .ports
                        .as_ref()
                        .is_none_or(|ports| has_port(ports, flow.port))
            },
            today,
        )
    });
    if let Some(exception) = covered {
        return finding(FlowVerdict::Excepted { exception }, Severity::Fine);
    }
    if policy.housekeeping && is_housekeeping(flow) {
        return finding(FlowVerdict::Housekeeping, Severity::Fine);
    }
    // Evidence weaker than a handshake or a listener may have the ends the wrong way round: the flow has the benefit.
    if Evidence::Listener < flow.evidence {
        let rules = question.rules(|rule| {
            rule.applies
                && rule.rule.presence != Presence::Forbidden
                && question.allows_reversed(rule)
        });
        if !rules.is_empty() {
            let verdict = FlowVerdict::Documented { rules };
            return FlowFinding {
                benefit_of_doubt: true,
                ..finding(verdict, Severity::Fine)
            };
        }
    }
    // A TCP knock that nobody let in moved no data; everything else did, or may have.
    let is_knock = flow.protocol == protocol::TCP && outcome != Outcome::Established;
    let severity = if is_knock {
        Severity::Warning
    } else {
        Severity::Violation
    };
    if !forbidding.is_empty() {
        return finding(FlowVerdict::Forbidden { rules: forbidding }, severity);
    }
    let (reason, nearest) = question.nearest();
    finding(FlowVerdict::Unexpected { reason, nearest }, severity)
}

/// Whether a rule comes near a flow.
type Test<'a> = Box<dyn Fn(&PolicyRule) -> bool + 'a>;

/// One flow against the rules.
struct Question<'a> {
    policy: &'a Policy,
    host: &'a Host,
    flow: &'a Flow,
}

impl Question<'_> {
    fn rules(&self, is_wanted: impl Fn(&PolicyRule) -> bool) -> Vec<usize> {
        self.policy
            .rules
            .iter()
            .enumerate()
            .filter(|(_, rule)| is_wanted(rule))
            .map(|(index, _)| index)
            .collect()
    }

    fn has_transport(&self, rule: &PolicyRule) -> bool {
        self.flow.transport() == Some(rule.rule.transport)
    }

    fn has_port(&self, rule: &PolicyRule) -> bool {
        has_port(&rule.rule.ports, self.flow.port)
    }

    fn has_ends(&self, rule: &PolicyRule, client: IpAddr, server: IpAddr) -> bool {
        let given = self.policy.roles_were_given();
        rule.client.holds(client, self.host, self.policy.check, given)
            && rule.server.holds(server, self.host, self.policy.check, given)
            // A rule for one machine with itself is none for two machines of a role.
            && (!rule.rule.loopback || self.is_own(client) && self.is_own(server))
    }

    fn is_own(&self, address: IpAddr) -> bool {
        self.host.addresses.contains(&address)
    }

    fn allows(&self, rule: &PolicyRule) -> bool {
        self.has_transport(rule)
            && self.has_port(rule)
            && self.has_ends(rule, self.flow.client, self.flow.server)
    }

    fn allows_reversed(&self, rule: &PolicyRule) -> bool {
        self.has_transport(rule)
            && self.has_port(rule)
            && self.has_ends(rule, self.flow.server, self.flow.client)
    }

    /// The one thing that differs, and the rules that differ in nothing else.
    fn nearest(&self) -> (Reason, Vec<usize>) {
        let (client, server) = (self.flow.client, self.flow.server);
        let tests: [(Reason, Test<'_>); 5] = [
            (
                Reason::Condition,
                Box::new(|rule| !rule.applies && self.allows(rule)),
            ),
            (
                Reason::Direction,
                Box::new(|rule| rule.applies && self.allows_reversed(rule)),
            ),
            (
                Reason::Transport,
                Box::new(|rule| {
                    rule.applies
                        && !self.has_transport(rule)
                        && self.flow.transport().is_some_and(Transport::has_ports)
                        && rule.rule.transport.has_ports()
                        && self.has_port(rule)
                        && self.has_ends(rule, client, server)
                }),
            ),
            (
                Reason::Peer,
                Box::new(|rule| {
                    rule.applies
                        && self.has_transport(rule)
                        && self.has_port(rule)
                        && self.has_one_end(rule)
                }),
            ),
            (
                Reason::Port,
                Box::new(|rule| {
                    rule.applies && self.has_transport(rule) && self.has_ends(rule, client, server)
                }),
            ),
        ];
        for (reason, test) in tests {
            let mut rules =
                self.rules(|rule| rule.rule.presence != Presence::Forbidden && test(rule));
            if !rules.is_empty() {
                rules.truncate(NEAREST);
                return (reason, rules);
            }
        }
        (Reason::Port, Vec::new())
    }

    /// Whether exactly one end of the rule fits.
    fn has_one_end(&self, rule: &PolicyRule) -> bool {
        let given = self.policy.roles_were_given();
        let holds =
            |side: &super::Side, address| side.holds(address, self.host, self.policy.check, given);
        !rule.rule.loopback
            && holds(&rule.client, self.flow.client) != holds(&rule.server, self.flow.server)
    }
}

/// What every network does by itself: neighbour and router discovery, multicast membership, address assignment, and
/// the errors that ICMP reports about other flows.
fn is_housekeeping(flow: &Flow) -> bool {
    match flow.protocol {
        protocol::IGMP => true,
        // Unreachable, source quench, redirect, router discovery, time exceeded, parameter problem: RFC 792, RFC 1256.
        protocol::ICMP => matches!(flow.port, 3 | 4 | 5 | 9 | 10 | 11 | 12),
        // Errors (RFC 4443), multicast listeners (RFC 2710, RFC 3810), neighbour discovery (RFC 4861).
        protocol::ICMPV6 => matches!(flow.port, 1..=4 | 130..=137 | 143),
        // DHCP (RFC 2131) and DHCPv6 (RFC 8415), whichever end was taken for the server.
        protocol::UDP => matches!(flow.port, 67 | 68 | 546 | 547),
        _ => false,
    }
}
