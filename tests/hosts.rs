//! The example cluster of the demo with a watch on each of its hosts: the fleet's report, compared line by line with the script.

use std::{path::Path, process::Output, time::Duration};

use lab::{
    Expected, jetstream,
    process::{Job, run_all},
    script::{DEPLOYMENT, Example, FLEET, FLEET_WINDOW, HOSTS, MISSING_PORT, STEPS, Step},
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{command, repository, run},
        wait::until,
    },
    fleet::fleet,
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    what_all_hosts_say_is_what_was_played: [Kernel, Program("nft"), Program("nats-server")],
}

fn what_all_hosts_say_is_what_was_played() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let page = repository().join("demo/ports.md");
    let imported = run(path, &format!("import {} -o matrix.toml", page.display()));
    assert_eq!(imported.status.code(), Some(0));
    let deployment = format!("matrix = \"matrix.toml\"\n{FLEET_WINDOW}{DEPLOYMENT}{FLEET}");
    std::fs::write(path.join("a.toml"), deployment).unwrap();
    let example = Example::build().unwrap();
    let router = &example.cluster.router;
    let mut jobs = jetstream::servers(router, path);
    for name in HOSTS {
        let arguments = format!("watch --config a.toml --every 500ms --listen none --state {name}");
        let mut command = command(&arguments);
        command.current_dir(path);
        jobs.push(Job {
            host: example.cluster.host(name).unwrap(),
            command,
            ready: "watching",
        });
    }
    let ask = |arguments: &str| -> Output { fleet(router, path, arguments) };
    run_all(&jobs, &|_, _| {}, |_| {
        // So that what is played is in the window when all of it was watched; where hosts begin slowly, the first of them have
        // watched all of theirs when what was played last is not told yet.
        std::thread::sleep(Duration::from_secs(10));
        for step in &STEPS {
            example.play(step)?;
        }
        let mut last = Value::Null;
        until("all of the window was watched", || {
            std::thread::sleep(Duration::from_millis(200));
            let output = ask("report --format json");
            last = serde_json::from_slice(&output.stdout).unwrap_or_default();
            let summary = &last["summary"];
            summary["hosts"] == HOSTS.len()
                && summary["rules"]["unassessed"].is_null()
                && summary["rules"]["refused"] == 1
                && !last["rules"].to_string().contains("\"unknown\"")
        });
        check(&example, &last);
        check_page(&ask("report --format html"), path);
        Ok(())
    })
    .unwrap();
}

/// What is found of a step, if anything should be.
fn found<'a>(example: &Example, report: &'a Value, step: &Step) -> Vec<&'a Value> {
    let address = |host| example.cluster.address(host, step.version).unwrap();
    let (client, server) = (address(step.client), address(step.server));
    let service = format!("{}/{}", step.transport.name(), step.port);
    let findings = report["findings"].as_array().unwrap().iter();
    findings
        .filter(|one| {
            one["service"] == service.as_str()
                && one["client"]["addresses"][0] == client.to_string().as_str()
                && one["server"]["addresses"][0] == server.to_string().as_str()
        })
        .collect()
}

#[track_caller]
fn check(example: &Example, report: &Value) {
    let mut n_unexpected = 0;
    for step in &STEPS {
        let found = found(example, report, step);
        let reason = match step.expected {
            Expected::Documented | Expected::Unanswered | Expected::Refused => None,
            Expected::UnexpectedPort => Some("port"),
            Expected::UnexpectedPeer => Some("peer"),
            Expected::UnexpectedDirection => Some("direction"),
        };
        match reason {
            None => assert!(found.is_empty(), "{step:?}: {found:?}"),
            Some(reason) => {
                n_unexpected += 1;
                assert_eq!(found.len(), 1, "{step:?}");
                assert_eq!(found[0]["kind"], "unexpected", "{step:?}");
                assert_eq!(found[0]["reason"], reason, "{step:?}");
                assert_eq!(found[0]["course"]["kind"], "answered", "{step:?}");
                assert_eq!(found[0]["client"]["hosts"][0], step.client, "{step:?}");
                assert_eq!(found[0]["server"]["hosts"][0], step.server, "{step:?}");
            }
        }
        let rules = report["rules"].as_array().unwrap().iter();
        let ports = step.port.to_string();
        let mut rules = rules.filter(|rule| rule["ports"] == ports.as_str());
        let course = match step.expected {
            Expected::Unanswered => ("unanswered", "never-arrived"),
            Expected::Refused => ("refused", "refused-by-server"),
            Expected::Documented
            | Expected::UnexpectedPort
            | Expected::UnexpectedPeer
            | Expected::UnexpectedDirection => continue,
        };
        let rule = rules.next().unwrap();
        assert_eq!(rule["verdict"], course.0);
        assert_eq!(rule["courses"].as_array().unwrap().len(), 1);
        let kind = &rule["courses"][0]["course"]["kind"];
        assert_eq!(kind, course.1, "{rule:#}");
        assert_eq!(rule["courses"][0]["conversations"], 1);
    }
    // Nothing else is found: not of the hosts, and not of what they publish by.
    assert_eq!(report["findings"].as_array().unwrap().len(), n_unexpected);
    assert_eq!(report["problems"], serde_json::json!([]));
    for host in report["hosts"].as_array().unwrap() {
        assert_eq!(host["voice"], "speaking", "{host}");
        assert_eq!(host["remarks"], serde_json::json!([]), "{host}");
    }
    let missing = report["rules"].as_array().unwrap().iter();
    let missing = missing.filter(|rule| rule["verdict"] == "missing");
    let ports: Vec<&str> = missing
        .map(|rule| rule["ports"].as_str().unwrap())
        .collect();
    assert_eq!(ports, [MISSING_PORT.to_string()]);
    // Both ends of each conversation are one.
    let flows = &report["summary"]["flows"];
    let mut conversations: Vec<_> = STEPS
        .iter()
        .map(|step| {
            (
                step.client,
                step.server,
                step.version as u8,
                step.transport.name(),
                step.port,
            )
        })
        .collect();
    conversations.sort_unstable();
    conversations.dedup();
    let documented = conversations.len() - n_unexpected;
    assert_eq!(flows["documented"], documented, "{flows}");
    assert_eq!(flows["unexpected"], n_unexpected, "{flows}");
}

/// The first lines of the page say how it is.
#[track_caller]
fn check_page(output: &Output, directory: &Path) {
    let page = String::from_utf8_lossy(&output.stdout);
    for expected in [
        "Port audit of 6 hosts",
        "The traffic is not what the documentation says.",
        "master1 asked, and agent1 never received it",
    ] {
        assert!(page.contains(expected), "{}: {page}", directory.display());
    }
}
