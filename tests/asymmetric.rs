//! A host with an interface that is watched and one that is not, and peers whose questions pass the one and the answers the other.

use std::{net::UdpSocket, thread::sleep, time::Duration};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    namespace::connect,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch},
        pair::pair,
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    questions_come_in_elsewhere: [Kernel],
    questions_leave_elsewhere: [Kernel],
}

const MATRIX: &str = r#"
name = "Asymmetric"
[[rule]]
id = "web"
client = ["client"]
server = ["server"]
transport = "tcp"
ports = "8080"
presence = "required"
[[rule]]
id = "datagrams"
client = ["client"]
server = ["server"]
transport = "udp"
ports = "5000"
presence = "required"
[[rule]]
id = "equal-ports"
client = ["client"]
server = ["server"]
transport = "udp"
ports = "5060"
presence = "required"
"#;

fn deployment(client: &str, server: &str) -> String {
    format!(
        "matrix = \"m.toml\"\ninterfaces = [\"eth0\"]\n[roles]\nclient = [\"{client}\"]\nserver = [\"{server}\"]\n"
    )
}

/// Two hosts on two cables, of which the first sends by `eth0` and the second by `eth1`.
fn hosts() -> (Namespace, Namespace) {
    let (one, other) = pair();
    connect(&one, "eth1", &other, "eth1").unwrap();
    one.run("ip address add 10.79.0.1/24 dev eth1").unwrap();
    other.run("ip address add 10.79.0.2/24 dev eth1").unwrap();
    for host in [&one, &other] {
        for interface in ["all", "default", "eth0", "eth1"] {
            let parameter = format!("net/ipv4/conf/{interface}/rp_filter");
            host.set(&parameter, "0").unwrap();
        }
    }
    (one, other)
}

/// What the client's host asks: over TCP, over UDP, and over UDP from the service's own port.
fn ask(client: &Namespace, own: &str, server: &str) {
    for (transport, port) in [(Transport::Tcp, 8080), (Transport::Udp, 5000)] {
        let service = format!("{server}:{port}").parse().unwrap();
        assert_eq!(
            request(client, transport, service).unwrap(),
            Outcome::Answered
        );
    }
    let exchange = || {
        let socket = UdpSocket::bind(format!("{own}:5060"))?;
        socket.set_read_timeout(Some(Duration::from_secs(3)))?;
        socket.send_to(&[7; 20], format!("{server}:5060"))?;
        socket.recv(&mut [0; 64])?;
        Ok(())
    };
    client.enter(exchange).unwrap();
}

/// Nothing is told wrong: no rule is missing, and no flow is undocumented.
#[track_caller]
fn check(report: &Value) {
    for rule in report["rules"].as_array().unwrap() {
        let verdict = rule["verdict"].as_str().unwrap();
        let is_sound = matches!(verdict, "observed" | "unassessed" | "unobservable");
        assert!(is_sound, "{rule:#}\n{:#}", report["flows"]);
    }
    for flow in report["flows"].as_array().unwrap() {
        let verdict = flow["verdict"].as_str().unwrap();
        assert!(matches!(verdict, "documented" | "housekeeping"), "{flow:#}");
    }
    assert_eq!(report["summary"]["violations"], 0);
}

fn questions_come_in_elsewhere() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment("10.78.0.2", "10.78.0.1")),
    ]);
    let (host, peer) = hosts();
    peer.run("ip route add 10.78.0.1/32 via 10.79.0.1 dev eth1 src 10.78.0.2")
        .unwrap();
    let _web = serve(&host, Transport::Tcp, 8080).unwrap();
    let _echo = [5000, 5060].map(|port| serve(&host, Transport::Udp, port).unwrap());
    let arguments = "audit --config a.toml --format json --for 6s";
    let finished = watch(&host, directory.path(), arguments, |_| {
        // A conversation that is there when watching begins may be older, which would excuse it.
        sleep(Duration::from_millis(1500));
        ask(&peer, "10.78.0.2", "10.78.0.1");
    });
    check(&report(&finished.stdout));
}

fn questions_leave_elsewhere() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment("10.78.0.1", "10.78.0.2")),
    ]);
    let (host, peer) = hosts();
    host.run("ip route add 10.78.0.2/32 via 10.79.0.2 dev eth1 src 10.78.0.1")
        .unwrap();
    let _web = serve(&peer, Transport::Tcp, 8080).unwrap();
    let _echo = [5000, 5060].map(|port| serve(&peer, Transport::Udp, port).unwrap());
    let arguments = "audit --config a.toml --format json --for 6s";
    let finished = watch(&host, directory.path(), arguments, |_| {
        // A conversation that is there when watching begins may be older, which would excuse it.
        sleep(Duration::from_millis(1500));
        ask(&host, "10.78.0.1", "10.78.0.2");
    });
    check(&report(&finished.stdout));
}
