//! Rules and exceptions that nothing can ever match, or that say nothing which others do not say.

use std::{collections::BTreeMap, net::IpAddr};

use auditor_common::packet::is_group;
use jiff::civil::Date;

use super::{
    super::policy::{Policy, PolicyException, PolicyRule, port_ranges},
    PolicyProblem, RuleNames,
};
use crate::{
    address::{self, AddressSet},
    deployment::ExceptedProtocol,
    matrix::RulePorts,
    transport::Transport,
};

/// What a rule or an exception is about.
#[derive(Clone, Copy)]
struct Traffic<'a> {
    client: &'a AddressSet,
    server: &'a AddressSet,
    /// Any where there is none.
    protocol: Option<ExceptedProtocol>,
    /// All where there are none.
    ports: Option<&'a RulePorts>,
}

impl<'a> Traffic<'a> {
    fn of_rule(rule: &'a PolicyRule) -> Option<Self> {
        let client = rule.client.addresses.as_ref()?;
        let server = rule.server.addresses.as_ref()?;
        // Of what has no address nothing is known.
        (!client.is_empty() && !server.is_empty()).then_some(Self {
            client,
            server,
            protocol: Some(ExceptedProtocol::Transport(rule.rule.transport)),
            ports: Some(&rule.rule.ports),
        })
    }

    fn of_exception(exception: &'a PolicyException) -> Option<Self> {
        let [client, server] = exception.addresses();
        (!client.is_empty() && !server.is_empty()).then_some(Self {
            client,
            server,
            protocol: exception.exception.protocol,
            ports: exception.exception.ports.as_ref(),
        })
    }

    /// Whether everything of the other is about the same ends and the same protocol.
    fn has_ends_of(&self, other: &Self) -> bool {
        !other.client.has_beyond(self.client)
            && !other.server.has_beyond(self.server)
            && (self.protocol.is_none()
                || self.protocol == other.protocol
                || self.protocol == Some(ExceptedProtocol::Transport(Transport::Icmp))
                    && matches!(other.protocol, Some(ExceptedProtocol::IcmpType(_))))
    }

    /// Whether everything of the other is among this.
    fn has_all_of(&self, other: &Self) -> bool {
        self.has_ends_of(other) && has_ports(&ranges(self.ports), other.ports)
    }
}

fn ranges(ports: Option<&RulePorts>) -> Vec<(u16, u16)> {
    ports.map_or_else(|| vec![(0, u16::MAX)], port_ranges)
}

/// Whether all of the ports are in these ranges, which may overlap.
fn has_ports(ranges: &[(u16, u16)], ports: Option<&RulePorts>) -> bool {
    let mut sorted = ranges.to_vec();
    sorted.sort_unstable();
    self::ranges(ports).into_iter().all(|(first, last)| {
        let mut next = u32::from(first);
        for (from, to) in &sorted {
            if u32::from(*from) <= next {
                next = next.max(u32::from(*to) + 1);
            }
        }
        u32::from(last) < next
    })
}

/// Finds rules that nothing can match, and those of which others forbid everything.
pub(super) fn rules(policy: &Policy, problems: &mut Vec<PolicyProblem>) {
    let applying = || policy.rules.iter().filter(|rule| rule.applies);
    let forbidding: Vec<(&PolicyRule, Traffic<'_>)> = applying()
        .filter(|rule| rule.rule.presence.forbids())
        .filter_map(|rule| Some((rule, Traffic::of_rule(rule)?)))
        .collect();
    let mut forbidden: BTreeMap<&str, RuleNames> = BTreeMap::new();
    let (mut of_groups, mut of_loopback) = (RuleNames::default(), RuleNames::default());
    for rule in applying().filter(|rule| !rule.rule.presence.forbids()) {
        let Some(traffic) = Traffic::of_rule(rule) else {
            continue;
        };
        // Several may forbid all of its ports together.
        let by: Vec<&(&PolicyRule, Traffic<'_>)> = forbidding
            .iter()
            .filter(|(one, of_one)| {
                one.rule.loopback == rule.rule.loopback && of_one.has_ends_of(&traffic)
            })
            .collect();
        let ranges: Vec<(u16, u16)> = by.iter().flat_map(|(_, one)| ranges(one.ports)).collect();
        let whole = by.iter().find(|(_, one)| one.has_all_of(&traffic));
        if let Some((first, _)) = whole.or_else(|| by.first())
            && has_ports(&ranges, traffic.ports)
        {
            forbidden.entry(&first.label).or_default().add(&rule.label);
        }
        if is_within(traffic.client, is_nobodys) {
            of_groups.add(&rule.label);
        }
        let is_local = |addresses| is_within(addresses, |address| address.is_loopback());
        if !rule.rule.loopback && (is_local(traffic.client) || is_local(traffic.server)) {
            of_loopback.add(&rule.label);
        }
    }
    for (by, rules) in forbidden {
        let by = by.to_owned();
        problems.push(PolicyProblem::RuleForbidden { rules, by });
    }
    if 0 < of_groups.n_rules {
        problems.push(PolicyProblem::RuleOfGroups { rules: of_groups });
    }
    if 0 < of_loopback.n_rules {
        problems.push(PolicyProblem::RuleOfLoopback { rules: of_loopback });
    }
}

/// Whether nobody asks by this address.
fn is_nobodys(address: IpAddr) -> bool {
    is_group(&address::to_bytes(address)) || address == IpAddr::from([255; 4])
}

/// Whether all of the addresses are of a kind whose addresses are all in one range each: both ends of a range tell.
fn is_within(addresses: &AddressSet, is_of_kind: impl Fn(IpAddr) -> bool) -> bool {
    let mut ranges = addresses.ranges();
    ranges.all(|(first, last)| is_of_kind(first) && is_of_kind(last))
}

/// Finds exceptions that cover nothing which a rule or another exception does not cover.
pub(super) fn exceptions(policy: &Policy, today: Date, problems: &mut Vec<PolicyProblem>) {
    let holds = |one: &&PolicyException| one.exception.until.is_none_or(|until| today <= until);
    let holding: Vec<&PolicyException> = policy.exceptions.iter().filter(holds).collect();
    for (at, exception) in holding.iter().enumerate() {
        let Some(traffic) = Traffic::of_exception(exception) else {
            continue;
        };
        let reason = exception.exception.reason.clone();
        let families = |addresses: &AddressSet| (addresses.has_ipv4(), addresses.has_ipv6());
        if let ((true, false), (false, true)) | ((false, true), (true, false)) =
            (families(traffic.client), families(traffic.server))
        {
            problems.push(PolicyProblem::ExceptionOfTwoFamilies { reason });
            continue;
        }
        if let Some(rule) = documenting(policy, &traffic) {
            let rule = rule.label.clone();
            problems.push(PolicyProblem::ExceptionDocumented { reason, rule });
            continue;
        }
        let lasts = |one: &PolicyException| one.exception.until.unwrap_or(Date::MAX);
        let repeated = holding.iter().enumerate().find(|(other_at, other)| {
            let Some(of_other) = Traffic::of_exception(other) else {
                return false;
            };
            // Of two that are alike, the later one is told.
            let is_other = *other_at != at
                && (*other_at < at
                    || !traffic.has_all_of(&of_other)
                    || lasts(exception) < lasts(other));
            is_other && lasts(exception) <= lasts(other) && of_other.has_all_of(&traffic)
        });
        if let Some((_, other)) = repeated {
            let other = other.exception.reason.clone();
            problems.push(PolicyProblem::ExceptionRepeated { reason, other });
        }
    }
}

/// The rule that allows all of it, of which no other rule forbids anything.
fn documenting<'a>(policy: &'a Policy, traffic: &Traffic<'_>) -> Option<&'a PolicyRule> {
    let about = || {
        let rules = policy.rules.iter().filter(|rule| rule.applies);
        rules.filter_map(|rule| Some((rule, Traffic::of_rule(rule)?)))
    };
    let forbids = |rule: &PolicyRule, of_rule: &Traffic<'_>| {
        rule.rule.presence.forbids()
            && of_rule.client.meets(traffic.client)
            && of_rule.server.meets(traffic.server)
            && traffic
                .protocol
                .is_none_or(|protocol| match (protocol, of_rule.protocol) {
                    // A rule of ICMP is about its requests of whichever type.
                    (
                        ExceptedProtocol::IcmpType(_),
                        Some(ExceptedProtocol::Transport(Transport::Icmp)),
                    ) => true,
                    (protocol, of_rule) => of_rule == Some(protocol),
                })
    };
    if about().any(|(rule, of_rule)| forbids(rule, &of_rule)) {
        return None;
    }
    about()
        .find(|(rule, of_rule)| {
            // A rule of ICMP allows the echo alone, whose type depends on the version of IP.
            let is_of_type = matches!(traffic.protocol, Some(ExceptedProtocol::IcmpType(_)));
            !rule.rule.presence.forbids()
                && !rule.rule.loopback
                && !is_of_type
                && of_rule.has_all_of(traffic)
        })
        .map(|(rule, _)| rule)
}
