//! Whether what a watch takes stays level while everything around it changes: connections, interfaces, other network namespaces, files
//! that are read again, and clients of its page. Needs root. `--for MINUTES` takes longer or shorter than half an hour.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream, UdpSocket},
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use lab::{
    Namespace,
    namespace::{connect, pair},
    process,
    usage::Usage,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

const FILES: [(&str, &str); 2] = [
    (
        "matrix.toml",
        "name = \"Soak\"\n[[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"8080\"\n",
    ),
    (
        "auditor.toml",
        "matrix = [\"matrix.toml\"]\ninterfaces = [\"eth*\"]\n[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n[[sink]]\ntype = \"lines\"\npath = \"lines\"\n",
    ),
];

/// What of the time is left before what is held is compared: tables of its memory fill in the first part.
const LEVEL_FROM: f64 = 0.4;
/// By how much it may be more at the end than in the middle.
const MOST_GROWTH: f64 = 1.1;
/// As many ports are asked, each by a flow of its own, again and again.
const PORTS: u16 = 500;

/// What was seen at a moment.
struct Sample {
    minute: f64,
    usage: Usage,
    /// Bytes of the database with its log, and of the rest of the state.
    state: u64,
}

fn main() {
    let mut minutes = 30.0;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--for" {
            let value = arguments.next().expect("the option has a value");
            minutes = value.parse().expect("a number of minutes");
        }
    }
    if !nix::unistd::geteuid().is_root() {
        println!(
            "soak: this makes network namespaces and loads programs, so it needs root; nothing was measured"
        );
        return;
    }
    let directory = tempfile::TempDir::new().unwrap();
    let place = directory.path();
    for (name, text) in FILES {
        std::fs::write(place.join(name), text).unwrap();
    }
    let (one, other) = pair().expect("two network namespaces");
    let mut command = Command::new(env!("CARGO_BIN_EXE_auditor"));
    command.current_dir(place).args([
        "watch",
        "--config",
        "auditor.toml",
        "--state",
        "state",
        "--every",
        "2s",
        "--window",
        "1m",
        "--listen",
        "127.0.0.1:9719",
    ]);
    let stop = AtomicBool::new(false);
    let mut samples = Vec::new();
    let finished = process::run(&one, &command, "watching", &|_| {}, |pid| {
        thread::scope(|scope| {
            scope.spawn(|| converse(&one, &other, &stop));
            scope.spawn(|| change(&one, &other, &stop));
            scope.spawn(|| ask(&one, pid, &stop));
            let begun = Instant::now();
            let length = Duration::from_secs_f64(60.0 * minutes);
            println!(
                "{minutes} minutes of churn\n{:>8} {:>10} {:>8} {:>12} {:>10}",
                "minute", "core", "MiB", "descriptors", "state KiB"
            );
            let mut before = Usage::of(pid).map(|usage| (usage, begun));
            while begun.elapsed() < length {
                thread::sleep((length / 20).min(Duration::from_mins(1)));
                let Ok(usage) = Usage::of(pid) else {
                    break;
                };
                let share = before.as_ref().map_or(0.0, |(last, at)| {
                    (usage.processor - last.processor) / at.elapsed().as_secs_f64()
                });
                before = Ok((usage, Instant::now()));
                let sample = Sample {
                    minute: begun.elapsed().as_secs_f64() / 60.0,
                    usage,
                    state: size(&place.join("state")),
                };
                println!(
                    "{:>8.1} {:>9.1}% {:>8} {:>12} {:>10}",
                    sample.minute,
                    100.0 * share,
                    sample.usage.memory >> 20,
                    sample.usage.n_files,
                    sample.state >> 10
                );
                samples.push(sample);
            }
            stop.store(true, Ordering::Relaxed);
        });
        kill(pid, Signal::SIGTERM)?;
        Ok(())
    })
    .unwrap();
    assert!(finished.status.success(), "{}", finished.stderr);
    judge(&samples, minutes);
}

/// A part of what was seen.
type Part = fn(&Sample) -> u64;

/// Fails where something grew after it should have been level: the largest of the last part against that of the part before.
fn judge(samples: &[Sample], minutes: f64) {
    let level = samples
        .iter()
        .filter(|one| LEVEL_FROM * minutes <= one.minute);
    let (early, late): (Vec<&Sample>, Vec<&Sample>) =
        level.partition(|one| one.minute < f64::midpoint(1.0, LEVEL_FROM) * minutes);
    let most = |samples: &[&Sample], what: Part| -> u32 {
        let most = samples
            .iter()
            .map(|one| what(one))
            .max()
            .unwrap_or_default();
        u32::try_from(most).unwrap_or(u32::MAX)
    };
    let of: [(&str, Part); 3] = [
        ("KiB of memory", |one| one.usage.memory >> 10),
        ("descriptors", |one| {
            one.usage.n_files.try_into().unwrap_or(u64::MAX)
        }),
        ("KiB of state", |one| one.state >> 10),
    ];
    let mut is_level = true;
    for (name, what) in of {
        let (early, late) = (most(&early, what), most(&late, what));
        println!("{name}: at most {early}, then at most {late}");
        is_level &= f64::from(late) <= MOST_GROWTH * f64::from(early);
    }
    assert!(is_level, "something grows");
}

fn size(directory: &Path) -> u64 {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| Some(entry.metadata().ok()?.len()))
        .sum()
}

/// Connections that are answered, refused and given up, and datagrams, between the hosts.
fn converse(one: &Namespace, other: &Namespace, stop: &AtomicBool) {
    let served = one
        .enter(|| Ok(TcpListener::bind("10.78.0.1:8080")?))
        .unwrap();
    served.set_nonblocking(true).unwrap();
    let mut port = 0;
    while !stop.load(Ordering::Relaxed) {
        port = (port + 1) % PORTS;
        let sent = other.enter(|| {
            for to in [8080, 20_000 + port] {
                let asked = TcpStream::connect_timeout(
                    &([10, 78, 0, 1], to).into(),
                    Duration::from_millis(200),
                );
                if let Ok(mut stream) = asked {
                    stream.write_all(b"x")?;
                }
            }
            UdpSocket::bind("10.78.0.2:0")?.send_to(b"x", ("10.78.0.1", 30_000 + port))?;
            Ok(())
        });
        // The host may be without its address for a moment.
        let _failed = sent;
        while let Ok((mut stream, _)) = served.accept() {
            let _failed = stream.write_all(b"y");
        }
        // Connections that do not come in a flood: this is a host at work.
        thread::sleep(Duration::from_millis(20));
    }
}

/// Interfaces that come and go, and network namespaces in which a process listens for a while.
fn change(one: &Namespace, other: &Namespace, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let guest = Namespace::new("guest").unwrap();
        connect(one, "eth7", other, "far7").unwrap();
        let listener = guest
            .enter(|| Ok(TcpListener::bind("127.0.0.1:0")?))
            .unwrap();
        let lives = guest.enter(|| Ok(Command::new("sleep").arg("60").spawn()?));
        // Long enough for the watch to take it up.
        thread::sleep(Duration::from_secs(3));
        one.run("ip link delete eth7").unwrap();
        drop(listener);
        let mut lives = lives.unwrap();
        lives.kill().unwrap();
        lives.wait().unwrap();
    }
}

/// Clients of the page, and files that are read again.
fn ask(one: &Namespace, pid: Pid, stop: &AtomicBool) {
    let mut n_asked = 0_u32;
    while !stop.load(Ordering::Relaxed) {
        let what = ["/report", "/metrics", "/", "/healthz"];
        for path in what {
            let answered = one.enter(|| {
                let mut stream = TcpStream::connect("127.0.0.1:9719")?;
                let head = "Host: localhost\r\nConnection: close\r\n\r\n";
                write!(stream, "GET {path} HTTP/1.1\r\n{head}")?;
                Ok(stream.read_to_end(&mut Vec::new())?)
            });
            let _away = answered;
        }
        n_asked += 1;
        if n_asked.is_multiple_of(10) {
            let _ended = kill(pid, Signal::SIGHUP);
        }
        // As often as Prometheus would ask at most.
        thread::sleep(Duration::from_secs(1));
    }
}
