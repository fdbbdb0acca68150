//! A fleet: hosts that publish what they see to a real server, and one verdict for all of them.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    jetstream::server as member,
    namespace::connect,
    process,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{command, files, run, watch},
        pair::many_rules,
        wait::until,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    where_documented_traffic_is_lost: [Kernel, Program("nft"), Program("nats-server")],
    one_of_three_servers_and_then_all_are_away: [Kernel, Program("nats-server")],
    of_two_hosts_with_one_name_one_publishes_and_both_are_told: [Kernel, Program("nats-server")],
    what_others_publish_ends_nothing: [Kernel, Program("nats-server")],
    a_host_publishes_under_its_own_name_alone: [Kernel, Program("nats-server")],
    what_changes_in_a_fleet_is_told_once: [Kernel, Program("nats-server")],
}

const MATRIX: &str = r#"
name = "Shop"

[[rule]]
id = "web"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8080"
presence = "required"

[[rule]]
id = "dropped"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8081"

[[rule]]
id = "dead"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8082"

[[rule]]
id = "closed"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8083"

[[rule]]
id = "name"
client = ["user"]
server = ["web"]
transport = "udp"
ports = "5300"

[[rule]]
id = "never"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8084"

[[rule]]
id = "bus"
client = ["user", "web"]
server = ["bus"]
transport = "tcp"
ports = "4222"
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
interfaces = ["eth0"]
window = "20s"
[roles]
user = ["10.78.1.1"]
web = ["10.78.2.1"]
bus = ["10.78.1.2"]
[fleet]
servers = ["nats://10.78.1.2:4222"]
tls = false
every = "1s"
"#;

pub(crate) const WATCH: &str = "watch --config a.toml --every 500ms --listen none --format jsonl";

/// The user's host and the web server's, with a router between them that has the bus.
struct Hosts {
    user: Namespace,
    router: Namespace,
    web: Namespace,
}

impl Hosts {
    fn new() -> Self {
        let [user, router, web] =
            ["user", "router", "web"].map(|name| Namespace::new(name).unwrap());
        connect(&user, "eth0", &router, "eth0").unwrap();
        connect(&web, "eth0", &router, "eth1").unwrap();
        user.run("ip address add 10.78.1.1/24 dev eth0").unwrap();
        user.run("ip route add default via 10.78.1.2").unwrap();
        router.run("ip address add 10.78.1.2/24 dev eth0").unwrap();
        router.run("ip address add 10.78.2.2/24 dev eth1").unwrap();
        web.run("ip address add 10.78.2.1/24 dev eth0").unwrap();
        web.run("ip route add default via 10.78.2.2").unwrap();
        router.set("net/ipv4/ip_forward", "1").unwrap();
        Self { user, router, web }
    }

    #[track_caller]
    fn ask(&self, transport: Transport, port: u16, expected: Outcome) {
        let server = format!("10.78.2.1:{port}").parse().unwrap();
        let outcome = request(&self.user, transport, server).unwrap();
        assert_eq!(outcome, expected, "{port}");
    }
}

/// A server of the fleet on a host, as long as `work` runs.
pub(crate) fn bus(host: &Namespace, directory: &Path, work: impl FnOnce(Pid)) {
    let mut server = Command::new("nats-server");
    server
        .args(["-js", "-a", "0.0.0.0", "-p", "4222", "-sd"])
        .arg(directory.join("jetstream"));
    run_server(host, &server, work);
}

pub(crate) fn run_server(host: &Namespace, server: &Command, work: impl FnOnce(Pid)) {
    let finished = process::run(host, server, "Server is ready", &|_| {}, |pid| {
        work(pid);
        let _ended = kill(pid, Signal::SIGTERM);
        Ok(())
    });
    finished.unwrap();
}

/// Runs a verb of `auditor fleet` on a host.
pub(crate) fn fleet(host: &Namespace, directory: &Path, arguments: &str) -> Output {
    host.enter(|| {
        let mut command = command(&format!("fleet {arguments} --config a.toml"));
        Ok(command.current_dir(directory).output()?)
    })
    .unwrap()
}

/// The report as JSON.
#[track_caller]
pub(crate) fn report(host: &Namespace, directory: &Path) -> Value {
    let output = fleet(host, directory, "report --format json");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[track_caller]
fn rule<'a>(report: &'a Value, id: &str) -> &'a Value {
    let rules = report["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["id"] == id).unwrap()
}

/// The verdict on a rule, and what became of its conversations.
#[track_caller]
fn judged(report: &Value, id: &str) -> String {
    let rule = rule(report, id);
    let courses = rule["courses"].as_array().unwrap().iter();
    let courses: Vec<&str> = courses
        .map(|one| one["course"]["kind"].as_str().unwrap())
        .collect();
    format!(
        "{} {}",
        rule["verdict"].as_str().unwrap(),
        courses.join(",")
    )
}

fn where_documented_traffic_is_lost() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let hosts = Hosts::new();
    let Hosts { user, router, web } = &hosts;
    for (host, line) in [
        (router, "add table inet f"),
        (
            router,
            "add chain inet f forward { type filter hook forward priority 0; }",
        ),
        (router, "add rule inet f forward tcp dport 8081 drop"),
        (router, "add rule inet f forward udp sport 5300 drop"),
        (web, "add table inet f"),
        (
            web,
            "add chain inet f input { type filter hook input priority 0; }",
        ),
        (web, "add rule inet f input tcp dport 8083 drop"),
    ] {
        host.run(&format!("nft {line}")).unwrap();
    }
    let _services = [8080, 8081, 8083, 9090].map(|port| serve(web, Transport::Tcp, port).unwrap());
    let _names = serve(web, Transport::Udp, 5300).unwrap();
    bus(router, path, |_| {
        let watch_user = format!("{WATCH} --state user");
        let watch_web = format!("{WATCH} --state web");
        watch(web, path, &watch_web, |web_pid| {
            watch(user, path, &watch_user, |user_pid| {
                until("both speak", || {
                    let report = report(router, path);
                    report["summary"]["hosts"] == 2 && report["summary"]["silent"] == 0
                });
                std::thread::sleep(Duration::from_secs(2));
                hosts.ask(Transport::Tcp, 8080, Outcome::Answered);
                hosts.ask(Transport::Tcp, 8081, Outcome::Unanswered);
                hosts.ask(Transport::Tcp, 8082, Outcome::Refused);
                hosts.ask(Transport::Tcp, 8083, Outcome::Unanswered);
                hosts.ask(Transport::Udp, 5300, Outcome::Unanswered);
                hosts.ask(Transport::Tcp, 9090, Outcome::Answered);
                std::thread::sleep(Duration::from_secs(5));
                let told = report(router, path);
                let text = fleet(router, path, "report");
                let text = String::from_utf8(text.stdout).unwrap();
                for (id, expected) in [
                    ("web", "observed "),
                    ("dropped", "unanswered never-arrived"),
                    ("dead", "refused refused-by-server"),
                    ("closed", "unanswered unanswered"),
                    ("name", "unanswered answer-lost"),
                    ("bus", "observed "),
                ] {
                    assert_eq!(judged(&told, id), expected, "{text}");
                }
                for sentence in [
                    "user asked, and web never received it: something between the two drops it",
                    "it reached web, which refused it: no socket listens there",
                    "web answered, and user never received that",
                ] {
                    assert!(text.contains(sentence), "{text}");
                }
                for (arguments, expected) in [
                    (
                        "report --format csv",
                        "user asked, and web never received it",
                    ),
                    ("report --format junit", "it reached web, which refused it"),
                    (
                        "explain dropped",
                        "what to do: see what is between the two hosts on the way there",
                    ),
                    ("explain web", "the host: web"),
                ] {
                    let output = fleet(router, path, arguments);
                    let text = String::from_utf8(output.stdout).unwrap();
                    assert!(text.contains(expected), "{arguments}: {text}");
                }
                // A report that was kept says the same.
                let kept = serde_json::to_string(&report(router, path)).unwrap();
                std::fs::write(path.join("kept.json"), kept).unwrap();
                let explained = run(path, "explain --report kept.json dropped");
                let explained = String::from_utf8(explained.stdout).unwrap();
                assert!(
                    explained.contains("user asked, and web never received it"),
                    "{explained}"
                );
                // What nobody documents is one finding, by both ends.
                let findings = told["findings"].as_array().unwrap();
                let unexpected: Vec<&Value> = findings
                    .iter()
                    .filter(|one| one["kind"] == "unexpected")
                    .collect();
                assert_eq!(unexpected.len(), 1, "{text}");
                assert_eq!(unexpected[0]["service"], "tcp/9090");
                assert_eq!(unexpected[0]["conversations"], 1);
                // Once the window is over, what was not seen is missing, since both hosts speak.
                until("the window is over", || {
                    judged(&report(router, path), "never") == "missing "
                });
                let output = fleet(router, path, "report --fail-on never --format html");
                assert!(output.status.success(), "{output:?}");
                // A host that is gone hides what it may have sent.
                kill(user_pid, Signal::SIGKILL).unwrap();
                until("a silent host", || {
                    report(router, path)["summary"]["silent"] == 1
                });
                assert_eq!(judged(&report(router, path), "never"), "unassessed ");
                let hosts = fleet(router, path, "hosts");
                let hosts = String::from_utf8(hosts.stdout).unwrap();
                assert!(hosts.starts_with("user  silent  10.78.1.1"), "{hosts}");
            });
            kill(web_pid, Signal::SIGTERM).unwrap();
        });
    });
}

/// The first host of a pair has the servers and a watch, the other one a watch.
pub(crate) const PAIR: &str = r#"
matrix = "m.toml"
interfaces = ["eth0"]
window = "10s"
[roles]
web = ["10.78.0.1"]
user = ["10.78.0.2"]
[fleet]
tls = false
every = "1s"
"#;

/// A program on a host that ends with this value.
pub(crate) struct Running(std::process::Child);

impl Running {
    pub(crate) fn begin(host: &Namespace, mut command: Command) -> Self {
        let child = host.enter(|| {
            use std::process::Stdio;
            Ok(command
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?)
        });
        Self(child.unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _status = self.0.wait();
    }
}

fn one_of_three_servers_and_then_all_are_away() {
    let servers = "servers = [\"nats://10.78.0.1:4001\", \"nats://10.78.0.1:4002\", \"nats://10.78.0.1:4003\"]\nreplicas = 3\n";
    let deployment = format!("{PAIR}{servers}").replace("10s", "5m");
    let matrix = many_rules(3);
    let directory = files(&[("m.toml", &matrix), ("a.toml", &deployment)]);
    let path = directory.path();
    let (one, other) = crate::fixture::pair::pair();
    let ports = [10_000, 10_001, 10_002];
    let _services = ports.map(|port| serve(&one, Transport::Tcp, port).unwrap());
    let begin = |number| Running::begin(&one, member(path, number));
    let mut members = [1, 2, 3].map(|number| Some(begin(number)));
    let ask = |port: u16| {
        let server = format!("10.78.0.1:{port}").parse().unwrap();
        let outcome = request(&other, Transport::Tcp, server).unwrap();
        assert_eq!(outcome, Outcome::Answered);
    };
    let finished = watch(&one, path, &format!("{WATCH} --state one"), |one_pid| {
        let finished = watch(
            &other,
            path,
            &format!("{WATCH} --state other"),
            |other_pid| {
                // Both hosts speak, and what both ends saw is known.
                let is_known = |id: &str| {
                    let output = fleet(&one, path, "report --format json");
                    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
                    report["summary"]["hosts"] == 2
                        && report["summary"]["silent"] == 0
                        && judged(&report, id) == "observed "
                        && rule(&report, id)["seen_by"].as_array().unwrap().len() == 2
                };
                ask(10_000);
                until("all servers are there", || is_known("r0"));
                // One of them is killed and comes back.
                members[0] = None;
                ask(10_001);
                until("two servers are there", || is_known("r1"));
                members[0] = Some(begin(1));
                // All of them are away, and what was seen meanwhile is known once they are back.
                for member in &mut members {
                    *member = None;
                }
                std::thread::sleep(Duration::from_secs(8));
                ask(10_002);
                let _members = [1, 2, 3].map(begin);
                until("all servers are back", || is_known("r2"));
                for pid in [one_pid, other_pid] {
                    kill(pid, Signal::SIGTERM).unwrap();
                }
            },
        );
        check_said(&finished.stderr);
    });
    check_said(&finished.stderr);
}

/// It is said once that nothing can be published, and once that it can.
#[track_caller]
fn check_said(stderr: &str) {
    let away = stderr.matches("can't publish to its fleet").count();
    let back = stderr.matches("can be reached again").count();
    // The election of a leader takes its time when the servers begin, and when one of them is killed.
    // The servers end before the hosts do.
    assert!((1..=4).contains(&away) && away - back <= 1, "{stderr}");
}

fn of_two_hosts_with_one_name_one_publishes_and_both_are_told() {
    let servers = "servers = [\"nats://10.78.0.1:4222\"]\nname = \"twin\"\n";
    let directory = files(&[
        ("m.toml", crate::fixture::pair::MATRIX),
        ("a.toml", &format!("{PAIR}{servers}")),
    ]);
    let path = directory.path();
    let (one, other) = crate::fixture::pair::pair();
    bus(&one, path, |_| {
        let first = watch(&one, path, &format!("{WATCH} --state one"), |one_pid| {
            until("the first one speaks", || {
                report(&one, path)["summary"]["hosts"] == 1
            });
            let second = watch(
                &other,
                path,
                &format!("{WATCH} --state other"),
                |other_pid| {
                    until("both are told apart", || {
                        let report = report(&one, path);
                        report["hosts"][0]["voice"] == "twofold"
                    });
                    let report = report(&one, path);
                    // The first one's word stands.
                    assert_eq!(report["hosts"][0]["addresses"][0], "10.78.0.1");
                    // It looks every fourth time that it speaks whether somebody else wants its name.
                    std::thread::sleep(Duration::from_secs(10));
                    kill(other_pid, Signal::SIGTERM).unwrap();
                },
            );
            let said = "another machine publishes as twin, so this one does not";
            assert_eq!(second.stderr.matches(said).count(), 1, "{}", second.stderr);
            kill(one_pid, Signal::SIGTERM).unwrap();
        });
        let said = "another machine wants to publish as twin, as this one does";
        assert_eq!(first.stderr.matches(said).count(), 1, "{}", first.stderr);
    });
}

/// Publishes a message as anybody may who has the right, in NATS' own words.
pub(crate) fn publish(host: &Namespace, subject: &str, payload: &[u8]) {
    use std::io::{Read as _, Write as _};
    host.enter(|| {
        let mut stream = std::net::TcpStream::connect("10.78.0.1:4222")?;
        let head = format!(
            "CONNECT {{\"verbose\":false,\"pedantic\":false}}\r\nPUB {subject} {}\r\n",
            payload.len()
        );
        stream.write_all(head.as_bytes())?;
        stream.write_all(payload)?;
        stream.write_all(b"\r\nPING\r\n")?;
        let mut said = String::new();
        let mut buffer = [0; 4096];
        while !said.contains("PONG") {
            let n_bytes = stream.read(&mut buffer)?;
            said.push_str(&String::from_utf8_lossy(&buffer[..n_bytes]));
        }
        Ok(())
    })
    .unwrap();
}

fn what_others_publish_ends_nothing() {
    let servers = "servers = [\"nats://10.78.0.1:4222\"]\n";
    let directory = files(&[
        ("m.toml", crate::fixture::pair::MATRIX),
        ("a.toml", &format!("{PAIR}{servers}")),
    ]);
    let path = directory.path();
    let (one, other) = crate::fixture::pair::pair();
    bus(&one, path, |_| {
        let finished = watch(&one, path, &format!("{WATCH} --state one"), |pid| {
            until("it speaks", || report(&one, path)["summary"]["hosts"] == 1);
            publish(&other, "auditor.host.later", b"AUD\x09from a later version");
            publish(&other, "auditor.flows.3.x", b"\x00\xff garbage");
            publish(&other, "auditor.what.is.this", b"");
            publish(&other, "auditor.flows.999.x", b"");
            let told = report(&one, path);
            let problems = told["problems"].to_string();
            for expected in [
                "auditor.host.later is not read: it is a message of version 9, and this auditor reads version 1",
                "auditor.flows.3.x is not read: it is no message of an auditor",
                "auditor.what.is.this is not read: nothing is published under such a subject",
            ] {
                assert!(problems.contains(expected), "{problems}");
            }
            assert_eq!(told["summary"]["hosts"], 1);
            // The stream is deleted under the hosts: they make it again, and publish all that is so.
            delete_stream(&one);
            until("it speaks again", || {
                let report = report(&one, path);
                report["summary"]["hosts"] == 1
                    && report["summary"]["silent"] == 0
                    && report["problems"] == serde_json::json!([])
            });
            kill(pid, Signal::SIGTERM).unwrap();
        });
        assert!(!finished.stderr.contains("panicked"), "{}", finished.stderr);
    });
}

pub(crate) fn delete_stream(host: &Namespace) {
    publish(host, "$JS.API.STREAM.DELETE.AUDITOR", b"");
}

/// What a server with accounts lets hosts do; the password of each is its name.
const ACCOUNTS: &str = r#"
port: 4222
host: "0.0.0.0"
jetstream { store_dir: "STORE" }
authorization {
  users = [
    { user: "one", password: "one", permissions: {
        publish: ["auditor.host.one", "auditor.flows.*.one", "auditor.rival.one"]
        subscribe: ["_INBOX_one.>"] } }
    { user: "reader", password: "reader" }
  ]
}
"#;

fn a_host_publishes_under_its_own_name_alone() {
    let servers =
        "servers = [\"nats://10.78.0.1:4222\"]\nuser = \"one\"\npassword_file = \"one.password\"\n";
    let as_reader = servers.replace("one", "reader");
    let impostor = format!("{servers}name = \"two\"\n");
    let directory = files(&[
        ("m.toml", crate::fixture::pair::MATRIX),
        ("a.toml", &format!("{PAIR}{as_reader}")),
        ("one.toml", &format!("{PAIR}{servers}")),
        ("two.toml", &format!("{PAIR}{impostor}")),
        ("one.password", "one\n"),
        ("reader.password", "reader\n"),
    ]);
    let path = directory.path();
    let store = path.join("jetstream");
    let accounts = ACCOUNTS.replace("STORE", store.to_str().unwrap());
    std::fs::write(path.join("nats.conf"), accounts).unwrap();
    let (one, other) = crate::fixture::pair::pair();
    let mut server = Command::new("nats-server");
    server.arg("-c").arg(path.join("nats.conf"));
    let watching = "watch --every 500ms --listen none --format jsonl";
    run_server(&one, &server, |_| {
        // Whoever may makes the stream.
        assert_eq!(report(&one, path)["summary"]["hosts"], 0);
        watch(
            &one,
            path,
            &format!("{watching} --config one.toml --state one"),
            |pid| {
                until("it speaks", || report(&one, path)["summary"]["hosts"] == 1);
                let second = format!("{watching} --config two.toml --state two");
                let impostor = watch(&other, path, &second, |pid| {
                    // The client waits for each answer that the server does not give.
                    std::thread::sleep(Duration::from_secs(14));
                    kill(pid, Signal::SIGTERM).unwrap();
                });
                let said = &impostor.stderr;
                assert!(said.contains("can't publish to its fleet"), "{said}");
                assert!(
                    said.to_lowercase().contains("permissions violation"),
                    "{said}"
                );
                assert_eq!(report(&one, path)["summary"]["hosts"], 1);
                kill(pid, Signal::SIGTERM).unwrap();
            },
        );
        // A password that others can read is none.
        let password = path.join("reader.password");
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).unwrap();
        let output = fleet(&one, path, "report");
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("password_file of [fleet]") && said.contains("chmod 600"),
            "{said}"
        );
    });
}

/// Findings of a fleet are told once, over servers that come and go and over a watch that is killed.
fn what_changes_in_a_fleet_is_told_once() {
    let servers = "servers = [\"nats://10.78.0.1:4222\"]\n";
    let sink = "[[sink]]\ntype = \"lines\"\npath = \"events.jsonl\"\n";
    let directory = files(&[
        ("m.toml", crate::fixture::pair::MATRIX),
        ("a.toml", &format!("{PAIR}{servers}{sink}")),
    ]);
    let path = directory.path();
    let (one, other) = crate::fixture::pair::pair();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let watching = "watch --config a.toml --every 500ms --listen none --format jsonl";
    let aggregate = "fleet watch --config a.toml --every 1s --state fleet --listen unix:fleet.sock --format jsonl";
    let told = |event: &str| {
        let text = std::fs::read_to_string(path.join("events.jsonl")).unwrap_or_default();
        let events = text.lines().filter_map(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            // Hosts tell the same sink what each of them found.
            let event = (line["host"] == "fleet").then_some(&line["event"])?;
            Some(format!(
                "{} {} {}",
                event["change"].as_str()?,
                event["kind"].as_str()?,
                event["key"].as_str()?
            ))
        });
        events.filter(|one| one == event).count()
    };
    let flow = "appeared flow 10.78.0.2 -> 10.78.0.1 tcp/9090";
    let aggregated = |work: &dyn Fn(Pid)| {
        let command = command(aggregate);
        let mut command = command;
        command.current_dir(path);
        let finished = process::run(&one, &command, "watching the fleet", &|_| {}, |pid| {
            work(pid);
            Ok(())
        });
        finished.unwrap()
    };
    bus(&one, path, |_| {
        watch(&one, path, &format!("{watching} --state one"), |one_pid| {
            watch(
                &other,
                path,
                &format!("{watching} --state other"),
                |other_pid| {
                    until("both speak", || report(&one, path)["summary"]["hosts"] == 2);
                    aggregated(&|pid| {
                        let server = "10.78.0.1:9090".parse().unwrap();
                        let outcome = request(&other, Transport::Tcp, server).unwrap();
                        assert_eq!(outcome, Outcome::Answered);
                        until("a flow that nobody documents", || told(flow) == 1);
                        let page = ask(path, "/");
                        assert!(page.contains("Port audit of 2 hosts"), "{page}");
                        let metrics = ask(path, "/metrics");
                        let speaking = "auditor_fleet_hosts{voice=\"speaking\"} 2";
                        assert!(metrics.contains(speaking), "{metrics}");
                        assert!(ask(path, "/healthz").ends_with("ok\n"));
                        kill(pid, Signal::SIGKILL).unwrap();
                    });
                    // The next one knows what was told.
                    aggregated(&|pid| {
                        std::thread::sleep(Duration::from_secs(2));
                        kill(other_pid, Signal::SIGKILL).unwrap();
                        until("a silent host", || told("appeared host other") == 1);
                        kill(pid, Signal::SIGTERM).unwrap();
                    });
                    assert_eq!(told(flow), 1);
                },
            );
            kill(one_pid, Signal::SIGTERM).unwrap();
        });
    });
}

/// What the socket of `auditor fleet watch` answers.
pub(crate) fn ask(directory: &Path, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let mut socket = std::os::unix::net::UnixStream::connect(directory.join("fleet.sock")).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}
