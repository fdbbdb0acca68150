//! Hosts of a fleet, and who is missing among them.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::super::{
    schema::{Host, Unwatched, Voice},
    sentence,
    verdict::HostView,
};
use crate::{
    audit::Policy,
    observed::Fleet,
    report::{duration_words, schema::Severity},
};

/// A role of more addresses is a network, where not every address is expected to be a host.
const MOST_ADDRESSES: usize = 64;

/// What is said of a host.
pub(super) fn host(view: &HostView<'_>) -> Host {
    let said = view.state;
    let mut remarks = Vec::new();
    let mut severity = Severity::Fine;
    let mut remark = |grave: Severity, text: String| {
        severity = severity.max(grave);
        remarks.push(text);
    };
    let voice = if let Some(machine) = view.other_machine {
        remark(
            Severity::Warning,
            format!(
                "another machine ({machine}) publishes under this name, or wants to, so what is not seen under it proves nothing: give one of them another name in [fleet]"
            ),
        );
        Voice::Twofold
    } else if view.is_silent {
        remark(
            Severity::Warning,
            format!(
                "silent since {:.0}, and it speaks every {} where all is well: its watch is stopped, or it can't reach the servers",
                view.spoke,
                duration_words(said.every)
            ),
        );
        Voice::Silent
    } else {
        Voice::Speaking
    };
    if !view.differs.is_empty() {
        let differs = sentence::listed(&view.differs);
        let of = said
            .configuration
            .pushed
            .as_ref()
            .map_or_else(String::new, |pushed| {
                format!(", by revision {} of what is pushed", pushed.revision)
            });
        if view.is_taking_over {
            remark(
                Severity::Note,
                format!("has not taken over yet what was just pushed: {differs}{of}"),
            );
        } else {
            remark(
                Severity::Warning,
                format!("compares with others than this: {differs}{of}"),
            );
        }
    }
    if said.flows_left_out != 0 && voice == Voice::Speaking {
        remark(
            Severity::Warning,
            "has not published all of its flows".to_owned(),
        );
    }
    let hiding = said.gaps.iter().filter(|gap| gap.hides);
    for gap in hiding.take(MOST_GAPS) {
        remark(Severity::Note, gap.text.clone());
    }
    if !said.unwatched.is_empty() {
        let names: Vec<&String> = said.unwatched.iter().collect();
        remark(
            Severity::Note,
            format!("does not watch {}", sentence::listed(&names)),
        );
    }
    let offset = view.record.offset().as_secs();
    if offset != 0 {
        let (by, which) = (offset.abs(), if 0 < offset { "behind" } else { "ahead of" });
        remark(
            Severity::Note,
            format!(
                "its clock is {by} s {which} the servers', and its times are set right by that"
            ),
        );
    }
    Host {
        name: view.name.to_owned(),
        voice,
        severity,
        remarks,
        addresses: said
            .addresses
            .iter()
            .copied()
            .filter(|address| !address.is_loopback())
            .collect(),
        roles: said.roles.clone(),
        interfaces: said.interfaces.clone(),
        version: said.version.clone(),
        kernel: said.kernel.clone(),
        spoke: view.spoke,
        since: said.since,
        clock_behind_seconds: offset,
        flows: view.n_flows,
    }
}

/// Gaps of a host that are told.
const MOST_GAPS: usize = 5;

/// The roles of rules that have addresses which no speaking host has.
pub(super) fn unwatched(policy: &Policy, fleet: &Fleet) -> Vec<Unwatched> {
    let mut roles: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
    for rule in policy.rules.iter().filter(|rule| rule.applies) {
        for (side, names) in [
            (&rule.client, &rule.rule.client),
            (&rule.server, &rule.rule.server),
        ] {
            let hosts = side.addresses.as_ref();
            let Some(hosts) = hosts.and_then(|hosts| hosts.listed(MOST_ADDRESSES)) else {
                continue;
            };
            let unwatched = hosts.into_iter().filter(|one| !fleet.watches(*one));
            for address in unwatched {
                for role in policy.roles_of(address) {
                    if names.contains(role) {
                        roles
                            .entry(role.name().to_owned())
                            .or_default()
                            .insert(address);
                    }
                }
            }
        }
    }
    roles
        .into_iter()
        .map(|(role, addresses)| Unwatched {
            role,
            addresses: addresses.into_iter().collect(),
        })
        .collect()
}
