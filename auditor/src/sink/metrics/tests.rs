//! What rules and a dashboard ask for is there.

use std::collections::BTreeSet;

use crate::report::schema::{FlowVerdict, Severity};

use super::{Health, SinkHealth, render, render_with, version_in};

const ALERTS: &str = include_str!("../../../../docs/alerts.yml");
const DASHBOARD: &str = include_str!("../../../../docs/dashboard.json");

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<String> {
    let name = regex::Regex::new("auditor_[a-z_]+").unwrap();
    name.find_iter(text)
        .map(|found| found.as_str().to_owned())
        .collect()
}

#[test]
fn versions() {
    assert_eq!(
        version_in("0.2.0 (0123456789ab)"),
        ("0.2.0", "0123456789ab")
    );
    assert_eq!(version_in("0.2.0"), ("0.2.0", "unknown"));
}

#[test]
fn no_role_is_blank_and_a_knock_is_a_warning() {
    let mut report = crate::report::tests::report();
    let flow = report.flows.first_mut().unwrap();
    flow.verdict = FlowVerdict::Unexpected;
    flow.client_roles.clear();
    flow.severity = Severity::Warning;
    let text = render(Some(&report), &Health::default()).unwrap();
    // With the one that the report has already.
    let line = "auditor_undocumented_flows{client_role=\"no role\",server_role=\"store\",severity=\"warning\"} 2";
    assert!(text.lines().any(|one| one == line), "{text}");
    assert!(!text.contains("_role=\"\""), "{text}");
    assert_eq!(text.matches("# EOF").count(), 1);
}

#[test]
fn rules_and_dashboard_ask_for_metrics_that_there_are() {
    let mut report = crate::report::tests::report();
    report.gaps.truncate(1);
    let health = Health {
        sinks: [("webhook".to_owned(), SinkHealth::default())].into(),
        ..Health::default()
    };
    let mut there = names(&render(Some(&report), &health).unwrap());
    // Those of a fleet's watch.
    let health = Health {
        tells: Some(true),
        is_readable: Some(true),
        ..health
    };
    let hosts = [("silent", 1)].into();
    there.extend(names(&render_with(None, Some(&hosts), &health).unwrap()));
    for text in [ALERTS, DASHBOARD] {
        let asked = names(text);
        assert!(5 < asked.len());
        let absent: Vec<&String> = asked.difference(&there).collect();
        assert!(absent.is_empty(), "{absent:?}");
    }
}
