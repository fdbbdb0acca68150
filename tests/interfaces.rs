//! Interfaces that come, go and are named otherwise while an audit runs, and other network namespaces.

use std::{sync::Mutex, thread::sleep, time::Duration};

use jiff::Timestamp;
use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    process,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{command, files, run, watch_during},
        pair::{MATRIX, pair},
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    what_comes_later_is_watched: [Kernel],
    an_interface_that_is_up_already_is_a_gap: [Kernel],
    another_network_namespace: [Kernel],
    the_window_has_begun_when_it_is_said: [Kernel],
}

/// Whoever follows interfaces has seen what happened when this has passed.
const SEEN: Duration = Duration::from_millis(1500);

/// A second cable between the two hosts of a pair: 10.79.0.1 and 10.79.0.2.
fn second_cable(one: &Namespace, other: &Namespace) {
    other
        .run(&format!(
            "ip link add far1 type veth peer name near1 netns {}",
            one.path().display()
        ))
        .unwrap();
    sleep(SEEN);
    one.run("ip address add 10.79.0.1/24 dev near1").unwrap();
    other.run("ip address add 10.79.0.2/24 dev far1").unwrap();
    one.run("ip link set near1 up").unwrap();
    other.run("ip link set far1 up").unwrap();
}

fn request_web(from: &Namespace, address: &str) {
    let server = format!("{address}:8080").parse().unwrap();
    assert_eq!(
        request(from, Transport::Tcp, server).unwrap(),
        Outcome::Answered
    );
}

/// Interface, server and conversations of the flows to 8080.
fn web(report: &Value) -> Vec<(&str, &str, u64)> {
    let flows = report["flows"].as_array().unwrap().iter();
    flows
        .filter(|flow| flow["port"] == 8080)
        .map(|flow| {
            (
                flow["interface"].as_str().unwrap(),
                flow["server"].as_str().unwrap(),
                flow["requests"].as_u64().unwrap(),
            )
        })
        .collect()
}

fn gaps(report: &Value) -> Vec<&str> {
    let gaps = report["gaps"].as_array().unwrap().iter();
    gaps.map(|gap| gap["reason"].as_str().unwrap()).collect()
}

fn what_comes_later_is_watched() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let arguments = "audit --matrix m.toml --role web -i eth0 -i near* --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        request_web(&other, "10.78.0.1");
        second_cable(&one, &other);
        request_web(&other, "10.79.0.1");
        one.run("ip link set near1 down").unwrap();
        one.run("ip link set near1 name nearby").unwrap();
        one.run("ip link set nearby up").unwrap();
        request_web(&other, "10.79.0.1");
        sleep(SEEN);
        other.run("ip link delete far1").unwrap();
        sleep(SEEN);
        request_web(&other, "10.78.0.1");
    });
    let said = |text: &str| assert!(finished.stderr.contains(text), "{}", finished.stderr);
    said("no interface matches `near*` yet");
    said("watching near1, in: tc (on veth XDP would take offloads away), out: tc, down");
    said("interface nearby went away\n");
    let report = report(&finished.stdout);
    assert_eq!(
        web(&report),
        [("eth0", "10.78.0.1", 2), ("nearby", "10.79.0.1", 2)]
    );
    // Nothing was missed: the interface was watched before it was up, and what is gone carries nothing.
    assert_eq!(gaps(&report), ["cut-short"]);
    let addresses = report["host"]["addresses"].as_array().unwrap();
    assert!(
        addresses.iter().any(|address| address == "10.79.0.1"),
        "{addresses:?}"
    );
}

fn an_interface_that_is_up_already_is_a_gap() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, _other) = pair();
    one.run("ip link add name away type veth peer name back")
        .unwrap();
    one.run("ip link set away up").unwrap();
    let arguments = "audit --matrix m.toml --role web -i eth0 -i near* --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        one.run("ip link set away name near9").unwrap();
        sleep(SEEN);
    });
    let report = report(&finished.stdout);
    assert_eq!(gaps(&report), ["cut-short", "interface-late"]);
    assert_eq!(report["gaps"][1]["interface"], "near9");
}

fn another_network_namespace() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    // From a host that has nothing to do with it.
    let third = Namespace::new("third").unwrap();
    let path = one.path().display().to_string();
    let arguments =
        format!("audit --matrix m.toml --role web -i eth0 --format json --netns {path}");
    let finished = watch_during(&third, directory.path(), &arguments, || {
        request_web(&other, "10.78.0.1");
    });
    let report = report(&finished.stdout);
    assert_eq!(web(&report), [("eth0", "10.78.0.1", 1)]);
    assert_eq!(report["rules"][0]["verdict"], "observed");
    assert_eq!(report["host"]["network_namespace"], path);
    let output = run(directory.path(), "flows -i eth0 --netns nowhere");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.starts_with(
            "auditor: there is no network namespace /run/netns/nowhere: expected a name that `ip netns` lists"
        ),
        "{stderr}"
    );
}

/// Whoever waits until something is said to be watched is not too early.
#[expect(
    clippy::disallowed_methods,
    reason = "when a line came is what the test is about"
)]
fn the_window_has_begun_when_it_is_said() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, _other) = pair();
    for number in 0..MANY {
        one.run(&format!(
            "ip link add many{number}a type veth peer name many{number}b"
        ))
        .unwrap();
    }
    let mut auditor = command("audit --matrix m.toml -i eth0 -i many* --format json --for 1s");
    auditor.current_dir(directory.path());
    let said = Mutex::new(None);
    let on_line = |line: &str| {
        if line.contains("watching") {
            let mut said = said.lock().unwrap();
            said.get_or_insert_with(Timestamp::now);
        }
    };
    let finished = process::run(&one, &auditor, "watching", &on_line, |_| Ok(())).unwrap();
    let report = report(&finished.stdout);
    let start: Timestamp = report["window"]["start"].as_str().unwrap().parse().unwrap();
    let said = said.into_inner().unwrap().unwrap();
    assert!(start <= said, "begun at {start}, said at {said}");
}

/// So many that looking at each takes a while.
const MANY: u32 = 30;
