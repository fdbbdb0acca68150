//! What is alike of findings on flows: a scan, a service that many ask for, a process that asks everywhere. However many flows
//! it is, it is one finding with a count.
//!
//! Only flows of one verdict, one severity, one reason and one outcome are alike, so that nothing that was answered hides among
//! what was refused.

mod text;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use super::schema::{self, PatternKind};
use crate::{
    audit::{FlowFinding, Severity},
    observed::{Dates, Flow, Host},
    port::{PortRange, PortSet},
    transport::Transport,
};
pub(super) use text::{client, identity, said, server};

/// Fewer flows than this are told one by one.
const FEWEST: usize = 6;
/// More ranges of ports are not listed in a pattern.
const MOST_RANGES: usize = 20;
/// More names of processes are not listed in a pattern.
const MOST_PROCESSES: usize = 5;

/// What flows have in common, beside their verdict.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Common {
    /// Client and server: many ports.
    Ports(IpAddr, IpAddr, u8),
    /// Client and port: many servers.
    Servers(IpAddr, u8, u16),
    /// Server and port: many clients.
    Clients(IpAddr, u8, u16),
    /// The process of this host that has a part in them.
    Process(String),
    /// The network of the clients, and the port.
    Network(IpAddr, u8, u16),
    /// The client: many servers and ports.
    Client(IpAddr),
    /// The server: many clients and ports.
    Server(IpAddr),
    /// The port: many clients and servers.
    Port(u8, u16),
}

impl Common {
    const fn kind(&self) -> PatternKind {
        match self {
            Self::Ports(..) => PatternKind::Ports,
            Self::Servers(..) => PatternKind::Servers,
            Self::Clients(..) => PatternKind::Clients,
            Self::Process(_) => PatternKind::Process,
            Self::Network(..) => PatternKind::Network,
            Self::Client(_) => PatternKind::Client,
            Self::Server(_) => PatternKind::Server,
            Self::Port(..) => PatternKind::Port,
        }
    }

    /// The network, where that is what flows have in common: `10.0.0.0/24`.
    fn network(&self) -> Option<String> {
        let Self::Network(address, ..) = self else {
            return None;
        };
        Some(format!("{address}/{}", prefix_length(*address)))
    }
}

/// What only flows with the same can be alike.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Class {
    severity: Reverse<Severity>,
    verdict: schema::FlowVerdict,
    reason: Option<schema::Reason>,
    outcome: schema::Outcome,
}

/// Flows that are one finding.
#[derive(Debug)]
struct Pattern {
    class: Class,
    common: Common,
    /// By their place among all flows, in order.
    flows: Vec<usize>,
}

/// The findings on flows of a report that are alike.
#[derive(Debug)]
pub(super) struct Patterns {
    patterns: Vec<Pattern>,
    /// Which of them each flow is in.
    of: Vec<Option<usize>>,
}

impl Patterns {
    /// Finds what is alike: first what has two of client, server and port in common, then what one process does, then what has
    /// one of them, each time the largest first. Linear in the number of flows, but for a logarithm.
    pub(super) fn of(host: &Host, flows: &[Flow], findings: &[FlowFinding]) -> Self {
        let mut classes: BTreeMap<Class, Vec<usize>> = BTreeMap::new();
        for (at, finding) in findings.iter().enumerate() {
            if finding.severity != Severity::Fine {
                classes.entry(Class::of(finding)).or_default().push(at);
            }
        }
        let mut patterns = Vec::new();
        for (class, members) in classes {
            let mut left: BTreeSet<usize> = members.into_iter().collect();
            let commons: [Commons<'_>; 3] = [
                &|flow| close(&Ends::of(flow)),
                &|flow| by_process(host, flow),
                &|flow| wide(&Ends::of(flow)),
            ];
            for commons in commons {
                if left.len() < FEWEST {
                    break;
                }
                let found = gather(&left, |at| flows.get(at).map_or_else(Vec::new, commons));
                for (common, flows) in found {
                    for at in &flows {
                        left.remove(at);
                    }
                    patterns.push(Pattern {
                        class,
                        common,
                        flows,
                    });
                }
            }
        }
        patterns.sort_by_cached_key(|pattern| {
            let size = Reverse(pattern.flows.len());
            (pattern.class.severity, size, pattern.common.clone())
        });
        let mut of = vec![None; flows.len()];
        for (number, pattern) in patterns.iter().enumerate() {
            for at in &pattern.flows {
                if let Some(slot) = of.get_mut(*at) {
                    *slot = Some(number);
                }
            }
        }
        Self { patterns, of }
    }

    /// Which pattern a flow is in, by its place among all flows.
    pub(super) fn of_flow(&self, at: usize) -> Option<usize> {
        self.of.get(at).copied().flatten()
    }

    /// The patterns as they are published; `place` says where in the report a flow is listed, if it is.
    pub(super) fn published(
        &self,
        host: &Host,
        flows: &[Flow],
        dates: &Dates,
        roles: impl Fn(IpAddr) -> Vec<String>,
        place: impl Fn(usize) -> Option<usize>,
    ) -> Vec<schema::Pattern> {
        let published = self.patterns.iter().filter_map(|pattern| {
            let members: Vec<&Flow> = pattern
                .flows
                .iter()
                .filter_map(|at| flows.get(*at))
                .collect();
            let clients: BTreeSet<IpAddr> = members.iter().map(|flow| flow.client).collect();
            let servers: BTreeSet<IpAddr> = members.iter().map(|flow| flow.server).collect();
            let only = |ends: &BTreeSet<IpAddr>| {
                ends.first()
                    .filter(|_| ends.len() == 1)
                    .map(|address| schema::PatternEnd {
                        address: *address,
                        roles: roles(*address),
                    })
            };
            let mut counted = schema::Count::default();
            let mut ports: BTreeMap<u8, BTreeSet<u16>> = BTreeMap::new();
            for flow in &members {
                counted.packets += flow.to_server.packets + flow.to_client.packets;
                counted.bytes += flow.to_server.bytes + flow.to_client.bytes;
                ports.entry(flow.protocol).or_default().insert(flow.port);
            }
            Some(schema::Pattern {
                kind: pattern.common.kind(),
                verdict: pattern.class.verdict,
                severity: {
                    let Reverse(severity) = pattern.class.severity;
                    severity.into()
                },
                reason: pattern.class.reason,
                outcome: pattern.class.outcome,
                client: only(&clients),
                clients: clients.len(),
                network: pattern.common.network(),
                server: only(&servers),
                servers: servers.len(),
                services: services(&ports),
                ports: ports.values().map(BTreeSet::len).sum(),
                processes: processes(host, &members),
                flows: pattern.flows.len(),
                listed: {
                    let bytes = |at: &usize| {
                        let bytes = |flow: &Flow| flow.to_server.bytes + flow.to_client.bytes;
                        Reverse(flows.get(*at).map_or(0, bytes))
                    };
                    let mut largest = pattern.flows.clone();
                    largest.sort_by_key(bytes);
                    largest.iter().filter_map(|at| place(*at)).collect()
                },
                counted,
                first_seen: dates.of(members.iter().map(|flow| flow.first).min()?),
                last_seen: dates.of(members.iter().map(|flow| flow.last).max()?),
            })
        });
        published.collect()
    }
}

/// What is alike of flows of a report, whatever their verdicts: each with those that it is of, by their place among these.
pub(super) fn of_report(
    report: &schema::Report,
    flows: &[&schema::Flow],
) -> Vec<(schema::Pattern, BTreeSet<usize>)> {
    let mut left: BTreeSet<usize> = (0..flows.len()).collect();
    let mut all = Vec::new();
    for commons in [close, wide] {
        let found = gather(&left, |at| {
            let flow = flows.get(at);
            flow.map_or_else(Vec::new, |flow| commons(&Ends::of_report(flow)))
        });
        for (common, members) in found {
            let members: BTreeSet<usize> = members.into_iter().collect();
            left.retain(|at| !members.contains(at));
            let of_it: Vec<&schema::Flow> = members
                .iter()
                .filter_map(|at| flows.get(*at).copied())
                .collect();
            all.extend(listed(report, &common, &of_it).map(|pattern| (pattern, members)));
        }
    }
    all
}

/// A pattern of flows that are all listed in a report.
fn listed(
    report: &schema::Report,
    common: &Common,
    flows: &[&schema::Flow],
) -> Option<schema::Pattern> {
    let first = flows.first()?;
    let end = |ends: BTreeMap<IpAddr, &Vec<String>>| {
        let only = ends.first_key_value().filter(|_| ends.len() == 1);
        let only = only.map(|(address, roles)| schema::PatternEnd {
            address: *address,
            roles: (*roles).clone(),
        });
        (only, ends.len())
    };
    let of_clients = flows.iter().map(|flow| (flow.client, &flow.client_roles));
    let of_servers = flows.iter().map(|flow| (flow.server, &flow.server_roles));
    let (client, clients) = end(of_clients.collect());
    let (server, servers) = end(of_servers.collect());
    let mut ports: BTreeMap<u8, BTreeSet<u16>> = BTreeMap::new();
    for flow in flows {
        ports.entry(flow.protocol).or_default().insert(flow.port);
    }
    Some(schema::Pattern {
        kind: common.kind(),
        verdict: first.verdict,
        severity: first.severity,
        reason: first.reason,
        outcome: first.outcome,
        client,
        clients,
        network: common.network(),
        server,
        servers,
        services: services(&ports),
        ports: ports.values().map(BTreeSet::len).sum(),
        processes: Vec::new(),
        flows: flows.len(),
        listed: Vec::new(),
        counted: schema::Count::default(),
        first_seen: report.window.start,
        last_seen: report.window.end,
    })
}

impl Class {
    fn of(finding: &FlowFinding) -> Self {
        Self {
            severity: Reverse(finding.severity),
            verdict: (&finding.verdict).into(),
            reason: match &finding.verdict {
                crate::audit::FlowVerdict::Unexpected { reason, .. } => Some((*reason).into()),
                crate::audit::FlowVerdict::Documented { .. }
                | crate::audit::FlowVerdict::Excepted { .. }
                | crate::audit::FlowVerdict::Forbidden { .. }
                | crate::audit::FlowVerdict::Housekeeping => None,
            },
            outcome: finding.outcome.into(),
        }
    }
}

/// What flows may have in common.
type Commons<'a> = &'a dyn Fn(&Flow) -> Vec<Common>;

/// The ends of a flow, as an audit or a report has it.
struct Ends {
    client: IpAddr,
    server: IpAddr,
    protocol: u8,
    port: u16,
}

impl Ends {
    const fn of(flow: &Flow) -> Self {
        Self {
            client: flow.client,
            server: flow.server,
            protocol: flow.protocol,
            port: flow.port,
        }
    }

    const fn of_report(flow: &schema::Flow) -> Self {
        Self {
            client: flow.client,
            server: flow.server,
            protocol: flow.protocol,
            port: flow.port,
        }
    }
}

/// What a flow may have in common with others: all but one of client, server and port.
fn close(flow: &Ends) -> Vec<Common> {
    vec![
        Common::Ports(flow.client, flow.server, flow.protocol),
        Common::Servers(flow.client, flow.protocol, flow.port),
        Common::Clients(flow.server, flow.protocol, flow.port),
    ]
}

fn by_process(host: &Host, flow: &Flow) -> Vec<Common> {
    let names = process_names(host, flow).into_iter();
    names.map(Common::Process).collect()
}

/// What those may have in common that are not that much alike.
fn wide(flow: &Ends) -> Vec<Common> {
    vec![
        Common::Network(network(flow.client), flow.protocol, flow.port),
        Common::Client(flow.client),
        Common::Server(flow.server),
        Common::Port(flow.protocol, flow.port),
    ]
}

/// Takes the largest group of flows with something in common, again and again, until none is large enough.
fn gather(
    members: &BTreeSet<usize>,
    commons: impl Fn(usize) -> Vec<Common>,
) -> Vec<(Common, Vec<usize>)> {
    let mut groups: BTreeMap<Common, Vec<usize>> = BTreeMap::new();
    for at in members {
        for common in commons(*at) {
            groups.entry(common).or_default().push(*at);
        }
    }
    groups.retain(|_, flows| FEWEST <= flows.len());
    let mut sizes: BTreeMap<Common, usize> = groups
        .iter()
        .map(|(common, flows)| (common.clone(), flows.len()))
        .collect();
    // Sizes in the heap may be those of before: a group that has become smaller is put back with what it has left.
    let mut heap: BinaryHeap<(usize, Reverse<Common>)> = sizes
        .iter()
        .map(|(common, size)| (*size, Reverse(common.clone())))
        .collect();
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    let mut found = Vec::new();
    while let Some((size, Reverse(common))) = heap.pop() {
        let now = sizes.get(&common).copied().unwrap_or_default();
        if now < FEWEST {
            continue;
        }
        if now < size {
            heap.push((now, Reverse(common)));
            continue;
        }
        let Some(mut flows) = groups.remove(&common) else {
            continue;
        };
        flows.retain(|at| taken.insert(*at));
        for at in &flows {
            for other in distinct(commons(*at)) {
                if let Some(size) = sizes.get_mut(&other) {
                    *size = size.saturating_sub(1);
                }
            }
        }
        found.push((common, flows));
    }
    found
}

fn distinct(commons: Vec<Common>) -> BTreeSet<Common> {
    commons.into_iter().collect()
}

/// The network in which an address is for people: a /24, or a /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) => Ipv4Addr::from_bits(address.to_bits() & !0xff).into(),
        IpAddr::V6(address) => {
            Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into()
        }
    }
}

const fn prefix_length(network: IpAddr) -> u8 {
    match network {
        IpAddr::V4(_) => 24,
        IpAddr::V6(_) => 64,
    }
}

/// `tcp/1-1024,8080`, `udp/53`, `gre`: one for each protocol.
fn services(ports: &BTreeMap<u8, BTreeSet<u16>>) -> Vec<String> {
    let service = |(protocol, ports): (&u8, &BTreeSet<u16>)| {
        let transport = Transport::from_protocol(*protocol);
        let name = transport.map_or_else(
            || format!("protocol {protocol}"),
            |transport| transport.name().to_owned(),
        );
        if transport.is_some_and(|transport| !transport.has_ports()) {
            let types: Vec<String> = ports.iter().map(|port| format!("type {port}")).collect();
            return format!("{name} {}", types.join(", "));
        }
        if transport.is_none() {
            return name;
        }
        let set: PortSet = ports.iter().map(|port| PortRange::single(*port)).collect();
        let ranges: Vec<String> = set
            .ranges()
            .iter()
            .take(MOST_RANGES)
            .map(ToString::to_string)
            .collect();
        let more = if set.ranges().len() <= MOST_RANGES {
            ""
        } else {
            ",..."
        };
        format!("{name}/{}{more}", ranges.join(","))
    };
    ports.iter().map(service).collect()
}

fn process_names(host: &Host, flow: &Flow) -> BTreeSet<String> {
    let owners = &host.owners;
    let clients = owners.clients_of(host, flow);
    let servers = owners.servers_of(host, flow);
    let shown = clients
        .into_iter()
        .chain(servers)
        .filter(|owner| owner.process.is_shown);
    shown.map(|owner| owner.process.name.clone()).collect()
}

/// The names of the processes that have a part in these flows.
fn processes(host: &Host, flows: &[&Flow]) -> Vec<String> {
    // One that has no part in the first thousand says little of them all.
    let first = flows.iter().take(1000);
    let names: BTreeSet<String> = first.flat_map(|flow| process_names(host, flow)).collect();
    names.into_iter().take(MOST_PROCESSES).collect()
}

#[cfg(test)]
mod tests;
