//! The findings of a report, and what each rests on.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::event::{Finding, Subject, Verdict};
use crate::report::{
    FlowProof, Report,
    schema::{Flow, Outcome, Rule, RuleVerdict, Severity},
    sent_without_place,
};

/// What a finding rests on, in the order in which findings are told. Each has events of its own in a turn, so that nobody who
/// makes up flows keeps one from being told that he can't.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Rank {
    /// A rule: there are no more of them than the matrix has.
    Rule,
    /// A flow, by what it rests on: see [`FlowProof`].
    Established,
    Asked,
    Unproven,
}

impl Rank {
    pub(super) const COUNT: usize = 4;

    fn of(flow: &Flow, own: &BTreeSet<IpAddr>) -> Self {
        let is_established = flow.outcome == Outcome::Established;
        match FlowProof::of(flow.protocol, is_established, own.contains(&flow.client)) {
            FlowProof::Established => Self::Established,
            FlowProof::Asked => Self::Asked,
            FlowProof::Unproven => Self::Unproven,
        }
    }
}

/// A finding, and what it rests on.
pub(super) struct Ranked {
    pub(super) rank: Rank,
    pub(super) finding: Finding,
}

/// The findings that a person should look at: warnings and violations.
pub(super) fn findings(report: &Report) -> BTreeMap<Subject, Ranked> {
    let mut findings: BTreeMap<Subject, Ranked> = BTreeMap::new();
    let is_pressing = |severity| Severity::Warning <= severity;
    let own: BTreeSet<IpAddr> = report.host.addresses.iter().copied().collect();
    for flow in report
        .flows
        .iter()
        .filter(|flow| is_pressing(flow.severity))
    {
        let rank = Rank::of(flow, &own);
        let finding = Finding {
            verdict: Verdict::Flow(flow.verdict),
            severity: flow.severity,
            text: format!("{}, {}", flow.outcome.name(), flow.explanation),
        };
        // The same flow on two interfaces is one finding.
        findings
            .entry(Subject::from(flow))
            .and_modify(|known| {
                known.rank = known.rank.min(rank);
                if known.finding.severity < finding.severity {
                    known.finding.clone_from(&finding);
                }
            })
            .or_insert(Ranked { rank, finding });
    }
    let pressing =
        |rule: &&Rule| is_pressing(rule.severity) && rule.verdict != RuleVerdict::Unassessed;
    if let Some(text) = sent_without_place(report) {
        let finding = Finding {
            verdict: Verdict::Unplaced,
            severity: Severity::Warning,
            text,
        };
        let rank = Rank::Asked;
        findings.insert(Subject::Unplaced, Ranked { rank, finding });
    }
    for rule in report.rules.iter().filter(pressing) {
        let finding = Finding {
            verdict: Verdict::Rule(rule.verdict),
            severity: rule.severity,
            text: rule.explanation.clone(),
        };
        let rank = Rank::Rule;
        findings.insert(Subject::from(rule), Ranked { rank, finding });
    }
    findings
}
