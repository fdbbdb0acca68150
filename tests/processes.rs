//! Who did it: the processes behind flows and rules.

use std::{
    net::TcpStream,
    process::{Child, Command},
    time::Duration,
};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    namespace,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch_during},
        pair::{MATRIX, pair},
        report::report,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    the_processes_of_flows_and_rules_are_named: [Kernel],
    a_published_port_names_the_container: [Kernel, Program("nft")],
    command_lines_show_no_secret: [Kernel],
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
    let mut served = listener(&container, 8080, &[]);
    // Somebody listens on the published number in a namespace that has nothing to do with it.
    let elsewhere = Namespace::new("elsewhere").unwrap();
    let mut unrelated = listener(&elsewhere, 9000, &[]);
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
        found.contains(&format!("server {}", served.id())),
        "{found:?}"
    );
    assert!(
        !found.contains(&format!("server {}", unrelated.id())),
        "{found:?}"
    );
    for process in [&mut served, &mut unrelated] {
        process.kill().unwrap();
        process.wait().unwrap();
    }
}

/// A process that listens on a port of a namespace, with more arguments than it needs.
fn listener(namespace: &Namespace, port: u16, arguments: &[&str]) -> Child {
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
        .unwrap()
}

fn command_lines_show_no_secret() {
    let (one, other) = pair();
    let secrets = ["hunter2hunter2", "tok3ntok3n", "acme-holding"];
    let arguments = [
        "--password=hunter2hunter2",
        "--token",
        "tok3ntok3n",
        "--customer",
        "acme-holding",
        "--config=/etc/it.conf",
    ];
    let mut served = listener(&one, 8080, &arguments);
    std::thread::sleep(Duration::from_secs(1));
    for (detail, shown) in [
        ("", Some("--config=/etc/it.conf")),
        ("processes = \"name\"\n", Some("")),
        ("processes = \"none\"\n", None),
    ] {
        let deployment = format!(
            "matrix = \"m.toml\"\n{detail}[roles]\nweb = [\"10.78.0.1\"]\nuser = [\"10.78.0.2\"]\n"
        );
        let directory = files(&[("m.toml", MATRIX), ("a.toml", &deployment)]);
        let arguments = "audit --config a.toml -i eth0 --format json";
        let finished = watch_during(&one, directory.path(), arguments, || {
            let stream = other
                .enter(|| Ok(TcpStream::connect("10.78.0.1:8080")?))
                .unwrap();
            std::thread::sleep(Duration::from_millis(5500));
            drop(stream);
        });
        let text = finished.stdout.clone();
        for secret in secrets {
            assert!(!text.contains(secret), "{detail}{secret}");
        }
        let report = report(&finished.stdout);
        let flows = report["flows"].as_array().unwrap();
        let flow = flows.iter().find(|flow| flow["port"] == 8080).unwrap();
        let command = flow["processes"].as_array().map(|processes| {
            let mine = |process: &&Value| process["pid"] == served.id();
            let process = processes.iter().find(mine).unwrap();
            process["command"].as_str().unwrap().to_owned()
        });
        match shown {
            None => assert_eq!(command, None, "{detail}"),
            Some("") => assert_eq!(command.as_deref(), Some(""), "{detail}"),
            Some(part) => {
                let command = command.unwrap();
                assert!(command.contains(part), "{command}");
                assert!(command.contains("--password=***"), "{command}");
            }
        }
    }
    served.kill().unwrap();
    served.wait().unwrap();
}
