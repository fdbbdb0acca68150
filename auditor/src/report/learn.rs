//! Proposes rules for unexpected flows, which a person may adopt.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use auditor_common::port::protocol;

use super::schema::{self, EvidenceName, Flow, FlowVerdict, Outcome, Report};
use crate::{
    matrix::{self, Matrix, Presence, Rule, RulePorts},
    port::{PortRange, PortSet},
    role::Role,
    transport::Transport,
};

/// What is proposed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Learned {
    pub matrix: Matrix,
    /// Roles that the deployment does not have, proposed for hosts that are in none.
    pub roles: BTreeMap<Role, BTreeSet<IpAddr>>,
    /// The number of flows that no rule can name, and of attempts that were refused or not answered: no basis for a rule.
    pub left_out: usize,
}

/// What the flows of one proposed rule have in common: roles and transport, but not the port.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Group {
    client: Vec<String>,
    server: Vec<String>,
    transport: Transport,
}

/// Proposes a rule for each pair of roles and transport that has unexpected flows in any of the reports. Of several roles that a
/// host has, it is the one with the fewest addresses. Hosts in no role get a role by what they do: hosts with the same
/// activities share one.
pub fn learn(reports: &[Report]) -> Learned {
    let is_proper =
        |flow: &&Seen<'_>| flow.flow.outcome == Outcome::Established && can_be_named(flow.flow);
    let (proper, left_out): (Vec<Seen<'_>>, Vec<Seen<'_>>) = reports
        .iter()
        .enumerate()
        .flat_map(|(report, one)| one.flows.iter().map(move |flow| Seen { report, flow }))
        // A conversation that was seen at several places asks for one rule.
        .filter(|seen| {
            seen.flow.verdict == FlowVerdict::Unexpected && seen.flow.counted_at.is_none()
        })
        .partition(|seen| is_proper(&seen));
    let flows: Vec<&Flow> = proper.iter().map(|seen| seen.flow).collect();
    let mut roles = UnassignedHosts::of(&flows);
    let sizes = RoleSizes::of(reports);
    let mut groups: BTreeMap<Group, Vec<Seen<'_>>> = BTreeMap::new();
    for seen in proper {
        let flow = seen.flow;
        let Some(transport) = flow.transport else {
            continue;
        };
        let group = Group {
            client: sizes.narrowest(roles.name(flow.client, &flow.client_roles)),
            server: sizes.narrowest(roles.name(flow.server, &flow.server_roles)),
            transport: transport.into(),
        };
        groups.entry(group).or_default().push(seen);
    }
    let rules = groups
        .iter()
        .map(|(group, flows)| rule(group, flows, reports.len()))
        .collect();
    let hosts: BTreeSet<&str> = reports.iter().map(|it| it.host.name.as_str()).collect();
    let hosts: Vec<&str> = hosts.into_iter().collect();
    Learned {
        matrix: Matrix {
            name: format!("Proposed for {}", hosts.join(", ")),
            version: None,
            rules: matrix::named(rules),
            imported: BTreeMap::new(),
            sources: Vec::new(),
        },
        roles: roles.named,
        left_out: left_out.len(),
    }
}

/// Whether a rule can allow a flow and nothing else of its ends: none names port 0, and one for ICMP allows the echo.
fn can_be_named(flow: &Flow) -> bool {
    let is_echo = match flow.protocol {
        protocol::ICMP => flow.port == 8,
        protocol::ICMPV6 => flow.port == 128,
        _ => false,
    };
    flow.transport.is_some_and(|transport| {
        if Transport::from(transport).has_ports() {
            flow.port != 0
        } else {
            is_echo
        }
    })
}

/// A flow, and the report that it is in.
#[derive(Clone, Copy)]
struct Seen<'a> {
    report: usize,
    flow: &'a Flow,
}

/// How many addresses each role has, as far as reports say it.
struct RoleSizes(BTreeMap<String, u128>);

impl RoleSizes {
    fn of(reports: &[Report]) -> Self {
        let all = reports.iter().filter_map(|report| report.basis.as_ref());
        let sizes = all.flat_map(|basis| &basis.roles).map(|(role, ranges)| {
            (
                role.clone(),
                ranges
                    .iter()
                    .map(|range| size(range))
                    .fold(0, u128::saturating_add),
            )
        });
        Self(sizes.collect())
    }

    /// The one of several roles with the fewest addresses: what is allowed to it is allowed to no more hosts than it must be.
    /// All of them where that is not known of one.
    fn narrowest(&self, roles: Vec<String>) -> Vec<String> {
        let sizes: Option<Vec<u128>> = roles.iter().map(|role| self.0.get(role).copied()).collect();
        let narrowest = sizes.and_then(|sizes| {
            let sized = roles.iter().zip(sizes);
            sized
                .min_by_key(|(_, size)| *size)
                .map(|(role, _)| role.clone())
        });
        narrowest.map_or(roles, |role| vec![role])
    }
}

/// How many addresses a range has: `10.0.0.1-10.0.0.9`, or one address; everything where it is neither.
fn size(range: &str) -> u128 {
    let bits = |text: &str| text.parse::<IpAddr>().ok().map(crate::address::bits);
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    match (bits(first), bits(last)) {
        (Some(first), Some(last)) => last.saturating_sub(first).saturating_add(1),
        (_, _) => u128::MAX,
    }
}

/// As many clients are named in the note of a rule.
const MOST_NAMED: usize = 5;

fn rule(group: &Group, all: &[Seen<'_>], n_reports: usize) -> Rule {
    let flows: Vec<&Flow> = all.iter().map(|seen| seen.flow).collect();
    // A report of every day has the same flow every day.
    let distinct: BTreeSet<(IpAddr, IpAddr, u16)> = flows
        .iter()
        .map(|flow| (flow.client, flow.server, flow.port))
        .collect();
    let ports: PortSet = flows
        .iter()
        .map(|flow| PortRange::single(flow.port))
        .collect();
    let clients: BTreeSet<IpAddr> = flows.iter().map(|flow| flow.client).collect();
    let servers: BTreeSet<IpAddr> = flows.iter().map(|flow| flow.server).collect();
    let first = flows.iter().map(|flow| flow.first_seen).min();
    let last = flows.iter().map(|flow| flow.last_seen).max();
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let seen = first.zip(last).map_or_else(String::new, |(first, last)| {
        format!(" from {first:.0} to {last:.0}")
    });
    let mut named: Vec<String> = clients
        .iter()
        .take(MOST_NAMED)
        .map(ToString::to_string)
        .collect();
    if MOST_NAMED < clients.len() {
        named.push("...".to_owned());
    }
    let requests: u64 = flows.iter().map(|flow| flow.requests).sum();
    let often = match requests {
        0 => String::new(),
        1 => ", 1 conversation".to_owned(),
        n => format!(", {n} conversations"),
    };
    let n_with: BTreeSet<usize> = all.iter().map(|seen| seen.report).collect();
    let of = if n_reports < 2 {
        String::new()
    } else {
        format!(" in {} of {n_reports} reports", n_with.len())
    };
    let is_guess = |flow: &&&Flow| {
        !matches!(
            flow.evidence,
            EvidenceName::Handshake
                | EvidenceName::Listener
                | EvidenceName::NoListener
                | EvidenceName::Group
        )
    };
    let guesses = flows.iter().filter(is_guess).count();
    let doubt = if guesses == 0 {
        String::new()
    } else {
        format!("; which end is the server was guessed for {guesses} of them")
    };
    let names = |names: &[String]| names.iter().map(|name| Role::new(name)).collect();
    Rule {
        id: String::new(),
        client: names(&group.client),
        server: names(&group.server),
        transport: group.transport,
        ports: if group.transport.has_ports() {
            RulePorts::Set(ports)
        } else {
            RulePorts::None
        },
        alternatives: false,
        loopback: false,
        service: None,
        presence: Presence::Optional,
        within: None,
        when: None,
        note: Some(format!(
            "{}, {} ({}), {}{often}{seen}{of}{doubt}",
            plural(distinct.len(), "flow"),
            plural(clients.len(), "client"),
            named.join(", "),
            plural(servers.len(), "server"),
        )),
        origin: None,
    }
}

/// Proposed roles for hosts in no role, by what the hosts do.
struct UnassignedHosts {
    of: BTreeMap<IpAddr, Role>,
    named: BTreeMap<Role, BTreeSet<IpAddr>>,
}

/// One activity of a host: whether it is the client, transport, port, and the roles of the peer.
type Activity<'a> = (bool, Option<schema::Transport>, u16, &'a [String]);

impl UnassignedHosts {
    fn of(flows: &[&Flow]) -> Self {
        let mut activities: BTreeMap<IpAddr, BTreeSet<Activity<'_>>> = BTreeMap::new();
        for flow in flows {
            if flow.client_roles.is_empty() {
                let activity = (
                    true,
                    flow.transport,
                    flow.port,
                    flow.server_roles.as_slice(),
                );
                activities.entry(flow.client).or_default().insert(activity);
            }
            if flow.server_roles.is_empty() {
                let activity = (
                    false,
                    flow.transport,
                    flow.port,
                    flow.client_roles.as_slice(),
                );
                activities.entry(flow.server).or_default().insert(activity);
            }
        }
        let mut alike: BTreeMap<BTreeSet<Activity<'_>>, BTreeSet<IpAddr>> = BTreeMap::new();
        for (address, activities) in activities {
            alike.entry(activities).or_default().insert(address);
        }
        // In the order of their first addresses, so that the same flows give the same names.
        let mut sets: Vec<BTreeSet<IpAddr>> = alike.into_values().collect();
        sets.sort();
        let mut hosts = Self {
            of: BTreeMap::new(),
            named: BTreeMap::new(),
        };
        for (set, number) in sets.into_iter().zip(1..) {
            let role = Role::new(&format!("unknown {number}"));
            hosts
                .of
                .extend(set.iter().map(|address| (*address, role.clone())));
            hosts.named.insert(role, set);
        }
        hosts
    }

    fn name(&mut self, address: IpAddr, roles: &[String]) -> Vec<String> {
        match self.of.get(&address) {
            Some(role) if roles.is_empty() => vec![role.name().to_owned()],
            Some(_) | None => roles.to_vec(),
        }
    }
}
