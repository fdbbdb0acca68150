//! What a person wants explained, and which rules and flows of a report that means.

use std::net::IpAddr;

use super::schema::{self, Flow, Report, Rule};
use crate::{matrix::RulePorts, observed, role::Role, transport::Transport};

/// What the user wants explained: terms that must all match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    terms: Vec<Term>,
    text: String,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Term {
    Address(IpAddr),
    Service(Transport, u16),
    Port(u16),
    /// A role, a verdict, an interface, or the id of a rule.
    Name(String),
}

impl Query {
    /// Reads `10.0.9.7 -> 10.0.0.1 tcp/443`, any part of it, or the id of a rule. Of two addresses the first is the
    /// client's.
    pub fn parse(text: &str) -> Self {
        let terms = text
            .split(|c: char| c.is_whitespace() || c == ',' || c == '>')
            .map(|word| word.trim_end_matches('-'))
            .filter(|word| !word.is_empty())
            .map(term)
            .collect();
        Self {
            terms,
            text: text.trim().to_owned(),
        }
    }

    /// The rules and the flows of a report that match. A text that is a rule's id matches only that rule; one that is nothing of
    /// a flow matches the rules that have it in their id, their service or a role.
    pub fn find<'a>(&self, report: &'a Report) -> (Vec<&'a Rule>, Vec<&'a Flow>) {
        self.among(
            &report.rules,
            |rule| RuleNames {
                id: &rule.id,
                service: rule.service.as_deref(),
                roles: rule.client.iter().chain(&rule.server).collect(),
                transport: rule.transport,
                ports: &rule.ports,
            },
            &report.flows,
            |flow| FlowNames {
                clients: std::slice::from_ref(&flow.client),
                servers: std::slice::from_ref(&flow.server),
                transport: flow.transport,
                port: flow.port,
                roles: flow.client_roles.iter().chain(&flow.server_roles).collect(),
                names: [flow.verdict.name(), flow.interface.as_str()]
                    .into_iter()
                    .chain(flow.rules.iter().map(String::as_str))
                    .collect(),
            },
        )
    }

    /// As [`Self::find`], among rules and flows of any report.
    pub fn among<'a, R, F>(
        &self,
        rules: &'a [R],
        of_rule: impl Fn(&'a R) -> RuleNames<'a>,
        flows: &'a [F],
        of_flow: impl Fn(&'a F) -> FlowNames<'a>,
    ) -> (Vec<&'a R>, Vec<&'a F>) {
        let by_id: Vec<&R> = rules
            .iter()
            .filter(|rule| of_rule(rule).id.eq_ignore_ascii_case(&self.text))
            .collect();
        if !by_id.is_empty() || self.terms.is_empty() {
            return (by_id, Vec::new());
        }
        let flows: Vec<&F> = flows
            .iter()
            .filter(|flow| self.means(&of_flow(flow)))
            .collect();
        if !flows.is_empty() {
            return (by_id, flows);
        }
        let wanted = self.text.to_lowercase();
        let has_part = |text: &str| text.to_lowercase().contains(&wanted);
        let is_meant = |rule: &&'a R| {
            let rule = of_rule(rule);
            let of_service = self.terms.iter().any(|term| match term {
                Term::Service(transport, port) => {
                    rule.transport == (*transport).into() && rule.has_port(*port)
                }
                Term::Port(port) => rule.has_port(*port),
                Term::Address(_) | Term::Name(_) => false,
            });
            let roles = rule.roles.iter().map(|role| role.as_str());
            let mut names = std::iter::once(rule.id).chain(rule.service).chain(roles);
            of_service || names.any(has_part)
        };
        (rules.iter().filter(is_meant).collect(), flows)
    }

    /// Whether a flow without a verdict matches.
    pub fn fits(&self, flow: &observed::Flow) -> bool {
        self.has_addresses(&[flow.client], &[flow.server])
            && self.terms.iter().all(|term| match term {
                Term::Address(_) => true,
                Term::Service(transport, port) => {
                    flow.transport() == Some(*transport) && flow.port == *port
                }
                Term::Port(port) => flow.port == *port,
                Term::Name(name) => flow.interface == *name,
            })
    }

    /// Of two addresses the first is the client's.
    fn has_addresses(&self, clients: &[IpAddr], servers: &[IpAddr]) -> bool {
        let mut addresses = self.terms.iter().filter_map(|term| match term {
            Term::Address(address) => Some(address),
            Term::Service(..) | Term::Port(_) | Term::Name(_) => None,
        });
        match (addresses.next(), addresses.next()) {
            (Some(first), Some(second)) => clients.contains(first) && servers.contains(second),
            (Some(one), None) => clients.contains(one) || servers.contains(one),
            (None, _) => true,
        }
    }

    fn means(&self, flow: &FlowNames<'_>) -> bool {
        self.has_addresses(flow.clients, flow.servers)
            && self.terms.iter().all(|term| match term {
                Term::Address(_) => true,
                Term::Service(transport, port) => {
                    flow.transport == Some((*transport).into()) && flow.port == *port
                }
                Term::Port(port) => flow.port == *port,
                Term::Name(name) => {
                    let role = Role::new(name);
                    flow.roles.iter().any(|one| Role::new(one) == role)
                        || flow.names.contains(&name.as_str())
                }
            })
    }
}

/// By what a rule may be meant.
#[derive(Clone, Debug)]
pub struct RuleNames<'a> {
    pub id: &'a str,
    pub service: Option<&'a str>,
    pub roles: Vec<&'a String>,
    pub transport: schema::Transport,
    pub ports: &'a str,
}

impl RuleNames<'_> {
    fn has_port(&self, port: u16) -> bool {
        RulePorts::parse(self.ports).is_ok_and(|ports| ports.contains(port))
    }
}

/// By what flows may be meant that are one finding.
#[derive(Clone, Debug)]
pub struct FlowNames<'a> {
    pub clients: &'a [IpAddr],
    pub servers: &'a [IpAddr],
    pub transport: Option<schema::Transport>,
    pub port: u16,
    pub roles: Vec<&'a String>,
    /// A verdict, an interface, the id of a rule.
    pub names: Vec<&'a str>,
}

fn term(text: &str) -> Term {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Term::Address(address.to_canonical());
    }
    if let Ok(port) = text.parse() {
        return Term::Port(port);
    }
    let transports = [
        Transport::Tcp,
        Transport::Udp,
        Transport::Sctp,
        Transport::Icmp,
    ];
    if let Some((transport, port)) = text.split_once('/')
        && let Some(transport) = transports.into_iter().find(|one| one.name() == transport)
        && let Ok(port) = port.parse()
    {
        return Term::Service(transport, port);
    }
    Term::Name(text.to_owned())
}
