//! A report as JUnit XML, as CI systems show test results: a case for each rule, and one for each flow that should not be.

use std::fmt::{self, Write as _};

use super::{
    incomplete,
    look::FailsOn,
    pattern,
    schema::{Report, Rule, RuleVerdict, Severity, UNPLACED},
    words,
};
use crate::escape;

/// Renders the report. What fails is what makes the exit code 1; of other findings the case says what they are.
pub(super) fn render(report: &Report, fails_on: FailsOn) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _written = write(report, fails_on, &mut out);
    out
}

fn write(report: &Report, fails_on: FailsOn, out: &mut String) -> fmt::Result {
    let is_failed = |severity| fails_on.fails(severity);
    let is_pressing = |severity| Severity::Warning <= severity;
    let flows: Vec<_> = report
        .flows
        .iter()
        .filter(|flow| is_pressing(flow.severity) && flow.pattern.is_none())
        .collect();
    let alike: Vec<_> = report
        .patterns
        .iter()
        .filter(|pattern| is_pressing(pattern.severity))
        .collect();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name={} time=\"{:.3}\">",
        quoted(
            &words::shown(report)
                .map_or_else(|| "auditor".to_owned(), |shown| format!("auditor: {shown}"))
        ),
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
    properties(report, out)?;
    for rule in &report.rules {
        write!(
            out,
            "    <testcase classname={} name={}",
            quoted(&rule.matrix),
            quoted(&rule.id)
        )?;
        if is_pressing(rule.severity) {
            let case = Case {
                controls: &rule.controls,
                is_failed: is_failed(rule.severity),
                verdict: rule.verdict.name(),
                said: &rule.explanation,
            };
            writeln!(out, ">{}</testcase>", case.element())?;
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
    write_incomplete(report, fails_on, out)?;
    let sent = words::sent_without_place(report);
    let severities: Vec<Severity> = flows
        .iter()
        .map(|flow| flow.severity)
        .chain(alike.iter().map(|pattern| pattern.severity))
        .chain(sent.iter().map(|_| Severity::Warning))
        .collect();
    writeln!(
        out,
        "  <testsuite name=\"flows\" hostname={} timestamp=\"{:.0}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">",
        quoted(&report.host.name),
        report.window.start,
        severities.len(),
        severities.iter().filter(|one| is_failed(**one)).count()
    )?;
    if let Some(sent) = sent {
        let case = Case {
            controls: &[],
            is_failed: is_failed(Severity::Warning),
            verdict: UNPLACED,
            said: &sent,
        };
        writeln!(
            out,
            "    <testcase classname=\"flow\" name=\"sent without a place\">{}</testcase>",
            case.element()
        )?;
    }
    for pattern in alike {
        let case = Case {
            controls: &[],
            is_failed: is_failed(pattern.severity),
            verdict: pattern.verdict.name(),
            said: &format!(
                "{}: {}",
                pattern::said(report, pattern),
                words::pattern_facts(pattern)
            ),
        };
        writeln!(
            out,
            "    <testcase classname=\"flow\" name={}>{}</testcase>",
            quoted(&pattern::identity(pattern)),
            case.element()
        )?;
    }
    for flow in flows {
        let name = format!("{} -> {} {}", flow.client, flow.server, flow.service());
        let case = Case {
            controls: &flow.controls,
            is_failed: is_failed(flow.severity),
            verdict: flow.verdict.name(),
            said: &flow.explanation,
        };
        writeln!(
            out,
            "    <testcase classname=\"flow\" name={}>{}</testcase>",
            quoted(&name),
            case.element()
        )?;
    }
    writeln!(out, "  </testsuite>")?;
    writeln!(out, "</testsuites>")
}

/// What is wrong with the policy, and what else keeps the report from being an answer: errors, as a test has that could not run.
fn write_incomplete(report: &Report, fails_on: FailsOn, out: &mut String) -> fmt::Result {
    let reasons = incomplete::because(report);
    let is_of_policy = |reason: &&String| report.policy_problems.contains(reason);
    let others: Vec<&String> = reasons.iter().filter(|one| !is_of_policy(one)).collect();
    let problems: Vec<&String> = report.policy_problems.iter().collect();
    // What is wrong with the policy counts as a warning. Those of a fleet are of single hosts, and keep it from nothing.
    let is_policy_failed = fails_on.fails(Severity::Warning);
    for (class, verdict, all, is_failed) in [
        ("policy", "wrong", problems, is_policy_failed),
        ("audit", "incomplete", others, false),
    ] {
        let is_error = !is_failed && fails_on != FailsOn::Nothing && !reasons.is_empty();
        if all.is_empty() {
            continue;
        }
        let n_of = |is_so: bool| if is_so { all.len() } else { 0 };
        writeln!(
            out,
            "  <testsuite name=\"{class}\" hostname={} timestamp=\"{:.0}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\">",
            quoted(&report.host.name),
            report.window.start,
            all.len(),
            n_of(is_failed),
            n_of(is_error)
        )?;
        for said in all {
            let case = Case {
                controls: &[],
                is_failed,
                verdict,
                said,
            };
            let element = if is_error {
                format!("<error type=\"{verdict}\" message={}/>", quoted(said))
            } else {
                case.element()
            };
            writeln!(
                out,
                "    <testcase classname=\"{class}\" name={}>{element}</testcase>",
                quoted(said)
            )?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    Ok(())
}

/// What the whole report says of controls and of exceptions, as properties of its first suite.
fn properties(report: &Report, out: &mut String) -> fmt::Result {
    let controls = words::controls(report).into_iter();
    let exceptions = report.basis.iter().flat_map(|basis| &basis.exceptions);
    let said: Vec<(&str, String)> = controls
        .map(|control| ("control", control))
        .chain(exceptions.map(|one| ("exception", words::exception(one))))
        .collect();
    if said.is_empty() {
        return Ok(());
    }
    writeln!(out, "    <properties>")?;
    for (name, value) in said {
        writeln!(
            out,
            "      <property name=\"{name}\" value={}/>",
            quoted(&value)
        )?;
    }
    writeln!(out, "    </properties>")
}

/// A case with a finding.
struct Case<'a> {
    controls: &'a [String],
    is_failed: bool,
    verdict: &'a str,
    said: &'a str,
}

impl Case<'_> {
    /// What stands in the case's element: a failure, or what the finding is.
    fn element(&self) -> String {
        let property =
            |control: &String| format!("<property name=\"control\" value={}/>", quoted(control));
        let properties: String = self.controls.iter().map(property).collect();
        let properties = if properties.is_empty() {
            properties
        } else {
            format!("<properties>{properties}</properties>")
        };
        if self.is_failed {
            return format!(
                "{properties}<failure type={} message={}/>",
                quoted(self.verdict),
                quoted(self.said)
            );
        }
        let said = format!("{}: {}", self.verdict, self.said);
        // Quoted text is text of an element as well, once its quotes are off.
        let said = quoted(&said);
        let said = said.trim_matches('"');
        format!("{properties}<system-out>{said}</system-out>")
    }
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
