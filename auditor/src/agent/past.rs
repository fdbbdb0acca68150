//! What a watch remembers, as if it had been observed in one window: for reports on times that are over, and for matrices and
//! deployments that were not in force.
//!
//! The history holds flows with when they were first and last seen, answered and refused, and when somebody watched. Of the host
//! the latest report tells the addresses; which sockets listened is not known of the past.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use jiff::{SignedDuration, Timestamp};

use super::state::HISTORY;
use crate::{
    history::{History, Store},
    observed::{
        Cause, Dates, Flow, Gap, Hook, Host, Interface, LocalNetworks, Observed, SocketOwners,
        Unproven, Ways, Window,
    },
    output::say,
    report::{Report, schema},
};

/// The most by which the moment of a packet may be told too early: some of the kernel half's epochs.
const STEP: SignedDuration = SignedDuration::from_secs(1);

/// Which time is wanted; what is not said is as long as the history reaches.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    /// So long before the history's end.
    pub(crate) last: Option<SignedDuration>,
    pub(crate) from: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
}

/// What a watch remembers.
pub(crate) struct Past {
    history: History,
    /// What it reported last.
    pub(crate) latest: Report,
}

impl Past {
    /// Reads the history and the latest report of a state directory; a watch may be writing there.
    ///
    /// # Errors
    ///
    /// One of them is not there or can't be read.
    pub(crate) fn read(
        state: &Path,
        report: impl FnOnce(&Path) -> anyhow::Result<Report>,
    ) -> anyhow::Result<Self> {
        let history = Store::read(&state.join(HISTORY))?.load()?;
        let path = state.join("report.json");
        // A service that was started a moment ago.
        if !path.exists() {
            bail!(
                "nothing was judged yet: `auditor watch` writes {} when its first turn ends",
                path.display()
            );
        }
        let latest = report(&path)
            .context("the addresses of this host are in the latest report of `auditor watch`")?;
        Ok(Self { history, latest })
    }

    /// The deployment that the watch compared with, as its latest report has it.
    pub(crate) fn deployment(&self) -> Option<PathBuf> {
        let basis = self.latest.basis.as_ref()?;
        basis
            .deployment
            .as_ref()
            .map(|file| PathBuf::from(&file.path))
    }

    /// Its matrices.
    pub(crate) fn matrices(&self) -> Vec<PathBuf> {
        let matrices = self.latest.matrices.iter();
        matrices.map(|matrix| PathBuf::from(&matrix.path)).collect()
    }

    /// What was observed in a span of time.
    ///
    /// # Errors
    ///
    /// Nobody watched in it.
    pub(crate) fn observed(&self, span: Span) -> anyhow::Result<Observed> {
        let watched = self.history.watched();
        let (Some(first), Some(end)) =
            (self.history.since(), watched.last().map(|span| span.until))
        else {
            bail!("the history is empty: nobody watched");
        };
        let until = span.until.map_or(end, |until| until.min(end));
        let start = match (span.from, span.last) {
            (Some(from), _) => from,
            (None, Some(last)) => until.checked_sub(last).unwrap_or(first),
            (None, None) => Timestamp::MIN,
        };
        if start != Timestamp::MIN && start < first && first < until {
            say(&format!(
                "auditor: of the time before {first:.0} nothing is remembered: the report begins there"
            ));
        }
        // Moments of flows are told in steps, and may seem to be from before their watch.
        let begin = first.checked_sub(STEP).unwrap_or(first);
        let start = start.max(begin);
        let is_watched = watched
            .iter()
            .any(|one| one.from <= until && start <= one.until);
        if until <= start || !is_watched {
            bail!(
                "nobody watched from {start:.0} to {until:.0}: the history reaches from {first:.0} to {end:.0}"
            );
        }
        let mut flows = self.history.flows(start);
        // Of one that was seen after the time as well, what came of it in that time is not kept.
        let (inside, around): (Vec<Flow>, Vec<Flow>) = flows
            .drain(..)
            .filter(|flow| flow.first <= until)
            .partition(|flow| flow.last <= until);
        let mut gaps: Vec<Gap> = self
            .history
            .gaps(start)
            .into_iter()
            .filter(|gap| gap.from <= until)
            .collect();
        if !around.is_empty() {
            gaps.push(Gap {
                cause: Cause::Unread {
                    what: format!("what came of {} flows", around.len()),
                    problem: "they were seen after this time as well, and the history keeps when they were seen last"
                        .to_owned(),
                },
                from: start,
                until: Some(until),
            });
        }
        Ok(Observed {
            host: self.host(),
            window: Window {
                start,
                end: until,
                planned: until.duration_since(start),
                since: first.min(start),
            },
            interfaces: self.latest.interfaces.iter().map(interface).collect(),
            flows: inside,
            totals: auditor_common::Totals::default(),
            without_flow: BTreeMap::new(),
            traffic: Vec::new(),
            gaps,
            lost: BTreeMap::new(),
            unproven: Unproven::default(),
            tallied_since: until,
            dates: Dates::default(),
        })
    }

    /// This host, as the latest report knows it.
    fn host(&self) -> Host {
        let host = &self.latest.host;
        Host {
            name: host.name.clone(),
            network_namespace: host.network_namespace.clone(),
            addresses: host.addresses.iter().copied().collect(),
            local: LocalNetworks::default(),
            connections: BTreeSet::new(),
            networks: BTreeSet::new(),
            tunnels: BTreeMap::new(),
            listeners: BTreeSet::new(),
            owners: SocketOwners::default(),
            // As of a capture, no sockets are known.
            is_captured: true,
            ways: Ways::default(),
            unwatched: BTreeSet::new(),
            apart: BTreeSet::new(),
            former: BTreeSet::new(),
            fleet: None,
            ephemeral: None,
        }
    }
}

fn interface(interface: &schema::Interface) -> Interface {
    let hook = |hook: schema::Hook| match hook {
        schema::Hook::Xdp => Hook::Xdp,
        schema::Hook::Tc => Hook::Tc,
    };
    Interface {
        name: interface.name.clone(),
        ingress: hook(interface.ingress),
        egress: interface.egress.map(hook),
        // What leaves another interface may not have been seen either.
        is_loopback: interface.egress.is_none() && interface.name == "lo",
    }
}

#[cfg(test)]
mod tests;
