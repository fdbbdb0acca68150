//! Whether a report sums up what it lists.

use std::collections::BTreeMap;

use thiserror::Error;

use super::schema::{Report, Severity};

/// A report that contradicts itself.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("it contradicts itself: its summary says {said} {what}, and it lists {found}")]
pub struct Contradiction {
    what: String,
    said: usize,
    found: usize,
}

/// Checks that a report's summary is that of what it lists. Of a part of a report, and where more flows are left out than it has
/// groups of, nothing can be said.
///
/// # Errors
///
/// The first number that differs.
pub fn check(report: &Report) -> Result<(), Contradiction> {
    let left_out = report.flows_left_out.as_ref();
    if report.shown.is_some() || left_out.is_some_and(|left_out| left_out.others != 0) {
        return Ok(());
    }
    let alone = report.flows.iter().filter(|flow| flow.pattern.is_none());
    let alike = report.patterns.iter();
    let groups = left_out.into_iter().flat_map(|left_out| &left_out.groups);
    let flows = alone
        .map(|flow| (flow.verdict, flow.severity, 1))
        .chain(alike.map(|one| (one.verdict, one.severity, one.flows)))
        .chain(groups.map(|one| (one.verdict, one.severity, one.flows)));
    let mut severities: BTreeMap<Severity, usize> = BTreeMap::new();
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for (verdict, severity, n) in flows {
        *severities.entry(severity).or_default() += n;
        *verdicts
            .entry(format!("flows {}", verdict.name()))
            .or_default() += n;
    }
    for rule in &report.rules {
        *severities.entry(rule.severity).or_default() += 1;
        *verdicts
            .entry(format!("rules {}", rule.verdict.name()))
            .or_default() += 1;
    }
    let others = report.policy_problems.len() + usize::from(!report.unplaced.is_empty());
    *severities.entry(Severity::Warning).or_default() += others;
    let summary = &report.summary;
    let found = |severity| severities.get(&severity).copied().unwrap_or_default();
    let counts = [
        ("violations", summary.violations, found(Severity::Violation)),
        ("warnings", summary.warnings, found(Severity::Warning)),
        ("notes", summary.notes, found(Severity::Note)),
    ];
    let said: BTreeMap<String, usize> = [("flows", &summary.flows), ("rules", &summary.rules)]
        .into_iter()
        .flat_map(|(kind, counts)| {
            let named = move |(verdict, n): (&String, &usize)| (format!("{kind} {verdict}"), *n);
            counts.iter().map(named)
        })
        .collect();
    let names = said.keys().chain(verdicts.keys());
    let of = |counts: &BTreeMap<String, usize>, name| counts.get(name).copied().unwrap_or_default();
    let by_verdict = names.map(|name| (name.as_str(), of(&said, name), of(&verdicts, name)));
    for (what, said, found) in counts.into_iter().chain(by_verdict) {
        if said != found {
            return Err(Contradiction {
                what: what.to_owned(),
                said,
                found,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
