//! Which flows a report lists one by one where they are more than it may hold, and what it says of the others.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    judged::ListingBounds,
    pattern::Patterns,
    proof::FlowProof,
    schema::{self, FlowGroup, FlowsLeftOut},
};
use crate::{
    audit::{FlowFinding, Severity},
    observed::{Dates, Flow, Host, Outcome},
};

/// The flows that are listed.
#[derive(Debug)]
pub(super) struct Listing {
    /// The place in the list of each flow that is in it.
    places: Option<Vec<Option<usize>>>,
}

/// More groups of flows that are not listed are one.
const MOST_GROUPS: usize = 100;

impl Listing {
    /// Lists at most so many flows of this host: first those that a person should look at, then what proves more, what is
    /// graver, and what was seen last. Of those that are alike, and that nobody let in, it lists the
    /// largest.
    pub(super) fn new(
        host: &Host,
        flows: &[Flow],
        findings: &[FlowFinding],
        patterns: &Patterns,
        bounds: ListingBounds,
    ) -> Self {
        let most = bounds.most_flows;
        let mut order: Vec<usize> = (0..flows.len()).collect();
        // The first of those that are alike are those with the most bytes, and of what was let in none is left out for that.
        order.sort_by_cached_key(|at| {
            let bytes = |flow: &Flow| flow.to_server.bytes + flow.to_client.bytes;
            Reverse(flows.get(*at).map_or(0, bytes))
        });
        let mut n_alike: BTreeMap<usize, usize> = BTreeMap::new();
        order.retain(|at| {
            let was_let_in = findings.get(*at).is_some_and(|finding| {
                matches!(finding.outcome, Outcome::Established | Outcome::OneWay)
            });
            patterns
                .of_flow(*at)
                .filter(|_| !was_let_in)
                .is_none_or(|pattern| {
                    let n = n_alike.entry(pattern).or_default();
                    *n += 1;
                    *n <= bounds.most_alike
                })
        });
        order.sort_unstable();
        if flows.len() <= most && order.len() == flows.len() {
            return Self { places: None };
        }
        order.sort_by_cached_key(|at| {
            let (Some(flow), Some(finding)) = (flows.get(*at), findings.get(*at)) else {
                return None;
            };
            let is_established = finding.outcome == Outcome::Established;
            // Grave findings that anybody can bring about by the thousand hide no proven one.
            Some((
                finding.severity < Severity::Warning,
                FlowProof::of(flow.protocol, is_established, host.has(flow.client)),
                Reverse(finding.severity),
                flow.proves_nothing(),
                Reverse(flow.last),
                *at,
            ))
        });
        order.truncate(most);
        order.sort_unstable();
        let mut places = vec![None; flows.len()];
        for (place, at) in order.into_iter().enumerate() {
            if let Some(slot) = places.get_mut(at) {
                *slot = Some(place);
            }
        }
        Self {
            places: Some(places),
        }
    }

    /// The place in the list of a flow; `None` if it is left out.
    pub(super) fn place(&self, at: usize) -> Option<usize> {
        match &self.places {
            None => Some(at),
            Some(places) => places.get(at).copied().flatten(),
        }
    }

    /// What is said of the flows that are left out, where their pattern does not say it.
    pub(super) fn left_out(
        &self,
        flows: &[Flow],
        findings: &[FlowFinding],
        patterns: &Patterns,
        dates: &Dates,
    ) -> Option<FlowsLeftOut> {
        self.places.as_ref()?;
        let mut groups: BTreeMap<Key, Group<'_>> = BTreeMap::new();
        let (mut n_flows, mut n_pressing) = (0, 0);
        for (at, (flow, finding)) in flows.iter().zip(findings).enumerate() {
            if self.place(at).is_some() {
                continue;
            }
            if patterns.of_flow(at).is_some() {
                continue;
            }
            n_flows += 1;
            n_pressing += usize::from(Severity::Warning <= finding.severity);
            let key = Key {
                severity: Reverse(finding.severity),
                verdict: schema::FlowVerdict::from(&finding.verdict).name(),
                protocol: flow.protocol,
                port: flow.port,
            };
            let group = groups.entry(key).or_default();
            group.flows.push(flow);
            group.verdict = Some((&finding.verdict).into());
        }
        if n_flows == 0 {
            return None;
        }
        let mut groups: Vec<(Key, Group<'_>)> = groups.into_iter().collect();
        groups.sort_by_key(|(key, group)| (key.severity, Reverse(group.flows.len())));
        let in_others = groups.iter().skip(MOST_GROUPS);
        let others = in_others.map(|(_, group)| group.flows.len()).sum();
        groups.truncate(MOST_GROUPS);
        Some(FlowsLeftOut {
            flows: n_flows,
            findings: n_pressing,
            groups: groups
                .iter()
                .filter_map(|(key, group)| group.told(key, dates))
                .collect(),
            others,
        })
    }
}

/// What flows of a group have in common.
#[derive(Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    severity: Reverse<Severity>,
    verdict: &'static str,
    protocol: u8,
    port: u16,
}

#[derive(Default)]
struct Group<'a> {
    verdict: Option<schema::FlowVerdict>,
    flows: Vec<&'a Flow>,
}

impl Group<'_> {
    fn told(&self, key: &Key, dates: &Dates) -> Option<FlowGroup> {
        let ends = |end: fn(&Flow) -> IpAddr| {
            let ends: BTreeSet<IpAddr> = self.flows.iter().map(|flow| end(flow)).collect();
            ends.len()
        };
        let mut counted = schema::Count::default();
        for flow in &self.flows {
            counted.packets += flow.to_server.packets + flow.to_client.packets;
            counted.bytes += flow.to_server.bytes + flow.to_client.bytes;
        }
        let Reverse(severity) = key.severity;
        Some(FlowGroup {
            verdict: self.verdict?,
            severity: severity.into(),
            protocol: key.protocol,
            port: key.port,
            flows: self.flows.len(),
            clients: ends(|flow| flow.client),
            servers: ends(|flow| flow.server),
            counted,
            first_seen: dates.of(self.flows.iter().map(|flow| flow.first).min()?),
            last_seen: dates.of(self.flows.iter().map(|flow| flow.last).max()?),
        })
    }
}
