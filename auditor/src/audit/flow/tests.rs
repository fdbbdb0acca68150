//! Compares the index with a plain nested loop, which compares every flow with every rule.

use std::{net::IpAddr, path::Path};

use auditor_common::Evidence;
use jiff::Timestamp;
use proptest::{prelude::*, sample::select};

use super::{Judge, NEAREST};
use crate::{
    audit::{
        FlowVerdict, Mismatch, Policy, PolicyRule, Side, housekeeping::Housekeeping,
        policy::named_transport,
    },
    deployment::Deployment,
    matrix::{Matrix, Presence, Rule, RulePorts, Said, said},
    observed::{DirectionCounters, Flow, Hook, Host, Interface, Observed},
    port::{PortRange, PortSet},
    role::Role,
    transport::Transport,
};

type Test<'a> = &'a dyn Fn(&PolicyRule) -> bool;

/// The verdict, found by comparing the flow with every rule.
fn plain(policy: &Policy, observed: &Observed, flow: &Flow) -> FlowVerdict {
    let host = &observed.host;
    let given = policy.roles_were_given();
    let holds = |side: &Side, address| side.holds(address, host, policy.check, given);
    let is_own = |address: IpAddr| address.is_loopback() || host.addresses.contains(&address);
    let transport = named_transport(flow);
    let has_transport = |rule: &PolicyRule| transport == Some(rule.rule.transport);
    let has_port = |rule: &PolicyRule| rule.rule.ports.contains(flow.port);
    let has_ends = |rule: &PolicyRule, client: IpAddr, server: IpAddr| {
        let is_here = is_own(client) && is_own(server);
        holds(&rule.client, client)
            && holds(&rule.server, server)
            && (!rule.rule.loopback || is_here)
            || rule.rule.loopback && is_here && rule.client.is_ours && rule.server.is_ours
    };
    let (client, server) = (flow.client, flow.server);
    let allows =
        |rule: &PolicyRule| has_transport(rule) && has_port(rule) && has_ends(rule, client, server);
    let reversed =
        |rule: &PolicyRule| has_transport(rule) && has_port(rule) && has_ends(rule, server, client);
    let forbids = |rule: &PolicyRule| rule.rule.presence.forbids();
    let rules = |is_wanted: &dyn Fn(&PolicyRule) -> bool| -> Vec<usize> {
        let all = policy.rules.iter().enumerate();
        all.filter(|(_, rule)| is_wanted(rule))
            .map(|(at, _)| at)
            .collect()
    };
    let matching = rules(&|rule| rule.applies && allows(rule));
    match said(matching, |at| policy.rules[*at].rule.presence) {
        Said::Allowed(rules) => return FlowVerdict::Documented { rules },
        Said::Forbidden { by, though } => {
            return FlowVerdict::Forbidden {
                rules: by,
                allowing: though.into(),
            };
        }
        Said::Nothing => {}
    }
    let housekeeping = Housekeeping::new(policy, observed);
    if policy.housekeeping && housekeeping.excess(flow) == Some(Ok(())) {
        return FlowVerdict::Housekeeping;
    }
    if flow.is_guess() && flow.to_client.resets < flow.to_client.packets {
        let turned = |rule: &PolicyRule| {
            has_transport(rule)
                && has_ends(rule, server, client)
                && flow
                    .client_port
                    .is_some_and(|port| rule.rule.ports.contains(port))
        };
        let allowing = rules(&|rule| rule.applies && turned(rule) && !forbids(rule));
        if !allowing.is_empty() {
            return FlowVerdict::Documented { rules: allowing };
        }
    }
    let may_hold = |side: &Side, address| !side.unresolved.is_empty() || holds(side, address);
    // A range of few ports names each of them; ICMP has none.
    let is_named = |rule: &PolicyRule| {
        let ports = rule.rule.ports.set();
        ports.is_none_or(|set| {
            set.ranges().iter().any(|range| {
                (range.first()..=range.last()).contains(&flow.port)
                    && range.last() - range.first() < 32
            })
        })
    };
    let tests: [(Mismatch, Test<'_>); 6] = [
        (Mismatch::Unresolved, &|rule| {
            rule.applies
                && has_transport(rule)
                && has_port(rule)
                && may_hold(&rule.client, client)
                && may_hold(&rule.server, server)
                && (!rule.rule.loopback || is_own(client) && is_own(server))
        }),
        (Mismatch::Condition, &|rule| !rule.applies && allows(rule)),
        (Mismatch::Direction, &|rule| {
            rule.applies && reversed(rule) && is_named(rule)
        }),
        (Mismatch::Transport, &|rule| {
            rule.applies
                && !has_transport(rule)
                && transport.is_some_and(Transport::has_ports)
                && rule.rule.transport.has_ports()
                && has_port(rule)
                && has_ends(rule, client, server)
        }),
        (Mismatch::Peer, &|rule| {
            rule.applies
                && has_transport(rule)
                && has_port(rule)
                && !rule.rule.loopback
                && holds(&rule.client, client) != holds(&rule.server, server)
        }),
        (Mismatch::Port, &|rule| {
            rule.applies && has_transport(rule) && has_ends(rule, client, server)
        }),
    ];
    for (reason, test) in tests {
        let mut nearest = rules(&|rule| !forbids(rule) && test(rule));
        if !nearest.is_empty() {
            nearest.truncate(NEAREST);
            return FlowVerdict::Unexpected {
                reason,
                nearest,
                real: None,
            };
        }
    }
    let mut nearest =
        rules(&|rule| has_transport(rule) && has_port(rule) && is_named(rule) && !forbids(rule));
    nearest.truncate(NEAREST);
    FlowVerdict::Unexpected {
        reason: if nearest.is_empty() {
            Mismatch::Port
        } else {
            Mismatch::Roles
        },
        nearest,
        real: None,
    }
}

const ROLES: [&str; 6] = ["a", "b", "c", "d", "everyone", "empty"];

/// Overlapping prefixes and ranges, so that an address is on several sides.
fn entry() -> impl Strategy<Value = String> {
    let address = (0_u8..2, 0_u8..16).prop_map(|(net, host)| format!("10.0.{net}.{host}"));
    let six = (0_u8..16).prop_map(|host| format!("fd00::{host:x}"));
    prop_oneof![
        address.clone(),
        (address.clone(), 26_u8..=32).prop_map(network),
        (0_u8..2, 0_u8..8, 0_u8..8)
            .prop_map(|(net, from, more)| format!("10.0.{net}.{from}-10.0.{net}.{}", from + more)),
        six.clone(),
        (six, 122_u8..=128).prop_map(network),
    ]
}

/// The network of an address, by the length of its prefix.
fn network((address, length): (String, u8)) -> String {
    let network: ipnet::IpNet = format!("{address}/{length}").parse().expect("a prefix");
    network.trunc().to_string()
}

fn roles() -> impl Strategy<Value = Vec<Role>> {
    prop::collection::vec(select(&ROLES[..]), 1..3)
        .prop_map(|names| names.into_iter().map(Role::new).collect())
}

fn ports() -> impl Strategy<Value = RulePorts> {
    let range = (1_u16..12, 0_u16..6)
        .prop_map(|(first, more)| PortRange::new(first, first + more).expect("in order"));
    prop_oneof![
        6 => prop::collection::vec(range, 1..3)
            .prop_map(|ranges| RulePorts::Set(ranges.into_iter().collect())),
        1 => Just(RulePorts::Set(PortSet::parse("1-65535").expect("all ports"))),
        1 => Just(RulePorts::Ephemeral),
    ]
}

fn rule() -> impl Strategy<Value = Rule> {
    let presence = select(&[Presence::Required, Presence::Expected, Presence::Forbidden][..]);
    let transport = select(&[Transport::Tcp, Transport::Udp, Transport::Icmp][..]);
    let when = select(&[None, None, Some("on"), Some("off")][..]);
    (
        roles(),
        roles(),
        transport,
        ports(),
        presence,
        when,
        prop::bool::weighted(0.1),
    )
        .prop_map(
            |(client, server, transport, ports, presence, when, loopback)| Rule {
                id: String::new(),
                client,
                server,
                transport,
                ports: if transport.has_ports() {
                    ports
                } else {
                    RulePorts::None
                },
                alternatives: false,
                loopback,
                service: None,
                presence,
                within: None,
                when: when.map(str::to_owned),
                note: None,
                origin: None,
            },
        )
}

fn address() -> impl Strategy<Value = IpAddr> {
    let text = prop_oneof![
        4 => (0_u8..3, 0_u8..17).prop_map(|(net, host)| format!("10.0.{net}.{host}")),
        1 => (0_u8..17).prop_map(|host| format!("fd00::{host:x}")),
        1 => Just("127.0.0.1".to_owned()),
    ];
    text.prop_map(|text| text.parse().expect("an address"))
}

fn flow() -> impl Strategy<Value = Flow> {
    let protocol = select(&[6_u8, 6, 17, 1, 47][..]);
    let port = prop_oneof![0_u16..18, Just(67), Just(40_000), Just(u16::MAX)];
    let evidence = select(&[Evidence::Handshake, Evidence::LowerPort][..]);
    let client_port = prop::option::of(0_u16..18);
    (
        address(),
        address(),
        protocol,
        port,
        evidence,
        client_port,
        0_u64..2,
    )
        .prop_map(
            |(client, server, protocol, port, evidence, client_port, said)| Flow {
                client,
                server,
                protocol,
                port,
                interface: "lo".to_owned(),
                tunnel: None,
                to_server: DirectionCounters::default(),
                to_client: DirectionCounters {
                    packets: said,
                    ..DirectionCounters::default()
                },
                requests: 0,
                replies: 0,
                refusals: 0,
                first: Timestamp::UNIX_EPOCH,
                last: Timestamp::UNIX_EPOCH,
                evidence,
                translated: std::collections::BTreeSet::new(),
                remembered: None,
                client_direction: None,
                client_port,
                is_unreachable: false,
            },
        )
}

fn deployment() -> impl Strategy<Value = Deployment> {
    let entries = || prop::collection::vec(entry(), 0..4);
    (entries(), entries(), entries(), entries()).prop_map(|(a, b, c, d)| {
        let text = format!(
            "matrix = 'm'\n[conditions]\non = true\noff = false\n[roles]\na = {a:?}\nb = {b:?}\nc = {c:?}\nd = {d:?}\neveryone = ['any']\nempty = []\n"
        );
        Deployment::parse(Path::new("auditor.toml"), &text).expect("a deployment")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn the_index_says_what_the_nested_loop_says(
        rules in prop::collection::vec(rule(), 0..24),
        deployment in deployment(),
        has_deployment in prop::bool::weighted(0.8),
        played in prop::option::weighted(0.3, select(&ROLES[..4])),
        own in prop::collection::btree_set(address(), 0..4),
        flows in prop::collection::vec(flow(), 1..40),
    ) {
        let mut known: Vec<Role> = rules.iter().flat_map(|rule: &Rule| rule.client.iter().chain(&rule.server).cloned()).collect();
        if has_deployment {
            known.extend(deployment.roles.keys().cloned());
        }
        let played: Vec<Role> = played.into_iter().map(Role::new).filter(|role| known.contains(role)).collect();
        let matrix = Matrix { name: String::new(), version: None, sources: Vec::new(), rules, imported: std::collections::BTreeMap::new() };
        let host = Host { addresses: own, ..Host::default() };
        let deployment = has_deployment.then_some(&deployment);
        let policy = Policy::new(&[matrix], deployment, &played, &host, &mut |_| Err(String::new())).expect("known roles");
        let loopback = Interface { name: "lo".to_owned(), ingress: Hook::Tc, egress: None, is_loopback: true };
        let observed = Observed { host, flows, interfaces: vec![loopback], ..Observed::default() };
        let mut judge = Judge::new(&policy, &observed);
        for flow in &observed.flows {
            let expected = plain(&policy, &observed, flow);
            prop_assert_eq!(judge.judge(flow).verdict, expected, "{:?}", flow);
        }
    }
}
