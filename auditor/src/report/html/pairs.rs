//! Pairs of roles, each counted once: roles that differ in letter case alone are one, and one that consists of others is shown
//! as those.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::super::schema::{Flow, FlowVerdict, Report, Rule, RuleVerdict, Severity};
use crate::address::AddressSet;

/// The rules and flows between a client role and a server role.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub(super) rules: usize,
    pub(super) flows: usize,
    pub(super) worst: Option<Severity>,
    /// Whether a rule between them was observed.
    pub(super) is_observed: bool,
    pub(super) packets: u64,
}

/// The name for peers in no role.
pub(super) const NOBODY: &str = "in no role";

/// How a report's roles are shown.
pub(super) struct RolePairs {
    /// Each role by its name in lower case, with what it is shown as.
    shown: BTreeMap<String, Vec<String>>,
}

impl RolePairs {
    pub(super) fn of(report: &Report) -> Self {
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let of_rules = report
            .rules
            .iter()
            .flat_map(|rule| rule.client.iter().chain(&rule.server));
        let of_flows = report
            .flows
            .iter()
            .flat_map(|flow| flow.client_roles.iter().chain(&flow.server_roles));
        for name in of_rules.chain(of_flows) {
            names
                .entry(name.to_lowercase())
                .or_insert_with(|| name.clone());
        }
        let roles = report.basis.as_ref().map(|basis| &basis.roles);
        let sets: BTreeMap<String, AddressSet> = roles
            .into_iter()
            .flatten()
            .filter(|(name, _)| names.contains_key(&name.to_lowercase()))
            .filter_map(|(name, ranges)| Some((name.to_lowercase(), set(ranges)?)))
            .collect();
        let shown = names
            .iter()
            .map(|(key, name)| {
                let parts = parts(key, &sets);
                let shown = if parts.is_empty() {
                    vec![name.clone()]
                } else {
                    let names = parts.iter().filter_map(|part| names.get(*part).cloned());
                    names.collect()
                };
                (key.clone(), shown)
            })
            .collect();
        Self { shown }
    }

    /// What roles of a rule are shown as.
    fn of_rule(&self, roles: &[String]) -> BTreeSet<String> {
        let shown = roles.iter().flat_map(|role| {
            let shown = self.shown.get(&role.to_lowercase());
            shown.cloned().unwrap_or_else(|| vec![role.clone()])
        });
        named(shown.collect())
    }

    /// What roles of an address are shown as: of one that consists of others, the address has one of those as well.
    fn of_address(&self, roles: &[String]) -> BTreeSet<String> {
        let shown = roles.iter().filter_map(|role| {
            match self.shown.get(&role.to_lowercase()).map(Vec::as_slice) {
                Some([one]) => Some(one.clone()),
                Some(_) => None,
                None => Some(role.clone()),
            }
        });
        named(shown.collect())
    }

    /// The pairs of a rule, client first.
    pub(super) fn rule(&self, rule: &Rule) -> Vec<(String, String)> {
        product(&self.of_rule(&rule.client), &self.of_rule(&rule.server))
    }

    /// The pairs of a flow, client first.
    pub(super) fn flow(&self, flow: &Flow) -> Vec<(String, String)> {
        product(
            &self.of_address(&flow.client_roles),
            &self.of_address(&flow.server_roles),
        )
    }

    /// All pairs that a rule or a flow is about.
    pub(super) fn cells(&self, report: &Report) -> BTreeMap<(String, String), Cell> {
        let mut cells: BTreeMap<(String, String), Cell> = BTreeMap::new();
        for rule in &report.rules {
            for pair in self.rule(rule) {
                let cell = cells.entry(pair).or_default();
                cell.rules += 1;
                cell.worst = cell.worst.max(Some(rule.severity));
                cell.is_observed |= rule.verdict == RuleVerdict::Observed;
            }
        }
        // Housekeeping traffic is left out: every network has it, between whichever roles.
        let is_said = |flow: &&Flow| flow.verdict != FlowVerdict::Housekeeping;
        for flow in report.flows.iter().filter(is_said) {
            for pair in self.flow(flow) {
                let cell = cells.entry(pair).or_default();
                cell.flows += 1;
                cell.worst = cell.worst.max(Some(flow.severity));
                cell.packets += flow.to_server.packets + flow.to_client.packets;
            }
        }
        // Of those that are alike and not listed, the first that is listed says whose they are.
        for pattern in &report.patterns {
            let first = pattern.listed.first().and_then(|at| report.flows.get(*at));
            for pair in first.map(|flow| self.flow(flow)).unwrap_or_default() {
                let listed: u64 = pattern
                    .listed
                    .iter()
                    .filter_map(|at| report.flows.get(*at))
                    .map(|flow| flow.to_server.packets + flow.to_client.packets)
                    .sum();
                let cell = cells.entry(pair).or_default();
                cell.flows += pattern.flows.saturating_sub(pattern.listed.len());
                cell.packets += pattern.counted.packets.saturating_sub(listed);
            }
        }
        cells
    }
}

fn named(mut roles: BTreeSet<String>) -> BTreeSet<String> {
    if roles.is_empty() {
        roles.insert(NOBODY.to_owned());
    }
    roles
}

fn product(clients: &BTreeSet<String>, servers: &BTreeSet<String>) -> Vec<(String, String)> {
    let pair = |client: &String| {
        let client = client.clone();
        servers
            .iter()
            .map(move |server| (client.clone(), server.clone()))
    };
    clients.iter().flat_map(pair).collect()
}

/// The other roles that a role consists of: those within it that are the widest, if together they are all of it.
fn parts<'a>(name: &str, sets: &'a BTreeMap<String, AddressSet>) -> Vec<&'a str> {
    let Some(whole) = sets.get(name).filter(|set| !set.is_empty()) else {
        return Vec::new();
    };
    let is_within = |one: &AddressSet, other: &AddressSet| !one.has_beyond(other);
    let within: Vec<(&String, &AddressSet)> = sets
        .iter()
        .filter(|(_, set)| !set.is_empty() && *set != whole && is_within(set, whole))
        .collect();
    let widest: Vec<&(&String, &AddressSet)> = within
        .iter()
        .filter(|(_, one)| {
            let is_wider =
                |(_, other): &&(&String, &AddressSet)| other != one && is_within(one, other);
            !within.iter().any(|other| is_wider(&other))
        })
        .collect();
    let mut together = AddressSet::default();
    for (_, set) in &widest {
        together.extend(set);
    }
    if together != *whole {
        return Vec::new();
    }
    widest.iter().map(|(name, _)| name.as_str()).collect()
}

/// The addresses that a report lists for a role; `None` where it does not list all of them.
fn set(ranges: &[String]) -> Option<AddressSet> {
    let mut set = AddressSet::default();
    for range in ranges {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let [first, last] = [first, last].map(|end| end.parse::<IpAddr>().ok());
        set.insert_range(first?, last?);
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use super::{super::super::tests::report, RolePairs};

    #[test]
    fn each_pair_is_counted_once() {
        let mut report = report();
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        let basis = report.basis.as_mut().unwrap();
        for (role, ranges) in [
            (
                "All nodes",
                ["10.0.0.1-10.0.0.2", "10.0.1.0-10.0.1.255"].as_slice(),
            ),
            ("agent", &["10.0.1.0-10.0.1.255"]),
            ("Store", &["10.0.0.1-10.0.0.2"]),
            // Not all of the nodes are in it.
            ("user", &["10.0.1.7-10.0.1.9"]),
            ("anybody", &["any"]),
        ] {
            basis.roles.insert(role.to_owned(), names(ranges));
        }
        let rule = report.rules[0].clone();
        let between = |client: &[&str], server: &[&str]| super::Rule {
            client: names(client),
            server: names(server),
            ..rule.clone()
        };
        report.rules = vec![
            between(&["All nodes"], &["store"]),
            between(&["agent", "All nodes"], &["Store"]),
            between(&["anybody"], &["user"]),
        ];
        report.flows[0].client_roles = names(&["All nodes", "agent"]);
        report.flows[0].server_roles = names(&["All nodes", "Store", "store"]);
        report.flows.truncate(1);
        let pairs = RolePairs::of(&report);
        let cells: Vec<(String, usize, usize)> = pairs
            .cells(&report)
            .into_iter()
            .map(|((client, server), cell)| (format!("{client} {server}"), cell.rules, cell.flows))
            .collect();
        let expected = [
            ("agent store", 2, 1),
            ("anybody user", 1, 0),
            ("store store", 2, 0),
        ];
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(pair, rules, flows)| (pair.to_owned(), rules, flows))
            .collect();
        assert_eq!(cells, expected);
    }
}
