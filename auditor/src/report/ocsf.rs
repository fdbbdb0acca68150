//! Flows and findings in the Open Cybersecurity Schema Framework, a line of JSON each: flows as Network Activity (class
//! 4001), warnings and violations as Detection Finding (class 2004). Only attributes of its version 1.3.0 are used, so that
//! every later version reads them.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    pattern,
    schema::{Flow, FlowVerdict, Outcome, Report, RuleVerdict, Severity, UNPLACED},
    words,
};
use crate::escape;

/// The version of the schema (<https://schema.ocsf.io/1.3.0>).
const VERSION: &str = "1.3.0";

/// Classes by category and class, and types by class and activity.
const NETWORK: u32 = 4;
const NETWORK_ACTIVITY: u32 = 4001;
const FINDINGS: u32 = 2;
const DETECTION_FINDING: u32 = 2004;

/// Renders the report: a line for each flow, and one for each warning and violation.
pub fn render(report: &Report) -> String {
    let mut text = String::new();
    let mut line = |value: Value| {
        text.push_str(&escape::json(&value.to_string()));
        text.push('\n');
    };
    for flow in &report.flows {
        line(activity(report, flow));
    }
    let device = Device::of(report);
    let is_pressing = |severity| Severity::Warning <= severity;
    if let Some(sent) = words::sent_without_place(report) {
        line(
            Finding {
                device,
                state: State::New,
                severity: Severity::Warning,
                uid: UNPLACED,
                verdict: UNPLACED,
                text: &sent,
                at: report.window.end,
                endpoints: None,
            }
            .to_value(),
        );
    }
    for pattern in &report.patterns {
        if is_pressing(pattern.severity) {
            let said = pattern::said(report, pattern);
            line(
                Finding {
                    device,
                    state: State::New,
                    severity: pattern.severity,
                    uid: &pattern::identity(pattern),
                    verdict: pattern.verdict.name(),
                    text: &format!("{said}: {}", words::pattern_facts(pattern)),
                    at: pattern.last_seen,
                    endpoints: None,
                }
                .to_value(),
            );
        }
    }
    for flow in &report.flows {
        if is_pressing(flow.severity) && flow.pattern.is_none() {
            let endpoints = Endpoints {
                client: flow.client,
                server: flow.server,
                port: flow.port,
            };
            line(
                Finding {
                    device,
                    state: State::New,
                    severity: flow.severity,
                    uid: &format!(
                        "flow {} -> {} {}",
                        endpoints.client,
                        endpoints.server,
                        flow.service()
                    ),
                    verdict: flow.verdict.name(),
                    text: &flow.explanation,
                    at: flow.last_seen,
                    endpoints: Some(endpoints),
                }
                .to_value(),
            );
        }
    }
    for problem in &report.policy_problems {
        line(
            Finding {
                device,
                state: State::New,
                severity: Severity::Warning,
                uid: &format!("policy {problem}"),
                verdict: "wrong",
                text: problem,
                at: report.window.end,
                endpoints: None,
            }
            .to_value(),
        );
    }
    for rule in &report.rules {
        if is_pressing(rule.severity) && rule.verdict != RuleVerdict::Unassessed {
            line(
                Finding {
                    device,
                    state: State::New,
                    severity: rule.severity,
                    uid: &format!("rule {}", rule.id),
                    verdict: rule.verdict.name(),
                    text: &rule.explanation,
                    at: report.window.end,
                    endpoints: None,
                }
                .to_value(),
            );
        }
    }
    text
}

/// The state of a finding in its life cycle.
#[derive(Clone, Copy, Debug)]
pub enum State {
    New,
    /// It was reported before, and has changed.
    Changed,
    Resolved,
}

/// The host on which something was found.
#[derive(Clone, Copy, Debug)]
pub struct Device<'a> {
    pub name: &'a str,
    /// A number of the machine that is the same in all that it reports.
    pub machine: Option<&'a str>,
    pub addresses: &'a [IpAddr],
}

impl<'a> Device<'a> {
    fn of(report: &'a Report) -> Self {
        let basis = report.basis.as_ref();
        Self {
            name: &report.host.name,
            machine: basis.and_then(|basis| basis.machine.as_deref()),
            addresses: &report.host.addresses,
        }
    }

    /// The first address that others can reach stands for the host; what kind of machine it is nobody knows.
    fn to_value(self) -> Value {
        let mut device = json!({ "hostname": self.name, "name": self.name, "type_id": 0 });
        let mut addresses = self.addresses.iter().filter(|one| !one.is_loopback());
        if let Some(fields) = device.as_object_mut() {
            fields.extend(self.machine.map(|uid| ("uid".to_owned(), json!(uid))));
            if let Some(first) = addresses.next() {
                let all = std::iter::once(first).chain(addresses);
                let interfaces: Vec<Value> = all
                    .map(|ip| json!({ "ip": ip, "hostname": self.name, "type_id": 0 }))
                    .collect();
                fields.insert("ip".to_owned(), json!(first));
                fields.insert("network_interfaces".to_owned(), interfaces.into());
            }
        }
        device
    }
}

/// The endpoints of a flow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Endpoints {
    pub client: IpAddr,
    pub server: IpAddr,
    /// 0 where the protocol has none.
    pub port: u16,
}

impl Endpoints {
    fn to_fields(self) -> [(&'static str, Value); 2] {
        let mut server = json!({ "ip": self.server });
        if self.port != 0
            && let Some(fields) = server.as_object_mut()
        {
            fields.insert("port".to_owned(), self.port.into());
        }
        [
            ("src_endpoint", json!({ "ip": self.client })),
            ("dst_endpoint", server),
        ]
    }
}

/// A finding that needs attention.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'a> {
    pub device: Device<'a>,
    pub state: State,
    pub severity: Severity,
    /// Identifies the finding, in every event about it; its first word says what it is about.
    pub uid: &'a str,
    pub verdict: &'a str,
    pub text: &'a str,
    pub at: Timestamp,
    pub endpoints: Option<Endpoints>,
}

impl Finding<'_> {
    pub fn to_value(self) -> Value {
        let (activity, status) = match self.state {
            State::New => (1, 1),
            State::Changed => (2, 1),
            State::Resolved => (3, 4),
        };
        let mut event = event(
            FINDINGS,
            DETECTION_FINDING,
            activity,
            self.severity,
            self.at,
            self.device,
        );
        let host = self.device.name;
        let about = match self.uid.split(' ').next() {
            Some("flow" | "flows") | None => "flow",
            Some(about) if about == UNPLACED => "flow",
            Some(about) => about,
        };
        let title = format!("{} {} on {host}", self.verdict, self.uid);
        let evidence: Map<String, Value> = match self.endpoints {
            Some(endpoints) => endpoints
                .to_fields()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
            None => Map::from_iter([("data".to_owned(), json!({ "verdict": self.verdict }))]),
        };
        event.extend([
            (
                "message".to_owned(),
                json!(format!("{title}: {}", self.text)),
            ),
            ("status_id".to_owned(), json!(status)),
            (
                "finding_info".to_owned(),
                json!({
                    "uid": format!("{host} {}", self.uid),
                    "title": title,
                    "desc": self.text,
                    "analytic": {
                        "uid": format!("{about}/{}", self.verdict),
                        "name": self.verdict,
                        "type_id": 1,
                        "type": "Rule",
                    },
                }),
            ),
            ("evidences".to_owned(), json!([evidence])),
            (
                "resources".to_owned(),
                json!([{ "name": host, "type": "host" }]),
            ),
        ]);
        event.into()
    }
}

/// The attributes that every event has.
fn event(
    category: u32,
    class: u32,
    activity: u32,
    severity: Severity,
    at: Timestamp,
    device: Device<'_>,
) -> Map<String, Value> {
    let severity = match severity {
        Severity::Fine => 1,
        Severity::Note => 2,
        Severity::Warning => 3,
        Severity::Violation => 4,
    };
    let product = json!({
        "name": "auditor",
        "vendor_name": "auditor",
        "version": env!("CARGO_PKG_VERSION"),
    });
    Map::from_iter([
        ("category_uid".to_owned(), json!(category)),
        ("class_uid".to_owned(), json!(class)),
        ("activity_id".to_owned(), json!(activity)),
        ("type_uid".to_owned(), json!(class * 100 + activity)),
        ("severity_id".to_owned(), json!(severity)),
        ("time".to_owned(), json!(at.as_millisecond())),
        (
            "metadata".to_owned(),
            json!({ "version": VERSION, "product": product, "profiles": ["host"] }),
        ),
        ("device".to_owned(), device.to_value()),
    ])
}

fn activity(report: &Report, flow: &Flow) -> Value {
    // Refuse, Fail, or Traffic.
    let activity = match flow.outcome {
        Outcome::Refused => 5,
        Outcome::Attempted => 4,
        Outcome::Established | Outcome::OneWay | Outcome::Accepted | Outcome::Unknown => 6,
    };
    let mut event = event(
        NETWORK,
        NETWORK_ACTIVITY,
        activity,
        flow.severity,
        flow.last_seen,
        Device::of(report),
    );
    let endpoints = Endpoints {
        client: flow.client,
        server: flow.server,
        port: flow.port,
    };
    let is_here = |address: &IpAddr| report.host.addresses.contains(address);
    // Inbound, outbound, or within the host or unknown.
    let direction = match (is_here(&flow.server), is_here(&flow.client)) {
        (true, false) => 1,
        (false, true) => 2,
        (true, true) | (false, false) => 0,
    };
    for (name, value) in endpoints.to_fields() {
        event.insert(name.to_owned(), value);
    }
    let mut connection = json!({
        "direction_id": direction,
        "protocol_num": flow.protocol,
        "protocol_ver_id": if flow.client.is_ipv4() { 4 } else { 6 },
    });
    if let (Some(transport), Some(fields)) = (flow.transport, connection.as_object_mut()) {
        fields.insert("protocol_name".to_owned(), transport.name().into());
    }
    let (to_server, to_client) = (&flow.to_server, &flow.to_client);
    event.extend([
        ("connection_info".to_owned(), connection),
        (
            "traffic".to_owned(),
            json!({
                "packets": to_server.packets + to_client.packets,
                "packets_out": to_server.packets,
                "packets_in": to_client.packets,
                "bytes": to_server.bytes + to_client.bytes,
                "bytes_out": to_server.bytes,
                "bytes_in": to_client.bytes,
            }),
        ),
        (
            "start_time".to_owned(),
            json!(flow.first_seen.as_millisecond()),
        ),
        (
            "end_time".to_owned(),
            json!(flow.last_seen.as_millisecond()),
        ),
        (
            "message".to_owned(),
            json!(format!("{}, {}", flow.verdict.name(), flow.explanation)),
        ),
        ("status_detail".to_owned(), json!(flow.outcome.name())),
        (
            "unmapped".to_owned(),
            json!({
                "verdict": flow.verdict,
                "rules": flow.rules,
                "client_roles": flow.client_roles,
                "server_roles": flow.server_roles,
                "interface": flow.interface,
                "is_allowed": flow.verdict != FlowVerdict::Unexpected
                    && flow.verdict != FlowVerdict::Forbidden,
            }),
        ),
    ]);
    if let Some(fields) = event.get_mut("unmapped").and_then(Value::as_object_mut)
        && !flow.controls.is_empty()
    {
        fields.insert("controls".to_owned(), json!(flow.controls));
    }
    event.into()
}
