//! A watch that goes on: what it reports, remembers over a kill, reads again, and looks up.

use std::{
    io::{Read as _, Write as _},
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Duration,
};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    process::{self, Finished},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    fixture::{
        auditor::{command, files, run, watch},
        history::{events, history, lines},
        pair::{DEPLOYMENT, MATRIX, many_rules, pair},
        report::assert_totals,
        wait::until,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    verdicts_that_change_are_told: [Kernel, Program("sqlite3")],
    a_turn_that_outlasts_the_next_costs_no_count: [Kernel],
    the_kernels_tables_are_in_memory_only_where_they_are_read: [Kernel],
    a_killed_watch_knows_what_it_saw_and_when_it_did_not_look: [Kernel],
    a_configuration_is_read_again_whole_or_not_at_all: [Kernel],
    a_name_that_changes_keeps_its_old_address_for_the_window: [Kernel, Program("unshare")],
    a_name_that_a_file_gives_changes_with_it: [Kernel, Program("unshare")],
    a_damaged_history_is_moved_aside: [Kernel],
    a_history_that_is_not_understood_is_moved_aside: [Kernel],
    a_watch_can_do_no_more_than_it_must: [Kernel],
    what_is_so_no_more_is_forgotten: [Kernel],
    a_port_that_is_documented_no_more_is_no_evidence: [Kernel],
}

const WATCH: &str =
    "watch --config a.toml --state state --every 300ms --window 2s --format jsonl --listen none";

fn stop(pid: Pid) {
    kill(pid, Signal::SIGTERM).unwrap();
}

#[track_caller]
fn check_request(from: &Namespace, port: u16, expected: Outcome) {
    let server = format!("10.78.0.1:{port}").parse().unwrap();
    assert_eq!(request(from, Transport::Tcp, server).unwrap(), expected);
}

fn verdicts_that_change_are_told() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let finished = watch(&one, path, WATCH, |pid| {
        let happened = |event: &str| events(path).iter().any(|other| other == event);
        // Nothing is missing before the window is over for the first time.
        check_request(&other, 8080, Outcome::Answered);
        until("a rule that nothing matches any more", || {
            happened("appeared web")
        });
        check_request(&other, 8080, Outcome::Answered);
        until("a rule that is matched again", || happened("resolved web"));
        check_request(&other, 9090, Outcome::Answered);
        let key = "10.78.0.2 -> 10.78.0.1 tcp/9090";
        until("a flow that nobody documents", || {
            happened(&format!("appeared {key}"))
        });
        until("its end", || happened(&format!("resolved {key}")));
        stop(pid);
    });
    let printed: Vec<String> = lines(&finished.stdout)
        .iter()
        .map(|event| {
            format!(
                "{} {}",
                event["change"].as_str().unwrap(),
                event["key"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(printed, events(path));
    let flows = history(path, "tcp/8080");
    assert_eq!(flows.len(), 1);
    assert_eq!(flows[0]["requests"], 2);
    let report: Value =
        serde_json::from_slice(&std::fs::read(path.join("state/report.json")).unwrap()).unwrap();
    assert_eq!(report["host"]["roles"][0], "web");
    // And so does a tool that knows nothing of us.
    let output = std::process::Command::new("sqlite3")
        .arg(path.join("state/history.db"))
        .arg("SELECT client, port, requests FROM flow WHERE protocol = 6 ORDER BY port")
        .output()
        .unwrap();
    let rows = String::from_utf8(output.stdout).unwrap();
    assert_eq!(rows, "10.78.0.2|8080|2\n10.78.0.2|9090|1\n");
}

/// Kibibytes of the kernel's tables that count as a process's memory.
fn kernel_tables(pid: Pid) -> u64 {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/smaps")).unwrap();
    let mut is_table = false;
    let mut sum = 0;
    for line in maps.lines() {
        if let Some(size) = line.strip_prefix("Rss:") {
            let size: u64 = size.trim().trim_end_matches(" kB").parse().unwrap();
            sum += if is_table { size } else { 0 };
        } else if line.contains(" rw-s ") {
            is_table = line.ends_with("anon_inode:bpf-map");
        } else if line
            .split_once(' ')
            .is_some_and(|(start, _)| start.contains('-'))
        {
            is_table = false;
        }
    }
    sum
}

/// Of tables of 49 MiB and more, what is always looked at and a piece of each other one at most.
fn the_kernels_tables_are_in_memory_only_where_they_are_read() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    watch(&one, path, &format!("{WATCH} --flows 65536"), |pid| {
        check_request(&other, 8080, Outcome::Answered);
        until("what was counted", || {
            path.join("state/history.db").exists() && !history(path, "tcp/8080").is_empty()
        });
        let kibibytes = kernel_tables(pid);
        assert!((256..2048).contains(&kibibytes), "{kibibytes}");
        stop(pid);
    });
}

/// Judging that takes longer than there is between two turns is said; meanwhile all is counted, and judged in the end.
fn a_turn_that_outlasts_the_next_costs_no_count() {
    let directory = files(&[("m.toml", &many_rules(10_000)), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let arguments = "watch --config a.toml --state state --every 100ms --window 5m --listen none";
    let finished = watch(&one, path, arguments, |pid| {
        for _ in 0..50 {
            check_request(&other, 8080, Outcome::Answered);
            std::thread::sleep(Duration::from_millis(60));
        }
        stop(pid);
    });
    let late = finished.stderr.matches("counting goes on").count();
    assert_eq!(late, 1, "{}", finished.stderr);
    let report: Value =
        serde_json::from_slice(&std::fs::read(path.join("state/report.json")).unwrap()).unwrap();
    assert_eq!(report["rules"][0]["requests"], 50);
    assert_totals(&report);
}

fn a_killed_watch_knows_what_it_saw_and_when_it_did_not_look() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let seen = |n: u64| {
        until("a flow that is saved", || {
            path.join("state/history.db").exists()
                && history(path, "tcp/8080")
                    .first()
                    .is_some_and(|flow| flow["requests"] == n)
        });
    };
    watch(&one, path, WATCH, |pid| {
        check_request(&other, 8080, Outcome::Answered);
        seen(1);
        // Nobody else may write there meanwhile.
        let second = watch(&one, path, WATCH, |_| {});
        assert_eq!(second.status.code(), Some(2));
        assert!(
            second
                .stderr
                .contains("another auditor keeps its state in state"),
            "{}",
            second.stderr
        );
        kill(pid, Signal::SIGKILL).unwrap();
    });
    let window = WATCH.replace("2s", "60s");
    watch(&one, path, &window, |pid| {
        check_request(&other, 8080, Outcome::Answered);
        seen(2);
        stop(pid);
    });
    let gaps = history(path, "--gaps");
    let unwatched: Vec<&Value> = gaps.iter().filter(|gap| gap["watched"] == false).collect();
    assert_eq!(unwatched.len(), 1, "{gaps:?}");
    let text = unwatched[0]["text"].as_str().unwrap();
    assert!(text.starts_with("nobody watched from "), "{text}");
    // Across that, what is not seen is not called missing.
    std::fs::write(path.join("m.toml"), MATRIX.replace("8080", "8081")).unwrap();
    watch(&one, path, &window.replace("60s", "1s"), |pid| {
        until("the verdict", || path.join("state/report.json").exists());
        // Some turns with the other rule; no file says that there were any.
        std::thread::sleep(Duration::from_secs(1));
        stop(pid);
    });
    watch(&one, path, &window, |pid| {
        std::thread::sleep(Duration::from_secs(1));
        stop(pid);
    });
    let explained = run(path, "explain web --report state/report.json");
    let text = String::from_utf8(explained.stdout).unwrap();
    assert!(text.contains("verdict: unassessed"), "{text}");
    assert!(text.contains("unseen: nobody watched from"), "{text}");
}

fn a_configuration_is_read_again_whole_or_not_at_all() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 9090).unwrap();
    let watch = WATCH.replace("2s", "60s");
    let said = std::sync::Mutex::new(Vec::new());
    let has_said = |text: &str| {
        said.lock()
            .unwrap()
            .iter()
            .any(|line: &String| line.contains(text))
    };
    let mut command = command(&watch);
    command.current_dir(path);
    let hear = |line: &str| said.lock().unwrap().push(line.to_owned());
    let finished: Finished = process::run(&one, &command, "watching", &hear, |pid| {
        check_request(&other, 9090, Outcome::Answered);
        until("what nobody documents", || {
            events(path)
                .iter()
                .any(|event| event.starts_with("appeared 10.78.0.2"))
        });
        // A file that is wrong changes nothing.
        std::fs::write(path.join("m.toml"), "name = 1").unwrap();
        until("what is wrong", || has_said("m.toml:1"));
        assert!(has_said("the configuration stays what it was, all of it"));
        // One that is right is in use without being asked, and at once when asked.
        let rule = MATRIX.replace("8080", "8080,9090");
        std::fs::write(path.join("m.toml"), rule).unwrap();
        kill(pid, Signal::SIGHUP).unwrap();
        until("what is right", || {
            has_said("was read again, and is in use")
        });
        until("the end of the complaint", || {
            events(path)
                .iter()
                .any(|event| event.starts_with("resolved 10.78.0.2"))
        });
        stop(pid);
        Ok(())
    })
    .unwrap();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
}

/// A DNS server on the host that answers every question for an IPv4 address with `10.78.0.N`, to be asked again after a
/// second.
fn name_server(host: &Namespace, last_byte: &Arc<AtomicU8>) {
    let last_byte = Arc::clone(last_byte);
    let socket = host.enter(|| Ok(UdpSocket::bind("10.78.0.1:53")?)).unwrap();
    socket
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    std::thread::spawn(move || {
        let mut question = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut question) {
            // RFC 1035, section 4.1: the header, one question, and an answer that points to its name.
            let end = 12
                + question[12..length]
                    .iter()
                    .position(|byte| *byte == 0)
                    .unwrap()
                + 5;
            let is_ipv4 = question[end - 4..end - 2] == [0, 1];
            let mut answer = question[..end].to_vec();
            answer[2..12].copy_from_slice(&[0x85, 0x80, 0, 1, 0, u8::from(is_ipv4), 0, 0, 0, 0]);
            if is_ipv4 {
                answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 78, 0]);
                answer.push(last_byte.load(Ordering::Relaxed));
            }
            if socket.send_to(&answer, from).is_err() {
                return;
            }
        }
    });
}

fn a_name_that_changes_keeps_its_old_address_for_the_window() {
    let deployment = DEPLOYMENT.replace("\"10.78.0.2\"", "\"client.example.test\"");
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment),
        ("resolv.conf", "nameserver 10.78.0.1\n"),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    other.run("ip address add 10.78.0.3/24 dev eth0").unwrap();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let last_byte = Arc::new(AtomicU8::new(2));
    name_server(&one, &last_byte);
    // The host's own configuration of names, for this process alone.
    let inside = |line: &str| {
        let line = format!(
            "mount --bind resolv.conf /etc/resolv.conf && exec {} {line}",
            env!("CARGO_BIN_EXE_auditor")
        );
        let mut command = std::process::Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", &line])
            .current_dir(path);
        command
    };
    let watch = WATCH.replace("2s", "8s");
    process::run(&one, &inside(&watch), "watching", &|_| {}, |pid| {
        let happened = |event: &str| events(path).iter().any(|other| other == event);
        check_request(&other, 8080, Outcome::Answered);
        std::thread::sleep(Duration::from_secs(1));
        assert_eq!(events(path), [""; 0], "the name is known");
        // Another address is nobody's, until the name has it.
        last_byte.store(3, Ordering::Relaxed);
        std::thread::sleep(Duration::from_millis(2500));
        check_request(&other, 8080, Outcome::Answered);
        std::thread::sleep(Duration::from_millis(700));
        assert!(
            !happened("appeared 10.78.0.2 -> 10.78.0.1 tcp/8080"),
            "the old address holds for the window"
        );
        until("the end of the old address", || {
            check_request(&other, 8080, Outcome::Answered);
            happened("appeared 10.78.0.2 -> 10.78.0.1 tcp/8080")
        });
        stop(pid);
        Ok(())
    })
    .unwrap();
}

/// What a file says has no time to live: it holds until the file changes.
fn a_name_that_a_file_gives_changes_with_it() {
    let deployment = DEPLOYMENT.replace("\"10.78.0.2\"", "\"client.example.test\"");
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment),
        ("resolv.conf", "nameserver 127.0.0.1\n"),
        ("hosts", "10.78.0.9 client.example.test\n"),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let line = format!(
        "mount --bind resolv.conf /etc/resolv.conf && mount --bind hosts /etc/hosts && exec {} {WATCH}",
        env!("CARGO_BIN_EXE_auditor")
    );
    let mut command = std::process::Command::new("unshare");
    command
        .args(["--mount", "sh", "-c", &line])
        .current_dir(path);
    process::run(&one, &command, "watching", &|_| {}, |pid| {
        let happened = |event: &str| events(path).iter().any(|other| other == event);
        check_request(&other, 8080, Outcome::Answered);
        until("a stranger's flow", || {
            happened("appeared 10.78.0.2 -> 10.78.0.1 tcp/8080")
        });
        std::fs::write(path.join("hosts"), "10.78.0.2 client.example.test\n").unwrap();
        until("the client's flow", || {
            happened("resolved 10.78.0.2 -> 10.78.0.1 tcp/8080")
        });
        stop(pid);
        Ok(())
    })
    .unwrap();
}

fn a_damaged_history_is_moved_aside() {
    let directory: TempDir = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    std::fs::create_dir(path.join("state")).unwrap();
    std::fs::write(
        path.join("state/history.db"),
        "nonsense, and enough of it ".repeat(100),
    )
    .unwrap();
    let (one, _other) = pair();
    let finished = watch(&one, path, WATCH, stop);
    assert!(
        finished
            .stderr
            .contains("what was seen before is not known"),
        "{}",
        finished.stderr
    );
    let kept = std::fs::read_dir(path.join("state")).unwrap().any(|entry| {
        entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("history.db.damaged-")
    });
    assert!(kept);
    // The time that was watched, and what is not known any more.
    let gaps = history(path, "--gaps");
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    let said = gaps[1]["text"].as_str().unwrap();
    assert!(said.contains("was set aside and begun anew"), "{said}");
    let report = std::fs::read_to_string(path.join("state/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["gaps"][0]["reason"], "history-damaged", "{report}");
}

/// What a later version may have written, or anybody: no value of it is taken for another, and the watch goes on.
fn a_history_that_is_not_understood_is_moved_aside() {
    let directory: TempDir = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let seen = "appeared 10.78.0.2 -> 10.78.0.1 tcp/9090";
    let ask = |pid| {
        check_request(&other, 9090, Outcome::Answered);
        until("the finding", || {
            events(path).iter().any(|event| event == seen)
        });
        stop(pid);
    };
    watch(&one, path, WATCH, ask);
    for (change, said) in [
        (
            "UPDATE finding SET verdict = 'dubious'",
            "in table finding, column verdict is `dubious`: not known",
        ),
        (
            "UPDATE flow SET evidence = 99",
            "in table flow, column evidence is 99: not known",
        ),
    ] {
        let database = Connection::open(path.join("state/history.db")).unwrap();
        assert_ne!(database.execute(change, []).unwrap(), 0, "{change}");
        drop(database);
        // It begins anew, and finds again what is there.
        let finished = watch(&one, path, WATCH, ask);
        assert!(finished.stderr.contains(said), "{}", finished.stderr);
        let kept = std::fs::read_dir(path.join("state")).unwrap();
        let kept = kept.map(|entry| entry.unwrap().path());
        let kept = kept.filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            name.starts_with("history.db.damaged-")
                && !name.ends_with("-wal")
                && !name.ends_with("-shm")
        });
        let kept = kept.max().unwrap();
        let n_events: i64 = Connection::open(kept)
            .unwrap()
            .query_row("SELECT count(*) FROM event", [], |row| row.get(0))
            .unwrap();
        assert_ne!(n_events, 0, "nothing is lost");
        // Names of what is set aside are told apart by the second.
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn a_watch_can_do_no_more_than_it_must() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let path = directory.path();
    // Patterns, so that it attaches again once it gave up the rest.
    std::fs::write(
        path.join("a.toml"),
        DEPLOYMENT.replace("\"eth0\"", "\"eth*\""),
    )
    .unwrap();
    let said = std::sync::Mutex::new(Vec::new());
    let hear = |line: &str| said.lock().unwrap().push(line.to_owned());
    let mut command = command(&WATCH.replace("--listen none", "--listen unix:auditor.sock"));
    command.current_dir(path);
    process::run(&one, &command, "watching eth0", &hear, |pid| {
        // Reading what others own, networks, tracing, eBPF: capabilities(7).
        let allowed: u64 = [2, 12, 19, 38, 39].iter().map(|bit| 1 << bit).sum();
        // It gives them up once it has attached, which is when it says so.
        until("no thread that can do more", || {
            let has = capabilities(pid);
            // The loop, what is shown, and who is looked at; each of them in three sets.
            9 <= has.len() && has.iter().all(|has| has & !allowed == 0)
        });
        one.run("ip link add eth5 type veth peer name other5")
            .unwrap();
        one.run("ip link set eth5 up").unwrap();
        until("another interface", || {
            let said = said.lock().unwrap();
            said.iter().any(|line| line.contains("watching eth5"))
        });
        check_request(&other, 8080, Outcome::Answered);
        until("what is seen all the same", || {
            path.join("state/history.db").exists() && !history(path, "tcp/8080").is_empty()
        });
        stop(pid);
        Ok(())
    })
    .unwrap();
    let report = std::fs::read_to_string(path.join("state/report.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let names: Vec<&str> = report["interfaces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|interface| interface["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["eth0", "eth5"]);
    let flow = &report["flows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|flow| flow["port"] == 8080)
        .unwrap();
    assert_eq!(flow["processes"][0]["pid"], std::process::id(), "{flow}");
}

/// The effective, permitted and inheritable capabilities of every thread of a process.
fn capabilities(pid: Pid) -> Vec<u64> {
    let mut all = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status"));
        for line in status.unwrap_or_default().lines() {
            let sets = ["CapEff:", "CapPrm:", "CapInh:"];
            let has = sets.iter().find_map(|set| line.strip_prefix(set));
            all.extend(has.map(|has| u64::from_str_radix(has.trim(), 16).unwrap()));
        }
    }
    all
}

/// An address that moves away and a service that ends count for a window longer, and no more after it.
fn what_is_so_no_more_is_forgotten() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, _other) = pair();
    one.run("ip address add 10.78.0.9/24 dev eth0").unwrap();
    let service = serve(&one, Transport::Tcp, 8080).unwrap();
    // The latest report is written whenever a verdict changes, so the state is asked for over HTTP here.
    let arguments = WATCH.replace("--listen none", "--listen 127.0.0.1:9719");
    let known = || {
        let report = one.enter(|| Ok(shown()?)).unwrap_or_default();
        let addresses = report["host"]["addresses"].to_string();
        let listening = report["rules"][0]["listening"] == true;
        (addresses.contains("10.78.0.9"), listening)
    };
    watch(&one, path, &arguments, |pid| {
        until("both are known", || known() == (true, true));
        one.run("ip address del 10.78.0.9/24 dev eth0").unwrap();
        drop(service);
        until("both are forgotten", || known() == (false, false));
        stop(pid);
    });
}

/// A reload takes the ports that the matrix no longer names out of the kernel's map too.
fn a_port_that_is_documented_no_more_is_no_evidence() {
    let matrix = |port: u16| {
        format!(
            "name = \"M\"\n[[rule]]\nid = \"r\"\nclient = [\"web\"]\nserver = [\"user\"]\ntransport = \"udp\"\nports = \"{port}\"\npresence = \"optional\"\n"
        )
    };
    let directory = files(&[("m.toml", &matrix(20_000)), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let arguments = WATCH.replace("--listen none", "--listen 127.0.0.1:9719");
    let socket = other
        .enter(|| Ok(UdpSocket::bind("10.78.0.2:20000")?))
        .unwrap();
    let own = one
        .enter(|| Ok(UdpSocket::bind("10.78.0.1:10000")?))
        .unwrap();
    // Both ends talk from ports that are as well known: the matrix alone says whose port it is.
    let is_known_by_the_matrix = || {
        socket.send_to(b"x", "10.78.0.1:10000").unwrap();
        own.recv(&mut [0]).unwrap();
        own.send_to(b"x", "10.78.0.2:20000").unwrap();
        let report = one.enter(|| Ok(shown()?)).unwrap_or_default();
        let flows = report["flows"].as_array().cloned().unwrap_or_default();
        let by: Vec<&str> = flows
            .iter()
            .filter(|flow| flow["protocol"] == 17)
            .filter_map(|flow| flow["evidence"].as_str())
            .collect();
        (!by.is_empty()).then(|| by.contains(&"documented-port"))
    };
    watch(&one, path, &arguments, |pid| {
        until("the port is known", || {
            is_known_by_the_matrix() == Some(true)
        });
        std::fs::write(path.join("m.toml"), matrix(20_001)).unwrap();
        until("it is known no more", || {
            is_known_by_the_matrix() == Some(false)
        });
        stop(pid);
    });
}

/// The report that a watch shows in this network namespace.
fn shown() -> std::io::Result<Value> {
    let mut stream = std::net::TcpStream::connect("127.0.0.1:9719")?;
    stream.write_all(b"GET /report HTTP/1.0\r\nHost: 127.0.0.1:9719\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).map_err(std::io::Error::other)
}
