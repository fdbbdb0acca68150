//! Addresses that are translated on the way: the verdict is on who really talks.

use std::time::Duration;

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    namespace,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch_during},
        pair::pair,
        report::report,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    the_verdict_is_on_who_really_talks: [Kernel, Program("nft")],
    both_legs_are_one_finding: [Kernel, Program("nft")],
    a_bridge_and_its_port_are_one_finding: [Kernel],
}

const MATRIX: &str = r#"
name = "Translated"

[[rule]]
id = "store"
client = ["user"]
server = ["store"]
transport = "tcp"
ports = "8080"

[[rule]]
id = "out"
client = ["store"]
server = ["user"]
transport = "tcp"
ports = "9091"
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
[roles]
user = ["10.78.0.2"]
store = ["10.79.0.2"]
"#;

/// A host with a container behind it: its port 9000 is published as the container's 8080, and what the container opens
/// leaves under the host's address.
fn container(host: &Namespace) -> Namespace {
    let container = Namespace::new("container").unwrap();
    namespace::connect(host, "eth1", &container, "eth0").unwrap();
    for line in [
        "ip address add 10.79.0.1/24 dev eth1",
        "sysctl -q -w net.ipv4.ip_forward=1",
        "nft add table ip lab",
        "nft add chain ip lab before { type nat hook prerouting priority -100 ; }",
        "nft add chain ip lab after { type nat hook postrouting priority 100 ; }",
        "nft add rule ip lab before iifname eth0 tcp dport 9000 dnat to 10.79.0.2:8080",
        "nft add rule ip lab after oifname eth0 masquerade",
    ] {
        host.run(line).unwrap();
    }
    for line in [
        "ip address add 10.79.0.2/24 dev eth0",
        "ip route add default via 10.79.0.1",
    ] {
        container.run(line).unwrap();
    }
    container
}

fn the_verdict_is_on_who_really_talks() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    let container = container(&one);
    let _published = serve(&container, Transport::Tcp, 8080).unwrap();
    let _outside = serve(&other, Transport::Tcp, 9091).unwrap();
    // On the outer interface, where only translated addresses are seen.
    let arguments = "audit --config a.toml -i eth0 --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        let published = "10.78.0.1:9000".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, published).unwrap(),
            Outcome::Answered
        );
        let outside = "10.78.0.2:9091".parse().unwrap();
        assert_eq!(
            request(&container, Transport::Tcp, outside).unwrap(),
            Outcome::Answered
        );
    });
    let report = report(&finished.stdout);
    let flows = report["flows"].as_array().unwrap();
    for (port, rule, client, server, real_port) in [
        (9000, "store", "10.78.0.2", "10.79.0.2", 8080),
        (9091, "out", "10.79.0.2", "10.78.0.2", 9091),
    ] {
        let flow = flows.iter().find(|flow| flow["port"] == port).unwrap();
        assert_eq!(flow["verdict"], "documented", "{flow}");
        assert_eq!(flow["rules"][0], rule);
        assert_eq!(flow["translated"].as_array().unwrap().len(), 1, "{flow}");
        let real = &flow["translated"][0];
        assert_eq!(
            (&real["client"], &real["server"]),
            (&client.into(), &server.into())
        );
        assert_eq!(real["port"], real_port);
    }
}

/// The flows of a report, as `client server port interface verdict severity`, and how many violations it counts.
fn told(report: &Value) -> (Vec<String>, u64) {
    let flows = report["flows"].as_array().unwrap();
    let tell = |flow: &Value| {
        let word = |name: &str| flow[name].as_str().unwrap_or_default().to_owned();
        format!(
            "{} {} {} {} {} {}",
            word("client"),
            word("server"),
            flow["port"],
            word("interface"),
            word("verdict"),
            word("severity")
        )
    };
    let violations = report["summary"]["violations"].as_u64().unwrap();
    // What the network does by itself may come at any time.
    let told = flows
        .iter()
        .filter(|flow| flow["verdict"] != "housekeeping");
    (told.map(tell).collect(), violations)
}

fn both_legs_are_one_finding() {
    let (one, other) = pair();
    let container = container(&one);
    let _published = serve(&container, Transport::Tcp, 8080).unwrap();
    let talk = || {
        let published = "10.78.0.1:9000".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, published).unwrap(),
            Outcome::Answered
        );
    };
    let arguments = "audit --config a.toml -i eth0 -i eth1 --format json";
    for (ports, presence, verdict, severities, violations) in [
        // The published port is what the operator wrote, or the container's own.
        (
            ("node", "9000"),
            "optional",
            "documented",
            ["fine", "fine"],
            0,
        ),
        (
            ("store", "8080"),
            "optional",
            "documented",
            ["fine", "fine"],
            0,
        ),
        (
            ("store", "1"),
            "optional",
            "unexpected",
            ["fine", "violation"],
            1,
        ),
        (
            ("node", "9000"),
            "forbidden",
            "forbidden",
            ["fine", "violation"],
            1,
        ),
        (
            ("store", "8080"),
            "forbidden",
            "forbidden",
            ["fine", "violation"],
            1,
        ),
    ] {
        let (server, ports) = ports;
        let matrix = format!(
            "name = \"T\"\n[[rule]]\nid = \"r\"\nclient = [\"user\"]\nserver = [\"{server}\"]\ntransport = \"tcp\"\nports = \"{ports}\"\npresence = \"{presence}\"\n"
        );
        let deployment = format!("{DEPLOYMENT}node = [\"10.78.0.1\"]\n");
        let directory = files(&[("m.toml", &matrix), ("a.toml", &deployment)]);
        let finished = watch_during(&one, directory.path(), arguments, talk);
        let (flows, counted) = told(&report(&finished.stdout));
        let [outer, inner] = severities;
        assert_eq!(
            flows,
            [
                format!("10.78.0.2 10.78.0.1 9000 eth0 {verdict} {outer}"),
                format!("10.78.0.2 10.79.0.2 8080 eth1 {verdict} {inner}"),
            ],
            "{server} {ports} {presence}"
        );
        assert_eq!(counted, violations, "{server} {ports} {presence}");
    }
}

fn a_bridge_and_its_port_are_one_finding() {
    let (one, other) = pair();
    for line in [
        "ip address flush dev eth0",
        "ip link add br0 type bridge",
        "ip link set eth0 master br0",
        "ip link set br0 up",
        "ip address add 10.78.0.1/24 dev br0",
    ] {
        one.run(line).unwrap();
    }
    let _undocumented = serve(&one, Transport::Tcp, 9090).unwrap();
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let arguments = "audit --config a.toml -i eth0 -i br0 --format json";
    std::thread::sleep(Duration::from_secs(1));
    let finished = watch_during(&one, directory.path(), arguments, || {
        let server = "10.78.0.1:9090".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
    });
    let report = report(&finished.stdout);
    let (flows, violations) = told(&report);
    assert_eq!(
        flows,
        [
            "10.78.0.2 10.78.0.1 9090 br0 unexpected violation",
            "10.78.0.2 10.78.0.1 9090 eth0 unexpected fine",
        ]
    );
    assert_eq!(violations, 1);
    // Each names the other.
    assert_eq!(report["flows"][0]["same_conversation"][0], 1);
    assert_eq!(report["flows"][1]["same_conversation"][0], 0);
    assert_eq!(report["flows"][1]["counted_at"], 0);
}
