//! The rules of some roles to the statements of a host's firewall, of which the first that matches a packet decides.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    net::IpAddr,
};

use auditor_common::port::protocol;

use super::{Direction, LeftOut, Peer, Scope, Share, leave_out};
use crate::{
    address::AddressSet,
    matrix::{Rule, first_match},
    port::PortSet,
    role::Role,
    transport::Transport,
};

/// What one direction's packets are compared with.
pub(super) struct Chain<'a> {
    pub(super) direction: Direction,
    pub(super) statements: Vec<Statement<'a>>,
}

/// One statement: it drops what its rule forbids, and accepts what that allows.
pub(super) struct Statement<'a> {
    pub(super) rule: &'a Rule,
    pub(super) at: Where<'a>,
    pub(super) service: Service,
}

/// Between which ends a statement matches.
pub(super) enum Where<'a> {
    Loopback,
    Between { own: End<'a>, peer: End<'a> },
}

/// One end of a statement.
#[derive(Clone, Copy)]
pub(super) enum End<'a> {
    Any,
    Role(&'a Role, &'a AddressSet),
}

/// What a statement matches of a transport.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Service {
    /// As in an audit, that is all of ICMP that a rule means.
    Echo,
    Ports(PortSet),
}

/// The first packet of a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet {
    pub client: IpAddr,
    pub server: IpAddr,
    /// The number of the IP protocol.
    pub protocol: u8,
    /// The server's port, or ICMP's type.
    pub port: u16,
    pub is_loopback: bool,
}

/// The statements for what comes in and for what goes out.
pub(super) fn chains<'a>(
    scope: &'a Scope<'a>,
    rules: &[&'a Rule],
    left_out: &mut Vec<LeftOut>,
) -> [Chain<'a>; 2] {
    let mut unclear_of_both = BTreeMap::new();
    let chains = [Direction::Ingress, Direction::Egress].map(|direction| {
        let (mut statements, mut unclear) = (Vec::new(), Unclear::default());
        for rule in first_match(rules.to_vec(), |rule| rule.presence) {
            let part = Part {
                scope,
                rule,
                direction,
            };
            part.add(&mut statements, &mut unclear, left_out);
        }
        unclear.join(&mut unclear_of_both);
        Chain {
            direction,
            statements,
        }
    });
    left_out.extend(unclear_of_both.into_values().map(UnclearRule::said));
    chains
}

/// A rule of which nobody can tell all that it forbids, since hosts of its are not known.
struct UnclearRule<'a> {
    rule: &'a Rule,
    why: BTreeSet<String>,
    /// The rules that let in less on its account, by their ids.
    closed: BTreeSet<&'a str>,
}

impl UnclearRule<'_> {
    fn said(self) -> LeftOut {
        let listed = |all: Vec<String>| all.join(", ");
        let why = listed(self.why.into_iter().collect());
        if self.closed.is_empty() {
            return LeftOut::new(
                self.rule,
                format!("{why}; no other rule allows what it forbids"),
            );
        }
        let closed = self.closed.iter();
        let closed = listed(closed.map(|id| id.escape_debug().to_string()).collect());
        LeftOut::closed(
            self.rule,
            format!(
                "{why}, so nobody can tell all that it forbids: its ports are closed to everybody whom {closed} may let in"
            ),
        )
    }
}

/// The rules of one direction of which nobody can tell all that they forbid. What they may forbid is let in by no other rule.
#[derive(Default)]
struct Unclear<'a> {
    rules: Vec<UnclearRule<'a>>,
}

impl<'a> Unclear<'a> {
    fn join(self, others: &mut BTreeMap<&'a str, UnclearRule<'a>>) {
        for one in self.rules {
            match others.entry(one.rule.id.as_str()) {
                Entry::Vacant(place) => {
                    place.insert(one);
                }
                Entry::Occupied(mut place) => {
                    let known = place.get_mut();
                    known.why.extend(one.why);
                    known.closed.extend(one.closed);
                }
            }
        }
    }
}

/// A rule's part in one chain.
struct Part<'a> {
    scope: &'a Scope<'a>,
    rule: &'a Rule,
    direction: Direction,
}

impl<'a> Part<'a> {
    /// The roles of the rule's end that is this host, and those of its peers.
    fn ends(&self, rule: &'a Rule) -> (&'a [Role], &'a [Role]) {
        match self.direction {
            Direction::Ingress => (&rule.server, &rule.client),
            Direction::Egress => (&rule.client, &rule.server),
        }
    }

    /// Whether the host that the chains are for has a role, or may have it.
    fn is_ours(&self, role: &Role) -> bool {
        let Scope { roles, own, .. } = self.scope;
        if roles.covers(role, own) {
            return true;
        }
        // What is allowed to a role is allowed to those who play it. What is forbidden at an address is forbidden to whoever has it.
        let may_have = |one: &Role| self.scope.share(role, one) != Share::None;
        self.rule.presence.forbids() && (!roles.is_whole(role) || own.iter().any(may_have))
    }

    fn add(
        &self,
        statements: &mut Vec<Statement<'a>>,
        unclear: &mut Unclear<'a>,
        left_out: &mut Vec<LeftOut>,
    ) {
        let Self { scope, rule, .. } = *self;
        let forbids = rule.presence.forbids();
        let (own, peers) = self.ends(rule);
        let own: Vec<&Role> = own.iter().filter(|role| self.is_ours(role)).collect();
        if own.is_empty() {
            return;
        }
        let service = match (rule.transport, rule.ports.set()) {
            (Transport::Icmp, _) => Service::Echo,
            (_, Some(ports)) => Service::Ports(ports),
            (_, None) => {
                leave_out(left_out, rule, "it names no port");
                return;
            }
        };
        if rule.loopback {
            statements.push(Statement {
                rule,
                at: Where::Loopback,
                service,
            });
            return;
        }
        let unknown: Vec<&Role> = own
            .iter()
            .copied()
            // Who plays a role by the word of --role needs no address for that.
            .filter(|role| !scope.roles.is_whole(role))
            .chain(peers.iter().filter(|role| scope.is_unclear(role)))
            .collect();
        if forbids && !unknown.is_empty() {
            unclear.rules.push(UnclearRule {
                rule,
                why: unknown.iter().map(|role| scope.why_unclear(role)).collect(),
                closed: BTreeSet::new(),
            });
        }
        if !forbids {
            for role in &unknown {
                let reason = scope.why_unclear(role);
                left_out.push(if scope.roles.is_whole(role) {
                    LeftOut::new(rule, reason)
                } else {
                    LeftOut::closed(rule, reason)
                });
            }
        }
        for own_role in &own {
            let own = match scope.peer(own_role) {
                Peer::Any => End::Any,
                Peer::Addresses(set) => End::Role(own_role, set),
                Peer::Unknown if scope.roles.covers(own_role, scope.own) => End::Any,
                Peer::Unknown | Peer::Unresolved => continue,
            };
            for peer_role in peers {
                let peer = match scope.peer(peer_role) {
                    Peer::Any => End::Any,
                    Peer::Addresses(set) => End::Role(peer_role, set),
                    Peer::Unknown | Peer::Unresolved => continue,
                };
                let service = if forbids {
                    Some(service.clone())
                } else {
                    self.clear(&service, [own_role, peer_role], unclear)
                };
                statements.extend(service.map(|service| Statement {
                    rule,
                    at: Where::Between { own, peer },
                    service,
                }));
            }
        }
    }

    /// What of a service no rule may forbid between two roles.
    fn clear(
        &self,
        service: &Service,
        [own, peer]: [&Role; 2],
        unclear: &mut Unclear<'a>,
    ) -> Option<Service> {
        let mut left = service.clone();
        for unclear in &mut unclear.rules {
            let one = unclear.rule;
            let (its_own, its_peers) = self.ends(one);
            let may_be = |roles: &[Role], end: &Role| {
                let is_one = |role: &Role| {
                    self.scope.is_unclear(role) || self.scope.share(role, end) != Share::None
                };
                roles.iter().any(is_one)
            };
            if one.transport != self.rule.transport
                || !one.ports.overlap(&self.rule.ports)
                || !may_be(its_own, own)
                || !may_be(its_peers, peer)
            {
                continue;
            }
            unclear.closed.insert(&self.rule.id);
            left = match (left, one.ports.set()) {
                (Service::Ports(ports), Some(forbidden)) => Service::Ports(ports.minus(&forbidden)),
                (Service::Echo, _) | (Service::Ports(_), None) => return None,
            };
        }
        let is_empty = matches!(&left, Service::Ports(ports) if ports.is_empty());
        (!is_empty).then_some(left)
    }
}

impl Chain<'_> {
    /// Whether the chain accepts a conversation.
    pub(super) fn accepts(&self, packet: &Packet) -> bool {
        let first = self
            .statements
            .iter()
            .find(|one| one.matches(packet, self.direction));
        first.is_some_and(|one| !one.rule.presence.forbids())
    }
}

impl Statement<'_> {
    fn matches(&self, packet: &Packet, direction: Direction) -> bool {
        let (own_address, peer_address) = match direction {
            Direction::Ingress => (packet.server, packet.client),
            Direction::Egress => (packet.client, packet.server),
        };
        let is_between = match &self.at {
            Where::Loopback => packet.is_loopback,
            Where::Between { own, peer } => {
                own.contains(own_address) && peer.contains(peer_address)
            }
        };
        let is_service = match &self.service {
            Service::Echo => matches!(
                (packet.protocol, packet.port),
                (protocol::ICMP, 8) | (protocol::ICMPV6, 128)
            ),
            Service::Ports(ports) => {
                self.rule.transport.protocol() == Some(packet.protocol)
                    && ports.contains(packet.port)
            }
        };
        is_between && is_service
    }
}

impl End<'_> {
    fn contains(&self, address: IpAddr) -> bool {
        match self {
            Self::Any => true,
            Self::Role(_, set) => set.contains(address),
        }
    }
}
