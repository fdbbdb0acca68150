//! A report as Markdown, for tickets and merge requests.

use std::fmt::{self, Write as _};

use super::{
    pattern,
    schema::{Report, Rule, Severity},
    words::{self, number},
};
use crate::escape;

/// Renders the report.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _written = write(report, &mut out);
    out
}

fn write(report: &Report, out: &mut String) -> fmt::Result {
    writeln!(out, "# Port audit of {}\n", text(&report.host.name))?;
    writeln!(
        out,
        "**{}** in {} from {:.0}.\n",
        words::counts(report),
        words::duration(report.window.length()),
        report.window.start
    )?;
    for problem in words::policy_problems(report) {
        writeln!(out, "- **Wrong**: {}.", text(&problem))?;
    }
    for control in words::controls(report) {
        writeln!(out, "- Control {}.", text(&control))?;
    }
    if let Some(shown) = words::shown(report) {
        writeln!(out, "- Shown: {}.", text(&shown))?;
    }
    if !report.host.roles.is_empty() {
        writeln!(
            out,
            "- This host is {}.",
            text(&report.host.roles.join(", "))
        )?;
    }
    for matrix in &report.matrices {
        let version = matrix.version.as_deref().unwrap_or_default();
        let name = format!("{} {version}", matrix.name);
        writeln!(
            out,
            "- Matrix: {}, {} rules, {}, SHA-256 {}.",
            text(name.trim()),
            matrix.rules,
            text(&matrix.path),
            text(&matrix.sha256)
        )?;
    }
    for gap in &report.gaps {
        let word = if gap.hides() { "Not seen" } else { "Note" };
        writeln!(out, "- {word}: {}.", text(&gap.text))?;
    }
    for (severity, title) in [
        (Severity::Violation, "Violations"),
        (Severity::Warning, "Warnings"),
        (Severity::Note, "Notes"),
    ] {
        findings(report, severity, title, out)?;
    }
    let left_out = words::left_out(report);
    if !left_out.is_empty() {
        writeln!(out, "\n## Flows that are not listed\n")?;
    }
    for one in left_out {
        writeln!(out, "- {}", text(&one))?;
    }
    let basis = words::basis(report);
    if !basis.is_empty() {
        writeln!(out, "\n## What this rests on\n")?;
    }
    for (name, said) in basis {
        writeln!(out, "- {name}: {}.", text(&said))?;
    }
    writeln!(out, "\n## Rules\n")?;
    writeln!(
        out,
        "| verdict | rule | traffic | packets | last seen | why |"
    )?;
    writeln!(out, "| --- | --- | --- | ---: | --- | --- |")?;
    for rule in &report.rules {
        let last = rule
            .last_seen
            .map_or_else(String::new, |last| format!("{last:.0}"));
        writeln!(
            out,
            "| {} | {} | {} | {} | {last} | {} |",
            rule.verdict.name(),
            text(&rule.id),
            text(&words::rule(rule)),
            number(rule.packets),
            text(&rule.explanation)
        )?;
    }
    Ok(())
}

fn findings(report: &Report, severity: Severity, title: &str, out: &mut String) -> fmt::Result {
    let flows: Vec<_> = report.findings_of(severity).collect();
    let alike = report.patterns.iter();
    let alike: Vec<_> = alike.filter(|one| one.severity == severity).collect();
    let rules: Vec<&Rule> = report
        .rules
        .iter()
        .filter(|rule| rule.severity == severity)
        .collect();
    let sent = words::sent_without_place(report).filter(|_| severity == Severity::Warning);
    if flows.is_empty() && alike.is_empty() && rules.is_empty() && sent.is_none() {
        return Ok(());
    }
    writeln!(out, "\n## {title}\n")?;
    if let Some(sent) = sent {
        writeln!(out, "{}.\n", text(&sent))?;
        if flows.is_empty() && alike.is_empty() && rules.is_empty() {
            return Ok(());
        }
    }
    writeln!(
        out,
        "| verdict | what | outcome, or the rule's id | packets | why |"
    )?;
    writeln!(out, "| --- | --- | --- | ---: | --- |")?;
    for pattern in alike {
        let example = pattern.listed.first().and_then(|at| report.flows.get(*at));
        writeln!(
            out,
            "| {} flows | {} | {} flows, {} | {} | {} |",
            pattern.verdict.name(),
            text(&pattern::said(report, pattern)),
            number(pattern.flows as u64),
            words::outcome(pattern.outcome),
            number(pattern.counted.packets),
            text(example.map_or("", |flow| flow.explanation.as_str()))
        )?;
    }
    for flow in flows {
        let what = format!(
            "{} -> {} {}",
            words::who(report, flow.client, &flow.client_roles),
            words::who(report, flow.server, &flow.server_roles),
            flow.service()
        );
        writeln!(
            out,
            "| {} flow | {} | {} | {} | {} |",
            flow.verdict.name(),
            text(&what),
            words::outcome(flow.outcome),
            number(flow.to_server.packets + flow.to_client.packets),
            text(&flow.explanation)
        )?;
    }
    for rule in rules {
        let origin = rule.origin.as_deref();
        let origin = origin.map_or_else(String::new, |origin| format!("; from {origin}"));
        writeln!(
            out,
            "| {} rule | {} | {} | {} | {}{} |",
            rule.verdict.name(),
            text(&words::rule(rule)),
            text(&rule.id),
            number(rule.packets),
            text(&rule.explanation),
            text(&origin)
        )?;
    }
    Ok(())
}

/// Escapes text, so that it is no markup and does not end a cell.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                out.push('\\');
                out.push(c);
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            c => escape::push(&mut out, c),
        }
    }
    out
}
