//! What keeps packets from being counted, and that it is said: filters of others, filters that are taken off, interfaces that go
//! away or carry what is not watched.

use std::{path::Path, thread::sleep, time::Duration};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch, watch_during},
        pair::{DEPLOYMENT, MATRIX, pair},
        report::report,
        wait::until,
        web::get,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    filters_of_others_hide_nothing_in_silence: [Kernel],
    what_is_taken_off_is_attached_anew_and_others_stay: [Kernel],
    a_qdisc_without_egress_counts_nothing_as_sent: [Kernel],
    a_watch_outlives_its_interface: [Kernel],
    what_leaves_by_another_interface_is_not_missing: [Kernel],
    what_passes_every_place_is_blindness: [Kernel, Program("python3")],
    an_empty_capture_judges_nothing: [Kernel],
    another_auditor_hides_nothing: [Kernel],
}

/// A filter that ends the chain with every packet (`TC_ACT_OK`).
const TERMINAL: &str = "1,6 0 0 0,";

/// Long enough for whoever looks each second, and lists filters every five at the latest.
const SEEN: Duration = Duration::from_millis(6_500);

fn add_terminal(host: &Namespace, directory: &Path, direction: &str, more: &str) {
    let filter = terminal(directory, direction, more);
    host.run(&format!("tc filter add {filter}")).unwrap();
}

/// The filter as tc takes it.
fn terminal(directory: &Path, direction: &str, more: &str) -> String {
    let file = directory.join("terminal");
    std::fs::write(&file, TERMINAL).unwrap();
    format!(
        "dev eth0 {direction} protocol all {more} bpf da bytecode-file {}",
        file.display()
    )
}

fn filters(host: &Namespace, direction: &str) -> String {
    host.run(&format!("tc filter show dev eth0 {direction}"))
        .unwrap()
}

fn ask(from: &Namespace, address: &str) {
    let server = format!("{address}:8080").parse().unwrap();
    assert_eq!(
        request(from, Transport::Tcp, server).unwrap(),
        Outcome::Answered
    );
}

/// The reasons of the gaps.
fn gaps(report: &Value) -> Vec<&str> {
    let gaps = report["gaps"].as_array().unwrap().iter();
    gaps.map(|gap| gap["reason"].as_str().unwrap()).collect()
}

fn filters_of_others_hide_nothing_in_silence() {
    let directory = files(&[("m.toml", MATRIX)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    one.run("tc qdisc add dev eth0 clsact").unwrap();
    for direction in ["ingress", "egress"] {
        add_terminal(&one, path, direction, "prio 1 handle 1");
    }
    // Those that were there first run after ours, which is said of what leaves.
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json";
    for how in ["--tc clsact", "--tc auto"] {
        let finished = watch_during(&one, path, &format!("{arguments} {how}"), || {
            ask(&other, "10.78.0.1");
        });
        let report = report(&finished.stdout);
        assert_eq!(report["rules"][0]["verdict"], "observed", "{how}");
        assert_eq!(gaps(&report), ["cut-short", "counted-before-others"]);
        let text = report["gaps"][1]["text"].as_str().unwrap();
        assert!(text.contains("tc filter bpf of preference 1"), "{text}");
    }
    // One that comes later at the first preference runs before ours: nothing is seen, and nothing is missing.
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json --tc clsact --for 8s";
    let finished = watch(&one, path, arguments, |_| {
        for direction in ["ingress", "egress"] {
            add_terminal(&one, path, direction, "prio 1");
        }
        ask(&other, "10.78.0.1");
    });
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    let reasons = gaps(&report);
    assert!(reasons.contains(&"behind-others"), "{reasons:?}");
    assert_eq!(report["rules"][0]["verdict"], "unassessed");
    assert!(
        filters(&one, "ingress").contains("bytecode"),
        "others' stay"
    );
}

fn what_is_taken_off_is_attached_anew_and_others_stay() {
    let directory = files(&[("m.toml", MATRIX)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json --tc clsact";
    let finished = watch_during(&one, path, arguments, || {
        one.run("tc qdisc del dev eth0 clsact").unwrap();
        // Not at once, so that whoever deletes it can make it anew.
        until("filters again", || {
            filters(&one, "ingress").contains("ingress_tc")
        });
        ask(&other, "10.78.0.1");
        // Whoever makes it anew may have taken the very place that ours had.
        // In one batch, since on a slow machine ours would be there again between two commands.
        let batch = path.join("batch");
        let commands = ["ingress", "egress"].map(|direction| {
            format!(
                "filter add {}\n",
                terminal(path, direction, "prio 1 handle 1")
            )
        });
        let commands = format!(
            "qdisc del dev eth0 clsact\nqdisc add dev eth0 clsact\n{}",
            commands.concat()
        );
        std::fs::write(&batch, commands).unwrap();
        one.run(&format!("tc -batch {}", batch.display())).unwrap();
        sleep(SEEN);
    });
    let said = "what counts on eth0 was taken off by somebody else";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
    let report = report(&finished.stdout);
    assert_eq!(report["rules"][0]["verdict"], "observed");
    let reasons = gaps(&report);
    assert!(reasons.contains(&"detached"), "{reasons:?}");
    for direction in ["ingress", "egress"] {
        let left = filters(&one, direction);
        assert!(
            left.contains("bytecode") && !left.contains("_tc"),
            "{direction}: {left}"
        );
    }
}

fn a_qdisc_without_egress_counts_nothing_as_sent() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    one.run("tc qdisc add dev eth0 ingress").unwrap();
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json --tc clsact";
    let finished = watch_during(&one, directory.path(), arguments, || {
        ask(&other, "10.78.0.1");
    });
    let report = report(&finished.stdout);
    assert_eq!(gaps(&report), ["cut-short", "behind-others"]);
    assert_eq!(report["interfaces"][0]["egress"], Value::Null);
    let sent = &report["counted"]["sent"]["packets"];
    assert_eq!(sent.as_u64().unwrap_or_default(), 0);
}

fn a_watch_outlives_its_interface() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let watching =
        "watch --config a.toml --state state --every 300ms --window 60s --listen 127.0.0.1:9719";
    let shown = || -> Value {
        let (_, body) = get(&one, 9719, "/report", "localhost");
        serde_json::from_str(&body).unwrap_or_default()
    };
    let finished = watch(&one, directory.path(), watching, |pid| {
        one.run("ip link delete eth0").unwrap();
        // Several turns without it, so that the watch has seen it gone.
        sleep(Duration::from_millis(1500));
        let near = one.path().display().to_string();
        other
            .run(&format!(
                "ip link add eth0 type veth peer name eth0 netns {near}"
            ))
            .unwrap();
        for (host, address) in [(&one, "10.78.0.1"), (&other, "10.78.0.2")] {
            host.run(&format!("ip address add {address}/24 dev eth0"))
                .unwrap();
            host.run("ip link set eth0 up").unwrap();
        }
        sleep(Duration::from_millis(1500));
        ask(&other, "10.78.0.1");
        until("what comes by the new one", || {
            shown()["rules"][0]["verdict"] == "observed"
        });
        let report = shown();
        let reasons = gaps(&report);
        assert!(reasons.contains(&"interface-lost"), "{reasons:?}");
        assert!(reasons.contains(&"nothing-to-watch"), "{reasons:?}");
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
}

fn what_leaves_by_another_interface_is_not_missing() {
    let deployment = DEPLOYMENT
        .replace("\"10.78.0.1\"", "\"10.79.0.2\", \"fd79::2\"")
        .replace("\"10.78.0.2\"", "\"10.78.0.1\", \"10.79.0.1\"");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
    let (one, _other) = pair();
    one.run("ip link add name far type veth peer name farther")
        .unwrap();
    one.run("ip link set farther up").unwrap();
    one.run("ip address add 10.79.0.1/24 dev far").unwrap();
    one.run("ip -6 address add fd79::1/64 dev far nodad")
        .unwrap();
    one.run("ip link set far up").unwrap();
    let arguments = "audit --config a.toml --format json --for 1s";
    let finished = watch(&one, directory.path(), arguments, |_| {});
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let found = report(&finished.stdout);
    assert_eq!(found["rules"][0]["verdict"], "unobservable");
    let why = found["rules"][0]["explanation"].as_str().unwrap();
    assert!(why.contains("goes by far, which is not watched"), "{why}");
    // A macvlan's packets pass the interface that it lies on.
    one.run("ip link delete far").unwrap();
    one.run("ip link add link eth0 name far type macvlan mode bridge")
        .unwrap();
    one.run("ip address add 10.79.0.1/24 dev far").unwrap();
    one.run("ip -6 address add fd79::1/64 dev far nodad")
        .unwrap();
    one.run("ip link set far up").unwrap();
    let finished = watch(&one, directory.path(), arguments, |_| {});
    let found = report(&finished.stdout);
    assert_eq!(found["rules"][0]["verdict"], "missing");
}

/// Sends frames that go past queues, filters and programs, straight to the driver (`PACKET_QDISC_BYPASS`).
const BYPASS: &str = r#"
import socket, time
one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
one.setsockopt(263, 20, 1)
one.bind(("eth0", 0))
for _ in range(250):
    one.send(b"\x02" * 12 + b"\x08\x00" + b"\x45" + bytes(59))
    time.sleep(0.02)
"#;

/// Nothing is known of how it comes past us; only the kernel's own counter tells.
fn what_passes_every_place_is_blindness() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", DEPLOYMENT),
        ("bypass.py", BYPASS),
    ]);
    let script = directory.path().join("bypass.py");
    let (_one, other) = pair();
    // What IPv6 sends by itself would be counted.
    other.set("net/ipv6/conf/eth0/disable_ipv6", "1").unwrap();
    let arguments = "audit --config a.toml --format json --for 6s";
    let finished = watch(&other, directory.path(), arguments, |_| {
        other.run(&format!("python3 {}", script.display())).unwrap();
    });
    let found = report(&finished.stdout);
    assert_eq!(gaps(&found), ["blind"], "{found:#}");
    let said = found["gaps"][0]["text"].as_str().unwrap();
    assert!(said.contains("eth0"), "{said}");
    // Its requests may be among those frames: it is not missing, and not all is well.
    assert_eq!(found["rules"][0]["verdict"], "unassessed", "{found:#}");
    assert_eq!(finished.status.code(), Some(2), "{}", finished.stderr);
    // Without such frames the same is clear.
    let finished = watch(&other, directory.path(), arguments, |_| {});
    let found = report(&finished.stdout);
    assert_eq!(gaps(&found), Vec::<&str>::new());
    assert_eq!(found["rules"][0]["verdict"], "missing");
}

fn an_empty_capture_judges_nothing() {
    let directory = files(&[("m.toml", MATRIX)]);
    let path = directory.path();
    let empty = crate::fixture::pcap::pcap(&[]);
    std::fs::write(path.join("empty.pcap"), empty).unwrap();
    let arguments = "replay empty.pcap --matrix m.toml --role web --address 10.0.0.1";
    let output = crate::fixture::auditor::run(path, arguments);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no packet in empty.pcap"), "{said}");
}

/// An auditor passes everything on, by whatever hook it counts and whichever came first.
fn another_auditor_hides_nothing() {
    let directory = files(&[("m.toml", MATRIX)]);
    let directory = directory.path();
    let (one, other) = pair();
    let _web = serve(&one, Transport::Tcp, 8080).unwrap();
    let arguments = |ingress: &str| {
        format!("audit --matrix m.toml --role web -i eth0 --format json --ingress {ingress}")
    };
    for [first, second] in [["xdp", "tc"], ["tc", "xdp"], ["tc", "tc"]] {
        let mut late = None;
        let early = watch_during(&one, directory, &arguments(first), || {
            late = Some(watch_during(&one, directory, &arguments(second), || {
                ask(&other, "10.78.0.1");
                sleep(SEEN);
            }));
        });
        for finished in [early, late.unwrap()] {
            let report = report(&finished.stdout);
            // The window is ended before it is over.
            assert_eq!(
                gaps(&report),
                ["cut-short"],
                "{first} and {second}: {report}"
            );
            let was_seen = |flow: &&Value| flow["port"] == 8080;
            let flows = report["flows"].as_array().unwrap();
            assert_eq!(
                flows.iter().filter(was_seen).count(),
                1,
                "{first} and {second}"
            );
        }
    }
}
