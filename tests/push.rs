//! A deployment and its matrices that are pushed to all hosts of a fleet.

use std::{
    io::{self, Read, Write as _},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use auditor::fleet::{
    pushed::{NamedText, PushedConfiguration},
    wire::write_pushed,
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
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{command, files, repository, run},
        pair::{MATRIX, pair},
        wait::until,
    },
    fleet::{bus, fleet, publish, run_server},
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    what_is_each_hosts_own_or_wrong_is_not_pushed: [],
    a_push_is_taken_over_and_changes_a_verdict: [Kernel, Program("nats-server")],
    what_cannot_be_used_leaves_the_one_before: [Kernel, Program("nats-server")],
    without_servers_a_host_begins_with_what_it_kept: [Kernel, Program("nats-server")],
    who_has_roles_of_its_own_begins_with_these: [Kernel, Program("nats-server")],
    a_fleet_is_judged_by_what_is_pushed: [Kernel, Program("nats-server")],
    of_two_that_push_at_once_one_is_told: [Kernel, Program("nats-server")],
    by_the_shipped_accounts_a_host_reads_and_cannot_push: [Kernel, Program("nats-server")],
}

/// A host's own file: where its fleet is, and what is nobody else's.
const HOST: &str = r#"
interfaces = ["eth0"]
[fleet]
servers = ["nats://10.78.0.1:4222"]
tls = false
every = "1s"
config = true
"#;

/// What is pushed, with where it is pushed to.
const PUSHED: &str = r#"
matrix = "m.toml"
window = "5m"
[roles]
web = ["10.78.0.1"]
user = ["10.78.0.2"]
[fleet]
servers = ["nats://10.78.0.1:4222"]
tls = false
"#;

const MORE: &str = r#"
[[rule]]
id = "more"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8081"
"#;

const WATCH: &str =
    "watch --config a.toml --every 500ms --listen none --state state --metrics-file a.prom";

/// What a watch has said so far.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn has(&self, text: &str) -> bool {
        let lines = self.0.lock().unwrap();
        lines.iter().any(|line| line.contains(text))
    }

    fn all(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }
}

/// Runs a watch, and `work` once it has said so much.
fn watch(
    host: &Namespace,
    directory: &Path,
    arguments: &str,
    ready: &str,
    work: impl FnOnce(&Said, Pid),
) -> Finished {
    let said = Said::default();
    let lines = Arc::clone(&said.0);
    let hear = move |line: &str| lines.lock().unwrap().push(line.to_owned());
    let mut command = command(arguments);
    command.current_dir(directory);
    let finished = process::run(host, &command, ready, &hear, |pid| {
        work(&said, pid);
        let _ended = kill(pid, Signal::SIGTERM);
        Ok(())
    });
    finished.unwrap()
}

fn push(host: &Namespace, directory: &Path, arguments: &str) -> Output {
    host.enter(|| {
        let mut command = command(&format!("fleet push {arguments}"));
        Ok(command.current_dir(directory).output()?)
    })
    .unwrap()
}

/// Pushes, which must succeed; what that printed.
#[track_caller]
fn pushed(host: &Namespace, directory: &Path, arguments: &str) -> String {
    let output = push(host, directory, arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn written(directory: &Path) -> Value {
    let text = std::fs::read_to_string(directory.join("state/report.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// What the last report says of flows to a port.
fn verdict(directory: &Path, port: u16) -> String {
    let report = written(directory);
    let flows = report["flows"].as_array().cloned().unwrap_or_default();
    let flow = flows.iter().find(|flow| flow["port"] == port);
    flow.map_or_else(String::new, |flow| {
        flow["verdict"].as_str().unwrap().to_owned()
    })
}

#[track_caller]
fn ask(client: &Namespace, port: u16) {
    let server = format!("10.78.0.1:{port}").parse().unwrap();
    let outcome = request(client, Transport::Tcp, server).unwrap();
    assert_eq!(outcome, Outcome::Answered);
}

fn what_is_each_hosts_own_or_wrong_is_not_pushed() {
    let own = format!(
        "interfaces = [\"eth0\"]\nprocesses = \"command\"\n{PUSHED}[[sink]]\ntype = \"lines\"\npath = \"/etc/passwd\"\n"
    );
    let misspelt = PUSHED.replace("user =", "users =");
    let (nowhere, _) = PUSHED.split_once("[fleet]").unwrap();
    let address = |n: u32| format!("\"10.{}.{}.{}\"", n >> 16, n >> 8 & 255, n & 255);
    let roles = (0..400_000).map(address).collect::<Vec<_>>().join(",");
    let long = PUSHED.replace("[roles]", &format!("[roles]\nx = [{roles}]"));
    let directory = files(&[
        ("m.toml", MATRIX),
        ("own.toml", &own),
        ("misspelt.toml", &misspelt),
        ("nowhere.toml", nowhere),
        ("host.toml", HOST),
        ("bare.toml", &HOST.replace("interfaces = [\"eth0\"]", "")),
        ("long.toml", &long),
    ]);
    let path = directory.path();
    for (file, code, expected) in [
        (
            "own.toml",
            1,
            "wrong: deployment: own.toml:1: `interfaces` is each host's own and can't be pushed",
        ),
        ("own.toml", 1, "own.toml:2: `processes` is"),
        ("own.toml", 1, "`sink` is each host's own"),
        ("misspelt.toml", 1, "wrong: deployment: "),
        ("misspelt.toml", 1, "`users`"),
        ("nowhere.toml", 2, "has no [fleet]: say where it is pushed"),
        ("bare.toml", 2, "bare.toml names no matrix"),
        ("long.toml", 2, "and at most 4194304 are pushed"),
        ("absent.toml", 2, "cannot read absent.toml"),
    ] {
        for arguments in [file.to_owned(), format!("-c {file}")] {
            let output = run(path, &format!("fleet push {arguments}"));
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8(said).unwrap();
            assert!(said.contains(expected), "{file}: {said}");
            assert_eq!(output.status.code(), Some(code), "{said}");
        }
    }
    // What only reads files says what it lacks; who looks at the host's own file does not.
    let output = run(path, "audit --config host.toml --for 1s");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("host.toml has no matrix of its own"),
        "{said}"
    );
    let output = run(path, "check --config host.toml --interface lo");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("ok: fleet: a watch compares with what is pushed there"),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(0), "{said}");
}

fn a_push_is_taken_over_and_changes_a_verdict() {
    let directory = files(&[("m.toml", MATRIX), ("push.toml", PUSHED), ("a.toml", HOST)]);
    let path = directory.path();
    let (one, other) = pair();
    let _services = [8080, 8081].map(|port| serve(&one, Transport::Tcp, port).unwrap());
    let waits = "waiting for `auditor fleet push`";
    bus(&one, path, |_| {
        // What is only shown is not pushed.
        for _ in 0..2 {
            let shown = pushed(&one, path, "push.toml --dry-run");
            assert!(shown.contains("now: nothing is pushed\n"), "{shown}");
            assert!(
                shown.contains("then: matrices: 1, rules: 1, roles: 2, SHA-256 "),
                "{shown}"
            );
        }
        let finished = watch(&one, path, WATCH, waits, |said, _| {
            assert!(!path.join("state/report.json").exists());
            let first = pushed(&one, path, "push.toml");
            assert!(first.contains("\npushed: revision 1, SHA-256 "), "{first}");
            until("it watches", || said.has("watching eth0"));
            assert!(
                said.has("compares with revision 1 of what is pushed"),
                "{}",
                said.all()
            );
            ask(&other, 8080);
            ask(&other, 8081);
            until("a flow that no rule allows", || {
                verdict(path, 8081) == "unexpected" && verdict(path, 8080) == "documented"
            });
            let basis = written(path)["basis"].clone();
            assert_eq!(basis["pushed"]["revision"], 1);
            assert_eq!(basis["pushed"]["from"], "servers");
            assert!(first.contains(basis["pushed"]["sha256"].as_str().unwrap()));
            assert_eq!(basis["deployment"]["path"], "push.toml");
            // Now it is documented.
            std::fs::write(path.join("m.toml"), format!("{MATRIX}{MORE}")).unwrap();
            let second = pushed(&one, path, "-c push.toml");
            assert!(
                second.starts_with("now: revision 1, SHA-256 ")
                    || second.contains("\nnow: revision 1, SHA-256 "),
                "{second}"
            );
            assert!(
                second.contains("added     more: user -> web tcp 8081 (matrix Pair)\n"),
                "{second}"
            );
            assert!(
                second.contains("\npushed: revision 2, SHA-256 "),
                "{second}"
            );
            until("it is documented", || verdict(path, 8081) == "documented");
            assert_eq!(written(path)["basis"]["pushed"]["revision"], 2);
            assert!(
                said.has("is in use: revision 2 of what is pushed to the fleet (SHA-256 "),
                "{}",
                said.all()
            );
            // What is there already is not pushed again.
            let third = pushed(&one, path, "push.toml");
            assert!(
                third.contains("pushed already: revision 2, SHA-256 "),
                "{third}"
            );
            let kept = path.join("state/pushed-configuration");
            let mode = std::fs::metadata(&kept).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
            // Its own file is read again beside what was pushed.
            let own = HOST.replace("[fleet]", "processes = \"off\"\n[fleet]");
            std::fs::write(path.join("a.toml"), own).unwrap();
            until("its own file", || {
                said.all().matches("is in use: revision 2 of").count() == 2
            });
        });
        assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    });
}

fn named(name: &str, text: &str) -> NamedText {
    NamedText {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

/// Any deployment and any matrix, as a value that nobody has checked.
fn value(deployment: &str, matrix: &str) -> Vec<u8> {
    let configuration = PushedConfiguration {
        deployment: named("forged.toml", deployment),
        matrices: vec![named("m.toml", matrix)],
    };
    write_pushed(&configuration).unwrap().0
}

/// Where the value is.
const KEY: &str = "$KV.auditor-config.current";

fn what_cannot_be_used_leaves_the_one_before() {
    let directory = files(&[("m.toml", MATRIX), ("push.toml", PUSHED), ("a.toml", HOST)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8081).unwrap();
    let (shared, _) = PUSHED.split_once("[fleet]").unwrap();
    let sink = format!("{shared}[[sink]]\ntype = \"lines\"\npath = \"stolen\"\n");
    let elsewhere = format!("{shared}[fleet]\nservers = [\"nats://10.78.0.2:4222\"]\n");
    let unknown = format!("{shared}[listen]\nplace = \"0.0.0.0\"\n");
    let nobody = "matrix = \"m.toml\"\n[roles]\nstore = [\"10.0.0.1\"]\n";
    let configured = |value: u8| {
        let text = std::fs::read_to_string(path.join("a.prom")).unwrap_or_default();
        text.contains(&format!("\nauditor_configuration_valid {value}\n"))
    };
    bus(&one, path, |_| {
        pushed(&one, path, "push.toml");
        let finished = watch(&one, path, WATCH, "watching", |said, _| {
            until("its first turn", || configured(1));
            let kept = || std::fs::read(path.join("state/pushed-configuration")).unwrap();
            until("it is kept", || {
                path.join("state/pushed-configuration").exists()
            });
            let first = kept();
            let mut long = b"AUC\x01".to_vec();
            long.resize(1_000_001, b'x');
            for (value, expected) in [
                (b"garbage".to_vec(), "it is no configuration of an auditor"),
                (
                    b"AUC\x09from a later version".to_vec(),
                    "it is of version 9, and this auditor reads version 1",
                ),
                (
                    long,
                    "it is 1000001 bytes long, and at most 1000000 are read",
                ),
                (
                    value(shared, "name = \"Pair\"\n[[rule]]\nid = \"x\"\n"),
                    "m.toml:2: missing field `client`",
                ),
                (
                    value(&sink, MATRIX),
                    "`sink` is each host's own and can't be pushed",
                ),
                (
                    value(&elsewhere, MATRIX),
                    "`fleet` is each host's own and can't be pushed",
                ),
                (value(&unknown, MATRIX), "unknown field `listen`"),
                (value(nobody, MATRIX), "no rule can be judged"),
            ] {
                publish(&other, KEY, &value);
                until(expected, || said.has(expected));
                let lines = said.all();
                let line = lines.lines().find(|line| line.contains(expected)).unwrap();
                assert!(line.contains(" of what is pushed to the fleet"), "{line}");
                assert!(
                    line.ends_with("the configuration stays what it was, all of it"),
                    "{line}"
                );
                until("it is known", || configured(0));
                assert_eq!(kept(), first);
            }
            // It is judged by the first one all the while.
            ask(&other, 8081);
            until("a flow that no rule allows", || {
                verdict(path, 8081) == "unexpected"
            });
            assert_eq!(written(path)["basis"]["pushed"]["revision"], 1);
            assert!(!path.join("stolen").exists());
            // Who pushes is told of what is there, and may replace it.
            let shown = pushed(&one, path, "push.toml");
            assert!(
                shown.contains("no rule can be judged") || shown.contains("removed   role store"),
                "{shown}"
            );
            until("what is good again", || configured(1));
            assert_ne!(kept(), first);
            // Where it is deleted, what is in use stays.
            let deleted = publish_headers(&other, KEY, "KV-Operation: DEL");
            assert!(deleted.contains("PONG"), "{deleted}");
            until("nothing is pushed", || {
                said.has("nothing is pushed to the fleet any more; what is in use stays")
            });
            let again = pushed(&one, path, "push.toml");
            assert!(again.contains("now: nothing is pushed\n"), "{again}");
        });
        let said = &finished.stderr;
        for once in [
            "it is no configuration of an auditor",
            "it is of version 9",
            "unknown field `listen`",
        ] {
            assert_eq!(said.matches(once).count(), 1, "{said}");
        }
        assert!(!said.contains("panicked"), "{said}");
    });
}

/// Publishes an empty message with a header, in NATS' own words.
fn publish_headers(host: &Namespace, subject: &str, header: &str) -> String {
    let headers = format!("NATS/1.0\r\n{header}\r\n\r\n");
    host.enter(|| {
        let mut stream = TcpStream::connect("10.78.0.1:4222")?;
        let length = headers.len();
        let text = format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false,\"headers\":true}}\r\nHPUB {subject} {length} {length}\r\n{headers}\r\nPING\r\n"
        );
        stream.write_all(text.as_bytes())?;
        Ok(until_pong(&mut stream)?)
    })
    .unwrap()
}

/// All that a server says up to its answer to `PING`.
fn until_pong(stream: &mut impl Read) -> io::Result<String> {
    let mut said = String::new();
    let mut buffer = [0; 4096];
    while !said.contains("PONG") {
        let n_bytes = stream.read(&mut buffer)?;
        said.push_str(&String::from_utf8_lossy(&buffer[..n_bytes]));
    }
    Ok(said)
}

fn without_servers_a_host_begins_with_what_it_kept() {
    let directory = files(&[("m.toml", MATRIX), ("push.toml", PUSHED), ("a.toml", HOST)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8081).unwrap();
    let kept = path.join("state/pushed-configuration");
    bus(&one, path, |_| {
        pushed(&one, path, "push.toml");
        watch(&one, path, WATCH, "watching", |_, _| {
            until("it is kept", || kept.exists());
        });
    });
    // No server is there.
    watch(&one, path, WATCH, "watching", |said, _| {
        assert!(said.has("as this host had kept it"), "{}", said.all());
        assert!(said.has("can't be asked what is pushed"), "{}", said.all());
        ask(&other, 8081);
        until("a flow that no rule allows", || {
            verdict(path, 8081) == "unexpected"
        });
        let pushed = written(path)["basis"]["pushed"].clone();
        assert_eq!(
            (&pushed["revision"], &pushed["from"]),
            (&1.into(), &"disk".into())
        );
        // Once one is, it is known that it is the last one.
        bus(&one, path, |_| {
            until("the servers say the same", || {
                said.has("is in use: revision 1 of")
                    && written(path)["basis"]["pushed"]["from"] == "servers"
            });
        });
    });
    // What is damaged is none.
    let whole = std::fs::read(&kept).unwrap();
    std::fs::write(&kept, &whole[..whole.len() / 2]).unwrap();
    let waits = "waiting for `auditor fleet push`";
    let finished = watch(&one, path, WATCH, waits, |said, pid| {
        assert!(
            said.has("pushed-configuration can't be used: "),
            "{}",
            said.all()
        );
        // It is not ended by a reload, and takes what its own file says then.
        let roles = "matrix = \"m.toml\"\n[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n";
        std::fs::write(
            path.join("a.toml"),
            format!(
                "interfaces = [\"eth0\"]\n{roles}[fleet]{}",
                HOST.split_once("[fleet]").unwrap().1
            ),
        )
        .unwrap();
        kill(pid, Signal::SIGHUP).unwrap();
        until("it watches", || said.has("watching eth0"));
        assert!(
            said.has("so roles and matrices are those of a.toml"),
            "{}",
            said.all()
        );
    });
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
}

fn who_has_roles_of_its_own_begins_with_these() {
    let own = PUSHED.replace("tls = false", "tls = false\nevery = \"1s\"\nconfig = true");
    let directory = files(&[
        ("m.toml", MATRIX),
        ("more.toml", &format!("{MATRIX}{MORE}")),
        ("push.toml", &PUSHED.replace("m.toml", "more.toml")),
        ("a.toml", &format!("interfaces = [\"eth0\"]\n{own}")),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8081).unwrap();
    bus(&one, path, |_| {
        watch(&one, path, WATCH, "watching", |said, _| {
            assert!(
                said.has("so roles and matrices are those of a.toml"),
                "{}",
                said.all()
            );
            ask(&other, 8081);
            until("a flow that no rule allows", || {
                verdict(path, 8081) == "unexpected"
            });
            assert_eq!(written(path)["basis"]["pushed"], Value::Null);
            pushed(&one, path, "push.toml");
            until("what was pushed", || verdict(path, 8081) == "documented");
        });
        // Only one of both can say it.
        let output = one.enter(|| {
            let mut command = command(&format!("{WATCH} --matrix m.toml"));
            Ok(command.current_dir(path).output()?)
        });
        let said = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(
            said.contains("--matrix says what to compare with"),
            "{said}"
        );
    });
}

fn a_fleet_is_judged_by_what_is_pushed() {
    let own = format!("interfaces = [\"eth0\"]\n{PUSHED}every = \"1s\"\n");
    let own = own.replace("m.toml", "own-m.toml");
    let directory = files(&[
        ("m.toml", MATRIX),
        ("push.toml", PUSHED),
        ("a.toml", HOST),
        ("own.toml", &own),
        ("own-m.toml", MATRIX),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    bus(&one, path, |_| {
        let output = fleet(&one, path, "hosts");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("nothing is pushed to the fleet, and a.toml has no roles"),
            "{said}"
        );
        pushed(&one, path, "push.toml");
        let watching = "watch --every 500ms --listen none";
        let first = format!("{watching} --config a.toml --state one");
        let second = format!("{watching} --config own.toml --state other");
        watch(&one, path, &first, "watching", |_, _| {
            watch(&other, path, &second, "watching", |_, _| {
                let hosts = || {
                    let output = fleet(&one, path, "hosts");
                    String::from_utf8(output.stdout).unwrap()
                };
                // The second one reads files, whose deployment is another text.
                let told = "compares with others than this: the deployment";
                until("both speak, and one differs", || {
                    let hosts = hosts();
                    hosts.matches("speaking").count() == 2 && hosts.matches(told).count() == 1
                });
                let report = fleet(&one, path, "report --format json");
                let report: Value = serde_json::from_slice(&report.stdout).unwrap();
                assert_eq!(report["matrices"][0]["name"], "Pair");
                // What was just pushed needs not be everywhere yet, and is soon where it is taken.
                std::fs::write(path.join("m.toml"), format!("{MATRIX}{MORE}")).unwrap();
                pushed(&one, path, "push.toml");
                let just = hosts();
                assert!(!just.contains("compares with others"), "{just}");
                until("one has it", || {
                    let hosts = hosts();
                    hosts.matches("the matrix Pair").count() == 1
                        && hosts.contains(&format!("{told}, the matrix Pair"))
                });
                // Who watches all of them follows as well.
                let aggregate =
                    "fleet watch --config a.toml --every 1s --state fleet --listen none";
                watch(&one, path, aggregate, "watching the fleet", |said, _| {
                    std::fs::write(path.join("m.toml"), MATRIX).unwrap();
                    pushed(&one, path, "push.toml");
                    until("it follows", || said.has("is in use: revision 3 of"));
                    until("it is kept", || {
                        path.join("fleet/pushed-configuration").exists()
                    });
                });
            });
        });
    });
}

/// Stands between who pushes and the servers, and lets nothing be written before it may.
fn gate(host: &Namespace, is_there: &Arc<AtomicBool>, is_open: &Arc<AtomicBool>) {
    let (is_there, is_open) = (Arc::clone(is_there), Arc::clone(is_open));
    let (client, server) = {
        let listener = host
            .enter(|| Ok(TcpListener::bind("10.78.0.1:4300")?))
            .unwrap();
        let server = host
            .enter(|| Ok(TcpStream::connect("10.78.0.1:4222")?))
            .unwrap();
        (listener, server)
    };
    std::thread::spawn(move || {
        let (mut client, _) = client.accept().unwrap();
        let (mut back, mut from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || io::copy(&mut from, &mut back));
        let mut server = server;
        let mut buffer = vec![0; 1 << 20];
        let wanted = format!("HPUB {KEY}");
        while let Ok(n_bytes @ 1..) = client.read(&mut buffer) {
            let part = &buffer[..n_bytes];
            if part
                .windows(wanted.len())
                .any(|one| one == wanted.as_bytes())
            {
                is_there.store(true, Ordering::Relaxed);
                while !is_open.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
            if server.write_all(part).is_err() {
                break;
            }
        }
    });
}

fn of_two_that_push_at_once_one_is_told() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("push.toml", PUSHED),
        (
            "late.toml",
            &PUSHED.replace("4222", "4300").replace("5m", "7m"),
        ),
        ("first.toml", &PUSHED.replace("5m", "6m")),
    ]);
    let path = directory.path();
    let (one, _other) = pair();
    bus(&one, path, |_| {
        pushed(&one, path, "push.toml");
        let (is_there, is_open) = (Arc::default(), Arc::default());
        gate(&one, &is_there, &is_open);
        let late = std::thread::scope(|scope| {
            let late = scope.spawn(|| push(&one, path, "late.toml"));
            until("it is about to be pushed", || {
                is_there.load(Ordering::Relaxed)
            });
            pushed(&one, path, "first.toml");
            is_open.store(true, Ordering::Relaxed);
            late.join().unwrap()
        });
        let said = String::from_utf8(late.stderr).unwrap();
        assert_eq!(late.status.code(), Some(2), "{said}");
        assert!(
            said.contains("somebody else has pushed meanwhile, so nothing was pushed"),
            "{said}"
        );
        // What the other one pushed is there.
        let shown = pushed(&one, path, "first.toml --dry-run");
        assert!(shown.contains("pushed already: revision 2,"), "{shown}");
    });
}

/// Publishes as a user, with a subject to answer to if it is not empty; returns what the server says to that.
fn publish_as(
    host: &Namespace,
    user: &str,
    (subject, reply): (&str, &str),
    payload: &str,
) -> String {
    host.enter(|| {
        let mut stream = TcpStream::connect("10.78.0.1:4222")?;
        let login = format!("\"user\":\"{user}\",\"pass\":\"...\"");
        let text = format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false,{login}}}\r\nPUB {subject} {reply} {}\r\n{payload}\r\nPING\r\n",
            payload.len()
        );
        stream.write_all(text.as_bytes())?;
        Ok(until_pong(&mut stream)?)
    })
    .unwrap()
}

fn by_the_shipped_accounts_a_host_reads_and_cannot_push() {
    let login = |user: &str| format!("user = \"{user}\"\npassword_file = \"password\"\n");
    let as_user = |text: &str, user: &str| format!("{text}{}", login(user));
    let host = as_user(&format!("{HOST}name = \"web-1\"\n"), "web-1");
    let directory = files(&[
        ("m.toml", MATRIX),
        ("push.toml", &as_user(PUSHED, "pusher")),
        ("web-1.toml", &as_user(&PUSHED.replace("5m", "6m"), "web-1")),
        (
            "reader.toml",
            &as_user(&PUSHED.replace("5m", "6m"), "reader"),
        ),
        ("a.toml", &host),
        ("read.toml", &as_user(HOST, "reader")),
        ("make.toml", &as_user(HOST, "pusher")),
        ("password", "...\n"),
    ]);
    let path = directory.path();
    let shipped = std::fs::read_to_string(repository().join("docs/nats.conf")).unwrap();
    let store = format!("store_dir: \"{}\"", path.join("jetstream").display());
    let mut accounts = shipped.replace("store_dir: \"/var/lib/nats\"", &store);
    assert_ne!(accounts, shipped);
    // On the wire of the test it is not encrypted.
    accounts = accounts
        .lines()
        .filter(|line| !line.starts_with("tls "))
        .collect::<Vec<_>>()
        .join("\n");
    std::fs::write(path.join("nats.conf"), accounts).unwrap();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8081).unwrap();
    let mut server = Command::new("nats-server");
    server.arg("-c").arg(path.join("nats.conf"));
    let read = |file: &str, arguments: &str| {
        let output = one.enter(|| {
            let mut command = command(&format!("fleet {arguments} --config {file}"));
            Ok(command.current_dir(path).output()?)
        });
        output.unwrap()
    };
    run_server(&one, &server, |_| {
        pushed(&one, path, "push.toml");
        // Who pushes makes the stream as well.
        let made = read("make.toml", "hosts");
        assert_eq!(made.status.code(), Some(0), "{made:?}");
        watch(&one, path, WATCH, "watching", |said, _| {
            assert!(said.has("compares with revision 1 of"), "{}", said.all());
            ask(&other, 8081);
            until("a flow that no rule allows", || {
                verdict(path, 8081) == "unexpected"
            });
            until("it speaks, and a reader reads it", || {
                let hosts = read("read.toml", "hosts");
                String::from_utf8_lossy(&hosts.stdout).contains("web-1  speaking")
            });
            for file in ["web-1.toml", "reader.toml"] {
                let output = push(&one, path, file);
                let said = String::from_utf8(output.stderr).unwrap();
                assert_eq!(output.status.code(), Some(2), "{file}: {said}");
                assert!(
                    said.to_lowercase().contains("permissions violation"),
                    "{file}: {said}"
                );
            }
            let shown = pushed(&one, path, "push.toml --dry-run");
            assert!(shown.contains("pushed already: revision 1,"), "{shown}");
            // Nor by any other program.
            for user in ["web-1", "reader"] {
                for subject in [
                    KEY,
                    "$KV.auditor-config.other",
                    "$JS.API.STREAM.CREATE.COPY",
                    "$JS.API.STREAM.UPDATE.KV_auditor-config",
                    "$JS.API.STREAM.DELETE.KV_auditor-config",
                    "$JS.API.STREAM.PURGE.KV_auditor-config",
                    "$JS.API.STREAM.MSG.DELETE.KV_auditor-config",
                    "$JS.API.CONSUMER.CREATE.KV_auditor-config",
                ] {
                    let said = publish_as(&other, user, (subject, ""), "{}");
                    let refused = format!("Permissions Violation for Publish to \"{subject}\"");
                    assert!(said.contains(&refused), "{user}: {said}");
                }
            }
            // A server sends its answer wherever it is asked to, so a host can spoil what is pushed, and no more.
            let messages = "$JS.API.STREAM.MSG.GET.KV_auditor-config";
            let asked = format!("{{\"last_by_subj\":\"{KEY}\"}}");
            for (revision, subject, payload) in [
                (2, messages, asked.as_str()),
                (3, "$JS.API.STREAM.INFO.KV_auditor-config", ""),
                (4, "auditor.host.web-1", "AUC\x01"),
            ] {
                publish_as(&other, "web-1", (subject, KEY), payload);
                let refused =
                    format!("revision {revision} of what is pushed to the fleet can't be used");
                until("an answer", || said.has(&refused));
                assert_eq!(written(path)["basis"]["pushed"]["revision"], 1);
            }
            // What may be pushed is taken.
            std::fs::write(path.join("m.toml"), format!("{MATRIX}{MORE}")).unwrap();
            pushed(&one, path, "push.toml");
            until("it is documented", || verdict(path, 8081) == "documented");
        });
    });
}
