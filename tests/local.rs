//! Addresses that are this host's without being an interface's: by local routes, always or for a transparent proxy.

use std::{net::UdpSocket, thread::sleep, time::Duration};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
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
    what_a_local_route_names_is_this_hosts: [Kernel],
    a_local_route_may_come_later: [Kernel],
    permission_to_bind_makes_no_address_own: [Kernel],
    what_a_proxy_may_take_is_no_strangers: [Kernel],
}

const MATRIX: &str = r#"
name = "Local"
[[rule]]
id = "asked"
client = ["peer"]
server = ["service"]
transport = "tcp"
ports = "8080"
presence = "required"
[[rule]]
id = "silent"
client = ["peer"]
server = ["service"]
transport = "udp"
ports = "515"
presence = "required"
[[rule]]
id = "closed"
client = ["peer"]
server = ["service"]
transport = "udp"
ports = "514"
presence = "forbidden"
[[rule]]
id = "closed-6"
client = ["peer"]
server = ["service"]
transport = "udp"
ports = "516"
presence = "forbidden"
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
interfaces = ["eth0"]
[roles]
service = ["10.80.0.5", "fd80::5"]
peer = ["10.78.0.2", "fd78::2"]
"#;

/// Long enough for an answer to what is sent at once.
const AUDIT: &str = "audit --config a.toml --format json --for 4s";

/// Long enough for a look at the routes.
const LOOK: Duration = Duration::from_millis(2500);

/// Two hosts of which the other one takes the way to the networks of the service by the first.
fn hosts() -> (Namespace, Namespace) {
    let (host, peer) = pair();
    host.run("ip -6 address add fd78::1/64 dev eth0 nodad")
        .unwrap();
    peer.run("ip -6 address add fd78::2/64 dev eth0 nodad")
        .unwrap();
    peer.run("ip route add 10.80.0.0/24 via 10.78.0.1").unwrap();
    peer.run("ip -6 route add fd80::/64 via fd78::1").unwrap();
    (host, peer)
}

fn add_routes(host: &Namespace) {
    host.run("ip route add local 10.80.0.0/24 dev lo").unwrap();
    host.run("ip -6 route add local fd80::/64 dev lo").unwrap();
}

/// Sends a few datagrams to each of the silent services.
fn send(peer: &Namespace) {
    let send = || {
        for (from, to) in [
            ("10.78.0.2:0", "10.80.0.5:514"),
            ("10.78.0.2:0", "10.80.0.5:515"),
            ("[fd78::2]:0", "[fd80::5]:516"),
        ] {
            let socket = UdpSocket::bind(from)?;
            for _ in 0..3 {
                // Where the address is nobody's, an error may come back.
                let _refused = socket.send_to(&[7; 20], to);
            }
        }
        Ok(())
    };
    peer.enter(send).unwrap();
}

/// Sockets that take datagrams and answer none.
fn silent(host: &Namespace) -> Vec<UdpSocket> {
    let bind = || {
        let ports = [514, 515, 516].into_iter();
        let sockets = ports.map(|port| UdpSocket::bind(("::", port)));
        Ok(sockets.collect::<Result<Vec<_>, _>>()?)
    };
    host.enter(bind).unwrap()
}

fn verdict<'a>(report: &'a Value, id: &str) -> &'a str {
    let rules = report["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
    rule["verdict"].as_str().unwrap()
}

fn what_a_local_route_names_is_this_hosts() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (host, peer) = hosts();
    add_routes(&host);
    let _service = serve(&host, Transport::Tcp, 8080).unwrap();
    let sockets = silent(&host);
    for hook in ["tc", "xdp"] {
        let arguments = format!("{AUDIT} --ingress {hook}");
        let finished = watch(&host, directory.path(), &arguments, |_| {
            let server = "10.80.0.5:8080".parse().unwrap();
            let outcome = request(&peer, Transport::Tcp, server).unwrap();
            assert_eq!(outcome, Outcome::Answered);
            send(&peer);
        });
        let report = report(&finished.stdout);
        for (id, expected) in [
            ("asked", "observed"),
            ("silent", "unanswered"),
            ("closed", "violated"),
            ("closed-6", "violated"),
        ] {
            assert_eq!(verdict(&report, id), expected, "{hook} {id}: {report:#}");
        }
        assert_eq!(report["counted"]["stranger"], Value::Null);
        assert_eq!(report["rules"][0]["host_is"][0], "server");
        let addresses = report["host"]["addresses"].as_array().unwrap();
        assert!(addresses.iter().any(|one| one == "10.80.0.5"), "{hook}");
    }
    let mut buffer = [0; 64];
    for socket in &sockets {
        socket.recv(&mut buffer).unwrap();
    }
}

fn a_local_route_may_come_later() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (host, peer) = hosts();
    let sockets = silent(&host);
    let finished = watch(&host, directory.path(), &AUDIT.replace("4s", "7s"), |_| {
        add_routes(&host);
        sleep(LOOK);
        send(&peer);
        // As where the service moves away again.
        host.run("ip route del local 10.80.0.0/24 dev lo").unwrap();
        host.run("ip -6 route del local fd80::/64 dev lo").unwrap();
        sleep(LOOK);
    });
    let report = report(&finished.stdout);
    assert_eq!(verdict(&report, "closed"), "violated", "{report:#}");
    assert_eq!(verdict(&report, "closed-6"), "violated", "{report:#}");
    drop(sockets);
}

fn permission_to_bind_makes_no_address_own() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (host, peer) = hosts();
    host.set("net/ipv4/ip_nonlocal_bind", "1").unwrap();
    host.set("net/ipv6/ip_nonlocal_bind", "1").unwrap();
    let bind = || Ok(UdpSocket::bind("10.80.0.5:514")?);
    let socket = host.enter(bind).unwrap();
    socket.set_nonblocking(true).unwrap();
    let arguments = format!("{AUDIT} --role service");
    let finished = watch(&host, directory.path(), &arguments, |_| send(&peer));
    let report = report(&finished.stdout);
    assert_eq!(verdict(&report, "closed"), "respected", "{report:#}");
    assert_eq!(verdict(&report, "silent"), "missing", "{report:#}");
    let strangers = report["counted"]["stranger"]["packets"].as_u64();
    assert_eq!(strangers, Some(9), "{:#}", report["counted"]);
    assert!(socket.recv(&mut [0; 64]).is_err(), "nothing arrived");
}

fn what_a_proxy_may_take_is_no_strangers() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (host, peer) = hosts();
    for line in [
        "ip rule add fwmark 1 lookup 100",
        "ip route add local default dev lo table 100",
        "ip -6 rule add fwmark 1 lookup 100",
        "ip -6 route add local default dev lo table 100",
    ] {
        host.run(line).unwrap();
    }
    let arguments = format!("{AUDIT} --role service");
    let finished = watch(&host, directory.path(), &arguments, |_| {
        send(&peer);
    });
    let report = report(&finished.stdout);
    assert_ne!(verdict(&report, "closed"), "respected", "{report:#}");
    assert_ne!(verdict(&report, "closed-6"), "respected", "{report:#}");
    let said = "as a transparent proxy does";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
}
