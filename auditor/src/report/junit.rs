//! A report as JUnit XML, as CI systems show test results: a case for each rule, and one for each flow that should not be.

use std::fmt::{self, Write as _};

use super::{
    pattern,
    schema::{Report, Rule, RuleVerdict, Severity, UNPLACED},
    words,
};
use crate::escape;

/// Renders the report. A warning fails its case too; a pipeline that should pass with warnings must not read the file.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _written = write(report, &mut out);
    out
}

fn write(report: &Report, out: &mut String) -> fmt::Result {
    let is_failed = |severity| Severity::Warning <= severity;
    let flows: Vec<_> = report
        .flows
        .iter()
        .filter(|flow| is_failed(flow.severity) && flow.pattern.is_none())
        .collect();
    let alike: Vec<_> = report
        .patterns
        .iter()
        .filter(|pattern| is_failed(pattern.severity))
        .collect();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name={} time=\"{:.3}\">",
        quoted("auditor"),
        report.window.seconds
    )?;
    let failed = report
        .rules
        .iter()
        .filter(|rule| is_failed(rule.severity))
        .count();
    let skipped = report.rules.iter().filter(|rule| is_skipped(rule)).count();
    writeln!(
        out,
        "  <testsuite name=\"rules\" hostname={} timestamp=\"{:.0}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\">",
        quoted(&report.host.name),
        report.window.start,
        report.rules.len()
    )?;
    for rule in &report.rules {
        write!(
            out,
            "    <testcase classname={} name={}",
            quoted(&rule.matrix),
            quoted(&rule.id)
        )?;
        if is_failed(rule.severity) {
            let message = quoted(rule.verdict.name());
            writeln!(
                out,
                "><failure type={message} message={}/></testcase>",
                quoted(&rule.explanation)
            )?;
        } else if is_skipped(rule) {
            writeln!(
                out,
                "><skipped message={}/></testcase>",
                quoted(&rule.explanation)
            )?;
        } else {
            writeln!(out, "/>")?;
        }
    }
    writeln!(out, "  </testsuite>")?;
    if let n @ 1.. = report.policy_problems.len() {
        writeln!(
            out,
            "  <testsuite name=\"policy\" hostname={} timestamp=\"{:.0}\" tests=\"{n}\" failures=\"{n}\" errors=\"0\" skipped=\"0\">",
            quoted(&report.host.name),
            report.window.start
        )?;
        for problem in &report.policy_problems {
            writeln!(
                out,
                "    <testcase classname=\"policy\" name={name}><failure type=\"wrong\" message={name}/></testcase>",
                name = quoted(problem)
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    let sent = words::sent_without_place(report);
    writeln!(
        out,
        "  <testsuite name=\"flows\" hostname={} timestamp=\"{:.0}\" tests=\"{n}\" failures=\"{n}\" errors=\"0\" skipped=\"0\">",
        quoted(&report.host.name),
        report.window.start,
        n = flows.len() + alike.len() + usize::from(sent.is_some())
    )?;
    if let Some(sent) = sent {
        writeln!(
            out,
            "    <testcase classname=\"flow\" name=\"sent without a place\"><failure type={} message={}/></testcase>",
            quoted(UNPLACED),
            quoted(&sent)
        )?;
    }
    for pattern in alike {
        writeln!(
            out,
            "    <testcase classname=\"flow\" name={}><failure type={} message={}/></testcase>",
            quoted(&pattern::said(report, pattern)),
            quoted(pattern.verdict.name()),
            quoted(&words::pattern_facts(pattern))
        )?;
    }
    for flow in flows {
        let name = format!("{} -> {} {}", flow.client, flow.server, flow.service());
        writeln!(
            out,
            "    <testcase classname=\"flow\" name={}><failure type={} message={}/></testcase>",
            quoted(&name),
            quoted(flow.verdict.name()),
            quoted(&flow.explanation)
        )?;
    }
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

/// Whether the audit of this host says nothing of a rule, so that its case is skipped.
const fn is_skipped(rule: &Rule) -> bool {
    matches!(rule.severity, Severity::Fine | Severity::Note)
        && matches!(
            rule.verdict,
            RuleVerdict::Off
                | RuleVerdict::Elsewhere
                | RuleVerdict::Unresolved
                | RuleVerdict::Unobservable
                | RuleVerdict::Unassessed
        )
}

/// An attribute's value in its quotes. XML 1.0 has no way to write most control characters, so they are spelt out.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => escape::push(&mut out, c),
        }
    }
    out.push('"');
    out
}
