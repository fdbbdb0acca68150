//! Servers that were asked in vain while others answered.

use std::collections::BTreeSet;

use super::*;
use crate::observed::{Fleet, Member, Sight};

/// What was seen of clients of this host.
fn asked(flows: &[&str]) -> Observed {
    let flows: Vec<Flow> = flows
        .iter()
        .map(|text| Flow {
            client_direction: Some(Direction::Egress),
            ..flow(text)
        })
        .collect();
    observed(&flows)
}

#[track_caller]
fn check(rule: &str, observed: &Observed, said: &str, severity: Severity) {
    let text = format!(
        "name = \"M\"\n[[rule]]\nid = \"r\"\nclient = [\"master\"]\nserver = [\"agent\"]\n{rule}\n"
    );
    let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
    let deployment =
        "matrix = \"m.toml\"\n[roles]\nmaster = [\"10.0.0.10\"]\nagent = [\"10.0.1.1-10.0.1.3\"]\n";
    let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
    let mut lookup = |_: &str| Ok(Vec::new());
    let policy = Policy::new(
        &[matrix],
        Some(&deployment),
        &[],
        &observed.host,
        &mut lookup,
    );
    let found = judge(&policy.unwrap(), observed).rules.remove(0);
    let in_vain: Vec<String> = found
        .in_vain
        .iter()
        .map(|((address, port), outcome)| format!("{address} {port} {}", outcome.name()))
        .collect();
    assert_eq!(found.verdict.name(), "observed");
    assert_eq!(
        (in_vain.join(", ").as_str(), found.severity),
        (said, severity)
    );
}

#[test]
fn a_dead_member_is_told() {
    let one = "transport = \"tcp\"\nports = \"80\"";
    let dead = asked(&[
        "10.0.0.10 10.0.1.1 tcp 80 9/9",
        "10.0.0.10 10.0.1.2 tcp 80 3/0",
        "10.0.0.10 10.0.1.3 tcp 80 3/3/3",
    ]);
    let said = "10.0.1.2 80 attempted, 10.0.1.3 80 refused";
    check(one, &dead, said, Severity::Warning);
    let required = "transport = \"tcp\"\nports = \"80\"\npresence = \"required\"";
    check(required, &dead, said, Severity::Warning);
    let alive = asked(&["10.0.0.10 10.0.1.1 tcp 80 9/9"]);
    check(one, &alive, "", Severity::Fine);
    // Datagrams need no answer.
    let silent = asked(&[
        "10.0.0.10 10.0.1.1 udp 80 9/9",
        "10.0.0.10 10.0.1.2 udp 80 3/0",
    ]);
    let datagrams = "transport = \"udp\"\nports = \"80\"";
    check(datagrams, &silent, "10.0.1.2 80 attempted", Severity::Note);
    let mut elsewhere = silent;
    elsewhere.host.unwatched.insert("eth1".to_owned());
    check(datagrams, &elsewhere, "", Severity::Fine);
}

#[test]
fn a_dead_port_is_told() {
    let one_of_two = asked(&[
        "10.0.0.10 10.0.1.1 tcp 80 9/9",
        "10.0.0.10 10.0.1.1 tcp 443 3/3/3",
    ]);
    let both = "transport = \"tcp\"\nports = \"80,443\"";
    check(both, &one_of_two, "10.0.1.1 443 refused", Severity::Warning);
    let either = "transport = \"tcp\"\nports = \"80,443\"\nalternatives = true";
    check(either, &one_of_two, "", Severity::Fine);
}

#[test]
fn what_comes_in_tells_of_no_member() {
    let rule = "transport = \"tcp\"\nports = \"80\"";
    let seen = |direction: Option<Direction>, dead: &str| {
        observed(&[
            Flow {
                client_direction: Some(Direction::Egress),
                ..flow("10.0.0.10 10.0.1.1 tcp 80 9/9")
            },
            Flow {
                client_direction: direction,
                ..flow(dead)
            },
        ])
    };
    let fleet = || {
        let sight = Sight::Watching {
            hidden: BTreeSet::new(),
            idle: BTreeSet::new(),
            has_gap: false,
        };
        let member = |name: &str, address: &str| Member {
            name: name.to_owned(),
            addresses: [address.parse().unwrap()].into(),
            sight: sight.clone(),
        };
        Fleet::new(vec![member("a", "10.0.0.10"), member("b", "10.0.1.2")])
    };
    for dead in [
        "10.0.0.10 10.0.1.2 tcp 80 3/0",
        "10.0.0.10 10.0.1.2 tcp 80 3/3/3",
    ] {
        // Somebody outside asks in a client's name; in a fleet, the client's own host has not seen it, or a router alone has.
        for direction in [Some(Direction::Ingress), None] {
            let alone = seen(direction, dead);
            check(rule, &alone, "", Severity::Fine);
            let mut joined = seen(direction, dead);
            joined.host.fleet = Some(fleet());
            check(rule, &joined, "", Severity::Fine);
        }
        let mut joined = seen(Some(Direction::Egress), dead);
        joined.host.fleet = Some(fleet());
        let outcome = if dead.ends_with("/0") {
            "attempted"
        } else {
            "refused"
        };
        check(
            rule,
            &joined,
            &format!("10.0.1.2 80 {outcome}"),
            Severity::Warning,
        );
    }
}

#[test]
fn what_others_asked_hides_no_dead_member() {
    let mut seen = asked(&[
        "10.0.0.10 10.0.1.1 tcp 80 9/9",
        "10.0.0.10 10.0.1.2 tcp 80 3/3/3",
    ]);
    seen.flows.push(Flow {
        client_direction: None,
        ..flow("192.0.2.1 10.0.1.2 tcp 80 3/0")
    });
    let rule = "transport = \"tcp\"\nports = \"80\"";
    check(rule, &seen, "10.0.1.2 80 refused", Severity::Warning);
}
