//! A part of a report: the flows and rules that somebody asks for.

use std::{cmp::Reverse, collections::BTreeSet, fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;
use thiserror::Error;

use super::schema::{
    Flow, FlowVerdict, Process, Report, Rule, RuleVerdict, Severity, Shown, Transport,
};
use crate::{
    nearest::nearest,
    observed::{self, Host},
    port::{PortProblem, PortSet},
    transport,
};

/// Which flows and rules are wanted; what says nothing takes all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub client: Option<EndFilter>,
    pub server: Option<EndFilter>,
    pub ports: Option<PortFilter>,
    pub verdict: Option<VerdictFilter>,
    /// A role that one of the ends has.
    pub role: Option<String>,
    /// A part of the name of a process that has a part in it.
    pub process: Option<String>,
    pub sort: Option<Sort>,
    /// No more flows, and no more rules, than this.
    pub top: Option<usize>,
}

/// One end of flows: an address, a network, or a role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum EndFilter {
    Net(IpNet),
    Role(String),
}

/// Ports, of one transport or of any.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PortFilter {
    transport: Option<Transport>,
    ports: PortSet,
}

/// A verdict of flows, of rules, or a severity of either.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerdictFilter {
    flow: Option<FlowVerdict>,
    rule: Option<RuleVerdict>,
    severity: Option<Severity>,
    name: &'static str,
}

/// The order of flows and rules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sort {
    /// Most bytes first.
    Bytes,
    /// Most packets first.
    Packets,
    /// Seen last first.
    Last,
    /// Seen first first.
    First,
    /// Lowest port first.
    Port,
}

/// A text that names no ports.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum PortFilterError {
    #[error(transparent)]
    Ports(#[from] PortProblem),
    #[error("`{0}` is no transport: expected tcp, udp or sctp before the slash, as in tcp/443")]
    Transport(String),
}

/// A role that a report knows nothing of.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("the report has no role `{role}`{}: expected an address, a network such as 10.0.0.0/24, or one of its roles", meant.as_ref().map_or_else(String::new, |meant| format!(" (is `{meant}` meant?)")))]
pub struct NoRole {
    role: String,
    meant: Option<String>,
}

/// A text that is no verdict.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "`{0}` is no verdict: expected one of flows (documented, unexpected, forbidden, excepted, housekeeping), of rules (observed, \
     missing, refused, unanswered, violated, unassessed, ...), or violation, warning, note or fine"
)]
pub struct NoVerdict(String);

impl FromStr for EndFilter {
    type Err = std::convert::Infallible;

    /// An address or a network; everything else is a role.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let address = text.parse::<IpAddr>().map(IpNet::from);
        Ok(match address.or_else(|_problem| text.parse::<IpNet>()) {
            Ok(net) => Self::Net(net),
            Err(_) => Self::Role(text.to_owned()),
        })
    }
}

impl EndFilter {
    fn fits(&self, address: IpAddr, roles: &[String]) -> bool {
        match self {
            Self::Net(net) => net.contains(&address),
            Self::Role(role) => has(roles, role),
        }
    }
}

impl fmt::Display for EndFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Net(net) if net.prefix_len() == net.max_prefix_len() => net.addr().fmt(f),
            Self::Net(net) => net.fmt(f),
            Self::Role(role) => role.fmt(f),
        }
    }
}

impl FromStr for PortFilter {
    type Err = PortFilterError;

    /// `443`, `8000-8010,9090`, `tcp/443`.
    fn from_str(text: &str) -> Result<Self, PortFilterError> {
        let (transport, ports) = match text.split_once('/') {
            None => (None, text),
            Some((name, ports)) => {
                let transport = Transport::from_name(&name.to_lowercase())
                    .filter(|transport| transport::Transport::from(*transport).has_ports());
                if transport.is_none() {
                    return Err(PortFilterError::Transport(name.to_owned()));
                }
                (transport, ports)
            }
        };
        Ok(Self {
            transport,
            ports: PortSet::parse(ports)?,
        })
    }
}

impl fmt::Display for PortFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(transport) = self.transport {
            write!(f, "{}/", transport.name())?;
        }
        self.ports.fmt(f)
    }
}

impl PortFilter {
    fn fits_flow(&self, protocol: u8, port: u16) -> bool {
        let transport = transport::Transport::from_protocol(protocol);
        transport.is_some_and(|transport| {
            transport.has_ports()
                && self
                    .transport
                    .is_none_or(|wanted| wanted == transport.into())
                && self.ports.contains(port)
        })
    }

    fn fits_rule(&self, rule: &Rule) -> bool {
        let is_transport = self.transport.is_none_or(|wanted| wanted == rule.transport);
        is_transport && PortSet::parse(&rule.ports).is_ok_and(|ports| ports.overlaps(&self.ports))
    }
}

impl FromStr for VerdictFilter {
    type Err = NoVerdict;

    fn from_str(text: &str) -> Result<Self, NoVerdict> {
        let lower = text.to_lowercase();
        let flow = FlowVerdict::from_name(&lower);
        let rule = RuleVerdict::from_name(&lower);
        let severity = Severity::from_name(&lower);
        let names = [
            flow.map(FlowVerdict::name),
            rule.map(RuleVerdict::name),
            severity.map(Severity::name),
        ];
        let name = names.into_iter().flatten().next();
        name.map(|name| Self {
            flow,
            rule,
            severity,
            name,
        })
        .ok_or_else(|| NoVerdict(text.to_owned()))
    }
}

fn has(names: &[String], wanted: &str) -> bool {
    names.iter().any(|name| name.eq_ignore_ascii_case(wanted))
}

fn has_process(processes: &[Process], wanted: &str) -> bool {
    processes.iter().any(|process| {
        let unit = process.unit.as_deref().unwrap_or_default();
        process.name.contains(wanted) || unit.contains(wanted)
    })
}

impl Filter {
    /// Whether it takes everything, in its own order.
    pub const fn is_none(&self) -> bool {
        let Self {
            client,
            server,
            ports,
            verdict,
            role,
            process,
            sort,
            top,
        } = self;
        client.is_none()
            && server.is_none()
            && ports.is_none()
            && verdict.is_none()
            && role.is_none()
            && process.is_none()
            && sort.is_none()
            && top.is_none()
    }

    /// Checks that the report knows the roles that are named: of one that it does not, nothing to show is no answer.
    ///
    /// # Errors
    ///
    /// The first role that is not known, and which one may be meant.
    pub fn check(&self, report: &Report) -> Result<(), NoRole> {
        let ends = [&self.client, &self.server].into_iter().flatten();
        let named = ends.filter_map(|end| match end {
            EndFilter::Role(role) => Some(role),
            EndFilter::Net(_) => None,
        });
        let mut known: BTreeSet<&str> = BTreeSet::new();
        for rule in &report.rules {
            known.extend(rule.client.iter().chain(&rule.server).map(String::as_str));
        }
        for flow in &report.flows {
            let roles = flow.client_roles.iter().chain(&flow.server_roles);
            known.extend(roles.map(String::as_str));
        }
        known.extend(report.host.roles.iter().map(String::as_str));
        let basis = report.basis.iter();
        known.extend(
            basis
                .flat_map(|basis| basis.roles.keys())
                .map(String::as_str),
        );
        let known: Vec<&str> = known.into_iter().collect();
        for role in named.chain(&self.role) {
            if !known.iter().any(|one| one.eq_ignore_ascii_case(role)) {
                return Err(NoRole {
                    role: role.clone(),
                    meant: nearest(role, &known, |one| *one).map(str::to_owned),
                });
            }
        }
        Ok(())
    }

    fn takes_flow(&self, flow: &Flow) -> bool {
        let end = |wanted: &Option<EndFilter>, address, roles: &[String]| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.fits(address, roles))
        };
        end(&self.client, flow.client, &flow.client_roles)
            && end(&self.server, flow.server, &flow.server_roles)
            && self
                .ports
                .as_ref()
                .is_none_or(|ports| ports.fits_flow(flow.protocol, flow.port))
            && self.verdict.is_none_or(|wanted| {
                wanted.flow == Some(flow.verdict) || wanted.severity == Some(flow.severity)
            })
            && self
                .role
                .as_ref()
                .is_none_or(|role| has(&flow.client_roles, role) || has(&flow.server_roles, role))
            && self
                .process
                .as_ref()
                .is_none_or(|wanted| has_process(&flow.processes, wanted))
    }

    /// Whether a rule is wanted. An address or a process says nothing of a rule, so the rules of flows that are wanted are; `flows`
    /// are theirs, by their place in the report.
    fn takes_rule(&self, rule: &Rule, flows: &BTreeSet<usize>) -> bool {
        let of_flows = || rule.flows.iter().any(|at| flows.contains(at));
        let end = |wanted: &Option<EndFilter>, roles: &[String]| match wanted {
            None => true,
            Some(EndFilter::Role(role)) => has(roles, role),
            Some(EndFilter::Net(_)) => of_flows(),
        };
        end(&self.client, &rule.client)
            && end(&self.server, &rule.server)
            && self
                .ports
                .as_ref()
                .is_none_or(|ports| ports.fits_rule(rule))
            && self.verdict.is_none_or(|wanted| {
                wanted.rule == Some(rule.verdict) || wanted.severity == Some(rule.severity)
            })
            && self
                .role
                .as_ref()
                .is_none_or(|role| has(&rule.client, role) || has(&rule.server, role))
            && self
                .process
                .as_ref()
                .is_none_or(|wanted| has_process(&rule.listeners, wanted) || of_flows())
    }

    /// The flows that are wanted of those that have no verdict, in the order that is wanted, by default the busiest first.
    pub fn flows<'a>(&self, host: &Host, flows: &'a [observed::Flow]) -> Vec<&'a observed::Flow> {
        let end = |wanted: &Option<EndFilter>, address| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.fits(address, &[]))
        };
        let by_process = |flow: &observed::Flow, wanted: &String| {
            let owners = host.owners.clients_of(host, flow).into_iter();
            let mut owners = owners.chain(host.owners.servers_of(host, flow));
            owners.any(|owner| owner.process.is_shown && owner.process.name.contains(wanted))
        };
        let mut wanted: Vec<&observed::Flow> = flows
            .iter()
            .filter(|flow| {
                end(&self.client, flow.client)
                    && end(&self.server, flow.server)
                    && self
                        .ports
                        .as_ref()
                        .is_none_or(|ports| ports.fits_flow(flow.protocol, flow.port))
                    && self
                        .process
                        .as_ref()
                        .is_none_or(|process| by_process(flow, process))
            })
            .collect();
        let packets = |flow: &observed::Flow| flow.to_server.packets + flow.to_client.packets;
        let bytes = |flow: &observed::Flow| flow.to_server.bytes + flow.to_client.bytes;
        match self.sort.unwrap_or(Sort::Bytes) {
            Sort::Bytes => wanted.sort_by_key(|flow| Reverse(bytes(flow))),
            Sort::Packets => wanted.sort_by_key(|flow| Reverse(packets(flow))),
            Sort::Last => wanted.sort_by_key(|flow| Reverse(flow.last)),
            Sort::First => wanted.sort_by_key(|flow| flow.first),
            Sort::Port => wanted.sort_by_key(|flow| flow.port),
        }
        wanted.truncate(self.top.unwrap_or(usize::MAX));
        wanted
    }

    /// What is asked for, in words: `only client 10.0.0.0/8, port tcp/443`.
    fn said(&self) -> String {
        let mut said = Vec::new();
        let mut say = |what: &str, value: Option<String>| {
            said.extend(value.map(|value| format!("{what} {value}")));
        };
        say("client", self.client.as_ref().map(ToString::to_string));
        say("server", self.server.as_ref().map(ToString::to_string));
        say("port", self.ports.as_ref().map(ToString::to_string));
        say("verdict", self.verdict.map(|one| one.name.to_owned()));
        say("role", self.role.clone());
        say("process", self.process.clone());
        say("the first", self.top.map(|top| top.to_string()));
        if said.is_empty() {
            "all of it, in another order".to_owned()
        } else {
            format!("only {}", said.join(", "))
        }
    }
}

impl Report {
    /// The part of the report that is asked for. What it sums up stays that of the whole, and it says that it is a part.
    #[must_use]
    pub fn part(mut self, filter: &Filter) -> Self {
        if filter.is_none() {
            return self;
        }
        let (n_flows, n_rules) = (self.flows.len(), self.rules.len());
        let mut order: Vec<usize> = self
            .flows
            .iter()
            .enumerate()
            .filter(|(_, flow)| filter.takes_flow(flow))
            .map(|(at, _)| at)
            .collect();
        let taken: BTreeSet<usize> = order.iter().copied().collect();
        self.rules.retain(|rule| filter.takes_rule(rule, &taken));
        if filter.sort.is_some() || filter.top.is_some() {
            self.sort(filter.sort, &mut order);
        }
        let top = filter.top.unwrap_or(usize::MAX);
        order.truncate(top);
        self.rules.truncate(top);
        self.shown = Some(Shown {
            asked_for: filter.said(),
            flows: order.len(),
            of_flows: n_flows,
            rules: self.rules.len(),
            of_rules: n_rules,
        });
        self.keep(&order)
    }

    fn sort(&mut self, sort: Option<Sort>, order: &mut [usize]) {
        let Some(sort) = sort else {
            // Of the first ones somebody wants those that matter.
            let severity = |at: &usize| Reverse(self.flows.get(*at).map(|flow| flow.severity));
            order.sort_by_key(severity);
            self.rules.sort_by_key(|rule| Reverse(rule.severity));
            return;
        };
        let flows = &self.flows;
        let key = |at: &usize| {
            let flow = flows.get(*at)?;
            let packets = flow.to_server.packets + flow.to_client.packets;
            let bytes = flow.to_server.bytes + flow.to_client.bytes;
            let number = |n: u64| i128::from(n);
            Some(match sort {
                Sort::Bytes => -number(bytes),
                Sort::Packets => -number(packets),
                Sort::Last => -flow.last_seen.as_nanosecond(),
                Sort::First => flow.first_seen.as_nanosecond(),
                Sort::Port => i128::from(flow.port),
            })
        };
        order.sort_by_key(key);
        self.rules.sort_by_key(|rule| match sort {
            Sort::Bytes => -i128::from(rule.bytes),
            Sort::Packets => -i128::from(rule.packets),
            Sort::Last => rule.last_seen.map_or(0, |last| -last.as_nanosecond()),
            Sort::First => rule
                .first_seen
                .map_or(i128::MAX, jiff::Timestamp::as_nanosecond),
            Sort::Port => PortSet::parse(&rule.ports)
                .ok()
                .and_then(|ports| ports.ranges().first().copied())
                .map_or(i128::MAX, |range| i128::from(range.first())),
        });
    }

    /// Keeps these flows in this order, and what points to them. A pattern of which only some are kept falls apart.
    fn keep(mut self, order: &[usize]) -> Self {
        let mut places = vec![None; self.flows.len()];
        for (place, at) in order.iter().enumerate() {
            if let Some(slot) = places.get_mut(*at) {
                *slot = Some(place);
            }
        }
        let place = |at: usize| places.get(at).copied().flatten();
        let moved = |all: &[usize]| all.iter().filter_map(|at| place(*at)).collect();
        let mut flows: Vec<Flow> = order
            .iter()
            .filter_map(|at| self.flows.get(*at).cloned())
            .collect();
        let mut patterns = Vec::new();
        let mut whole = vec![None; self.patterns.len()];
        for (pattern, slot) in self.patterns.into_iter().zip(&mut whole) {
            if pattern.listed.iter().all(|at| place(*at).is_some()) {
                *slot = Some(patterns.len());
                patterns.push(super::schema::Pattern {
                    listed: moved(&pattern.listed),
                    ..pattern
                });
            }
        }
        for flow in &mut flows {
            flow.same_conversation = moved(&flow.same_conversation);
            flow.counted_at = flow.counted_at.and_then(place);
            flow.related_to = flow.related_to.and_then(place);
            let pattern = flow.pattern.and_then(|at| whole.get(at).copied());
            flow.pattern = pattern.flatten();
        }
        for rule in &mut self.rules {
            rule.flows = moved(&rule.flows);
        }
        self.flows = flows;
        self.patterns = patterns;
        self
    }
}

#[cfg(test)]
mod tests;
