//! Runs the benches, with each figure beside a floor from the same run, and records the figures.

use std::{fmt::Write as _, fs, path::PathBuf, process::Command};

use anyhow::Context as _;
use clap::Args;

use crate::{
    setup,
    shell::{self, cargo},
};

#[derive(Args, Debug)]
pub(crate) struct Bench {
    /// Write what a packet costs as JSON to this file as well, and what an audit costs a host beside it (`.live.json`)
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Only the loads whose shape, hook and name hold this text, such as "IPv4, xdp" or "unknown"
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Measure what an IPv4 packet costs, and fail where it is more beside the floors of the same run than it may be
    #[arg(long, conflicts_with_all = ["write", "json"])]
    check: bool,
    /// Measure a program of another tool beside ours, with the same loads: its compiled object, and the program's name in it
    #[arg(long, value_name = "OBJECT:PROGRAM", conflicts_with_all = ["write", "json", "check"])]
    peers: Option<String>,
    /// Instead of all that, see for so many minutes whether what a watch takes stays level while everything around it changes
    #[arg(long, value_name = "MINUTES", num_args = 0..=1, default_missing_value = "30",
        conflicts_with_all = ["write", "json", "check", "peers", "only"])]
    soak: Option<u32>,
    /// Write all figures, and the machine that they are from, as a page: docs/performance.md
    #[arg(long, conflicts_with = "only")]
    write: bool,
}

/// The page of figures, from the workspace's directory.
const PAGE: &str = "docs/performance.md";

/// The benches in the order of the page: the crate, the name, and what its figures say.
const BENCHES: [(&str, &str, &str); 8] = [
    (
        "auditor-matrix",
        "import",
        "Reading pages: rows a second and memory, by format.",
    ),
    (
        "auditor",
        "audit",
        "Judging flows: beside a hash look-up of the same flows, which whoever only counts pays too.",
    ),
    (
        "auditor",
        "fleet",
        "Judging a fleet: what 1,000 hosts saw of 1,000 flows each, joined and judged from a cold start.",
    ),
    (
        "auditor",
        "servers",
        "What a fleet costs a real server, on the same machine as made-up hosts and the watch: messages and bytes that hosts publish, \
         and what they take of a processor and of memory.",
    ),
    (
        "auditor",
        "history",
        "Remembering flows on disk: bytes a flow, and the time to open and to write.",
    ),
    (
        PACKETS.0,
        PACKETS.1,
        "Counting a packet: nanoseconds above an empty program of the same hook, the least of several test runs. Floors of the same \
         run: a counter in a per-CPU array, a counter in a cache line a peer, a per-CPU hash with a 40-byte key.",
    ),
    (
        "auditor",
        "rest",
        "A host at rest: what a watch takes of a processor and of memory, the pages of its program and what it maps of the kernel's \
         tables included. These take 49 MiB of the kernel with the default of --flows on two CPUs.",
    ),
    (
        LIVE.0,
        LIVE.1,
        "Live traffic: what a packet costs in the stack, what one TCP stream keeps of its throughput, the agent's time and \
         memory.",
    ),
];
const PACKETS: (&str, &str) = ("auditor", "packets");
const LIVE: (&str, &str) = ("auditor", "live");

/// Runs the benches; those of packets and of live traffic need root.
pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    setup::install()?;
    if let Some(minutes) = bench.soak {
        let mut command = cargo();
        command.args(["bench", "--package", "auditor", "--bench", "soak", "--"]);
        return shell::run(command.args(["--for", &minutes.to_string()]));
    }
    let json = bench.json.as_ref().map(std::path::absolute).transpose()?;
    let mut page = page_head();
    for (package, name, says) in BENCHES {
        let is_part = bench.only.is_some() || bench.check || bench.peers.is_some();
        if is_part && (package, name) != PACKETS {
            continue;
        }
        let mut command = cargo();
        command.args(["bench", "--package", package, "--bench", name, "--"]);
        if (package, name) == PACKETS {
            if let Some(peers) = &bench.peers {
                // Cargo runs benches in their package's directory.
                command.args(["--peers", &from_root(peers)?]);
            }
            if bench.check {
                command.args([
                    "--check",
                    "--only",
                    bench.only.as_deref().unwrap_or("IPv4, "),
                ]);
            } else if let Some(only) = &bench.only {
                command.args(["--only", only]);
            }
            if let Some(json) = &json {
                command.arg("--json").arg(json);
            }
        }
        if (package, name) == LIVE
            && let Some(json) = &json
        {
            command.arg("--json").arg(json.with_extension("live.json"));
        }
        let figures = shell::run_and_keep(&mut command)?;
        writeln!(
            page,
            "\n## {name}\n\n{says}\n\n```\n{}\n```",
            figures.trim()
        )?;
    }
    if bench.write {
        let path = shell::root().join(PAGE);
        fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// `OBJECT:PROGRAM` with the object's absolute path.
fn from_root(peer: &str) -> anyhow::Result<String> {
    let (object, program) = peer.rsplit_once(':').unwrap_or((peer, ""));
    let object = fs::canonicalize(object).with_context(|| format!("cannot find {object}"))?;
    Ok(format!("{}:{program}", object.display()))
}

/// The head of the page: what it is, and the machine that was measured.
fn page_head() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let n_cpus = cpus
        .lines()
        .filter(|line| line.starts_with("processor"))
        .count();
    let first_line = |program: &str, arguments: &[&str]| {
        let output = Command::new(program)
            .args(arguments)
            .current_dir(shell::root())
            .output();
        output.ok().map_or_else(String::new, |output| {
            String::from_utf8_lossy(&output.stdout)
                .lines()
                .next()
                .unwrap_or_default()
                .to_owned()
        })
    };
    format!(
        "# Performance\n\nWritten by `cargo xtask bench --write`. Processors differ by half, so a figure means something beside the \
         floors of its own run only.\n\n| machine | |\n| --- | --- |\n| processor | {model}, {n_cpus} CPUs |\n| kernel | {} |\n\
         | compiler | {} |\n| date | {} |\n",
        first_line("uname", &["-sr"]),
        first_line("rustc", &["--version"]),
        first_line("date", &["-u", "+%F"]),
    )
}
