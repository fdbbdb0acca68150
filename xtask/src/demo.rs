//! The demo of the auditor: a page, a cluster with traffic, a report.

mod fleet;

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, bail};
use clap::Args;
use lab::{
    Capture,
    process::{self, Finished},
    script::{AUDITED, DEPLOYMENT, Example, STEPS},
};

use crate::{
    setup,
    shell::{self, cargo, is_root, print, root, say},
};

/// Longer than the script takes, so that nothing is cut off.
const WINDOW: &str = "10s";

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Watch on every host of the cluster, and print one report for all of them
    #[arg(long)]
    fleet: bool,
}

/// Builds, plays the script in a lab, and prints the auditor's report.
pub(crate) fn run(demo: &Demo) -> anyhow::Result<()> {
    if !is_root() {
        bail!(
            "the demo makes network namespaces and loads programs into the kernel, so it needs root; run it with: \
             sudo -E env \"PATH=$PATH\" cargo xtask demo"
        );
    }
    setup::install()?;
    say("demo: building");
    shell::run(cargo().args(["build", "--quiet", "--package", "auditor"]))?;
    let root = root();
    let auditor = root.join("target/debug/auditor");
    let directory = root.join("target/demo");
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;

    print("From the page of ports to a matrix of rules:");
    print("  $ auditor import demo/ports.md -o target/demo/matrix.toml");
    shell::run(Command::new(&auditor).current_dir(&root).args([
        "import",
        "demo/ports.md",
        "-o",
        "target/demo/matrix.toml",
    ]))?;
    if demo.fleet {
        return fleet::run(&auditor, &root);
    }
    fs::write(
        directory.join("auditor.toml"),
        format!("matrix = [\"matrix.toml\"]\n{DEPLOYMENT}"),
    )?;

    say("demo: building a cluster of network namespaces");
    let example = Example::build()?;
    print(&format!(
        "\nThe audit runs on {AUDITED} while the cluster talks:"
    ));
    print(&format!(
        "  $ auditor audit --config target/demo/auditor.toml --for {WINDOW} --json target/demo/report.json"
    ));
    let capture = Capture::start(
        example.cluster.host(AUDITED)?,
        &directory.join("capture.pcap"),
    )?;
    let finished = audit(&auditor, &root, &example)?;
    let n_frames = capture.stop()?;
    print("");
    print(finished.stdout.trim_end());
    fs::write(directory.join("report.txt"), &finished.stdout)?;
    shell::run(Command::new(&auditor).current_dir(&root).args([
        "report",
        "target/demo/report.json",
        "--format",
        "html",
        "-o",
        "target/demo/report.html",
        "--fail-on",
        "never",
    ]))?;
    print(
        "\nFiles: target/demo/report.html, the same as a page for browsers, and report.json; matrix.toml and auditor.toml, what it",
    );
    print(&format!(
        "was compared with; target/demo/capture.pcap, {n_frames} frames of {AUDITED} caught beside it."
    ));
    match finished.status.code() {
        Some(1) => {
            print("Exit code 1: there are violations, as the script wants.");
            Ok(())
        }
        code => {
            bail!("the auditor ended with {code:?}: the script wants violations, and exit code 1")
        }
    }
}

/// Runs the auditor on the audited host, and the script once it watches.
fn audit(auditor: &Path, root: &Path, example: &Example) -> anyhow::Result<Finished> {
    let mut command = Command::new(auditor);
    command
        .current_dir(root)
        .args(["audit", "--config", "target/demo/auditor.toml"]);
    command.args(["--for", WINDOW, "--json", "target/demo/report.json"]);
    let on_line = |line: &str| say(&format!("  {line}"));
    process::run(
        example.cluster.host(AUDITED)?,
        &command,
        "watching",
        &on_line,
        |_| {
            for step in &STEPS {
                let (transport, port) = (step.transport.name(), step.port);
                print(&format!(
                    "  {:>8} -> {:<8} {transport}/{port:<5}  {}",
                    step.client, step.server, step.story
                ));
                example.play(step)?;
            }
            say("demo: all is said; waiting for the window to end");
            Ok(())
        },
    )
}
