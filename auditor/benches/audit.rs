//! What judging costs: a million flows against ten thousand rules between a thousand roles, beside a hash look-up of the
//! same flows, and the memory of the findings.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

use std::{
    collections::{BTreeMap, HashMap},
    hint::black_box,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    time::Instant,
};

use auditor::{
    audit::{self, Audit, FlowVerdict, Policy},
    deployment::Deployment,
    matrix::{Matrix, Presence, Rule, RulePorts},
    observed::{DirectionCounters, Flow, Host, Observed},
    port::PortSet,
    role::Role,
    transport::Transport,
};
use auditor_common::Evidence;
use jiff::Timestamp;

const FLOWS: u32 = 1_000_000;
const RULES: u32 = 10_000;
const ROLES: u32 = 1_000;
/// The ports of known services are few, so many rules share them.
const PORTS: u32 = 50;
const ROUNDS: usize = 5;

fn main() {
    let host = Host {
        addresses: [address(0)].into(),
        ..Host::default()
    };
    let deployment = deployment();
    let matrix = matrix();
    println!("{FLOWS} flows, {RULES} rules, {ROLES} roles; medians of {ROUNDS}");
    for (name, documented) in [
        ("nearly all documented", 98),
        ("half of them unexpected", 50),
    ] {
        let observed = Observed {
            host: host.clone(),
            flows: (0..FLOWS).map(|n| flow(n, documented)).collect(),
            ..Observed::default()
        };
        let (mut floor, mut judged, mut prepared) = (Vec::new(), Vec::new(), Vec::new());
        let mut last = None;
        for _ in 0..ROUNDS {
            floor.push(looked_up(&observed.flows));
            let matrices = std::slice::from_ref(&matrix);
            let (time, policy) = seconds(|| {
                let lookup = &mut |_: &str| Err(String::new());
                Policy::new(matrices, Some(&deployment), &[], &host, lookup).expect("known roles")
            });
            prepared.push(time);
            let (time, audit) = seconds(|| audit::judge(&policy, &observed));
            judged.push(time);
            last = Some(audit);
        }
        let audit = last.expect("there was a round");
        let (judged, floor) = (median(judged), median(floor));
        let unexpected = audit
            .flows
            .iter()
            .filter(|finding| matches!(finding.verdict, FlowVerdict::Unexpected { .. }));
        println!(
            "{name} ({} unexpected): judged in {judged:.3} s of one core, policy in {:.3} s; hash look-up {floor:.3} s, ratio {:.1}; {:.0} bytes a finding",
            unexpected.count(),
            median(prepared),
            judged / floor,
            memory(&audit) / f64::from(FLOWS),
        );
    }
}

/// Seconds to look each flow up in a hash table of them: what any tool pays that only counts.
fn looked_up(flows: &[Flow]) -> f64 {
    let key = |flow: &Flow| (flow.client, flow.server, flow.protocol, flow.port);
    let table: HashMap<_, u64> = flows.iter().map(key).zip(0..).collect();
    let started = Instant::now();
    let sum: u64 = flows.iter().filter_map(|flow| table.get(&key(flow))).sum();
    black_box(sum);
    started.elapsed().as_secs_f64()
}

fn seconds<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let started = Instant::now();
    let done = black_box(work());
    (started.elapsed().as_secs_f64(), done)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().expect("a time")
}

/// Bytes of the findings of flows, lists of rules included.
fn memory(audit: &Audit) -> f64 {
    let lists = audit.flows.iter().map(|finding| match &finding.verdict {
        FlowVerdict::Documented { rules }
        | FlowVerdict::Forbidden { rules, .. }
        | FlowVerdict::Unexpected { nearest: rules, .. } => rules.capacity() * size_of::<usize>(),
        FlowVerdict::Excepted { .. } | FlowVerdict::Housekeeping => 0,
    });
    (lists.sum::<usize>() + audit.flows.capacity() * size_of::<audit::FlowFinding>()) as f64
}

/// Address `n` of the cluster: 16 to a role.
fn address(n: u32) -> IpAddr {
    Ipv4Addr::from(0x0a00_0000 + n % (ROLES * 16)).into()
}

fn role(n: u32) -> String {
    format!("role-{:04}", n % ROLES)
}

fn deployment() -> Deployment {
    let roles: Vec<String> = (0..ROLES)
        .map(|n| format!("{} = [\"{}/28\"]", role(n), address(n * 16)))
        .collect();
    let roles = roles.join("\n");
    let text = format!("matrix = 'm'\n[roles]\n{roles}");
    Deployment::parse(Path::new("auditor.toml"), &text).expect("a deployment")
}

/// Rule `n`: ten of each client role.
fn rule(n: u32) -> (u32, u32, u32) {
    let client = n % ROLES;
    (client, mixed(n) % ROLES, 1 + mixed(n ^ 0x5555) % PORTS)
}

fn matrix() -> Matrix {
    let rules = (0..RULES).map(|n| {
        let (client, server, port) = rule(n);
        Rule {
            id: format!("rule-{n}"),
            client: vec![Role::new(&role(client))],
            server: vec![Role::new(&role(server))],
            transport: Transport::Tcp,
            ports: RulePorts::Set(PortSet::parse(&port.to_string()).expect("a port")),
            alternatives: false,
            loopback: false,
            service: None,
            presence: Presence::Expected,
            within: None,
            when: None,
            note: None,
            origin: None,
        }
    });
    Matrix {
        name: "bench".to_owned(),
        version: None,
        rules: rules.collect(),
        imported: BTreeMap::new(),
        sources: Vec::new(),
    }
}

/// Flow `n`: of a hundred, so many are what some rule says; the others go to any port of any address.
fn flow(n: u32, documented: u32) -> Flow {
    let chance = mixed(n.wrapping_mul(7));
    let (client, server, port) = if chance % 100 < documented {
        let (client, server, port) = rule(mixed(n) % RULES);
        let host = |role: u32, more: u32| role * 16 + more % 16;
        (host(client, chance >> 8), host(server, chance >> 16), port)
    } else {
        (mixed(n ^ 1), mixed(n ^ 2), 1 + mixed(n ^ 3) % 60_000)
    };
    Flow {
        client: address(client),
        server: address(server),
        protocol: 6,
        port: u16::try_from(port).expect("a port"),
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server: DirectionCounters {
            packets: 10,
            fragments: 0,
            bytes: 1000,
            resets: 0,
            flags: 0,
        },
        to_client: DirectionCounters {
            packets: 10,
            fragments: 0,
            bytes: 1000,
            resets: 0,
            flags: 0,
        },
        requests: 1,
        replies: 1,
        refusals: 0,
        first: Timestamp::UNIX_EPOCH,
        last: Timestamp::UNIX_EPOCH,
        evidence: Evidence::Handshake,
        translated: std::collections::BTreeSet::new(),
        remembered: None,
        client_direction: None,
        client_port: None,
        is_unreachable: false,
    }
}

/// A number that looks random (the finaliser of `MurmurHash3`).
const fn mixed(n: u32) -> u32 {
    let n = (n ^ n >> 16).wrapping_mul(0x85eb_ca6b);
    let n = (n ^ n >> 13).wrapping_mul(0xc2b2_ae35);
    n ^ n >> 16
}
