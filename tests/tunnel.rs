//! What tunnels carry, counted beside the tunnels.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use etherparse::{IpNumber, PacketBuilder};
use lab::Namespace;
use serde_json::{Value, json};

use crate::{
    fixture::{
        auditor::{files, run, watch_during},
        pair::{MATRIX, pair},
        pcap::pcap,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    inside_over_tc: [Kernel],
    inside_over_xdp: [Kernel],
    every_tunnel_is_looked_into: [Kernel],
}

/// Enough for super-packets, little enough for every queue.
const PAYLOAD: usize = 500_000;

/// A VXLAN between the two hosts of a pair, 10.80.0.1 and 10.80.0.2.
fn vxlan(one: &Namespace, other: &Namespace) {
    for (host, own, far) in [(one, 1, 2), (other, 2, 1)] {
        host.run(&format!(
            "ip link add vx0 type vxlan id 42 dstport 4789 local 10.78.0.{own} remote 10.78.0.{far}"
        ))
        .unwrap();
        host.run(&format!("ip address add 10.80.0.{own}/24 dev vx0"))
            .unwrap();
        // The outer headers take 50 bytes.
        host.run("ip link set vx0 mtu 1450 up").unwrap();
    }
}

fn transfer(from: &Namespace, to: &Namespace) {
    let listener = to
        .enter(|| Ok(TcpListener::bind("10.80.0.1:8080")?))
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            assert_eq!(stream.read_to_end(&mut all).unwrap(), PAYLOAD);
            stream.write_all(&all).unwrap();
        });
        from.enter(|| {
            let mut stream = TcpStream::connect("10.80.0.1:8080")?;
            stream.write_all(&vec![7; PAYLOAD])?;
            stream.shutdown(std::net::Shutdown::Write)?;
            let mut all = Vec::new();
            assert_eq!(stream.read_to_end(&mut all)?, PAYLOAD);
            Ok(())
        })
        .unwrap();
    });
}

/// The inside of a tunnel is what the tunnel's own interface sees, to the packet and the byte.
fn inside_is_what_the_tunnel_sees(ingress: &str) {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    vxlan(&one, &other);
    let mut inner = None;
    let arguments = format!(
        "audit --matrix m.toml --role web -i eth0 --decapsulate --ingress {ingress} --format json"
    );
    let outer = watch_during(&one, directory.path(), &arguments, || {
        let arguments = "audit --matrix m.toml --role web -i vx0 --format json";
        inner = Some(watch_during(&one, directory.path(), arguments, || {
            transfer(&other, &one);
        }));
    });
    let report = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    let (outer, inner) = (report(&outer.stdout), report(&inner.unwrap().stdout));
    let flow = |report: &Value, port: u16| -> Value {
        let flows = report["flows"].as_array().unwrap();
        let mut found = flows.iter().filter(|flow| flow["port"] == port);
        let flow = found.next().unwrap_or_else(|| panic!("{report:#}"));
        assert!(port == 4789 || found.next().is_none());
        flow.clone()
    };
    let (inside, own) = (flow(&outer, 8080), flow(&inner, 8080));
    for direction in ["to_server", "to_client"] {
        assert_eq!(inside[direction], own[direction], "{direction}");
        let packets = own[direction]["packets"].as_u64().unwrap();
        assert!(PAYLOAD as u64 / 1448 < packets, "{own}");
    }
    for field in ["verdict", "requests", "replies", "client", "server"] {
        assert_eq!(inside[field], own[field], "{field}");
    }
    assert_eq!(
        (&inside["inside"], &inside["verdict"]),
        (&"vxlan".into(), &"documented".into())
    );
    // The tunnel itself is traffic that nobody documented, and all that it carried was read.
    let tunnel = flow(&outer, 4789);
    assert_eq!(
        (tunnel.get("inside"), &tunnel["verdict"]),
        (None, &"unexpected".into())
    );
    assert!(outer["counted"].get("inside-unread").is_none());
}

fn inside_over_tc() {
    inside_is_what_the_tunnel_sees("tc");
}

fn inside_over_xdp() {
    inside_is_what_the_tunnel_sees("xdp");
}

const OUTER: [[u8; 4]; 2] = [[10, 9, 0, 5], [10, 9, 0, 1]];

/// An IPv4 packet of a protocol between the tunnel's hosts, in a frame.
fn carrying(protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(OUTER[0], OUTER[1], 64)
        .write(&mut out, IpNumber(protocol), payload)
        .unwrap();
    out
}

fn over_udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4(OUTER[0], OUTER[1], 64)
        .udp(50_000, port)
        .write(&mut out, payload)
        .unwrap();
    out
}

/// A datagram to a port of its own, with an Ethernet header or without.
fn carried4(port: u16, has_link: bool) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4([172, 16, 0, 1], [172, 16, 0, 2], 64)
        .udp(40_000, port)
        .write(&mut out, &[7; 10])
        .unwrap();
    out.split_off(if has_link { 0 } else { 14 })
}

fn carried6(port: u16) -> Vec<u8> {
    let mut out = Vec::new();
    PacketBuilder::ipv6([0xfd; 16], [0xfe; 16], 64)
        .udp(40_000, port)
        .write(&mut out, &[7; 10])
        .unwrap();
    out
}

fn every_tunnel_is_looked_into() {
    let join = |parts: &[&[u8]]| parts.concat();
    let vxlan: [u8; 8] = [8, 0, 0, 0, 0, 0, 42, 0];
    // One option of 4 bytes and no data, in front of an Ethernet frame (RFC 8926, section 3.4).
    let geneve: [u8; 12] = [1, 0, 0x65, 0x58, 0, 0, 42, 0, 0, 1, 1, 0];
    // A key and a sequence number (RFC 2890).
    let gre: [u8; 12] = [0x30, 0, 0x08, 0, 0, 0, 0, 1, 0, 0, 0, 2];
    let tagged = |port| {
        let frame = carried4(port, true);
        join(&[&frame[..12], &[0x81, 0, 0, 7], &frame[12..]])
    };
    let mut fragment = carried4(9010, true);
    fragment[20..22].copy_from_slice(&[0, 5]);
    let arp = join(&[&[2; 12], &[8, 6], &[0; 28]]);
    let frames = [
        over_udp(4789, &join(&[&vxlan, &carried4(9001, true)])),
        over_udp(8472, &join(&[&vxlan, &tagged(9002)])),
        over_udp(6081, &join(&[&geneve, &carried4(9003, true)])),
        carrying(47, &join(&[&gre, &carried4(9004, false)])),
        carrying(4, &carried4(9005, false)),
        carrying(41, &carried6(9006)),
        // No flow in these: address resolution, PPTP's GRE, a header with unknown flags.
        over_udp(4789, &join(&[&vxlan, &arp])),
        carrying(47, &[0x20, 1, 0x88, 0x0b, 0, 0, 0, 0]),
        over_udp(4789, &[0xff; 40]),
        // Not read: a later fragment, and what is cut off.
        over_udp(4789, &join(&[&vxlan, &fragment])),
        carrying(4, &carried4(9011, false)[..12]),
    ];
    let directory = files(&[]);
    std::fs::write(directory.path().join("c.pcap"), pcap(&frames)).unwrap();
    let flows = |arguments: &str| -> Vec<Value> {
        let output = run(directory.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let with = flows("replay c.pcap --flows --decapsulate");
    let without = flows("replay c.pcap --flows");
    let mut inside: Vec<(u64, &str, u64)> = with
        .iter()
        .filter_map(|flow| {
            Some((
                flow["port"].as_u64()?,
                flow.get("inside")?.as_str()?,
                flow["to_server"]["bytes"].as_u64()?,
            ))
        })
        .collect();
    // A datagram is 38 bytes in IPv4 and 58 in IPv6, a link header 14, a tag 4, and each record 7 more on the wire.
    let expected = [
        (9001, "vxlan", 59),
        (9002, "vxlan", 63),
        (9003, "geneve", 59),
        (9004, "gre", 45),
        (9005, "ipip", 45),
        (9006, "6in4", 65),
    ];
    inside.sort_unstable();
    assert_eq!(inside, expected);
    let mut outside: Vec<Value> = with
        .into_iter()
        .filter(|flow| flow.get("inside").is_none())
        .collect();
    let totals = outside.last_mut().unwrap();
    assert_eq!(totals["without_flow"], json!({"inside-unread": 3}));
    totals["without_flow"] = json!({});
    assert_eq!(outside, without);
}
