//! A report as text for people.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use auditor_common::{Direction, Reason};

use super::{
    alike_rules, explain,
    look::{self, Look},
    pattern,
    schema::{
        DirectionCounters, Flow, FlowVerdict, Hook, Outcome, Part, Pattern, Report, RoleCheck,
        Rule, RuleVerdict, Severity,
    },
    words::{self, number},
};
use crate::escape;

/// Renders the report. Text from documents and deployments is shown with what is hidden in it shown.
pub(super) fn render(report: &Report, look: Look) -> String {
    let mut text = String::new();
    let written = write(report, look, &mut text);
    debug_assert!(written.is_ok(), "a String takes everything");
    look::shown(&text, look)
}

fn write(report: &Report, look: Look, out: &mut String) -> fmt::Result {
    summary(report, out);
    for (severity, title) in [
        (Severity::Violation, "Violations"),
        (Severity::Warning, "Warnings"),
        (Severity::Note, "Notes"),
    ] {
        section(report, out, severity, title)?;
    }
    documented(report, look, out)?;
    rules(report, look, out)?;
    counted(report, out)
}

/// Adds a line, in which what is hidden is shown: text from documents and deployments is never a command to the terminal, nor does
/// it read differently from what it is.
pub fn line(out: &mut String, text: &str) {
    out.push_str(&escape::line(text));
    out.push('\n');
}

fn summary(report: &Report, out: &mut String) {
    line(out, &words::counts(report));
    for problem in words::policy_problems(report) {
        line(out, &format!("WRONG      {problem}"));
    }
    for control in words::controls(report) {
        line(out, &format!("control    {control}"));
    }
    if let Some(shown) = words::shown(report) {
        line(out, &format!("shown      {shown}"));
    }
    out.push('\n');
    let host = &report.host;
    let roles = host.roles.join(", ");
    let inside = host
        .network_namespace
        .as_ref()
        .map_or_else(String::new, |name| format!(", network namespace {name}"));
    line(
        out,
        &format!(
            "host       {}{inside}{}",
            host.name,
            if roles.is_empty() {
                String::new()
            } else {
                format!(", which is {roles}")
            }
        ),
    );
    let window = &report.window;
    let length = words::duration(window.length());
    line(
        out,
        &format!("window     {length} from {:.0}", window.start),
    );
    if window.start < window.since {
        line(
            out,
            &format!("unseen     before {:.0} nobody watched", window.since),
        );
    }
    for interface in &report.interfaces {
        let egress = interface.egress.map_or("not needed", Hook::name);
        line(
            out,
            &format!(
                "interface  {}, in: {}, out: {egress}",
                interface.name,
                interface.ingress.name()
            ),
        );
    }
    for matrix in &report.matrices {
        let version = matrix
            .version
            .as_deref()
            .map_or_else(String::new, |version| format!(" {version}"));
        line(
            out,
            &format!(
                "matrix     {}{version}, {} rules, {}",
                matrix.name, matrix.rules, matrix.path
            ),
        );
    }
    if let Some(basis) = &report.basis {
        if let Some(pushed) = &basis.pushed {
            line(out, &format!("pushed     {}", pushed.text()));
        }
        for exception in &basis.exceptions {
            let said = words::exception(exception);
            line(out, &format!("exception  {said}"));
        }
    }
    match report.peers_checked_by {
        RoleCheck::Addresses => {}
        RoleCheck::OwnRoles => line(
            out,
            "peers      not checked: without a deployment every other host may play any role",
        ),
        RoleCheck::Nothing => line(
            out,
            "peers      not checked: without a deployment every host may play any role",
        ),
    }
    if !report.conditions_not_set.is_empty() {
        line(
            out,
            &format!(
                "conditions not set, so taken as not holding: {}",
                report.conditions_not_set.join(", ")
            ),
        );
    }
    for (name, problem) in &report.names_without_address {
        line(out, &format!("name       {name} has no address: {problem}"));
    }
    for gap in &report.gaps {
        let word = if gap.hides() { "unseen" } else { "note" };
        line(out, &format!("{word:<10} {}", gap.text));
    }
}

fn section(report: &Report, out: &mut String, severity: Severity, title: &str) -> fmt::Result {
    let mut lines: Vec<String> = Vec::new();
    if severity == Severity::Warning {
        lines.extend(words::sent_without_place(report));
    }
    for pattern in &report.patterns {
        if pattern.severity == severity {
            lines.extend(alike(report, pattern));
        }
    }
    for flow in report.findings_of(severity) {
        lines.push(format!(
            "{} flow: {}",
            flow.verdict.name(),
            conversation(report, flow)
        ));
        lines.push(format!("    {}", flow.explanation));
        lines.push(format!(
            "    {}; {}",
            words::outcome(flow.outcome),
            traffic(flow)
        ));
        if severity == Severity::Violation
            && let Some(exception) = explain::exception(report, flow)
        {
            lines.push("    to accept it all the same, add to the deployment:".to_owned());
            lines.extend(exception.map(|line| format!("    {line}")));
        }
        lines.extend(of_controls(&flow.controls));
        let translated = flow.translated.iter();
        lines.extend(translated.map(|real| format!("    {}", words::real(report, real))));
        lines.extend(flow.processes.iter().map(|process| {
            let part = match process.part {
                Part::Client => "opened by",
                Part::Server => "served by",
            };
            format!("    {part} {}", words::process(process))
        }));
    }
    for group in alike_rules::findings(report, severity) {
        let [rule] = group.as_slice() else {
            lines.extend(rules_alike(&group));
            continue;
        };
        lines.push(format!(
            "{} rule: {}",
            rule.verdict.name(),
            words::rule(rule)
        ));
        lines.push(format!("    {}", rule.explanation));
        for flow in rule.flows.iter().filter_map(|at| report.flows.get(*at)) {
            lines.push(format!(
                "    {}; {}",
                conversation(report, flow),
                traffic(flow)
            ));
        }
        let listeners = rule.listeners.iter();
        lines.extend(listeners.map(|process| format!("    {} listens", words::process(process))));
        lines.extend(of_controls(&rule.controls));
        lines.push(format!("    {}", words::place(rule)));
    }
    if !lines.is_empty() {
        writeln!(out, "\n{title}")?;
        for text in lines {
            line(out, &format!("  {text}"));
        }
    }
    Ok(())
}

/// Rules that are alike, as one finding.
fn rules_alike(rules: &[&Rule]) -> Vec<String> {
    let Some(first) = rules.first() else {
        return Vec::new();
    };
    let mut lines = vec![
        format!(
            "{} rules: {} of {}",
            first.verdict.name(),
            number(rules.len() as u64),
            words::between(first)
        ),
        format!("    each: {}", first.explanation),
    ];
    lines.extend(of_controls(&first.controls));
    lines.extend(
        rules
            .iter()
            .map(|rule| format!("    {}: {}", words::service(rule), words::place(rule))),
    );
    lines
}

fn of_controls(controls: &[String]) -> Option<String> {
    (!controls.is_empty()).then(|| format!("    control: {}", controls.join(", ")))
}

/// Flows that are alike, as one finding.
fn alike(report: &Report, pattern: &Pattern) -> Vec<String> {
    let mut lines = vec![
        format!(
            "{} flows: {}",
            pattern.verdict.name(),
            pattern::said(report, pattern)
        ),
        format!("    {}", words::pattern_facts(pattern)),
    ];
    let examples = pattern.listed.iter().filter_map(|at| report.flows.get(*at));
    lines.extend(examples.take(MOST_EXAMPLES).map(|flow| {
        format!(
            "    such as {}: {}",
            conversation(report, flow),
            flow.explanation
        )
    }));
    if !pattern.processes.is_empty() {
        lines.push(format!(
            "    processes of this host: {}",
            pattern.processes.join(", ")
        ));
    }
    lines
}

/// How many flows of a pattern are named.
const MOST_EXAMPLES: usize = 2;

fn conversation(report: &Report, flow: &Flow) -> String {
    format!(
        "{} -> {} {}",
        words::who(report, flow.client, &flow.client_roles),
        words::who(report, flow.server, &flow.server_roles),
        flow.service()
    )
}

fn traffic(flow: &Flow) -> String {
    let counted = |counters: &DirectionCounters| {
        format!(
            "{} packet{} ({} bytes)",
            number(counters.packets),
            if counters.packets == 1 { "" } else { "s" },
            number(counters.bytes)
        )
    };
    format!(
        "{} to the server, {} back on {}; from {:.0} to {:.0}; server side by {}",
        counted(&flow.to_server),
        counted(&flow.to_client),
        flow.interface,
        flow.first_seen,
        flow.last_seen,
        words::evidence(flow.evidence)
    )
}

fn documented(report: &Report, look: Look, out: &mut String) -> fmt::Result {
    // Each with what flows that are told alike have in common.
    let mut accepted: Vec<(String, String)> = Vec::new();
    let (mut n_documented, mut n_housekeeping) = (0, 0);
    for flow in &report.flows {
        match flow.verdict {
            FlowVerdict::Documented => {
                n_documented += 1;
                let doubt = if flow.benefit_of_doubt {
                    ", in doubt"
                } else {
                    ""
                };
                let outcome = match flow.outcome {
                    Outcome::Established => String::new(),
                    outcome @ (Outcome::Refused
                    | Outcome::Attempted
                    | Outcome::OneWay
                    | Outcome::Accepted
                    | Outcome::Unknown) => {
                        format!("; {}", words::outcome(outcome))
                    }
                };
                let why = format!("{}{doubt}{outcome}", flow.explanation);
                accepted.push((conversation(report, flow), why));
            }
            FlowVerdict::Excepted => {
                accepted.push((conversation(report, flow), flow.explanation.clone()));
            }
            FlowVerdict::Housekeeping => n_housekeeping += 1,
            FlowVerdict::Unexpected | FlowVerdict::Forbidden => {}
        }
    }
    let n_accepted = accepted.len() - n_documented;
    writeln!(
        out,
        "\nFlows as expected: {n_documented} documented, {n_accepted} accepted by exception, {n_housekeeping} of housekeeping"
    )?;
    let accepted = accepted
        .into_iter()
        .map(|(who, why)| (format!("  {who}: {why}"), why));
    list(accepted, look, out);
    for text in words::left_out(report) {
        line(out, &format!("  {text}"));
    }
    Ok(())
}

/// Lists lines, each with what it says: of many that say the same only the first.
fn list(lines: impl Iterator<Item = (String, String)>, look: Look, out: &mut String) {
    let mut more: BTreeMap<String, usize> = BTreeMap::new();
    for (text, said) in lines {
        let n = more.entry(said).or_default();
        *n += 1;
        if look.shows_all || *n <= MOST_ALIKE {
            line(out, &text);
        }
    }
    more.retain(|_, n| !look.shows_all && MOST_ALIKE < *n);
    for (said, n) in more {
        let n = number((n - MOST_ALIKE) as u64);
        line(out, &format!("  and {n} more: {said} (--all lists them)"));
    }
}

/// More lines that say the same are not listed.
const MOST_ALIKE: usize = 20;

fn rules(report: &Report, look: Look, out: &mut String) -> fmt::Result {
    let order = [
        RuleVerdict::Observed,
        RuleVerdict::Idle,
        RuleVerdict::Respected,
        RuleVerdict::Unanswered,
        RuleVerdict::Refused,
        RuleVerdict::Missing,
        RuleVerdict::Violated,
        RuleVerdict::Unassessed,
        RuleVerdict::Unobservable,
        RuleVerdict::Unresolved,
        RuleVerdict::Off,
        RuleVerdict::Elsewhere,
    ];
    let mut counts = Vec::new();
    for verdict in order {
        let of_verdict = |rule: &&Rule| rule.verdict == verdict;
        let n_rules = report.rules.iter().filter(of_verdict).count();
        if 0 < n_rules {
            counts.push(format!("{n_rules} {}", verdict.name()));
        }
    }
    writeln!(out, "\nRules: {}", counts.join(", "))?;
    let told = report.rules.iter().filter_map(|rule| {
        let is_told = matches!(
            rule.verdict,
            RuleVerdict::Observed
                | RuleVerdict::Idle
                | RuleVerdict::Unobservable
                | RuleVerdict::Unresolved
                | RuleVerdict::Off
                | RuleVerdict::Elsewhere
        );
        if is_told && rule.severity == Severity::Fine {
            let is_silent = rule.unresolved.is_empty() || rule.verdict == RuleVerdict::Elsewhere;
            let unresolved = if is_silent {
                String::new()
            } else {
                format!("; no address is known for {}", rule.unresolved.join(", "))
            };
            let text = format!(
                "  {}: {}: {}{unresolved}",
                rule.verdict.name(),
                words::rule(rule),
                rule.explanation
            );
            return Some((text, rule.verdict.name().to_owned()));
        }
        None
    });
    list(told, look, out);
    Ok(())
}

fn counted(report: &Report, out: &mut String) -> fmt::Result {
    if report.counted.is_empty() {
        return Ok(());
    }
    let [received, sent] = Direction::ALL.map(|direction| report.total(direction));
    writeln!(
        out,
        "\nCounted: {} packets, {} bytes in; {} packets, {} bytes out",
        number(received.packets),
        number(received.bytes),
        number(sent.packets),
        number(sent.bytes)
    )?;
    for reason in Reason::LISTED {
        let tally = report.without_flow(reason);
        if 0 < tally.packets {
            writeln!(
                out,
                "  in no flow: {} packets, {} bytes: {}",
                number(tally.packets),
                number(tally.bytes),
                reason.meaning()
            )?;
        }
    }
    let lost = &report.lost;
    for lost in lost.iter().take(MOST_LOST) {
        writeln!(
            out,
            "    {}: {} packets, {} bytes",
            words::lost(lost),
            number(lost.packets),
            number(lost.bytes)
        )?;
    }
    if let Some(more) = lost.len().checked_sub(MOST_LOST).filter(|more| 0 < *more) {
        let all = more + report.lost_left_out;
        writeln!(
            out,
            "    and {all} more; the JSON report has the busiest of them"
        )?;
    }
    if let Some(unproven) = &report.unproven {
        writeln!(
            out,
            "  made room: {} conversations that anybody can make up, {} packets",
            number(unproven.conversations),
            number(unproven.counted.packets)
        )?;
        for sender in unproven.senders.iter().take(MOST_LOST) {
            writeln!(
                out,
                "    from {}: {} packets",
                sender.address,
                number(sender.counted.packets)
            )?;
        }
        let others: u64 = unproven
            .senders
            .iter()
            .skip(MOST_LOST)
            .map(|sender| sender.counted.packets)
            .sum();
        let others = others + unproven.others.packets;
        if 0 < others {
            writeln!(out, "    from others: {} packets", number(others))?;
        }
    }
    Ok(())
}

/// The number of entries of `lost` that are listed.
const MOST_LOST: usize = 10;
