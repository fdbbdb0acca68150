use std::collections::BTreeSet;

use jiff::Timestamp;

use super::Store;
use crate::{
    alert::{Change, Event, Finding, OpenFinding, Subject, Verdict},
    history::History,
    report::{
        schema::{FlowVerdict, RuleVerdict, Severity},
        tests::report,
    },
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn findings() -> [OpenFinding; 2] {
    let finding = |subject, verdict, severity| OpenFinding {
        subject,
        finding: Finding {
            verdict,
            severity,
            text: "why".to_owned(),
        },
        since: at(1),
    };
    [
        finding(
            Subject::from(&report().flows[0]),
            Verdict::Flow(FlowVerdict::Unexpected),
            Severity::Violation,
        ),
        finding(
            Subject::Rule("web".to_owned()),
            Verdict::Rule(RuleVerdict::Missing),
            Severity::Warning,
        ),
    ]
}

fn events() -> Vec<Event> {
    let event = |open: OpenFinding, change, before, now| Event {
        corrects: None,
        at: at(2),
        change,
        subject: open.subject,
        before,
        now,
        severity: open.finding.severity,
        text: open.finding.text,
    };
    let [flow, rule] = findings();
    let (unexpected, missing) = (flow.finding.verdict, rule.finding.verdict);
    vec![
        event(flow, Change::Appeared, None, Some(unexpected)),
        event(rule, Change::Resolved, Some(missing), None),
    ]
}

/// A database that holds findings and events, after `change`.
fn store(change: &str) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(&directory.path().join("history.db")).unwrap();
    let mut history = History::default();
    history.begin(at(0));
    store
        .save(
            &mut history,
            &BTreeSet::new(),
            Some(&findings()),
            &events(),
            &[],
        )
        .unwrap();
    store.connection.execute_batch(change).unwrap();
    (directory, store)
}

#[test]
fn findings_and_events_are_read_back() {
    let (_directory, store) = store("");
    assert_eq!(store.findings().unwrap(), findings());
    assert_eq!(store.events(at(0)).unwrap(), events());
    assert_eq!(store.events(at(3)).unwrap(), []);
}

/// Checks the error that a database gives after `change`: its table, column and value.
#[track_caller]
fn check(change: &str, said: &str) {
    let (directory, store) = store(change);
    let path = directory.path().join("history.db");
    let load = store.load().map(|_history| ());
    let findings = store.findings().map(|_findings| ());
    let events = store.events(at(0)).map(|_events| ());
    let error = load.and(findings).and(events).unwrap_err();
    // It is moved aside as a damaged one is, so that a watch goes on without it.
    assert!(error.is_damage());
    assert_eq!(
        error.to_string(),
        format!("cannot use {}: in table {said}", path.display())
    );
}

#[test]
fn what_is_not_known_is_said() {
    check(
        "UPDATE finding SET kind = 'host'",
        "finding, column kind is `host`: not known",
    );
    check(
        "UPDATE finding SET severity = 'worse' WHERE kind = 'rule'",
        "finding, column severity is `worse`: not known",
    );
    check(
        "UPDATE finding SET verdict = 'missing' WHERE kind = 'flow'",
        "finding, column verdict is `missing`: not known",
    );
    check(
        "UPDATE event SET key = 'x' WHERE kind = 'flow'",
        "event, column key is `x`: no flow: expected one such as 10.0.0.1 -> 10.0.0.2 tcp/443",
    );
    check(
        "UPDATE event SET change = 'grew'",
        "event, column change is `grew`: not known",
    );
    check(
        "INSERT INTO gap VALUES ('2027-01-15T08:00:00Z', NULL, 'dozing', '', NULL, NULL)",
        "gap, column cause is `dozing`: not known",
    );
    check(
        "INSERT INTO gap VALUES ('2027-01-15T08:00:00Z', NULL, 'too-deep', '', -1, NULL)",
        "gap, column packets is -1: out of range integral type conversion attempted",
    );
    let flow = |server, tunnel, evidence| {
        format!(
            "INSERT INTO flow VALUES ('{server}', '10.0.0.2', 6, 80, 'eth0', '{tunnel}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {evidence}, \
             '2027-01-15T08:00:00Z', '2027-01-15T08:00:00Z', NULL, NULL, '')"
        )
    };
    check(
        &flow("10.0.0.1", "pigeon", 1),
        "flow, column tunnel is `pigeon`: not known",
    );
    check(
        &flow("10.0.0.1", "", 99),
        "flow, column evidence is 99: not known",
    );
    check(
        &flow("web", "", 1),
        "flow, column server is `web`: invalid IP address syntax",
    );
}
