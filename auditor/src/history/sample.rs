//! A little history for tests.

use std::collections::BTreeSet;

use auditor_common::{Evidence, Reason};
use jiff::Timestamp;

use crate::{
    alert::{Change, Event, Finding, OpenFinding, Subject, Verdict},
    observed::{Cause, DirectionCounters, Flow, Gap},
    report::{
        schema::{FlowVerdict, RuleVerdict, Severity},
        tests::report,
    },
};

/// A time, in seconds after a fixed start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

/// A flow with these packets to its server and to its client, the last of them at `last`.
pub(crate) fn flow(port: u16, packets: [u64; 2], last: i64) -> Flow {
    let [to_server, to_client] = packets.map(|packets| DirectionCounters {
        packets,
        bytes: packets * 100,
        ..DirectionCounters::default()
    });
    Flow {
        client: "10.0.0.1".parse().unwrap(),
        server: "fd00::1".parse().unwrap(),
        protocol: 6,
        port,
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server,
        to_client,
        requests: 1,
        replies: 0,
        refusals: 0,
        first: at(0),
        last: at(last),
        evidence: Evidence::Handshake,
        translated: BTreeSet::new(),
        remembered: None,
        client_direction: None,
        client_port: None,
        is_unreachable: false,
    }
}

pub(crate) fn gaps() -> [Gap; 2] {
    let lost = Cause::InterfaceLost {
        name: "eth1".to_owned(),
    };
    let deep = Cause::Uncounted {
        reason: Reason::TooDeep,
        packets: 7,
    };
    [(lost, 3), (deep, 2)].map(|(cause, from)| Gap {
        cause,
        from: at(from),
        until: Some(at(4)),
    })
}

pub(crate) fn findings() -> [OpenFinding; 2] {
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

pub(crate) fn events() -> Vec<Event> {
    let event = |open: OpenFinding, change, before, now| Event {
        corrects: None,
        severity_before: None,
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
