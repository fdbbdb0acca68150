//! What a report says as metrics for Prometheus (OpenMetrics 1.0): names and units by its conventions, and never an address
//! or a client's port in a label.

mod basis;
mod process;
mod text_form;

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Registry,
};

pub use self::{process::ProcessUse, text_form::as_text};
use crate::{
    escape,
    report::{
        Report,
        schema::{FlowVerdict, Severity},
    },
};

/// The health of the watch itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    /// How often the traffic was judged.
    pub judgements: u64,
    /// How often the flow table was drained.
    pub drains: u64,
    /// Records of the fullest drain since the last judgement, and the flows that the table is sized for (`limit`).
    pub fullest: usize,
    pub limit: u32,
    /// Flows that are remembered.
    pub flows: usize,
    /// Findings that changed and are told in later turns, since others came first.
    pub held_back: usize,
    /// Whether the last attempt to save the state succeeded.
    pub is_saved: bool,
    /// Whether the configuration that was read last is in use.
    pub is_configured: bool,
    /// Whether it tells what is found, where it is one of a group of watches of a fleet.
    pub tells: Option<bool>,
    /// Whether the servers of a fleet could be read in the last turn.
    pub is_readable: Option<bool>,
    /// What the watch itself takes of its machine.
    pub process: ProcessUse,
    /// By sink: deliveries that failed, and events that wait.
    pub sinks: BTreeMap<String, SinkHealth>,
}

/// The health of one sink.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct SinkHealth {
    pub errors: u64,
    pub delivered: u64,
    pub waiting: u64,
}

impl SinkHealth {
    /// Counts what was counted elsewhere as well; what waits is of now.
    pub(crate) const fn count(&mut self, other: Self) {
        self.errors += other.errors;
        self.delivered += other.delivered;
    }
}

/// In a label, for addresses of no role.
const NO_ROLE: &str = "no role";

type Labels = Vec<(&'static str, String)>;

/// Writes the metrics.
///
/// # Errors
///
/// Never in practice: writing to a string does not fail.
pub fn render(report: Option<&Report>, health: &Health) -> Result<String, fmt::Error> {
    render_with(report, None, health)
}

/// Writes the metrics, of a fleet with how many hosts there are of each voice.
///
/// # Errors
///
/// Never in practice: writing to a string does not fail.
pub fn render_with(
    report: Option<&Report>,
    hosts: Option<&BTreeMap<&'static str, usize>>,
    health: &Health,
) -> Result<String, fmt::Error> {
    let mut all = Registry::default();
    process::register(&health.process, &mut all);
    let mut text = String::new();
    encode(&mut text, &all)?;
    // The mark of the end stands once.
    let mut text = text.trim_end_matches("# EOF\n").to_owned();
    text.push_str(&render_own(report, hosts, health)?);
    Ok(text)
}

/// Writes the metrics of the auditor alone, without those that every process has.
///
/// # Errors
///
/// Never in practice: writing to a string does not fail.
pub fn render_own(
    report: Option<&Report>,
    hosts: Option<&BTreeMap<&'static str, usize>>,
    health: &Health,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("auditor");
    let build = Family::<Labels, Gauge>::default();
    let (version, commit) = version();
    let labels = vec![
        ("version", version.to_owned()),
        ("commit", commit.to_owned()),
    ];
    build.get_or_create(&labels).set(1);
    registry.register("build_info", "The auditor", build);
    if let Some(report) = report {
        of_report(report, &mut registry);
    }
    if let Some(hosts) = hosts {
        let voices = Family::<Labels, Gauge>::default();
        for (voice, count) in hosts {
            let labels = vec![("voice", (*voice).to_owned())];
            voices.get_or_create(&labels).set(gauge(*count));
        }
        registry.register(
            "fleet_hosts",
            "Hosts of the fleet, by whether they speak",
            voices,
        );
    }
    for (is, name, help) in [
        (
            health.tells,
            "fleet_tells",
            "Whether this watch of a group tells what is found, or stands by",
        ),
        (
            health.is_readable,
            "fleet_readable",
            "Whether the servers of the fleet could be read in the last turn",
        ),
    ] {
        if let Some(is) = is {
            let flag = Gauge::<i64>::default();
            flag.set(i64::from(is));
            registry.register(name, help, flag);
        }
    }
    of_health(health, &mut registry);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(escape::metrics(&text).into_owned())
}

/// The version of this program, and its commit or `unknown`.
pub(super) fn version() -> (&'static str, &'static str) {
    version_in(env!("AUDITOR_VERSION"))
}

/// The version, and the commit where it is known: `0.2.0 (0123456789ab)`.
fn version_in(text: &str) -> (&str, &str) {
    text.strip_suffix(')')
        .and_then(|text| text.split_once(" ("))
        .unwrap_or((text, "unknown"))
}

fn gauge(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn seconds(instant: Timestamp) -> i64 {
    instant.as_second()
}

/// Roles in one label, which is never empty.
fn named(roles: &[String]) -> String {
    if roles.is_empty() {
        NO_ROLE.to_owned()
    } else {
        roles.join(",")
    }
}

fn of_report(report: &Report, registry: &mut Registry) {
    basis::register(report, registry);
    let findings = Family::<Labels, Gauge>::default();
    for (severity, count) in [
        ("violation", report.summary.violations),
        ("warning", report.summary.warnings),
        ("note", report.summary.notes),
    ] {
        let labels = vec![("severity", severity.to_owned())];
        findings.get_or_create(&labels).set(gauge(count));
    }
    registry.register(
        "findings",
        "What there is to complain about, by severity",
        findings,
    );

    let flows = Family::<Labels, Gauge>::default();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for flow in &report.flows {
        let reason = flow.reason.map_or("", |reason| reason.name());
        *counts.entry((flow.verdict.name(), reason)).or_default() += 1;
    }
    for ((verdict, reason), count) in counts {
        let labels = vec![
            ("verdict", verdict.to_owned()),
            ("reason", reason.to_owned()),
        ];
        flows.get_or_create(&labels).set(gauge(count));
    }
    registry.register("flows", "Flows of the window, by verdict", flows);

    let unexpected = Family::<Labels, Gauge>::default();
    let mut counts: BTreeMap<(String, String, &str), usize> = BTreeMap::new();
    let is_amiss = |verdict| matches!(verdict, FlowVerdict::Unexpected | FlowVerdict::Forbidden);
    for flow in report.flows.iter().filter(|flow| is_amiss(flow.verdict)) {
        if flow.severity != Severity::Fine {
            let of = (
                named(&flow.client_roles),
                named(&flow.server_roles),
                flow.severity.name(),
            );
            *counts.entry(of).or_default() += 1;
        }
    }
    for ((client, server, severity), count) in counts {
        let labels = vec![
            ("client_role", client),
            ("server_role", server),
            ("severity", severity.to_owned()),
        ];
        unexpected.get_or_create(&labels).set(gauge(count));
    }
    let help = "Flows that nobody documented or that a rule forbids, by role and severity";
    registry.register("undocumented_flows", help, unexpected);

    let rules = Family::<Labels, Gauge>::default();
    let seen = Family::<Labels, Gauge>::default();
    for rule in &report.rules {
        let labels = vec![("matrix", rule.matrix.clone()), ("rule", rule.id.clone())];
        if let Some(last) = rule.last_seen {
            seen.get_or_create(&labels).set(seconds(last));
        }
        let mut labels = labels;
        labels.push(("verdict", rule.verdict.name().to_owned()));
        labels.push(("severity", rule.severity.name().to_owned()));
        rules.get_or_create(&labels).set(1);
    }
    registry.register("rule_verdict", "1 for the verdict that a rule has", rules);
    let help = "When a rule's traffic was last seen";
    registry.register("rule_last_seen_timestamp_seconds", help, seen);

    let gaps = Family::<Labels, Gauge>::default();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for gap in report.gaps.iter().filter(|gap| gap.hides()) {
        *counts.entry(gap.reason.name()).or_default() += 1;
    }
    for (reason, count) in counts {
        gaps.get_or_create(&vec![("reason", reason.to_owned())])
            .set(gauge(count));
    }
    registry.register(
        "gaps",
        "Reasons why traffic of the window may have gone unseen",
        gaps,
    );

    let interfaces = Family::<Labels, Gauge>::default();
    for interface in &report.interfaces {
        let labels = vec![
            ("interface", interface.name.clone()),
            ("hook", interface.ingress.name().to_owned()),
        ];
        interfaces.get_or_create(&labels).set(1);
    }
    registry.register(
        "interface",
        "Interfaces that are or were watched",
        interfaces,
    );

    let (packets, bytes) = (
        Family::<Labels, Counter>::default(),
        Family::<Labels, Counter>::default(),
    );
    let unassigned = Family::<Labels, Counter>::default();
    for (slot, count) in &report.counted {
        if matches!(slot.as_str(), "received" | "sent") {
            let labels = vec![("direction", slot.clone())];
            packets.get_or_create(&labels).inc_by(count.packets);
            bytes.get_or_create(&labels).inc_by(count.bytes);
        } else {
            let labels = vec![("reason", slot.clone())];
            unassigned.get_or_create(&labels).inc_by(count.packets);
        }
    }
    registry.register("packets", "Packets that were counted", packets);
    registry.register("bytes", "Bytes that were counted, as on the wire", bytes);
    registry.register(
        "packets_in_no_flow",
        "Packets that are in no flow, by reason",
        unassigned,
    );
    let last: Gauge = Gauge::default();
    last.set(seconds(report.window.end));
    let help = "When the traffic was last judged";
    registry.register("last_judgement_timestamp_seconds", help, last);
}

fn of_health(health: &Health, registry: &mut Registry) {
    let judgements: Counter = Counter::default();
    judgements.inc_by(health.judgements);
    registry.register(
        "judgements",
        "Times that the traffic was judged",
        judgements,
    );
    let drains: Counter = Counter::default();
    drains.inc_by(health.drains);
    registry.register(
        "drains",
        "Times that the kernel's table was emptied",
        drains,
    );
    for (name, help, value) in [
        (
            "table_flows",
            "Flows in the kernel's table when it was fullest since the last judgement; on several CPUs one counts for each",
            gauge(health.fullest),
        ),
        (
            "table_flows_limit",
            "Flows for which the kernel's table is made",
            i64::from(health.limit),
        ),
        (
            "remembered_flows",
            "Flows that are remembered",
            gauge(health.flows),
        ),
        (
            "events_held_back",
            "Findings that changed and are told in later turns",
            gauge(health.held_back),
        ),
        (
            "state_saved",
            "1 if the state could be saved the last time",
            i64::from(health.is_saved),
        ),
        (
            "configuration_valid",
            "1 if the configuration that was read last is in use",
            i64::from(health.is_configured),
        ),
    ] {
        let metric: Gauge = Gauge::default();
        metric.set(value);
        registry.register(name, help, metric);
    }
    let errors = Family::<Labels, Counter>::default();
    let delivered = Family::<Labels, Counter>::default();
    let waiting = Family::<Labels, Gauge>::default();
    for (sink, health) in &health.sinks {
        let labels = vec![("sink", sink.clone())];
        errors.get_or_create(&labels).inc_by(health.errors);
        delivered.get_or_create(&labels).inc_by(health.delivered);
        let value = i64::try_from(health.waiting).unwrap_or(i64::MAX);
        waiting.get_or_create(&labels).set(value);
    }
    registry.register("sink_errors", "Deliveries that failed, by sink", errors);
    registry.register(
        "sink_deliveries",
        "Events that were delivered, by sink",
        delivered,
    );
    registry.register(
        "sink_waiting_events",
        "Events that wait for their delivery, by sink",
        waiting,
    );
}

#[cfg(test)]
mod tests;
