//! Captures through the programs: flows as an independent reader counts them, and verdicts as from an interface.

use std::{net::Ipv4Addr, process::Command};

use etherparse::PacketBuilder;
use serde_json::{Value, json};

use crate::{
    fixture::{
        auditor::{files, run},
        pcap::{CUT, pcap},
        report::assert_totals,
    },
    harness::{
        Need::{Kernel, Program, Shared},
        shared, tests,
    },
};

tests! {
    every_frame_is_counted_once: [Kernel],
    a_capture_is_judged: [Kernel],
    what_was_not_captured_is_a_gap: [Kernel],
    captures_are_one_timeline: [Kernel],
    mapped_addresses_are_ipv6_ones: [Kernel],
    fragments_of_8_bytes: [Kernel],
    a_half_open_scan_in_fragments: [Kernel],
    fragments_over_two_captures: [Kernel],
    what_a_tunnel_carries_unread_is_a_gap: [Kernel],
    a_clock_that_goes_back: [Kernel],
    captures_that_are_none: [Kernel],
    a_pipe_is_read_once: [Kernel],
    captures_of_others: [Kernel, Program("python3"), Shared("captures")],
}

const CLIENT: [u8; 4] = [10, 9, 0, 5];
const SERVER: [u8; 4] = [10, 9, 0, 1];

fn ethernet(
    source: [u8; 4],
    destination: [u8; 4],
) -> etherparse::PacketBuilderStep<etherparse::IpHeaders> {
    PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4(source, destination, 64)
}

fn frame<T>(step: T, write: impl FnOnce(T, &mut Vec<u8>)) -> Vec<u8> {
    let mut frame = Vec::new();
    write(step, &mut frame);
    frame
}

fn tcp(source: u16, destination: u16, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (from, to) = if destination == 8080 || destination == 40_000 && source != 8080 {
        (CLIENT, SERVER)
    } else {
        (SERVER, CLIENT)
    };
    let mut step = ethernet(from, to).tcp(source, destination, 1, 1000);
    if flags & 0x02 != 0 {
        step = step.syn();
    }
    if flags & 0x10 != 0 {
        step = step.ack(1);
    }
    frame(step, |step, out| step.write(out, payload).unwrap())
}

fn udp(source: u16, destination: u16, payload: &[u8]) -> Vec<u8> {
    let step = ethernet(CLIENT, SERVER).udp(source, destination);
    frame(step, |step, out| step.write(out, payload).unwrap())
}

fn every_frame_is_counted_once() {
    let mut later = udp(5000, 53, &[0; 64]);
    // An offset of 8 bytes: the second fragment of a datagram.
    later[20..22].copy_from_slice(&[0, 1]);
    let mut cut = tcp(40_002, 8080, 0x10, &[]);
    cut.truncate(14 + 20 + 10);
    let arp = [&[2; 12][..], &[8, 6], &[0; 28]].concat();
    let frames = [
        tcp(40_000, 8080, 0x02, &[]),
        tcp(8080, 40_000, 0x12, &[]),
        tcp(40_000, 8080, 0x10, &[1; 10]),
        // Larger than the kernel takes in a test run.
        tcp(8080, 40_000, 0x10, &[2; 5000]),
        // The client's port is that of a service: 8080 opens to 40000.
        tcp(8080, 40_001, 0x02, &[]),
        udp(5000, 53, &[3; 20]),
        later,
        cut,
        arp,
        vec![9; 5],
    ];
    let directory = files(&[]);
    std::fs::write(directory.path().join("c.pcap"), pcap(&frames)).unwrap();
    let output = run(directory.path(), "replay c.pcap --flows");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(
        stderr.contains("1 packets") || stderr.contains("2 packets"),
        "{stderr}"
    );
    let mut lines: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let totals = lines.pop().unwrap();
    assert_eq!(
        totals,
        json!({"type": "totals", "frames": 10, "non_ip": 1, "malformed": 1, "short": 1, "fragments": 1, "without_flow": {"arp": 1, "truncated": 1}})
    );
    let size = |indices: &[usize]| -> Value {
        let bytes: usize = indices
            .iter()
            .map(|index| frames[*index].len() + CUT as usize)
            .sum();
        json!({"packets": indices.len(), "bytes": bytes})
    };
    let flow = |protocol: u8,
                addresses: [[u8; 4]; 2],
                port: u16,
                to_server: &[usize],
                to_client: &[usize]| {
        let address = |end: [u8; 4]| Ipv4Addr::from(end).to_string();
        let [client, server] = addresses;
        json!([
            address(client),
            address(server),
            protocol,
            port,
            size(to_server),
            size(to_client)
        ])
    };
    let mut reported: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!([
                line["client"],
                line["server"],
                line["protocol"],
                line["port"],
                line["to_server"],
                line["to_client"]
            ])
        })
        .collect();
    reported.sort_by_key(Value::to_string);
    let mut expected = vec![
        flow(6, [CLIENT, SERVER], 8080, &[0, 2], &[1, 3]),
        flow(6, [SERVER, CLIENT], 40_001, &[4], &[]),
        flow(17, [CLIENT, SERVER], 53, &[5], &[]),
        flow(17, [CLIENT, SERVER], 0, &[6], &[]),
        flow(6, [CLIENT, SERVER], 0, &[7], &[]),
    ];
    expected.sort_by_key(Value::to_string);
    assert_eq!(reported, expected);
}

fn a_capture_is_judged() {
    let matrix = "name = \"m\"\n[[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"8080\"\npresence = \"required\"\n";
    let directory = files(&[("m.toml", matrix)]);
    let work_dir = directory.path();
    // Without a port nothing can be said of them, so they must not turn into flows.
    let mut later = udp(5000, 53, &[0; 64]);
    later[20..22].copy_from_slice(&[0, 1]);
    let mut cut = tcp(40_002, 8080, 0x10, &[]);
    cut.truncate(14 + 20 + 10);
    let frames = [
        tcp(40_000, 8080, 0x02, &[]),
        tcp(8080, 40_000, 0x12, &[]),
        tcp(40_000, 8080, 0x10, &[]),
        udp(5000, 53, &[3; 20]),
        later,
        cut,
    ];
    std::fs::write(work_dir.join("c.pcap"), pcap(&frames)).unwrap();
    let replay = |more: &str| {
        run(
            work_dir,
            &format!("replay c.pcap --matrix m.toml --role web --format json {more}"),
        )
    };
    let unclear = replay("");
    assert_eq!(unclear.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unclear.stderr).contains("--address"));
    // Whose packets were not captured, of him nothing is known to be missing.
    let foreign = replay("--address 10.9.0.9");
    let report: Value = serde_json::from_slice(&foreign.stdout).unwrap();
    // Of the cut one the flags can't be read either.
    assert_eq!(gaps(&report), ["unread", "unread"]);
    let stderr = String::from_utf8_lossy(&foreign.stderr);
    assert!(stderr.contains("from or to 10.9.0.9"), "{stderr}");
    let output = replay("--address 10.9.0.1 --address 10.9.0.9");
    assert_eq!(output.status.code(), Some(1));
    let output = replay("--address 10.9.0.1");
    assert_eq!(
        output.status.code(),
        Some(1),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // The same flows and the same policy give the same report, to the byte.
    assert_eq!(replay("--address 10.9.0.1").stdout, output.stdout);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_totals(&report);
    assert_eq!(report["counted"]["fragment"]["packets"], 1);
    // Its ports were captured, and the rest of its header was not.
    assert_eq!(report["flows"][0]["to_server"]["packets"], 3);
    assert_eq!(report["rules"][0]["verdict"], "observed");
    let verdicts: Vec<(&Value, &Value)> = report["flows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flow| (&flow["port"], &flow["verdict"]))
        .collect();
    assert_eq!(
        verdicts,
        [
            (&json!(8080), &json!("documented")),
            (&json!(53), &json!("unexpected"))
        ]
    );
    assert_eq!(report["window"]["start"], "2001-09-09T01:46:40.000000Z");
}

const WEB: &str = "name = \"m\"\n[[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"8080\"\npresence = \"required\"\n";

/// The report of a replay of these captures on the web server.
#[track_caller]
fn judged(captures: &[Vec<u8>]) -> Value {
    let directory = files(&[("m.toml", WEB)]);
    let mut names = String::new();
    for (index, capture) in captures.iter().enumerate() {
        let name = format!("{index}.pcap");
        std::fs::write(directory.path().join(&name), capture).unwrap();
        names = format!("{name} {names}");
    }
    let output = run(
        directory.path(),
        &format!("replay {names} --matrix m.toml --role web --format json --address 10.9.0.1"),
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    report.unwrap_or_else(|error| panic!("{error}: {stderr}"))
}

fn gaps(report: &Value) -> Vec<&str> {
    let gaps = report["gaps"].as_array().unwrap();
    gaps.iter()
        .map(|gap| gap["reason"].as_str().unwrap())
        .collect()
}

/// A packet of which only the start was captured has its ports, or there is a gap.
fn what_was_not_captured_is_a_gap() {
    let judged_at = |length: usize| {
        let mut frames = [
            tcp(40_000, 8080, 0x02, &[]),
            tcp(8080, 40_000, 0x12, &[]),
            tcp(40_000, 8080, 0x10, &[]),
        ];
        for frame in &mut frames {
            frame.truncate(length);
        }
        judged(&[pcap(&frames)])
    };
    // Ethernet and IPv4 take 34 bytes, and TCP's flags are in the 14th byte of its header.
    for (length, verdict, reasons) in [
        (54, "observed", &[][..]),
        (48, "observed", &[]),
        // The ports are there, and nobody knows what was opened and answered.
        (47, "unassessed", &["unread"]),
        (38, "unassessed", &["unread"]),
        (37, "unassessed", &["packets-unread"]),
        (34, "unassessed", &["packets-unread"]),
        // Not even the addresses are there.
        (20, "unassessed", &["packets-unread"]),
    ] {
        let report = judged_at(length);
        assert_eq!(report["rules"][0]["verdict"], verdict, "{length}");
        assert_eq!(gaps(&report), reasons, "{length}");
        assert_totals(&report);
    }
}

/// What comes by a pipe is there once: nothing may be read of it beforehand.
fn a_pipe_is_read_once() {
    let frames = [
        tcp(40_000, 8080, 0x02, &[]),
        tcp(8080, 40_000, 0x12, &[]),
        tcp(40_000, 8080, 0x10, &[]),
    ];
    let directory = files(&[("m.toml", WEB)]);
    let path = directory.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::fs::write(directory.path().join("file.pcap"), pcap(&frames)).unwrap();
    let capture = pcap(&frames);
    let writer = std::thread::spawn(move || std::fs::write(path, capture));
    let piped = run(
        directory.path(),
        "replay pipe file.pcap --matrix m.toml --role web --format json --address 10.9.0.1",
    );
    let report: Value =
        serde_json::from_slice(&piped.stdout).unwrap_or_else(|error| panic!("{error}: {piped:?}"));
    writer.join().unwrap().unwrap();
    assert_eq!(report["flows"][0]["to_server"]["packets"], 4);
    assert_eq!(report["flows"][0]["to_client"]["packets"], 2);
}

/// The same capture, made so many seconds later.
fn later(file: &[u8], seconds: u32) -> Vec<u8> {
    let mut file = file.to_vec();
    let mut at = 24;
    while at < file.len() {
        let word = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let (time, length) = (word(at), word(at + 8) as usize);
        file[at..at + 4].copy_from_slice(&(time + seconds).to_le_bytes());
        at += 16 + length;
    }
    file
}

/// Captures in any order are one timeline, and what lies between them is a gap.
fn captures_are_one_timeline() {
    let frames = [
        tcp(40_000, 8080, 0x02, &[]),
        tcp(8080, 40_000, 0x12, &[]),
        tcp(40_000, 8080, 0x10, &[]),
    ];
    let first = pcap(&frames);
    let hour = judged(&[first.clone(), later(&first, 3600)]);
    assert_eq!(gaps(&hour), ["unwatched"]);
    assert_eq!(hour["gaps"][0]["from"], "2001-09-09T01:46:42.000000Z");
    assert_eq!(hour["gaps"][0]["until"], "2001-09-09T02:46:40.000000Z");
    assert_eq!(hour["window"]["start"], "2001-09-09T01:46:40.000000Z");
    let flow = &hour["flows"][0];
    assert_eq!(flow["first_seen"], "2001-09-09T01:46:40.000000Z");
    assert_eq!(flow["last_seen"], "2001-09-09T02:46:42.000000Z");
    assert_eq!(flow["to_server"]["packets"], 4);
    // One goes on where the other ends, or both watched at the same time; from a second on it is a gap.
    for (seconds, reasons) in [(1, &[][..]), (2, &[]), (3, &["unwatched"])] {
        let report = judged(&[first.clone(), later(&first, seconds)]);
        assert_eq!(gaps(&report), reasons, "{seconds}");
    }
    // The third one was going on all the time.
    let long = pcap(&[frames[0].clone(), frames[2].clone()]);
    let mut long = later(&long, 0);
    let second = 24 + 16 + frames[0].len();
    let end = 1_000_000_000_u32 + 4000;
    long[second..second + 4].copy_from_slice(&end.to_le_bytes());
    let report = judged(&[later(&first, 3600), long, first]);
    assert_eq!(gaps(&report), [""; 0]);
}

/// The fragments of a frame with an IPv4 packet, of at most `size` bytes each.
fn fragments(whole: &[u8], size: usize) -> Vec<Vec<u8>> {
    let last = (whole.len() - 34 - 1) / size;
    let parts = whole[34..].chunks(size).enumerate().map(|(index, part)| {
        let mut frame = [&whole[..34], part].concat();
        let length = u16::try_from(frame.len() - 14).unwrap();
        frame[16..18].copy_from_slice(&length.to_be_bytes());
        frame[18..20].copy_from_slice(&[0, 7]);
        let more = if index < last { 0x20 } else { 0 };
        let offset = u8::try_from(index * size / 8).unwrap();
        frame[20..22].copy_from_slice(&[more, offset]);
        frame
    });
    parts.collect()
}

/// Who scans half-open is told apart by flags, whatever the size of his fragments, and these prove nothing more.
fn a_half_open_scan_in_fragments() {
    // Neither port tells who asked.
    let scan = |size: usize, answer: &[Vec<u8>]| {
        let mut frames = fragments(&tcp(40_000, 8080, 0x02, &[]), size);
        frames.extend_from_slice(answer);
        // Long enough for an answer.
        frames.extend([udp(5000, 53, &[]), udp(5000, 53, &[])]);
        judged(&[pcap(&frames)])
    };
    let answer = tcp(8080, 40_000, 0x12, &[]);
    for size in [8, 16, 24] {
        for (answer, outcome, verdict) in [
            (&[][..], "attempted", "unanswered"),
            (std::slice::from_ref(&answer), "accepted", "missing"),
        ] {
            let report = scan(size, answer);
            let flow = &report["flows"][0];
            assert_eq!(flow["client"], "10.9.0.5", "{size}");
            assert_eq!(flow["evidence"], "handshake", "{size}");
            assert_eq!(flow["requests"], 1, "{size}");
            assert_eq!(flow["outcome"], outcome, "{size}");
            assert_eq!(report["rules"][0]["verdict"], verdict, "{size}");
            assert_totals(&report);
        }
    }
    // The flags can't be known of one whose second fragment comes first, so nothing is proven by it.
    let mut frames = fragments(&tcp(40_000, 8080, 0x02, &[]), 8);
    frames.reverse();
    frames.push(answer);
    frames.extend([udp(5000, 53, &[]), udp(5000, 53, &[])]);
    let data = tcp(8080, 40_000, 0x10, &[7; 9]);
    for (more, verdict) in [
        (&[][..], "missing"),
        // What a kernel does not say to any opening.
        (std::slice::from_ref(&data), "unassessed"),
    ] {
        frames.extend_from_slice(more);
        let report = judged(&[pcap(&frames)]);
        assert_eq!(report["flows"][0]["client"], "10.9.0.5");
        assert_eq!(report["flows"][0]["outcome"], "unknown");
        assert_eq!(report["rules"][0]["verdict"], verdict);
        assert_totals(&report);
    }
}

/// What begins in one capture may end in the next.
fn fragments_over_two_captures() {
    let parts = fragments(&udp(5000, 53, &[3; 40]), 16);
    let (one, other) = parts.split_at(1);
    let report = judged(&[pcap(one), later(&pcap(other), 1)]);
    assert_eq!(report["flows"][0]["to_server"]["packets"], 3);
    assert!(report["counted"].get("fragment").is_none());
    assert_totals(&report);
}

/// Nothing is missing that a tunnel may have carried.
fn what_a_tunnel_carries_unread_is_a_gap() {
    let inner = tcp(40_000, 8080, 0x02, &[]);
    let mut later = inner.clone();
    later[20..22].copy_from_slice(&[0, 1]);
    let vxlan = |carried: &[u8]| {
        let carried = [&[0x08, 0, 0, 0, 0, 0, 1, 0][..], carried].concat();
        udp(5000, 4789, &carried)
    };
    let mut cut = vxlan(&inner);
    cut.truncate(34 + 4);
    // Of a tunnel by its protocol, which a later fragment has too.
    let mut gre = udp(5000, 53, &inner);
    gre[20..24].copy_from_slice(&[0, 1, 64, 47]);
    for frame in [vxlan(&later), cut, gre] {
        check_unread(&frame);
    }
}

/// Checks that what a frame's tunnel carries is a gap where it is looked for.
#[track_caller]
fn check_unread(frame: &[u8]) {
    let directory = files(&[("m.toml", WEB)]);
    // A second later another one, and something of the host's.
    let frames = [frame.to_vec(), frame.to_vec(), udp(5000, 53, &[])];
    std::fs::write(directory.path().join("c.pcap"), pcap(&frames)).unwrap();
    let arguments = "replay c.pcap --matrix m.toml --role web --format json --address 10.9.0.1";
    for (more, verdict, reasons) in [
        ("", "missing", &[][..]),
        (" --decapsulate", "unassessed", &["inside-unread"]),
    ] {
        let output = run(directory.path(), &format!("{arguments}{more}"));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["rules"][0]["verdict"], verdict);
        assert_eq!(gaps(&report), reasons);
    }
}

/// The earliest frame begins the window, wherever it stands, and years between frames are as long as they are.
fn a_clock_that_goes_back() {
    let frames = [
        tcp(40_000, 8080, 0x02, &[]),
        tcp(8080, 40_000, 0x12, &[]),
        tcp(40_000, 8080, 0x10, &[]),
    ];
    let mut capture = pcap(&frames);
    // The second frame an hour before the first one, the third a lifetime of epochs later.
    let second = 24 + 16 + frames[0].len();
    let third = second + 16 + frames[1].len();
    let at = |seconds: u32| seconds.to_le_bytes();
    capture[second..second + 4].copy_from_slice(&at(1_000_000_000 - 3600));
    capture[third..third + 4].copy_from_slice(&at(1_500_000_000));
    let report = judged(&[capture]);
    let (start, end) = ("2001-09-09T00:46:40.000000Z", "2017-07-14T02:40:00.000000Z");
    assert_eq!(report["window"]["start"], start);
    assert_eq!(report["window"]["end"], end);
    assert_eq!(report["flows"][0]["first_seen"], start);
    assert_eq!(report["flows"][0]["last_seen"], end);
    assert_eq!(report["flows"][0]["client"], "10.9.0.5");
}

/// Hosts put fragments of any size together, so their ports are somebody's traffic.
fn fragments_of_8_bytes() {
    let mut frames = fragments(&tcp(40_000, 8080, 0x02, &[]), 8);
    frames.push(tcp(8080, 40_000, 0x12, &[]));
    let report = judged(&[pcap(&frames)]);
    assert_eq!(gaps(&report), [""; 0]);
    let flow = &report["flows"][0];
    assert_eq!(
        (&flow["port"], &flow["client"]),
        (&json!(8080), &json!("10.9.0.5"))
    );
    assert_eq!(flow["to_server"]["packets"], 3);
    assert_eq!(flow["requests"], 1);
    assert_totals(&report);
}

/// They are on no wire but where somebody puts them there (RFC 4291, section 2.5.5.2), and not the IPv4 address's.
fn mapped_addresses_are_ipv6_ones() {
    let mapped = |address: [u8; 4]| Ipv4Addr::from(address).to_ipv6_mapped().octets();
    let step = PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6(mapped(CLIENT), mapped(SERVER), 64);
    let forged = frame(step.tcp(40_000, 8080, 1, 1000).syn(), |step, out| {
        step.write(out, &[]).unwrap();
    });
    let report = judged(&[pcap(&[forged, tcp(40_000, 8080, 0x02, &[])])]);
    let flows: Vec<(&Value, &Value)> = report["flows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flow| (&flow["client"], &flow["requests"]))
        .collect();
    let one = &json!(1);
    assert_eq!(
        flows,
        [(&json!("10.9.0.5"), one), (&json!("::ffff:10.9.0.5"), one)]
    );
    assert_eq!(gaps(&report), [""; 0]);
    assert_totals(&report);
}

fn captures_that_are_none() {
    let directory = files(&[("page.md", "# A page\n\nno capture\n")]);
    let work_dir = directory.path();
    let output = run(work_dir, "replay page.md --flows");
    assert_eq!(output.status.code(), Some(2));
    let reported: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reported["type"], "refused");
    let output = run(work_dir, "replay nowhere.pcap --flows");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read nowhere.pcap"));
}

/// Captures of others, against counts that independent readers agree on.
fn captures_of_others() {
    let captures = shared("captures");
    let work_dir = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(captures.join("files")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        run(
            work_dir.path(),
            &format!("replay {} --flows -o {name}.jsonl", file.path().display()),
        );
    }
    let scored = Command::new("python3")
        .arg(captures.join("score_flows.py"))
        .arg(work_dir.path())
        .output()
        .unwrap();
    assert!(
        scored.status.success(),
        "{}",
        String::from_utf8_lossy(&scored.stdout)
    );
}
