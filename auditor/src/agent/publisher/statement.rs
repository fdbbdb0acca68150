//! What this host says of itself after a turn.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, Ipv6Addr},
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::{
    deployment::FleetSection,
    digits::hexadecimal,
    fleet::{
        message::{ConfigurationDigest, GapState, HostState, Writer},
        publication::Turn,
        wire::{MOST_LISTENERS, MOST_RULES, shortened},
    },
    fleet_name::is_name,
    observed::{Dates, Flow, Listener, Observed},
    report::{
        Report,
        schema::{Process, RuleVerdict},
    },
};

/// The state of this host, and the flows of a turn.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) host: HostState,
    pub(crate) turn: Turn,
}

/// What a turn observed, as far as it is published; the report of the turn says the rest.
#[derive(Debug)]
pub(crate) struct Seen {
    flows: Vec<(Flow, Vec<Process>)>,
    now: Timestamp,
    since: Timestamp,
    window: SignedDuration,
    host: HostState,
}

impl Seen {
    /// Takes what is published of what was observed.
    pub(crate) fn of(observed: &Observed, section: &FleetSection, state: &Path) -> Self {
        let dates = &observed.dates;
        let window = observed.window;
        let host = &observed.host;
        let is_loopback = |name: &str| {
            let mut interfaces = observed.interfaces.iter();
            interfaces.any(|one| one.name == name && one.is_loopback)
        };
        // What stays within this host is nobody else's.
        let leaves = |flow: &&Flow| {
            !flow.client.is_loopback()
                && !flow.server.is_loopback()
                && !is_loopback(&flow.interface)
        };
        let flows = observed.flows.iter().filter(leaves);
        let flows = flows
            .map(|flow| (dated(flow, dates), crate::report::processes(host, flow)))
            .collect();
        let name = published_name(section, &host.name);
        // There, the unspecified address of IPv6 means IPv4 too, and what a socket is bound to is not told.
        let has_both = |one: &Listener| {
            let six = Listener {
                address: Ipv6Addr::UNSPECIFIED.into(),
                ..*one
            };
            one.address == Ipv4Addr::UNSPECIFIED && host.listeners.contains(&six)
        };
        let listeners = host
            .reached()
            .filter(|one| !one.address.is_loopback() && !has_both(one))
            .map(|one| Listener { device: 0, ..*one });
        Self {
            flows,
            now: dates.of(window.end),
            since: dates.of(window.since),
            window: window.planned,
            host: HostState {
                writer: Writer {
                    name,
                    machine: machine(state),
                },
                version: env!("CARGO_PKG_VERSION").to_owned(),
                kernel: kernel(),
                at: dates.of(window.end),
                every: section.every,
                since: dates.of(window.since),
                window: window.planned,
                addresses: host.addresses.clone(),
                networks: host.networks.clone(),
                roles: Vec::new(),
                interfaces: observed
                    .interfaces
                    .iter()
                    .map(|one| shortened(&one.name))
                    .collect(),
                unwatched: host
                    .ways
                    .unwatched()
                    .chain(&host.unwatched)
                    .map(|name| shortened(name))
                    .collect(),
                configuration: ConfigurationDigest::default(),
                gaps: Vec::new(),
                hidden: BTreeSet::new(),
                idle: BTreeSet::new(),
                listeners: listeners.take(MOST_LISTENERS).collect(),
                flows_left_out: 0,
            },
        }
    }

    /// Adds what the host's own audit says of its rules.
    pub(crate) fn judged(self, report: &Report, configuration: ConfigurationDigest) -> Statement {
        let labels = |wanted: &[RuleVerdict]| -> BTreeSet<String> {
            let rules = report.rules.iter();
            let rules = rules.filter(|rule| wanted.contains(&rule.verdict));
            rules.map(|rule| rule.id.clone()).take(MOST_RULES).collect()
        };
        let gaps = report.gaps.iter().map(|gap| GapState {
            from: gap.from,
            until: gap.until,
            hides: gap.hides(),
            text: shortened(&gap.text),
        });
        let host = HostState {
            configuration,
            roles: report
                .host
                .roles
                .iter()
                .map(|role| shortened(role))
                .collect(),
            gaps: gaps.rev().take(MOST_GAPS).collect(),
            hidden: labels(&[RuleVerdict::Unassessed, RuleVerdict::Unobservable]),
            idle: labels(&[RuleVerdict::Idle]),
            since: self.since,
            ..self.host
        };
        Statement {
            host,
            turn: Turn {
                now: self.now,
                window: self.window,
                flows: self.flows,
            },
        }
    }
}

/// The name under which a host publishes, and as which it asks.
pub(crate) fn published_name(section: &FleetSection, host: &str) -> String {
    let own = section.name.as_deref().unwrap_or(host);
    if is_name(own) {
        return own.to_owned();
    }
    // A kernel takes any name.
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = own
        .chars()
        .map(|c| if is_part(c) { c } else { '-' })
        .take(128)
        .collect();
    if name.is_empty() {
        "host".to_owned()
    } else {
        name
    }
}

/// More gaps are not told: the last ones count.
const MOST_GAPS: usize = 256;

/// A flow whose times are those of the wall clock.
fn dated(flow: &Flow, dates: &Dates) -> Flow {
    let mut flow = flow.clone();
    flow.first = dates.of(flow.first);
    flow.last = dates.of(flow.last);
    if let Some(remembered) = &mut flow.remembered {
        let of = |at: Timestamp| dates.of(at);
        remembered.answered = remembered.answered.map(of);
        remembered.refused = remembered.refused.map(of);
        remembered.one_way = remembered.one_way.map(of);
        remembered.accepted = remembered.accepted.map(of);
    }
    flow.interface = shortened(&flow.interface);
    flow
}

/// What this watch is told apart by from others of its name: the machine, which nobody can compute from it, and where it keeps
/// its state.
pub(crate) fn machine(state: &Path) -> String {
    let id = std::fs::read("/etc/machine-id")
        .or_else(|_absent| std::fs::read("/proc/sys/kernel/random/boot_id"))
        .unwrap_or_default();
    let path = state
        .canonicalize()
        .unwrap_or_else(|_absent| state.to_owned());
    let mut digest = Sha256::new();
    digest.update(b"auditor fleet\0");
    digest.update(id);
    digest.update(path.as_os_str().as_encoded_bytes());
    let text = hexadecimal(&digest.finalize());
    text.chars().take(16).collect()
}

fn kernel() -> String {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    shortened(release.trim())
}
