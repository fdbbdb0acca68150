//! Ends of a fleet that go wrong: servers that are away, a stream that is deleted, certificates, clocks that are apart.

use std::{
    cell::RefCell, os::unix::fs::PermissionsExt as _, path::Path, process::Command, time::Duration,
};

use lab::{
    conversation::{Outcome, Transport, request, serve},
    process,
};
use nix::sys::signal::{Signal, kill};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{command, files, watch},
        pair::{MATRIX, pair},
        wait::until,
    },
    fleet::{self, PAIR, Running, bus, delete_stream, fleet, publish, report, run_server},
    group::told,
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    over_servers_that_go_and_a_stream_that_is_deleted_each_finding_is_told_once: [Kernel, Program("nats-server")],
    a_watch_of_a_fleet_reads_what_is_new_and_notices_what_is_deleted: [Kernel, Program("nats-server")],
    over_tls_each_knows_the_other: [Kernel, Program("nats-server")],
    clocks_that_are_apart_by_a_minute_change_nothing: [Kernel, Program("nats-server"), Program("faketime")],
}

const WATCH: &str = "watch --config a.toml --every 500ms --listen none --format jsonl";
const SERVERS: &str = "servers = [\"nats://10.78.0.1:4222\"]\n";

fn over_servers_that_go_and_a_stream_that_is_deleted_each_finding_is_told_once() {
    let sink = "[[sink]]\ntype = \"lines\"\npath = \"events.jsonl\"\n";
    let deployment = format!("{PAIR}{SERVERS}{sink}").replace("10s", "5m");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
    let path = directory.path();
    let (one, other) = pair();
    let _unknown = [9090, 9091, 9092].map(|port| serve(&one, Transport::Tcp, port).unwrap());
    let ask = |port: u16| {
        let server = format!("10.78.0.1:{port}").parse().unwrap();
        let outcome = request(&other, Transport::Tcp, server).unwrap();
        assert_eq!(outcome, Outcome::Answered);
    };
    let begin_server = || {
        let mut server = Command::new("nats-server");
        server
            .args(["-js", "-a", "0.0.0.0", "-p", "4222", "-sd"])
            .arg(path.join("jetstream"));
        Running::begin(&one, server)
    };
    let work = |server: Running| {
        until("both speak", || {
            n_hosts(&fleet(&one, path, "report --format json").stdout) == 2
        });
        let server = RefCell::new(Some(server));
        let arguments = "fleet watch --config a.toml --every 1s --state fleet --listen none";
        let mut command = command(arguments);
        command.current_dir(path);
        let finished = process::run(&one, &command, "watching the fleet", &|_| {}, |pid| {
            ask(9090);
            until("a first flow", || told(path, 9090).len() == 1);
            // The server is away for a while, and what was seen meanwhile is told when it is back.
            drop(server.take());
            std::thread::sleep(Duration::from_secs(3));
            ask(9091);
            std::thread::sleep(Duration::from_secs(3));
            server.replace(Some(begin_server()));
            until("a second flow", || told(path, 9091).len() == 1);
            delete_stream(&one);
            std::thread::sleep(Duration::from_secs(1));
            ask(9092);
            until("a third flow", || told(path, 9092).len() == 1);
            std::thread::sleep(Duration::from_secs(3));
            kill(pid, Signal::SIGTERM)?;
            Ok(())
        });
        let said = finished.unwrap().stderr;
        for expected in [
            "the fleet can't be read",
            "the fleet can be read again",
            "the stream of the fleet was made anew",
            "had their time to say again",
        ] {
            assert_eq!(said.matches(expected).count(), 1, "{expected}: {said}");
        }
        for port in [9090, 9091, 9092] {
            assert_eq!(told(path, port).len(), 1, "{port}: {:?}", told(path, port));
        }
    };
    let server = begin_server();
    watch(&one, path, &format!("{WATCH} --state one"), |one_pid| {
        let arguments = format!("{WATCH} --state other");
        watch(&other, path, &arguments, |other_pid| {
            work(server);
            kill(other_pid, Signal::SIGTERM).unwrap();
        });
        kill(one_pid, Signal::SIGTERM).unwrap();
    });
}

/// What is in the stream is sent once, however often the fleet is judged.
fn a_watch_of_a_fleet_reads_what_is_new_and_notices_what_is_deleted() {
    const N_MESSAGES: usize = 20;
    let payload = vec![b'x'; 500_000];
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &format!("{PAIR}{SERVERS}"))]);
    let path = directory.path();
    let (one, _other) = pair();
    let mut server = Command::new("nats-server");
    server
        .args(["-js", "-a", "0.0.0.0", "-p", "4222", "-m", "8222", "-sd"])
        .arg(path.join("jetstream"));
    let n_sent = || {
        let answer = one.enter(|| {
            use std::io::{Read as _, Write as _};
            let mut stream = std::net::TcpStream::connect("127.0.0.1:8222")?;
            stream.write_all(b"GET /varz HTTP/1.0\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        });
        let answer = answer.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        usize::try_from(body["out_bytes"].as_u64().unwrap()).unwrap()
    };
    let aggregate = "fleet watch --config a.toml --every 1s --state fleet --listen unix:fleet.sock";
    run_server(&one, &server, |_| {
        assert_eq!(report(&one, path)["summary"]["hosts"], 0);
        for number in 0..N_MESSAGES {
            publish(&one, &format!("auditor.long.{number}"), &payload);
        }
        let begun = n_sent();
        let mut command = command(aggregate);
        command.current_dir(path);
        let finished = process::run(&one, &command, "watching the fleet", &|_| {}, |pid| {
            let n_turns = || {
                let metrics = fleet::ask(path, "/metrics");
                let mut lines = metrics.lines();
                let turns = lines.find_map(|line| line.strip_prefix("auditor_judgements_total "));
                turns.map_or(0, |turns| turns.parse::<u32>().unwrap())
            };
            let n_told = || {
                let page = fleet::ask(path, "/");
                page.matches("nothing is published under such a subject")
                    .count()
            };
            until("some turns", || 5 <= n_turns());
            let n_bytes = n_sent() - begun;
            assert!(n_bytes < 2 * N_MESSAGES * payload.len(), "{n_bytes}");
            assert_eq!(n_told(), N_MESSAGES);
            // What is new is read as well.
            publish(&one, "auditor.other", b"");
            until("a new message", || n_told() == N_MESSAGES + 1);
            let purge = "$JS.API.STREAM.PURGE.AUDITOR";
            publish(&one, purge, b"{\"filter\": \"auditor.long.7\"}");
            until("one less", || n_told() == N_MESSAGES);
            assert!(!fleet::ask(path, "/").contains("auditor.long.7 "));
            kill(pid, Signal::SIGTERM)?;
            Ok(())
        });
        finished.unwrap();
    });
}

fn n_hosts(report: &[u8]) -> u64 {
    let report: Value = serde_json::from_slice(report).unwrap_or_default();
    report["summary"]["hosts"].as_u64().unwrap_or_default()
}

/// An authority, a certificate for the server's address and one for a host, with their keys, as files.
fn certificates(directory: &Path, name: &str) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let write = |file: &str, text: String| {
        let path = directory.join(format!("{name}-{file}.pem"));
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write("ca", authority.pem());
    for (file, subject) in [("server", "10.78.0.1"), ("host", "host")] {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([subject.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &authority).unwrap();
        write(file, certificate.pem());
        write(&format!("{file}-key"), key.serialize_pem());
    }
}

/// A deployment of which hosts trust one authority, and have a certificate of another, if of any.
fn over_tls(authority: &str, host: Option<&str>) -> String {
    let fleet = PAIR.replace("tls = false\n", "");
    let certificate = host.map_or_else(String::new, |host| {
        format!("certificate = \"{host}-host.pem\"\nkey = \"{host}-host-key.pem\"\n")
    });
    format!("{fleet}{SERVERS}ca = \"{authority}-ca.pem\"\n{certificate}")
}

fn over_tls_each_knows_the_other() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &over_tls("own", Some("own"))),
        ("deceived.toml", &over_tls("foreign", Some("own"))),
        ("stranger.toml", &over_tls("own", Some("foreign"))),
        ("nobody.toml", &over_tls("own", None)),
    ]);
    let path = directory.path();
    certificates(path, "own");
    certificates(path, "foreign");
    let (one, other) = pair();
    let mut server = Command::new("nats-server");
    server
        .args(["-js", "-a", "0.0.0.0", "-p", "4222", "--tlsverify", "-sd"])
        .arg(path.join("jetstream"));
    for (option, file) in [
        ("--tlscert", "own-server.pem"),
        ("--tlskey", "own-server-key.pem"),
        ("--tlscacert", "own-ca.pem"),
    ] {
        server.arg(option).arg(path.join(file));
    }
    run_server(&one, &server, |_| {
        watch(&other, path, &format!("{WATCH} --state other"), |pid| {
            until("it speaks", || {
                n_hosts(&fleet(&one, path, "report --format json").stdout) == 1
            });
            assert_eq!(report(&one, path)["summary"]["silent"], 0);
            kill(pid, Signal::SIGTERM).unwrap();
        });
        // A server that nobody vouches for is told nothing, and who shows no certificate of the authority reads nothing.
        for (file, expected) in [
            ("deceived.toml", "invalid peer certificate"),
            ("stranger.toml", ""),
            ("nobody.toml", ""),
        ] {
            let output = one.enter(|| {
                let mut command = command(&format!("fleet report --config {file}"));
                Ok(command.current_dir(path).output()?)
            });
            let output = output.unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{file}: {said}");
            assert!(said.contains(expected), "{file}: {said}");
        }
    });
}

fn clocks_that_are_apart_by_a_minute_change_nothing() {
    let deployment = format!("{PAIR}{SERVERS}").replace("10s", "20s");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let ask = |port: u16| {
        let server = format!("10.78.0.1:{port}").parse().unwrap();
        request(&other, Transport::Tcp, server).unwrap()
    };
    let work = || {
        until("both speak", || {
            n_hosts(&fleet(&one, path, "report --format json").stdout) == 2
        });
        std::thread::sleep(Duration::from_secs(2));
        assert_eq!(ask(8080), Outcome::Answered);
        assert_eq!(ask(8081), Outcome::Refused);
        std::thread::sleep(Duration::from_secs(5));
        let told = report(&one, path);
        let behind = told["hosts"][1]["clock_behind_seconds"].as_i64().unwrap();
        assert!((58..=62).contains(&behind), "{told:#}");
        assert_eq!(told["summary"]["silent"], 0);
        // Both ends of a conversation are one, and seen now.
        let rule = &told["rules"][0];
        assert_eq!(rule["verdict"], "observed");
        assert_eq!(rule["conversations"], 1);
        assert_eq!(rule["seen_by"].as_array().unwrap().len(), 2);
        let mut findings = told["findings"].as_array().unwrap().iter();
        let refused = findings.find(|one| one["service"] == "tcp/8081").unwrap();
        assert_eq!(
            refused["course"]["kind"], "refused-by-server",
            "{refused:#}"
        );
    };
    bus(&one, path, |_| {
        watch(&one, path, &format!("{WATCH} --state one"), |one_pid| {
            let behind = command(&format!("{WATCH} --state other"));
            // The program of that name would wait beside it.
            let mut faked = Command::new("env");
            faked
                .arg("LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1")
                .args(["FAKETIME=-60s", "FAKETIME_DONT_FAKE_MONOTONIC=1"])
                .arg(behind.get_program())
                .args(behind.get_args())
                .current_dir(path);
            let finished = process::run(&other, &faked, "watching", &|_| {}, |other_pid| {
                work();
                kill(other_pid, Signal::SIGTERM)?;
                Ok(())
            });
            finished.unwrap();
            kill(one_pid, Signal::SIGTERM).unwrap();
        });
    });
}
