//! A fleet's report in the shape of a host's, for what shows, stores and sends those.

use super::schema::{FleetReport, Rule};
use crate::report::{Judged, Report};

/// The report of all hosts as of one: its rules say what the fleet's report says of them.
pub fn told(judged: &Judged, fleet: &FleetReport) -> Report {
    let mut report = Report::new(judged);
    report.policy_problems.clone_from(&fleet.problems);
    for (told, rule) in report.rules.iter_mut().zip(&fleet.rules) {
        told.severity = rule.severity;
        told.explanation = explanation(rule);
    }
    // Hosts of the fleet are its own addresses, thousands of them: they are in the fleet's report.
    report.host.addresses.clear();
    let summary = &mut report.summary;
    (summary.violations, summary.warnings, summary.notes) = (
        fleet.summary.violations,
        fleet.summary.warnings,
        fleet.summary.notes,
    );
    report
}

fn explanation(rule: &Rule) -> String {
    let courses = rule.courses.iter().map(|one| one.course.text.as_str());
    let all: Vec<&str> = std::iter::once(rule.explanation.as_str())
        .chain(courses)
        .collect();
    all.join("; ")
}
