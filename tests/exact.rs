//! Counts are those of the wire, whatever offloads make of packets on the way.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    time::Duration,
};

use lab::Namespace;
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch_during},
        pair::{MATRIX, pair},
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    super_packets_count_their_segments: [Kernel],
    super_packets_of_tunnels_repeat_both_headers: [Kernel],
    drains_are_exact_over_xdp: [Kernel],
    drains_are_exact_over_tc: [Kernel],
    drains_of_a_small_table_are_exact: [Kernel],
    frames_of_a_large_mtu: [Kernel],
}

/// Little enough for every queue on the way: a packet that is sent again would be counted again, and rightly.
const PAYLOAD: usize = 2_000_000;

/// Sends `PAYLOAD` bytes, in pieces large enough for segmentation offload, and waits until they have arrived.
fn send(from: &Namespace, to: &Namespace, address: &str) {
    let listener = to
        .enter(|| Ok(TcpListener::bind((address, 8080))?))
        .unwrap();
    std::thread::scope(|scope| {
        let received = scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap()
        });
        from.enter(|| {
            let mut stream = TcpStream::connect((address, 8080))?;
            stream.write_all(&vec![7; PAYLOAD])?;
            Ok(())
        })
        .unwrap();
        assert_eq!(received.join().unwrap(), PAYLOAD);
    });
}

/// The only flow of the rule, from one end's report.
fn counts(text: &str) -> (Value, Value) {
    let report = report(text);
    let flows = report["flows"].as_array().unwrap();
    let mut documented = flows.iter().filter(|flow| flow["verdict"] == "documented");
    let flow = documented.next().unwrap();
    assert!(documented.next().is_none());
    (flow["to_server"].clone(), flow["to_client"].clone())
}

fn super_packets_count_their_segments() {
    let directory = files(&[("m.toml", MATRIX)]);
    let directory = directory.path();
    let (one, other) = pair();
    // Packets that change their CPU on the way overtake each other. What TCP does then, options that say so and
    // segments that are sent again, would be in the counts below.
    for host in [&one, &other] {
        host.set("net/ipv4/tcp_sack", "0").unwrap();
        host.set("net/ipv4/tcp_reordering", "300").unwrap();
    }
    let arguments = |role| format!("audit --matrix m.toml --role {role} -i eth0 --format json");
    let mut client = None;
    let server = watch_during(&one, directory, &arguments("web"), || {
        client = Some(watch_during(&other, directory, &arguments("user"), || {
            send(&other, &one, "10.78.0.1");
        }));
    });
    let (server, client) = (counts(&server.stdout), counts(&client.unwrap().stdout));
    assert_eq!(server, client, "both hosts on the cable count the same");
    let (to_server, to_client) = server;
    let count = |direction: &Value, what: &str| direction[what].as_u64().unwrap();
    // Ethernet, IPv4, TCP with time stamps: 66 bytes; the SYN has 8 bytes of options more.
    let packets = count(&to_server, "packets");
    assert_eq!(
        count(&to_server, "bytes"),
        PAYLOAD as u64 + packets * 66 + 8
    );
    assert!(PAYLOAD as u64 / 1448 <= packets, "{packets} packets");
    assert_eq!(
        count(&to_client, "bytes"),
        count(&to_client, "packets") * 66 + 8
    );
}

/// What a tunnel's packets add to those that they carry: Ethernet, IPv4, UDP, VXLAN.
const VXLAN: u64 = 14 + 20 + 8 + 8;

fn super_packets_of_tunnels_repeat_both_headers() {
    let directory = files(&[]);
    let (one, other) = pair();
    for (host, own, remote) in [(&one, 1, 2), (&other, 2, 1)] {
        host.run(&format!(
            "ip link add vx0 mtu 1450 address 02:00:00:00:00:0{own} type vxlan id 7 dstport 4789 local 10.78.0.{own} remote 10.78.0.{remote}"
        ))
        .unwrap();
        // Nothing but the transfer below is to pass the tunnel.
        host.set("net/ipv6/conf/vx0/disable_ipv6", "1").unwrap();
        host.run(&format!("ip address add 10.79.0.{own}/24 dev vx0"))
            .unwrap();
        host.run("ip link set vx0 up").unwrap();
        host.run(&format!(
            "ip neighbour replace 10.79.0.{remote} lladdr 02:00:00:00:00:0{remote} dev vx0"
        ))
        .unwrap();
    }
    let counted = watch_during(
        &other,
        directory.path(),
        "flows -i eth0 -i vx0 --format jsonl",
        || {
            send(&other, &one, "10.79.0.1");
        },
    );
    // Packets and bytes, both ways together, of the flows of a port.
    let sum = |port: u64| {
        let flows = counted.stdout.lines().map(|line| {
            serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        });
        let mut sum = [0; 2];
        for flow in flows.filter(|flow| flow["port"] == port) {
            for way in ["to_server", "to_client"] {
                for (at, what) in ["packets", "bytes"].into_iter().enumerate() {
                    sum[at] += flow[way][what].as_u64().unwrap();
                }
            }
        }
        sum
    };
    let ([inner, inner_bytes], [outer, outer_bytes]) = (sum(8080), sum(4789));
    assert!(PAYLOAD as u64 / 1500 < inner, "{inner} packets");
    assert_eq!(outer, inner, "{}", counted.stdout);
    assert_eq!(outer_bytes, inner_bytes + outer * VXLAN);
}

/// Addresses that send at the same time, and datagrams of each thread.
const SENDERS: u8 = 120;
const DATAGRAMS: usize = 150_000;
/// Bytes of one on the wire: Ethernet, IPv4, UDP, and what it says.
const DATAGRAM: u64 = 14 + 20 + 8 + 18;

/// Sends from many addresses and ports, two threads at once; returns how many datagrams went out.
fn storm(from: &Namespace) -> u64 {
    let thread = |turn: usize| {
        from.enter(move || {
            let sockets: Vec<UdpSocket> = (0..SENDERS)
                .map(|host| UdpSocket::bind((Ipv4Addr::new(10, 78, 0, 100 + host), 0)))
                .collect::<Result<_, _>>()?;
            let mut n_sent = 0;
            for n in 0..DATAGRAMS {
                let socket = &sockets[n % sockets.len()];
                let port = 7000 + u16::try_from((n / sockets.len() + turn) % 5)?;
                n_sent += u64::from(socket.send_to(&[7; 18], ("10.78.0.1", port)).is_ok());
                // The other end's queue is short, and what it has no room for nobody counts there.
                if n % 64 == 0 {
                    std::thread::sleep(Duration::from_micros(300));
                }
            }
            Ok(n_sent)
        })
        .unwrap()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(|| thread(1));
        thread(0) + other.join().unwrap()
    })
}

/// Datagrams that found the cable's other end full, after the sender's programs had counted them and before the
/// receiver's could: the sender hears of each.
fn refused(sender: &Namespace) -> u64 {
    let counters = sender.run("cat /proc/net/snmp").unwrap();
    let mut lines = counters
        .lines()
        .filter(|line| line.starts_with("Udp: "))
        .map(|line| line.split_whitespace().skip(1));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let counts: BTreeMap<&str, &str> = names.zip(values).collect();
    counts["SndbufErrors"].parse().unwrap()
}

/// Every packet is counted exactly once, whichever half or table it was in when it was taken, and nothing that has no
/// bucket is lost in silence: the halves flip and all tables overflow while two CPUs send.
fn drains_are_exact(ingress: &str, flows: u32) {
    let directory = files(&[("m.toml", MATRIX)]);
    let directory = directory.path();
    let (one, other) = pair();
    for host in 0..SENDERS {
        other
            .run(&format!(
                "ip address add 10.78.0.{}/24 dev eth0",
                100 + host
            ))
            .unwrap();
    }
    let _sinks = one
        .enter(|| {
            (7000..7006)
                .map(|port| Ok(UdpSocket::bind(("10.78.0.1", port))?))
                .collect::<anyhow::Result<Vec<_>>>()
        })
        .unwrap();
    let arguments = |role| {
        format!(
            "audit --matrix m.toml --role {role} -i eth0 --flows {flows} --ingress {ingress} --format json"
        )
    };
    let (mut n_sent, mut client) = (0, None);
    let server = watch_during(&one, directory, &arguments("web"), || {
        client = Some(watch_during(&other, directory, &arguments("user"), || {
            n_sent = storm(&other);
        }));
    });
    // What would have room for all is said where there is none.
    assert_eq!(
        server.stderr.contains(" would have room for them"),
        flows < 1000,
        "{}",
        server.stderr
    );
    let (server, client) = (report(&server.stdout), report(&client.unwrap().stdout));
    assert_eq!(n_sent, 2 * DATAGRAMS as u64);
    assert_eq!(udp(&client, "sent"), (n_sent, n_sent * DATAGRAM), "sent");
    let n_arrived = n_sent - refused(&other);
    assert_eq!(
        udp(&server, "received"),
        (n_arrived, n_arrived * DATAGRAM),
        "received"
    );
    assert!(n_sent / 2 < n_arrived, "{n_arrived}");
    let found_no_place = ["lost", "unproven"]
        .iter()
        .any(|what| server.get(what).is_some());
    assert_eq!(found_no_place, flows < 1000, "{:?}", server["gaps"]);
}

/// Datagrams to the ports of the storm: those of flows, those without a place, and those that made room.
fn udp(report: &Value, direction: &str) -> (u64, u64) {
    let is_ours = |port: &Value| {
        port.as_u64()
            .is_some_and(|port| (7000..7006).contains(&port))
    };
    let flows = report["flows"].as_array().unwrap().iter();
    let flows = flows
        .filter(|flow| flow["transport"] == "udp" && is_ours(&flow["port"]))
        .map(|flow| &flow["to_server"]);
    let lost = ["/lost", "/unproven/ports"].into_iter();
    let lost = lost
        .filter_map(|what| report.pointer(what).and_then(Value::as_array))
        .flatten();
    let lost = lost.filter(|lost| {
        lost["direction"] == direction && lost["protocol"] == 17 && is_ours(&lost["port"])
    });
    flows.chain(lost).fold((0, 0), |(packets, bytes), count| {
        (
            packets + count["packets"].as_u64().unwrap(),
            bytes + count["bytes"].as_u64().unwrap(),
        )
    })
}

fn drains_are_exact_over_xdp() {
    drains_are_exact("xdp", 65_536);
}

fn drains_are_exact_over_tc() {
    drains_are_exact("tc", 65_536);
}

fn drains_of_a_small_table_are_exact() {
    drains_are_exact("tc", 64);
}

/// Bytes that no single buffer of a frame holds.
const JUMBO: usize = 8000;

/// Frames that lie in several buffers, which only some XDP programs are given.
fn frames_of_a_large_mtu() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    for host in [&one, &other] {
        host.run("ip link set eth0 mtu 9000").unwrap();
    }
    let _sink = one
        .enter(|| Ok(UdpSocket::bind("10.78.0.1:7000")?))
        .unwrap();
    let arguments = "audit --matrix m.toml --role web -i eth0 --ingress xdp --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        other
            .enter(|| {
                let socket = UdpSocket::bind("10.78.0.2:0")?;
                for _ in 0..5 {
                    socket.send_to(&[7; JUMBO], "10.78.0.1:7000")?;
                }
                Ok(())
            })
            .unwrap();
    });
    assert!(
        finished.stderr.contains("watching eth0, in: xdp"),
        "{}",
        finished.stderr
    );
    let report = report(&finished.stdout);
    assert_eq!(
        udp(&report, "received"),
        (5, 5 * (JUMBO as u64 + DATAGRAM - 18))
    );
}
