//! How an audit begins and ends, well or badly.

use std::{thread, time::Duration};

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
        auditor::{command, files, watch},
        pair::{MATRIX, pair},
        program::stay_on,
        report::assert_totals,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    a_killed_audit_leaves_nothing_attached: [Kernel, Program("bpftool")],
    what_is_left_where_the_guard_is_killed_too_is_taken_off: [Kernel, Program("bpftool")],
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

/// Kills an audit and its guard, the guard first.
fn kill_both(audit: Pid) {
    let threads = std::fs::read_dir(format!("/proc/{audit}/task")).unwrap();
    let children = threads.map(|thread| thread.unwrap().path().join("children"));
    let children: String = children
        .map(|children| std::fs::read_to_string(children).unwrap())
        .collect();
    let guards: Vec<i32> = children
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(guards.len(), 1, "{children}");
    for guard in guards {
        kill(Pid::from_raw(guard), Signal::SIGKILL).unwrap();
    }
    kill(audit, Signal::SIGKILL).unwrap();
}

fn what_is_left_where_the_guard_is_killed_too_is_taken_off() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, _other) = pair();
    let arguments = "audit --matrix m.toml -i eth0 --for 60s --tc clsact";
    let filters = || {
        let list = |way: &str| one.run(&format!("tc filter show dev eth0 {way}")).unwrap();
        ["ingress", "egress"].map(|way| list(way).matches("_tc direct-action").count())
    };
    let doctor = |options: &str| {
        let output = one
            .enter(|| Ok(command(&format!("doctor {options}")).output()?))
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let leave = || {
        watch(&one, directory.path(), arguments, kill_both);
        assert_eq!(filters(), [1, 1]);
    };
    leave();
    // A filter of somebody else, which stays whatever happens.
    let file = directory.path().join("bytecode");
    std::fs::write(&file, "1,6 0 0 0,").unwrap();
    let file = file.display();
    one.run(&format!(
        "tc filter add dev eth0 ingress prio 9 protocol all bpf da bytecode-file {file}"
    ))
    .unwrap();
    let said = doctor("");
    assert_eq!(said.matches("note  leftovers: filter").count(), 2, "{said}");
    assert_eq!(filters(), [1, 1]);
    // The next one takes them off, and those of nobody else.
    let next = watch(&one, directory.path(), arguments, |pid| {
        assert_eq!(filters(), [1, 1]);
        let said = doctor("--clean");
        assert!(said.contains("no auditor that was killed left"), "{said}");
        assert_eq!(filters(), [1, 1]);
        // Nor does it when the audit that is running is held up.
        kill(pid, Signal::SIGSTOP).unwrap();
        let said = doctor("--clean");
        kill(pid, Signal::SIGCONT).unwrap();
        assert!(said.contains("no auditor that was killed left"), "{said}");
        assert_eq!(filters(), [1, 1]);
        stop(pid);
    });
    let said =
        "of eth0, in, was left by an auditor that was killed with its guard, and is taken off";
    assert!(next.stderr.contains(said), "{}", next.stderr);
    assert_eq!(filters(), [0, 0]);
    // And so does whoever asks for it, here in place of the next one.
    leave();
    let said = doctor("--clean");
    assert_eq!(said.matches("and is taken off").count(), 2, "{said}");
    assert_eq!(filters(), [0, 0]);
    let others = one.run("tc filter show dev eth0 ingress").unwrap();
    assert!(others.contains("bytecode"), "{others}");
    // Links and XDP programs go with their process, whoever else is killed.
    for hooks in ["--ingress xdp --tc tcx", "--ingress tc --tc tcx"] {
        let arguments = format!("audit --matrix m.toml -i eth0 --for 60s {hooks}");
        watch(&one, directory.path(), &arguments, |pid| {
            kill(pid, Signal::SIGKILL).unwrap();
        });
        let mut left = String::new();
        for _ in 0..100 {
            left = one.run("bpftool net show dev eth0").unwrap();
            if !left.contains("ingress_") && !left.contains("egress_tc") {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        assert!(
            !left.contains("ingress_") && !left.contains("egress_tc"),
            "{left}"
        );
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
        let request_all = || {
            // Each CPU has buckets of its own, so one that receives nothing but the rule's port would have room for it.
            stay_on(0);
            for port in ports {
                let server = format!("10.78.0.1:{port}").parse().unwrap();
                assert_eq!(
                    request(&other, Transport::Tcp, server).unwrap(),
                    Outcome::Refused
                );
            }
        };
        let finished = watch(&one, directory.path(), arguments, |_| {
            // A thread of its own, since this one runs other tests later.
            thread::scope(|scope| scope.spawn(request_all).join().unwrap());
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
