//! `auditor replay`: capture files instead of interfaces.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Read},
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use auditor_common::{Reason, Tally, packet::Tunnel};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{
    judge::{Basis, OutputOptions, Plan, documented_test, judge, lookup},
    output::{say, write_lines},
};
use crate::{
    capture::{
        file::{self, FileError},
        replay::{EPOCH, Replay, Totals},
    },
    exit::Exit,
    observed::{Cause, Flow, Gap, Hook, Host, Interface, KnownPorts, Ledger, Observed, Window},
    port::PortRange,
    report::schema::EvidenceName,
};

/// Send captures through the very programs that count on interfaces, and compare what they hold with the matrix.
#[derive(Args, Debug)]
pub struct ReplayCommand {
    /// Captures of one host, pcap or pcapng, also compressed by gzip or zstd; - is standard input
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    #[command(flatten)]
    basis: Basis,
    /// An address of the host that was captured; without it, the one that takes part in every flow. May be repeated
    #[arg(long, value_name = "ADDRESS")]
    address: Vec<IpAddr>,
    /// Print flows as JSON Lines, and the totals, instead of verdicts
    #[arg(long)]
    flows: bool,
    /// Count what VXLAN, Geneve, GRE and IP-in-IP tunnels carry as well, as flows of their own
    #[arg(long)]
    decapsulate: bool,
    #[command(flatten)]
    output: OutputOptions,
}

/// Runs the replay.
///
/// # Errors
///
/// Whatever keeps it from running: files, privileges, the kernel.
pub fn run(command: &ReplayCommand) -> anyhow::Result<Exit> {
    let plan = if command.flows && command.basis.is_empty() {
        None
    } else {
        Some(Plan::read(&command.basis)?)
    };
    let mut replayed = Replayed {
        decapsulate: command.decapsulate,
        ..Replayed::default()
    };
    let mut gaps = Vec::new();
    for path in &command.captures {
        match replayed.file(path, command.flows)? {
            Ok(cut) => gaps.extend(cut),
            Err(error) if command.flows => {
                let reason = format!("{} {error}", name(path));
                say(&format!("auditor: {reason}"));
                let line = line(&RefusedJson {
                    kind: "refused",
                    reason,
                });
                write_lines(command.output.output.as_deref(), [line].into_iter())?;
                return Ok(Exit::Failed);
            }
            Err(error) => {
                return Err(error).with_context(|| format!("{} can't be replayed", name(path)));
            }
        }
    }
    let flows = replayed.flows(plan.as_ref());
    if command.flows {
        let totals = line(&TotalsJson::new(&replayed.totals));
        let lines = flows.iter().map(flow_line).chain([totals]);
        write_lines(command.output.output.as_deref(), lines)?;
        return Ok(Exit::Clean);
    }
    let plan = plan.context("there is nothing to compare with: give --config or --matrix")?;
    let host = host(&command.address, &flows)?;
    let policy = plan.policy(&host, &mut lookup)?;
    let observed = replayed.observed(host, flows, gaps, &command.captures);
    judge(&plan, policy, observed, &command.output)
}

/// A path as messages name it.
fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// What all captures together hold.
#[derive(Default)]
struct Replayed {
    decapsulate: bool,
    ledger: Ledger,
    totals: Totals,
    /// Nanoseconds since 1970 of the first frame.
    start: Option<i128>,
}

impl Replayed {
    /// Replays a file; what it lost is a gap.
    fn file(
        &mut self,
        path: &Path,
        keeps_parts: bool,
    ) -> anyhow::Result<Result<Option<Gap>, FileError>> {
        let source: Box<dyn Read + Send> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).with_context(|| format!("cannot read {}", path.display()))?)
        };
        let mut replay = Replay::new(keeps_parts, self.decapsulate)?;
        let ledger = &mut self.ledger;
        let read = file::read(source, |frame| {
            replay.frame(&frame, &mut |key, record| ledger.add(key, record))
        });
        let summary = match read {
            Ok(summary) => summary?,
            Err(error) => return Ok(Err(error)),
        };
        replay.drain(&mut |key, record| self.ledger.add(key, record))?;
        for (link, packets) in summary.skipped {
            say(&format!(
                "auditor: {}: {packets} packets of link type {link}, beside those of Ethernet, were left out",
                name(path)
            ));
        }
        if let Some(cut) = &summary.cut {
            say(&format!(
                "auditor: {}: {cut}; what stands before it was read",
                name(path)
            ));
        }
        if 0 < replay.totals.counted_here {
            say(&format!(
                "auditor: {}: {} packets that the kernel takes in no test run were counted by the same parser outside it",
                name(path),
                replay.totals.counted_here
            ));
        }
        self.start = Some(
            self.start
                .map_or(replay.start(), |start| start.min(replay.start())),
        );
        self.totals.add(&replay.totals);
        Ok(Ok(summary.cut.map(|_| Gap {
            cause: Cause::CutShort {
                watched: self.length(),
            },
            from: self.instant(self.length().as_nanos()),
            until: None,
        })))
    }

    /// The time between the first frame and the last.
    fn length(&self) -> SignedDuration {
        let length = self.totals.end.unwrap_or_default() - self.start.unwrap_or_default();
        SignedDuration::try_from_nanos_i128(length).unwrap_or_default()
    }

    fn instant(&self, passed: i128) -> Timestamp {
        Timestamp::from_nanosecond(self.start.unwrap_or_default() + passed).unwrap_or_default()
    }

    fn flows(&self, plan: Option<&Plan>) -> Vec<Flow> {
        let matrices = plan
            .map(|plan| plan.matrices.as_slice())
            .unwrap_or_default();
        let is_documented = documented_test(matrices);
        let known = KnownPorts {
            is_documented: &is_documented,
            ephemeral: PortRange::EPHEMERAL,
        };
        let flows = self.ledger.flows(&known);
        let mut flows: Vec<Flow> = flows
            .iter()
            .map(|(ends, record)| {
                Flow::new(ends, record, CAPTURE.to_owned(), |epoch| {
                    self.instant(i128::from(epoch) * EPOCH)
                })
            })
            .collect();
        flows.sort_by(|a, b| a.order().cmp(&b.order()));
        flows
    }

    fn observed(
        self,
        host: Host,
        flows: Vec<Flow>,
        gaps: Vec<Gap>,
        captures: &[PathBuf],
    ) -> Observed {
        let length = self.length();
        let received = Tally {
            packets: self.totals.frames,
            bytes: self.totals.bytes,
        };
        Observed {
            host,
            window: Window::new(self.instant(0), self.instant(length.as_nanos()), length),
            interfaces: captures
                .iter()
                .map(|path| Interface {
                    name: name(path),
                    ingress: Hook::Xdp,
                    egress: None,
                    is_loopback: false,
                })
                .collect(),
            flows,
            totals: auditor_common::Totals {
                received,
                ..auditor_common::Totals::default()
            },
            without_flow: self.totals.without_flow,
            gaps,
            lost: BTreeMap::new(),
            traffic: Vec::new(),
        }
    }
}

/// What stands for an interface in flows of a capture.
const CAPTURE: &str = "capture";

/// The host that was captured: by its addresses, or the one that has a part in every flow.
fn host(addresses: &[IpAddr], flows: &[Flow]) -> anyhow::Result<Host> {
    let mut own = addresses.to_vec();
    if own.is_empty() {
        let is_single = |address: &IpAddr| !address.is_multicast() && !address.is_unspecified();
        let mut n_flows: BTreeMap<IpAddr, usize> = BTreeMap::new();
        let mut n_single = 0;
        for flow in flows {
            if is_single(&flow.client) && is_single(&flow.server) {
                n_single += 1;
                *n_flows.entry(flow.client).or_default() += 1;
                *n_flows.entry(flow.server).or_default() += usize::from(flow.client != flow.server);
            }
        }
        let mut in_all = n_flows
            .iter()
            .filter(|(_, n)| **n == n_single)
            .map(|(address, _)| *address);
        match (in_all.next(), in_all.next()) {
            (Some(only), None) => own.push(only),
            (None | Some(_), _) => bail!(
                "cannot tell which host was captured, since {} has a part in every flow: give its addresses with --address",
                if n_single == 1 {
                    "more than one"
                } else {
                    "not exactly one address"
                }
            ),
        }
        for address in &own {
            say(&format!(
                "auditor: {address} has a part in every flow, so it is taken for the captured host's; --address says otherwise"
            ));
        }
    }
    Ok(Host {
        network_namespace: None,
        name: own.first().map(ToString::to_string).unwrap_or_default(),
        addresses: own
            .into_iter()
            .map(|address| address.to_canonical())
            .collect(),
        listeners: std::collections::BTreeSet::new(),
        is_captured: true,
        owners: crate::observed::Owners::default(),
    })
}

/// A flow as a line of JSON.
pub(super) fn flow_line(flow: &Flow) -> Result<String, serde_json::Error> {
    line(&FlowJson::new(flow))
}

fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value)
}

#[derive(Serialize)]
struct FlowJson {
    client: IpAddr,
    server: IpAddr,
    protocol: u8,
    port: u16,
    evidence: &'static str,
    /// The tunnel that carried it; left out where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    inside: Option<&'static str>,
    to_server: CountJson,
    to_client: CountJson,
}

#[derive(Serialize)]
struct CountJson {
    packets: u64,
    bytes: u64,
}

impl FlowJson {
    fn new(flow: &Flow) -> Self {
        let count = |way: crate::observed::Way| CountJson {
            packets: way.packets,
            bytes: way.bytes,
        };
        Self {
            client: flow.client,
            server: flow.server,
            protocol: flow.protocol,
            port: flow.port,
            evidence: EvidenceName::from(flow.evidence).name(),
            inside: flow.tunnel.map(Tunnel::name),
            to_server: count(flow.to_server),
            to_client: count(flow.to_client),
        }
    }
}

/// What is known of all frames together.
#[derive(Serialize)]
struct TotalsJson {
    #[serde(rename = "type")]
    kind: &'static str,
    frames: u64,
    non_ip: u64,
    malformed: u64,
    short: u64,
    fragments: u64,
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
            non_ip: count(&[Reason::Arp, Reason::NotIp]),
            malformed: count(&[Reason::Truncated, Reason::Malformed]),
            short: totals.short,
            fragments: totals.fragments,
        }
    }
}

#[derive(Serialize)]
struct RefusedJson {
    #[serde(rename = "type")]
    kind: &'static str,
    reason: String,
}
