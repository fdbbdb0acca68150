//! Which ports and hosts of a rule were seen, in which time, and how certain it is that the rest is missing.

use std::collections::BTreeMap;

use auditor_common::{Tally, lost::Lost};

use super::*;
use crate::{
    audit::{Level, RuleFinding},
    observed::Endpoints,
};

/// The finding on a rule that has these TOML lines besides its id and sides.
#[track_caller]
fn finding(rule: &str, observed: &Observed) -> RuleFinding {
    let text = format!(
        "name = \"M\"\n[[rule]]\nid = \"r\"\nclient = [\"master\"]\nserver = [\"agent\"]\ntransport = \"tcp\"\n{rule}\n"
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
    judge(&policy.unwrap(), observed).rules.remove(0)
}

#[test]
fn which_ports_of_several_were_seen() {
    for (ports, flows, seen, unseen) in [
        ("80,443", &["80"][..], "80", "443"),
        ("80,443", &["80", "443"], "80,443", ""),
        ("80-84", &["82"], "82", "80-81,83-84"),
        ("80-84", &["80", "84"], "80,84", "81-83"),
        ("25,587\"\nalternatives = true\n# \"", &["587"], "587", ""),
    ] {
        let flows: Vec<Flow> = flows
            .iter()
            .map(|port| flow(&format!("10.0.0.10 10.0.1.1 tcp {port} 2/2")))
            .collect();
        let found = finding(&format!("ports = \"{ports}\""), &observed(&flows))
            .ports
            .unwrap();
        assert_eq!(
            (found.seen.to_string(), found.unseen.to_string()),
            (seen.to_owned(), unseen.to_owned()),
            "{ports}"
        );
    }
    let one = observed(&[flow("10.0.0.10 10.0.1.1 tcp 80 2/2")]);
    assert_eq!(finding("ports = \"80\"", &one).ports, None);
    assert_eq!(finding("ports = \"80,443\"", &observed(&[])).ports, None);
}

#[test]
fn which_hosts_of_a_role_were_seen() {
    let two = observed(&[
        flow("10.0.0.10 10.0.1.1 tcp 80 2/2"),
        flow("10.0.0.10 10.0.1.3 tcp 80 2/2"),
    ]);
    let peers = finding("ports = \"80\"", &two).peers.unwrap();
    let addresses = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
    assert_eq!(peers.seen, addresses(&["10.0.1.1", "10.0.1.3"]));
    assert_eq!(peers.unseen, Some(addresses(&["10.0.1.2"])));
    // A role that is a whole network is not a list of hosts.
    let wide = observed(&[flow("10.0.1.5 10.0.0.10 tcp 2181 2/2")]);
    let audit = judge(&policy(Some(DEPLOYMENT), &[], &wide), &wide);
    assert_eq!(audit.rules[0].peers.as_ref().unwrap().unseen, None);
}

/// What was observed in a window of an hour, with a history of a day.
fn remembering(flows: &[Flow]) -> Observed {
    let mut observed = observed(flows);
    observed.window.start = observed.window.end - SignedDuration::from_hours(1);
    observed.window.since = observed.window.end - SignedDuration::from_hours(24);
    observed
}

fn hours_ago(flow: Flow, hours: i64) -> Flow {
    let end: Timestamp = START.parse().unwrap();
    Flow {
        first: end - SignedDuration::from_hours(hours),
        last: end - SignedDuration::from_hours(hours),
        ..flow
    }
}

#[test]
fn a_rule_is_asked_about_its_own_time() {
    for (within, hours, verdict) in [
        ("", 0, "observed"),
        ("", 2, "missing"),
        ("within = \"3h\"", 2, "observed"),
        ("within = \"3h\"", 4, "missing"),
        ("within = \"1d\"", 23, "observed"),
        // Longer than the history of a day.
        ("within = \"25h\"", 30, "unassessed"),
        ("within = \"25h\"", 23, "observed"),
    ] {
        let observed = remembering(&[hours_ago(flow("10.0.0.10 10.0.1.1 tcp 80 2/2"), hours)]);
        let found = finding(&format!("ports = \"80\"\n{within}"), &observed);
        assert_eq!(found.verdict.name(), verdict, "{within} {hours}");
    }
}

#[test]
fn what_is_past_is_no_violation() {
    for (hours, severity) in [(0, Severity::Violation), (2, Severity::Fine)] {
        let observed = remembering(&[hours_ago(flow("10.0.0.10 10.0.1.1 tcp 99 2/2"), hours)]);
        let audit = judge(&policy(Some(DEPLOYMENT), &[], &observed), &observed);
        assert_eq!(audit.flows[0].severity, severity, "{hours}");
    }
}

#[test]
fn a_gap_matters_to_the_rules_whose_time_it_reaches() {
    for (hours, within, verdict) in [
        (2, "", "missing"),
        (2, "within = \"2h\"", "unassessed"),
        (2, "within = \"119m\"", "missing"),
        (0, "", "unassessed"),
    ] {
        let mut observed = remembering(&[]);
        observed.gaps = vec![Gap {
            cause: Cause::Unwatched,
            from: observed.window.since,
            until: Some(observed.window.end - SignedDuration::from_hours(hours)),
        }];
        let found = finding(&format!("ports = \"80\"\n{within}"), &observed);
        assert_eq!(found.verdict.name(), verdict, "{hours} {within}");
    }
}

#[test]
fn packets_without_a_place_hide_what_may_have_been_theirs() {
    for (protocol, port, ports, verdict) in [
        (6, 80, "80", "unassessed"),
        (6, 81, "80", "missing"),
        // The counted port may be the lower of two, and the other one may be the rule's.
        (6, 79, "80", "unassessed"),
        (6, 90, "80,100", "unassessed"),
        (17, 80, "80", "missing"),
    ] {
        let mut observed = observed(&[]);
        observed.gaps = vec![Gap {
            cause: Cause::Uncounted {
                reason: Reason::TableFull,
                packets: 1,
            },
            from: observed.window.start,
            until: None,
        }];
        let lost = Lost {
            direction: Direction::Ingress,
            protocol,
            port,
        };
        observed.lost = BTreeMap::from([(
            lost,
            Tally {
                packets: 1,
                bytes: 60,
            },
        )]);
        let found = finding(&format!("ports = \"{ports}\""), &observed);
        assert_eq!(found.verdict.name(), verdict, "{protocol} {port} {ports}");
    }
}

#[test]
fn a_missing_rule_says_how_sure_that_is() {
    let mut observed = observed(&[flow("10.0.0.10 10.0.1.2 tcp 99 2/2")]);
    observed.window.start = observed.window.end - SignedDuration::from_mins(30);
    observed.window.since = observed.window.start;
    let certainty = finding("ports = \"80\"", &observed).certainty.unwrap();
    assert_eq!(certainty.level, Level::Medium);
    assert_eq!((certainty.peers_heard, certainty.peers), (1, Some(3)));
    assert_eq!(
        (certainty.comparable, certainty.comparable_observed),
        (0, 0)
    );
    assert_eq!(certainty.watched, SignedDuration::from_mins(30));
    assert_eq!(finding("ports = \"99\"", &observed).certainty, None);
}

#[test]
fn who_really_talks_may_be_what_is_documented() {
    let pair = |text: &str| {
        let parts: Vec<&str> = text.split(' ').collect();
        Endpoints {
            client: parts[0].parse().unwrap(),
            server: parts[1].parse().unwrap(),
            port: parts[2].parse().unwrap(),
        }
    };
    for (real, verdict) in [
        (
            &["10.0.1.5 10.0.0.10 2181"][..],
            "documented zookeeper fine",
        ),
        // Another client behind the same translated address has undocumented traffic.
        (
            &["10.0.1.5 10.0.0.10 2181", "10.0.1.6 10.0.0.10 22"],
            "unexpected port [zookeeper] violation",
        ),
        (
            &["192.0.2.9 10.0.0.10 2181"],
            "unexpected peer [zookeeper] violation",
        ),
        (&[], "unexpected port [] violation"),
    ] {
        let mut flow = flow("192.0.2.1 10.0.0.99 tcp 9999 5/5");
        flow.translated = real.iter().map(|text| pair(text)).collect();
        let observed = observed(&[flow]);
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        assert_eq!(
            told(&policy, &judge(&policy, &observed), 0),
            verdict,
            "{real:?}"
        );
    }
    // The apparent endpoints are documented: a vendor's page names the published port.
    let mut published = flow("10.0.1.5 10.0.0.10 tcp 2181 5/5");
    published.translated = [pair("10.0.1.5 172.17.0.2 80")].into();
    let observed = observed(&[published]);
    let policy = policy(Some(DEPLOYMENT), &[], &observed);
    assert_eq!(
        told(&policy, &judge(&policy, &observed), 0),
        "documented zookeeper fine"
    );
}
