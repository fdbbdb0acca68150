//! What a watch gives up once it counts, and that nothing which it does later needs it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
};

use lab::{
    conversation::{Outcome, Transport, request, serve},
    namespace,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use crate::{
    fixture::{
        auditor::{command, files, watch_by},
        history::history,
        pair::{DEPLOYMENT, MATRIX, pair},
        wait::until,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    a_watch_gives_up_what_it_does_not_need: [Kernel],
    a_confined_watch_does_all_that_it_does: [Kernel],
}

const WATCH: &str =
    "watch --config a.toml --state state --every 300ms --window 1m --listen 127.0.0.1:9719";

/// A field of the status of each of a process's threads (proc(5)).
fn of_threads(pid: Pid, field: &str) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads
        .filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("status")).ok())
        .map(|status| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            line.unwrap().trim().to_owned()
        })
        .collect()
}

fn a_watch_gives_up_what_it_does_not_need() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, _other) = pair();
    let mut command = command(WATCH);
    command.current_dir(path);
    let finished = watch_by(&one, &command, |pid| {
        until("a report", || path.join("state/report.json").exists());
        let filtered = of_threads(pid, "Seccomp:");
        assert!(3 < filtered.len());
        assert!(filtered.iter().all(|mode| mode == "2"), "{filtered:?}");
        let privileges = of_threads(pid, "NoNewPrivs:");
        assert!(privileges.iter().all(|one| one == "1"), "{privileges:?}");
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    assert!(
        !finished.stderr.contains("not forbidden"),
        "{}",
        finished.stderr
    );
    assert!(
        !finished.stderr.contains("not kept from files"),
        "{}",
        finished.stderr
    );
}

/// What is served on the host's loopback, with a token.
fn ask(host: &lab::Namespace, token: &str) -> String {
    host.enter(|| {
        let mut stream = TcpStream::connect("127.0.0.1:9719")?;
        write!(
            stream,
            "GET /report HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    })
    .unwrap_or_default()
}

fn lines(path: &Path) -> usize {
    fs::read_to_string(path).map_or(0, |text| text.lines().count())
}

/// Files that are read again and name others, sinks in other places, tokens that are renewed, interfaces that come.
fn a_confined_watch_does_all_that_it_does() {
    let sink = |place: &str| {
        format!("{DEPLOYMENT}\n[[sink]]\ntype = \"lines\"\npath = \"{place}/lines\"\n")
            .replace("[\"eth0\"]", "[\"eth*\"]")
    };
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &sink("here")),
        ("token", "first-token-first\n"),
    ]);
    let path = directory.path();
    fs::create_dir(path.join("here")).unwrap();
    let (one, other) = pair();
    let service = serve(&one, Transport::Tcp, 9090).unwrap();
    let asked = |server: &str| {
        let server = server.parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
    };
    let mut command = command(&format!(
        "{WATCH} --token-file token --metrics-file metrics.prom"
    ));
    command.current_dir(path);
    let finished = watch_by(&one, &command, |pid| {
        asked("10.78.0.1:9090");
        until("an event in the first place", || {
            0 < lines(&path.join("here/lines"))
        });
        until("what is served", || {
            ask(&one, "first-token-first").contains("9090")
        });
        until("metrics", || path.join("metrics.prom").exists());
        // A place that did not exist when the watch began.
        fs::create_dir(path.join("there")).unwrap();
        fs::write(path.join("n.toml"), MATRIX.replace("8080", "8081")).unwrap();
        fs::write(
            path.join("a.toml"),
            sink("there").replace("m.toml", "n.toml"),
        )
        .unwrap();
        fs::write(path.join("token"), "second-token-second\n").unwrap();
        kill(pid, Signal::SIGHUP).unwrap();
        let report = || fs::read_to_string(path.join("state/report.json")).unwrap_or_default();
        until("the other matrix", || report().contains("8081"));
        namespace::connect(&one, "eth1", &other, "eth1").unwrap();
        one.run("ip address add 10.81.0.1/24 dev eth1").unwrap();
        other.run("ip address add 10.81.0.2/24 dev eth1").unwrap();
        until("the interface that came", || report().contains("\"eth1\""));
        let _late = serve(&one, Transport::Tcp, 9092).unwrap();
        asked("10.81.0.1:9092");
        until("what passes there", || {
            !history(path, "tcp/9092").is_empty()
        });
        until("an event in the other place", || {
            0 < lines(&path.join("there/lines"))
        });
        // The socket's process, which is another one.
        let me = format!("\"pid\": {}", std::process::id());
        until("whose socket it is", || report().contains(&me));
        until("the renewed token", || {
            ask(&one, "second-token-second").contains("200 OK")
        });
        kill(pid, Signal::SIGTERM).unwrap();
    });
    drop(service);
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
}
