//! Clients of what a watch shows that are slow, or never come to an end: they cost little, and others are served meanwhile.

#![expect(
    clippy::disallowed_methods,
    reason = "when a server lets go is what the tests are about"
)]

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use lab::{
    conversation::{Outcome, Transport, request, serve},
    process,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    fixture::{
        auditor::{command, files, keeping_nothing, resident, watch, watch_by},
        history::history,
        pair::{DEPLOYMENT, MATRIX, many_rules, pair},
        wait::until,
        web::{connect, get},
    },
    harness::{Need::Kernel, tests},
};

tests! {
    clients_that_ask_half_are_let_go: [Kernel],
    clients_that_never_shake_hands_are_let_go: [Kernel],
    clients_that_take_a_byte_a_second_share_what_they_take: [Kernel],
    descriptors_are_left_for_the_audit: [Kernel],
}

const WATCH: &str = "watch --config a.toml --state state --every 300ms --window 60s";
const SHOWN: &str = "--listen 127.0.0.1:9719";
/// As many as one client may have.
const MOST_OF_CLIENT: usize = 16;
/// Fewer than are let go in the time that it takes to ask one after the other, a turn each.
const N_SLOW: usize = 8;
/// How long they may take, with some time for a host that is busy.
const ASKING: Duration = Duration::from_secs(10);
const LATE: Duration = Duration::from_secs(8);

fn stop(pid: Pid) {
    kill(pid, Signal::SIGTERM).unwrap();
}

fn descriptors(pid: Pid) -> usize {
    let directory = format!("/proc/{pid}/fd");
    std::fs::read_dir(directory).unwrap().count()
}

/// Waits until the server lets go of all of these, and checks that it does when it says.
#[track_caller]
fn check_let_go(held: Vec<TcpStream>, start: Instant) {
    for mut stream in held {
        let most = ASKING + LATE;
        stream.set_read_timeout(Some(most)).unwrap();
        let mut answer = Vec::new();
        // Both an end and a reset let go.
        let end = stream.read_to_end(&mut answer);
        let is_held = end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
        let time = start.elapsed();
        assert!(!is_held && time < most, "still held after {time:?}");
        assert!(ASKING <= time + Duration::from_secs(1), "after {time:?}");
    }
}

fn clients_that_ask_half_are_let_go() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, _other) = pair();
    watch(&one, directory.path(), &format!("{WATCH} {SHOWN}"), |pid| {
        let is_healthy = || {
            let (head, _) = get(&one, 9719, "/healthz", "localhost");
            head.starts_with("HTTP/1.1 200")
        };
        until("the first turn", is_healthy);
        let start = Instant::now();
        let held: Vec<TcpStream> = (0..MOST_OF_CLIENT)
            .map(|_| {
                let mut stream = connect(&one, 2, 9719);
                let half = b"GET /report HTTP/1.1\r\nHost: loc";
                stream.write_all(half).unwrap();
                stream
            })
            .collect();
        assert!(is_healthy(), "another client is served");
        check_let_go(held, start);
        stop(pid);
    });
}

fn clients_that_never_shake_hands_are_let_go() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", DEPLOYMENT),
        ("cert.pem", &made.cert.pem()),
        ("key.pem", &made.signing_key.serialize_pem()),
        ("token", "s3cret\n"),
    ]);
    let (one, _other) = pair();
    let tls = "--tls-cert cert.pem --tls-key key.pem --token-file token";
    let arguments = format!("{WATCH} {SHOWN} {tls}");
    watch(&one, directory.path(), &arguments, |pid| {
        let before = descriptors(pid);
        let start = Instant::now();
        let held: Vec<TcpStream> = (0..MOST_OF_CLIENT)
            .map(|n| {
                let mut stream = connect(&one, 2, 9719);
                // The first bytes of a handshake (RFC 8446, section 5.1), for some of them.
                let half: &[u8] = &[22, 3, 1, 2, 0, 1];
                stream.write_all(&half[..n % half.len()]).unwrap();
                stream
            })
            .collect();
        check_let_go(held, start);
        until("no descriptor is held", || descriptors(pid) <= before + 2);
        stop(pid);
    });
}

fn clients_that_take_a_byte_a_second_share_what_they_take() {
    let directory = files(&[("m.toml", &many_rules(2000)), ("a.toml", DEPLOYMENT)]);
    let (one, _other) = pair();
    let arguments = format!("{WATCH} {SHOWN}").replace("300ms", "1s");
    let mut command = command(&arguments);
    command.current_dir(directory.path());
    keeping_nothing(&mut command);
    watch_by(&one, &command, |pid| {
        let report = || get(&one, 9719, "/report", "localhost").1;
        until("the report", || report().contains("r1999"));
        let turn = Duration::from_secs(1);
        let most = |turns: u32| {
            let memories = (0..turns * 10).map(|n| {
                if n % 10 == 0 {
                    assert!(report().contains("r1999"), "others are served");
                }
                thread::sleep(turn / 10);
                resident(pid)
            });
            memories.max().unwrap()
        };
        let size = report().len() as u64;
        assert!(1_000_000 < size, "{size}");
        let before = most(5);
        let descriptors_before = descriptors(pid);
        // Each of them asks in another turn.
        let held: Vec<_> = (0..N_SLOW)
            .map(|_| {
                let mut stream = connect(&one, 2, 9719);
                stream
                    .write_all(b"GET /report HTTP/1.1\r\nHost: localhost\r\n\r\n")
                    .unwrap();
                thread::sleep(turn);
                thread::spawn(move || {
                    let mut byte = [0];
                    while stream.read(&mut byte).is_ok_and(|n| n == 1) {
                        thread::sleep(turn);
                    }
                })
            })
            .collect();
        assert!(
            descriptors_before + N_SLOW <= descriptors(pid),
            "they are held"
        );
        let during = most(3);
        let more = during.saturating_sub(before);
        // Two are held at a time, and without an end to that as many as were asked for.
        assert!(
            more < N_SLOW as u64 / 2 * size,
            "{more} bytes more than {before}, with reports of {size}"
        );
        until("those who take nothing to speak of are let go", || {
            descriptors(pid) <= descriptors_before + 2
        });
        stop(pid);
        drop(held);
    });
}

fn descriptors_are_left_for_the_audit() {
    const MOST: usize = 128;
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--nofile={MOST}"))
        .arg(env!("CARGO_BIN_EXE_auditor"))
        .args(format!("{WATCH} {SHOWN}").split_whitespace())
        .current_dir(path);
    let finished = process::run(&one, &command, "watching", &|_| {}, |pid| {
        let is_seen = |n: u64| {
            path.join("state/history.db").exists()
                && history(path, "tcp/8080")
                    .first()
                    .is_some_and(|flow| flow["requests"] == n)
        };
        let server = "10.78.0.1:8080".parse().unwrap();
        let ask = || {
            let outcome = request(&other, Transport::Tcp, server).unwrap();
            assert_eq!(outcome, Outcome::Answered);
        };
        ask();
        until("the first connection", || is_seen(1));
        // More clients than there are places, and each more connections than it may have.
        let held: Vec<TcpStream> = (0..75)
            .flat_map(|_| (2..10).map(|n| connect(&one, n, 9719)))
            .collect();
        let most = (0..100).map(|_| {
            thread::sleep(Duration::from_millis(10));
            descriptors(pid)
        });
        let most = most.max().unwrap();
        assert!(64 < most && most < MOST - 20, "{most} descriptors");
        ask();
        until("the second connection", || is_seen(2));
        drop(held);
        stop(pid);
        Ok(())
    })
    .unwrap();
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    assert!(
        !finished.stderr.to_lowercase().contains("open files"),
        "{}",
        finished.stderr
    );
}
