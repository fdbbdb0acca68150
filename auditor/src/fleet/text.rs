//! A fleet's report as text for people.

use std::collections::BTreeMap;

use super::{
    schema::{CourseKind, Finding, FleetReport, Host, Rule, Side, Voice},
    sentence::listed,
};
use crate::report::{
    Look,
    alike_rules::alike,
    clean_line, duration_words, plural,
    schema::{Severity, Transport},
    with_look,
};

impl FleetReport {
    /// For people, as a terminal can show it.
    pub fn text(&self, look: Look) -> String {
        let mut out = String::new();
        self.head(&mut out);
        for (severity, title) in [
            (Severity::Violation, "Violations"),
            (Severity::Warning, "Warnings"),
            (Severity::Note, "Notes"),
        ] {
            self.section(severity, title, &mut out);
        }
        self.all_rules(&mut out);
        with_look(&out, look)
    }

    /// The hosts alone.
    pub fn hosts_text(&self, look: Look) -> String {
        let mut out = String::new();
        for host in &self.hosts {
            let line = format!(
                "{}  {}  {}  {}",
                host.name,
                host.voice.name(),
                addresses(host),
                plural(host.flows, "flow")
            );
            clean_line(&mut out, &line);
            for remark in &host.remarks {
                clean_line(&mut out, &format!("    {remark}"));
            }
        }
        self.blind_roles(&mut out);
        with_look(&out, look)
    }

    fn head(&self, out: &mut String) {
        let summary = &self.summary;
        let counts = [
            plural(summary.violations, "violation"),
            plural(summary.warnings, "warning"),
            plural(summary.notes, "note"),
        ];
        clean_line(out, &counts.join(", "));
        for problem in &self.problems {
            clean_line(out, &format!("WRONG      {problem}"));
        }
        out.push('\n');
        let mut voices: BTreeMap<&str, usize> = BTreeMap::new();
        for host in &self.hosts {
            *voices.entry(host.voice.name()).or_default() += 1;
        }
        let voices: Vec<String> = voices
            .into_iter()
            .map(|(voice, n)| format!("{n} {voice}"))
            .collect();
        let voices = if voices.is_empty() {
            String::new()
        } else {
            format!(": {}", voices.join(", "))
        };
        let hosts = plural(summary.hosts, "host");
        clean_line(out, &format!("fleet      {hosts}{voices}"));
        let length = duration_words(self.window.length());
        clean_line(
            out,
            &format!("window     {length} until {:.0}", self.window.end),
        );
        for matrix in &self.matrices {
            let rules = plural(matrix.rules, "rule");
            clean_line(out, &format!("matrix     {}, {rules}", matrix.name));
        }
        self.blind_roles(out);
    }

    fn blind_roles(&self, out: &mut String) {
        for one in &self.unwatched {
            let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
            clean_line(
                out,
                &format!(
                    "unwatched  {} of {}: no host that has it says now what it sees",
                    listed(&addresses),
                    one.role
                ),
            );
        }
    }

    fn section(&self, severity: Severity, title: &str, out: &mut String) {
        let mut text = String::new();
        let hosts = self.hosts.iter().filter(|one| one.severity == severity);
        for host in hosts {
            let what = match host.voice {
                Voice::Silent => "silent host",
                Voice::Twofold => "two hosts",
                Voice::Speaking => "host",
            };
            clean_line(
                &mut text,
                &format!("  {what}: {} ({})", host.name, addresses(host)),
            );
            for remark in &host.remarks {
                clean_line(&mut text, &format!("    {remark}"));
            }
        }
        let findings = self.findings.iter().filter(|one| one.severity == severity);
        for finding in findings {
            self::finding(finding, &mut text);
        }
        for rules in rule_findings(&self.rules, severity) {
            rule_finding(&rules, &mut text);
        }
        if !text.is_empty() {
            out.extend(["\n", title, "\n"]);
            out.push_str(&text);
        }
    }

    fn all_rules(&self, out: &mut String) {
        let counts: Vec<String> = self
            .summary
            .rules
            .iter()
            .map(|(verdict, n)| format!("{n} {verdict}"))
            .collect();
        clean_line(out, "");
        clean_line(out, &format!("Rules: {}", counts.join(", ")));
        for rule in self
            .rules
            .iter()
            .filter(|one| one.severity == Severity::Fine)
        {
            clean_line(
                out,
                &format!("  {}: {}", rule.verdict.name(), conversation(rule)),
            );
            details(rule, out);
        }
    }
}

fn addresses(host: &Host) -> String {
    let addresses: Vec<String> = host.addresses.iter().map(ToString::to_string).collect();
    listed(&addresses)
}

/// `user -> web tcp/80 (web)`.
pub(super) fn conversation(rule: &Rule) -> String {
    format!("{} {}", between(rule), service(rule))
}

/// `user -> web`.
pub(super) fn between(rule: &Rule) -> String {
    format!("{} -> {}", rule.client.join(", "), rule.server.join(", "))
}

/// `tcp/80 (web)`, with the rule's id in brackets.
pub(super) fn service(rule: &Rule) -> String {
    let ports = match rule.transport {
        Transport::Icmp => rule.transport.name().to_owned(),
        Transport::Tcp | Transport::Udp | Transport::Sctp => {
            format!("{}/{}", rule.transport.name(), rule.ports)
        }
    };
    let service = rule
        .service
        .as_ref()
        .map_or_else(String::new, |service| format!(" {service}"));
    format!("{ports}{service} ({})", rule.id)
}

/// The findings of a severity on rules, in order. Those between the same roles of which the same is said are one.
pub(super) fn rule_findings(rules: &[Rule], severity: Severity) -> Vec<Vec<&Rule>> {
    let are_alike = |one: &Rule, other: &Rule| {
        one.courses.is_empty()
            && other.courses.is_empty()
            && one.verdict == other.verdict
            && one.client == other.client
            && one.server == other.server
            && one.explanation == other.explanation
    };
    alike(
        rules.iter().filter(|one| one.severity == severity),
        are_alike,
    )
}

fn rule_finding(rules: &[&Rule], out: &mut String) {
    let [first, others @ ..] = rules else {
        return;
    };
    let verdict = first.verdict.name();
    if others.is_empty() {
        clean_line(out, &format!("  {verdict} rule: {}", conversation(first)));
        return details(first, out);
    }
    let (n, between) = (rules.len(), between(first));
    clean_line(out, &format!("  {verdict} rules: {n} of {between}"));
    clean_line(out, &format!("    each: {}", first.explanation));
    for rule in rules {
        clean_line(out, &format!("    {}", service(rule)));
    }
}

fn details(rule: &Rule, out: &mut String) {
    clean_line(out, &format!("    {}", rule.explanation));
    for one in &rule.courses {
        let n = plural(one.conversations, "conversation");
        clean_line(
            out,
            &format!(
                "    {n}, as {} -> {}: {}",
                one.client, one.server, one.course.text
            ),
        );
    }
}

/// Who is on a side of a finding.
pub(super) fn side(side: &Side) -> String {
    let roles = side.roles.join(", ");
    let Some(first) = side.addresses.first() else {
        return roles;
    };
    let in_brackets = if roles.is_empty() {
        String::new()
    } else {
        format!(" ({roles})")
    };
    if side.n_addresses == 1 {
        let host = side.hosts.first();
        let host = host.map_or_else(String::new, |host| format!(" {host}"));
        return format!("{first}{host}{in_brackets}");
    }
    match side.of_hosts {
        // Not each address of a role is that of a host which publishes.
        Some(all) if side.n_addresses <= all => format!("{} of {all} {roles}", side.n_addresses),
        Some(_) | None => format!(
            "{} addresses such as {first}{in_brackets}",
            side.n_addresses
        ),
    }
}

fn finding(finding: &Finding, out: &mut String) {
    clean_line(
        out,
        &format!(
            "  {}: {} -> {} {}",
            heading(finding),
            side(&finding.client),
            side(&finding.server),
            finding.service
        ),
    );
    clean_line(out, &format!("    {}", finding.explanation));
    if finding.course.kind != CourseKind::Answered && finding.course.text != finding.explanation {
        clean_line(out, &format!("    {}", finding.course.text));
    }
    for process in &finding.processes {
        clean_line(out, &format!("    {}", process_words(process)));
    }
}

/// What a finding is.
pub(super) fn heading(finding: &Finding) -> String {
    match finding.verdict {
        Some(_) => format!("{} flow", finding.kind),
        None => finding.kind.clone(),
    }
}

/// A process and where it is.
pub(super) fn process_words(one: &super::schema::HostProcess) -> String {
    let process = &one.process;
    let unit = process
        .unit
        .as_ref()
        .map_or_else(String::new, |unit| format!(" of {unit}"));
    let command = if process.command.is_empty() {
        String::new()
    } else {
        format!(": {}", process.command)
    };
    format!(
        "{} on {}: {} ({}){unit}{command}",
        process.part.name(),
        one.host,
        process.name,
        process.pid
    )
}
