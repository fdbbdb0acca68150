//! Addresses that are translated on the way: the verdict is on who really talks.

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    namespace,
};

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
