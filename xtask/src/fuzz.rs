//! Lets a fuzzer write pages.

use anyhow::Context as _;
use clap::Args;

use crate::{
    setup,
    shell::{self, cargo, has, root, say},
};

/// One target for each format, in the order in which they run.
const TARGETS: [&str; 5] = ["markdown", "html", "asciidoc", "rst", "csv"];
const CARGO_FUZZ: &str = "0.13.2";

#[derive(Args, Debug)]
pub(crate) struct Fuzz {
    /// Seconds for each format
    #[arg(long, default_value_t = 600)]
    seconds: u32,
    /// Only this format: markdown, html, asciidoc, rst or csv
    #[arg(value_parser = TARGETS)]
    target: Option<String>,
}

/// Runs the fuzz targets one after the other, and stops at the first page that fails.
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
        // The fuzzer starts from pages that a person wrote.
        let corpus = root().join("fuzz/corpus").join(target);
        std::fs::create_dir_all(&corpus)
            .with_context(|| format!("cannot make {}", corpus.display()))?;
        let seed = root().join("demo/ports.md");
        std::fs::copy(&seed, corpus.join("demo"))
            .with_context(|| format!("cannot copy {}", seed.display()))?;
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
