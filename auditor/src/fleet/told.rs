//! A fleet's report in the shape of a host's, for what shows, stores and sends those.

use super::{
    schema::{FleetReport, Rule},
    text::side,
};
use crate::report::{Judged, Report, schema::Severity};

/// The report of all hosts as of one: its rules say what the fleet's report says of them.
pub fn told(judged: &Judged, fleet: &FleetReport) -> Report {
    let mut report = Report::new(judged);
    report.is_of_fleet = true;
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

/// As [`told`], with what is found of hosts and of contradictions among what is wrong: for forms that know rules and flows alone.
pub fn judged_as_one(judged: &Judged, fleet: &FleetReport) -> Report {
    let mut report = told(judged, fleet);
    let hosts = fleet.hosts.iter();
    let hosts = hosts.filter(|host| Severity::Warning <= host.severity);
    let problems = hosts.map(|host| format!("host {}: {}", host.name, host.remarks.join("; ")));
    report.policy_problems.extend(problems);
    let others = fleet.findings.iter().filter(|one| one.verdict.is_none());
    let others = others.filter(|one| Severity::Warning <= one.severity);
    let problems = others.map(|one| {
        format!(
            "{} of {} -> {} {}: {}",
            one.kind,
            side(&one.client),
            side(&one.server),
            one.service,
            one.explanation
        )
    });
    report.policy_problems.extend(problems);
    report
}

fn explanation(rule: &Rule) -> String {
    let courses = rule.courses.iter().map(|one| one.course.text.as_str());
    let all: Vec<&str> = std::iter::once(rule.explanation.as_str())
        .chain(courses)
        .collect();
    all.join("; ")
}
