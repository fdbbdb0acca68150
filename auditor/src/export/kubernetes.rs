//! Network policies, which select pods by a label with their role, as JSON for `kubectl apply -f`.

use std::{collections::BTreeMap, net::IpAddr};

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use serde_json::{Value, json};

use super::{Direction, Exported, LeftOut, Peer, Scope, is_forbidden, leave_out, name};
use crate::{
    address::AddressSet,
    matrix::{Rule, RulePorts},
    port::PortRange,
    role::Role,
    transport::Transport,
};

/// The label that pods of a role carry.
const LABEL: &str = "auditor/role";

/// How a kind of policy expresses what all kinds can express.
struct Dialect {
    /// Writes one rule: the peer that it allows, and the ports.
    allow: fn(direction: Direction, peer: &PeerOf<'_>, rule: &Rule) -> Value,
    policy: fn(role: &Role, ingress: &[Value], egress: &[Value]) -> Value,
}

/// The peer that a policy's rule allows: the client for ingress, the server for egress.
enum PeerOf<'a> {
    Any,
    /// Machines that are no pods and have no labels, by the addresses that the deployment gives.
    Addresses(&'a AddressSet),
    Pods(&'a Role),
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
    let mut both: BTreeMap<&Role, [Vec<Value>; 2]> = BTreeMap::new();
    for rule in scope.applying(&mut left_out) {
        if let Some(reason) = inexpressible(rule) {
            leave_out(&mut left_out, rule, reason);
            continue;
        }
        for client in &rule.client {
            for server in &rule.server {
                let allow = |direction, role| (dialect.allow)(direction, &peer(scope, role), rule);
                let [ingress, _] = both.entry(server).or_default();
                ingress.push(allow(Direction::Ingress, client));
                let [_, egress] = both.entry(client).or_default();
                egress.push(allow(Direction::Egress, server));
            }
        }
    }
    // Only a role of pods gets a policy; `any` and roles with addresses outside of the cluster have no pods.
    let items: Vec<Value> = both
        .into_iter()
        .filter(|(role, _)| matches!(scope.peer(role), Peer::Unknown))
        .map(|(role, [ingress, egress])| (dialect.policy)(role, &ingress, &egress))
        .collect();
    if items.is_empty() {
        left_out.push(LeftOut {
            rule: "every rule".to_owned(),
            reason: "all roles have addresses in the deployment, so none is one of pods; leave the roles of pods out there"
                .to_owned(),
        });
    }
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items});
    Exported {
        text: format!("{list:#}\n"),
        left_out,
    }
}

/// Why no policy can express a rule.
fn inexpressible(rule: &Rule) -> Option<&'static str> {
    if is_forbidden(rule) {
        Some("policies only allow: what none allows is denied already")
    } else if rule.loopback {
        Some("what stays inside a pod passes no policy")
    } else if rule.transport == Transport::Icmp {
        Some("policies do not name ICMP as a whole")
    } else {
        None
    }
}

fn peer<'a>(scope: &Scope<'a>, role: &'a Role) -> PeerOf<'a> {
    match scope.peer(role) {
        Peer::Any => PeerOf::Any,
        Peer::Addresses(set) => PeerOf::Addresses(set),
        Peer::Unknown => PeerOf::Pods(role),
    }
}

fn labels(role: &Role) -> Value {
    json!({"matchLabels": {LABEL: name(role.name())}})
}

/// The addresses as the fewest prefixes that cover them exactly.
fn prefixes(set: &AddressSet) -> Vec<String> {
    set.ranges()
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

/// The ports of a rule, each with its protocol; `number` is how the dialect writes a port.
fn ports(rule: &Rule, number: fn(u16) -> Value) -> Vec<Value> {
    let protocol = rule.transport.name().to_uppercase();
    let ranges = match &rule.ports {
        RulePorts::Set(set) => set.ranges().to_vec(),
        RulePorts::Ephemeral => vec![PortRange::EPHEMERAL],
        RulePorts::None => Vec::new(),
    };
    let one = |range: PortRange| {
        let (first, last) = (range.first(), range.last());
        if first == last {
            json!({"protocol": protocol, "port": number(first)})
        } else {
            json!({"protocol": protocol, "port": number(first), "endPort": last})
        }
    };
    ranges.into_iter().map(one).collect()
}

fn network_rule(direction: Direction, peer: &PeerOf<'_>, rule: &Rule) -> Value {
    let ports = ports(rule, Value::from);
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

fn network_policy(role: &Role, ingress: &[Value], egress: &[Value]) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name(role.name())},
        "spec": {
            "podSelector": labels(role),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    })
}

fn cilium_rule(direction: Direction, peer: &PeerOf<'_>, rule: &Rule) -> Value {
    let ports = ports(rule, |port| port.to_string().into());
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

fn cilium_policy(role: &Role, ingress: &[Value], egress: &[Value]) -> Value {
    json!({
        "apiVersion": "cilium.io/v2",
        "kind": "CiliumNetworkPolicy",
        "metadata": {"name": name(role.name())},
        "spec": {
            "endpointSelector": labels(role),
            "ingress": ingress,
            "egress": egress,
        },
    })
}
