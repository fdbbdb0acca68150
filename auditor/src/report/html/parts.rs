//! The pictures and tables of the page.

use std::{
    collections::BTreeSet,
    fmt::{self, Write as _},
};

use serde_json::{Value, json};

use super::{
    super::{
        schema::{Flow, Report, Rule, Severity},
        words::{self, number},
    },
    pairs::RolePairs,
    table::table,
    told::told,
};
use crate::escape::text;

/// The text by which tables are filtered when a cell is chosen.
pub(super) fn pair_name(client: &str, server: &str) -> String {
    format!("{client} \u{2192} {server}")
}

/// With more roles than this the picture is too dense to read.
const MOST_ROLES: usize = 40;

/// Roles by roles: a cell for each pair, coloured by its worst severity.
pub(super) fn matrix(report: &Report, out: &mut String) -> fmt::Result {
    let cells = RolePairs::of(report).cells(report);
    let clients: BTreeSet<&str> = cells.keys().map(|(client, _)| client.as_str()).collect();
    let servers: BTreeSet<&str> = cells.keys().map(|(_, server)| server.as_str()).collect();
    let n_roles = clients.union(&servers).count();
    writeln!(out, "<section id=\"matrix\">\n<h2>Roles by roles</h2>")?;
    if n_roles == 0 || MOST_ROLES < n_roles {
        writeln!(out, "<p>{n_roles} roles: see the tables.</p>\n</section>")?;
        return Ok(());
    }
    writeln!(
        out,
        "<p class=\"faint\">Who may open conversations (rows) to whom (columns). A cell shows how many rules and flows there are, and \
         is coloured by the worst that is said of them; choose it to see them in the tables.</p>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Roles by roles\"><table class=\"matrix\"><thead><tr><td></td>"
    )?;
    for role in &servers {
        write!(out, "<th scope=\"col\">{}</th>", text(role))?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for client in &clients {
        write!(out, "<tr><th scope=\"row\">{}</th>", text(client))?;
        for server in &servers {
            let Some(cell) = cells.get(&((*client).to_owned(), (*server).to_owned())) else {
                write!(out, "<td></td>")?;
                continue;
            };
            let (class, sign, said) = match cell.worst {
                Some(Severity::Violation) => ("violation", "\u{2717}", "violation"),
                Some(Severity::Warning) => ("warning", "!", "warning"),
                Some(Severity::Note) => ("note", "i", "note"),
                _ if cell.is_observed || 0 < cell.flows => ("fine", "\u{2713}", "as documented"),
                _ => ("off", "\u{b7}", "nothing seen, nothing amiss"),
            };
            let pair = pair_name(client, server);
            write!(
                out,
                "<td><button type=\"button\" class=\"{class}\" aria-pressed=\"false\" data-pair=\"{pair}\">\
                 <span class=\"spoken\">{pair}: {said}, {} rules, {} flows</span>\
                 <span aria-hidden=\"true\">{sign} {}<br>{}</span></button></td>",
                cell.rules,
                cell.flows,
                counted(cell.rules, "rule"),
                counted(cell.flows, "flow"),
                pair = text(&pair)
            )?;
        }
        writeln!(out, "</tr>")?;
    }
    writeln!(out, "</tbody></table></div>\n</section>")
}

/// `2,901 flows`.
pub(super) fn counted(n: usize, what: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {what}{s}", number(n as u64))
}

/// Packets in and out over the window.
pub(super) fn traffic(report: &Report, out: &mut String) -> fmt::Result {
    writeln!(out, "<section id=\"traffic\">\n<h2>Traffic over time</h2>")?;
    let most = report
        .traffic
        .iter()
        .map(|point| point.received.packets.max(point.sent.packets))
        .max();
    let (Some(most), Some(first), Some(last)) = (
        most.filter(|most| 0 < *most),
        report.traffic.first(),
        report.traffic.last(),
    ) else {
        writeln!(out, "<p>None was counted over time.</p>\n</section>")?;
        return Ok(());
    };
    let count = u32::try_from(report.traffic.len()).unwrap_or(1);
    writeln!(
        out,
        "<svg viewBox=\"0 0 800 180\" class=\"bars\" role=\"img\" aria-labelledby=\"traffic-title\"><title id=\"traffic-title\">Packets received (above) and sent (below) from {:.0} to {:.0}, at most {} in one step</title>",
        first.from,
        last.from,
        number(most)
    )?;
    let step = 760.0 / f64::from(count);
    for (point, n) in report.traffic.iter().zip(0_u32..) {
        let x = 20.0 + step * f64::from(n);
        let height = |packets: u64| 75.0 * ratio(packets, most);
        let (received, sent) = (height(point.received.packets), height(point.sent.packets));
        writeln!(
            out,
            "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{received:.1}\" fill=\"var(--note)\"/>\
             <rect x=\"{x:.1}\" y=\"91\" width=\"{:.1}\" height=\"{sent:.1}\" fill=\"var(--faint)\"/>",
            89.0 - received,
            (step - 0.5).max(0.5),
            (step - 0.5).max(0.5)
        )?;
    }
    writeln!(
        out,
        "</svg>\n<p class=\"scale\"><time datetime=\"{0:.0}\">{0:.0}</time><time datetime=\"{1:.0}\">{1:.0}</time></p>\n\
         <p class=\"faint\">Received above the line, sent below it; at most {2} packets in one step.</p>\n</section>",
        first.from,
        last.from,
        number(most)
    )
}

#[expect(clippy::cast_precision_loss, reason = "the height of a bar")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

pub(super) fn rules(report: &Report, out: &mut String) -> fmt::Result {
    let pairs = RolePairs::of(report);
    let row = |rule: &Rule| {
        let all: Vec<String> = pairs
            .rule(rule)
            .iter()
            .map(|(client, server)| pair_name(client, server))
            .collect();
        json!([
            rule.severity.name(),
            all.join("\n"),
            [
                json!(rule.verdict.name()),
                json!(words::rule(rule)),
                json!([number(rule.packets), rule.packets]),
                json!(
                    rule.last_seen
                        .map_or_else(String::new, |last| format!("{last:.0}"))
                ),
                json!(rule.presence.name()),
                json!(rule.explanation),
                json!(rule.id),
                json!(rule.origin.clone().unwrap_or_default()),
            ]
        ])
    };
    let rows: Vec<Value> = report.rules.iter().map(row).collect();
    let heads = [
        ("Verdict", ""),
        ("Rule", "where"),
        ("Packets", "number"),
        ("Last seen", "moment"),
        ("Presence", ""),
        ("Why", "why"),
        ("Id", "where"),
        ("Document", "where"),
    ];
    table("rules", "Rules", &heads, &rows, out)
}

pub(super) fn flows(report: &Report, out: &mut String) -> fmt::Result {
    let pairs = RolePairs::of(report);
    let row = |flow: &Flow| {
        let all: Vec<String> = pairs
            .flow(flow)
            .iter()
            .map(|(client, server)| pair_name(client, server))
            .collect();
        let packets = flow.to_server.packets + flow.to_client.packets;
        let bytes = flow.to_server.bytes + flow.to_client.bytes;
        let processes: Vec<&str> = flow.processes.iter().map(|one| one.name.as_str()).collect();
        json!([
            flow.severity.name(),
            all.join("\n"),
            [
                json!(flow.verdict.name()),
                json!(words::who(report, flow.client, &flow.client_roles)),
                json!(words::who(report, flow.server, &flow.server_roles)),
                json!([flow.service(), flow.port]),
                json!(flow.outcome.name()),
                json!([number(packets), packets]),
                json!([number(bytes), bytes]),
                json!(format!("{:.0}", flow.last_seen)),
                json!(processes.join(", ")),
                json!(flow.explanation),
            ]
        ])
    };
    let rows: Vec<Value> = report.flows.iter().map(row).collect();
    let heads = [
        ("Verdict", ""),
        ("Client", "where"),
        ("Server", "where"),
        ("Service", ""),
        ("Outcome", ""),
        ("Packets", "number"),
        ("Bytes", "number"),
        ("Last seen", "moment"),
        ("Process", "where"),
        ("Why", "why"),
    ];
    table("flows", "Flows", &heads, &rows, out)?;
    let more = report.alike_left_out() + report.flows_left_out.as_ref().map_or(0, |one| one.flows);
    if more != 0 {
        let more = number(more as u64);
        writeln!(
            out,
            "<p class=\"faint\">{more} more flows are not listed one by one: findings that are alike, and what was watched, count them.</p>"
        )?;
    }
    Ok(())
}

/// What was watched, on which the verdicts are based.
pub(super) fn watched(report: &Report, out: &mut String) -> fmt::Result {
    writeln!(
        out,
        "<section id=\"watched\">\n<h2>What was watched</h2>\n<dl>"
    )?;
    let mut entry =
        |name: &str, said: &str| writeln!(out, "<dt>{name}</dt><dd>{}</dd>", told(said));
    let length = report.window.length();
    entry(
        "Window",
        &format!(
            "{} from {:.0}",
            words::duration(length),
            report.window.start
        ),
    )?;
    if report.window.start < report.window.since {
        entry(
            "Unseen",
            &format!("before {:.0} nobody watched", report.window.since),
        )?;
    }
    for gap in &report.gaps {
        entry(if gap.hides() { "Unseen" } else { "Note" }, &gap.text)?;
    }
    for more in words::left_out(report) {
        entry("Flows", &more)?;
    }
    for interface in &report.interfaces {
        let egress = interface.egress.map_or("not needed", |hook| hook.name());
        entry(
            "Interface",
            &format!(
                "{}, in: {}, out: {egress}",
                interface.name,
                interface.ingress.name()
            ),
        )?;
    }
    for matrix in &report.matrices {
        let version = matrix
            .version
            .as_ref()
            .map_or_else(String::new, |version| format!(" {version}"));
        entry(
            "Matrix",
            &format!(
                "{}{version}, {} rules, {}, SHA-256 {}",
                matrix.name, matrix.rules, matrix.path, matrix.sha256
            ),
        )?;
    }
    for control in words::controls(report) {
        entry("Control", &control)?;
    }
    for (name, said) in words::basis(report) {
        entry(name, &said)?;
    }
    for problem in &report.policy_problems {
        entry("Wrong", problem)?;
    }
    for condition in &report.conditions_not_set {
        entry("Condition not set", condition)?;
    }
    for (name, problem) in &report.names_without_address {
        entry("Name without address", &format!("{name}: {problem}"))?;
    }
    for (slot, count) in &report.counted {
        entry(
            "Counted",
            &format!(
                "{slot}: {} packets, {} bytes",
                number(count.packets),
                number(count.bytes)
            ),
        )?;
    }
    for lost in report.lost.iter().take(20) {
        entry(
            "Without a peer",
            &format!("{}: {} packets", words::lost(lost), number(lost.packets)),
        )?;
    }
    writeln!(out, "</dl>\n</section>")
}
