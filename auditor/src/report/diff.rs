//! Compares two reports: what is new, gone and changed in the second.

use std::{collections::BTreeMap, fmt, net::IpAddr};

use super::{
    pattern,
    schema::{Flow, Pattern, Report, Rule},
};

/// One difference between two reports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Difference {
    Appeared {
        what: String,
        now: String,
    },
    Gone {
        what: String,
        before: String,
    },
    Changed {
        what: String,
        before: String,
        now: String,
    },
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Appeared { what, now } => write!(f, "appeared  {what}: {now}"),
            Self::Gone { what, before } => write!(f, "gone      {what}: was {before}"),
            Self::Changed { what, before, now } => write!(f, "changed   {what}: {before} -> {now}"),
        }
    }
}

/// The fields that identify a flow across reports; counters and times differ from one report to the next.
pub(super) type FlowIdentity<'a> = (IpAddr, IpAddr, u8, u16, &'a str, Option<&'a str>);

/// Compares what two reports say of the same host: flows first, then rules, each in order.
pub fn diff(before: &Report, now: &Report) -> Vec<Difference> {
    let flows = differences(by_flow(before), by_flow(now), of_flow, flow_name);
    let rules = of_rules(before, now);
    let alike = differences(by_pattern(before), by_pattern(now), of_pattern, |pattern| {
        pattern::identity(pattern)
    });
    alike.into_iter().chain(flows).chain(rules).collect()
}

/// The differences of what two reports say of rules.
pub(super) fn of_rules(before: &Report, now: &Report) -> Vec<Difference> {
    let name = |rule: &Rule| format!("rule {}", rule.id);
    differences(by_rule(before), by_rule(now), of_rule, name)
}

/// What a flow is called in each report that has it.
pub(super) fn flow_name(flow: &Flow) -> String {
    format!(
        "flow {} -> {} {} on {}",
        flow.client,
        flow.server,
        flow.service(),
        flow.interface
    )
}

pub(super) fn identity(flow: &Flow) -> FlowIdentity<'_> {
    (
        flow.server,
        flow.client,
        flow.protocol,
        flow.port,
        flow.interface.as_str(),
        flow.inside.as_deref(),
    )
}

fn by_flow(report: &Report) -> BTreeMap<FlowIdentity<'_>, &Flow> {
    report
        .flows
        .iter()
        // Those that are alike are compared as one.
        .filter(|flow| flow.pattern.is_none())
        .map(|flow| (identity(flow), flow))
        .collect()
}

fn by_pattern(report: &Report) -> BTreeMap<String, &Pattern> {
    let patterns = report.patterns.iter();
    patterns.map(|one| (pattern::identity(one), one)).collect()
}

/// How far it reaches is news: a scan of more ports, a service that more hosts ask for.
fn of_pattern(pattern: &Pattern) -> String {
    format!(
        "{}, {} clients, {} servers, {} ports",
        pattern.verdict.name(),
        pattern.clients,
        pattern.servers,
        pattern.ports
    )
}

fn by_rule(report: &Report) -> BTreeMap<(&str, &str), &Rule> {
    report
        .rules
        .iter()
        .map(|rule| ((rule.matrix.as_str(), rule.id.as_str()), rule))
        .collect()
}

/// What a report says of a flow.
pub(super) fn of_flow(flow: &Flow) -> String {
    let reason = flow
        .reason
        .map_or_else(String::new, |reason| format!(" ({})", reason.name()));
    format!("{}{reason}, {}", flow.verdict.name(), flow.outcome.name())
}

fn of_rule(rule: &Rule) -> String {
    rule.verdict.name().to_owned()
}

fn differences<K: Ord, T>(
    before: BTreeMap<K, &T>,
    mut now: BTreeMap<K, &T>,
    verdict: impl Fn(&T) -> String,
    name: impl Fn(&T) -> String,
) -> Vec<Difference> {
    let mut found = BTreeMap::new();
    for (key, old) in before {
        let was = verdict(old);
        match now.remove(&key) {
            Some(new) if verdict(new) == was => {}
            Some(new) => {
                let changed = Difference::Changed {
                    what: name(old),
                    before: was,
                    now: verdict(new),
                };
                found.insert(key, changed);
            }
            None => {
                let gone = Difference::Gone {
                    what: name(old),
                    before: was,
                };
                found.insert(key, gone);
            }
        }
    }
    for (key, new) in now {
        let appeared = Difference::Appeared {
            what: name(new),
            now: verdict(new),
        };
        found.insert(key, appeared);
    }
    found.into_values().collect()
}
