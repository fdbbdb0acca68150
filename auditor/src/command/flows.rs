//! `auditor flows`: what is there, before anything is compared.

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::replay::flow_line;
use crate::{
    agent::observe::{CaptureOptions, observe},
    exit::Exit,
    length::length,
    output::{write, write_lines},
    report,
};

/// Print the flows of this host's interfaces, without a verdict.
#[derive(Args, Debug)]
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
    counting: CaptureOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// A table, busiest flows first
    Table,
    /// A JSON object for each flow
    Jsonl,
}

/// Watches and prints.
///
/// # Errors
///
/// Whatever keeps it from running: privileges, interfaces, the kernel.
pub fn run(command: &FlowsCommand) -> anyhow::Result<Exit> {
    let observed = command.counting.runtime()?.block_on(observe(
        &[],
        &command.interface,
        command.window,
        &command.counting,
        |_| Ok(()),
    ))?;
    match command.format {
        Format::Table => write(None, &report::flow_table(&observed))?,
        Format::Jsonl => write_lines(None, observed.flows.iter().map(flow_line))?,
    }
    Ok(Exit::Clean)
}
