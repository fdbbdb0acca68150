//! How an audit begins and ends, well or badly.

use aya::programs::{SchedClassifier, tc::TcAttachType};
use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch},
        pair::{MATRIX, pair},
        report::assert_totals,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    a_killed_audit_leaves_nothing_attached: [Kernel, Program("bpftool")],
    a_taken_xdp_slot_means_tc: [Kernel, Program("bpftool")],
    a_window_that_is_cut_short_makes_nothing_missing: [Kernel],
    an_interface_that_goes_away_is_a_gap: [Kernel],
    a_full_table_is_said: [Kernel],
    an_icmp_error_is_a_refusal: [Kernel, Program("nft")],
    packets_in_no_flow_can_be_logged: [Kernel],
    flows_are_printed_without_a_verdict: [Kernel],
}

/// Programs on an interface as the kernel, `ip` and `bpftool` list them. The `bpftool` of some distributions is older than
/// TCX and shows nothing of it, so the kernel is asked as well.
fn programs(host: &Namespace, interface: &str) -> Vec<String> {
    let mut programs = host
        .enter(|| {
            let mut names = Vec::new();
            for direction in [TcAttachType::Ingress, TcAttachType::Egress] {
                let (_, attached) = SchedClassifier::query_tcx(interface, direction)?;
                names.extend(
                    attached
                        .iter()
                        .map(|program| program.name_as_str().unwrap().to_owned()),
                );
            }
            Ok(names)
        })
        .unwrap();
    let link = host
        .run(&format!("ip -details link show dev {interface}"))
        .unwrap();
    programs.extend(
        link.lines()
            .filter(|line| line.contains("xdp"))
            .map(str::to_owned),
    );
    let net = host
        .run(&format!("bpftool net show dev {interface}"))
        .unwrap();
    programs.extend(
        net.lines()
            .filter(|line| line.contains(interface))
            .map(str::to_owned),
    );
    programs
}

/// What is left of programs; the kernel takes links off a moment after their process has gone.
fn leftovers(host: &Namespace, interface: &str) -> Vec<String> {
    let mut left = programs(host, interface);
    for _ in 0..200 {
        if left.is_empty() {
            break;
        }
        left = programs(host, interface);
    }
    left
}

fn a_killed_audit_leaves_nothing_attached() {
    let directory = files(&[("m.toml", MATRIX)]);
    for (hooks, shown) in [
        ("--ingress tc", "ingress_tc"),
        ("--ingress xdp", "xdp"),
        ("--tc clsact", "ingress_tc"),
        ("--ingress xdp --tc clsact", "xdp"),
    ] {
        let (one, _other) = pair();
        let arguments = format!("audit --matrix m.toml -i eth0 --for 60s {hooks}");
        let finished = watch(&one, directory.path(), &arguments, |pid| {
            let attached = programs(&one, "eth0").join("\n");
            assert!(
                attached.contains("egress_tc") && attached.contains(shown),
                "{attached}"
            );
            // Whoever takes programs off must find the interface all the same.
            one.run("ip link set eth0 down").unwrap();
            one.run("ip link set eth0 name other0").unwrap();
            one.run("ip link set other0 up").unwrap();
            kill(pid, Signal::SIGKILL).unwrap();
        });
        assert_eq!(finished.status.code(), None, "{}", finished.stderr);
        assert_eq!(leftovers(&one, "other0"), Vec::<String>::new());
    }
}

fn a_taken_xdp_slot_means_tc() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let arguments = "audit --matrix m.toml --role web -i eth0 --for 60s --ingress xdp";
    let first = watch(&one, directory.path(), arguments, |first_pid| {
        let second = watch(&one, directory.path(), arguments, |second_pid| {
            let server = "10.78.0.1:8080".parse().unwrap();
            assert_eq!(
                request(&other, Transport::Tcp, server).unwrap(),
                Outcome::Answered
            );
            stop(second_pid);
        });
        assert!(
            second
                .stderr
                .contains("watching eth0, in: tc (its XDP slot is taken by program"),
            "{}",
            second.stderr
        );
        assert_eq!(second.status.code(), Some(0), "{}", second.stdout);
        assert!(second.stdout.contains("1 observed"), "{}", second.stdout);
        stop(first_pid);
    });
    assert!(
        first.stderr.contains("watching eth0, in: xdp (asked for)"),
        "{}",
        first.stderr
    );
    assert!(first.stdout.contains("1 observed"), "{}", first.stdout);
    assert_eq!(leftovers(&one, "eth0"), Vec::<String>::new());
}

fn stop(pid: Pid) {
    kill(pid, Signal::SIGINT).unwrap();
}

fn a_window_that_is_cut_short_makes_nothing_missing() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, _other) = pair();
    let arguments = "audit --matrix m.toml --role web -i eth0 --for 60s --format json";
    let finished = watch(&one, directory.path(), arguments, stop);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(report["gaps"][0]["reason"], "cut-short");
    assert_eq!(report["rules"][0]["verdict"], "unassessed");
    // The whole window, and it is.
    let finished = watch(
        &one,
        directory.path(),
        &arguments.replace("60s", "1s"),
        |_| {},
    );
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stderr);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(report["gaps"], Value::Array(Vec::new()));
    assert_eq!(report["rules"][0]["verdict"], "missing");
    assert_eq!(report["rules"][0]["listening"], false);
}

fn an_interface_that_goes_away_is_a_gap() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let arguments = "audit --matrix m.toml --role web -i eth0 --for 4s --format json";
    let finished = watch(&one, directory.path(), arguments, |_| {
        other.run("ip link delete eth0").unwrap();
    });
    assert_eq!(finished.status.code(), Some(2), "{}", finished.stderr);
    assert!(
        finished
            .stderr
            .contains("interface eth0 went away; what passes there is not seen"),
        "{}",
        finished.stderr
    );
    assert!(
        finished
            .stderr
            .contains("no interface that is to be watched existed"),
        "{}",
        finished.stderr
    );
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(report["gaps"][0]["reason"], "interface-lost");
    assert_eq!(report["gaps"][0]["interface"], "eth0");
    assert_eq!(report["rules"][0]["verdict"], "unassessed");
}

fn a_full_table_is_said() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let arguments = "audit --matrix m.toml --role web -i eth0 --for 3s --flows 1 --format json";
    // What found no room may have been the rule's, or can't have been: the ports are known.
    for (ports, verdict) in [(8060..8090, "unassessed"), (9060..9090, "missing")] {
        let finished = watch(&one, directory.path(), arguments, |_| {
            for port in ports {
                let server = format!("10.78.0.1:{port}").parse().unwrap();
                assert_eq!(
                    request(&other, Transport::Tcp, server).unwrap(),
                    Outcome::Refused
                );
            }
        });
        let report: Value = serde_json::from_str(&finished.stdout).unwrap();
        assert_eq!(
            report["gaps"][0]["reason"], "unproven",
            "{}",
            finished.stdout
        );
        assert_eq!(report["rules"][0]["verdict"], verdict);
        assert_totals(&report);
    }
}

fn an_icmp_error_is_a_refusal() {
    let matrix = format!(
        "{MATRIX}\n[[rule]]\nid = \"names\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"udp\"\nports = \"53\"\n"
    );
    let directory = files(&[("m.toml", &matrix)]);
    let (one, other) = pair();
    // A firewall that says no with an ICMP error, and a UDP port on which nothing listens.
    other.run("nft add table inet lab").unwrap();
    other
        .run("nft add chain inet lab input { type filter hook input priority 0 ; }")
        .unwrap();
    other
        .run("nft add rule inet lab input tcp dport 8080 reject with icmp type port-unreachable")
        .unwrap();
    let arguments = "audit --matrix m.toml --role user -i eth0 --for 2s --format json";
    let request_both = || {
        for (transport, port) in [(Transport::Tcp, 8080), (Transport::Udp, 53)] {
            let server = format!("10.78.0.2:{port}").parse().unwrap();
            assert_eq!(request(&one, transport, server).unwrap(), Outcome::Refused);
        }
    };
    let finished = watch(&one, directory.path(), arguments, |_| request_both());
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    for rule in report["rules"].as_array().unwrap() {
        assert_eq!(rule["verdict"], "refused", "{report}");
    }
    for flow in report["flows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|flow| flow["verdict"] == "documented")
    {
        assert_eq!(flow["refusals"], 1, "{flow}");
    }
    // The server's host sees the same from its side.
    let arguments = arguments.replace("--role user", "--role web");
    let finished = watch(&other, directory.path(), &arguments, |_| request_both());
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    for rule in report["rules"].as_array().unwrap() {
        assert_eq!(rule["verdict"], "refused", "{report}");
    }
    assert_totals(&report);
}

fn packets_in_no_flow_can_be_logged() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    for (flag, is_logged) in [(" --log-packets", true), ("", false)] {
        let arguments = format!("audit --matrix m.toml --role web -i eth0 --for 2s{flag}");
        one.run("ip neighbour flush dev eth0").unwrap();
        other.run("ip neighbour flush dev eth0").unwrap();
        let finished = watch(&one, directory.path(), &arguments, |_| {
            let server = "10.78.0.1:8080".parse().unwrap();
            assert_eq!(
                request(&other, Transport::Tcp, server).unwrap(),
                Outcome::Answered
            );
        });
        assert!(
            finished.stdout.contains("in no flow"),
            "{}",
            finished.stdout
        );
        let said = finished
            .stderr
            .contains("received a packet that is in no flow: arp");
        assert_eq!(said, is_logged, "{}", finished.stderr);
    }
}

fn flows_are_printed_without_a_verdict() {
    let directory = files(&[]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let request_once = |_| {
        let server = "10.78.0.1:8080".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
    };
    let lines = watch(
        &one,
        directory.path(),
        "flows -i eth0 --for 2s --format jsonl",
        request_once,
    );
    let flow = lines
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|flow| flow["port"] == 8080)
        .unwrap();
    assert_eq!(
        (flow["client"].as_str(), flow["evidence"].as_str()),
        (Some("10.78.0.2"), Some("handshake"))
    );
    let table = watch(
        &one,
        directory.path(),
        "flows -i eth0 --for 2s",
        request_once,
    );
    assert!(
        table.stdout.lines().any(|line| {
            line.starts_with("10.78.0.2") && line.contains("8080") && line.ends_with("handshake")
        }),
        "{}",
        table.stdout
    );
}
