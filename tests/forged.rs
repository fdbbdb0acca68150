//! What somebody outside can make up, and what it decides: nothing.
//!
//! The host never asked the database anything, and nobody asked the host. Frames come in all the same, with any source that
//! the forger likes.

use std::{net::UdpSocket, os::fd::AsRawFd as _};

use etherparse::{IpNumber, PacketBuilder};
use lab::{
    Namespace,
    conversation::{Transport, request, serve},
    raw::Sender,
};
use nix::{
    errno::Errno,
    sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket},
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
    forged_frames_decide_nothing_over_tc: [Kernel],
    forged_frames_decide_nothing_over_xdp: [Kernel],
}

const HOST: [u8; 4] = [10, 78, 0, 1];
const DATABASE: [u8; 4] = [10, 78, 0, 2];
/// An address that nobody has; the forger sends what is for it to the host.
const SECOND: [u8; 4] = [10, 78, 0, 3];

/// Each rule is about one kind of frame.
const RULES: [(&str, &str, &str, &str, u16); 12] = [
    ("acknowledged", "host", "database", "tcp", 5432),
    ("datagram", "host", "database", "udp", 53),
    ("handshake", "host", "second", "tcp", 5433),
    ("other-mac", "database", "host", "udp", 514),
    ("checksum", "database", "host", "udp", 515),
    ("refused", "host", "database", "udp", 600),
    ("time", "host", "anyone", "udp", 123),
    ("scanned", "database", "host", "tcp", 8080),
    ("answered", "second", "host", "udp", 516),
    ("quoted-wrong", "host", "second", "tcp", 602),
    ("quoted-right", "host", "second", "tcp", 603),
    ("real", "database", "host", "tcp", 8081),
];

fn matrix() -> String {
    let rules = RULES.map(|(id, client, server, transport, port)| {
        format!(
            "[[rule]]\nid = '{id}'\nclient = ['{client}']\nserver = ['{server}']\ntransport = '{transport}'\n\
             ports = '{port}'\npresence = 'required'\n"
        )
    });
    format!("name = 'Forged'\n{}", rules.concat())
}

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
interfaces = ["eth0"]
[roles]
host = ["10.78.0.1"]
database = ["10.78.0.2"]
second = ["10.78.0.3"]
anyone = ["any"]
"#;

fn tcp(source: [u8; 4], target: [u8; 4], ports: [u16; 2], flags: &str) -> Vec<u8> {
    let mut builder = PacketBuilder::ipv4(source, target, 64).tcp(ports[0], ports[1], 7, 1000);
    if flags.contains('S') {
        builder = builder.syn();
    }
    if flags.contains('A') {
        builder = builder.ack(9);
    }
    let mut packet = Vec::new();
    builder.write(&mut packet, &[]).unwrap();
    packet
}

fn udp(source: [u8; 4], target: [u8; 4], ports: [u16; 2]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4(source, target, 64)
        .udp(ports[0], ports[1])
        .write(&mut packet, &[7; 20])
        .unwrap();
    packet
}

/// A port unreachable (RFC 792) from the database, about a packet that the host is said to have sent.
fn unreachable(quoted: &[u8]) -> Vec<u8> {
    let mut message = vec![3, 3, 0, 0, 0, 0, 0, 0];
    message.extend(&quoted[..28]);
    let sum = message
        .chunks(2)
        .map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])))
        .sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap();
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    let mut packet = Vec::new();
    PacketBuilder::ipv4(DATABASE, HOST, 64)
        .write(&mut packet, IpNumber::ICMP, &message)
        .unwrap();
    packet
}

fn forged_frames_decide_nothing_over_tc() {
    decide_nothing("tc");
}

fn forged_frames_decide_nothing_over_xdp() {
    decide_nothing("xdp");
}

#[track_caller]
fn decide_nothing(hook: &str) {
    let directory = files(&[("m.toml", &matrix()), ("auditor.toml", DEPLOYMENT)]);
    let (host, forger) = pair();
    if hook == "tc" {
        // Whoever listens to all frames makes none of them this host's.
        host.run("ip link set dev eth0 promisc on").unwrap();
    }
    // On the host two services are bound; at the database one takes datagrams and answers none.
    let bound = |namespace: &Namespace, address: &str| {
        namespace.enter(|| Ok(UdpSocket::bind(address)?)).unwrap()
    };
    let _services = [514, 515].map(|port| bound(&host, &format!("10.78.0.1:{port}")));
    let _silent = bound(&forger, "10.78.0.2:600");
    // What is sent to it goes on the cable, where nobody has that address.
    host.run("ip neigh replace 10.78.0.3 lladdr 02:00:00:00:00:98 dev eth0")
        .unwrap();
    let _echo = serve(&host, Transport::Udp, 516).unwrap();
    let _web = serve(&host, Transport::Tcp, 8081).unwrap();
    let link = host.run("ip -o link show eth0").unwrap();
    let mut words = link.split_whitespace();
    words.find(|word| *word == "link/ether");
    let mac = words.next().unwrap();
    for stranger in ["10.78.0.3", "10.78.0.9"] {
        let line = format!("ip neigh replace {stranger} lladdr {mac} dev eth0");
        forger.run(&line).unwrap();
    }
    let arguments = format!("audit --config auditor.toml --ingress {hook} --for 5s --format json");
    let finished = watch(&host, directory.path(), &arguments, |_| {
        let asks = bound(&host, "10.78.0.1:40600");
        asks.send_to(&[7; 20], "10.78.0.2:600").unwrap();
        for port in [602, 603] {
            host.enter(|| open(port)).unwrap();
        }
        forger.enter(send_all).unwrap();
        let web = "10.78.0.1:8081".parse().unwrap();
        request(&forger, Transport::Tcp, web).unwrap();
        let other = "ip neigh replace 10.78.0.1 lladdr 02:00:00:00:00:99 dev eth0";
        forger.run(other).unwrap();
        let send = || {
            let sender = Sender::new(HOST.into())?;
            sender.send(&udp(DATABASE, HOST, [50_000, 514]))?;
            Ok(())
        };
        forger.enter(send).unwrap();
    });
    let report = report(&finished.stdout);
    let verdict = |id: &str| {
        let rules = report["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
        rule["verdict"].as_str().unwrap().to_owned()
    };
    // Nothing of this host's left it, or only a reset did: it asked nothing, so nothing answered it.
    for id in ["acknowledged", "datagram", "handshake", "time"] {
        assert_eq!(verdict(id), "missing", "{id}: {report:#}");
    }
    // A host drops what is for another MAC address.
    assert_eq!(verdict("other-mac"), "missing", "{report:#}");
    // It drops what has a wrong checksum too; a datagram that nothing answered is no proof that it arrived.
    assert_eq!(verdict("checksum"), "unanswered", "{report:#}");
    // The error quotes a datagram from another port than the host sent.
    assert_eq!(verdict("refused"), "unanswered", "{report:#}");
    // Of a connection too it has to quote where it was opened from, and it is said who says so.
    assert_eq!(verdict("quoted-wrong"), "unanswered", "{report:#}");
    assert_eq!(verdict("quoted-right"), "refused", "{report:#}");
    let flows = report["flows"].as_array().unwrap();
    let refused = flows.iter().find(|flow| flow["port"] == 603).unwrap();
    assert_eq!(refused["errors_from"], serde_json::json!(["10.78.0.2"]));
    let why = refused["explanation"].as_str().unwrap();
    assert!(why.contains("the word of 10.78.0.2"), "{why}");
    // An acknowledgement that is reset says nothing of a service.
    assert_eq!(verdict("scanned"), "missing", "{report:#}");
    // Whoever asked may be anybody, and that is said; who went on after a handshake is where it says.
    let said = |id: &str| {
        let rules = report["rules"].as_array().unwrap();
        let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
        let text = rule["explanation"].as_str().unwrap();
        text.contains("by its packets' word alone")
    };
    for (id, is_by_word) in [("answered", true), ("real", false)] {
        assert_eq!(verdict(id), "observed", "{id}: {report:#}");
        assert_eq!(said(id), is_by_word, "{id}: {report:#}");
    }
    for flow in report["flows"].as_array().unwrap() {
        let has_asked = [600, 602, 603].iter().any(|port| flow["port"] == *port);
        let is_of_host = flow["client"] == "10.78.0.1" && !has_asked;
        assert!(
            !is_of_host || flow["protocol"] == 1,
            "the host is said to ask: {flow:#}"
        );
        let is_answered = flow["port"] == 516 || flow["port"] == 8081;
        assert!(is_answered || flow["outcome"] != "established", "{flow:#}");
        let by_number = |rule: &Value| rule == "time" && flow["verdict"] == "documented";
        let rules = flow["rules"].as_array().unwrap();
        assert!(!rules.iter().any(by_number), "{flow:#}");
    }
    let counted = |reason: &str| {
        report["counted"][reason]["packets"]
            .as_u64()
            .unwrap_or_default()
    };
    assert_eq!(counted("impossible-source"), 1, "{:#}", report["counted"]);
    assert_eq!(counted("other-host"), 1, "{:#}", report["counted"]);
    assert_eq!(counted("stranger"), 1, "{:#}", report["counted"]);
}

/// Begins to open a connection from a port that is known beforehand, to an address that nobody has.
fn open(port: u16) -> anyhow::Result<()> {
    let flags = SockFlag::SOCK_NONBLOCK;
    let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    bind(
        socket.as_raw_fd(),
        &SockaddrIn::new(10, 78, 0, 1, 40_000 + port),
    )?;
    let connected = connect(socket.as_raw_fd(), &SockaddrIn::new(10, 78, 0, 3, port));
    assert_eq!(connected, Err(Errno::EINPROGRESS));
    Ok(())
}

/// Sends one frame of each kind.
fn send_all() -> anyhow::Result<()> {
    let host = Sender::new(HOST.into())?;
    let send = |packet: Vec<u8>| host.send(&packet).map(|_sent| ());
    // An acknowledgement and a datagram "from the database", which the host never asked.
    send(tcp(DATABASE, HOST, [5432, 40_001], "A"))?;
    send(udp(DATABASE, HOST, [53, 40_002]))?;
    // Both halves of a handshake: the request in the host's own name, which the host receives, and its acceptance.
    let second = Sender::new(SECOND.into())?;
    second.send(&tcp(HOST, SECOND, [40_003, 5433], "S"))?;
    send(tcp(SECOND, HOST, [5433, 40_003], "SA"))?;
    // The acceptance of a connection that would accuse the host.
    send(tcp(DATABASE, HOST, [23, 40_004], "SA"))?;
    // A datagram that arrives with a wrong checksum.
    let mut broken = udp(DATABASE, HOST, [50_001, 515]);
    broken[26] ^= 0x55;
    send(broken)?;
    // Probes from the port of a service that the host may ask.
    for port in 40_010..40_018 {
        send(udp(DATABASE, HOST, [123, port]))?;
    }
    send(udp(SECOND, HOST, [50_004, 516]))?;
    send(unreachable(&udp(HOST, DATABASE, [40_999, 600])))?;
    // The host opened connections to both ports, from others than the first of these quotes.
    send(unreachable(&tcp(HOST, SECOND, [40_998, 602], "S")))?;
    send(unreachable(&tcp(HOST, SECOND, [40_603, 603], "S")))?;
    send(tcp(DATABASE, HOST, [50_002, 8080], "A"))?;
    // From somebody else for somebody else.
    let stranger = Sender::new([10, 78, 0, 9].into())?;
    stranger.send(&udp(DATABASE, [10, 78, 0, 9], [50_003, 9]))?;
    Ok(())
}
