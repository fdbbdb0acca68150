//! A fleet: hosts that publish what they see to a real server, and one verdict for all of them.

use std::{
    path::Path,
    process::{Command, Output},
    time::Duration,
};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
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
        auditor::{command, files, watch},
        wait::until,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    where_documented_traffic_is_lost: [Kernel, Program("nft"), Program("nats-server")],
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

const WATCH: &str = "watch --config a.toml --every 500ms --listen none --format jsonl";

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
fn bus(host: &Namespace, directory: &Path, work: impl FnOnce(Pid)) {
    let mut server = Command::new("nats-server");
    server
        .args(["-js", "-a", "0.0.0.0", "-p", "4222", "-sd"])
        .arg(directory.join("jetstream"));
    let finished = process::run(host, &server, "Server is ready", &|_| {}, |pid| {
        work(pid);
        let _ended = kill(pid, Signal::SIGTERM);
        Ok(())
    });
    finished.unwrap();
}

/// Runs a verb of `auditor fleet` on a host.
fn fleet(host: &Namespace, directory: &Path, arguments: &str) -> Output {
    host.enter(|| {
        let mut command = command(&format!("fleet {arguments} --config a.toml"));
        Ok(command.current_dir(directory).output()?)
    })
    .unwrap()
}

/// The report as JSON.
#[track_caller]
fn report(host: &Namespace, directory: &Path) -> Value {
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
