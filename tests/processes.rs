//! Who did it: the processes behind flows and rules.

use std::{
    net::TcpStream,
    process::{Child, Command},
    time::Duration,
};

use auditor::report::FORMS;
use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    namespace,
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, run, watch, watch_by, watch_during},
        pair::{DEPLOYMENT, MATRIX, pair},
        report::report,
        wait::until,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
    private::ask,
};

tests! {
    the_processes_of_flows_and_rules_are_named: [Kernel],
    a_published_port_names_the_container: [Kernel, Program("nft")],
    a_container_that_listens_elsewhere_is_followed: [Kernel, Program("nft")],
    what_the_kernel_does_not_list_is_read_from_procfs: [Kernel, Program("python3")],
    command_lines_show_no_secret: [Kernel],
    a_watch_keeps_no_command_line: [Kernel],
}

/// The processes of the flow to a port, as `part pid`.
fn processes(report: &Value, port: u64) -> Vec<String> {
    let flows = report["flows"].as_array().unwrap();
    let flow = flows.iter().find(|flow| flow["port"] == port).unwrap();
    flow["processes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|process| format!("{} {}", process["part"].as_str().unwrap(), process["pid"]))
        .collect()
}

fn the_processes_of_flows_and_rules_are_named() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let _asked = serve(&other, Transport::Tcp, 9091).unwrap();
    // Somebody waits on the rule's port in a namespace of its own, which has no address of this host: that is not its service.
    let container = Namespace::new("container").unwrap();
    let _contained = serve(&container, Transport::Tcp, 8080).unwrap();
    let mut inside = container
        .enter(|| Ok(Command::new("sleep").arg("60").spawn()?))
        .unwrap();
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        let server = "10.78.0.1:9090".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        // A connection that is there when sockets are looked at: every few seconds.
        let stream = one
            .enter(|| Ok(TcpStream::connect("10.78.0.2:9091")?))
            .unwrap();
        std::thread::sleep(Duration::from_millis(7500));
        drop(stream);
    });
    inside.kill().unwrap();
    inside.wait().unwrap();
    let report = report(&finished.stdout);
    let me = std::process::id();
    assert_eq!(processes(&report, 9090), [format!("server {me}")]);
    assert_eq!(processes(&report, 9091), [format!("client {me}")]);
    let rule = &report["rules"][0];
    assert_eq!(rule["listening"], false);
    assert_eq!(rule.get("listeners"), None, "{rule}");
}

fn a_published_port_names_the_container() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let container = Namespace::new("container").unwrap();
    namespace::connect(&one, "eth1", &container, "eth0").unwrap();
    for line in [
        "ip address add 10.79.0.1/24 dev eth1",
        "sysctl -q -w net.ipv4.ip_forward=1",
        "nft add table ip lab",
        "nft add chain ip lab before { type nat hook prerouting priority -100 ; }",
        "nft add rule ip lab before iifname eth0 tcp dport 9000 dnat to 10.79.0.2:8080",
    ] {
        one.run(line).unwrap();
    }
    for line in [
        "ip address add 10.79.0.2/24 dev eth0",
        "ip route add default via 10.79.0.1",
    ] {
        container.run(line).unwrap();
    }
    let served = listener(&container, 8080, &[]);
    // Somebody listens on the published number in a namespace that has nothing to do with it.
    let elsewhere = Namespace::new("elsewhere").unwrap();
    let unrelated = listener(&elsewhere, 9000, &[]);
    std::thread::sleep(Duration::from_secs(1));
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        let stream = other
            .enter(|| Ok(TcpStream::connect("10.78.0.1:9000")?))
            .unwrap();
        std::thread::sleep(Duration::from_millis(5500));
        drop(stream);
    });
    let report = report(&finished.stdout);
    let found = processes(&report, 9000);
    assert!(
        found.contains(&format!("server {}", served.0.id())),
        "{found:?}"
    );
    assert!(
        !found.contains(&format!("server {}", unrelated.0.id())),
        "{found:?}"
    );
}

/// A container that listens on one port, then in one go on another one: as many sockets as before, and no connection between. No other host
/// of these tests has its address: whose it is could not be told then.
fn a_container_that_listens_elsewhere_is_followed() {
    let deployment =
        "matrix = \"m.toml\"\n[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n";
    let directory = files(&[("m.toml", MATRIX), ("a.toml", deployment)]);
    let (one, other) = pair();
    let container = Namespace::new("container").unwrap();
    namespace::connect(&one, "eth1", &container, "eth0").unwrap();
    for line in [
        "ip address add 10.82.0.1/24 dev eth1",
        "sysctl -q -w net.ipv4.ip_forward=1",
        "nft add table ip lab",
        "nft add chain ip lab before { type nat hook prerouting priority -100 ; }",
        "nft add rule ip lab before iifname eth0 tcp dport 9000 dnat to 10.82.0.2:8081",
    ] {
        one.run(line).unwrap();
    }
    for line in [
        "ip address add 10.82.0.2/24 dev eth0",
        "ip route add default via 10.82.0.1",
    ] {
        container.run(line).unwrap();
    }
    let program = "import socket,signal,time\ns=socket.create_server(('',8080))\ndef move(*_):\n  global s\n  s.close(); s=socket.create_server(('',8081))\nsignal.signal(signal.SIGUSR1, move)\nwhile True: time.sleep(9)";
    let served = container
        .enter(|| Ok(Command::new("python3").args(["-c", program]).spawn()?))
        .map(Served)
        .unwrap();
    std::thread::sleep(Duration::from_secs(1));
    let path = directory.path();
    let watch_it =
        "watch --config a.toml -i eth0 --state state --every 300ms --window 1m --listen none";
    let finished = watch(&one, path, watch_it, |pid| {
        // Longer than between two looks.
        std::thread::sleep(Duration::from_secs(7));
        let serves = Pid::from_raw(served.0.id().try_into().unwrap());
        kill(serves, Signal::SIGUSR1).unwrap();
        let stream = other
            .enter(|| {
                let mut stream = TcpStream::connect("10.78.0.1:9000");
                while stream.is_err() {
                    stream = TcpStream::connect("10.78.0.1:9000");
                }
                Ok(stream?)
            })
            .unwrap();
        until("the container's process", || {
            let report = std::fs::read_to_string(path.join("state/report.json"));
            report.is_ok_and(|report| report.contains(&format!("\"pid\": {serves}")))
        });
        drop(stream);
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert!(finished.status.success(), "{}", finished.stderr);
}

/// A process that ends with the test, however that ends.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _killed = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// A process that listens on a port of a namespace, with more arguments than it needs.
fn listener(namespace: &Namespace, port: u16, arguments: &[&str]) -> Served {
    let program = format!(
        "import socket,time\ns=socket.create_server(('',{port}))\nwhile True:\n  k=s.accept()[0]; time.sleep(9)"
    );
    namespace
        .enter(|| {
            Ok(Command::new("python3")
                .args(["-c", &program])
                .args(arguments)
                .spawn()?)
        })
        .map(Served)
        .unwrap()
}

/// Arguments that are secrets of several kinds, and one that is none.
const SECRETS: [&str; 3] = ["hunter2hunter2", "tok3ntok3n", "acme-holding"];
const ARGUMENTS: [&str; 6] = [
    "--password=hunter2hunter2",
    "--token",
    "tok3ntok3n",
    "--customer",
    "acme-holding",
    "--config=/etc/it.conf",
];
/// What `processes` may say, and what is shown then of a command line that has such arguments: nothing, or this part of it.
const DETAILS: [(&str, Option<&str>); 4] = [
    ("", None),
    ("processes = \"name\"\n", None),
    ("processes = \"command\"\n", Some("--config=/etc/it.conf")),
    ("processes = \"off\"\n", None),
];

/// A connection to the listener that lasts until somebody has looked whose sockets these are.
fn connect(other: &Namespace) {
    let stream = other
        .enter(|| Ok(TcpStream::connect("10.78.0.1:8080")?))
        .unwrap();
    std::thread::sleep(Duration::from_millis(5500));
    drop(stream);
}

fn command_lines_show_no_secret() {
    let (one, other) = pair();
    let served = listener(&one, 8080, &ARGUMENTS);
    std::thread::sleep(Duration::from_secs(1));
    for (detail, shown) in DETAILS {
        let deployment = format!(
            "matrix = \"m.toml\"\n{detail}[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n"
        );
        let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
        let path = directory.path();
        let arguments = "audit --config a.toml -i eth0 --json report.json --format json";
        let finished = watch_during(&one, path, arguments, || connect(&other));
        let mut outputs = vec![finished.stdout.clone(), finished.stderr.clone()];
        let forms = FORMS
            .iter()
            .map(|form| format!("report report.json --format {}", form.name));
        let others = [
            "explain web --report report.json",
            "explain 8080 --report report.json",
            "learn report.json",
            "diff report.json report.json",
        ];
        for arguments in forms.chain(others.map(str::to_owned)) {
            let output = run(path, &arguments);
            assert_ne!(output.status.code(), Some(2), "{arguments}: {output:?}");
            outputs.extend([output.stdout, output.stderr].map(|it| String::from_utf8(it).unwrap()));
        }
        for secret in SECRETS.into_iter().chain(shown.xor(Some("--config="))) {
            for output in &outputs {
                assert!(!output.contains(secret), "{detail}{secret}: {output}");
            }
        }
        let report = report(&finished.stdout);
        let flows = report["flows"].as_array().unwrap();
        let flow = flows.iter().find(|flow| flow["port"] == 8080).unwrap();
        if detail.contains("off") {
            assert_eq!(flow.get("processes"), None, "{flow}");
            assert!(outputs.iter().all(|output| !output.contains("python")));
            continue;
        }
        let processes = flow["processes"].as_array().unwrap();
        let mine = |process: &&Value| process["pid"] == served.0.id();
        let process = processes.iter().find(mine).unwrap();
        assert!(
            process["name"].as_str().unwrap().starts_with("python"),
            "{process}"
        );
        let command = process["command"].as_str().unwrap();
        match shown {
            None => assert_eq!(command, "", "{detail}"),
            Some(part) => {
                assert!(command.contains(part), "{command}");
                assert!(command.contains("--password=***"), "{command}");
            }
        }
    }
}

/// The state that a watch leaves, what it prints and what it sends, read as bytes; and a configuration that is read again takes
/// back what was wanted before.
fn a_watch_keeps_no_command_line() {
    let (one, other) = pair();
    let _served = listener(&one, 8080, &ARGUMENTS);
    std::thread::sleep(Duration::from_secs(1));
    let deployment = |detail: &str| {
        format!(
            "matrix = \"m.toml\"\nprocesses = \"{detail}\"\n[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n[[sink]]\ntype = \"lines\"\npath = \"lines\"\n"
        )
    };
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment("command"))]);
    let path = directory.path();
    let read = || std::fs::read_to_string(path.join("state/report.json")).unwrap_or_default();
    let watch_it = "watch --config a.toml -i eth0 --state state --every 300ms --window 1m --format jsonl --listen unix:sock";
    let finished = watch(&one, path, watch_it, |pid| {
        let stream = other
            .enter(|| Ok(TcpStream::connect("10.78.0.1:8080")?))
            .unwrap();
        until("the command line", || {
            ask(&path.join("sock"), "/report")
                .is_ok_and(|(_, report)| report.contains("--config=/etc/it.conf"))
        });
        std::fs::write(path.join("a.toml"), deployment("name")).unwrap();
        kill(pid, Signal::SIGHUP).unwrap();
        until("no command line", || {
            let report = read();
            !report.contains("--config=/etc/it.conf") && report.contains("python")
        });
        std::fs::write(path.join("a.toml"), deployment("off")).unwrap();
        kill(pid, Signal::SIGHUP).unwrap();
        until("no process", || !read().contains("python"));
        drop(stream);
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert!(finished.status.success(), "{}", finished.stderr);
    let mut found = vec![finished.stdout.into_bytes(), finished.stderr.into_bytes()];
    for directory in [path, &path.join("state")] {
        for entry in std::fs::read_dir(directory).unwrap() {
            let entry = entry.unwrap().path();
            if entry.is_file() {
                found.push(std::fs::read(entry).unwrap());
            }
        }
    }
    assert!(found.len() > 5);
    for secret in SECRETS.into_iter().chain(["--config=", "python"]) {
        for bytes in &found {
            let text = String::from_utf8_lossy(bytes);
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

/// Starts a program where nobody may open a socket of `sock_diag`: a filter of system calls refuses `socket(AF_NETLINK, _, 4)`.
const WITHOUT_LISTS: &str = r#"
import ctypes, os, struct, sys
JUMP, RETURN, LOAD = 0x15, 0x06, 0x20
number = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
code = [
    (LOAD, 0, 0, 0), (JUMP, 0, 5, number),
    (LOAD, 0, 0, 16), (JUMP, 0, 3, 16),
    (LOAD, 0, 0, 32), (JUMP, 0, 1, 4),
    (RETURN, 0, 0, 0x00050001), (RETURN, 0, 0, 0x7FFF0000),
]
program = b"".join(struct.pack("HBBI", *one) for one in code)
kept = ctypes.create_string_buffer(program)
head = struct.pack("HxxxxxxQ", len(code), ctypes.addressof(kept))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.create_string_buffer(head), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"#;

fn what_the_kernel_does_not_list_is_read_from_procfs() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let mut without = Command::new("python3");
    without
        .args(["-c", WITHOUT_LISTS, env!("CARGO_BIN_EXE_auditor")])
        .args([
            "watch", "--config", "a.toml", "--state", "state", "--every", "300ms",
        ])
        .args(["--window", "1m", "--listen", "none"])
        .current_dir(path);
    let finished = watch_by(&one, &without, |pid| {
        let server = "10.78.0.1:8080".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        let me = format!("\"pid\": {}", std::process::id());
        until("whose socket it is", || {
            let report = std::fs::read_to_string(path.join("state/report.json"));
            report.is_ok_and(|report| report.contains(&me))
        });
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    let said = "the kernel does not list sockets of tcp (sock_diag: Operation not permitted";
    assert!(finished.stderr.contains(said), "{}", finished.stderr);
}
