//! Why a rule, flows or a host of a fleet's report are what they are, step by step.

use super::{
    schema::{CourseKind, Finding, FleetReport, Host, Rule, Side},
    sentence::listed,
    text::{conversation, heading, process_words, side},
};
use crate::{
    report::{
        plural,
        query::{FlowNames, Query, RuleNames},
        service::Service,
    },
    transport::Transport,
};

/// The most rules, and findings, that are explained at once.
const MOST: usize = 20;

/// Explains what is meant, each in its steps; nothing if nothing is.
pub fn explain(report: &FleetReport, what: &str) -> Vec<Vec<String>> {
    let hosts = report.hosts.iter();
    let of_name: Vec<&Host> = hosts
        .filter(|host| host.name.eq_ignore_ascii_case(what.trim()))
        .collect();
    if !of_name.is_empty() {
        return of_name.into_iter().map(|one| host(report, one)).collect();
    }
    let (rules, findings) =
        Query::parse(what).among(&report.rules, rule_names, &report.findings, finding_names);
    let shown = rules.iter().take(MOST).map(|one| rule(one));
    let shown = shown.chain(findings.iter().take(MOST).map(|one| finding(one)));
    let mut parts: Vec<Vec<String>> = shown.collect();
    for (n, what) in [(rules.len(), "rules"), (findings.len(), "findings")] {
        if MOST < n {
            let more = n - MOST;
            parts.push(vec![format!(
                "and {more} more {what}: name more of what is meant"
            )]);
        }
    }
    parts
}

fn rule_names(rule: &Rule) -> RuleNames<'_> {
    RuleNames {
        id: &rule.id,
        service: rule.service.as_deref(),
        roles: rule.client.iter().chain(&rule.server).collect(),
        transport: rule.transport,
        ports: &rule.ports,
    }
}

fn finding_names(finding: &Finding) -> FlowNames<'_> {
    let service: Option<Service> = finding.service.parse().ok();
    let (client, server) = (&finding.client, &finding.server);
    let hosts = client.hosts.iter().chain(&server.hosts).map(String::as_str);
    FlowNames {
        clients: &client.addresses,
        servers: &server.addresses,
        transport: service
            .as_ref()
            .and_then(|service| Transport::from_protocol(service.protocol))
            .map(Into::into),
        port: service.map_or(0, |service| service.port),
        roles: client.roles.iter().chain(&server.roles).collect(),
        names: std::iter::once(finding.kind.as_str())
            .chain(hosts)
            .collect(),
    }
}

fn rule(rule: &Rule) -> Vec<String> {
    let origin = rule
        .origin
        .as_deref()
        .map_or_else(String::new, |origin| format!(", from {origin}"));
    let mut steps = vec![
        format!(
            "the rule: {}, of {}{origin}",
            conversation(rule),
            rule.matrix
        ),
        format!(
            "conversations: {}, of which {} answered",
            plural(rule.conversations, "conversation"),
            if rule.answered == 1 {
                "1 was".to_owned()
            } else {
                format!("{} were", rule.answered)
            }
        ),
    ];
    let mut hosts = |what: &str, names: &[String]| {
        if !names.is_empty() {
            let n = plural(names.len(), "host");
            steps.push(format!("{what}: {n}: {}", listed(names)));
        }
    };
    hosts("seen by", &rule.seen_by);
    let missing: Vec<String> = rule
        .missing_on
        .iter()
        .map(|one| format!("{} as its {}", one.host, one.part.name()))
        .collect();
    hosts("watched and saw nothing of it", &missing);
    hosts("may have missed it", &rule.unassessed_on);
    for one in &rule.courses {
        steps.push(format!(
            "not answered: {}, as {} -> {}, first {:.0}, last {:.0}: {}",
            plural(one.conversations, "conversation"),
            one.client,
            one.server,
            one.first_seen,
            one.last_seen,
            one.course.text
        ));
    }
    steps.push(format!(
        "verdict: {}, {}: {}",
        rule.verdict.name(),
        rule.severity.name(),
        rule.explanation
    ));
    let mut kinds: Vec<CourseKind> = rule.courses.iter().map(|one| one.course.kind).collect();
    kinds.dedup();
    steps.extend(kinds.into_iter().filter_map(advice));
    steps
}

fn finding(finding: &Finding) -> Vec<String> {
    let mut steps = vec![format!(
        "seen: {} -> {} {}, {}, {}, first {:.0}, last {:.0}",
        side(&finding.client),
        side(&finding.server),
        finding.service,
        plural(finding.conversations, "conversation"),
        plural(
            usize::try_from(finding.packets).unwrap_or(usize::MAX),
            "packet"
        ),
        finding.first_seen,
        finding.last_seen
    )];
    for (part, side) in [("clients", &finding.client), ("servers", &finding.server)] {
        steps.extend(members(part, side));
    }
    steps.push(format!("what came of it: {}", finding.course.text));
    let processes = finding.processes.iter();
    steps.extend(processes.map(|one| format!("process: {}", process_words(one))));
    steps.push(format!(
        "verdict: {}, {}: {}",
        heading(finding),
        finding.severity.name(),
        finding.explanation
    ));
    steps.extend(advice(finding.course.kind));
    steps
}

/// Who is on a side with several addresses.
fn members(part: &str, side: &Side) -> Option<String> {
    if side.n_addresses < 2 {
        return None;
    }
    let addresses: Vec<String> = side.addresses.iter().map(ToString::to_string).collect();
    let more = side.n_addresses.saturating_sub(addresses.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    let hosts = if side.hosts.is_empty() {
        String::new()
    } else {
        format!("; hosts that publish: {}", side.hosts.join(", "))
    };
    Some(format!("{part}: {}{more}{hosts}", addresses.join(", ")))
}

fn host(report: &FleetReport, host: &Host) -> Vec<String> {
    let addresses: Vec<String> = host.addresses.iter().map(ToString::to_string).collect();
    let roles = if host.roles.is_empty() {
        "no role".to_owned()
    } else {
        host.roles.join(", ")
    };
    let mut steps = vec![
        format!(
            "the host: {} ({}), {roles}",
            host.name,
            addresses.join(", ")
        ),
        format!(
            "heard: {}, last {:.0}; it watches {} since {:.0}",
            host.voice.name(),
            host.spoke,
            listed(&host.interfaces),
            host.since
        ),
        format!(
            "with: auditor {}, kernel {}, {}",
            host.version,
            host.kernel,
            plural(host.flows, "flow")
        ),
    ];
    steps.extend(
        host.remarks
            .iter()
            .map(|remark| format!("remark: {remark}")),
    );
    let rules = report.rules.iter();
    let hides = rules.filter(|rule| rule.unassessed_on.contains(&host.name));
    let hides: Vec<&str> = hides.map(|rule| rule.id.as_str()).collect();
    if !hides.is_empty() {
        let n = plural(hides.len(), "rule");
        steps.push(format!("what it may have missed: {n}: {}", listed(&hides)));
    }
    steps
}

/// Where to look first.
fn advice(kind: CourseKind) -> Option<String> {
    let advice = match kind {
        CourseKind::NeverArrived => {
            "see what is between the two hosts on the way there: a firewall, a route, a security group"
        }
        CourseKind::Unanswered => "see the firewall of the server's host, and its service",
        CourseKind::AnswerLost => {
            "see what is between the two hosts on the way back: a firewall that has not seen the request, a route"
        }
        CourseKind::RefusedByServer => "see whether the service runs on the server's host",
        CourseKind::RefusedOnTheWay => "see which firewall between the two hosts rejects it",
        CourseKind::Contradiction | CourseKind::AskedByOther => {
            "find out who else has the address: look at both hosts, and at the network between them"
        }
        CourseKind::Answered | CourseKind::ArrivesOtherwise | CourseKind::Unknown => return None,
    };
    Some(format!("what to do: {advice}"))
}
