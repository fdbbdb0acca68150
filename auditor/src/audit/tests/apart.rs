//! Traffic of which a rule's conversation shows only a part: it ends with its acceptance, is asked of all hosts, is encrypted, is
//! answered by another way, or was never asked.

use std::collections::BTreeSet;

use super::*;
use crate::{
    observed::{Connection, Way},
    port::PortRange,
};

/// The verdicts of the rules that a test names, in their order.
#[track_caller]
fn verdicts(ids: &[&str], observed: &Observed) -> Vec<String> {
    let policy = policy(Some(DEPLOYMENT), &[], observed);
    let audit = judge(&policy, observed);
    let of = |id: &&str| {
        let at = policy.rules.iter().position(|one| one.rule.id == **id);
        audit.rules[at.unwrap()].verdict.name().to_owned()
    };
    ids.iter().map(of).collect()
}

/// Six connections that their client ends as soon as they are accepted.
fn checks(ends: &str, direction: Direction) -> Flow {
    let mut flow = flow(&format!("{ends} 12/6"));
    flow.to_server.resets = 6;
    // SYN, RST and ACK.
    flow.to_server.flags = 0x16;
    Flow {
        requests: 6,
        replies: 6,
        client_direction: Some(direction),
        ..flow
    }
}

#[test]
fn who_only_connects_was_let_in() {
    let asked = |flow: Flow| verdicts(&["zookeeper"], &observed(&[flow])).remove(0);
    let here = || checks("10.0.0.10 10.0.0.11 tcp 2181", Direction::Egress);
    let there = || checks("10.0.1.5 10.0.0.10 tcp 2181", Direction::Ingress);
    assert_eq!(asked(here()), "observed");
    assert_eq!(asked(there()), "unassessed", "it may be anybody");
    // Without an acknowledgement: acceptances that fit no request of this host's, or a scan, or somebody else's opening.
    let unaware = |mut flow: Flow| {
        flow.to_server.flags = 0x06;
        flow
    };
    assert_eq!(asked(unaware(here())), "unanswered");
    assert_eq!(asked(unaware(there())), "missing");
    // Nobody took what was accepted, so it was accepted again.
    let repeated = Flow {
        replies: 36,
        ..there()
    };
    assert_eq!(asked(repeated), "missing");
    let reset = |mut flow: Flow| {
        flow.to_client.resets = 1;
        flow
    };
    assert_eq!(asked(reset(there())), "missing");
}

const DHCP: &str = r#"
name = "DHCP"
[[rule]]
id = "dhcp"
client = ["lan"]
server = ["dhcp"]
transport = "udp"
ports = "67"
presence = "required"
[[rule]]
id = "other"
client = ["lan"]
server = ["dhcp"]
transport = "udp"
ports = "68"
"#;

#[test]
fn who_is_asked_by_a_broadcast_is_asked() {
    let told = |flows: &[Flow]| -> Vec<&'static str> {
        let matrix = Matrix::parse(Path::new("m.toml"), DHCP).unwrap();
        let deployment =
            "matrix = \"m.toml\"\n[roles]\ndhcp = [\"10.0.0.10\"]\nlan = [\"10.0.0.128/25\"]\n";
        let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
        let observed = observed(flows);
        let lookup = &mut |_: &str| Ok(Vec::new());
        let policy =
            Policy::new(&[matrix], Some(&deployment), &[], &observed.host, lookup).unwrap();
        let audit = judge(&policy, &observed);
        audit.rules.iter().map(|one| one.verdict.name()).collect()
    };
    let question = || flow("0.0.0.0 255.255.255.255 udp 67 4/0");
    let answer = |client: &str| Flow {
        client_port: Some(67),
        evidence: Evidence::FirstSender,
        ..flow(&format!("10.0.0.10 {client} udp 68 2/0"))
    };
    let as_reply = flow("10.0.0.200 10.0.0.10 udp 67 0/2");
    assert_eq!(told(&[question(), answer("10.0.0.200")])[0], "observed");
    assert_eq!(told(&[question(), as_reply])[0], "observed");
    for flows in [
        vec![question()],
        vec![answer("10.0.0.200")],
        vec![question(), answer("192.0.2.1")],
        vec![question(), flow("10.0.0.10 10.0.0.200 udp 68 2/0")],
    ] {
        assert_eq!(told(&flows)[0], "missing", "{flows:?}");
    }
    assert_eq!(told(&[question(), answer("10.0.0.200")])[1], "missing");
}

#[test]
fn what_is_encrypted_may_be_the_rules() {
    let esp = |direction, packets: &str| Flow {
        client_direction: Some(direction),
        ..flow(&format!("10.0.1.5 10.0.0.10 50 0 {packets}"))
    };
    let told = |flow| verdicts(&["zookeeper", "callback", "metrics"], &observed(&[flow]));
    let unassessed = ["unassessed"; 3];
    assert_eq!(told(esp(Direction::Ingress, "9/9")), unassessed);
    assert_eq!(told(esp(Direction::Egress, "9/0")), unassessed);
    // Anybody can send such a frame, and nobody here has the key of it.
    assert_eq!(told(esp(Direction::Ingress, "9/0")), ["missing"; 3]);
}

#[test]
fn answers_that_leave_unwatched_are_not_silence() {
    let asked = flow("10.0.1.5 10.0.0.10 udp 8125 3/0");
    let mut observed = observed(&[asked]);
    assert_eq!(verdicts(&["metrics"], &observed), ["unanswered"]);
    let mut way = |is_watched, unwatched: &[&str]| {
        let way = Way {
            is_watched,
            unwatched: unwatched.iter().map(|one| (*one).to_owned()).collect(),
        };
        observed.host.ways.insert("10.0.1.5".parse().unwrap(), way);
        verdicts(&["metrics"], &observed)
    };
    assert_eq!(way(true, &[]), ["unanswered"]);
    assert_eq!(way(false, &["eth1"]), ["unassessed"]);
    assert_eq!(way(true, &["eth1"]), ["unassessed"]);
}

/// An answer is one only to a question.
#[test]
fn echoes_of_nothing_are_in_doubt() {
    let replies = Flow {
        requests: 0,
        replies: 9,
        client_direction: Some(Direction::Ingress),
        ..flow("10.0.1.5 10.0.0.10 icmp 8 0/9")
    };
    let told = |seconds, flow: &Flow| {
        let mut observed = observed(std::slice::from_ref(flow));
        let start = observed.window.start;
        observed.window.since = start - SignedDuration::from_secs(seconds);
        observed.window.start = observed.window.since;
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        let audit = judge(&policy, &observed);
        let rule = verdicts(&["ping"], &observed).remove(0);
        format!("{}, {rule}", told(&policy, &audit, 0))
    };
    let said = told(9, &replies);
    assert_eq!(said, "documented ping warning in doubt, unassessed");
    let said = told(0, &replies);
    assert_eq!(
        said, "documented ping fine in doubt, unassessed",
        "asked before"
    );
    let of_a_group = Flow {
        evidence: Evidence::Group,
        ..replies.clone()
    };
    assert_eq!(told(9, &of_a_group), "documented ping fine, observed");
    let asked = flow("10.0.1.5 10.0.0.10 icmp 8 9/9");
    assert_eq!(told(9, &asked), "documented ping fine, observed");
}

/// Who listens no more has not therefore asked.
#[test]
fn a_service_that_took_its_connection_did_not_open_it() {
    let told = |port, evidence, requests| {
        let flow = Flow {
            evidence,
            requests,
            client_direction: Some(Direction::Egress),
            ..flow("10.0.0.10 10.0.1.5 tcp 15101 9/9")
        };
        let mut observed = observed(&[flow]);
        observed.host.ephemeral = Some(PortRange::EPHEMERAL);
        observed.host.connections = BTreeSet::from([Connection {
            local: (HERE.parse().unwrap(), port),
            remote: ("10.0.1.5".parse().unwrap(), 15101),
        }]);
        verdicts(&["callback"], &observed).remove(0)
    };
    // It is in doubt, and the rule is open by its sockets alone.
    assert_eq!(told(4444, Evidence::Opened, 0), "idle");
    assert_eq!(told(4444, Evidence::Documented, 0), "idle");
    assert_eq!(told(4444, Evidence::Handshake, 1), "observed");
    assert_eq!(told(800, Evidence::Opened, 0), "observed", "by privilege");
    assert_eq!(told(50_000, Evidence::Opened, 0), "observed");
}
