mod apart;
mod in_vain;
mod listening;
mod seen;
mod unplaced;
mod unseen;

use std::{net::IpAddr, path::Path};

use auditor_common::{Direction, Evidence, Reason};
use jiff::{SignedDuration, Timestamp};

use super::{Audit, Policy, Severity, judge};
use crate::{
    deployment::Deployment,
    matrix::Matrix,
    observed::{
        Cause, DirectionCounters, Flow, Gap, Hook, Host, Interface, Listener, Observed, Window,
    },
    role::Role,
    transport::Transport,
};

const MATRIX: &str = r#"
name = "Store"
[[rule]]
id = "zookeeper"
client = ["agent", "master"]
server = ["master"]
transport = "tcp"
ports = "2181"
presence = "required"
[[rule]]
id = "callback"
client = ["master"]
server = ["agent"]
transport = "tcp"
ports = "15101"
[[rule]]
id = "vault"
client = ["master"]
server = ["master"]
transport = "tcp"
ports = "8200"
when = "enterprise"
[[rule]]
id = "local"
client = ["master"]
server = ["master"]
transport = "tcp"
ports = "7070"
loopback = true
[[rule]]
id = "metrics"
client = ["agent"]
server = ["master"]
transport = "udp"
ports = "8125"
presence = "optional"
[[rule]]
id = "tasks"
client = ["agent"]
server = ["agent"]
transport = "tcp"
ports = "1025-2180"
[[rule]]
id = "extra"
client = ["extra"]
server = ["master"]
transport = "tcp"
ports = "9"
[[rule]]
id = "ping"
client = ["agent"]
server = ["master"]
transport = "icmp"
presence = "optional"
[[rule]]
id = "apart"
client = ["agent"]
server = ["master"]
transport = "tcp"
ports = "6000"
presence = "forbidden"
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
[roles]
master = ["10.0.0.10", "10.0.0.11"]
agent = ["10.0.1.0/24"]
[[exception]]
match = { client = "192.0.2.7", ports = "9100" }
reason = "exporter"
until = 2026-11-20
"#;

const HERE: &str = "10.0.0.10";

/// When the window began.
const START: &str = "2026-11-20T12:00:00Z";

/// A flow as `client server transport port to-server/to-client[/resets]`.
fn flow(text: &str) -> Flow {
    let parts: Vec<&str> = text.split(' ').collect();
    let packets: Vec<u64> = parts[4]
        .split('/')
        .map(|part| part.parse().unwrap())
        .collect();
    let way = |packets, resets| DirectionCounters {
        fragments: 0,
        packets,
        bytes: packets * 100,
        resets,
        flags: 0,
    };
    Flow {
        client: parts[0].parse().unwrap(),
        server: parts[1].parse().unwrap(),
        protocol: match parts[2] {
            "tcp" => 6,
            "udp" => 17,
            "icmp" => 1,
            "icmp6" => 58,
            "igmp" => 2,
            other => other.parse().unwrap(),
        },
        port: parts[3].parse().unwrap(),
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server: way(packets[0], 0),
        to_client: way(packets[1], packets.get(2).copied().unwrap_or_default()),
        // What is not answered is asked again.
        requests: if packets[1] == 0 { packets[0] } else { 1 },
        replies: 0,
        refusals: 0,
        first: Timestamp::UNIX_EPOCH,
        last: START.parse().unwrap(),
        evidence: Evidence::Handshake,
        translated: std::collections::BTreeSet::new(),
        remembered: None,
        client_direction: None,
        client_port: None,
        is_unreachable: false,
    }
}

fn observed(flows: &[Flow]) -> Observed {
    let start: Timestamp = START.parse().unwrap();
    let listener = Listener {
        transport: Transport::Udp,
        port: 8125,
        address: "0.0.0.0".parse().unwrap(),
        device: 0,
    };
    Observed {
        host: Host {
            network_namespace: None,
            is_captured: false,
            owners: crate::observed::SocketOwners::default(),
            connections: std::collections::BTreeSet::new(),
            name: "m".to_owned(),
            addresses: [HERE, "127.0.0.1"]
                .iter()
                .map(|text| text.parse::<IpAddr>().unwrap())
                .collect(),
            local: crate::observed::LocalNetworks::default(),
            networks: ["10.0.0.0/24".parse().unwrap()].into(),
            tunnels: std::collections::BTreeMap::new(),
            listeners: [listener].into(),
            ways: crate::observed::Ways::default(),
            unwatched: std::collections::BTreeSet::new(),
            apart: std::collections::BTreeSet::new(),
            former: std::collections::BTreeSet::new(),
            fleet: None,
            ephemeral: None,
        },
        window: Window::new(start, start, SignedDuration::from_secs(1)),
        interfaces: vec![Interface {
            name: "eth0".to_owned(),
            ingress: Hook::Tc,
            egress: Some(Hook::Tc),
            is_loopback: false,
        }],
        flows: flows.to_vec(),
        ..Observed::default()
    }
}

fn policy(deployment: Option<&str>, played: &[&str], observed: &Observed) -> Policy {
    let matrix = Matrix::parse(Path::new("m.toml"), MATRIX).unwrap();
    let deployment = deployment.map(|text| Deployment::parse(Path::new("a.toml"), text).unwrap());
    let played: Vec<Role> = played.iter().map(|name| Role::new(name)).collect();
    Policy::new(
        &[matrix],
        deployment.as_ref(),
        &played,
        &observed.host,
        &mut |_| Ok(Vec::new()),
    )
    .unwrap()
}

/// A verdict with its reason, rules and severity.
fn told(policy: &Policy, audit: &Audit, index: usize) -> String {
    use super::FlowVerdict;
    let finding = &audit.flows[index];
    let ids = |rules: &[usize]| {
        rules
            .iter()
            .map(|at| policy.rules[*at].rule.id.clone())
            .collect::<Vec<_>>()
            .join(",")
    };
    let more = match &finding.verdict {
        FlowVerdict::Documented { rules } | FlowVerdict::Forbidden { rules, .. } => ids(rules),
        FlowVerdict::Unexpected {
            reason, nearest, ..
        } => {
            format!("{} [{}]", reason.name(), ids(nearest))
        }
        FlowVerdict::Excepted { .. } | FlowVerdict::Housekeeping => String::new(),
    };
    let doubt = if finding.benefit_of_doubt {
        " in doubt"
    } else {
        ""
    };
    format!(
        "{} {more} {}{doubt}",
        finding.verdict.name(),
        finding.severity.name()
    )
}

#[test]
fn flows() {
    check(
        "10.0.1.5 10.0.0.10 tcp 2181 5/5",
        "documented zookeeper fine",
    );
    check(
        "10.0.0.11 10.0.0.10 tcp 2181 5/5",
        "documented zookeeper fine",
    );
    check(
        "10.0.1.5 10.0.0.10 tcp 2181 5/0",
        "documented zookeeper fine",
    );
    check("10.0.1.5 10.0.0.10 icmp 8 1/1", "documented ping fine");
    check(
        "192.0.2.9 10.0.0.10 tcp 2181 5/5",
        "unexpected peer [zookeeper] violation",
    );
    check(
        "10.0.0.10 192.0.2.9 tcp 15101 5/5",
        "unexpected peer [callback] violation",
    );
    check(
        "10.0.1.5 10.0.0.10 tcp 15101 5/5",
        "unexpected direction [callback] violation",
    );
    check(
        "10.0.1.5 10.0.0.10 tcp 8125 5/5",
        "unexpected transport [metrics] violation",
    );
    check(
        "10.0.0.11 10.0.0.10 tcp 8200 5/5",
        "unexpected condition [vault] violation",
    );
    check(
        "10.0.1.5 10.0.0.10 tcp 3000 5/5",
        "unexpected port [zookeeper] violation",
    );
    check(
        "192.0.2.9 10.0.0.10 tcp 3000 5/5",
        "unexpected port [] violation",
    );
    check(
        "10.0.1.5 10.0.0.10 tcp 6000 5/5",
        "forbidden apart violation",
    );
    check(
        "10.0.0.11 10.0.0.10 tcp 7070 5/5",
        "unexpected port [zookeeper] violation",
    );
    check(
        "192.0.2.9 10.0.0.10 47 0 5/5",
        "unexpected port [] violation",
    );
}

#[test]
fn a_knock_is_a_warning_unless_data_may_have_moved() {
    check(
        "192.0.2.9 10.0.0.10 tcp 22 1/1/1",
        "unexpected port [] warning",
    );
    check(
        "192.0.2.9 10.0.0.10 tcp 22 3/0",
        "unexpected port [] warning",
    );
    // Nothing is bound to this port, so nothing took the datagrams; to that one something is.
    check(
        "192.0.2.9 10.0.0.10 udp 22 3/0",
        "unexpected port [] warning",
    );
    check(
        "192.0.2.9 10.0.0.10 udp 8125 3/0",
        "unexpected peer [metrics] violation",
    );
    check(
        "10.0.0.10 192.0.2.9 udp 22 3/0",
        "unexpected port [] violation",
    );
}

/// The verdict on a flow, with rules for the roles of [`DEPLOYMENT`] written as TOML lines besides their ids.
fn told_by(rules: &[&str], deployment: &str, flow: &Flow) -> (String, Vec<String>) {
    let mut text = "name = \"M\"\n".to_owned();
    for (rule, id) in rules.iter().zip('a'..) {
        text.extend([
            "[[rule]]\nid = \"",
            id.encode_utf8(&mut [0; 4]),
            "\"\n",
            &rule.replace("; ", "\n"),
            "\n",
        ]);
    }
    let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
    let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
    let mut observed = observed(std::slice::from_ref(flow));
    observed.interfaces[0].is_loopback = flow.interface == "lo";
    observed.interfaces[0].name.clone_from(&flow.interface);
    let lookup = &mut |_: &str| Ok(Vec::new());
    let policy = Policy::new(&[matrix], Some(&deployment), &[], &observed.host, lookup).unwrap();
    let audit = judge(&policy, &observed);
    let rules = audit
        .rules
        .iter()
        .map(|rule| rule.verdict.name().to_owned());
    (told(&policy, &audit, 0), rules.collect())
}

/// Nearly any port is in a wide range, so that says nothing of a flow between others; nor is what forbids a port a rule to put
/// more hosts under.
#[test]
fn a_rule_is_cited_for_others_only_if_it_names_the_port() {
    let asked = flow("192.0.2.9 10.0.0.10 tcp 5800 5/5");
    let back = |ports: &str, more: &str| {
        format!(
            "client = [\"master\"]; server = [\"agent\"]; transport = \"tcp\"; ports = \"{ports}\"{more}"
        )
    };
    for (ports, more, told) in [
        ("1024-65535", "", "unexpected port [] violation"),
        ("5800,9000-9999", "", "unexpected roles [a] violation"),
        (
            "5800",
            "; presence = \"forbidden\"",
            "unexpected port [] violation",
        ),
    ] {
        let (verdict, _) = told_by(&[&back(ports, more)], DEPLOYMENT, &asked);
        assert_eq!(verdict, told, "{ports}");
    }
}

/// What is accepted of one protocol or type says nothing of others between the same ends.
#[test]
fn an_exception_for_a_protocol_covers_no_other() {
    let accepted = |traffic: &str, flow: &Flow| {
        let deployment = DEPLOYMENT.replace(
            "client = \"192.0.2.7\", ports = \"9100\"",
            &format!("client = \"192.0.2.7\", {traffic}"),
        );
        let observed = observed(std::slice::from_ref(flow));
        let audit = judge(&policy(Some(&deployment), &[], &observed), &observed);
        matches!(audit.flows[0].verdict, super::FlowVerdict::Excepted { .. })
    };
    for (traffic, covered, not_covered) in [
        ("protocol = 136", "136 0", ["tcp 22", "89 0", "icmp 13"]),
        (
            "transport = \"icmp\", type = 13",
            "icmp 13",
            ["icmp 8", "icmp 17", "tcp 13"],
        ),
        (
            "transport = \"icmp\"",
            "icmp 17",
            ["tcp 22", "udp 8", "136 0"],
        ),
        ("ports = \"13\"", "tcp 13", ["icmp 13", "tcp 14", "136 0"]),
    ] {
        let flow = |what: &str| flow(&format!("192.0.2.7 10.0.0.10 {what} 5/5"));
        assert!(accepted(traffic, &flow(covered)), "{traffic}: {covered}");
        for other in not_covered {
            assert!(!accepted(traffic, &flow(other)), "{traffic}: {other}");
        }
    }
}

#[test]
fn forbidden_beats_whatever_allows_it() {
    let telnet = flow("10.0.1.5 10.0.0.10 tcp 23 5/5");
    let wide =
        "client = [\"agent\"]; server = [\"master\"]; transport = \"tcp\"; ports = \"1-1024\"";
    let narrow = "client = [\"agent\"]; server = [\"master\"]; transport = \"tcp\"; ports = \"23\"; presence = \"forbidden\"";
    let check = |rules: &[&str], deployment: &str, flow: &Flow, verdict: &str, of: &[&str]| {
        let (told, rules) = told_by(rules, deployment, flow);
        assert_eq!(told, verdict);
        assert_eq!(rules, of);
    };
    check(
        &[wide, narrow],
        DEPLOYMENT,
        &telnet,
        "forbidden b violation",
        &["observed", "violated"],
    );
    check(
        &[narrow, wide],
        DEPLOYMENT,
        &telnet,
        "forbidden a violation",
        &["violated", "observed"],
    );
    // Its condition is off: then it forbids nothing.
    let off = format!("{narrow}; when = \"strict\"");
    check(
        &[wide, &off],
        DEPLOYMENT,
        &telnet,
        "documented a fine",
        &["observed", "off"],
    );
    let on = DEPLOYMENT.replace("[roles]", "[conditions]\nstrict = true\n[roles]");
    check(
        &[wide, &off],
        &on,
        &telnet,
        "forbidden b violation",
        &["observed", "violated"],
    );
    // Who asked is a guess, and the other way round it would be allowed.
    let guessed = Flow {
        evidence: Evidence::LowerPort,
        ..telnet.clone()
    };
    let back =
        "client = [\"master\"]; server = [\"agent\"]; transport = \"tcp\"; ports = \"1-1024\"";
    check(
        &[back, narrow],
        DEPLOYMENT,
        &guessed,
        "forbidden b violation",
        &["missing", "violated"],
    );
    // An exception is a person's word and covers it, but the rule's traffic was seen.
    let accepted = format!(
        "{DEPLOYMENT}[[exception]]\nmatch = {{ client = \"agent\", ports = \"23\" }}\nreason = \"until the old switch is gone\"\n"
    );
    check(
        &[wide, narrow],
        &accepted,
        &telnet,
        "excepted  fine",
        &["observed", "violated"],
    );
    // What every network does may be forbidden too.
    let dhcp = flow("10.0.0.10 10.0.0.254 udp 67 1/1");
    let never = "client = [\"master\"]; server = [\"net\"]; transport = \"udp\"; ports = \"67\"; presence = \"forbidden\"";
    let net = DEPLOYMENT.replace("[roles]", "[roles]\nnet = [\"10.0.0.0/24\"]");
    check(
        &[never],
        &net,
        &dhcp,
        "forbidden a violation",
        &["violated"],
    );
}

#[test]
fn an_icmp_error_is_no_ping() {
    let ping = "client = [\"agent\"]; server = [\"master\"]; transport = \"icmp\"";
    for (text, verdict, rule) in [
        (
            "10.0.1.5 10.0.0.10 icmp 8 1/1",
            "documented a fine",
            "observed",
        ),
        (
            "10.0.1.5 10.0.0.10 icmp 3 1/0",
            "housekeeping  fine",
            "missing",
        ),
        (
            "10.0.1.5 10.0.0.10 icmp 11 1/0",
            "housekeeping  fine",
            "missing",
        ),
        (
            "10.0.1.5 10.0.0.10 icmp 13 1/1",
            "unexpected port [] violation",
            "missing",
        ),
    ] {
        let (told, rules) = told_by(&[ping], DEPLOYMENT, &flow(text));
        assert_eq!(
            (told.as_str(), rules[0].as_str()),
            (verdict, rule),
            "{text}"
        );
    }
    let six = DEPLOYMENT
        .replace("10.0.0.10", "fd00::10")
        .replace("10.0.1.0/24", "fd00:1::/64");
    for (text, verdict) in [
        ("fd00:1::5 fd00::10 icmp6 128 1/1", "documented a fine"),
        ("fd00:1::5 fd00::10 icmp6 1 1/0", "housekeeping  fine"),
        ("fd00:1::5 fd00::10 icmp6 3 1/0", "housekeeping  fine"),
    ] {
        assert_eq!(told_by(&[ping], &six, &flow(text)).0, verdict, "{text}");
    }
}

#[test]
fn a_rule_of_one_host_is_about_its_loopback() {
    let local = "client = [\"master\"]; server = [\"master\"]; transport = \"tcp\"; ports = \"6379\"; loopback = true";
    let foreign = local.replace("master", "agent");
    let on = |interface: &str, text: &str| Flow {
        interface: interface.to_owned(),
        ..flow(text)
    };
    for (rule, flow, verdict) in [
        (
            local,
            on("lo", "127.0.0.1 127.0.0.1 tcp 6379 5/5"),
            "documented a fine",
        ),
        (
            local,
            on("lo", "127.0.0.1 127.8.0.1 tcp 6379 5/5"),
            "documented a fine",
        ),
        (local, on("lo", "::1 ::1 tcp 6379 5/5"), "documented a fine"),
        (
            local,
            on("lo", "10.0.0.10 10.0.0.10 tcp 6379 5/5"),
            "documented a fine",
        ),
        (
            local,
            on("lo", "10.0.0.10 127.0.0.1 tcp 6379 5/5"),
            "documented a fine",
        ),
        // Another host's address, and this host's own on the way in from outside.
        (
            local,
            on("eth0", "10.0.0.11 10.0.0.10 tcp 6379 5/5"),
            "unexpected roles [a] violation",
        ),
        (
            local,
            on("eth0", "10.0.0.10 10.0.0.10 tcp 6379 5/5"),
            "unexpected roles [a] violation",
        ),
        (
            local,
            on("lo", "127.0.0.1 127.0.0.1 tcp 6380 5/5"),
            "unexpected port [a] violation",
        ),
        // This host has not that role.
        (
            &foreign,
            on("lo", "127.0.0.1 127.0.0.1 tcp 6379 5/5"),
            "unexpected roles [a] violation",
        ),
    ] {
        assert_eq!(told_by(&[rule], DEPLOYMENT, &flow).0, verdict, "{flow:?}");
    }
}

/// What another interface let in is no word of this host's, whether it was watched now or is remembered.
#[test]
fn only_the_loopback_speaks_for_one_host() {
    let rule = "[[rule]]\nid = \"a\"\nclient = [\"master\"]\nserver = [\"master\"]\ntransport = \"tcp\"\nports = \"6379\"\nloopback = true\n";
    let matrix = Matrix::parse(Path::new("m.toml"), &format!("name = \"M\"\n{rule}")).unwrap();
    let deployment = Deployment::parse(Path::new("a.toml"), DEPLOYMENT).unwrap();
    for (interface, egress, is_captured, verdict) in [
        ("eth0", Some(Hook::Tc), false, "unexpected"),
        ("eth0", Some(Hook::Tc), true, "unexpected"),
        // It is not known, as after it went away.
        ("eth1", Some(Hook::Tc), false, "unexpected"),
        // A capture, whose frames have no directions.
        ("eth0", None, true, "documented"),
    ] {
        let mut observed = observed(&[Flow {
            interface: interface.to_owned(),
            ..flow("10.0.0.10 10.0.0.10 tcp 6379 5/5")
        }]);
        observed.interfaces[0].egress = egress;
        observed.host.is_captured = is_captured;
        let lookup = &mut |_: &str| Ok(Vec::new());
        let matrices = std::slice::from_ref(&matrix);
        let policy = Policy::new(matrices, Some(&deployment), &[], &observed.host, lookup).unwrap();
        let audit = judge(&policy, &observed);
        assert_eq!(
            audit.flows[0].verdict.name(),
            verdict,
            "{interface} {egress:?}"
        );
    }
}

#[test]
fn a_port_that_others_have_is_named() {
    let rule = "client = [\"agent\"]; server = [\"master\"]; transport = \"tcp\"; ports = \"8888\"";
    let flow = flow("192.0.2.1 192.0.2.2 tcp 8888 5/5");
    let (told, _) = told_by(&[rule], DEPLOYMENT, &flow);
    assert_eq!(told, "unexpected roles [a] violation");
}

#[test]
fn exceptions_end() {
    check("192.0.2.7 10.0.0.10 tcp 9100 5/5", "excepted  fine");
    check(
        "192.0.2.8 10.0.0.10 tcp 9100 5/5",
        "unexpected port [] violation",
    );
    // Of two that are over the later one is named.
    let ended = DEPLOYMENT.replace("2026-11-20", "2026-11-19");
    let ended = format!(
        "{ended}[[exception]]\nmatch = {{ ports = \"9100\" }}\nreason = \"older\"\nuntil = 2026-01-01\n"
    );
    let exporter = observed(&[flow("192.0.2.7 10.0.0.10 tcp 9100 5/5")]);
    let audit = judge(&policy(Some(&ended), &[], &exporter), &exporter);
    assert_eq!(audit.flows[0].ended_exception, Some(0));
    let audit = judge(&policy(Some(DEPLOYMENT), &[], &exporter), &exporter);
    assert_eq!(audit.flows[0].ended_exception, None);
    check_in(
        &ended,
        "192.0.2.7 10.0.0.10 tcp 9100 5/5",
        Evidence::Handshake,
        "unexpected port [] violation",
    );
}

#[test]
fn housekeeping_can_be_turned_off() {
    for text in [
        "0.0.0.0 255.255.255.255 udp 67 1/0",
        "fe80::1 ff02::1 icmp6 136 1/0",
        "10.0.0.10 224.0.0.22 igmp 0 1/0",
    ] {
        check(text, "housekeeping  fine");
    }
    let off = format!("housekeeping = false\n{DEPLOYMENT}");
    check_in(
        &off,
        "10.0.0.10 224.0.0.22 igmp 0 1/0",
        Evidence::FirstSender,
        "unexpected port [] violation",
    );
}

#[test]
fn weak_evidence_gives_the_benefit_of_the_doubt() {
    let told_of = |evidence, client_port, counts: &str| {
        let observed = observed(&[Flow {
            evidence,
            client_port,
            ..flow(&format!("10.0.1.5 10.0.0.10 tcp 8080 {counts}"))
        }]);
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        let audit = judge(&policy, &observed);
        // What is documented in doubt alone says nothing of the rule: neither that its traffic was seen, nor that it was not.
        let callback = policy
            .rules
            .iter()
            .position(|rule| rule.rule.id == "callback");
        let verdict = audit.rules[callback.unwrap()].verdict.name();
        format!("{}, {verdict}", told(&policy, &audit, 0))
    };
    // What the rule "apart" forbids if this is the wrong way round is not respected for certain.
    let forbidden = |client_port| {
        let observed = observed(&[Flow {
            evidence: Evidence::LowerPort,
            client_port: Some(client_port),
            ..flow("10.0.0.10 10.0.1.5 tcp 8080 5/5")
        }]);
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        let audit = judge(&policy, &observed);
        let apart = policy.rules.iter().position(|rule| rule.rule.id == "apart");
        audit.rules[apart.unwrap()].verdict.name()
    };
    assert_eq!(forbidden(6000), "unassessed");
    assert_eq!(forbidden(6001), "respected");
    let unexpected = "unexpected port [zookeeper] violation, missing";
    let guess = Evidence::LowerPort;
    assert_eq!(
        told_of(guess, Some(15_101), "5/5"),
        "documented callback fine in doubt, unassessed"
    );
    // The port belongs to its end: with the other one the rule does not fit.
    assert_eq!(told_of(guess, None, "5/5"), unexpected);
    assert_eq!(told_of(guess, Some(8080), "5/5"), unexpected);
    assert_eq!(told_of(Evidence::Listener, Some(15_101), "5/5"), unexpected);
    // Who said nothing did not ask.
    assert!(told_of(guess, Some(15_101), "5/0").starts_with("unexpected"));
}

#[test]
fn who_began_in_sight_asked() {
    let told_of = |evidence, began: i64, gap: Option<(Cause, i64, i64)>| {
        let start: Timestamp = START.parse().unwrap();
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        let gaps = gap.into_iter().map(|(cause, from, until)| Gap {
            cause,
            from: at(from),
            until: Some(at(until)),
        });
        let observed = Observed {
            gaps: gaps.collect(),
            ..observed(&[Flow {
                evidence,
                client_port: Some(8125),
                first: at(began),
                last: at(60),
                ..flow("10.0.0.10 10.0.1.5 udp 5000 5/5")
            }])
        };
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        told(&policy, &judge(&policy, &observed), 0)
    };
    let (in_doubt, not) = (
        "documented metrics fine in doubt",
        "unexpected port [] violation",
    );
    // What is seen first as the watch begins may be a reply.
    assert_eq!(told_of(Evidence::FirstSender, 0, None), in_doubt);
    assert_eq!(told_of(Evidence::FirstSender, 1, None), not);
    // So may what is seen first after a time in which nothing was.
    let asleep = || Cause::Asleep {
        length: SignedDuration::from_secs(9),
    };
    assert_eq!(
        told_of(Evidence::FirstSender, 30, Some((asleep(), 20, 29))),
        in_doubt
    );
    assert_eq!(
        told_of(Evidence::FirstSender, 31, Some((asleep(), 20, 29))),
        not
    );
    // What an interface hid says nothing of the others.
    let lost = |name: &str| Cause::InterfaceLost {
        name: name.to_owned(),
    };
    let on = flow("10.0.0.10 10.0.1.5 udp 5000 5/5").interface;
    assert_eq!(
        told_of(Evidence::FirstSender, 30, Some((lost(&on), 0, 60))),
        in_doubt
    );
    assert_eq!(
        told_of(Evidence::FirstSender, 30, Some((lost("veth9"), 0, 60))),
        not
    );
    // But anybody can send packets that are not read.
    let unread = Cause::Uncounted {
        reason: Reason::Malformed,
        packets: 9,
    };
    assert_eq!(
        told_of(Evidence::FirstSender, 30, Some((unread, 0, 60))),
        not
    );
    // Where numbers of ports outweighed who began, the other side may have.
    assert_eq!(told_of(Evidence::Ephemeral, 30, None), in_doubt);
}

#[test]
fn who_is_answered_may_have_asked_unseen() {
    // Equal ports: the other side may have asked, by an interface that is not watched.
    let told_of = |counts: &str, direction, unwatched: &[&str]| {
        let start: Timestamp = START.parse().unwrap();
        let mut observed = observed(&[Flow {
            evidence: Evidence::FirstSender,
            client_port: Some(8125),
            client_direction: Some(direction),
            first: start + SignedDuration::from_secs(30),
            last: start + SignedDuration::from_secs(60),
            ..flow(&format!("10.0.0.10 10.0.1.5 udp 8125 {counts}"))
        }]);
        observed.host.unwatched = unwatched.iter().map(|one| (*one).to_owned()).collect();
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        told(&policy, &judge(&policy, &observed), 0)
    };
    let (in_doubt, not) = (
        "documented metrics fine in doubt",
        "unexpected direction [metrics] violation",
    );
    let sent = Direction::Egress;
    assert_eq!(told_of("5/0", sent, &["eth1"]), in_doubt);
    assert_eq!(told_of("5/0", sent, &[]), not);
    // What comes from the peer comes in sight.
    assert_eq!(told_of("5/5", sent, &["eth1"]), not);
}

#[test]
fn answers_to_a_question_that_made_room_are_documented_in_doubt() {
    let told_of = |counts: &str, client_port| {
        let observed = observed(&[Flow {
            evidence: Evidence::Listener,
            client_port: Some(client_port),
            client_direction: Some(Direction::Ingress),
            ..flow(&format!("10.0.1.5 10.0.0.10 udp 8125 {counts}"))
        }]);
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        told(&policy, &judge(&policy, &observed), 0)
    };
    let documented = told_of("5/5", 2730);
    assert!(!documented.contains("doubt"), "{documented}");
    assert_eq!(told_of("0/5", 40_000), documented);
    assert_eq!(told_of("0/5", 2730), format!("{documented} in doubt"));
}

#[track_caller]
fn check(text: &str, expected: &str) {
    check_in(DEPLOYMENT, text, Evidence::Handshake, expected);
}

#[track_caller]
fn check_in(deployment: &str, text: &str, evidence: Evidence, expected: &str) {
    let observed = observed(&[Flow {
        evidence,
        ..flow(text)
    }]);
    let policy = policy(Some(deployment), &[], &observed);
    assert_eq!(told(&policy, &judge(&policy, &observed), 0), expected);
}

/// Checks every rule: its verdict and severity.
#[track_caller]
fn check_rules(policy: &Policy, observed: &Observed, expected: &[(&str, &str)]) {
    let audit = judge(policy, observed);
    let told: Vec<(String, String)> = policy
        .rules
        .iter()
        .zip(&audit.rules)
        .map(|(rule, finding)| {
            (
                rule.rule.id.clone(),
                format!("{} {}", finding.verdict.name(), finding.severity.name()),
            )
        })
        .collect();
    let expected: Vec<(String, String)> = expected
        .iter()
        .map(|(id, told)| ((*id).to_owned(), (*told).to_owned()))
        .collect();
    assert_eq!(told, expected);
}

const QUIET: [(&str, &str); 9] = [
    ("zookeeper", "missing violation"),
    ("callback", "missing warning"),
    ("vault", "off fine"),
    ("local", "unobservable fine"),
    ("metrics", "missing note"),
    ("tasks", "elsewhere fine"),
    ("extra", "unresolved note"),
    ("ping", "missing note"),
    ("apart", "respected fine"),
];

/// `QUIET` with other verdicts for these rules.
fn quiet_but(changes: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    let change = |id| {
        changes
            .iter()
            .find(|(changed, _)| *changed == id)
            .map(|(_, told)| *told)
    };
    QUIET
        .iter()
        .map(|(id, told)| (*id, change(*id).unwrap_or(told)))
        .collect()
}

#[test]
fn rules_of_a_quiet_host() {
    let observed = observed(&[]);
    check_rules(&policy(Some(DEPLOYMENT), &[], &observed), &observed, &QUIET);
}

#[test]
fn rules_of_a_talking_host() {
    let one = |text| {
        let observed = observed(&[flow(text)]);
        (policy(Some(DEPLOYMENT), &[], &observed), observed)
    };
    for (text, id, verdict) in [
        (
            "10.0.1.5 10.0.0.10 tcp 2181 5/5",
            "zookeeper",
            "observed fine",
        ),
        (
            "10.0.1.5 10.0.0.10 tcp 2181 1/1/1",
            "zookeeper",
            "refused violation",
        ),
        (
            "10.0.1.5 10.0.0.10 tcp 2181 5/0",
            "zookeeper",
            "unanswered violation",
        ),
        (
            "10.0.0.10 10.0.1.5 tcp 15101 5/0",
            "callback",
            "unanswered warning",
        ),
        // That a socket is bound does not say that a datagram reached it.
        (
            "10.0.1.5 10.0.0.10 udp 8125 5/0",
            "metrics",
            "unanswered note",
        ),
        ("10.0.1.5 10.0.0.10 tcp 6000 5/5", "apart", "violated fine"),
        // A host that forwards also sees traffic between other hosts.
        ("10.0.1.5 10.0.1.6 tcp 1100 5/5", "tasks", "observed fine"),
    ] {
        let (policy, observed) = one(text);
        check_rules(&policy, &observed, &quiet_but(&[(id, verdict)]));
    }
}

#[test]
fn who_asks_as_the_window_closes_is_not_unanswered() {
    for (milliseconds, verdict) in [
        (0, "unassessed warning"),
        (999, "unassessed warning"),
        (1000, "unanswered violation"),
    ] {
        let mut observed = observed(&[flow("10.0.1.5 10.0.0.10 tcp 2181 1/0")]);
        observed.flows[0].first = observed.window.end - SignedDuration::from_millis(milliseconds);
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        check_rules(&policy, &observed, &quiet_but(&[("zookeeper", verdict)]));
    }
}

#[test]
fn the_end_of_a_conversation_is_neither_a_refusal_nor_an_answer() {
    // Only a reset, or only an acknowledgement, of a conversation that began before the window.
    for text in [
        "10.0.1.5 10.0.0.10 tcp 2181 0/1/1",
        "10.0.1.5 10.0.0.10 tcp 2181 1/0",
    ] {
        let observed = observed(&[Flow {
            requests: 0,
            evidence: Evidence::Documented,
            ..flow(text)
        }]);
        let policy = policy(Some(DEPLOYMENT), &[], &observed);
        check_rules(&policy, &observed, &quiet_but(&[]));
    }
}

#[test]
fn a_gap_makes_missing_unassessed() {
    for cause in [
        Cause::Uncounted {
            reason: Reason::TooDeep,
            packets: 1,
        },
        Cause::CutShort {
            watched: SignedDuration::ZERO,
        },
    ] {
        let mut observed = observed(&[]);
        observed.gaps = vec![Gap {
            cause,
            from: observed.window.start,
            until: None,
        }];
        check_rules(
            &policy(Some(DEPLOYMENT), &[], &observed),
            &observed,
            &quiet_but(&[
                ("zookeeper", "unassessed warning"),
                ("callback", "unassessed note"),
                ("metrics", "unassessed note"),
                ("ping", "unassessed note"),
                ("apart", "unassessed note"),
            ]),
        );
    }
}

#[test]
fn a_watched_loopback_shows_what_stays_there() {
    let mut observed = observed(&[]);
    observed.interfaces[0].is_loopback = true;
    check_rules(
        &policy(Some(DEPLOYMENT), &[], &observed),
        &observed,
        &quiet_but(&[("local", "missing warning")]),
    );
}

#[test]
fn a_rule_with_nobody_else_is_unobservable() {
    let alone = DEPLOYMENT
        .replace(", \"10.0.0.11\"", "")
        .replace("[roles]", "[conditions]\nenterprise = true\n[roles]");
    let observed = observed(&[]);
    check_rules(
        &policy(Some(&alone), &[], &observed),
        &observed,
        &quiet_but(&[("vault", "unobservable fine")]),
    );
}

#[test]
fn a_given_role_overrides_the_addresses() {
    let observed = observed(&[flow("10.0.1.6 10.0.0.10 tcp 1100 5/5")]);
    let policy = policy(Some(DEPLOYMENT), &["agent"], &observed);
    let audit = judge(&policy, &observed);
    assert_eq!(told(&policy, &audit, 0), "documented tasks fine");
    assert!(audit.rules[0].is_client && !audit.rules[0].is_server);
}

#[test]
fn without_a_deployment_ports_are_compared() {
    let flows = [
        flow("192.0.2.9 10.0.0.10 tcp 2181 5/5"),
        flow("192.0.2.9 10.0.0.10 tcp 3000 5/5"),
    ];
    let observed = observed(&flows);
    let policy = policy(None, &[], &observed);
    let audit = judge(&policy, &observed);
    assert_eq!(told(&policy, &audit, 0), "documented zookeeper fine");
    assert_eq!(audit.flows[1].verdict.name(), "unexpected");
    // Without roles it is unknown which rules this host takes part in, so none is missing.
    assert!(
        audit
            .rules
            .iter()
            .all(|finding| finding.verdict.name() != "missing")
    );
}

#[test]
fn with_a_role_alone_our_side_is_checked() {
    let flows = [
        flow("192.0.2.9 10.0.0.10 tcp 2181 5/5"),
        flow("10.0.0.10 192.0.2.9 tcp 15101 5/5"),
        flow("192.0.2.9 10.0.0.10 tcp 15101 5/5"),
    ];
    let observed = observed(&flows);
    let policy = policy(None, &["master"], &observed);
    let audit = judge(&policy, &observed);
    assert_eq!(told(&policy, &audit, 0), "documented zookeeper fine");
    assert_eq!(told(&policy, &audit, 1), "documented callback fine");
    assert_eq!(
        told(&policy, &audit, 2),
        "unexpected direction [callback] violation"
    );
    assert_eq!(audit.rules[4].verdict.name(), "missing");
    assert_eq!(audit.rules[5].verdict.name(), "elsewhere");
}
