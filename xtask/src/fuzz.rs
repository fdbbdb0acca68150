//! Runs the fuzzer, which writes pages and packets.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use clap::Args;

use crate::{
    setup,
    shell::{self, cargo, has, root, say},
};

const PACKET: &str = "packet";
const CARGO_FUZZ: &str = "0.13.2";
/// The directory with one page of each format, named after it: the fuzzer's seeds.
const PAGES: &str = "auditor-matrix/tests/pages";

#[derive(Args, Debug)]
pub(crate) struct Fuzz {
    /// Seconds for each target
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Only this target: a format of pages such as markdown, or packet
    target: Option<String>,
}

/// A fuzz target, with the files from which the fuzzer starts.
struct Target {
    name: String,
    seeds: Vec<PathBuf>,
}

/// A target for each format of pages, and one for packets.
fn targets() -> anyhow::Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::new();
    for page in files(PAGES)? {
        let name = page.file_stem().unwrap_or_default();
        targets.push(Target {
            name: name.to_string_lossy().into_owned(),
            seeds: [vec![page.clone()], files("demo")?].concat(),
        });
    }
    targets.push(Target {
        name: PACKET.to_owned(),
        seeds: files("fuzz/seeds/packet")?,
    });
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
    for Target { name, seeds } in targets {
        let corpus = root().join("fuzz/corpus").join(&name);
        std::fs::create_dir_all(&corpus)
            .with_context(|| format!("cannot make {}", corpus.display()))?;
        for seed in seeds {
            std::fs::copy(&seed, corpus.join(seed.file_name().unwrap_or_default()))
                .with_context(|| format!("cannot copy {}", seed.display()))?;
        }
        let binary = if name == PACKET { PACKET } else { "page" };
        let mut command = cargo();
        command
            .current_dir(root().join("fuzz"))
            // Sanitizers are an unstable feature, which the stable compiler enables for this build alone.
            .env("RUSTC_BOOTSTRAP", "1")
            .env("FORMAT", &name)
            .args(["fuzz", "run", binary])
            .arg(corpus)
            .arg("--")
            .arg(format!("-max_total_time={}", fuzz.seconds))
            .args(["-max_len=8192", "-timeout=10", "-rss_limit_mb=1024"]);
        shell::run(&mut command)?;
    }
    Ok(())
}
