//! Lets a fuzzer write pages and packets.

use anyhow::Context as _;
use clap::Args;

use crate::{
    setup,
    shell::{self, cargo, has, root, say},
};

/// One target for each format of pages, in the order in which they run, and one for packets.
const TARGETS: [&str; 6] = ["markdown", "html", "asciidoc", "rst", "csv", PACKET];
const PACKET: &str = "packet";
const CARGO_FUZZ: &str = "0.13.2";

#[derive(Args, Debug)]
pub(crate) struct Fuzz {
    /// Seconds for each target
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Only this target: markdown, html, asciidoc, rst, csv or packet
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
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
    for target in TARGETS {
        if fuzz.target.as_deref().is_some_and(|only| only != target) {
            continue;
        }
        let corpus = root().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&corpus)
            .with_context(|| format!("cannot make {}", corpus.display()))?;
        // The fuzzer starts from what a person wrote.
        let seeds = if target == PACKET {
            "fuzz/seeds/packet"
        } else {
            "demo"
        };
        for seed in
            std::fs::read_dir(root().join(seeds)).with_context(|| format!("cannot list {seeds}"))?
        {
            let seed = seed?;
            std::fs::copy(seed.path(), corpus.join(seed.file_name()))
                .with_context(|| format!("cannot copy {}", seed.path().display()))?;
        }
        let mut command = cargo();
        command
            .current_dir(root().join("fuzz"))
            // The sanitizers are behind a gate that the stable compiler opens for this build alone.
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["fuzz", "run", target, "--"])
            .arg(format!("-max_total_time={}", fuzz.seconds))
            .args(["-max_len=8192", "-timeout=10", "-rss_limit_mb=1024"]);
        shell::run(&mut command)?;
    }
    Ok(())
}
