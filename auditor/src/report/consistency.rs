//! Whether a report sums up what it lists.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::{
    control::Evidence,
    schema::{Control, FlowVerdict, Report, Severity},
};

/// A report that contradicts itself.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Contradiction {
    #[error("it contradicts itself: its summary says {said} {what}, and it lists {found}")]
    Summary {
        what: String,
        said: usize,
        found: usize,
    },
    #[error(
        "it contradicts itself: flow {flow} is none of pattern {pattern}, which says that it is"
    )]
    Pattern { flow: usize, pattern: usize },
    #[error("it contradicts itself: {whose} says {said} {what}, and it lists {found}")]
    Count {
        whose: String,
        what: &'static str,
        said: usize,
        found: usize,
    },
}

/// Checks that a report's summary is that of what it lists, and that flows, what is alike of them, exceptions and controls agree. Of
/// a part of a report nothing can be said, and where flows are left out only that nothing is listed beyond what is counted.
///
/// # Errors
///
/// The first thing that differs.
pub fn check(report: &Report) -> Result<(), Contradiction> {
    if report.shown.is_some() {
        return Ok(());
    }
    patterns(report)?;
    exceptions(report)?;
    controls(report)?;
    let left_out = report.flows_left_out.as_ref();
    if left_out.is_some_and(|left_out| left_out.others != 0) {
        return Ok(());
    }
    summary(report)
}

/// That each flow is like the others of its pattern, which lists it.
fn patterns(report: &Report) -> Result<(), Contradiction> {
    for (at, flow) in report.flows.iter().enumerate() {
        let Some(number) = flow.pattern else {
            continue;
        };
        let is_like = report.patterns.get(number).is_some_and(|pattern| {
            let of_flow = (flow.verdict, flow.severity, flow.reason, flow.outcome);
            of_flow
                == (
                    pattern.verdict,
                    pattern.severity,
                    pattern.reason,
                    pattern.outcome,
                )
        });
        if !is_like {
            return Err(Contradiction::Pattern {
                flow: at,
                pattern: number,
            });
        }
    }
    let mut members: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (at, flow) in report.flows.iter().enumerate() {
        if let Some(number) = flow.pattern {
            members.entry(number).or_default().insert(at);
        }
    }
    for (number, pattern) in report.patterns.iter().enumerate() {
        let listed: BTreeSet<usize> = pattern.listed.iter().copied().collect();
        let members = members.remove(&number).unwrap_or_default();
        if let Some(flow) = listed.symmetric_difference(&members).next() {
            return Err(Contradiction::Pattern {
                flow: *flow,
                pattern: number,
            });
        }
        if pattern.flows < listed.len() {
            return Err(Contradiction::Count {
                whose: format!("pattern {number}"),
                what: "flows",
                said: pattern.flows,
                found: listed.len(),
            });
        }
    }
    Ok(())
}

/// Which numbers may be more than what is listed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Listed {
    All,
    Part,
}

impl Listed {
    fn of(is_all: bool) -> Self {
        if is_all { Self::All } else { Self::Part }
    }

    /// Whether what is said fits what is found.
    const fn fits(self, said: usize, found: usize) -> bool {
        match self {
            Self::All => said == found,
            Self::Part => found <= said,
        }
    }
}

/// That exceptions covered as many flows as are listed with their reasons.
fn exceptions(report: &Report) -> Result<(), Contradiction> {
    let Some(basis) = &report.basis else {
        return Ok(());
    };
    let excepted = FlowVerdict::Excepted;
    let mut found: BTreeMap<&str, usize> = BTreeMap::new();
    for flow in report.flows.iter().filter(|flow| flow.verdict == excepted) {
        *found
            .entry(flow.exception.as_deref().unwrap_or_default())
            .or_default() += 1;
    }
    let n_listed: usize = found.values().sum();
    let n_all = report.summary.flows.get(excepted.name());
    let n_all = n_all.copied().unwrap_or_default();
    let listed = Listed::of(n_listed == n_all);
    // Several exceptions may have one reason.
    let mut said: BTreeMap<&str, usize> = BTreeMap::new();
    for exception in &basis.exceptions {
        *said.entry(&exception.reason).or_default() += exception.flows;
    }
    let reasons: BTreeSet<&str> = said.keys().chain(found.keys()).copied().collect();
    for reason in reasons {
        let of = |counts: &BTreeMap<&str, usize>| counts.get(reason).copied().unwrap_or_default();
        let (said, found) = (of(&said), of(&found));
        if !listed.fits(said, found) {
            return Err(Contradiction::Count {
                whose: format!("exception `{reason}`"),
                what: "flows",
                said,
                found,
            });
        }
    }
    let said = said.values().sum();
    if said != n_all {
        return Err(Contradiction::Summary {
            what: format!("flows {}", excepted.name()),
            said: n_all,
            found: said,
        });
    }
    Ok(())
}

/// That controls have as much as is listed of them.
fn controls(report: &Report) -> Result<(), Contradiction> {
    let is_cut = report
        .patterns
        .iter()
        .any(|one| one.listed.len() < one.flows);
    let listed = Listed::of(report.flows_left_out.is_none() && !is_cut);
    let flows = report.flows.iter().map(|flow| {
        let evidence = Evidence::of_flow(flow.verdict, flow.severity);
        (&flow.controls, evidence)
    });
    let rules = report.rules.iter().map(|rule| {
        let evidence = Evidence::of_rule(rule.verdict, rule.severity);
        (&rule.controls, evidence)
    });
    let mut found: BTreeMap<&str, Control> = BTreeMap::new();
    for (controls, evidence) in flows.chain(rules) {
        let controls: BTreeSet<&str> = controls.iter().map(String::as_str).collect();
        for id in controls {
            let counted = found.entry(id).or_insert_with(|| Control::none(id));
            evidence.count_in(counted);
        }
    }
    for control in &report.controls {
        let none = Control::none(&control.id);
        let found = found.get(control.id.as_str()).unwrap_or(&none);
        let counts = [
            ("violations", control.violations, found.violations),
            ("warnings", control.warnings, found.warnings),
            ("notes", control.notes, found.notes),
            ("as documented", control.documented, found.documented),
            ("accepted", control.accepted, found.accepted),
            ("that say nothing", control.silent, found.silent),
        ];
        for (what, said, found) in counts {
            if !listed.fits(said, found) {
                return Err(Contradiction::Count {
                    whose: format!("control `{}`", control.id),
                    what,
                    said,
                    found,
                });
            }
        }
    }
    Ok(())
}

fn summary(report: &Report) -> Result<(), Contradiction> {
    let left_out = report.flows_left_out.as_ref();
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
            return Err(Contradiction::Summary {
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
