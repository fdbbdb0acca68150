//! Network policies, which select pods by a label with their role, as JSON for `kubectl apply -f`.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv6Addr},
};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use serde_json::{Value, json};

use super::{
    Direction, Exported, LeftOut, Peer, Scope, distinct, leave_out,
    left_over::{Closed, left_over},
    name,
};
use crate::{
    address::AddressSet,
    escape,
    matrix::Rule,
    port::{PortRange, PortSet},
    role::Role,
    transport::Transport,
};

/// The label that pods of a role carry.
const LABEL: &str = "auditor/role";

/// The IPv6 addresses between which a set has the IPv4 addresses: as IPv6 addresses they follow one another.
const BEFORE_MAPPED: IpAddr = IpAddr::V6(Ipv6Addr::from_bits(0xffff_ffff_ffff));
const AFTER_MAPPED: IpAddr = IpAddr::V6(Ipv6Addr::from_bits(0x1_0000_0000_0000));

/// How a kind of policy expresses what all kinds can express.
struct Dialect {
    /// Writes one rule: the peer that it allows, and the ports.
    allow: fn(direction: Direction, peer: &PeerOf<'_>, service: &Service<'_>) -> Value,
    policy: fn(role: &Named<'_>, ingress: &[Value], egress: &[Value]) -> Value,
}

/// The peer that a policy's rule allows: the client for ingress, the server for egress.
enum PeerOf<'a> {
    Any,
    /// Machines that are no pods and have no labels, by the addresses that the deployment gives.
    Addresses(Cow<'a, AddressSet>),
    Pods(Named<'a>),
}

/// A role, and the name that its pods carry.
#[derive(Clone, Copy)]
struct Named<'a> {
    role: &'a Role,
    name: &'a str,
}

/// What of a rule is allowed between two of its roles: without the ports that other rules forbid between them.
struct Service<'a> {
    rule: &'a Rule,
    ports: PortSet,
}

pub(super) fn network_policies(scope: &Scope<'_>) -> Exported {
    policies(
        scope,
        &Dialect {
            allow: network_rule,
            policy: network_policy,
        },
    )
}

pub(super) fn cilium_policies(scope: &Scope<'_>) -> Exported {
    policies(
        scope,
        &Dialect {
            allow: cilium_rule,
            policy: cilium_policy,
        },
    )
}

fn policies(scope: &Scope<'_>, dialect: &Dialect) -> Exported {
    let mut left_out = Vec::new();
    let applying = scope.applying(&mut left_out);
    let roles = applying
        .iter()
        .flat_map(|rule| rule.client.iter().chain(&rule.server));
    let names = distinct(roles);
    let named = |role| Named {
        role,
        name: names.get(role).map_or("", String::as_str),
    };
    let (forbidding, allowing): (Vec<&Rule>, Vec<&Rule>) = applying
        .into_iter()
        .partition(|rule| rule.presence.forbids());
    let mut both: BTreeMap<&Role, [Vec<Value>; 2]> = BTreeMap::new();
    let mut closed = Closed::new();
    for rule in allowing {
        if let Some(reason) = inexpressible(rule) {
            leave_out(&mut left_out, rule, reason);
            continue;
        }
        let roles: BTreeSet<&Role> = rule.client.iter().chain(&rule.server).collect();
        for role in roles {
            if !scope.roles.is_whole(role) {
                left_out.push(LeftOut::closed(rule, scope.why_unclear(role)));
            }
        }
        for client in &rule.client {
            for server in &rule.server {
                for piece in left_over(scope, &forbidding, rule, [client, server], &mut closed) {
                    let [clients, servers] = piece.ends;
                    let ends = (
                        peer(scope, named(client), clients),
                        peer(scope, named(server), servers),
                    );
                    // Machines of which no name has an address are no pods, and nobody.
                    let (Some(from), Some(to)) = ends else {
                        continue;
                    };
                    let service = Service {
                        rule,
                        ports: piece.ports,
                    };
                    let [ingress, _] = both.entry(server).or_default();
                    ingress.push((dialect.allow)(Direction::Ingress, &from, &service));
                    let [_, egress] = both.entry(client).or_default();
                    egress.push((dialect.allow)(Direction::Egress, &to, &service));
                }
            }
        }
    }
    for rule in forbidding {
        left_out.push(match closed.remove(rule.id.as_str()) {
            Some(why) => LeftOut::closed(rule, why.into_iter().collect::<Vec<_>>().join("; ")),
            None => LeftOut::new(
                rule,
                "policies only allow: what it forbids is taken out of what other rules allow"
                    .to_owned(),
            ),
        });
    }
    let notes = both.keys().filter(|role| is_of_pods(scope, role));
    let notes = notes.filter_map(|role| {
        let label = names.get(*role)?;
        let plain = name(role.name());
        (plain != *label).then(|| {
            let other = if plain.is_empty() {
                "its own name has no character that labels take".to_owned()
            } else {
                format!("`{plain}` is another role's")
            };
            format!(
                "pods of `{}` carry the label {LABEL}={label}: {other}",
                role.name().escape_debug()
            )
        })
    });
    let notes = notes.collect();
    // Only a role of pods gets a policy; `any` and roles with addresses outside of the cluster have no pods.
    let items: Vec<Value> = both
        .into_iter()
        .filter(|(role, _)| is_of_pods(scope, role))
        .map(|(role, [ingress, egress])| (dialect.policy)(&named(role), &ingress, &egress))
        .collect();
    if items.is_empty() {
        left_out.push(LeftOut {
            rule: "every rule".to_owned(),
            reason: "all roles have addresses in the deployment, so none is one of pods; leave the roles of pods out there"
                .to_owned(),
            is_closed: false,
        });
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    Exported {
        text: escape::json(&format!("{list:#}\n")).into_owned(),
        left_out,
        notes,
    }
}

fn is_of_pods(scope: &Scope<'_>, role: &Role) -> bool {
    matches!(scope.peer(role), Peer::Unknown)
}

/// Why no policy can express a rule.
fn inexpressible(rule: &Rule) -> Option<&'static str> {
    if rule.loopback {
        Some("what stays inside a pod passes no policy")
    } else if rule.transport == Transport::Icmp {
        Some("policies do not name ICMP as a whole")
    } else {
        None
    }
}

/// The peer that a role is, or these of its addresses; `None` where nobody knows who it is.
fn peer<'a>(scope: &Scope<'a>, named: Named<'a>, only: Option<AddressSet>) -> Option<PeerOf<'a>> {
    if let Some(set) = only {
        return Some(PeerOf::Addresses(Cow::Owned(set)));
    }
    match scope.peer(named.role) {
        Peer::Any => Some(PeerOf::Any),
        Peer::Addresses(set) => Some(PeerOf::Addresses(Cow::Borrowed(set))),
        Peer::Unknown => Some(PeerOf::Pods(named)),
        Peer::Unresolved => None,
    }
}

fn labels(role: &Named<'_>) -> Value {
    json!({"matchLabels": {LABEL: role.name}})
}

/// A policy's name. Where the role's own name has other characters, it stands beside.
fn metadata(role: &Named<'_>) -> Value {
    if name(role.role.name()) == role.name {
        json!({"name": role.name})
    } else {
        json!({"name": role.name, "annotations": {LABEL: role.role.name()}})
    }
}

/// The addresses as the fewest prefixes that cover them exactly.
fn prefixes(set: &AddressSet) -> Vec<String> {
    let mut ranges: Vec<(IpAddr, IpAddr)> = Vec::new();
    for (first, last) in set.ranges() {
        let before = ranges.iter_mut().find(|one| one.1 == BEFORE_MAPPED);
        match before.filter(|_| first == AFTER_MAPPED) {
            Some(before) => before.1 = last,
            None => ranges.push((first, last)),
        }
    }
    ranges
        .into_iter()
        .flat_map(|(first, last)| -> Vec<IpNet> {
            match (first, last) {
                (IpAddr::V4(first), IpAddr::V4(last)) => {
                    Ipv4Subnets::new(first, last, 0).map(IpNet::from).collect()
                }
                (IpAddr::V6(first), IpAddr::V6(last)) => {
                    Ipv6Subnets::new(first, last, 0).map(IpNet::from).collect()
                }
                (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Vec::new(),
            }
        })
        .map(|net| net.to_string())
        .collect()
}

/// The ports of a service, each with its protocol; `number` is how the dialect writes a port.
fn ports(service: &Service<'_>, number: fn(u16) -> Value) -> Vec<Value> {
    let protocol = service.rule.transport.name().to_uppercase();
    let ranges = service.ports.ranges().iter().copied();
    let one = |range: PortRange| {
        let (first, last) = (range.first(), range.last());
        if first == last {
            json!({"protocol": protocol, "port": number(first)})
        } else {
            json!({"protocol": protocol, "port": number(first), "endPort": last})
        }
    };
    ranges.map(one).collect()
}

fn network_rule(direction: Direction, peer: &PeerOf<'_>, service: &Service<'_>) -> Value {
    let ports = ports(service, Value::from);
    let peers: Vec<Value> = match peer {
        // A rule without peers allows all of them.
        PeerOf::Any => return json!({"ports": ports}),
        PeerOf::Addresses(set) => prefixes(set)
            .into_iter()
            .map(|cidr| json!({"ipBlock": {"cidr": cidr}}))
            .collect(),
        PeerOf::Pods(role) => vec![json!({"podSelector": labels(role)})],
    };
    match direction {
        Direction::Ingress => json!({"from": peers, "ports": ports}),
        Direction::Egress => json!({"to": peers, "ports": ports}),
    }
}

fn network_policy(role: &Named<'_>, ingress: &[Value], egress: &[Value]) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata(role),
        "spec": {
            "podSelector": labels(role),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    })
}

fn cilium_rule(direction: Direction, peer: &PeerOf<'_>, service: &Service<'_>) -> Value {
    let ports = ports(service, |port| port.to_string().into());
    let (field, peers): (&str, Value) = match (direction, peer) {
        (Direction::Ingress, PeerOf::Any) => ("fromEntities", json!(["all"])),
        (Direction::Egress, PeerOf::Any) => ("toEntities", json!(["all"])),
        (Direction::Ingress, PeerOf::Addresses(set)) => ("fromCIDR", json!(prefixes(set))),
        (Direction::Egress, PeerOf::Addresses(set)) => ("toCIDR", json!(prefixes(set))),
        (Direction::Ingress, PeerOf::Pods(role)) => ("fromEndpoints", json!([labels(role)])),
        (Direction::Egress, PeerOf::Pods(role)) => ("toEndpoints", json!([labels(role)])),
    };
    json!({field: peers, "toPorts": [{"ports": ports}]})
}

fn cilium_policy(role: &Named<'_>, ingress: &[Value], egress: &[Value]) -> Value {
    json!({
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": metadata(role),
        "spec": {
            "endpointSelector": labels(role),
            "ingress": ingress,
            "egress": egress,
        },
    })
}
