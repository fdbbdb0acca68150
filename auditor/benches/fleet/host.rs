//! Hosts that are made up, and what they would say of themselves and of their traffic.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
};

use auditor::{
    fleet::message::{ConfigurationDigest, HostState, Writer},
    observed::{DirectionCounters, Flow, Remembered},
};
use auditor_common::{Direction, Evidence};
use jiff::{SignedDuration, Timestamp};

pub(crate) const WINDOW: SignedDuration = SignedDuration::from_mins(10);
pub(crate) const EVERY: SignedDuration = SignedDuration::from_secs(10);

/// Every host asks every host, and nobody asks for names.
pub(crate) const MATRIX: &str = r#"
name = "Bench"
[[rule]]
id = "all"
client = ["host"]
server = ["host"]
transport = "tcp"
ports = "1000-1049"
[[rule]]
id = "none"
client = ["host"]
server = ["host"]
transport = "udp"
ports = "53"
"#;

/// The name of a host.
pub(crate) fn writer(host: u32) -> Writer {
    Writer {
        name: format!("host-{host}"),
        machine: "m".to_owned(),
    }
}

/// What a host says of itself that watches since then.
pub(crate) fn said(
    host: u32,
    (since, at): (Timestamp, Timestamp),
    configuration: &ConfigurationDigest,
) -> HostState {
    HostState {
        writer: writer(host),
        version: "1".to_owned(),
        kernel: "6".to_owned(),
        at,
        every: EVERY,
        since,
        window: WINDOW,
        addresses: BTreeSet::from([address(host)]),
        networks: BTreeSet::new(),
        roles: vec!["host".to_owned()],
        interfaces: vec!["eth0".to_owned()],
        unwatched: BTreeSet::new(),
        configuration: configuration.clone(),
        gaps: Vec::new(),
        hidden: BTreeSet::new(),
        idle: BTreeSet::new(),
        listeners: BTreeSet::new(),
        flows_left_out: 0,
    }
}

/// Client, server, the server's port and the way of the client's packets: half of a host's conversations it asks for, and of the
/// other half it is asked. They are the same conversations, seen from both ends.
pub(crate) fn conversations(
    host: u32,
    n_hosts: u32,
    n_flows: u32,
) -> impl Iterator<Item = (u32, u32, u16, Direction)> {
    (0..n_flows / 2).flat_map(move |n| {
        let distance = 1 + n % (n_hosts / 2 - 1);
        let port = u16::try_from(1_000 + n % 50).expect("a port");
        let asked = (host + distance) % n_hosts;
        let asks = (host + n_hosts - distance) % n_hosts;
        [
            (host, asked, port, Direction::Egress),
            (asks, host, port, Direction::Ingress),
        ]
    })
}

/// A conversation that was answered, with so many packets each way.
pub(crate) fn flow(
    (client, server, port, direction): (u32, u32, u16, Direction),
    n_packets: u64,
    (first, last): (Timestamp, Timestamp),
) -> Flow {
    let counters = DirectionCounters {
        packets: n_packets,
        fragments: 0,
        bytes: 100 * n_packets + u64::from(server),
        resets: 0,
        flags: 0x1b,
    };
    Flow {
        client: address(client),
        server: address(server),
        protocol: 6,
        port,
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server: counters,
        to_client: counters,
        requests: 1,
        replies: 1,
        refusals: 0,
        is_unreachable: false,
        first,
        last,
        evidence: Evidence::Handshake,
        client_direction: Some(direction),
        client_port: None,
        translated: BTreeSet::new(),
        remembered: Some(Remembered {
            answered: Some(last),
            ..Remembered::default()
        }),
    }
}

pub(crate) fn address(host: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0a00_0001 + host).into()
}
