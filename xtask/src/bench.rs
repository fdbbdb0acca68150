//! Measures, against a floor of the same run.

use std::path::PathBuf;

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
    /// Only the packets whose shape and hook hold this text, such as "IPv4, xdp"
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Runs the benches: what reading a page, judging flows and remembering them cost, and as root what counting a packet costs and what an audit costs a host.
pub(crate) fn run(bench: &Bench) -> anyhow::Result<()> {
    setup::install()?;
    let benches = ["bench", "--package", "auditor", "--bench"];
    if bench.only.is_none() {
        shell::run(cargo().args(["bench", "--package", "auditor-matrix", "--bench", "import"]))?;
        shell::run(cargo().args(benches).arg("audit"))?;
        shell::run(cargo().args(benches).arg("history"))?;
    }
    let mut packets = cargo();
    packets.args(benches).args(["packets", "--"]);
    if let Some(only) = &bench.only {
        packets.args(["--only", only]);
    }
    if let Some(json) = &bench.json {
        packets.arg("--json").arg(std::path::absolute(json)?);
    }
    shell::run(&mut packets)?;
    if bench.only.is_some() {
        return Ok(());
    }
    let mut live = cargo();
    live.args(benches).args(["live", "--"]);
    if let Some(json) = &bench.json {
        live.arg("--json")
            .arg(std::path::absolute(json)?.with_extension("live.json"));
    }
    shell::run(&mut live)
}
