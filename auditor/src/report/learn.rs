//! Proposes rules for unexpected flows, which a person may adopt.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

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

/// Proposes a rule for each pair of roles and transport that has unexpected flows. Hosts in no role get a role by what they
/// do: hosts with the same activities share one.
pub fn learn(report: &Report) -> Learned {
    let is_proper = |flow: &&Flow| flow.outcome == Outcome::Established && flow.transport.is_some();
    let (proper, left_out): (Vec<&Flow>, Vec<&Flow>) = report
        .flows
        .iter()
        // A conversation that was seen at several places asks for one rule.
        .filter(|flow| flow.verdict == FlowVerdict::Unexpected && flow.counted_at.is_none())
        .partition(is_proper);
    let mut roles = UnassignedHosts::of(&proper);
    let mut groups: BTreeMap<Group, Vec<&Flow>> = BTreeMap::new();
    for flow in proper {
        let Some(transport) = flow.transport else {
            continue;
        };
        let group = Group {
            client: roles.name(flow.client, &flow.client_roles),
            server: roles.name(flow.server, &flow.server_roles),
            transport: transport.into(),
        };
        groups.entry(group).or_default().push(flow);
    }
    let rules = groups
        .iter()
        .map(|(group, flows)| rule(group, flows))
        .collect();
    Learned {
        matrix: Matrix {
            name: format!("Proposed for {}", report.host.name),
            version: None,
            rules: matrix::named(rules),
            imported: BTreeMap::new(),
            sources: Vec::new(),
        },
        roles: roles.named,
        left_out: left_out.len(),
    }
}

fn rule(group: &Group, flows: &[&Flow]) -> Rule {
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
            "{}, {}, {}{seen}{doubt}",
            plural(flows.len(), "flow"),
            plural(clients.len(), "client"),
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
