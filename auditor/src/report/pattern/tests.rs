use std::{collections::BTreeSet, net::IpAddr};

use proptest::prelude::*;

use super::{
    super::{
        Look, Report,
        judged::{Judged, ListingBounds},
        schema::{PatternKind, Severity},
        tests::{judged, reported},
        text,
    },
    said,
};
use crate::observed::Flow;

/// A host that nobody documented, and this one.
const SCANNER: &str = "192.0.2.77";
const OWN: &str = "10.0.0.1";

/// A refused flow, as a scan makes them.
fn refused(template: &Flow, client: &str, server: &str, port: u16) -> Flow {
    let mut flow = template.clone();
    flow.client = client.parse().unwrap();
    flow.server = server.parse().unwrap();
    flow.port = port;
    flow.requests = 1;
    flow.replies = 0;
    flow.to_server.packets = 1;
    flow.to_client.packets = 1;
    flow.to_client.resets = 1;
    flow.to_client.flags = 0x14;
    flow
}

/// What is judged, with these flows alone.
fn of(flows: impl Fn(&Flow) -> Vec<Flow>) -> Judged {
    let mut judged = judged(Vec::new(), usize::MAX);
    let template = judged.observed.flows[1].clone();
    judged.observed.flows = flows(&template);
    judged
}

fn only(report: &Report) -> (&super::schema::Pattern, String) {
    let [pattern] = report.patterns.as_slice() else {
        panic!("{:?}", report.patterns)
    };
    (pattern, said(report, pattern))
}

#[test]
fn a_scan_is_one_finding() {
    let mut judged = of(|flow| {
        let ports = 1000..2000_u16;
        let mut flows: Vec<Flow> = ports
            .map(|port| refused(flow, SCANNER, OWN, port))
            .collect();
        // One port was open, and it was answered.
        let mut open = flow.clone();
        open.client = SCANNER.parse().unwrap();
        open.port = 2100;
        open.requests = 1;
        open.replies = 1;
        open.to_client.packets = 9;
        flows.push(open);
        flows
    });
    judged.bounds = ListingBounds {
        most_alike: 7,
        ..ListingBounds::NONE
    };
    let report = reported(&mut judged);
    let (pattern, said) = only(&report);
    assert_eq!(pattern.kind, PatternKind::Ports);
    assert_eq!(
        (pattern.flows, pattern.ports, pattern.listed.len()),
        (1000, 1000, 7)
    );
    assert_eq!(
        said,
        "192.0.2.77 (in no role) asked 10.0.0.1 (this host, store) for 1,000 ports: tcp/1000-1999"
    );
    assert_eq!(pattern.counted.packets, 2000);
    // What was answered stands by itself, and places point to what they did.
    let alone: Vec<u16> = report
        .flows
        .iter()
        .filter(|flow| flow.pattern.is_none())
        .map(|flow| flow.port)
        .collect();
    assert_eq!(alone, [2100]);
    assert!(
        pattern
            .listed
            .iter()
            .all(|at| report.flows[*at].pattern == Some(0))
    );
    // Nothing is said of them a second time.
    assert_eq!(report.flows_left_out, None);
    // However large it is, it takes the same place.
    let lines = |report: &Report| text::render(report, Look::default()).lines().count();
    let mut small = judged.clone();
    small
        .observed
        .flows
        .retain(|flow| flow.port < 1010 || flow.port == 2100);
    assert_eq!(lines(&reported(&mut small)), lines(&report));
    // What is not listed cannot be told one by one.
    assert_eq!(report.clone().one_by_one().patterns, report.patterns);
    // What is counted does not depend on how it is told.
    judged.bounds = ListingBounds::NONE;
    let whole = reported(&mut judged);
    assert_eq!(whole.summary, report.summary);
    let whole = whole.one_by_one();
    assert!(whole.patterns.is_empty());
    assert!(whole.flows.iter().all(|flow| flow.pattern.is_none()));
}

/// Who was let in is named, however many others were let in beside him, and the largest is named first.
#[test]
fn nobody_who_was_let_in_is_left_out() {
    let mut judged = of(|flow| {
        (1..=60_u8)
            .map(|host| {
                let mut open = flow.clone();
                open.client = format!("198.51.100.{host}").parse().unwrap();
                open.port = 8443;
                open.requests = 1;
                open.replies = 1;
                open.to_client.packets = 9;
                open.to_client.bytes = if host == 33 { 3_000_000 } else { 900 };
                open
            })
            .collect()
    });
    judged.bounds.most_alike = 5;
    let report = reported(&mut judged);
    let (pattern, _) = only(&report);
    assert_eq!((pattern.flows, pattern.listed.len()), (60, 60));
    let first = &report.flows[pattern.listed[0]];
    assert_eq!(first.client.to_string(), "198.51.100.33");
}

#[test]
fn kinds() {
    let hosts =
        |network: &'static str, n: u32| (1..=n).map(move |host| format!("{network}.{host}"));
    // One port of one server, asked by many.
    let mut many = of(|flow| {
        hosts("198.51.100", 9)
            .map(|client| refused(flow, &client, OWN, 9999))
            .collect()
    });
    let report = reported(&mut many);
    let (pattern, said) = only(&report);
    assert_eq!((pattern.kind, pattern.clients), (PatternKind::Clients, 9));
    assert!(said.starts_with("9 hosts asked 10.0.0.1"), "{said}");
    // One host asks many for one port.
    let mut sweep = of(|flow| {
        hosts("198.51.100", 8)
            .map(|server| refused(flow, OWN, &server, 9100))
            .collect()
    });
    let report = reported(&mut sweep);
    assert_eq!(only(&report).0.kind, PatternKind::Servers);
    // Each asks another: only the port is the same, and the network of those who ask.
    let mut mesh = of(|flow| {
        hosts("198.51.100", 8)
            .zip(hosts("203.0.113", 8))
            .map(|(client, server)| refused(flow, &client, &server, 9100))
            .collect()
    });
    let report = reported(&mut mesh);
    let (pattern, said) = only(&report);
    assert_eq!(pattern.kind, PatternKind::Network);
    assert!(
        said.contains("8 hosts of 198.51.100.0/24 asked 8 hosts for tcp/9100"),
        "{said}"
    );
    // Few are told one by one.
    let mut few = of(|flow| {
        (1..=5)
            .map(|port| refused(flow, SCANNER, OWN, port))
            .collect()
    });
    assert!(reported(&mut few).patterns.is_empty());
}

proptest! {
    /// Every finding is in one pattern or stands by itself, none is lost and none is told twice, whatever the flows are.
    #[test]
    fn nothing_is_lost(ends in proptest::collection::vec((1_u8..6, 1_u8..6, 1_u16..12), 0..120), most in 1_usize..9) {
        let ends: BTreeSet<_> = ends.into_iter().collect();
        let mut judged = of(|flow| {
            let one = |(client, server, port): &(u8, u8, u16)| {
                refused(flow, &format!("198.51.100.{client}"), &format!("203.0.113.{server}"), *port)
            };
            ends.iter().map(one).collect()
        });
        judged.bounds.most_alike = most;
        let report = reported(&mut judged);
        let findings = judged.audit.flows.iter();
        let n_findings = findings.filter(|one| one.severity != crate::audit::Severity::Fine).count();
        let alone = report.flows.iter();
        let alone = alone.filter(|flow| flow.pattern.is_none() && flow.severity != Severity::Fine).count();
        let alike: usize = report.patterns.iter().map(|pattern| pattern.flows).sum();
        prop_assert_eq!(alone + alike, n_findings);
        for (at, pattern) in report.patterns.iter().enumerate() {
            prop_assert!(super::FEWEST <= pattern.flows);
            let was_let_in = pattern.outcome == super::schema::Outcome::Established;
            let listed = if was_let_in { pattern.flows } else { pattern.flows.min(most) };
            prop_assert_eq!(pattern.listed.len(), listed);
            for flow in pattern.listed.iter().map(|at| &report.flows[*at]) {
                prop_assert_eq!(flow.pattern, Some(at));
                let is_end = |end: &Option<super::schema::PatternEnd>, address: IpAddr| {
                    end.as_ref().is_none_or(|end| end.address == address)
                };
                prop_assert!(is_end(&pattern.client, flow.client) && is_end(&pattern.server, flow.server));
            }
        }
        // The gravest first.
        prop_assert!(report.patterns.is_sorted_by(|one, next| next.severity <= one.severity));
    }
}
