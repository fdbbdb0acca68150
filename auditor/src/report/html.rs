//! A report as a page for browsers: one file that loads nothing over the network.
//!
//! Everything that comes from documents, deployments or the network goes through [`crate::escape::text`] or, as data of the page's
//! script, through [`crate::escape::data`]; the page's policy lets no other script run.

mod diagram;
mod pairs;
mod parts;
mod table;
mod told;

use std::fmt::{self, Write as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

pub use self::told::told;
use crate::escape::text;

use super::{
    alike_rules, explain, pattern,
    schema::{Pattern, Report, Rule, Severity, UNPLACED},
    words::{self, number},
};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The number of findings that are shown in full; the tables list all.
const MOST_FINDINGS: usize = 100;

/// How the step begins that says what to do.
const TO_DO: &str = "what to do: ";

/// Renders the report.
///
/// # Errors
///
/// Never in practice: writing to a string does not fail.
pub(super) fn render(report: &Report) -> Result<String, fmt::Error> {
    page(report, "", "")
}

/// Renders the report for a browser that asks its server for a newer one every `seconds`.
///
/// # Errors
///
/// As `render`.
pub fn render_live(report: &Report, seconds: u64) -> Result<String, fmt::Error> {
    let meta = format!("<meta name=\"refresh-seconds\" content=\"{seconds}\">\n");
    page(report, "connect-src 'self'; ", &meta)
}

fn page(report: &Report, policy: &str, meta: &str) -> Result<String, fmt::Error> {
    let mut out = String::new();
    head(report, policy, meta, &mut out)?;
    top(report, &mut out)?;
    out.push_str("<main>\n");
    findings(report, &mut out)?;
    parts::matrix(report, &mut out)?;
    diagram::diagram(report, &mut out)?;
    parts::traffic(report, &mut out)?;
    parts::rules(report, &mut out)?;
    parts::flows(report, &mut out)?;
    parts::watched(report, &mut out)?;
    out.push_str("</main>\n");
    writeln!(
        out,
        "<footer>{} {}, report schema {}</footer>",
        text(&report.tool.name),
        text(&report.tool.version),
        report.schema_version
    )?;
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")?;
    Ok(out)
}

fn head(report: &Report, policy: &str, meta: &str, out: &mut String) -> fmt::Result {
    let digest = STANDARD.encode(Sha256::digest(SCRIPT));
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'sha256-{digest}'; {policy}base-uri 'none'; form-action 'none'\">\n\
         {meta}\
         <title>Port audit of {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>",
        text(&report.host.name)
    )
}

/// The verdict in words.
fn top(report: &Report, out: &mut String) -> fmt::Result {
    let summary = &report.summary;
    let class = match (summary.violations, summary.warnings) {
        (0, 0) => "fine",
        (0, _) => "warning",
        (_, _) => "violation",
    };
    let said = match class {
        // Neither rules that nobody can judge nor a host that none is about say anything of the traffic.
        "warning" if !report.policy_problems.is_empty() => {
            "The deployment is wrong, so this says less than it seems."
        }
        "fine" => "The traffic is what the documentation says.",
        "warning" => "Nothing violates the documentation; some of it should be looked at.",
        _ => "The traffic is not what the documentation says.",
    };
    writeln!(
        out,
        "<header>\n<h1>Port audit of {}</h1>",
        text(&report.host.name)
    )?;
    writeln!(
        out,
        "<div class=\"verdict {class}\"><p><strong>{said}</strong> {}.</p>",
        text(&words::counts(report))
    )?;
    let length = report.window.length();
    let roles = if report.host.roles.is_empty() {
        String::new()
    } else {
        format!(" This host is {}.", report.host.roles.join(", "))
    };
    writeln!(
        out,
        "<p>Watched for {} until <time datetime=\"{end:.0}\">{end:.0}</time>.{}</p>",
        text(&words::duration(length)),
        text(&roles),
        end = report.window.end
    )?;
    // The gravest is here; a phone would show nothing but all of them.
    let problems: Vec<String> = words::policy_problems(report).collect();
    if let Some((gravest, others)) = problems.split_first() {
        let more = match others.len() {
            0 => String::new(),
            more => format!(" And <a href=\"#findings\">{more} more</a>."),
        };
        writeln!(
            out,
            "<p><strong>Wrong:</strong> {}.{more}</p>",
            told(gravest)
        )?;
    }
    if let Some(shown) = words::shown(report) {
        writeln!(out, "<p><strong>Shown:</strong> {}.</p>", text(&shown))?;
    }
    for gap in &report.gaps {
        let word = if gap.hides() { "Not seen" } else { "Note" };
        writeln!(out, "<p>{word}: {}.</p>", told(&gap.text))?;
    }
    writeln!(out, "</div>\n</header>\n<nav aria-label=\"Sections\"><ul>")?;
    for (id, name) in [
        ("findings", "What to look at"),
        ("matrix", "Roles"),
        ("talk", "Who talks"),
        ("traffic", "Traffic"),
        ("rules", "Rules"),
        ("flows", "Flows"),
        ("watched", "What was watched"),
    ] {
        writeln!(out, "<li><a href=\"#{id}\">{name}</a></li>")?;
    }
    writeln!(out, "</ul></nav>")
}

fn findings(report: &Report, out: &mut String) -> fmt::Result {
    writeln!(out, "<section id=\"findings\">\n<h2>What to look at</h2>")?;
    let mut n_shown = 0;
    let mut n_all = 0;
    let problems: Vec<String> = words::policy_problems(report).collect();
    if let Some((gravest, others)) = problems.split_first() {
        n_all += 1;
        n_shown += 1;
        let kind = (Severity::Warning, "deployment");
        let name = "what the traffic is compared with";
        opening(kind, name, gravest, out)?;
        for problem in others {
            writeln!(out, "<p>{}</p>", told(problem))?;
        }
        let command = ["auditor check --config auditor.toml".to_owned()];
        copied(&command, "says what is wrong", out)?;
        writeln!(out, "</article>")?;
    }
    if let Some(sent) = words::sent_without_place(report) {
        n_all += 1;
        n_shown += 1;
        let kind = (Severity::Warning, UNPLACED);
        finding(kind, "sent without a place", &sent, &[], out)?;
        writeln!(out, "</article>")?;
    }
    for severity in [Severity::Violation, Severity::Warning] {
        for one in report
            .patterns
            .iter()
            .filter(|one| one.severity == severity)
        {
            n_all += 1;
            if n_shown < MOST_FINDINGS {
                n_shown += 1;
                alike(report, one, out)?;
            }
        }
        for flow in report.findings_of(severity) {
            n_all += 1;
            if n_shown < MOST_FINDINGS {
                n_shown += 1;
                let name = format!(
                    "{} -> {} {}",
                    words::who(report, flow.client, &flow.client_roles),
                    words::who(report, flow.server, &flow.server_roles),
                    flow.service()
                );
                finding(
                    (severity, flow.verdict.name()),
                    &name,
                    &flow.explanation,
                    &explain::flow(report, flow),
                    out,
                )?;
                if let Some(lines) = explain::exception(report, flow) {
                    writeln!(out, "<details><summary>To accept it all the same</summary>")?;
                    copied(&lines, "accepts it, in the deployment", out)?;
                    writeln!(out, "</details>")?;
                }
                writeln!(out, "</article>")?;
            }
        }
        for rules in alike_rules::findings(report, severity) {
            n_all += 1;
            if n_shown < MOST_FINDINGS {
                n_shown += 1;
                rule_finding(report, severity, &rules, out)?;
            }
        }
    }
    if n_all == 0 {
        writeln!(out, "<p>Nothing.</p>")?;
    }
    if n_shown < n_all {
        let more = number((n_all - n_shown) as u64);
        writeln!(
            out,
            "<p>And {more} more: the tables below have them all.</p>"
        )?;
    }
    writeln!(out, "</section>")
}

/// A rule, or rules that are alike: what they have in common, and each of them in a part that opens.
fn rule_finding(
    report: &Report,
    severity: Severity,
    rules: &[&Rule],
    out: &mut String,
) -> fmt::Result {
    let Some(first) = rules.first() else {
        return Ok(());
    };
    let steps = explain::rule(report, first);
    let kind = (severity, first.verdict.name());
    if rules.len() == 1 {
        let name = words::rule(first);
        finding(kind, &name, &first.explanation, &steps, out)?;
        return writeln!(out, "</article>");
    }
    let between = words::between(first);
    let name = format!("{} rules of {between}", number(rules.len() as u64));
    let to_do: Vec<String> = steps
        .into_iter()
        .filter(|step| step.starts_with(TO_DO))
        .collect();
    let why = format!("each: {}", first.explanation);
    opening(kind, &name, &why, out)?;
    for step in &to_do {
        writeln!(out, "<p>{}</p>", told(step))?;
    }
    writeln!(
        out,
        "<details><summary>{}</summary>",
        words::plural(rules.len(), "rule")
    )?;
    for rule in rules {
        let said = format!("{}: {}", words::service(rule), words::place(rule));
        writeln!(out, "<p>{}</p>", told(&said))?;
    }
    writeln!(out, "</details></article>")
}

/// Flows that are alike: what they are, and those that the report lists in a part that opens.
fn alike(report: &Report, pattern: &Pattern, out: &mut String) -> fmt::Result {
    let class = pattern.severity.name();
    writeln!(
        out,
        "<article class=\"finding\"><h3><span class=\"tag {class}\">{class}: {}</span> {}</h3>\n<p>{}.</p>",
        text(pattern.verdict.name()),
        told(&pattern::said(report, pattern)),
        told(&words::pattern_facts(pattern))
    )?;
    if !pattern.processes.is_empty() {
        let names = pattern.processes.join(", ");
        writeln!(out, "<p>processes of this host: {}</p>", text(&names))?;
    }
    let listed = pattern.listed.iter().filter_map(|at| report.flows.get(*at));
    let shown: Vec<_> = listed.take(MOST_FINDINGS).collect();
    let which = if shown.len() < pattern.listed.len() {
        "the first "
    } else {
        ""
    };
    writeln!(
        out,
        "<details><summary>{which}{} of them</summary>",
        words::plural(shown.len(), "flow")
    )?;
    for flow in shown {
        let name = format!(
            "{} -> {} {}: {}",
            words::who(report, flow.client, &flow.client_roles),
            words::who(report, flow.server, &flow.server_roles),
            flow.service(),
            flow.explanation
        );
        writeln!(out, "<p>{}</p>", told(&name))?;
    }
    writeln!(out, "</details></article>")
}

fn opening(
    (severity, verdict): (Severity, &str),
    name: &str,
    why: &str,
    out: &mut String,
) -> fmt::Result {
    let class = severity.name();
    writeln!(
        out,
        "<article class=\"finding\"><h3><span class=\"tag {class}\">{class}: {}</span> {}</h3>\n<p>{}</p>",
        text(verdict),
        told(name),
        told(why)
    )
}

/// One finding, and below it the steps that led to its verdict; its element is left open.
fn finding(
    (severity, verdict): (Severity, &str),
    name: &str,
    why: &str,
    steps: &[String],
    out: &mut String,
) -> fmt::Result {
    opening((severity, verdict), name, why, out)?;
    // The steps that say what to do and who is involved are always shown; all steps are in a part that opens on demand.
    let is_first = |step: &&String| {
        let first = [
            "seen: ",
            TO_DO,
            "served by: ",
            "opened by: ",
            "translated: ",
        ];
        first.iter().any(|one| step.starts_with(one))
    };
    let of_itself = format!("seen: {name} ");
    for step in steps.iter().filter(is_first) {
        // Between whom stands in the line above.
        match step.strip_prefix(&of_itself) {
            Some(rest) => writeln!(out, "<p>seen {}</p>", told(rest))?,
            None => writeln!(out, "<p>{}</p>", told(step))?,
        }
        if step.contains("`auditor learn`") {
            let command = ["auditor learn report.json".to_owned()];
            copied(
                &command,
                "drafts rules for what nobody documented, from this report as JSON",
                out,
            )?;
        }
    }
    if !steps.is_empty() {
        writeln!(out, "<details><summary>Step by step</summary>")?;
        for step in steps {
            writeln!(out, "<p>{}</p>", told(step))?;
        }
        writeln!(out, "</details>")?;
    }
    Ok(())
}

/// What somebody may type or paste, with a button that copies it, where the page's script runs.
fn copied(lines: &[String], why: &str, out: &mut String) -> fmt::Result {
    let lines: Vec<String> = lines.iter().map(|line| text(line.trim())).collect();
    writeln!(
        out,
        "<p class=\"faint\">This {why}:</p>\n<div class=\"copied\"><pre tabindex=\"0\">{}</pre><button type=\"button\" hidden>Copy</button></div>",
        lines.join("\n")
    )
}
