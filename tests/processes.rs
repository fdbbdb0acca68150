//! Who did it: the processes behind flows and rules.

use std::{net::TcpStream, process::Command, time::Duration};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch_during},
        pair::{MATRIX, pair},
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    the_processes_of_flows_and_rules_are_named: [Kernel],
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
    // The service that the rule speaks of waits in a namespace of its own, as in a container.
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
        std::thread::sleep(Duration::from_millis(5500));
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
    assert_eq!(rule["listeners"][0]["elsewhere"], true, "{rule}");
    assert_eq!(rule["listeners"][0]["pid"], me);
}
