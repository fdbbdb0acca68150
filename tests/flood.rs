//! What strangers send by the million displaces nothing, and is counted.

use std::{
    io::{Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    raw::Sender,
};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, resident, watch, watch_during},
        history::{events, lines},
        pair::{DEPLOYMENT, MATRIX, pair},
        report::{assert_totals, report},
        wait::until,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    a_flood_displaces_nothing: [Kernel],
    an_intrusion_is_told_beside_a_flood: [Kernel],
    what_this_host_sends_is_told_beside_a_flood: [Kernel],
    a_scan_leaves_rules_judged: [Kernel],
    a_flood_in_a_clients_name_leaves_other_rules_judged: [Kernel],
    answers_to_strangers_hide_no_rule: [Kernel],
    answers_that_nobody_documented_are_told: [Kernel],
}

const SYNS: u32 = 1_000_000;

/// A SYN from an address that nobody has, to a port that is not 8080: an IPv4 and a TCP header (RFC 791, RFC 9293).
fn syn(n: u32) -> [u8; 40] {
    let source = Ipv4Addr::from(0x0b00_0000 + n);
    let port = u16::try_from(n % 65_535).unwrap() + 1;
    let port = if port == 8080 { 8081 } else { port };
    let mut packet = [0; 40];
    packet[..2].copy_from_slice(&[0x45, 0]);
    packet[8..10].copy_from_slice(&[64, 6]);
    packet[12..16].copy_from_slice(&source.octets());
    packet[16..20].copy_from_slice(&[10, 78, 0, 1]);
    packet[20..22].copy_from_slice(&40_000_u16.to_be_bytes());
    packet[22..24].copy_from_slice(&port.to_be_bytes());
    // Five words of header, and the flag.
    packet[32..34].copy_from_slice(&[0x50, 2]);
    packet
}

/// Sends every SYN, as fast as can be; returns how many went out.
fn flood(from: &Namespace) -> u64 {
    from.enter(|| {
        let sender = Sender::new(Ipv4Addr::new(10, 78, 0, 1))?;
        let mut n_sent = 0;
        for n in 0..SYNS {
            n_sent += u64::from(sender.send(&syn(n))?);
        }
        Ok(n_sent)
    })
    .unwrap()
}

/// Sends a byte and has it back, again and again over one connection that is there already, until it should stop.
fn chat(mut stream: TcpStream, stop: &AtomicBool) -> u64 {
    let mut n_requests = 0;
    let mut byte = [7];
    while !stop.load(Ordering::Relaxed) {
        stream.write_all(&byte).unwrap();
        stream.read_exact(&mut byte).unwrap();
        n_requests += 1;
        // Many packets in a window of seconds, and the flood keeps the CPU.
        std::thread::sleep(Duration::from_millis(1));
    }
    n_requests
}

fn a_flood_displaces_nothing() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let listener = one
        .enter(|| Ok(TcpListener::bind("10.78.0.1:8080")?))
        .unwrap();
    let stream = other
        .enter(|| Ok(TcpStream::connect("10.78.0.1:8080")?))
        .unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut served, _) = listener.accept().unwrap();
    served.set_nodelay(true).unwrap();
    std::thread::spawn(move || {
        let mut byte = [0];
        while served.read_exact(&mut byte).is_ok() && served.write_all(&byte).is_ok() {}
    });
    let (mut n_sent, mut n_requests) = (0, 0);
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json --all";
    let finished = watch_during(&one, directory.path(), arguments, || {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let chat = scope.spawn(|| chat(stream, &stop));
            n_sent = flood(&other);
            stop.store(true, Ordering::Relaxed);
            n_requests = chat.join().unwrap();
        });
    });
    let report = report(&finished.stdout);
    let number = |value: &Value| value.as_u64().unwrap();
    let flows = report["flows"].as_array().unwrap();
    let ours: Vec<&Value> = flows
        .iter()
        .filter(|flow| flow["client"] == "10.78.0.2")
        .filter(|flow| flow["transport"] == "tcp")
        .collect();
    let [ours] = ours.as_slice() else {
        panic!("{ours:?}")
    };
    assert_eq!(ours["port"], 8080);
    // A request and a reply each, acknowledged on the way or by a packet of its own; a connection's end.
    let packets = number(&ours["to_server"]["packets"]);
    assert!(
        (n_requests..=2 * n_requests + 4).contains(&packets),
        "{packets}"
    );
    assert!(1000 < n_requests, "{n_requests}");
    let entries = ["/lost", "/unproven/ports"].into_iter();
    let entries = entries
        .filter_map(|what| report.pointer(what).and_then(Value::as_array))
        .flatten();
    assert!(
        entries.into_iter().all(|entry| entry["port"] != 8080),
        "a packet of the connection found no bucket, or made room"
    );
    // This host has no way back to whoever they say they are from, so none of these is its own.
    let counted = |reason| {
        report["counted"][reason]["packets"]
            .as_u64()
            .unwrap_or_default()
    };
    let without_flow = counted("unproven") + counted("table-full");
    let kept: u64 = flows
        .iter()
        .filter(|flow| flow["transport"] == "tcp" && flow["port"] != 8080)
        .map(|flow| number(&flow["to_server"]["packets"]))
        .sum();
    // What hosts of a new link send by themselves may make room too.
    assert!(
        (n_sent..n_sent + 16).contains(&(kept + without_flow)),
        "{n_sent} sent, {kept} kept, {without_flow} in no flow"
    );
    assert_totals(&report);
    // The newest of them.
    assert!((1_000..=8_192).contains(&kept), "{kept}");
    assert!(u64::from(SYNS) / 2 < n_sent, "{n_sent}");
}

const DATAGRAMS: u32 = 6_000;

/// A datagram from an address that nobody has, to a port of its own: an IPv4 and a UDP header (RFC 791, RFC 768).
fn datagram(n: u32) -> [u8; 28] {
    // Their names come before the intruder's.
    let source = Ipv4Addr::from(0x0100_0000 + n);
    let port = u16::try_from(n).unwrap() + 10_000;
    let mut packet = [0; 28];
    packet[..2].copy_from_slice(&[0x45, 0]);
    packet[8..10].copy_from_slice(&[64, 17]);
    packet[12..16].copy_from_slice(&source.octets());
    packet[16..20].copy_from_slice(&[10, 78, 0, 1]);
    packet[20..22].copy_from_slice(&53_u16.to_be_bytes());
    packet[22..24].copy_from_slice(&port.to_be_bytes());
    packet[24..26].copy_from_slice(&8_u16.to_be_bytes());
    packet
}

fn an_intrusion_is_told_beside_a_flood() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let arguments = "watch --config a.toml --state state --every 300ms --window 1m --format jsonl --listen none";
    let finished = watch(&one, path, arguments, |pid| {
        let happened = |event: &str| events(path).iter().any(|other| other == event);
        other
            .enter(|| {
                let sender = Sender::new(Ipv4Addr::new(10, 78, 0, 1))?;
                for n in 0..DATAGRAMS {
                    sender.send(&datagram(n))?;
                }
                Ok(())
            })
            .unwrap();
        until("the flood", || {
            happened("appeared flows that prove nothing")
        });
        let server = "10.78.0.1:9090".parse().unwrap();
        let answer = request(&other, Transport::Tcp, server).unwrap();
        assert_eq!(answer, Outcome::Answered);
        until("the intrusion", || {
            happened("appeared 10.78.0.2 -> 10.78.0.1 tcp/9090")
        });
        kill(pid, Signal::SIGTERM).unwrap();
    });
    let told = lines(&finished.stdout);
    let n_gathered = told
        .iter()
        .filter(|event| event["kind"] == "unproven")
        .count();
    assert_eq!(n_gathered, 1, "{told:?}");
    // Those of the first turn that were few enough to be told one by one, and the intrusion.
    assert!(told.len() <= 1 + 20 + 1, "{}", told.len());
}

/// Datagrams of strangers by the ten thousand, half of them as if this host had sent them; then this host sends to a stranger
/// who says nothing.
fn what_this_host_sends_is_told_beside_a_flood() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let arguments =
        "watch --config a.toml --state state --every 1s --window 1m --format jsonl --listen none";
    let (mut most, mut report_bytes) = (0, 0);
    watch(&one, path, arguments, |pid| {
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let flood = scope.spawn(|| {
                other
                    .enter(|| {
                        let sender = Sender::new(Ipv4Addr::new(10, 78, 0, 1))?;
                        let mut n = 0_u32;
                        while !stop.load(Ordering::Relaxed) {
                            let mut packet = datagram(n % 50_000);
                            let stranger = Ipv4Addr::from(0x0b00_0000 + n).octets();
                            packet[12..16].copy_from_slice(&stranger);
                            sender.send(&packet)?;
                            let (own, rest) = packet[12..].split_at_mut(4);
                            own.swap_with_slice(&mut rest[..4]);
                            sender.send(&packet)?;
                            n += 1;
                            // A debug build takes its time for each of them.
                            if n.is_multiple_of(8) {
                                std::thread::sleep(Duration::from_millis(1));
                            }
                        }
                        Ok(n)
                    })
                    .unwrap()
            });
            std::thread::sleep(Duration::from_secs(5));
            one.enter(|| {
                let socket = UdpSocket::bind("10.78.0.1:0")?;
                for _ in 0..200 {
                    socket.send_to(b"data", "10.78.0.2:9999")?;
                }
                Ok(())
            })
            .unwrap();
            let told = |event: &String| event == "appeared 10.78.0.1 -> 10.78.0.2 udp/9999";
            let mut n_looks = 0;
            while !events(path).iter().any(told) && n_looks < 100 {
                most = most.max(resident(pid));
                n_looks += 1;
                std::thread::sleep(Duration::from_millis(100));
            }
            stop.store(true, Ordering::Relaxed);
            let n_sent = flood.join().unwrap();
            assert!(events(path).iter().any(told), "{:?}", events(path));
            // More than are kept.
            assert!(20_000 < n_sent, "{n_sent}");
        });
        // A turn later.
        std::thread::sleep(Duration::from_secs(2));
        most = most.max(resident(pid));
        report_bytes = std::fs::metadata(path.join("state/report.json"))
            .unwrap()
            .len();
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert!(most < 150 << 20, "{most} bytes in memory");
    assert!(report_bytes < 20 << 20, "{report_bytes} bytes of report");
}

/// Two rules beside the one of the pair, whose clients ask in vain.
const DOOR_AND_LOGS: &str = r#"
[[rule]]
id = "door"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8081"

[[rule]]
id = "logs"
client = ["user"]
server = ["web"]
transport = "udp"
ports = "514"
"#;

/// Each rule's verdict, in the order of the matrix.
fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules
        .map(|rule| ["id", "verdict"].map(|name| rule[name].as_str().unwrap()))
        .map(|[id, verdict]| (id, verdict))
        .collect()
}

/// Strangers ask every port, one of them all and others one each; the rules whose clients are others are judged all the same, by
/// what their clients asked before.
fn a_scan_leaves_rules_judged() {
    let matrix = format!("{MATRIX}{DOOR_AND_LOGS}");
    let directory = files(&[("m.toml", &matrix), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    let arguments = "audit --config a.toml --format json --for 14s";
    let finished = watch(&one, directory.path(), arguments, |_| {
        let refused = request(&other, Transport::Tcp, "10.78.0.1:8081".parse().unwrap());
        assert_eq!(refused.unwrap(), Outcome::Refused);
        other
            .enter(|| {
                let socket = UdpSocket::bind("10.78.0.2:0")?;
                // The second one is not documented, and makes room.
                for port in [514, 515] {
                    socket.send_to(b"line", ("10.78.0.1", port)).ok();
                }
                let sender = Sender::new(Ipv4Addr::new(10, 78, 0, 1))?;
                for port in 1..=u16::MAX {
                    let mut packet = syn(0);
                    packet[22..24].copy_from_slice(&port.to_be_bytes());
                    sender.send(&packet)?;
                    let mut packet = datagram(0);
                    let stranger = Ipv4Addr::from(0x0b00_0000 + u32::from(port) % 4000);
                    packet[12..16].copy_from_slice(&stranger.octets());
                    packet[22..24].copy_from_slice(&port.to_be_bytes());
                    sender.send(&packet)?;
                    if port.is_multiple_of(64) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                Ok(())
            })
            .unwrap();
    });
    let report = report(&finished.stdout);
    let expected = [("web", "missing"), ("door", "refused"), ("logs", "refused")];
    assert_eq!(verdicts(&report), expected, "{}", report["gaps"]);
    // Of what strangers asked, most made room, as did what the client asked that no rule lets it ask.
    let unproven = &report["unproven"];
    assert!(
        40_000 < unproven["conversations"].as_u64().unwrap(),
        "{unproven}"
    );
    let has_flow = |port: u16| {
        let mut flows = report["flows"].as_array().unwrap().iter();
        flows.any(|flow| flow["client"] == "10.78.0.2" && flow["port"] == port)
    };
    assert!(has_flow(514) && has_flow(8081) && !has_flow(515));
    assert_totals(&report);
}

/// A rule that lets anybody ask for names, beside the one of the pair.
const NAMES: &str = r#"
[[rule]]
id = "names"
client = ["anybody"]
server = ["web"]
transport = "udp"
ports = "53"
"#;

/// A rule with so many ports that a flood of them takes all places of what proves nothing.
const TRANSFERS: &str = r#"
[[rule]]
id = "transfers"
client = ["user"]
server = ["web"]
transport = "udp"
ports = "20000-60000"
"#;

/// Somebody floods all ports that no rule names, and those of other rules, in the name of the very client that asked what two rules
/// are about. Those are judged by what the client asked.
fn a_flood_in_a_clients_name_leaves_other_rules_judged() {
    let matrix = format!("{MATRIX}{DOOR_AND_LOGS}{NAMES}{TRANSFERS}");
    let deployment = format!("{DEPLOYMENT}anybody = [\"any\"]\n");
    let directory = files(&[("m.toml", &matrix), ("a.toml", &deployment)]);
    let (one, other) = pair();
    let arguments = "audit --config a.toml --format json --for 14s";
    let finished = watch(&one, directory.path(), arguments, |_| {
        let refused = request(&other, Transport::Tcp, "10.78.0.1:8081".parse().unwrap());
        assert_eq!(refused.unwrap(), Outcome::Refused);
        other
            .enter(|| {
                let socket = UdpSocket::bind("10.78.0.2:0")?;
                socket.send_to(b"line", "10.78.0.1:514").ok();
                let sender = Sender::new(Ipv4Addr::new(10, 78, 0, 1))?;
                let client = Ipv4Addr::new(10, 78, 0, 2);
                for port in (1..=u16::MAX).step_by(2).filter(|port| *port != 8081) {
                    for mut packet in [syn(0).to_vec(), datagram(0).to_vec()] {
                        packet[12..16].copy_from_slice(&client.octets());
                        packet[22..24].copy_from_slice(&port.to_be_bytes());
                        sender.send(&packet)?;
                    }
                    let mut packet = datagram(0);
                    let stranger = Ipv4Addr::from(0x0b00_0000 + u32::from(port));
                    packet[12..16].copy_from_slice(&stranger.octets());
                    packet[20..22].copy_from_slice(&40_000_u16.to_be_bytes());
                    packet[22..24].copy_from_slice(&53_u16.to_be_bytes());
                    sender.send(&packet)?;
                    // A debug build takes its time for each of them.
                    if port % 32 == 1 {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                Ok(())
            })
            .unwrap();
    });
    let report = report(&finished.stdout);
    let found = verdicts(&report);
    let asked = [("door", "refused"), ("logs", "refused")];
    assert_eq!(found[1..3], asked, "{}", report["gaps"]);
    let conversations = report["unproven"]["conversations"].as_u64().unwrap();
    assert!(50_000 < conversations, "{conversations}");
    assert_totals(&report);
}

const STRANGERS: u32 = 2_000;

/// Has a host that answers on port 53 asked by many more strangers than a watch keeps; returns the report and the events.
fn asked_by_strangers(matrix: &str) -> (Value, Vec<String>) {
    let deployment = format!("{DEPLOYMENT}anybody = [\"any\"]\n");
    let directory = files(&[("m.toml", matrix), ("a.toml", &deployment)]);
    let path = directory.path();
    let (one, other) = pair();
    one.run("ip route add 11.0.0.0/8 via 10.78.0.2").unwrap();
    let _names = serve(&one, Transport::Udp, 53).unwrap();
    let arguments = "watch --config a.toml --state state --every 300ms --window 5s --keep-flows 400 --listen none";
    let read = || -> Value {
        let text = std::fs::read_to_string(path.join("state/report.json"));
        text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    };
    let answered = |report: &Value| -> u64 {
        let ports = report["unproven"]["ports"].as_array().into_iter().flatten();
        ports
            .filter(|port| port["direction"] == "sent" && port["port"] == 53)
            .map(|port| port["packets"].as_u64().unwrap())
            .sum()
    };
    watch(&one, path, arguments, |pid| {
        until("a whole window", || {
            read()["rules"][0]["verdict"] == "missing"
        });
        other
            .enter(|| {
                let sender = Sender::new(Ipv4Addr::new(10, 78, 0, 1))?;
                for n in 0..STRANGERS {
                    let mut packet = datagram(0);
                    packet[12..16].copy_from_slice(&Ipv4Addr::from(0x0b00_0000 + n).octets());
                    packet[20..22].copy_from_slice(&40_000_u16.to_be_bytes());
                    packet[22..24].copy_from_slice(&53_u16.to_be_bytes());
                    sender.send(&packet)?;
                    if n.is_multiple_of(16) {
                        std::thread::sleep(Duration::from_millis(1));
                    }
                }
                Ok(())
            })
            .unwrap();
        until("answers that made room", || 1_000 < answered(&read()));
        kill(pid, Signal::SIGTERM).unwrap();
    });
    let report = read();
    let asked = |list: &Value, wanted: [&str; 2], packets: &str| -> u64 {
        let entries = list.as_array().unwrap().iter();
        entries
            .filter(|entry| entry["port"] == 53 && entry[wanted[0]] == wanted[1])
            .map(|entry| entry.pointer(packets).unwrap().as_u64().unwrap())
            .sum()
    };
    // Each question is in a flow or under its port.
    let in_flows = asked(&report["flows"], ["transport", "udp"], "/to_server/packets");
    let by_port = &report["unproven"]["ports"];
    let by_port = asked(by_port, ["direction", "received"], "/packets");
    assert_eq!(in_flows + by_port, u64::from(STRANGERS));
    (report, events(path))
}

/// Whoever has a service of datagrams answer strangers by the thousand makes no rule of another port unassessed, and what was
/// sent to them is documented.
fn answers_to_strangers_hide_no_rule() {
    let (report, events) = asked_by_strangers(&format!("{MATRIX}{NAMES}"));
    assert_eq!(
        report["rules"][0]["verdict"], "missing",
        "{}",
        report["gaps"]
    );
    let names = &report["rules"][1];
    assert_eq!(names["verdict"], "observed", "{}", names["explanation"]);
    assert_eq!(report["unplaced"], Value::Null);
    assert!(
        events
            .iter()
            .all(|event| !event.contains("unplaced") && !event.contains("sent")),
        "{events:?}"
    );
}

/// Those of a service that no rule knows are a finding, by its port, beside those that are listed.
fn answers_that_nobody_documented_are_told() {
    let (report, events) = asked_by_strangers(MATRIX);
    assert_eq!(
        report["rules"][0]["verdict"], "missing",
        "{}",
        report["gaps"]
    );
    let [unplaced] = report["unplaced"].as_array().unwrap().as_slice() else {
        panic!("{}", report["unplaced"])
    };
    let what = [
        &unplaced["direction"],
        &unplaced["protocol"],
        &unplaced["port"],
    ];
    assert_eq!(
        what,
        [&Value::from("sent"), &Value::from(17), &Value::from(53)]
    );
    assert!(
        events
            .iter()
            .any(|event| event.contains("sent without a place")),
        "{events:?}"
    );
}
