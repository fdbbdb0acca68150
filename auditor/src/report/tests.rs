use std::{collections::BTreeMap, net::IpAddr, path::Path};

use auditor_common::{Evidence, Slot, Tally};
use jiff::{SignedDuration, Timestamp};

use super::{MatrixSource, Report, json, text};
use crate::{
    audit::{Policy, judge},
    deployment::Deployment,
    matrix::Matrix,
    observed::{Flow, Gap, Hook, Host, Interface, Observed, Way, Window},
};

const MATRIX: &str = r#"
name = "Store"
version = "2"
[[rule]]
id = "web"
client = ["user"]
server = ["store"]
transport = "tcp"
ports = "443"
service = "Web"
presence = "required"
origin = "page.md:7"
[[rule]]
id = "vault"
client = ["store"]
server = ["store"]
transport = "tcp"
ports = "8200"
when = "enterprise"
[[rule]]
id = "mail"
client = ["store"]
server = ["relay"]
transport = "tcp"
ports = "25,587"
alternatives = true
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
[roles]
store = ["10.0.0.1", "10.0.0.2"]
user = ["10.0.9.0/24"]
relay = ["relay.example.com"]
"#;

fn report() -> Report {
    let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let end = start + SignedDuration::from_secs(61);
    let flow = |client: &str, port, answered| Flow {
        client: client.parse().unwrap(),
        server: "10.0.0.1".parse().unwrap(),
        protocol: 6,
        port,
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server: Way {
            packets: 5,
            bytes: 1500,
            resets: 0,
            flags: 0x12,
        },
        to_client: Way {
            packets: answered,
            bytes: answered * 70,
            resets: 0,
            flags: 0x12,
        },
        requests: 1,
        replies: answered.min(1),
        refusals: 0,
        first: start,
        last: end,
        evidence: Evidence::Handshake,
    };
    let tally = |packets| Tally {
        packets,
        bytes: packets * 100,
    };
    let observed = Observed {
        lost: BTreeMap::new(),
        host: Host {
            name: "store\u{1b}[31m1".to_owned(),
            addresses: ["10.0.0.1".parse::<IpAddr>().unwrap()].into(),
            ..Host::default()
        },
        window: Window {
            start,
            end,
            asked: SignedDuration::from_secs(120),
        },
        interfaces: vec![Interface {
            name: "eth0".to_owned(),
            ingress: Hook::Xdp,
            egress: Some(Hook::Tc),
            is_loopback: false,
        }],
        flows: vec![flow("10.0.9.7", 443, 4), flow("192.0.2.1", 22, 0)],
        tallies: BTreeMap::from([
            (Slot::Received, tally(14)),
            (Slot::Sent, tally(4)),
            (Slot::Fragment, tally(4)),
        ]),
        gaps: vec![Gap::CutShort {
            watched: SignedDuration::from_secs(61),
        }],
    };
    let matrix = Matrix::parse(Path::new("m.toml"), MATRIX).unwrap();
    let deployment = Deployment::parse(Path::new("a.toml"), DEPLOYMENT).unwrap();
    let mut lookup = |_: &str| Err("nobody knows".to_owned());
    let policy = Policy::new(
        &[matrix],
        Some(&deployment),
        &[],
        &observed.host,
        &mut lookup,
    )
    .unwrap();
    let audit = judge(&policy, &observed);
    let unset_conditions = policy
        .unset_conditions(Some(&deployment))
        .into_iter()
        .collect();
    let matrices = vec![MatrixSource {
        name: "Store".to_owned(),
        version: Some("2".to_owned()),
        path: "m.toml".into(),
        n_rules: 3,
    }];
    Report {
        observed,
        policy,
        audit,
        matrices,
        unset_conditions,
    }
}

#[test]
fn as_text() {
    insta::assert_snapshot!(text(&report()));
}

#[test]
fn as_json() {
    insta::assert_snapshot!(json(&report()).unwrap());
}
