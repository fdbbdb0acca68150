//! A report as a table for a spreadsheet: a line for each flow and each rule, and one for flows that are alike.
//!
//! Of flows that are alike those that are listed have lines of their own beside that of all. So that flows can be counted, each
//! line says how many it stands for alone, and which of those that are alike it belongs to.

use super::{
    schema::{Pattern, PatternEnd, Report, Severity},
    words,
};
use crate::spreadsheet::harmless;

const COLUMNS: [&str; 26] = [
    "kind",
    "verdict",
    "severity",
    "reason",
    "outcome",
    "client",
    "client_roles",
    "server",
    "server_roles",
    "transport",
    "port",
    "rules",
    "service",
    "origin",
    "packets",
    "bytes",
    "first_seen",
    "last_seen",
    "processes",
    "explanation",
    "controls",
    "host",
    "from",
    "until",
    "alike",
    "flows",
];

/// Which column says why.
const EXPLANATION: usize = 19;

/// The columns that differ from row to row.
const OF_ROW: usize = 21;

/// Renders the report.
pub(super) fn render(report: &Report) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let flows = report.flows.iter().map(|flow| {
        let transport = flow.transport.map_or_else(
            || format!("protocol {}", flow.protocol),
            |transport| transport.name().to_owned(),
        );
        let processes: Vec<&str> = flow.processes.iter().map(|one| one.name.as_str()).collect();
        let row = [
            "flow".to_owned(),
            flow.verdict.name().to_owned(),
            flow.severity.name().to_owned(),
            flow.reason.map_or("", |reason| reason.name()).to_owned(),
            flow.outcome.name().to_owned(),
            flow.client.to_string(),
            flow.client_roles.join("; "),
            flow.server.to_string(),
            flow.server_roles.join("; "),
            transport,
            flow.port.to_string(),
            flow.rules.join("; "),
            String::new(),
            String::new(),
            (flow.to_server.packets + flow.to_client.packets).to_string(),
            (flow.to_server.bytes + flow.to_client.bytes).to_string(),
            format!("{:.6}", flow.first_seen),
            format!("{:.6}", flow.last_seen),
            processes.join("; "),
            flow.explanation.clone(),
            flow.controls.join("; "),
        ];
        let alike = flow.pattern.map_or_else(String::new, number_of);
        (row, alike, "1".to_owned())
    });
    let alike = report.patterns.iter().enumerate().map(|(at, pattern)| {
        let end = |end: &Option<PatternEnd>, n: usize| {
            end.as_ref().map_or_else(
                || (format!("{n} hosts"), String::new()),
                |end| (end.address.to_string(), end.roles.join("; ")),
            )
        };
        let (client, client_roles) = end(&pattern.client, pattern.clients);
        let (server, server_roles) = end(&pattern.server, pattern.servers);
        let unlisted = pattern.flows.saturating_sub(pattern.listed.len());
        let row = [
            "flows".to_owned(),
            pattern.verdict.name().to_owned(),
            pattern.severity.name().to_owned(),
            pattern.reason.map_or("", |reason| reason.name()).to_owned(),
            pattern.outcome.name().to_owned(),
            client,
            client_roles,
            server,
            server_roles,
            String::new(),
            pattern.services.join("; "),
            String::new(),
            String::new(),
            String::new(),
            pattern.counted.packets.to_string(),
            pattern.counted.bytes.to_string(),
            format!("{:.6}", pattern.first_seen),
            format!("{:.6}", pattern.last_seen),
            pattern.processes.join("; "),
            format!(
                "{} flows that are alike, {} of them in lines of their own as well",
                pattern.flows,
                pattern.listed.len()
            ),
            pattern_controls(report, pattern).join("; "),
        ];
        (row, number_of(at), unlisted.to_string())
    });
    let rules = report.rules.iter().map(|rule| {
        let instant = |instant: Option<jiff::Timestamp>| {
            instant.map_or_else(String::new, |instant| format!("{instant:.6}"))
        };
        let listeners: Vec<&str> = rule.listeners.iter().map(|one| one.name.as_str()).collect();
        let row = [
            "rule".to_owned(),
            rule.verdict.name().to_owned(),
            rule.severity.name().to_owned(),
            String::new(),
            String::new(),
            String::new(),
            rule.client.join("; "),
            String::new(),
            rule.server.join("; "),
            rule.transport.name().to_owned(),
            rule.ports.clone(),
            rule.id.clone(),
            rule.service.clone().unwrap_or_default(),
            rule.origin.clone().unwrap_or_default(),
            rule.packets.to_string(),
            rule.bytes.to_string(),
            instant(rule.first_seen),
            instant(rule.last_seen),
            listeners.join("; "),
            rule.explanation.clone(),
            rule.controls.join("; "),
        ];
        (row, String::new(), String::new())
    });
    let shown = words::shown(report).map(|shown| ("policy", "shown", Severity::Note, shown));
    let problems = report
        .policy_problems
        .iter()
        .map(|problem| ("policy", "wrong", Severity::Warning, problem.clone()));
    let controls = words::controls(report)
        .into_iter()
        .map(|control| ("control", "counted", Severity::Fine, control));
    let exceptions = report.basis.iter().flat_map(|basis| &basis.exceptions);
    let exceptions = exceptions.map(|one| {
        (
            "exception",
            "accepted",
            Severity::Fine,
            words::exception(one),
        )
    });
    let said = shown
        .into_iter()
        .chain(problems)
        .chain(controls)
        .chain(exceptions)
        .map(|(kind, verdict, severity, said)| {
            let mut row = [const { String::new() }; OF_ROW];
            let cells = [kind, verdict, severity.name()];
            for (cell, text) in row.iter_mut().zip(cells) {
                text.clone_into(cell);
            }
            if let Some(explanation) = row.get_mut(EXPLANATION) {
                *explanation = said;
            }
            (row, String::new(), String::new())
        });
    // So that the tables of many hosts can be one.
    let whose = [
        report.host.name.clone(),
        format!("{:.6}", report.window.start),
        format!("{:.6}", report.window.end),
    ];
    let rows = said.chain(alike).chain(flows).chain(rules);
    let rows = rows.map(|(row, alike, n_flows)| {
        let row = row.into_iter().chain(whose.clone());
        row.chain([alike, n_flows]).collect::<Vec<_>>()
    });
    for row in std::iter::once(COLUMNS.map(str::to_owned).to_vec()).chain(rows) {
        // Writing to memory does not fail.
        if writer
            .write_record(row.iter().map(|cell| harmless(cell)))
            .is_err()
        {
            break;
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What those that are alike are called, by their place among all such: from 1 on.
fn number_of(at: usize) -> String {
    (at + 1).to_string()
}

/// The controls of flows that are alike: those of one are those of all, since they have one verdict and no rule.
fn pattern_controls<'a>(report: &'a Report, pattern: &Pattern) -> &'a [String] {
    let first = pattern.listed.first().and_then(|at| report.flows.get(*at));
    first.map_or(&[], |flow| &flow.controls)
}
