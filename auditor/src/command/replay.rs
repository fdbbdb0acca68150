//! `auditor replay`: capture files instead of interfaces.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{AddrParseError, IpAddr},
    path::PathBuf,
};

use anyhow::{Context as _, bail};
use auditor_common::Reason;
use clap::Args;
use ipnet::IpNet;
use serde::Serialize;

use super::{
    flow_json::flow_line,
    options::{OutputOptions, PolicyOptions},
};
use crate::{
    agent::{
        configuration::Configuration,
        names,
        replay::{ReplayError, Replayed, busiest, captured_host, display_name, takes_part},
    },
    capture::replay::Totals,
    exit::Exit,
    output::{Readers, say, write_lines},
};

/// Send captures through the very programs that count on interfaces, and compare what they hold with the matrix.
#[derive(Args, Debug)]
#[command(
    after_help = "Example: auditor replay capture.pcap --config auditor.toml --address 10.0.0.1/24"
)]
pub struct ReplayCommand {
    /// Captures of one host, pcap or pcapng, also compressed by gzip or zstd; - is standard input
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    policy: PolicyOptions,
    /// An address of the host that was captured, with its network if that is known (10.0.0.1/24); without it, the one that
    /// takes part in every flow. May be repeated
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    address: Vec<IpNet>,
    /// Print flows as JSON Lines, and the totals, instead of verdicts
    #[arg(long)]
    flows: bool,
    /// Count what VXLAN, Geneve, GRE and IP-in-IP tunnels carry as well, as flows of their own
    #[arg(long)]
    decapsulate: bool,
    #[command(flatten)]
    output: OutputOptions,
}

/// Reads an address, with or without the length of its network's prefix.
fn address(text: &str) -> Result<IpNet, AddrParseError> {
    text.parse()
        .or_else(|_problem| text.parse::<IpAddr>().map(IpNet::from))
}

/// Runs the replay.
///
/// # Errors
///
/// Unreadable or wrong files, missing privileges, or a refusal by the kernel.
pub fn run(command: &ReplayCommand) -> anyhow::Result<Exit> {
    let sources = command.policy.sources();
    let configuration = if command.flows && sources.is_empty() {
        None
    } else {
        Some(Configuration::read(&sources)?)
    };
    let mut replayed = Replayed::new(command.decapsulate);
    match replayed.add_all(&command.captures, command.flows) {
        Ok(()) => {}
        Err((path, ReplayError::Refused(error))) if command.flows => {
            let reason = format!("{} {error}", display_name(path));
            say(&format!("auditor: {reason}"));
            let line = serde_json::to_string(&RefusedJson {
                kind: "refused",
                reason,
            });
            write_lines(
                command.output.output.as_deref(),
                [line].into_iter(),
                Readers::Owner,
            )?;
            return Ok(Exit::Failed);
        }
        Err((path, ReplayError::Refused(error))) => {
            return Err(error).with_context(|| format!("{} can't be replayed", display_name(path)));
        }
        Err((
            _,
            error @ (ReplayError::Open { .. }
            | ReplayError::Repeated { .. }
            | ReplayError::Kernel(_)),
        )) => {
            return Err(error.into());
        }
    }
    let matrices = configuration
        .as_ref()
        .map(|configuration| configuration.matrices.as_slice())
        .unwrap_or_default();
    let flows = replayed.flows(matrices, None);
    if command.flows {
        let totals = serde_json::to_string(&TotalsJson::new(&replayed.totals));
        let lines = flows.iter().map(flow_line).chain([totals]);
        write_lines(command.output.output.as_deref(), lines, Readers::Owner)?;
        return Ok(Exit::Clean);
    }
    let configuration = configuration
        .as_ref()
        .context("there is nothing to compare with: give --config or --matrix")?;
    configuration.check_roles()?;
    if replayed.totals.frames == 0 {
        bail!(
            "there is no packet in {}: nothing was watched, so nothing can be judged",
            names_of(&command.captures)
        );
    }
    let host = captured_host(&command.address, &flows)?;
    if !takes_part(&host, &flows) {
        replayed.lacks(&one_of(&host.addresses), busiest(&flows));
    }
    // Whose capture it is says more of who asked.
    let flows = replayed.flows(matrices, Some(&host));
    let policy = configuration.policy(&host, &mut names::system_lookup)?;
    let observed = replayed.observed(host, flows, &command.captures);
    let report = configuration.report_within(policy, observed, command.output.bounds());
    command.output.write(report)
}

/// `10.0.0.1`, or `one of 10.0.0.1, 10.0.0.2`.
fn one_of(addresses: &BTreeSet<IpAddr>) -> String {
    let names: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
    match names.as_slice() {
        [one] => one.clone(),
        several => format!("one of {}", several.join(", ")),
    }
}

fn names_of(captures: &[PathBuf]) -> String {
    let names: Vec<String> = captures.iter().map(|path| display_name(path)).collect();
    names.join(", ")
}

/// Counts over all frames.
#[derive(Serialize)]
struct TotalsJson {
    #[serde(rename = "type")]
    kind: &'static str,
    frames: u64,
    /// Frames whose type is not that of IP, be it inside or not: also of `PPPoE`, MPLS and `MACsec`.
    non_ip: u64,
    malformed: u64,
    short: u64,
    fragments: u64,
    /// Packets in no flow, by reason. Those of the flows and these are all frames, but for `inside-unread`, which a frame may be
    /// beside its flow; `short` and `fragments` are in flows.
    without_flow: BTreeMap<&'static str, u64>,
}

impl TotalsJson {
    fn new(totals: &Totals) -> Self {
        let count = |reasons: &[Reason]| {
            reasons
                .iter()
                .filter_map(|reason| totals.without_flow.get(reason))
                .map(|tally| tally.packets)
                .sum()
        };
        Self {
            kind: "totals",
            frames: totals.frames,
            non_ip: count(&[Reason::Arp, Reason::NotIp, Reason::LinkUnread]),
            malformed: count(&[Reason::Truncated, Reason::Malformed]),
            short: totals.short,
            fragments: totals.fragments,
            without_flow: totals
                .without_flow
                .iter()
                .map(|(reason, tally)| (reason.name(), tally.packets))
                .collect(),
        }
    }
}

#[derive(Serialize)]
struct RefusedJson {
    #[serde(rename = "type")]
    kind: &'static str,
    reason: String,
}
