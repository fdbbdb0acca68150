//! Runs the fuzzer, which writes pages, packets, requests, and files of the auditor's own.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::{
    setup,
    shell::{self, cargo, has, root, say},
};

/// The targets beside those of pages: their names, which are those of their seeds' directories, the programs that run them, and
/// the most bytes of an input. A changed database is written as what is changed; a whole one takes more than a page does.
const OTHERS: [(&str, &str, u32); 7] = [
    ("packet", "packet", PAGE),
    ("http", "http", PAGE),
    ("history", "state", 4 * PAGE),
    ("report", "state", PAGE),
    ("deployment", "state", PAGE),
    ("inventory", "state", PAGE),
    ("message", "state", PAGE),
];
const PAGE: u32 = 8192;
const CARGO_FUZZ: &str = "0.13.2";
/// The directory with one page of each format, named after it: the fuzzer's seeds.
const PAGES: &str = "auditor-matrix/tests/pages";

#[derive(Args, Debug)]
pub(crate) struct Fuzz {
    /// Seconds for each target
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Only this target: a format of pages such as markdown, packet, http, or a kind of files such as history
    target: Option<String>,
}

/// A fuzz target, with the files from which the fuzzer starts.
struct Target {
    name: String,
    /// The program that runs it, which is told the name.
    program: &'static str,
    max_len: u32,
    seeds: Vec<PathBuf>,
}

/// A target for each format of pages, and the others.
fn targets() -> anyhow::Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::new();
    for page in files(PAGES)? {
        let name = page.file_stem().unwrap_or_default();
        targets.push(Target {
            name: name.to_string_lossy().into_owned(),
            program: "page",
            max_len: PAGE,
            seeds: [vec![page.clone()], files("demo")?].concat(),
        });
    }
    for (name, program, max_len) in OTHERS {
        targets.push(Target {
            name: name.to_owned(),
            program,
            max_len,
            seeds: files(&format!("fuzz/seeds/{name}"))?,
        });
    }
    Ok(targets)
}

/// The files of a directory of the repository, by name.
fn files(directory: &str) -> anyhow::Result<Vec<PathBuf>> {
    let listed = || format!("cannot list {directory}");
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(root().join(directory)).with_context(listed)? {
        files.push(entry.with_context(listed)?.path());
    }
    files.sort();
    Ok(files)
}

/// Runs the fuzz targets one after the other, and stops at the first input that fails.
pub(crate) fn run(fuzz: &Fuzz) -> anyhow::Result<()> {
    setup::install()?;
    if !has("cargo-fuzz") {
        say("fuzz: building cargo-fuzz, which takes a minute");
        let install = [
            "install",
            "cargo-fuzz",
            "--version",
            CARGO_FUZZ,
            "--locked",
            "--quiet",
        ];
        shell::run(cargo().args(install))?;
    }
    let mut targets = targets()?;
    if let Some(only) = &fuzz.target {
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        targets.retain(|target| target.name == *only);
        ensure!(
            !targets.is_empty(),
            "`{only}` is no fuzz target: choose one of {}",
            names.join(", ")
        );
    }
    for target in targets {
        let Target {
            name,
            program,
            max_len,
            seeds,
        } = target;
        let corpus = root().join("fuzz/corpus").join(&name);
        std::fs::create_dir_all(&corpus)
            .with_context(|| format!("cannot make {}", corpus.display()))?;
        for seed in seeds {
            std::fs::copy(&seed, corpus.join(seed.file_name().unwrap_or_default()))
                .with_context(|| format!("cannot copy {}", seed.display()))?;
        }
        let mut command = cargo();
        command
            .current_dir(root().join("fuzz"))
            // Sanitizers are an unstable feature, which the stable compiler enables for this build alone.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("FORMAT", &name)
            .args(["fuzz", "run", program])
            .arg(corpus)
            .arg("--")
            .arg(format!("-max_total_time={}", fuzz.seconds))
            .arg(format!("-max_len={max_len}"))
            .args(["-timeout=10", "-rss_limit_mb=1024"]);
        shell::run(&mut command)?;
    }
    Ok(())
}
