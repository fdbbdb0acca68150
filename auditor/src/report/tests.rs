mod forms;
mod hidden;

use std::{collections::BTreeMap, net::IpAddr, path::Path};

use auditor_common::{Evidence, Reason, Tally, Totals};
use jiff::{SignedDuration, Timestamp};

use super::{
    Controls, Judged, ListingBounds, Look, MatrixSource, Report, Run, diff,
    explain::{self, Query},
    learn,
    schema::{self, Flow, GapReason, Outcome, RuleVerdict},
    text::render as text,
};
use crate::{
    audit::{Policy, judge},
    deployment::{Deployment, RoleEntry},
    matrix::Matrix,
    observed::{
        self, Cause, DirectionCounters, Gap, Hook, Host, Interface, Observed, Unproven, Window,
    },
    role::Role,
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

pub(crate) fn report() -> Report {
    Report::new(&judged(Vec::new(), usize::MAX))
}

/// As people read it.
pub(crate) fn text_of(report: &Report) -> String {
    text(report, Look::default())
}

/// A report with documented flows of these clients beside its others, which lists at most `most`.
pub(crate) fn report_of(clients: &[&str], most: usize) -> Report {
    Report::new(&judged(clients.to_vec(), most))
}

pub(super) fn judged(documented: Vec<&str>, most_flows: usize) -> Judged {
    let start: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
    let end = start + SignedDuration::from_secs(61);
    let flow = |client: &str, port, answered| observed::Flow {
        client: client.parse().unwrap(),
        server: "10.0.0.1".parse().unwrap(),
        protocol: 6,
        port,
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server: DirectionCounters {
            packets: 5,
            fragments: 0,
            bytes: 1500,
            resets: 0,
            flags: 0x12,
        },
        to_client: DirectionCounters {
            packets: answered,
            fragments: 0,
            bytes: answered * 70,
            resets: 0,
            flags: 0x12,
        },
        requests: if answered == 0 { 5 } else { 1 },
        replies: answered.min(1),
        refusals: 0,
        first: start,
        last: end,
        evidence: Evidence::Handshake,
        translated: std::collections::BTreeSet::new(),
        remembered: None,
        client_direction: None,
        client_port: None,
        is_unreachable: false,
    };
    let tally = |packets| Tally {
        packets,
        bytes: packets * 100,
    };
    let mut flows: Vec<observed::Flow> = documented
        .into_iter()
        .map(|client| flow(client, 443, 4))
        .collect();
    flows.extend([flow("10.0.9.7", 443, 4), flow("192.0.2.1", 22, 0)]);
    let observed = Observed {
        lost: BTreeMap::new(),
        unproven: Unproven::default(),
        tallied_since: Timestamp::MIN,
        traffic: Vec::new(),
        dates: observed::Dates::default(),
        host: Host {
            name: "store\u{1b}[31m1".to_owned(),
            addresses: ["10.0.0.1".parse::<IpAddr>().unwrap()].into(),
            ..Host::default()
        },
        window: Window::new(start, end, SignedDuration::from_secs(120)),
        interfaces: vec![Interface {
            name: "eth0".to_owned(),
            ingress: Hook::Xdp,
            egress: Some(Hook::Tc),
            is_loopback: false,
        }],
        flows,
        totals: Totals {
            received: tally(14),
            sent: tally(4),
        },
        without_flow: BTreeMap::from([(Reason::Fragment, tally(4))]),
        gaps: vec![Gap {
            cause: Cause::CutShort {
                watched: SignedDuration::from_secs(61),
            },
            from: end,
            until: None,
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
        sha256: "ab".repeat(32),
        n_rules: 3,
        lines: BTreeMap::from([("web".to_owned(), 4)]),
        pages: Vec::new(),
    }];
    Judged {
        observed,
        policy,
        audit,
        matrices,
        unset_conditions,
        bounds: ListingBounds {
            most_flows,
            ..ListingBounds::NONE
        },
        controls: Controls::default(),
        run: Run {
            program: "0.0.0 (0123456789ab)".to_owned(),
            kernel: Some("6.1.0 #1 x86_64".to_owned()),
            machine: Some("0a".repeat(16)),
            user: "root".to_owned(),
            command: ["auditor", "audit", "--config", "a.toml"]
                .map(str::to_owned)
                .to_vec(),
            deployment: Some(("a.toml".into(), "cd".repeat(32))),
            pushed: None,
        },
    }
}

/// What is left out of the list is in the sums, and places still point to what they did.
/// Nine flows that are alike, of which one is listed.
pub(crate) fn alike(report: &Report, listed: usize) -> schema::Pattern {
    schema::Pattern {
        kind: schema::PatternKind::Servers,
        verdict: schema::FlowVerdict::Unexpected,
        severity: schema::Severity::Violation,
        reason: None,
        outcome: Outcome::Refused,
        client: None,
        clients: 1,
        network: None,
        server: None,
        servers: 9,
        services: vec!["tcp/9".to_owned()],
        ports: 1,
        processes: Vec::new(),
        flows: 9,
        listed: vec![listed],
        counted: schema::Count::default(),
        first_seen: report.window.start,
        last_seen: report.window.end,
    }
}

#[test]
fn a_list_that_is_bounded() {
    let clients = ["10.0.9.1", "10.0.9.2", "10.0.9.3"];
    let [whole, short] = [usize::MAX, 2].map(|most| report_of(&clients, most));
    assert_eq!(whole.flows.len(), 5);
    assert_eq!(whole.flows_left_out, None);
    assert_eq!(short.summary, whole.summary);
    let peers = |report: &Report| -> Vec<String> {
        let peer = |flow: &Flow| format!("{} {}", flow.client, flow.port);
        report.flows.iter().map(peer).collect()
    };
    // The violation, which is last in order of flows, and the first of the others.
    assert_eq!(peers(&short), ["10.0.9.1 443", "192.0.2.1 22"]);
    let left_out = short.flows_left_out.as_ref().unwrap();
    assert_eq!(
        (left_out.flows, left_out.findings, left_out.others),
        (3, 0, 0)
    );
    let [group] = left_out.groups.as_slice() else {
        panic!("{left_out:?}")
    };
    assert_eq!(group.service(), "tcp/443");
    assert_eq!((group.flows, group.clients, group.servers), (3, 3, 1));
    assert_eq!(group.counted.packets, 27);
    let [was, web] = [&whole, &short].map(|report| &report.rules[0]);
    assert_eq!((web.packets, web.verdict), (was.packets, was.verdict));
    assert_eq!((was.flows.len(), web.flows.as_slice()), (4, [0].as_slice()));
    let seen = |report: &Report| {
        let peers = report.rules[0].peers_seen.as_ref().unwrap();
        peers.seen.len() + peers.seen_left_out
    };
    assert_eq!(seen(&short), seen(&whole));
    assert!(text(&short, Look::default()).contains("3 more flows are not listed one by one"));
    let read: Report = serde_json::from_str(&short.to_json().unwrap()).unwrap();
    assert_eq!(read, short);
}

/// The report of what is judged anew.
pub(super) fn reported(judged: &mut Judged) -> Report {
    judged.audit = judge(&judged.policy, &judged.observed);
    Report::new(judged)
}

/// Who makes up grave findings by the thousand pushes no connection out that took both sides.
#[test]
fn what_is_proven_is_listed_before_what_anybody_makes_up() {
    let mut judged = judged(Vec::new(), 1);
    let [mut proven, mut made_up] = [
        judged.observed.flows[1].clone(),
        judged.observed.flows[1].clone(),
    ];
    proven.client = "198.51.100.1".parse().unwrap();
    proven.to_client.packets = 5;
    proven.replies = 1;
    proven.requests = 1;
    proven.last -= SignedDuration::from_secs(30);
    made_up.protocol = 17;
    made_up.to_client.packets = 5;
    judged.observed.flows = vec![made_up, proven];
    let report = reported(&mut judged);
    let listed: Vec<String> = report
        .flows
        .iter()
        .map(|flow| flow.client.to_string())
        .collect();
    assert_eq!(listed, ["198.51.100.1"]);
}

/// Nobody knows whether a rule allows what was sent to nobody knows whom.
#[test]
fn what_was_sent_without_a_place_is_a_finding() {
    let mut judged = judged(Vec::new(), usize::MAX);
    let warnings = reported(&mut judged).summary.warnings;
    let tally = |packets| Tally { packets, bytes: 0 };
    let lost = |direction, port| auditor_common::lost::Lost {
        direction,
        protocol: 17,
        port,
    };
    let received = (lost(auditor_common::Direction::Ingress, 9), tally(5));
    let sent = (lost(auditor_common::Direction::Egress, 7), tally(3));
    judged.observed.lost = BTreeMap::from([received, sent]);
    // Who fills the list with ports hides none of these.
    let more = (100..2000).map(|port| (lost(auditor_common::Direction::Ingress, port), tally(9)));
    judged.observed.lost.extend(more);
    // It was not in this window.
    assert_eq!(reported(&mut judged).summary.warnings, warnings);
    judged.observed.gaps.push(Gap {
        cause: Cause::Uncounted {
            reason: Reason::TableFull,
            packets: 8,
        },
        from: judged.observed.window.start,
        until: None,
    });
    let report = reported(&mut judged);
    assert_eq!(report.summary.warnings, warnings + 1);
    let said = text(&report, Look::default());
    assert!(
        said.contains("3 packets were sent of which only the port is known"),
        "{said}"
    );
    assert!(said.contains("(sent, udp 7: 3)"), "{said}");
    judged.observed.lost.remove(&sent.0);
    let report = reported(&mut judged);
    assert_eq!(
        (report.summary.warnings, super::sent_without_place(&report)),
        (warnings, None)
    );
}

/// Only the time that went by is no news.
#[test]
fn news() {
    let before = report();
    let mut later = before.clone();
    later.window.end += SignedDuration::from_secs(1);
    assert!(!later.is_news_to(&before));
    later.flows[0].to_server.packets += 1;
    assert!(later.is_news_to(&before));
}

#[test]
fn as_text() {
    insta::assert_snapshot!(text(&report(), Look::default()));
}

#[test]
fn as_json() {
    insta::assert_snapshot!(report().to_json().unwrap());
}

#[test]
fn a_report_is_read_back() {
    let report = report();
    let text = report.to_json().unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

/// The steps that explain what is meant by a text.
fn explained(report: &Report, text: &str) -> String {
    let (rules, flows) = Query::parse(text).find(report);
    let rules = rules.iter().map(|rule| explain::rule(report, rule));
    let flows = flows.iter().map(|flow| explain::flow(report, flow));
    let parts: Vec<String> = rules.chain(flows).map(|steps| steps.join("\n")).collect();
    parts.join("\n\n")
}

#[test]
fn explanations() {
    let report = report();
    for (name, text) in [
        ("documented", "10.0.9.7 -> 10.0.0.1 tcp/443"),
        ("unexpected", "192.0.2.1 22"),
        ("rule", "web"),
        ("unresolved", "mail"),
    ] {
        insta::assert_snapshot!(format!("explained_{name}"), explained(&report, text));
    }
}

#[test]
fn an_exception_that_is_offered_covers_its_flow_alone() {
    let report = report();
    let flow = report.flows.iter().find(|flow| flow.port == 22).unwrap();
    let text = explain::exception(&report, flow).unwrap().join("\n");
    let deployment = Deployment::parse(
        Path::new("a.toml"),
        &format!("matrix = \"m.toml\"\n{text}\n"),
    )
    .unwrap();
    let [exception] = deployment.exceptions.as_slice() else {
        panic!("one exception is expected: {text}");
    };
    let only = |address: IpAddr| Some(RoleEntry::Net(address.into()));
    assert_eq!(exception.client, only(flow.client));
    assert_eq!(exception.server, only(flow.server));
    assert_eq!(exception.until.unwrap().to_string(), "2027-02-18");
}

/// Of all protocols and ports an exception that is offered covers the one that was seen. One frame of an unknown protocol or an
/// odd type is enough to be offered one.
#[test]
fn an_exception_that_is_offered_names_the_protocol_that_was_seen() {
    let report = report();
    let tcp = report.flows.iter().find(|flow| flow.port == 22).unwrap();
    let seen = [
        (6, 22),
        (17, 514),
        (132, 36412),
        (1, 8),
        (1, 13),
        (58, 128),
        (0, 0),
        (41, 0),
        (50, 0),
        (89, 0),
        (103, 0),
        (136, 0),
        (255, 0),
    ];
    for (protocol, port) in seen {
        let flow = Flow {
            protocol,
            port,
            transport: crate::transport::Transport::from_protocol(protocol).map(Into::into),
            ..tcp.clone()
        };
        let text = explain::exception(&report, &flow).unwrap().join("\n");
        let text = format!("matrix = \"m.toml\"\n{text}\n");
        let deployment = Deployment::parse(Path::new("a.toml"), &text).unwrap();
        let exception = &deployment.exceptions[0];
        assert!(exception.is_about(protocol, port), "{text}");
        for other in 0..=u8::MAX {
            // The version of IP tells the two of ICMP apart, as its ends do.
            let is_icmp = |protocol| matches!(protocol, 1 | 58);
            let is_same = other == protocol || is_icmp(other) && is_icmp(protocol);
            for other_port in [0, 1, 8, 13, 22, 128, 514, 3306, 36412, u16::MAX] {
                let is_seen = is_same && other_port == port;
                // What has no ports has port 0.
                let is_possible = flow.transport.is_some() || other_port == 0;
                assert!(
                    is_seen || !is_possible || !exception.is_about(other, other_port),
                    "{other} {other_port}: {text}"
                );
            }
        }
    }
    // No exception names port 0, and one without a port would accept all of them.
    let nothing = Flow {
        port: 0,
        ..tcp.clone()
    };
    assert_eq!(explain::exception(&report, &nothing), None);
    let told = explain::flow(&report, &nothing).join("\n");
    assert!(told.contains("no exception can name port 0"), "{told}");
}

#[test]
fn what_is_meant() {
    let report = report();
    for (text, n_rules, n_flows) in [
        ("web", 1, 0),
        ("WEB", 1, 0),
        ("10.0.0.1", 0, 2),
        ("10.0.9.7", 0, 1),
        ("10.0.9.7->10.0.0.1", 0, 1),
        ("10.0.0.1 -> 10.0.9.7", 0, 0),
        ("::ffff:10.0.9.7", 0, 1),
        ("tcp/443", 0, 1),
        ("udp/443", 0, 0),
        ("22", 0, 1),
        ("user", 0, 1),
        ("unexpected", 0, 1),
        ("eth0", 0, 2),
        // Parts of an id and of a role, where no flow has them, and the port of a rule without a flow.
        ("MAI", 1, 0),
        ("rela", 1, 0),
        ("tcp/25", 1, 0),
        ("25", 1, 0),
        ("udp/25", 0, 0),
        ("nobody", 0, 0),
        ("", 0, 0),
    ] {
        let (rules, flows) = Query::parse(text).find(&report);
        assert_eq!((rules.len(), flows.len()), (n_rules, n_flows), "{text}");
    }
}

#[test]
fn differences() {
    let before = report();
    let mut now = before.clone();
    now.flows.remove(0);
    now.flows[0].outcome = Outcome::Established;
    now.flows[0].last_seen += SignedDuration::from_secs(1);
    now.rules[0].verdict = RuleVerdict::Missing;
    let lines: Vec<String> = diff(&before, &now)
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!("differences", lines.join("\n"));
    let back: Vec<String> = diff(&now, &before)
        .iter()
        .map(ToString::to_string)
        .collect();
    insta::assert_snapshot!("differences_back", back.join("\n"));
    assert_eq!(diff(&before, &before), []);
}

#[test]
fn what_is_learned() {
    let mut report = report();
    let knock = report.flows[1].clone();
    let seen = |client: &str, server: &str, port, roles: [&[&str]; 2]| {
        let [client_roles, server_roles] =
            roles.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect());
        Flow {
            client: client.parse().unwrap(),
            server: server.parse().unwrap(),
            client_roles,
            server_roles,
            port,
            outcome: Outcome::Established,
            ..knock.clone()
        }
    };
    report.flows.extend([
        // Two hosts in no role with the same activity, one with another, and two flows between roles.
        seen("192.0.2.7", "10.0.0.1", 9100, [&[], &["store"]]),
        seen("192.0.2.8", "10.0.0.1", 9100, [&[], &["store"]]),
        seen("192.0.2.9", "10.0.0.1", 22, [&[], &["store"]]),
        seen("10.0.9.7", "10.0.0.1", 80, [&["user"], &["store"]]),
        seen("10.0.9.7", "10.0.0.1", 81, [&["user"], &["store"]]),
    ]);
    // A rule for ICMP would allow the echo, which was not seen, and none names port 0.
    let of = |protocol, transport, port| Flow {
        protocol,
        transport: Some(transport),
        ..seen("192.0.2.7", "10.0.0.1", port, [&[], &["store"]])
    };
    report.flows.extend([
        of(1, schema::Transport::Icmp, 13),
        of(6, schema::Transport::Tcp, 0),
    ]);
    let learned = learn(std::slice::from_ref(&report));
    assert_eq!(learned.left_out, 3);
    let roles: Vec<String> = learned
        .roles
        .iter()
        .map(|(role, all)| format!("{role}: {all:?}"))
        .collect();
    insta::assert_snapshot!("learned_roles", roles.join("\n"));
    let text = learned.matrix.to_toml().unwrap();
    insta::assert_snapshot!("learned_matrix", text);
    // It is a matrix as any other.
    assert_eq!(
        Matrix::parse(Path::new("m.toml"), &text).unwrap(),
        learned.matrix
    );
}

/// What is allowed to a role is allowed to all of it.
#[test]
fn what_is_learned_is_no_wider_than_it_must_be() {
    let mut report = report();
    let knock = report.flows[1].clone();
    let roles = ["narrow", "user", "wide"].map(str::to_owned);
    report.flows = vec![Flow {
        client: "10.0.9.7".parse().unwrap(),
        client_roles: roles.to_vec(),
        server_roles: vec!["store".to_owned()],
        port: 9100,
        outcome: Outcome::Established,
        ..knock
    }];
    let sizes = &mut report.basis.as_mut().unwrap().roles;
    for (role, range) in [
        ("wide", "10.0.0.0-10.0.255.255"),
        ("narrow", "10.0.9.4-10.0.9.7"),
    ] {
        sizes.insert(role.to_owned(), vec![range.to_owned()]);
    }
    let both = [report.clone(), report];
    let learned = learn(&both);
    let [rule] = learned.matrix.rules.as_slice() else {
        panic!("{:?}", learned.matrix.rules)
    };
    let names: Vec<&str> = rule.client.iter().map(Role::name).collect();
    assert_eq!(names, ["narrow"]);
    let note = rule.note.as_ref().unwrap();
    assert!(
        note.starts_with("1 flow, 1 client (10.0.9.7), 1 server"),
        "{note}"
    );
    assert!(note.contains("in 2 of 2 reports"), "{note}");
}

#[test]
fn every_reason_that_may_hide_traffic_is_published() {
    for reason in Reason::ALL {
        let published = GapReason::from_name(reason.name());
        assert_eq!(
            published.is_some(),
            reason.may_hide_traffic(),
            "{}",
            reason.name()
        );
    }
}

#[test]
fn a_gap_that_hides_nothing_is_a_note() {
    let mut noted = report();
    noted.gaps[0].reason = GapReason::CountedBeforeOthers;
    assert!(report().gaps[0].hides() && !noted.gaps[0].hides());
    let text = |report: &Report| text(report, Look::default());
    assert!(text(&report()).contains("\nunseen     the window was cut short"));
    assert!(text(&noted).contains("\nnote       the window was cut short"));
}
