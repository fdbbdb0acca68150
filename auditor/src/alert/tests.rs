use jiff::Timestamp;

use super::{Alerts, Change, Event, Finding, Kind, OpenFinding, Subject, Verdict};
use crate::report::{
    Report,
    schema::{Outcome, RuleVerdict, Severity},
};

/// A report in which the only rule has a verdict.
fn report(verdict: RuleVerdict, severity: Severity) -> Report {
    let mut report = crate::report::tests::report();
    report.flows.clear();
    report.rules.truncate(1);
    report.rules[0].verdict = verdict;
    report.rules[0].severity = severity;
    report
}

fn at(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + minutes * 60).unwrap()
}

const FINE: (RuleVerdict, Severity) = (RuleVerdict::Observed, Severity::Fine);
const MISSING: (RuleVerdict, Severity) = (RuleVerdict::Missing, Severity::Violation);
const REFUSED: (RuleVerdict, Severity) = (RuleVerdict::Refused, Severity::Warning);
const UNKNOWN: (RuleVerdict, Severity) = (RuleVerdict::Unassessed, Severity::Warning);

/// The changes that are reported when the rule has these verdicts, one after the other, at these minutes.
fn told(verdicts: &[(i64, (RuleVerdict, Severity))]) -> Vec<(i64, Change)> {
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    for (minute, (verdict, severity)) in verdicts {
        let events = alerts.update(&report(*verdict, *severity), at(*minute), &[]);
        told.extend(events.iter().map(|event| (*minute, event.change)));
    }
    told
}

/// A flow that may be among those that are not listed is not over.
#[test]
fn a_flow_that_is_not_listed_is_not_resolved() {
    let mut alerts = Alerts::default();
    let listed = crate::report::tests::report_of(&[], usize::MAX);
    let n_appeared = alerts.update(&listed, at(0), &[]).len();
    let mut short = crate::report::tests::report_of(&[], 0);
    short.rules.clone_from(&listed.rules);
    assert!(0 < short.flows_left_out.as_ref().unwrap().findings);
    assert_eq!(alerts.update(&short, at(1), &[]), []);
    let mut over = listed.clone();
    over.flows.clear();
    let events = alerts.update(&over, at(2), &[]);
    let resolved = events
        .iter()
        .filter(|event| event.change == Change::Resolved);
    assert!(0 < n_appeared);
    assert_eq!(resolved.count(), 1);
}

#[test]
fn what_is_told() {
    let check = |verdicts: &[_], expected: &[_]| assert_eq!(told(verdicts), expected);
    check(&[(0, FINE), (1, FINE)], &[]);
    check(
        &[(0, FINE), (1, MISSING), (2, MISSING), (3, FINE)],
        &[(1, Change::Appeared), (3, Change::Resolved)],
    );
    check(
        &[(0, MISSING), (1, REFUSED)],
        &[(0, Change::Appeared), (1, Change::Changed)],
    );
    // A finding on a rule that can't be assessed neither appears nor is it resolved.
    check(&[(0, UNKNOWN), (1, FINE)], &[]);
    check(
        &[
            (0, MISSING),
            (1, UNKNOWN),
            (2, MISSING),
            (3, UNKNOWN),
            (4, FINE),
        ],
        &[(0, Change::Appeared), (4, Change::Resolved)],
    );
}

#[test]
fn flapping_is_said_once() {
    let mut verdicts: Vec<_> = (0..20)
        .map(|minute| (minute, if minute % 2 == 0 { MISSING } else { FINE }))
        .collect();
    let first = [
        (0, Change::Appeared),
        (1, Change::Resolved),
        (2, Change::Appeared),
        (3, Change::Resolved),
        (4, Change::Flapping),
    ];
    assert_eq!(told(&verdicts), first);
    // Once it is stable, its state is reported, unless that is what was reported last.
    verdicts.extend((20..60).map(|minute| (minute, MISSING)));
    let still = told(&verdicts);
    assert_eq!(still.len(), first.len() + 1);
    assert_eq!(still.last(), Some(&(35, Change::Appeared)));
    verdicts.truncate(20);
    verdicts.extend((20..60).map(|minute| (minute, FINE)));
    assert_eq!(told(&verdicts), first);
}

#[test]
fn another_run_does_not_tell_again() {
    let mut alerts = Alerts::default();
    let (verdict, severity) = MISSING;
    let finding = Finding {
        verdict: Verdict::Rule(verdict),
        severity,
        text: String::new(),
    };
    alerts.resume(OpenFinding {
        subject: Subject::Rule("web".to_owned()),
        finding,
        since: at(0),
    });
    assert_eq!(alerts.update(&report(verdict, severity), at(5), &[]), []);
    let open: Vec<_> = alerts
        .open()
        .map(|open| (open.subject.key().to_owned(), open.since))
        .collect();
    assert_eq!(open, [("web".to_owned(), at(0))]);
    let events = alerts.update(&report(FINE.0, FINE.1), at(6), &[]);
    assert_eq!(events.len(), 1);
    let told: &Event = &events[0];
    insta::assert_snapshot!(told, @"2027-01-15T08:06:00Z resolved  violation rule web: was missing");
    assert_eq!(alerts.open().count(), 0);
}

#[test]
fn flows_that_nobody_documented_are_told() {
    let report = crate::report::tests::report();
    let mut alerts = Alerts::default();
    let keys: Vec<String> = alerts
        .update(&report, at(0), &[])
        .into_iter()
        .filter(|event| event.subject.kind() == Kind::Flow)
        .map(|event| event.subject.key().to_owned())
        .collect();
    assert_eq!(keys, ["192.0.2.1 -> 10.0.0.1 tcp/22"]);
    let mut twice = report;
    let again = twice.flows[1].clone();
    twice.flows.push(again);
    twice.flows[2].interface = "eth1".to_owned();
    assert_eq!(alerts.update(&twice, at(1), &[]), []);
}

#[test]
fn what_was_taken_for_another_is_one_event() {
    let mut report = crate::report::tests::report();
    report.rules.clear();
    report.flows.truncate(2);
    report.flows.remove(0);
    let before = Subject::from(&report.flows[0]);
    let mut alerts = Alerts::default();
    assert_eq!(alerts.update(&report, at(0), &[]).len(), 1);
    let mut turned = report.clone();
    let flow = &mut turned.flows[0];
    std::mem::swap(&mut flow.client, &mut flow.server);
    flow.port = 50_000;
    let now = Subject::from(&turned.flows[0]);
    let corrections = [(before.clone(), now)];
    let mut corrected = alerts.clone();
    let events = corrected.update(&turned, at(1), &corrections);
    let [event] = events.as_slice() else {
        panic!("{events:?}")
    };
    insta::assert_snapshot!(event, @"2027-01-15T08:01:00Z corrected warning   flow 10.0.0.1 -> 192.0.2.1 tcp/50000: was taken for 192.0.2.1 -> 10.0.0.1 tcp/22; attempted, no rule names tcp port 22");
    assert_eq!(event.corrects.as_ref(), Some(&before));
    assert_eq!(event.before, event.now);
    assert_eq!(corrected.open().count(), 1);
    assert_eq!(corrected.update(&turned, at(2), &[]), []);
    // Of what is no finding the other way round, one event says that it is over.
    turned.flows[0].severity = Severity::Fine;
    let events = alerts.clone().update(&turned, at(1), &corrections);
    let changes: Vec<Change> = events.iter().map(|event| event.change).collect();
    assert_eq!(changes, [Change::Resolved]);
    // Without a correction they are two.
    turned.flows[0].severity = Severity::Violation;
    assert_eq!(alerts.update(&turned, at(1), &[]).len(), 2);
}

/// A report of unexpected flows to so many ports, each with this outcome; the last one is the worst.
fn flood(n_ports: u16, outcome: Outcome) -> Report {
    let mut flood = crate::report::tests::report();
    let knock = flood.flows[1].clone();
    flood.flows = (1..=n_ports)
        .map(|port| {
            let mut flow = knock.clone();
            flow.port = port;
            flow.outcome = outcome;
            if port == n_ports {
                flow.severity = Severity::Violation;
            }
            flow
        })
        .collect();
    flood.rules.clear();
    flood
}

#[test]
fn connections_are_told_by_and_by_and_the_worst_first() {
    let mut flood = flood(1000, Outcome::Established);
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    for minute in 0..20 {
        let events = alerts.update(&flood, at(minute), &[]);
        assert!(events.len() <= 100);
        told.extend(
            events
                .into_iter()
                .map(|event| event.subject.key().to_owned()),
        );
        assert_eq!(told.len() + alerts.held_back(), 1000);
    }
    assert_eq!(told.len(), 1000);
    assert!(told[0].ends_with("tcp/1000"));
    told.sort();
    told.dedup();
    assert_eq!(told.len(), 1000);
    // A finding that is over before it could be reported is not reported at all.
    let mut alerts = Alerts::default();
    assert_eq!(alerts.update(&flood, at(0), &[]).len(), 100);
    flood.flows.clear();
    assert_eq!(alerts.update(&flood, at(1), &[]).len(), 100);
    assert_eq!(alerts.update(&flood, at(2), &[]).len(), 0);
}

#[test]
fn many_that_prove_nothing_are_as_grave_as_the_gravest_of_them_was() {
    let grave = flood(30, Outcome::Attempted);
    let mut light = grave.clone();
    light.flows.pop();
    let quiet = flood(0, Outcome::Attempted);
    let mut alerts = Alerts::default();
    let mut told = Vec::new();
    let turns = [
        &light, &grave, &light, &grave, &light, &grave, &quiet, &light,
    ];
    for (minute, report) in (0..).zip(turns) {
        let events = alerts.update(report, at(minute), &[]);
        let gathered = events
            .into_iter()
            .filter(|event| event.subject == Subject::Unproven);
        told.extend(gathered.map(|event| (minute, event.change, event.severity)));
    }
    assert_eq!(
        told,
        [
            (0, Change::Appeared, Severity::Warning),
            (1, Change::Changed, Severity::Violation),
            (6, Change::Resolved, Severity::Violation),
            (7, Change::Appeared, Severity::Warning),
        ]
    );
}

#[test]
fn what_anybody_can_make_up_hides_nothing() {
    let of = |alerts: &mut Alerts, report: &Report, minute| -> Vec<(Kind, Change, String)> {
        let events = alerts.update(report, at(minute), &[]);
        let told = events.into_iter().map(|event| {
            let key = event.subject.key().to_owned();
            (event.subject.kind(), event.change, key)
        });
        told.collect()
    };
    let unproven = |change| {
        (
            Kind::Unproven,
            change,
            "flows that prove nothing".to_owned(),
        )
    };
    let quiet = flood(0, Outcome::Attempted);
    let mut alerts = Alerts::default();
    // Few are told one by one.
    let few = of(&mut alerts, &flood(20, Outcome::Attempted), 0);
    assert_eq!(few.len(), 20);
    // Not those that come by and by.
    let more = of(&mut alerts.clone(), &flood(21, Outcome::Attempted), 1);
    assert!(more.contains(&unproven(Change::Appeared)), "{more:?}");
    let appeared = more
        .iter()
        .filter(|(_, change, _)| *change == Change::Appeared);
    assert_eq!(appeared.count(), 1, "{more:?}");
    // Of many there is one event, however many more come.
    let many = of(&mut alerts, &flood(6000, Outcome::Attempted), 1);
    assert_eq!(many[0], unproven(Change::Appeared));
    let mut flooded = flood(65_000, Outcome::Attempted);
    assert_eq!(of(&mut alerts, &flooded, 2), []);
    // Whoever comes in meanwhile is told at once: his connection went on, this host asks him, a rule is broken.
    let knock = flooded.flows[0].clone();
    let mut connection = knock.clone();
    connection.outcome = Outcome::Established;
    connection.client = "192.0.2.9".parse().unwrap();
    let mut asked = knock;
    std::mem::swap(&mut asked.client, &mut asked.server);
    flooded.flows.extend([connection, asked]);
    flooded.rules = report(MISSING.0, MISSING.1).rules;
    let told: Vec<String> = of(&mut alerts, &flooded, 3)
        .into_iter()
        .map(|(_, change, key)| format!("{} {key}", change.name()))
        .collect();
    assert_eq!(
        told,
        [
            "appeared web",
            "appeared 192.0.2.9 -> 10.0.0.1 tcp/1",
            "appeared 10.0.0.1 -> 192.0.2.1 tcp/1",
        ]
    );
    assert_eq!(alerts.held_back(), 0);
    let over = of(&mut alerts, &quiet, 4);
    assert!(over.contains(&unproven(Change::Resolved)), "{over:?}");
    assert!(
        over.iter()
            .all(|(_, change, _)| *change == Change::Resolved)
    );
}
