use std::{fmt::Write as _, path::Path};

use auditor_common::{Direction, Evidence, packet::Tunnel};
use jiff::Timestamp;

use crate::{
    audit::{Audit, Policy, RuleVerdict, Severity, judge},
    deployment::Deployment,
    matrix::Matrix,
    observed::{DirectionCounters, Endpoints, Flow, Host, Observed},
};

const DEPLOYMENT: &str = "matrix = \"m.toml\"\n[roles]\nnode = [\"10.0.0.1\"]\npeer = [\"10.0.0.2\"]\nbox = [\"172.17.0.2\"]\nother = [\"172.17.0.3\"]\n";

fn endpoints(text: &str) -> Endpoints {
    let parts: Vec<&str> = text.split(' ').collect();
    Endpoints {
        client: parts[0].parse().unwrap(),
        server: parts[1].parse().unwrap(),
        port: parts[2].parse().unwrap(),
    }
}

/// A flow as `client server port`, on an interface, and its real endpoints.
fn flow(interface: &str, ends: &str, real: &[&str]) -> Flow {
    let Endpoints {
        client,
        server,
        port,
    } = endpoints(ends);
    let counters = DirectionCounters {
        packets: 5,
        bytes: 500,
        ..DirectionCounters::default()
    };
    Flow {
        client,
        server,
        protocol: 6,
        port,
        interface: interface.to_owned(),
        tunnel: None,
        to_server: counters,
        to_client: counters,
        requests: 1,
        replies: 1,
        refusals: 0,
        first: Timestamp::UNIX_EPOCH,
        last: Timestamp::UNIX_EPOCH,
        evidence: Evidence::Handshake,
        translated: real.iter().map(|text| endpoints(text)).collect(),
        remembered: None,
        client_direction: None,
        client_port: None,
        is_unreachable: false,
    }
}

/// Judges flows by rules written as `client server ports presence`.
fn audit(rules: &[&str], flows: &[Flow]) -> Audit {
    let mut text = "name = \"M\"\n".to_owned();
    for (number, rule) in rules.iter().enumerate() {
        let parts: Vec<&str> = rule.split(' ').collect();
        let [client, server, ports, presence] = parts[..] else {
            panic!("{rule}");
        };
        write!(
            text,
            "[[rule]]\nid = \"r{number}\"\nclient = [\"{client}\"]\nserver = [\"{server}\"]\ntransport = \"tcp\"\nports = \"{ports}\"\npresence = \"{presence}\"\n"
        )
        .unwrap();
    }
    let host = Host {
        tunnels: [("vx0".to_owned(), Tunnel::Vxlan)].into(),
        addresses: ["10.0.0.1".parse().unwrap(), "172.17.0.1".parse().unwrap()].into(),
        ..Host::default()
    };
    let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
    let deployment = Deployment::parse(Path::new("a.toml"), DEPLOYMENT).unwrap();
    let lookup = &mut |_: &str| Ok(Vec::new());
    let policy = Policy::new(&[matrix], Some(&deployment), &[], &host, lookup).unwrap();
    let observed = Observed {
        host,
        flows: flows.to_vec(),
        ..Observed::default()
    };
    judge(&policy, &observed)
}

/// Each flow's verdict, and where it is counted.
fn told(audit: &Audit) -> Vec<String> {
    let tell = |finding: &crate::audit::FlowFinding| {
        let counted = finding.elsewhere.as_ref().and_then(|one| one.counted_at);
        let counted = counted.map_or_else(String::new, |at| format!(" at {at}"));
        format!(
            "{} {}{counted}",
            finding.verdict.name(),
            finding.severity.name()
        )
    };
    audit.flows.iter().map(tell).collect()
}

#[test]
fn one_conversation_on_several_interfaces_is_one_finding() {
    let ends = "10.0.0.2 10.0.0.1 8080";
    let mut inside = flow("eth0", ends, &[]);
    inside.tunnel = Some(Tunnel::Vxlan);
    let mut knock = flow("eth1", ends, &[]);
    knock.to_client = DirectionCounters::default();
    knock.requests = 5;
    let flows = [
        knock,
        flow("br0", ends, &[]),
        inside,
        flow("br0", "10.0.0.2 10.0.0.1 8081", &[]),
    ];
    let audit = audit(&["peer node 9999 optional"], &flows);
    assert_eq!(
        told(&audit),
        [
            "unexpected fine at 1",
            "unexpected violation",
            "unexpected fine at 1",
            "unexpected violation",
        ]
    );
    let places = &audit.flows[1].elsewhere.as_ref().unwrap().places;
    assert_eq!(*places, [0, 2].into());
    assert_eq!(audit.flows[3].elsewhere, None);
}

#[test]
fn both_legs_of_a_translation_are_one_finding() {
    // A published port, and what the container opens under this host's address.
    let flows = [
        flow(
            "eth0",
            "10.0.0.2 10.0.0.1 8080",
            &["10.0.0.2 172.17.0.2 80"],
        ),
        flow("docker0", "10.0.0.2 172.17.0.2 80", &[]),
        flow("docker0", "172.17.0.2 10.0.0.2 443", &[]),
        flow(
            "eth0",
            "10.0.0.1 10.0.0.2 443",
            &["172.17.0.2 10.0.0.2 443"],
        ),
    ];
    assert_eq!(
        told(&audit(&["peer node 9999 optional"], &flows)),
        [
            "unexpected fine at 1",
            "unexpected violation",
            "unexpected violation",
            "unexpected fine at 2",
        ]
    );
    // Either leg may be the one that the operator wrote.
    for rules in [
        ["peer node 8080 optional", "node peer 443 optional"],
        ["peer box 80 optional", "box peer 443 optional"],
        ["peer node 8080 optional", "box peer 443 optional"],
    ] {
        assert_eq!(told(&audit(&rules, &flows)), ["documented fine"; 4]);
    }
    // And either may be the one that is forbidden, whatever allows the other.
    for forbidding in ["peer node 8080 forbidden", "peer box 80 forbidden"] {
        let rules = [
            forbidding,
            "peer node 1-9000 optional",
            "peer box 1-9000 optional",
            "box peer 443 optional",
        ];
        let audit = audit(&rules, &flows);
        assert_eq!(
            told(&audit),
            [
                "forbidden fine at 1",
                "forbidden violation",
                "documented fine",
                "documented fine",
            ]
        );
        assert_eq!(audit.rules[0].verdict.name(), "violated");
    }
}

#[test]
fn several_conversations_behind_one_address_are_counted_each() {
    let flows = [
        flow(
            "eth0",
            "10.0.0.1 10.0.0.2 443",
            &["172.17.0.2 10.0.0.2 443", "172.17.0.3 10.0.0.2 443"],
        ),
        flow("docker0", "172.17.0.2 10.0.0.2 443", &[]),
        flow("docker0", "172.17.0.3 10.0.0.2 443", &[]),
    ];
    let violations = |rules: &[&str]| {
        let findings = audit(rules, &flows).flows;
        findings
            .iter()
            .filter(|finding| finding.severity == Severity::Violation)
            .count()
    };
    assert_eq!(violations(&["peer node 1 optional"]), 2);
    assert_eq!(violations(&["box peer 443 optional"]), 1);
    // Nobody watches the inner interface: one address, one finding.
    let outer = audit(&["peer node 1 optional"], &flows[..1]);
    assert!(outer.has_violations());
}

#[test]
fn two_apparent_legs_meet_by_the_real_one() {
    let real = "10.0.0.2 172.17.0.2 80";
    let flows = [
        flow("eth0", "10.0.0.2 10.0.0.1 8080", &[real]),
        flow("eth1", "10.0.0.1 172.17.0.2 80", &[real]),
    ];
    assert_eq!(
        told(&audit(&["peer node 9999 optional"], &flows)),
        ["unexpected violation", "unexpected fine at 0"]
    );
}

#[test]
fn a_tunnel_and_what_it_carries_are_one_finding() {
    let carrier = |ends: &str| Flow {
        protocol: 17,
        ..flow("eth0", ends, &[])
    };
    let there = carrier("10.0.0.1 10.0.0.2 4789");
    let back = carrier("10.0.0.2 10.0.0.1 4789");
    let inner = flow("vx0", "10.244.0.2 10.244.0.1 8080", &[]);
    let inside = Flow {
        tunnel: Some(Tunnel::Vxlan),
        ..flow("eth0", "10.244.0.2 10.244.0.1 8080", &[])
    };
    let rules = &["peer node 9999 optional"][..];
    assert_eq!(
        told(&audit(
            rules,
            &[there.clone(), back.clone(), inside, inner.clone()]
        )),
        [
            "unexpected fine at 2",
            "unexpected fine at 2",
            "unexpected violation",
            "unexpected fine at 2",
        ]
    );
    // Seen on the tunnel's own interface alone, and not at all.
    assert_eq!(
        told(&audit(rules, &[there.clone(), inner.clone()])),
        ["unexpected fine at 1", "unexpected violation"]
    );
    assert_eq!(
        told(&audit(rules, &[there.clone(), back.clone()])),
        ["unexpected violation", "unexpected fine at 0"]
    );
    // A tunnel to somebody else may carry anything.
    let stranger = carrier("10.0.0.1 192.0.2.9 4789");
    assert_eq!(
        told(&audit(rules, &[there, stranger, inner])),
        ["unexpected violation"; 3]
    );
}

/// What goes straight to where others are sent by a translation is not documented by that.
#[test]
fn nobody_walks_around_a_translation() {
    let came = |ends: &str, real: &[&str]| Flow {
        client_direction: Some(Direction::Ingress),
        ..flow("eth0", ends, real)
    };
    let told = |flows: &[Flow]| -> Vec<(&'static str, Severity)> {
        let audit = audit(&["peer node 80 required"], flows);
        let flows = audit.flows.iter();
        flows
            .map(|one| (one.verdict.name(), one.severity))
            .collect()
    };
    let documented = ("documented", Severity::Fine);
    let unexpected = ("unexpected", Severity::Violation);
    // Redirected to a port of this host's, and asked there at the same interface.
    let redirected = came("10.0.0.2 10.0.0.1 80", &["10.0.0.2 10.0.0.1 8080"]);
    let straight = came("10.0.0.2 10.0.0.1 8080", &[]);
    assert_eq!(
        told(&[redirected.clone(), straight.clone()]),
        [documented, unexpected]
    );
    // Behind a bridge's port it is the same conversation.
    let behind = Flow {
        interface: "br0".to_owned(),
        ..straight
    };
    assert_eq!(told(&[redirected, behind]), [documented, documented]);
    // Sent on to a box: what passes there is of both kinds, as the connections tell that are tracked.
    let ends = "10.0.0.2 172.17.0.2 8080";
    let published = came("10.0.0.2 10.0.0.1 80", &[ends]);
    let behind = |real: &[&str]| flow("docker0", ends, real);
    assert_eq!(
        told(&[published.clone(), behind(&[])]),
        [documented, documented]
    );
    assert_eq!(
        told(&[published, behind(&[ends])]),
        [documented, unexpected]
    );
}

/// What this host asks by an address that its own rules translate leaves it between the real ends.
#[test]
fn what_this_host_asks_is_what_its_programs_asked() {
    let left = |asked: &[&str]| Flow {
        client_direction: Some(Direction::Egress),
        ..flow("eth0", "10.0.0.1 172.17.0.2 8080", asked)
    };
    let told = |flow: Flow| {
        let audit = audit(&["node peer 80 required"], &[flow]);
        (audit.flows[0].severity, audit.rules[0].verdict)
    };
    let service = "10.0.0.1 10.0.0.2 80";
    let straight = "10.0.0.1 172.17.0.2 8080";
    assert_eq!(
        told(left(&[service])),
        (Severity::Fine, RuleVerdict::Observed)
    );
    // Both by the service's address and straight: the rule was seen, and more than it.
    let both = told(left(&[service, straight]));
    assert_eq!(both, (Severity::Violation, RuleVerdict::Observed));
    assert_eq!(told(left(&[])).0, Severity::Violation);
}
