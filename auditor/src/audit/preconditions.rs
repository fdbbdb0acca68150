//! What is wrong with a policy before any flow is seen: an audit of it would answer a question that nobody asked.

mod dead;
mod text;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use jiff::{Span, civil::Date};

use super::policy::{Policy, PolicyException, PolicyRule, RoleCheck, Unaddressed};
use crate::{
    address::AddressSet,
    matrix::{Rule, Weight, consists_of},
    nearest::nearest,
    observed::Host,
    role::Role,
};

/// An exception that ends within so many days is near its end.
const NEAR_DAYS: i64 = 14;

/// More rules are not named with one problem.
const MOST_RULES: usize = 3;

/// Something about a policy that makes its verdicts wrong or empty.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PolicyProblem {
    /// None of this host's addresses is in a role.
    HostWithoutRole { addresses: Vec<IpAddr> },
    /// No rule that holds here names a role of this host.
    HostWithoutRule { roles: Vec<Role> },
    /// A role of rules has no address.
    RoleWithoutAddress {
        role: Role,
        rules: RuleNames,
        why: Unaddressed,
        /// A role of the deployment that no rule knows, and that may be meant.
        nearest: Option<Role>,
        /// The roles of which it may consist, by its name.
        parts: Vec<Role>,
        /// Whether a verdict of this host depends on it.
        is_ours: bool,
    },
    /// A role of the deployment that nothing refers to.
    RoleOfNoRule { role: Role, nearest: Option<Role> },
    /// A condition of the deployment that no rule has.
    ConditionOfNoRule {
        condition: String,
        /// A condition of rules that the deployment does not set, and that may be meant.
        nearest: Option<String>,
    },
    /// A condition of rules that the deployment does not set.
    ConditionNotSet { condition: String, rules: RuleNames },
    /// An exception whose last day is over.
    ExceptionEnded { reason: String, until: Date },
    /// An exception whose last day is near.
    ExceptionEnds { reason: String, until: Date },
    /// An exception for a client or a server without any address.
    ExceptionWithoutAddress { reason: String, end: &'static str },
    /// Clients and servers of a rule are one and the same host, so its traffic passes no network.
    RuleOfOneHost { rules: RuleNames, address: IpAddr },
    /// The clients of a rule have only addresses of one family, its servers only of the other.
    RuleOfTwoFamilies { rules: RuleNames },
    /// Another rule forbids all that a rule allows.
    RuleForbidden { rules: RuleNames, by: String },
    /// The clients of a rule are groups or broadcast addresses, which never ask.
    RuleOfGroups { rules: RuleNames },
    /// An end of a rule is on the loopback alone, whose traffic passes no network.
    RuleOfLoopback { rules: RuleNames },
    /// An exception between clients of one family of addresses and servers of the other.
    ExceptionOfTwoFamilies { reason: String },
    /// An exception for what a rule allows anyway.
    ExceptionDocumented { reason: String, rule: String },
    /// An exception for what another one covers as long.
    ExceptionRepeated { reason: String, other: String },
    /// A host name of the deployment has no address.
    NameWithoutAddress { name: String, problem: String },
}

/// The first rules that a problem is about, and how many there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RuleNames {
    first: Vec<String>,
    n_rules: usize,
}

impl RuleNames {
    fn add(&mut self, label: &str) {
        self.n_rules += 1;
        if self.first.len() < MOST_RULES {
            self.first.push(label.to_owned());
        }
    }
}

impl PolicyProblem {
    /// Whether verdicts are wrong because of it, or a person should merely look.
    pub const fn weight(&self) -> Weight {
        match self {
            Self::HostWithoutRole { .. }
            | Self::RoleWithoutAddress { is_ours: true, .. }
            | Self::RoleWithoutAddress {
                nearest: Some(_), ..
            }
            | Self::ConditionOfNoRule {
                nearest: Some(_), ..
            }
            | Self::ExceptionWithoutAddress { .. }
            | Self::ExceptionOfTwoFamilies { .. }
            | Self::RuleForbidden { .. }
            | Self::RuleOfGroups { .. }
            | Self::RuleOfTwoFamilies { .. } => Weight::Wrong,
            Self::HostWithoutRule { .. }
            | Self::RoleWithoutAddress { .. }
            | Self::RoleOfNoRule { .. }
            | Self::ConditionOfNoRule { .. }
            | Self::ConditionNotSet { .. }
            | Self::ExceptionEnded { .. }
            | Self::ExceptionEnds { .. }
            | Self::ExceptionDocumented { .. }
            | Self::ExceptionRepeated { .. }
            | Self::RuleOfOneHost { .. }
            | Self::RuleOfLoopback { .. }
            | Self::NameWithoutAddress { .. } => Weight::Doubtful,
        }
    }
}

/// Finds what is wrong with a policy on this day, the gravest first.
pub fn problems(policy: &Policy, host: &Host, today: Date) -> Vec<PolicyProblem> {
    // Without a deployment every peer may play any role: nothing is resolved, so nothing of this can be wrong.
    if policy.check != RoleCheck::Addresses {
        return Vec::new();
    }
    let mut problems = Vec::new();
    host_problems(policy, host, &mut problems);
    role_problems(policy, &mut problems);
    condition_problems(policy, &mut problems);
    for exception in &policy.exceptions {
        exception_problems(exception, today, &mut problems);
    }
    dead::exceptions(policy, today, &mut problems);
    rule_problems(policy, &mut problems);
    dead::rules(policy, &mut problems);
    for (name, problem) in policy.lookup_failures() {
        problems.push(PolicyProblem::NameWithoutAddress {
            name: name.to_owned(),
            problem: problem.to_owned(),
        });
    }
    problems.sort_by_key(PolicyProblem::weight);
    problems
}

fn host_problems(policy: &Policy, host: &Host, problems: &mut Vec<PolicyProblem>) {
    if policy.is_of_no_role(host) {
        problems.push(PolicyProblem::HostWithoutRole {
            addresses: host
                .addresses
                .iter()
                .copied()
                .filter(|address| !address.is_loopback() && !is_link_local(*address))
                .collect(),
        });
        return;
    }
    if host.is_captured && host.addresses.is_empty() {
        return;
    }
    let is_about_us =
        |rule: &PolicyRule| rule.applies && (rule.client.is_ours || rule.server.is_ours);
    if !policy.rules.iter().any(is_about_us) {
        problems.push(PolicyProblem::HostWithoutRule {
            roles: policy.own_roles.clone(),
        });
    }
}

const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

fn role_problems(policy: &Policy, problems: &mut Vec<PolicyProblem>) {
    let mut without: BTreeMap<&Role, (RuleNames, bool)> = BTreeMap::new();
    for rule in policy.rules.iter().filter(|rule| rule.applies) {
        // A rule that has the role on both sides is one.
        let roles: BTreeSet<&Role> = [&rule.client, &rule.server]
            .into_iter()
            .flat_map(|side| &side.unresolved)
            .collect();
        for role in roles {
            without.entry(role).or_default().0.add(&rule.label);
        }
        for (side, other) in [(&rule.client, &rule.server), (&rule.server, &rule.client)] {
            for role in &side.unresolved {
                let (_, is_ours) = without.entry(role).or_default();
                *is_ours |= other.is_ours || other.is_unresolved();
            }
        }
    }
    let idle: Vec<&Role> = policy.idle_roles().collect();
    let known: Vec<&Role> = policy
        .rules
        .iter()
        .flat_map(|rule| rule.rule.client.iter().chain(&rule.rule.server))
        .collect();
    let others: BTreeSet<&Role> = known.iter().copied().collect();
    let rules: Vec<&Rule> = policy.rules.iter().map(|rule| &rule.rule).collect();
    let mut meant: Vec<&Role> = Vec::new();
    for (role, (of_role, is_ours)) in &without {
        let nearest = nearest(role.name(), &idle, |role| role.name());
        meant.extend(nearest);
        problems.push(PolicyProblem::RoleWithoutAddress {
            role: (*role).clone(),
            rules: of_role.clone(),
            why: policy.unaddressed(role),
            nearest: nearest.cloned(),
            parts: consists_of(role, &others, &rules)
                .into_iter()
                .cloned()
                .collect(),
            is_ours: *is_ours,
        });
    }
    for role in idle {
        if !meant.contains(&role) {
            problems.push(PolicyProblem::RoleOfNoRule {
                role: role.clone(),
                nearest: nearest(role.name(), &known, |role| role.name()).cloned(),
            });
        }
    }
}

fn condition_problems(policy: &Policy, problems: &mut Vec<PolicyProblem>) {
    let mut of_rules: BTreeMap<&str, RuleNames> = BTreeMap::new();
    for rule in &policy.rules {
        if let Some(when) = &rule.rule.when {
            of_rules.entry(when).or_default().add(&rule.label);
        }
    }
    let is_set = |name: &str| policy.conditions.contains_key(name);
    let unset: Vec<&str> = of_rules
        .keys()
        .copied()
        .filter(|name| !is_set(name))
        .collect();
    for condition in policy.conditions.keys() {
        if !of_rules.contains_key(condition.as_str()) {
            problems.push(PolicyProblem::ConditionOfNoRule {
                condition: condition.clone(),
                nearest: nearest(condition, &unset, |name| name).map(str::to_owned),
            });
        }
    }
    for condition in unset {
        problems.push(PolicyProblem::ConditionNotSet {
            condition: condition.to_owned(),
            rules: of_rules.get(condition).cloned().unwrap_or_default(),
        });
    }
}

fn exception_problems(exception: &PolicyException, today: Date, problems: &mut Vec<PolicyProblem>) {
    let reason = exception.exception.reason.clone();
    if let Some(until) = exception.exception.until {
        let near = today.saturating_add(Span::new().days(NEAR_DAYS));
        if until < today {
            problems.push(PolicyProblem::ExceptionEnded { reason, until });
            return;
        }
        if until <= near {
            let reason = reason.clone();
            problems.push(PolicyProblem::ExceptionEnds { reason, until });
        }
    }
    let [client, server] = exception.addresses();
    for (end, addresses) in [("client", client), ("server", server)] {
        if addresses.is_empty() {
            let reason = reason.clone();
            problems.push(PolicyProblem::ExceptionWithoutAddress { reason, end });
        }
    }
}

fn rule_problems(policy: &Policy, problems: &mut Vec<PolicyProblem>) {
    let mut of_one_host: BTreeMap<IpAddr, RuleNames> = BTreeMap::new();
    let mut of_two_families = RuleNames::default();
    let may_match = |rule: &Rule| !rule.loopback && !rule.presence.forbids();
    let rules = policy.rules.iter().filter(|rule| rule.applies);
    for rule in rules.filter(|rule| may_match(&rule.rule)) {
        let (Some(clients), Some(servers)) = (&rule.client.addresses, &rule.server.addresses)
        else {
            continue;
        };
        let one = |addresses: &AddressSet| addresses.only();
        if let (Some(client), Some(server)) = (one(clients), one(servers))
            && client == server
        {
            of_one_host.entry(client).or_default().add(&rule.label);
        }
        let families = |addresses: &AddressSet| (addresses.has_ipv4(), addresses.has_ipv6());
        if matches!(
            (families(clients), families(servers)),
            ((true, false), (false, true)) | ((false, true), (true, false))
        ) {
            of_two_families.add(&rule.label);
        }
    }
    for (address, rules) in of_one_host {
        problems.push(PolicyProblem::RuleOfOneHost { rules, address });
    }
    if 0 < of_two_families.n_rules {
        problems.push(PolicyProblem::RuleOfTwoFamilies {
            rules: of_two_families,
        });
    }
}

#[cfg(test)]
mod tests;
