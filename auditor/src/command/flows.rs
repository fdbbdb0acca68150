//! `auditor flows`: the flows of this host, without comparing them with rules.

use anyhow::bail;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::{filter::FlowFilterOptions, flow_json::flow_line, options::CaptureOptions};
use crate::{
    agent::{
        host::HostFacts,
        session::Session,
        settings::{CaptureSettings, Lifetime},
    },
    deployment::ProcessDetail,
    exit::Exit,
    length::length,
    observed::Observed,
    output::{Readers, print, write_lines},
    report,
};

/// Print the flows of this host's interfaces, without a verdict.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor flows -i eth0 --for 10s")]
pub struct FlowsCommand {
    /// An interface to watch, or a pattern such as 'veth*'; without it, every physical one that is up. What comes later is
    /// watched as well. May be repeated
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,
    /// How long to watch, such as 5s or 1m
    #[arg(long = "for", value_name = "TIME", default_value = "5s", value_parser = length)]
    window: SignedDuration,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    #[command(flatten)]
    filter: FlowFilterOptions,
    #[command(flatten)]
    capture: CaptureOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A table
    Table,
    /// A JSON object for each flow
    Jsonl,
}

/// Watches and prints.
///
/// # Errors
///
/// Missing privileges, interfaces that can't be watched, or a refusal by the kernel.
pub fn run(command: &FlowsCommand) -> anyhow::Result<Exit> {
    let filter = command.filter.filter();
    if filter.asks_for_roles() {
        bail!(
            "nobody has a role where nothing is compared: expected addresses or networks for --client and --server; `auditor audit` knows roles"
        );
    }
    let capture = command.capture.settings();
    let observed = capture.runtime()?.block_on(observe(command, &capture))?;
    let flows = filter.flows(&observed.host, &observed.flows);
    match command.format {
        Format::Table => print(&report::flow_table(&observed, &flows))?,
        Format::Jsonl => write_lines(None, flows.into_iter().map(flow_line), Readers::Owner)?,
    }
    Ok(Exit::Clean)
}

async fn observe(command: &FlowsCommand, capture: &CaptureSettings) -> anyhow::Result<Observed> {
    let facts = HostFacts::read(capture.network_namespace.clone()).await?;
    let mut session = Session::attach(
        facts,
        &[],
        &command.interface,
        capture,
        ProcessDetail::Off,
        Lifetime::Foreground,
    )?;
    session.run_window(command.window).await?;
    Ok(session.finish(command.window))
}
