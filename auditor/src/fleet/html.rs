//! A fleet's report as a page for browsers: one file that loads nothing over the network and runs no script.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
    net::IpAddr,
};

use super::{
    schema::{CourseKind, Finding, FleetReport, Rule, Voice},
    sentence::listed,
    text::{between, conversation, heading, process_words, rule_findings, service, side},
};
use crate::{
    escape::text,
    report::{duration_words, number, page_sentence as told, plural, schema::Severity},
    role::Role,
};

/// More findings are not shown; the table of rules has all rules.
const MOST_FINDINGS: usize = 100;

const STYLE: &str = include_str!("../report/html/page.css");

impl FleetReport {
    /// A page for browsers.
    ///
    /// # Errors
    ///
    /// Never in practice: writing to a string does not fail.
    pub fn html(&self) -> Result<String, fmt::Error> {
        let mut out = String::new();
        self.top(&mut out)?;
        out.push_str("<main>\n");
        self.hosts_part(&mut out)?;
        self.findings_part(&mut out)?;
        self.roles_part(&mut out)?;
        self.rules_part(&mut out)?;
        writeln!(
            out,
            "</main>\n<footer>{} {}, fleet report schema {}</footer>\n</body>\n</html>",
            text(&self.tool.name),
            text(&self.tool.version),
            self.schema_version
        )?;
        Ok(out)
    }

    fn top(&self, out: &mut String) -> fmt::Result {
        let summary = &self.summary;
        let (class, said) = match (summary.violations, summary.warnings) {
            (0, 0) => ("fine", "The traffic is what the documentation says."),
            (0, _) => (
                "warning",
                "Nothing violates the documentation; some of it should be looked at.",
            ),
            (_, _) => (
                "violation",
                "The traffic is not what the documentation says.",
            ),
        };
        writeln!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
             base-uri 'none'; form-action 'none'\">\n\
             <title>Port audit of a fleet</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
             <header>\n<h1>Port audit of {}</h1>\n<div class=\"verdict {class}\"><p><strong>{said}</strong> {}, {}, {}.</p>",
            text(&plural(summary.hosts, "host")),
            plural(summary.violations, "violation"),
            plural(summary.warnings, "warning"),
            plural(summary.notes, "note")
        )?;
        if 0 < summary.silent {
            let verb = if summary.silent == 1 { "is" } else { "are" };
            let hosts = plural(summary.silent, "host");
            let silent = self.hosts.iter().filter(|one| one.voice == Voice::Silent);
            let names: Vec<String> = silent
                .map(|one| format!("{} (since {:.0})", one.name, one.spoke))
                .collect();
            let names = told(&listed(&names));
            writeln!(
                out,
                "<p><strong>{hosts} {verb} silent:</strong> {names}.</p>"
            )?;
        }
        writeln!(
            out,
            "<p>{}</p>",
            told(&format!(
                "Watched for {} until {:.0}.",
                duration_words(self.window.length()),
                self.window.end
            ))
        )?;
        for problem in &self.problems {
            writeln!(out, "<p><strong>Wrong:</strong> {}.</p>", told(problem))?;
        }
        writeln!(
            out,
            "</div>\n</header>\n<nav aria-label=\"Sections\"><ul><li><a href=\"#hosts\">Hosts</a></li>\
             <li><a href=\"#findings\">What to look at</a></li><li><a href=\"#roles\">Roles</a></li>\
             <li><a href=\"#rules\">Rules</a></li></ul></nav>"
        )
    }

    fn hosts_part(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "<section id=\"hosts\" class=\"table\">\n<h2>Hosts</h2>"
        )?;
        let head = [
            "Host",
            "",
            "Addresses",
            "Roles",
            "Flows",
            "Last heard",
            "Remarks",
        ];
        table("Hosts", &head, out)?;
        for host in &self.hosts {
            writeln!(
                out,
                "<tr><th scope=\"row\">{}</th><td><span class=\"tag {}\">{}</span></td><td class=\"where\" data-name=\"Addresses\">{}</td>\
                 <td data-name=\"Roles\">{}</td><td class=\"number\" data-name=\"Flows\">{}</td>\
                 <td class=\"moment\" data-name=\"Last heard\">{}</td><td class=\"why\" data-name=\"Remarks\">{}</td></tr>",
                text(&host.name),
                host.severity.name(),
                host.voice.name(),
                some_of(&host.addresses),
                text(&host.roles.join(", ")),
                number(host.flows as u64),
                told(&format!("{:.0}", host.spoke)),
                told(&host.remarks.join("; "))
            )?;
        }
        writeln!(out, "</tbody></table></div>")?;
        for one in &self.unwatched {
            let addresses: Vec<String> = one.addresses.iter().map(ToString::to_string).collect();
            writeln!(
                out,
                "<p>Of {} nobody watches {}.</p>",
                text(&one.role),
                told(&addresses.join(", "))
            )?;
        }
        writeln!(out, "</section>")
    }

    fn findings_part(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "<section id=\"findings\">\n<h2>What to look at</h2>")?;
        let mut n_all = 0;
        for severity in [Severity::Violation, Severity::Warning] {
            for one in self.findings.iter().filter(|one| one.severity == severity) {
                n_all += 1;
                if n_all <= MOST_FINDINGS {
                    finding(one, out)?;
                }
            }
            for rules in rule_findings(&self.rules, severity) {
                n_all += 1;
                if n_all <= MOST_FINDINGS {
                    broken(&rules, out)?;
                }
            }
        }
        if n_all == 0 {
            writeln!(out, "<p>Nothing.</p>")?;
        }
        if let Some(more @ 1..) = (n_all + self.findings_left_out).checked_sub(MOST_FINDINGS) {
            writeln!(
                out,
                "<p>And {more} more: <code>auditor fleet report</code> has more of them.</p>"
            )?;
        }
        writeln!(out, "</section>")
    }

    /// Roles by roles: each cell opens to its rules.
    fn roles_part(&self, out: &mut String) -> fmt::Result {
        // Names that differ in their case alone are one role.
        let mut cells: BTreeMap<(Role, Role), Vec<&Rule>> = BTreeMap::new();
        for rule in &self.rules {
            let roles = |names: &[String]| -> BTreeSet<Role> {
                names.iter().map(|name| Role::new(name)).collect()
            };
            for client in roles(&rule.client) {
                for server in roles(&rule.server) {
                    cells
                        .entry((client.clone(), server))
                        .or_default()
                        .push(rule);
                }
            }
        }
        let servers: BTreeSet<&Role> = cells.keys().map(|(_, server)| server).collect();
        let clients: BTreeSet<&Role> = cells.keys().map(|(client, _)| client).collect();
        writeln!(
            out,
            "<section id=\"roles\">\n<h2>Roles</h2>\n<p class=\"faint\">Clients by rows, servers by columns.</p>"
        )?;
        let head: Vec<&str> = std::iter::once("")
            .chain(servers.iter().map(|role| role.name()))
            .collect();
        table("Roles", &head, out)?;
        for client in clients {
            write!(out, "<tr><th scope=\"row\">{}</th>", text(client.name()))?;
            for server in &servers {
                let Some(rules) = cells.get(&(client.clone(), (*server).clone())) else {
                    write!(out, "<td></td>")?;
                    continue;
                };
                let worst = rules.iter().map(|rule| rule.severity).max();
                let class = worst.map_or("fine", Severity::name);
                write!(
                    out,
                    "<td><details><summary><span class=\"tag {class}\">{}</span></summary>",
                    plural(rules.len(), "rule")
                )?;
                for rule in rules {
                    write!(
                        out,
                        "<p>{}: {} {}</p>",
                        rule.verdict.name(),
                        text(&rule.id),
                        told(&rule.explanation)
                    )?;
                }
                write!(out, "</details></td>")?;
            }
            writeln!(out, "</tr>")?;
        }
        writeln!(out, "</tbody></table></div>\n</section>")
    }

    fn rules_part(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "<section id=\"rules\" class=\"table\">\n<h2>Rules</h2>"
        )?;
        let head = [
            "Verdict",
            "Rule",
            "Why",
            "Seen by",
            "Not on",
            "Not known of",
        ];
        table("Rules", &head, out)?;
        for rule in &self.rules {
            let missing: Vec<&str> = rule
                .missing_on
                .iter()
                .map(|one| one.host.as_str())
                .collect();
            writeln!(
                out,
                "<tr><td><span class=\"tag {}\">{}</span></td><td class=\"where\" data-name=\"Rule\">{}</td>\
                 <td class=\"why\" data-name=\"Why\">{}</td><td class=\"where\" data-name=\"Seen by\">{}</td><td class=\"where\" data-name=\"Not on\">{}</td>\
                 <td class=\"where\" data-name=\"Not known of\">{}</td></tr>",
                rule.severity.name(),
                rule.verdict.name(),
                told(&conversation(rule)),
                told(&rule.explanation),
                text(&rule.seen_by.join(", ")),
                text(&missing.join(", ")),
                text(&rule.unassessed_on.join(", "))
            )?;
        }
        writeln!(out, "</tbody></table></div>\n</section>")
    }
}

/// The first addresses, and the others in a part that opens.
fn some_of(addresses: &[IpAddr]) -> String {
    let (first, others) = addresses.split_at(addresses.len().min(MOST_ADDRESSES));
    let all = |some: &[IpAddr]| {
        let some: Vec<String> = some.iter().map(ToString::to_string).collect();
        told(&some.join(", "))
    };
    if others.is_empty() {
        return all(first);
    }
    format!(
        "{}<details><summary>and {} more</summary>{}</details>",
        all(first),
        others.len(),
        all(others)
    )
}

/// More addresses of a host are shown on demand.
const MOST_ADDRESSES: usize = 6;

/// Begins a table that scrolls by itself.
fn table(name: &str, head: &[&str], out: &mut String) -> fmt::Result {
    write!(
        out,
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table><thead><tr>",
        text(name)
    )?;
    for cell in head {
        write!(out, "<th scope=\"col\">{}</th>", text(cell))?;
    }
    writeln!(out, "</tr></thead><tbody>")
}

fn finding(one: &Finding, out: &mut String) -> fmt::Result {
    let class = one.severity.name();
    writeln!(
        out,
        "<article class=\"finding\"><h3><span class=\"tag {class}\">{class}: {}</span> {}</h3>\n<p>{}</p>",
        text(&heading(one)),
        told(&format!(
            "{} -> {} {}",
            side(&one.client),
            side(&one.server),
            one.service
        )),
        told(&one.explanation)
    )?;
    if one.course.kind != CourseKind::Answered && one.course.text != one.explanation {
        writeln!(out, "<p>{}</p>", told(&one.course.text))?;
    }
    for process in &one.processes {
        writeln!(out, "<p>{}</p>", told(&process_words(process)))?;
    }
    writeln!(
        out,
        "<p class=\"faint\">{}</p></article>",
        told(&format!("{:.0} to {:.0}", one.first_seen, one.last_seen))
    )
}

/// A rule that is a finding, or several that are alike.
fn broken(rules: &[&Rule], out: &mut String) -> fmt::Result {
    let [rule, others @ ..] = rules else {
        return Ok(());
    };
    let class = rule.severity.name();
    if !others.is_empty() {
        writeln!(
            out,
            "<article class=\"finding\"><h3><span class=\"tag {class}\">{class}: {}</span> {}</h3>\n<p>each: {}</p>\n\
             <details><summary>{}</summary>",
            rule.verdict.name(),
            told(&format!("{} rules of {}", rules.len(), between(rule))),
            told(&rule.explanation),
            plural(rules.len(), "rule")
        )?;
        for one in rules {
            writeln!(out, "<p>{}</p>", told(&service(one)))?;
        }
        return writeln!(out, "</details></article>");
    }
    writeln!(
        out,
        "<article class=\"finding\"><h3><span class=\"tag {class}\">{class}: {}</span> {}</h3>\n<p>{}</p>",
        rule.verdict.name(),
        told(&conversation(rule)),
        told(&rule.explanation)
    )?;
    for one in &rule.courses {
        writeln!(
            out,
            "<p>{}</p>\n<p class=\"faint\">{}</p>",
            told(&format!(
                "{}, as {} -> {}: {}",
                plural(one.conversations, "conversation"),
                one.client,
                one.server,
                one.course.text
            )),
            told(&format!("{:.0} to {:.0}", one.first_seen, one.last_seen))
        )?;
    }
    writeln!(out, "</article>")
}
