//! The example cluster of the demo, its report compared line by line with its script and with a capture beside it.

use std::{collections::BTreeMap, fmt::Write as _, net::IpAddr, path::Path};

use etherparse::{NetSlice, SlicedPacket, TransportSlice};
use lab::{
    Capture, Expected,
    cluster::Version,
    script::{AUDITED, DEPLOYMENT, Example, MISSING_PORT, STEPS, Step},
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{repository, run, watch},
        report::assert_totals,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    over_tc: [Kernel, Program("nft")],
    over_filters: [Kernel, Program("nft")],
    over_xdp: [Kernel, Program("nft")],
}

fn over_tc() {
    plays_the_script("tc", "tcx");
}

fn over_filters() {
    plays_the_script("tc", "clsact");
}

fn over_xdp() {
    plays_the_script("xdp", "auto");
}

fn plays_the_script(ingress: &str, tc: &str) {
    let directory = tempfile::tempdir().unwrap();
    let work_dir = directory.path();
    let page = repository().join("demo/ports.md");
    let imported = run(
        work_dir,
        &format!("import {} -o matrix.toml", page.display()),
    );
    assert_eq!(imported.status.code(), Some(0));
    std::fs::write(
        work_dir.join("auditor.toml"),
        format!("matrix = \"matrix.toml\"\n{DEPLOYMENT}"),
    )
    .unwrap();

    let example = Example::build().unwrap();
    let host = example.cluster.host(AUDITED).unwrap();
    let capture = Capture::start(host, &work_dir.join("capture.pcap")).unwrap();
    let arguments =
        format!("audit --config auditor.toml --for 6s --format json --ingress {ingress} --tc {tc}");
    let finished = watch(host, work_dir, &arguments, |_| {
        for step in &STEPS {
            example.play(step).unwrap();
        }
    });
    capture.stop().unwrap();
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(report["interfaces"][0]["ingress"], ingress);
    assert_eq!(report["gaps"], Value::Array(Vec::new()));

    assert_flows(&example, &report, &captured(&work_dir.join("capture.pcap")));
    assert_rules(&report);
    assert_totals(&report);

    let mut replay =
        "replay capture.pcap --config auditor.toml --format json -o replayed.json".to_owned();
    for version in [Version::V4, Version::V6] {
        let address = example.cluster.address(AUDITED, version).unwrap();
        write!(replay, " --address {address}").unwrap();
    }
    assert_eq!(run(work_dir, &replay).status.code(), Some(1));
    let replayed = std::fs::read(work_dir.join("replayed.json")).unwrap();
    let replayed: Value = serde_json::from_slice(&replayed).unwrap();
    assert_flows(
        &example,
        &replayed,
        &captured(&work_dir.join("capture.pcap")),
    );
}

/// Client, server, transport, port.
type Key = (IpAddr, IpAddr, String, u16);

fn key(example: &Example, step: &Step) -> Key {
    let address = |name| example.cluster.address(name, step.version).unwrap();
    (
        address(step.client),
        address(step.server),
        step.transport.name().to_owned(),
        step.port,
    )
}

/// Each played conversation has the verdict that the script intends and the packets of the capture; nothing else is
/// reported but what every network does.
fn assert_flows(example: &Example, report: &Value, captured: &BTreeMap<Packets, (u64, u64)>) {
    let intended: BTreeMap<Key, Expected> = STEPS
        .iter()
        .map(|step| (key(example, step), step.expected))
        .collect();
    let mut reported = BTreeMap::new();
    for flow in report["flows"].as_array().unwrap() {
        if flow["verdict"] == "housekeeping" {
            continue;
        }
        let address = |end: &str| flow[end].as_str().unwrap().parse::<IpAddr>().unwrap();
        let transport = flow["transport"].as_str().unwrap().to_owned();
        let port = u16::try_from(flow["port"].as_u64().unwrap()).unwrap();
        let key = (address("client"), address("server"), transport, port);
        for (direction, from_client) in [("to_server", true), ("to_client", false)] {
            let counted = (
                flow[direction]["packets"].as_u64().unwrap(),
                flow[direction]["bytes"].as_u64().unwrap(),
            );
            let caught = captured
                .get(&(key.clone(), from_client))
                .copied()
                .unwrap_or_default();
            assert_eq!(counted, caught, "{key:?} {direction}");
        }
        reported.insert(key, verdict(flow));
    }
    assert_eq!(reported, intended);
}

fn verdict(flow: &Value) -> Expected {
    let text = |name: &str| flow[name].as_str().unwrap_or_default();
    match (text("verdict"), text("reason"), text("outcome")) {
        ("documented", "", "established") => Expected::Documented,
        ("documented", "", "attempted") => Expected::Unanswered,
        ("documented", "", "refused") => Expected::Refused,
        ("unexpected", "port", "established") => Expected::UnexpectedPort,
        ("unexpected", "peer", "established") => Expected::UnexpectedPeer,
        ("unexpected", "direction", "established") => Expected::UnexpectedDirection,
        other => panic!("{other:?}: {flow}"),
    }
}

/// Every rule of the page has the verdict that the script leads to.
fn assert_rules(report: &Value) {
    let mut verdicts = BTreeMap::new();
    for rule in report["rules"].as_array().unwrap() {
        let ports = rule["ports"].as_str().unwrap();
        let key = format!("{} {ports}", rule["transport"].as_str().unwrap());
        verdicts.insert(
            key,
            (
                rule["verdict"].as_str().unwrap(),
                rule["severity"].as_str().unwrap(),
            ),
        );
    }
    let expected = [
        ("tcp 53", ("observed", "fine")),
        ("tcp 62080", ("missing", "violation")),
        ("udp 53", ("observed", "fine")),
        ("udp 64000", ("observed", "fine")),
        ("tcp 80", ("observed", "fine")),
        ("tcp 443", ("observed", "fine")),
        ("tcp 2181", ("observed", "fine")),
        ("tcp 5050", ("observed", "fine")),
        ("tcp 7070", ("unobservable", "fine")),
        ("tcp 8201", ("off", "fine")),
        ("tcp 15101", ("observed", "fine")),
        ("tcp 5051", ("observed", "fine")),
        ("tcp 61001", ("unanswered", "violation")),
        ("tcp 61002", ("refused", "violation")),
        ("tcp 1025-2180", ("observed", "fine")),
    ];
    assert_eq!(
        verdicts,
        expected
            .map(|(key, verdict)| (key.to_owned(), verdict))
            .into()
    );
    assert!(verdicts.contains_key(&format!("tcp {MISSING_PORT}")));
}

/// A conversation and whether the packets come from its client.
type Packets = (Key, bool);

/// Packets and bytes of each direction of each conversation in a pcap file, by an independent parser. The server is the side
/// whose port the script serves.
fn captured(path: &Path) -> BTreeMap<Packets, (u64, u64)> {
    let served: Vec<u16> = STEPS.iter().map(|step| step.port).collect();
    let file = std::fs::read(path).unwrap();
    let mut counted: BTreeMap<Packets, (u64, u64)> = BTreeMap::new();
    let mut rest = &file[24..];
    while !rest.is_empty() {
        let length = u32::from_le_bytes(rest[8..12].try_into().unwrap()) as usize;
        let frame = &rest[16..16 + length];
        rest = &rest[16 + length..];
        let Ok(packet) = SlicedPacket::from_ethernet(frame) else {
            continue;
        };
        let (source, destination): (IpAddr, IpAddr) = match &packet.net {
            Some(NetSlice::Ipv4(ip)) => (
                ip.header().source_addr().into(),
                ip.header().destination_addr().into(),
            ),
            Some(NetSlice::Ipv6(ip)) => (
                ip.header().source_addr().into(),
                ip.header().destination_addr().into(),
            ),
            _ => continue,
        };
        let (transport, from, to) = match &packet.transport {
            Some(TransportSlice::Tcp(tcp)) => ("tcp", tcp.source_port(), tcp.destination_port()),
            Some(TransportSlice::Udp(udp)) => ("udp", udp.source_port(), udp.destination_port()),
            _ => continue,
        };
        let to_server = served.contains(&to);
        assert!(
            to_server != served.contains(&from),
            "{source}:{from} -> {destination}:{to}"
        );
        let (client, server, port) = if to_server {
            (source, destination, to)
        } else {
            (destination, source, from)
        };
        let entry = counted
            .entry(((client, server, transport.to_owned(), port), to_server))
            .or_default();
        entry.0 += 1;
        entry.1 += length as u64;
    }
    counted
}
