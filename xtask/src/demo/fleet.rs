//! The demo of a fleet: a watch on each host of the cluster, three servers, and one report for all of them.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use lab::{
    jetstream,
    process::{Job, run_all},
    script::{DEPLOYMENT, Example, FLEET, FLEET_WINDOW, HOSTS, STEPS},
};
use serde_json::Value;

use crate::{
    setup,
    shell::{print, say},
};

/// Where the demo keeps its files, seen from the repository.
const DIRECTORY: &str = "target/demo/fleet";
/// Hosts that watch for so long have seen all of the window when the script is still in it.
const AHEAD: Duration = Duration::from_secs(10);
/// How often the report is looked at until the window is over.
const TIMES: u32 = 60;

/// Plays the script while all hosts watch, and prints the fleet's report.
pub(super) fn run(auditor: &Path, root: &Path) -> anyhow::Result<()> {
    setup::install_packages(&[("nats-server", "nats-server")])?;
    let directory = root.join(DIRECTORY);
    // What an earlier demo saw is none of this one.
    if directory.exists() {
        fs::remove_dir_all(&directory)
            .with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    fs::write(
        directory.join("auditor.toml"),
        format!("matrix = [\"../matrix.toml\"]\n{FLEET_WINDOW}{DEPLOYMENT}{FLEET}"),
    )?;
    say("demo: building a cluster of network namespaces");
    let example = Example::build()?;
    let router = &example.cluster.router;
    let mut jobs = jetstream::servers(router, &directory);
    for name in HOSTS {
        jobs.push(Job {
            host: example.cluster.host(name)?,
            command: watch(auditor, &directory, name),
            ready: "watching",
        });
    }
    let on_line = |host: &str, line: &str| {
        if line.starts_with("auditor: ") && line.contains("can't") {
            say(&format!("  {host}: {line}"));
        }
    };
    say("demo: three servers on the router, and a watch on each of the hosts");
    run_all(&jobs, &on_line, |_| {
        let fleet = |arguments: &[&str]| -> anyhow::Result<Output> {
            router.enter(|| {
                let mut command = Command::new(auditor);
                command.current_dir(&directory).arg("fleet").args(arguments);
                Ok(command.args(["--config", "auditor.toml"]).output()?)
            })
        };
        thread::sleep(AHEAD);
        print("\nThe cluster talks:");
        for step in &STEPS {
            let (transport, port) = (step.transport.name(), step.port);
            print(&format!(
                "  {:>8} -> {:<8} {transport}/{port:<5}  {}",
                step.client, step.server, step.story
            ));
            example.play(step)?;
        }
        say("demo: all is said; waiting for the window to end");
        for time in 0.. {
            let output = fleet(&["report", "--format", "json"])?;
            let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
            let hosts = report.pointer("/summary/hosts").and_then(Value::as_u64);
            // What was played last takes its moment to be told.
            let rules = report.pointer("/rules").map(Value::to_string);
            let is_told = rules.is_some_and(|rules| !rules.contains("\"unknown\""));
            let is_whole = is_told && report.pointer("/summary/rules/unassessed").is_none();
            if hosts == u64::try_from(HOSTS.len()).ok() && is_whole {
                break;
            }
            ensure!(time < TIMES, "the hosts did not see all of the window");
            thread::sleep(Duration::from_millis(500));
        }
        print("\nOne report for all of the hosts:");
        print(&format!(
            "  $ auditor fleet report --config {DIRECTORY}/auditor.toml\n"
        ));
        let output = fleet(&["report"])?;
        let text = String::from_utf8_lossy(&output.stdout);
        print(text.trim_end());
        fs::write(directory.join("report.txt"), text.as_bytes())?;
        fleet(&["report", "--format", "html", "-o", "report.html"])?;
        fleet(&["report", "--format", "json", "-o", "report.json"])?;
        print(&format!(
            "\nFiles: {DIRECTORY}/report.html, the same as a page for browsers, and report.json, of which\n\
             `auditor explain --report {DIRECTORY}/report.json tcp/61001` says more."
        ));
        for wanted in [
            "master1 asked, and agent1 never received it: something between the two drops it",
            "it reached agent2, which refused it: no socket listens there",
        ] {
            ensure!(text.contains(wanted), "the report does not say: {wanted}");
        }
        match output.status.code() {
            Some(1) => {
                print("Exit code 1: there are violations, as the script wants.");
                Ok(())
            }
            code => {
                bail!(
                    "the auditor ended with {code:?}: the script wants violations, and exit code 1"
                )
            }
        }
    })?;
    say("demo: nothing of it is left");
    Ok(())
}

/// The watch of a host.
fn watch(auditor: &Path, directory: &Path, name: &str) -> Command {
    let mut command = Command::new(auditor);
    command.current_dir(directory).args([
        "watch",
        "--config",
        "auditor.toml",
        "--every",
        "500ms",
        "--listen",
        "none",
        "--state",
        name,
    ]);
    command
}
