//! A part of a report: the flows and rules that somebody asks for.

mod choice;
mod value;

use std::{cmp::Reverse, collections::BTreeSet};

use thiserror::Error;

pub use self::choice::{Choice, Listed};
pub use self::value::{
    EndFilter, NO_ROLE, NoVerdict, PortFilter, PortFilterError, ProcessFilter, RoleFilter,
    VerdictFilter,
};
use super::schema::{Flow, Report, Rule, Shown};
use crate::{
    nearest::nearest,
    observed::{self, Host},
    port::PortSet,
};

/// Which flows and rules are wanted; what says nothing takes all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub client: Option<Choice<EndFilter>>,
    pub server: Option<Choice<EndFilter>>,
    pub ports: Option<Choice<PortFilter>>,
    pub verdict: Option<Choice<VerdictFilter>>,
    /// Roles of which one of the ends has one.
    pub role: Option<Choice<RoleFilter>>,
    /// A part of the name of a process that has a part in it.
    pub process: Option<Choice<ProcessFilter>>,
    pub sort: Option<Sort>,
    /// No more flows, and no more rules, than this.
    pub top: Option<usize>,
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

/// A role that a report knows nothing of.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("the report has no role `{role}`{}: expected an address, a network such as 10.0.0.0/24, or one of its roles", meant.as_ref().map_or_else(String::new, |meant| format!(" (is `{meant}` meant?)")))]
pub struct NoRole {
    role: String,
    meant: Option<String>,
}

/// Whether what is wanted, if anything, takes something of which each value says whether it fits.
fn takes<T>(wanted: Option<&Choice<T>>, fits: impl Fn(&T) -> bool) -> bool {
    wanted.is_none_or(|choice| choice.takes(fits))
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
        let of_ends = ends.flat_map(Choice::values).filter_map(|end| match end {
            EndFilter::Role(role) => Some(role),
            EndFilter::Net(_) => None,
        });
        let roles = of_ends.chain(self.role.iter().flat_map(Choice::values));
        let named = roles.filter_map(|role| match role {
            RoleFilter::Named(role) => Some(role),
            RoleFilter::None => None,
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
        for role in named {
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
        let (client, server) = (&flow.client_roles, &flow.server_roles);
        takes(self.client.as_ref(), |end| end.fits(flow.client, client))
            && takes(self.server.as_ref(), |end| end.fits(flow.server, server))
            && takes(self.ports.as_ref(), |ports| {
                ports.fits_flow(flow.protocol, flow.port)
            })
            && takes(self.verdict.as_ref(), |wanted| {
                wanted.flow == Some(flow.verdict) || wanted.severity == Some(flow.severity)
            })
            && takes(self.role.as_ref(), |role| {
                role.fits(client) || role.fits(server)
            })
            && takes(self.process.as_ref(), |wanted| {
                wanted.is_of(&flow.processes)
            })
    }

    /// Whether a rule is wanted. An address, a process, or that an end is in no role says nothing of a rule, so the rules of flows
    /// that are wanted are; `flows` are theirs, by their place in the report.
    fn takes_rule(&self, rule: &Rule, flows: &BTreeSet<usize>) -> bool {
        let of_flows = rule.flows.iter().any(|at| flows.contains(at));
        // What says nothing of rules says nothing of them where it is negated either.
        let end = |wanted: Option<&Choice<EndFilter>>, roles: &[String]| {
            wanted.is_none_or(|choice| {
                let is_of_rules =
                    |end: &EndFilter| matches!(end, EndFilter::Role(RoleFilter::Named(_)));
                if choice.values().all(is_of_rules) {
                    choice.takes(|end| match end {
                        EndFilter::Role(role) => role.fits(roles),
                        EndFilter::Net(_) => false,
                    })
                } else {
                    of_flows
                }
            })
        };
        let is_role = self.role.as_ref().is_none_or(|choice| {
            let is_of_rules = |role: &RoleFilter| matches!(role, RoleFilter::Named(_));
            if choice.values().all(is_of_rules) {
                choice.takes(|role| role.fits(&rule.client) || role.fits(&rule.server))
            } else {
                of_flows
            }
        });
        end(self.client.as_ref(), &rule.client)
            && end(self.server.as_ref(), &rule.server)
            && takes(self.ports.as_ref(), |ports| ports.fits_rule(rule))
            && takes(self.verdict.as_ref(), |wanted| {
                wanted.rule == Some(rule.verdict) || wanted.severity == Some(rule.severity)
            })
            && is_role
            && (takes(self.process.as_ref(), |wanted| {
                wanted.is_of(&rule.listeners)
            }) || self.process.is_some() && of_flows)
    }

    /// Whether it asks for roles, which flows without a verdict do not have.
    pub fn asks_for_roles(&self) -> bool {
        let ends = [&self.client, &self.server].into_iter().flatten();
        let mut ends = ends.flat_map(Choice::values);
        self.role.is_some() || ends.any(|end| matches!(end, EndFilter::Role(_)))
    }

    /// The flows that are wanted of those that have no verdict, in the order that is wanted, by default the busiest first.
    pub fn flows<'a>(&self, host: &Host, flows: &'a [observed::Flow]) -> Vec<&'a observed::Flow> {
        let by_process = |flow: &observed::Flow, wanted: &ProcessFilter| {
            let owners = host.owners.clients_of(host, flow).into_iter();
            let mut owners = owners.chain(host.owners.servers_of(host, flow));
            owners.any(|owner| owner.process.is_shown && owner.process.name.contains(&wanted.0))
        };
        let mut wanted: Vec<&observed::Flow> = flows
            .iter()
            .filter(|flow| {
                takes(self.client.as_ref(), |end| end.fits(flow.client, &[]))
                    && takes(self.server.as_ref(), |end| end.fits(flow.server, &[]))
                    && takes(self.ports.as_ref(), |ports| {
                        ports.fits_flow(flow.protocol, flow.port)
                    })
                    && takes(self.process.as_ref(), |process| by_process(flow, process))
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
        say("verdict", self.verdict.as_ref().map(ToString::to_string));
        say("role", self.role.as_ref().map(ToString::to_string));
        say("process", self.process.as_ref().map(ToString::to_string));
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
