use std::{collections::BTreeMap, path::Path};

use super::{
    super::{
        schema::{Flow, FlowVerdict, Outcome, Reason, Report, Severity},
        tests::report,
    },
    Firewall, Forecast,
};
use crate::{deployment::Deployment, export::Scope, matrix::Matrix, role::Role};

/// A report of flows that talked, by client, port and verdict.
fn of(flows: &[(&str, u16, FlowVerdict)]) -> Report {
    let mut report = report();
    let template = report.flows[1].clone();
    let flow = |(client, port, verdict): &(&str, u16, FlowVerdict)| Flow {
        client: client.parse().unwrap(),
        port: *port,
        verdict: *verdict,
        reason: (*verdict == FlowVerdict::Unexpected).then_some(Reason::Port),
        exception: (*verdict == FlowVerdict::Excepted).then(|| "ticket 7".to_owned()),
        outcome: Outcome::Established,
        explanation: format!("{} {port}", verdict.name()),
        ..template.clone()
    };
    report.flows = flows.iter().map(flow).collect();
    report.patterns.clear();
    report
}

fn lines(forecast: &Forecast) -> Vec<&str> {
    let lines = forecast.lines.iter();
    lines.map(|(_, line)| line.as_str()).collect()
}

#[test]
fn what_an_exception_accepts_no_export_lets_in() {
    let report = of(&[
        ("10.0.9.7", 443, FlowVerdict::Documented),
        ("192.0.2.1", 5004, FlowVerdict::Excepted),
        ("192.0.2.1", 22, FlowVerdict::Unexpected),
    ]);
    let forecast = Forecast::of(&report, None);
    assert_eq!(forecast.flows, 2);
    assert_eq!(
        lines(&forecast),
        [
            "192.0.2.1 -> 10.0.0.1 tcp/5004: an exception accepts it, and no rule: ticket 7",
            "192.0.2.1 -> 10.0.0.1 tcp/22: unexpected 22",
        ]
    );
}

/// The firewall itself is asked: what is documented and what every network does is dropped too where it lets neither in.
#[test]
fn a_firewall_says_what_it_would_have_dropped() {
    let matrix = "name = \"M\"\n[[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"store\"]\ntransport = \"tcp\"\nports = \"443\"\n[[rule]]\nid = \"late\"\nclient = [\"late\"]\nserver = [\"store\"]\ntransport = \"tcp\"\nports = \"444\"\n";
    let matrix = Matrix::parse(Path::new("m.toml"), matrix).unwrap();
    let deployment = "matrix = \"m.toml\"\n[roles]\nuser = [\"10.0.9.0/24\"]\nstore = [\"10.0.0.1\"]\nlate = [\"late.example.com\"]\n";
    let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
    let roles = deployment.resolve(&mut |_| Err("nobody knows".to_owned()));
    let scope = Scope {
        matrices: &[matrix],
        roles: &roles,
        conditions: &BTreeMap::new(),
        own: &[Role::new("store")],
    };
    let firewall = Firewall::new(&scope);
    let mut report = of(&[
        ("10.0.9.7", 443, FlowVerdict::Documented),
        ("10.0.9.7", 444, FlowVerdict::Documented),
        ("192.0.2.1", 5004, FlowVerdict::Excepted),
        ("192.0.2.2", 67, FlowVerdict::Housekeeping),
        ("192.0.2.3", 22, FlowVerdict::Unexpected),
        ("192.0.2.4", 514, FlowVerdict::Excepted),
    ]);
    // Who came to nothing was let in by nobody; a datagram needs no answer.
    report.flows[4].outcome = Outcome::Refused;
    report.flows[5].outcome = Outcome::Attempted;
    report.flows[5].severity = Severity::Fine;
    report.flows[5].protocol = 17;
    let forecast = Forecast::of(&report, Some(&firewall));
    assert_eq!(forecast.flows, 4, "{forecast:?}");
    let said = lines(&forecast).join("\n");
    for part in [
        "tcp/444: documented, and not let in",
        "tcp/5004: an exc",
        "tcp/67: every",
        "udp/514",
    ] {
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn what_is_alike_is_one_line() {
    let clients: Vec<String> = (1..=40).map(|host| format!("192.0.2.{host}")).collect();
    let flows: Vec<_> = clients
        .iter()
        .map(|client| (client.as_str(), 5004, FlowVerdict::Excepted))
        .collect();
    let forecast = Forecast::of(&of(&flows), None);
    assert_eq!(forecast.flows, 40);
    assert_eq!(
        lines(&forecast),
        [
            "40 flows: 40 hosts asked 10.0.0.1 (this host, store) for tcp/5004: an exception accepts it, and no rule: ticket 7"
        ]
    );
}
