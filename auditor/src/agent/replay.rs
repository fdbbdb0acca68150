//! Captures of one host to what was observed on it.

mod repeated;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Read},
    net::IpAddr,
    path::{Path, PathBuf},
};

use anyhow::bail;
use auditor_common::{Reason, Tally};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{ports::DocumentedPorts, uncounted};
use crate::{
    capture::{
        CaptureError,
        file::{self, FileError, Summary, Survey},
        replay::{EPOCH, Fragments, Replay, Totals},
    },
    matrix::Matrix,
    observed::{
        Cause, Dates, Flow, Gap, Hook, Host, Interface, Knowledge, Ledger, LocalNetworks, Observed,
        Passes, RememberedSides, SocketOwners, Unproven, Ways, Window,
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
    #[error(
        "{path} is the same capture as {other}, and its packets would be counted twice: name it once"
    )]
    Repeated { path: String, other: String },
    #[error(transparent)]
    Kernel(#[from] CaptureError),
}

/// What all captures together hold, on one timeline.
#[derive(Default)]
pub(crate) struct Replayed {
    decapsulate: bool,
    ledger: Ledger,
    pub(crate) totals: Totals,
    /// When epoch 0 begins, in nanoseconds since 1970: with the earliest frame of all captures, if that is known beforehand.
    origin: Option<i128>,
    /// Datagrams whose later fragments may be in the captures that follow.
    fragments: Fragments,
    /// From when to when each capture has frames, in nanoseconds since 1970.
    spans: Vec<(i128, i128)>,
    gaps: Vec<Gap>,
}

impl Replayed {
    pub(crate) fn new(decapsulate: bool) -> Self {
        Self {
            decapsulate,
            ..Self::default()
        }
    }

    /// Replays captures, in the order of their times.
    ///
    /// # Errors
    ///
    /// The first one that can't be read or is no capture, or the kernel's refusal of the programs.
    pub(crate) fn add_all<'a>(
        &mut self,
        paths: &'a [PathBuf],
        keeps_parts: bool,
    ) -> Result<(), (&'a Path, ReplayError)> {
        if let Some((path, other)) = repeated::repeated(paths) {
            let error = ReplayError::Repeated {
                path: display_name(path),
                other: display_name(other),
            };
            return Err((path, error));
        }
        let mut captures: Vec<(Option<Survey>, &Path)> = paths
            .iter()
            .map(|path| (survey(path), path.as_path()))
            .collect();
        let earliest = |survey: &Option<Survey>| survey.and_then(|survey| survey.earliest);
        // What has no time yet comes first: standard input and pipes, which can't be read twice.
        captures.sort_by_key(|(survey, _)| earliest(survey));
        // Their frames may be earlier than all others.
        if captures.iter().all(|(survey, _)| survey.is_some()) {
            self.origin = captures.iter().find_map(|(survey, _)| earliest(survey));
        }
        for (survey, path) in captures {
            self.add(path, survey, keeps_parts)
                .map_err(|error| (path, error))?;
        }
        self.holes();
        Ok(())
    }

    /// Replays a capture.
    fn add(
        &mut self,
        path: &Path,
        survey: Option<Survey>,
        keeps_parts: bool,
    ) -> Result<(), ReplayError> {
        let fragments = std::mem::take(&mut self.fragments);
        let mut replay = Replay::new(self.origin, keeps_parts, self.decapsulate, fragments)?;
        let ledger = &mut self.ledger;
        let summary: Summary =
            file::read(opened(path)?, survey, |frame| -> Result<(), ReplayError> {
                Ok(replay.frame(&frame, &mut |key, record| ledger.add(key, record))?)
            })?;
        replay.drain(&mut |key, record| self.ledger.add(key, record))?;
        self.origin = replay.origin();
        self.fragments = std::mem::take(&mut replay.fragments);
        let name = display_name(path);
        let totals = &replay.totals;
        let span = replay.start().zip(totals.end);
        let at = |instant: Option<(i128, i128)>| instant.unwrap_or_default();
        self.spans.extend(span);
        let (from, until) = at(span);
        let mut unread = |what: String, packets: u64| {
            say(&format!(
                "auditor: {name}: {packets} packets {what} were not read"
            ));
            self.gaps.push(Gap {
                cause: Cause::PacketsUnread {
                    what: format!("{what} in {name}"),
                    packets,
                },
                from: timestamp(from),
                until: Some(timestamp(until)),
            });
        };
        for (why, packets) in &summary.unread {
            unread(why.to_string(), *packets);
        }
        if 0 < totals.cut_off {
            let what = "cut off before their ports by whoever captured them";
            unread(what.to_owned(), totals.cut_off);
        }
        let of_links = totals.without_flow.get(&Reason::LinkUnread);
        if let Some(of_links) = of_links.filter(|tally| 0 < tally.packets) {
            unread(Reason::LinkUnread.meaning().to_owned(), of_links.packets);
        }
        if 0 < totals.cut_openings {
            let flags = format!("the flags of {} packets in {name}", totals.cut_openings);
            say(&format!(
                "auditor: {flags} were cut off by whoever captured them"
            ));
            self.gaps.push(Gap {
                cause: Cause::Unread {
                    what: flags,
                    problem: "whoever captured them cut them off".to_owned(),
                },
                from: timestamp(from),
                until: Some(timestamp(until)),
            });
        }
        if totals.frames == 0 && summary.unread.is_empty() && summary.cut.is_none() {
            say(&format!("auditor: {name}: it holds no packet"));
        }
        if let Some(cut) = &summary.cut {
            say(&format!(
                "auditor: {name}: {cut}; what stands before it was read"
            ));
            self.gaps.push(Gap {
                cause: Cause::CutShort {
                    watched: duration(until - from),
                },
                from: timestamp(until),
                until: None,
            });
        }
        if 0 < totals.counted_here {
            say(&format!(
                "auditor: {name}: {} packets that the kernel takes in no test run were counted by the same parser outside it",
                totals.counted_here
            ));
        }
        self.totals.add(&replay.totals);
        Ok(())
    }

    /// Makes a gap of each time between two captures in which no other one was going on.
    fn holes(&mut self) {
        self.spans.sort_unstable();
        let mut covered: Option<i128> = None;
        for (from, until) in &self.spans {
            if let Some(end) = covered
                && SHORTEST_HOLE <= from - end
            {
                self.gaps.push(Gap {
                    cause: Cause::Unwatched,
                    from: timestamp(end),
                    until: Some(timestamp(*from)),
                });
            }
            covered = covered.max(Some(*until));
        }
    }

    /// What no capture shows, of the time that they are about.
    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let mut gaps = self.gaps.clone();
        let until = self.instant(self.length().as_nanos());
        gaps.extend(
            uncounted::causes(&self.totals.without_flow).map(|cause| Gap {
                cause,
                from: self.instant(0),
                until: Some(until),
            }),
        );
        // All frames have the same time, or there is only one: nothing was watched for any time.
        if self.spans_no_time() {
            gaps.push(Gap {
                cause: Cause::CutShort {
                    watched: SignedDuration::ZERO,
                },
                from: self.instant(0),
                until: None,
            });
        }
        gaps.sort();
        gaps
    }

    /// Says that no packet is from or to the captured host: whether it was captured at all, nobody knows.
    pub(crate) fn lacks(&mut self, host: &str, busiest: Option<IpAddr>) {
        // Of packets that can't be read nobody knows whose they are, which is said as a gap already.
        let is_unread = |gap: &Gap| {
            matches!(
                gap.cause,
                Cause::PacketsUnread { .. } | Cause::Uncounted { .. }
            )
        };
        if self.gaps().iter().any(is_unread) {
            return;
        }
        let hint = busiest.map_or_else(String::new, |address| {
            format!("; the address with most of the flows is {address}")
        });
        let problem = format!("the captures hold none{hint}");
        say(&format!("auditor: no packet is from or to {host}{hint}"));
        self.gaps.push(Gap {
            cause: Cause::Unread {
                what: format!("packets of {host}"),
                problem,
            },
            from: self.instant(0),
            until: None,
        });
    }

    /// Whether all frames have the same time.
    pub(crate) fn spans_no_time(&self) -> bool {
        self.length().is_zero()
    }

    /// The time of the first frame, in nanoseconds since 1970.
    fn start(&self) -> i128 {
        self.spans
            .iter()
            .map(|(from, _)| *from)
            .min()
            .unwrap_or_default()
    }

    /// The time between the first frame and the last.
    fn length(&self) -> SignedDuration {
        duration(self.totals.end.unwrap_or_default() - self.start())
    }

    fn instant(&self, passed: i128) -> Timestamp {
        timestamp(self.start() + passed)
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
            sees_all_sent: true,
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
                    let origin = self.origin.unwrap_or_default();
                    timestamp(origin + i128::from(epoch) * EPOCH)
                })
            })
            .collect();
        flows.sort_by(|a, b| a.order().cmp(&b.order()));
        flows
    }

    /// All that was observed of the captured host.
    pub(crate) fn observed(self, host: Host, flows: Vec<Flow>, captures: &[PathBuf]) -> Observed {
        let length = self.length();
        let gaps = self.gaps();
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
            unproven: Unproven::default(),
            tallied_since: Timestamp::MIN,
            traffic: Vec::new(),
            dates: Dates::default(),
        }
    }
}

/// The time between two captures from which on it is a gap, in nanoseconds. A tool that goes on in another file loses none.
const SHORTEST_HOLE: i128 = 1_000_000_000;

/// What a capture holds; `None` if that can't be known beforehand.
fn survey(path: &Path) -> Option<Survey> {
    // What a pipe gives once it does not give again.
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return None;
    }
    Some(file::survey(opened(path).ok()?))
}

fn opened(path: &Path) -> Result<Box<dyn Read + Send>, ReplayError> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|problem| ReplayError::Open {
        path: path.to_owned(),
        problem,
    })?;
    Ok(Box::new(file))
}

/// An instant given in nanoseconds since 1970.
fn timestamp(nanoseconds: i128) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds).unwrap_or_default()
}

fn duration(nanoseconds: i128) -> SignedDuration {
    SignedDuration::try_from_nanos_i128(nanoseconds).unwrap_or_default()
}

/// The name used as interface in flows of a capture.
const CAPTURE: &str = "capture";

/// The host that was captured: the given addresses, or else the one address that is client or server of every unicast flow.
///
/// # Errors
///
/// Without given addresses, not exactly one address is in every flow.
pub(crate) fn captured_host(addresses: &[IpNet], flows: &[Flow]) -> anyhow::Result<Host> {
    let mut own: Vec<IpAddr> = addresses
        .iter()
        .map(|one| one.addr().to_canonical())
        .collect();
    let networks = addresses
        .iter()
        .filter(|network| network.prefix_len() < network.max_prefix_len())
        .map(IpNet::trunc)
        .collect();
    if own.is_empty() {
        let (n_flows, n_single) = flows_of_each(flows);
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
        addresses: own.into_iter().collect(),
        connections: BTreeSet::new(),
        networks,
        tunnels: BTreeMap::new(),
        local: LocalNetworks::default(),
        listeners: BTreeSet::new(),
        is_captured: true,
        ways: Ways::default(),
        owners: SocketOwners::default(),
        unwatched: BTreeSet::new(),
        apart: BTreeSet::new(),
        former: BTreeSet::new(),
        fleet: None,
        ephemeral: None,
    })
}

/// Of how many unicast flows each address is a side, and how many those are in all.
fn flows_of_each(flows: &[Flow]) -> (BTreeMap<IpAddr, usize>, usize) {
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
    (n_flows, n_single)
}

/// The address that is a side of more flows than any other.
pub(crate) fn busiest(flows: &[Flow]) -> Option<IpAddr> {
    let (n_flows, _) = flows_of_each(flows);
    // Of several the lowest.
    let busiest = n_flows.into_iter().rev().max_by_key(|(_, n)| *n);
    busiest.map(|(address, _)| address)
}

/// Whether an address of the captured host is a side of any flow. One that is of none was mistyped, or is another host's.
pub(crate) fn takes_part(host: &Host, flows: &[Flow]) -> bool {
    let mut sides = flows.iter().flat_map(|flow| [flow.client, flow.server]);
    sides.any(|address| host.has(address))
}

/// A path as messages name it.
pub(crate) fn display_name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}
