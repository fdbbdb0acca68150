//! A report as JSON: the one place where its serialised shape stands.

use std::{collections::BTreeMap, net::IpAddr};

use auditor_common::{Evidence, packet::Tunnel};
use jiff::Timestamp;
use serde::Serialize;

use super::{Report, words};
use crate::{
    audit::{FlowFinding, FlowVerdict, PolicyRule, RoleCheck, RuleFinding, Severity},
    observed::{Flow, Gap, Hook, Outcome, Way, flag_names},
    role::Role,
};

/// The shape's version: it grows when a field changes its meaning or goes away.
const SCHEMA_VERSION: u32 = 1;

#[derive(Serialize)]
struct ReportJson<'a> {
    schema_version: u32,
    tool: ToolJson,
    summary: SummaryJson,
    host: HostJson<'a>,
    window: WindowJson,
    interfaces: Vec<InterfaceJson<'a>>,
    matrices: Vec<MatrixJson<'a>>,
    /// `addresses`, `own-roles` or `nothing`: how peers were told apart.
    peers_checked_by: &'static str,
    conditions_not_set: &'a [String],
    names_without_address: BTreeMap<&'a str, &'a str>,
    /// Why traffic may have gone unseen; empty if none did.
    gaps: Vec<GapJson<'a>>,
    flows: Vec<FlowJson<'a>>,
    rules: Vec<RuleJson<'a>>,
    counted: BTreeMap<&'static str, CountJson>,
    /// Packets of no flow by what is left of it; left out where every flow found a place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lost: Vec<LostJson>,
}

#[derive(Serialize)]
struct ToolJson {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct SummaryJson {
    violations: usize,
    warnings: usize,
    notes: usize,
    flows: BTreeMap<&'static str, usize>,
    rules: BTreeMap<&'static str, usize>,
}

#[derive(Serialize)]
struct HostJson<'a> {
    name: &'a str,
    /// Left out unless `--netns` named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    network_namespace: Option<&'a str>,
    roles: Vec<&'a str>,
    addresses: Vec<IpAddr>,
}

#[derive(Serialize)]
struct WindowJson {
    start: String,
    end: String,
    seconds: f64,
    asked_seconds: f64,
}

#[derive(Serialize)]
struct InterfaceJson<'a> {
    name: &'a str,
    ingress: &'static str,
    egress: Option<&'static str>,
}

#[derive(Serialize)]
struct MatrixJson<'a> {
    name: &'a str,
    version: Option<&'a str>,
    path: String,
    rules: usize,
}

#[derive(Serialize)]
struct GapJson<'a> {
    reason: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<u64>,
    text: String,
}

#[derive(Serialize)]
struct FlowJson<'a> {
    verdict: &'static str,
    severity: &'static str,
    /// `condition`, `direction`, `transport`, `peer` or `port`, where the flow is unexpected.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    outcome: &'static str,
    client: IpAddr,
    client_roles: Vec<&'a str>,
    server: IpAddr,
    server_roles: Vec<&'a str>,
    protocol: u8,
    transport: Option<&'static str>,
    /// The server's port; for ICMP the type of the request.
    port: u16,
    interface: &'a str,
    /// The tunnel that carried it; left out where none did.
    #[serde(skip_serializing_if = "Option::is_none")]
    inside: Option<&'static str>,
    /// The rules that allow or forbid it, or, where it is unexpected, those that come nearest.
    rules: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<&'a str>,
    explanation: String,
    evidence: &'static str,
    benefit_of_doubt: bool,
    to_server: WayJson,
    to_client: WayJson,
    requests: u64,
    replies: u64,
    /// ICMP errors about packets to the server.
    refusals: u64,
    first_seen: String,
    last_seen: String,
}

#[derive(Serialize)]
struct WayJson {
    packets: u64,
    bytes: u64,
    flags: Vec<&'static str>,
}

#[derive(Serialize)]
struct RuleJson<'a> {
    id: &'a str,
    matrix: &'a str,
    verdict: &'static str,
    severity: &'static str,
    client: Vec<&'a str>,
    server: Vec<&'a str>,
    transport: &'static str,
    ports: String,
    alternatives: bool,
    loopback: bool,
    service: Option<&'a str>,
    presence: &'static str,
    when: Option<&'a str>,
    origin: Option<&'a str>,
    /// What this host is in the rule: `client`, `server`, both or neither.
    host_is: Vec<&'static str>,
    listening: Option<bool>,
    unresolved: Vec<&'a str>,
    explanation: String,
    packets: u64,
    bytes: u64,
    requests: u64,
    first_seen: Option<String>,
    last_seen: Option<String>,
}

#[derive(Serialize)]
struct LostJson {
    direction: &'static str,
    protocol: u8,
    port: u16,
    packets: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct CountJson {
    packets: u64,
    bytes: u64,
}

/// Renders the report.
///
/// # Errors
///
/// Never in practice: the shape holds text, numbers and flags only.
pub fn render(report: &Report) -> Result<String, serde_json::Error> {
    let window = report.observed.window;
    let shape = ReportJson {
        schema_version: SCHEMA_VERSION,
        tool: ToolJson {
            name: env!("CARGO_PKG_NAME"),
            version: env!("CARGO_PKG_VERSION"),
        },
        summary: summary(report),
        host: HostJson {
            name: &report.observed.host.name,
            network_namespace: report.observed.host.network_namespace.as_deref(),
            roles: names(&report.policy.own_roles),
            addresses: report.observed.host.addresses.iter().copied().collect(),
        },
        window: WindowJson {
            start: instant(window.start),
            end: instant(window.end),
            seconds: window.end.duration_since(window.start).as_secs_f64(),
            asked_seconds: window.asked.as_secs_f64(),
        },
        interfaces: report
            .observed
            .interfaces
            .iter()
            .map(|interface| InterfaceJson {
                name: &interface.name,
                ingress: interface.ingress.name(),
                egress: interface.egress.map(Hook::name),
            })
            .collect(),
        matrices: report
            .matrices
            .iter()
            .map(|matrix| MatrixJson {
                name: &matrix.name,
                version: matrix.version.as_deref(),
                path: matrix.path.display().to_string(),
                rules: matrix.n_rules,
            })
            .collect(),
        peers_checked_by: match report.policy.check {
            RoleCheck::Addresses => "addresses",
            RoleCheck::OwnRoles => "own-roles",
            RoleCheck::Nothing => "nothing",
        },
        conditions_not_set: &report.unset_conditions,
        names_without_address: report.policy.lookup_failures().collect(),
        gaps: report.observed.gaps.iter().map(gap).collect(),
        flows: report
            .observed
            .flows
            .iter()
            .zip(&report.audit.flows)
            .map(|(item, finding)| flow(report, item, finding))
            .collect(),
        rules: report
            .policy
            .rules
            .iter()
            .zip(&report.audit.rules)
            .map(|(item, finding)| rule(report, item, finding))
            .collect(),
        counted: report
            .observed
            .tallies
            .iter()
            .map(|(slot, tally)| {
                (
                    slot.name(),
                    CountJson {
                        packets: tally.packets,
                        bytes: tally.bytes,
                    },
                )
            })
            .collect(),
        lost: report
            .observed
            .lost
            .iter()
            .map(|(lost, tally)| LostJson {
                direction: if lost.is_sent { "sent" } else { "received" },
                protocol: lost.protocol,
                port: lost.port,
                packets: tally.packets,
                bytes: tally.bytes,
            })
            .collect(),
    };
    let mut text = serde_json::to_string_pretty(&shape)?;
    text.push('\n');
    Ok(text)
}

fn summary(report: &Report) -> SummaryJson {
    let (mut flows, mut rules) = (BTreeMap::new(), BTreeMap::new());
    for finding in &report.audit.flows {
        *flows.entry(finding.verdict.name()).or_default() += 1;
    }
    for finding in &report.audit.rules {
        *rules.entry(finding.verdict.name()).or_default() += 1;
    }
    SummaryJson {
        violations: report.count(Severity::Violation),
        warnings: report.count(Severity::Warning),
        notes: report.count(Severity::Note),
        flows,
        rules,
    }
}

fn names(roles: &[Role]) -> Vec<&str> {
    roles.iter().map(Role::name).collect()
}

/// RFC 3339 with microseconds: the kernel's coarse clock is no finer.
fn instant(timestamp: Timestamp) -> String {
    format!("{timestamp:.6}")
}

fn flow<'a>(report: &'a Report, flow: &'a Flow, finding: &'a FlowFinding) -> FlowJson<'a> {
    let roles = |address| {
        report
            .policy
            .roles_of(address)
            .into_iter()
            .map(Role::name)
            .collect()
    };
    let ids = |rules: &[usize]| {
        rules
            .iter()
            .filter_map(|at| report.policy.rules.get(*at))
            .map(|rule| rule.rule.id.as_str())
            .collect()
    };
    let (reason, rules, exception) = match &finding.verdict {
        FlowVerdict::Documented { rules } | FlowVerdict::Forbidden { rules } => {
            (None, ids(rules), None)
        }
        FlowVerdict::Unexpected { reason, nearest } => (Some(reason.name()), ids(nearest), None),
        FlowVerdict::Excepted { exception } => {
            (None, Vec::new(), report.policy.exceptions.get(*exception))
        }
        FlowVerdict::Housekeeping => (None, Vec::new(), None),
    };
    FlowJson {
        verdict: finding.verdict.name(),
        severity: finding.severity.name(),
        reason,
        outcome: match finding.outcome {
            Outcome::Established => "established",
            Outcome::Refused => "refused",
            Outcome::Attempted => "attempted",
        },
        client: flow.client,
        client_roles: roles(flow.client),
        server: flow.server,
        server_roles: roles(flow.server),
        protocol: flow.protocol,
        transport: flow.transport().map(crate::transport::Transport::name),
        port: flow.port,
        interface: &flow.interface,
        inside: flow.tunnel.map(Tunnel::name),
        rules,
        exception: exception.map(|exception| exception.exception.reason.as_str()),
        explanation: words::flow(report, flow, finding),
        evidence: evidence(flow.evidence),
        benefit_of_doubt: finding.benefit_of_doubt,
        to_server: way(flow.to_server),
        to_client: way(flow.to_client),
        requests: flow.requests,
        replies: flow.replies,
        refusals: flow.refusals,
        first_seen: instant(flow.first),
        last_seen: instant(flow.last),
    }
}

fn way(way: Way) -> WayJson {
    WayJson {
        packets: way.packets,
        bytes: way.bytes,
        flags: flag_names(way.flags),
    }
}

fn rule<'a>(report: &'a Report, rule: &'a PolicyRule, finding: &'a RuleFinding) -> RuleJson<'a> {
    let flows: Vec<&Flow> = finding
        .flows
        .iter()
        .filter_map(|at| report.observed.flows.get(*at))
        .collect();
    let host_is = [(finding.is_client, "client"), (finding.is_server, "server")];
    RuleJson {
        id: &rule.rule.id,
        matrix: report
            .matrices
            .get(rule.matrix)
            .map_or("", |matrix| matrix.name.as_str()),
        verdict: finding.verdict.name(),
        severity: finding.severity.name(),
        client: names(&rule.rule.client),
        server: names(&rule.rule.server),
        transport: rule.rule.transport.name(),
        ports: rule.rule.ports.to_string(),
        alternatives: rule.rule.alternatives,
        loopback: rule.rule.loopback,
        service: rule.rule.service.as_deref(),
        presence: rule.rule.presence.name(),
        when: rule.rule.when.as_deref(),
        origin: rule.rule.origin.as_deref(),
        host_is: host_is
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| name)
            .collect(),
        listening: finding.listening,
        unresolved: names(&finding.unresolved),
        explanation: words::finding(report, rule, finding),
        packets: flows
            .iter()
            .map(|flow| flow.to_server.packets + flow.to_client.packets)
            .sum(),
        bytes: flows
            .iter()
            .map(|flow| flow.to_server.bytes + flow.to_client.bytes)
            .sum(),
        requests: flows.iter().map(|flow| flow.requests).sum(),
        first_seen: flows.iter().map(|flow| flow.first).min().map(instant),
        last_seen: flows.iter().map(|flow| flow.last).max().map(instant),
    }
}

fn gap(gap: &Gap) -> GapJson<'_> {
    let (reason, interface, packets) = match gap {
        Gap::CutShort { .. } => ("cut-short", None, None),
        Gap::InterfaceLost { name, .. } => ("interface-lost", Some(name.as_str()), None),
        Gap::InterfaceLate { name, .. } => ("interface-late", Some(name.as_str()), None),
        Gap::InterfaceRefused { name, .. } => ("interface-refused", Some(name.as_str()), None),
        Gap::TableFull { packets } => ("table-full", None, Some(*packets)),
        Gap::InsideUnread { packets } => ("inside-unread", None, Some(*packets)),
        Gap::TooDeep { packets } => ("too-deep", None, Some(*packets)),
    };
    GapJson {
        reason,
        interface,
        packets,
        text: words::gap(gap),
    }
}

/// How the server side was decided, as JSON says it.
pub const fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Handshake => "handshake",
        Evidence::Listener => "listener",
        Evidence::Opened => "opened-port",
        Evidence::Documented => "documented-port",
        Evidence::Ephemeral => "ephemeral-range",
        Evidence::LowerPort => "lower-port",
        Evidence::FirstSender => "first-sender",
    }
}
