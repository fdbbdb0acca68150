//! Flows of a report that a reader would say one thing of, told as one: what `pattern.rs` does with findings.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    pattern,
    schema::{Flow, Report},
};

/// Flows that are alike, or one by itself.
#[derive(Debug)]
pub struct Alike<'a> {
    pub flows: Vec<&'a Flow>,
    /// Who asked whom for what: `10.0.0.7 -> 10.0.0.1 tcp/22`, `9 hosts asked 10.0.0.1 (this host, web) for tcp/22`.
    pub said: String,
}

/// Those of a report's flows that are alike, the most first, and then the others, in order.
pub fn alike<'a>(report: &Report, flows: &[&'a Flow]) -> Vec<Alike<'a>> {
    // What is carried is not what others are that are not carried.
    let mut by_tunnel: BTreeMap<Option<&str>, Vec<&'a Flow>> = BTreeMap::new();
    for flow in flows {
        by_tunnel
            .entry(flow.inside.as_deref())
            .or_default()
            .push(flow);
    }
    let (mut groups, mut alone) = (Vec::new(), Vec::new());
    for (tunnel, flows) in by_tunnel {
        let mut left: BTreeSet<usize> = (0..flows.len()).collect();
        let inside = tunnel.map_or_else(String::new, |tunnel| format!(" inside {tunnel}"));
        for (pattern, members) in pattern::of_report(report, &flows) {
            left.retain(|at| !members.contains(at));
            groups.push(Alike {
                said: format!("{}{inside}", pattern::said(report, &pattern)),
                flows: members
                    .iter()
                    .filter_map(|at| flows.get(*at).copied())
                    .collect(),
            });
        }
        let left = left.iter().filter_map(|at| flows.get(*at).copied());
        alone.extend(left.map(|flow| Alike {
            said: format!("{} -> {} {}", flow.client, flow.server, flow.service()),
            flows: vec![flow],
        }));
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.flows.len()));
    groups.extend(alone);
    groups
}
