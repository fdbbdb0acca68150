//! Flows with a finding to findings: what is alike on many hosts is one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::{
    conversation::Conversation,
    course::Course,
    schema::{self, CourseKind, Finding, HostProcess, Side},
    sentence,
};
use crate::{
    audit::{FlowFinding, FlowVerdict, Mismatch, Policy, Severity},
    observed::Fleet,
    report::{Judged, flow_words, schema::Part},
};

/// Addresses, hosts and processes of a finding that are listed.
const MOST_LISTED: usize = 20;

/// What findings have alike that are one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Alike {
    severity: std::cmp::Reverse<Severity>,
    verdict: &'static str,
    reason: Option<Mismatch>,
    course: CourseKind,
    protocol: u8,
    port: u16,
    client: Who,
    server: Who,
}

/// Who is on one side: one address, or whoever has these roles.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Who {
    Address(IpAddr),
    Roles(Vec<String>),
}

/// All of them, the gravest and most frequent first.
pub(super) fn findings(
    judged: &Judged,
    fleet: &Fleet,
    conversations: &[Conversation<'_>],
    courses: &[Course],
) -> Vec<Finding> {
    let policy = &judged.policy;
    let seen: Vec<Seen<'_>> = judged
        .audit
        .flows
        .iter()
        .zip(conversations)
        .zip(courses)
        .filter(|((finding, _), _)| finding.severity != Severity::Fine)
        .map(|((finding, conversation), course)| Seen {
            finding,
            conversation,
            course,
        })
        .collect();
    let mut roles = RolesOf::default();
    // First what many clients ask of one server, and of the rest what one client asks of many servers.
    let mut groups: BTreeMap<Alike, Vec<Seen<'_>>> = BTreeMap::new();
    for one in seen {
        let flow = &one.conversation.flow;
        let client = Who::Roles(roles.of(policy, flow.client));
        let alike = one.alike(client, Who::Address(flow.server));
        groups.entry(alike).or_default().push(one);
    }
    let (many, single): (Vec<_>, Vec<_>) = groups.into_values().partition(|group| 1 < group.len());
    let mut rest: BTreeMap<Alike, Vec<Seen<'_>>> = BTreeMap::new();
    for one in single.into_iter().flatten() {
        let flow = &one.conversation.flow;
        let server = Who::Roles(roles.of(policy, flow.server));
        let alike = one.alike(Who::Address(flow.client), server);
        rest.entry(alike).or_default().push(one);
    }
    let mut findings: Vec<Finding> = many
        .into_iter()
        .chain(rest.into_values())
        .filter_map(|group| finding(judged, fleet, &mut roles, &group))
        .collect();
    findings.sort_by_cached_key(|one| {
        (
            std::cmp::Reverse((one.severity, one.conversations)),
            one.server.addresses.clone(),
            one.client.addresses.clone(),
            one.service.clone(),
        )
    });
    findings
}

/// A conversation with a finding.
#[derive(Clone, Copy)]
struct Seen<'a> {
    finding: &'a FlowFinding,
    conversation: &'a Conversation<'a>,
    course: &'a Course,
}

impl Seen<'_> {
    fn alike(&self, client: Who, server: Who) -> Alike {
        let flow = &self.conversation.flow;
        Alike {
            severity: std::cmp::Reverse(self.finding.severity),
            verdict: self.finding.verdict.name(),
            reason: match &self.finding.verdict {
                FlowVerdict::Unexpected { reason, .. } => Some(*reason),
                FlowVerdict::Documented { .. }
                | FlowVerdict::Excepted { .. }
                | FlowVerdict::Housekeeping
                | FlowVerdict::Forbidden { .. } => None,
            },
            course: sentence::kind(self.course),
            protocol: flow.protocol,
            port: flow.port,
            client,
            server,
        }
    }
}

/// The roles of addresses, each looked up once.
#[derive(Default)]
struct RolesOf(BTreeMap<IpAddr, Vec<String>>);

impl RolesOf {
    fn of(&mut self, policy: &Policy, address: IpAddr) -> Vec<String> {
        let roles = self.0.entry(address).or_insert_with(|| {
            let roles = policy.roles_of(address).into_iter();
            roles.map(|role| role.name().to_owned()).collect()
        });
        roles.clone()
    }
}

fn finding(
    judged: &Judged,
    fleet: &Fleet,
    roles: &mut RolesOf,
    group: &[Seen<'_>],
) -> Option<Finding> {
    let first = group.first()?;
    let flow = &first.conversation.flow;
    let mut side = |of: fn(&Conversation<'_>) -> IpAddr| {
        let addresses: BTreeSet<IpAddr> = group.iter().map(|one| of(one.conversation)).collect();
        side(judged, fleet, roles, &addresses)
    };
    let (client, server) = (side(|one| one.flow.client), side(|one| one.flow.server));
    let mut processes: Vec<HostProcess> = Vec::new();
    for sighting in group.iter().flat_map(|one| &one.conversation.sightings) {
        let flow = &sighting.state.flow;
        for process in &sighting.state.processes {
            let address = match process.part {
                Part::Client => flow.client,
                Part::Server => flow.server,
            };
            // Who has the address knows it best.
            if fleet
                .holder(address)
                .is_some_and(|host| host != sighting.host)
            {
                continue;
            }
            let host = sentence::name(fleet, sighting.host).to_owned();
            let known = HostProcess {
                host,
                process: process.clone(),
            };
            if processes.len() < MOST_LISTED && !processes.contains(&known) {
                processes.push(known);
            }
        }
    }
    let flows = || group.iter().map(|one| &one.conversation.flow);
    let reason = match &first.finding.verdict {
        FlowVerdict::Unexpected { reason, .. } => Some((*reason).into()),
        FlowVerdict::Documented { .. }
        | FlowVerdict::Excepted { .. }
        | FlowVerdict::Housekeeping
        | FlowVerdict::Forbidden { .. } => None,
    };
    Some(Finding {
        severity: first.finding.severity.into(),
        kind: first.finding.verdict.name().to_owned(),
        verdict: Some((&first.finding.verdict).into()),
        reason,
        service: sentence::service(flow),
        client,
        server,
        conversations: group.len(),
        explanation: flow_words(judged, flow, first.finding, &[]),
        course: schema::Course {
            kind: sentence::kind(first.course),
            text: sentence::course(fleet, flow, first.course),
        },
        processes,
        first_seen: flows().map(|flow| flow.first).min()?,
        last_seen: flows().map(|flow| flow.last).max()?,
        packets: flows()
            .map(|flow| {
                flow.to_server
                    .packets
                    .saturating_add(flow.to_client.packets)
            })
            .fold(0, u64::saturating_add),
    })
}

/// A side of a finding that is about one conversation.
pub(super) fn side_of(judged: &Judged, fleet: &Fleet, address: IpAddr) -> Side {
    side(judged, fleet, &mut RolesOf::default(), &[address].into())
}

fn side(judged: &Judged, fleet: &Fleet, roles: &mut RolesOf, addresses: &BTreeSet<IpAddr>) -> Side {
    let policy = &judged.policy;
    let first = addresses.first();
    // Those that all of them have.
    let mut common: Vec<String> = first.map_or_else(Vec::new, |one| roles.of(policy, *one));
    for address in addresses {
        let own = roles.of(policy, *address);
        common.retain(|role| own.contains(role));
    }
    let hosts: BTreeSet<usize> = addresses
        .iter()
        .filter_map(|address| fleet.holder(*address))
        .collect();
    let has_role = |own: &BTreeSet<IpAddr>, roles: &mut RolesOf| {
        own.iter()
            .filter(|address| fleet.holder(**address).is_some())
            .any(|address| {
                roles
                    .of(policy, *address)
                    .iter()
                    .any(|role| common.contains(role))
            })
    };
    let of_hosts = (!common.is_empty() && 1 < addresses.len()).then(|| {
        let members = fleet.members().iter();
        members
            .filter(|member| has_role(&member.addresses, roles))
            .count()
    });
    Side {
        addresses: addresses.iter().copied().take(MOST_LISTED).collect(),
        n_addresses: addresses.len(),
        roles: common,
        hosts: hosts
            .into_iter()
            .take(MOST_LISTED)
            .map(|host| sentence::name(fleet, host).to_owned())
            .collect(),
        of_hosts,
    }
}
