//! Captures of one host to what was observed on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read},
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::bail;
use auditor_common::Tally;
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::ports::DocumentedPorts;
use crate::{
    capture::{
        CaptureError,
        file::{self, FileError, Summary},
        replay::{EPOCH, Replay, Totals},
    },
    matrix::Matrix,
    observed::{
        Cause, Dates, Flow, Gap, Hook, Host, Interface, Knowledge, Ledger, LocalNetworks, Observed,
        Passes, RememberedSides, SocketOwners, Ways, Window,
    },
    output::say,
    port::PortRange,
};

/// Why a capture is not replayed.
#[derive(Debug, Error)]
pub(crate) enum ReplayError {
    #[error("cannot read {}", path.display())]
    Open {
        path: PathBuf,
        #[source]
        problem: io::Error,
    },
    /// The file is no capture, or none that can be read.
    #[error(transparent)]
    Refused(#[from] FileError),
    #[error(transparent)]
    Kernel(#[from] CaptureError),
}

/// What all captures together hold.
#[derive(Default)]
pub(crate) struct Replayed {
    decapsulate: bool,
    ledger: Ledger,
    pub(crate) totals: Totals,
    /// Nanoseconds since 1970 of the first frame.
    start: Option<i128>,
}

impl Replayed {
    pub(crate) fn new(decapsulate: bool) -> Self {
        Self {
            decapsulate,
            ..Self::default()
        }
    }

    /// Replays a file; returns a gap if the file is cut off.
    ///
    /// # Errors
    ///
    /// The file can't be read or is no capture, or the kernel refuses the programs.
    pub(crate) fn add(
        &mut self,
        path: &Path,
        keeps_parts: bool,
    ) -> Result<Option<Gap>, ReplayError> {
        let source: Box<dyn Read + Send> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(|problem| ReplayError::Open {
                path: path.to_owned(),
                problem,
            })?)
        };
        let mut replay = Replay::new(keeps_parts, self.decapsulate)?;
        let ledger = &mut self.ledger;
        let summary: Summary = file::read(source, |frame| -> Result<(), ReplayError> {
            Ok(replay.frame(&frame, &mut |key, record| ledger.add(key, record))?)
        })?;
        replay.drain(&mut |key, record| self.ledger.add(key, record))?;
        for (link, packets) in summary.skipped {
            say(&format!(
                "auditor: {}: {packets} packets of link type {link}, beside those of Ethernet, were left out",
                display_name(path)
            ));
        }
        if let Some(cut) = &summary.cut {
            say(&format!(
                "auditor: {}: {cut}; what stands before it was read",
                display_name(path)
            ));
        }
        if 0 < replay.totals.counted_here {
            say(&format!(
                "auditor: {}: {} packets that the kernel takes in no test run were counted by the same parser outside it",
                display_name(path),
                replay.totals.counted_here
            ));
        }
        self.start = Some(
            self.start
                .map_or(replay.start(), |start| start.min(replay.start())),
        );
        self.totals.add(&replay.totals);
        Ok(summary.cut.map(|_| Gap {
            cause: Cause::CutShort {
                watched: self.length(),
            },
            from: self.instant(self.length().as_nanos()),
            until: None,
        }))
    }

    /// A gap if all frames have the same time, or there is only one: nothing was watched for any time.
    pub(crate) fn spans_no_time(&self) -> Option<Gap> {
        self.length().is_zero().then(|| Gap {
            cause: Cause::CutShort {
                watched: SignedDuration::ZERO,
            },
            from: self.instant(0),
            until: None,
        })
    }

    /// The time between the first frame and the last.
    fn length(&self) -> SignedDuration {
        let length = self.totals.end.unwrap_or_default() - self.start.unwrap_or_default();
        SignedDuration::try_from_nanos_i128(length).unwrap_or_default()
    }

    fn instant(&self, passed: i128) -> Timestamp {
        Timestamp::from_nanosecond(self.start.unwrap_or_default() + passed).unwrap_or_default()
    }

    /// Every flow, in order; `host` is the captured one, if that is known.
    pub(crate) fn flows(&mut self, matrices: &[Matrix], host: Option<&Host>) -> Vec<Flow> {
        let documented = DocumentedPorts::of(matrices);
        let is_documented = |protocol, port| documented.names(protocol, port);
        let known = Knowledge {
            is_documented: &is_documented,
            listens: None,
            ephemeral: PortRange::EPHEMERAL,
            remembered: &RememberedSides::default(),
            // A plain list has every conversation by its own ports.
            joins_expected: !matrices.is_empty(),
        };
        if let Some(host) = host {
            self.ledger.own(
                &host.addresses,
                &host.broadcasts(),
                &host.local,
                Passes::default(),
            );
        }
        let flows = self.ledger.flows(&known).flows;
        let mut flows: Vec<Flow> = flows
            .iter()
            .map(|(key, record)| {
                Flow::new(key, record, CAPTURE.to_owned(), |epoch| {
                    self.instant(i128::from(epoch) * EPOCH)
                })
            })
            .collect();
        flows.sort_by(|a, b| a.order().cmp(&b.order()));
        flows
    }

    /// All that was observed of the captured host.
    pub(crate) fn observed(
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
                    name: display_name(path),
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
            dates: Dates::default(),
        }
    }
}

/// The name used as interface in flows of a capture.
const CAPTURE: &str = "capture";

/// The host that was captured: the given addresses, or else the one address that is client or server of every unicast flow.
///
/// # Errors
///
/// Without given addresses, not exactly one address is in every flow.
pub(crate) fn captured_host(addresses: &[IpNet], flows: &[Flow]) -> anyhow::Result<Host> {
    let mut own: Vec<IpAddr> = addresses.iter().map(IpNet::addr).collect();
    let networks = addresses
        .iter()
        .filter(|network| network.prefix_len() < network.max_prefix_len())
        .map(IpNet::trunc)
        .collect();
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
        connections: BTreeSet::new(),
        networks,
        tunnels: BTreeMap::new(),
        local: LocalNetworks::default(),
        listeners: BTreeSet::new(),
        is_captured: true,
        ways: Ways::default(),
        owners: SocketOwners::default(),
    })
}

/// A path as messages name it.
pub(crate) fn display_name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}
