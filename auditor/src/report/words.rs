//! Wording that the forms of a report share.

use std::net::IpAddr;

use jiff::SignedDuration;

use super::schema::{self, Outcome, RoleCheck};
use crate::transport::Transport;

/// What a rule allows: `agent, master -> master tcp/2181 (ZooKeeper)`.
pub(super) fn rule(rule: &schema::Rule) -> String {
    format!("{} {}", between(rule), service(rule))
}

/// The roles of a rule: `agent -> master`.
pub(super) fn between(rule: &schema::Rule) -> String {
    format!("{} -> {}", rule.client.join(", "), rule.server.join(", "))
}

/// What a rule is for: `tcp/2181 (ZooKeeper)`.
pub(super) fn service(rule: &schema::Rule) -> String {
    let ports = if rule.ports.is_empty() {
        String::new()
    } else {
        format!("/{}", rule.ports)
    };
    let service = rule
        .service
        .as_ref()
        .map_or_else(String::new, |service| format!(" ({service})"));
    let alternatives = if rule.alternatives {
        ", one of them is enough"
    } else {
        ""
    };
    let transport = rule.transport.name();
    format!("{transport}{ports}{alternatives}{service}")
}

/// Where a rule stands: `rule master-zookeeper-2181-tcp, from ports.md:31`.
pub(super) fn place(rule: &schema::Rule) -> String {
    let origin = rule.origin.as_deref();
    let origin = origin.map_or_else(String::new, |origin| format!(", from {origin}"));
    format!("rule {}{origin}", rule.id)
}

/// An address, with its roles and whether it is this host.
pub(super) fn who(report: &schema::Report, address: IpAddr, roles: &[String]) -> String {
    let mut names: Vec<&str> = Vec::new();
    if report.host.addresses.contains(&address) {
        names.push("this host");
    }
    names.extend(roles.iter().map(String::as_str));
    let is_checked = report.peers_checked_by == RoleCheck::Addresses;
    if names.is_empty() && is_checked && !address.is_multicast() {
        names.push("in no role");
    }
    if names.is_empty() {
        address.to_string()
    } else {
        format!("{address} ({})", names.join(", "))
    }
}

pub(super) const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Established => "established",
        Outcome::Refused => "refused",
        Outcome::Attempted => "attempted, no answer",
        Outcome::OneWay => "let in, by the client's packets alone",
        Outcome::Accepted => "accepted, so the port is open, and nothing went on",
        Outcome::Unknown => "unknown whether it was answered",
    }
}

/// The endpoints of a conversation whose addresses are translated.
pub(super) fn real(report: &schema::Report, real: &schema::Endpoints) -> String {
    format!(
        "really {} -> {} port {}",
        who(report, real.client, &real.client_roles),
        who(report, real.server, &real.server_roles),
        real.port
    )
}

/// A process of this host, as `nginx, pid 12, of nginx.service: nginx -g daemon off;`.
pub(super) fn process(process: &schema::Process) -> String {
    let of = |what: &Option<String>, kind: &str| {
        what.as_ref()
            .map_or_else(String::new, |what| format!(", {kind}{what}"))
    };
    let elsewhere = if process.elsewhere {
        ", in another network namespace"
    } else {
        ""
    };
    let command = if process.command.is_empty() {
        String::new()
    } else {
        format!(": {}", process.command)
    };
    format!(
        "{}, pid {}{}{}{elsewhere}{command}",
        process.name,
        process.pid,
        of(&process.unit, "of "),
        of(&process.container, "container "),
    )
}

/// What is known of packets for whose flow the table had no room: direction, protocol and port.
pub(super) fn lost(lost: &schema::Lost) -> String {
    let direction = match lost.direction {
        schema::Direction::Received => "received",
        schema::Direction::Sent => "sent",
    };
    let transport =
        Transport::from_protocol(lost.protocol).filter(|transport| transport.has_ports());
    transport.map_or_else(
        || format!("{direction}, protocol {}", lost.protocol),
        |transport| format!("{direction}, {} {}", transport.name(), lost.port),
    )
}

/// What was sent without a place among the flows, as a finding.
pub fn sent_without_place(report: &schema::Report) -> Option<String> {
    if report.unplaced.is_empty() {
        return None;
    }
    let mut sent: Vec<&schema::Lost> = report.unplaced.iter().collect();
    let n_packets: u64 = sent.iter().map(|lost| lost.packets).sum();
    let least = if report.unplaced_left_out == 0 {
        ""
    } else {
        "at least "
    };
    sent.sort_by_key(|lost| std::cmp::Reverse(lost.packets));
    let n_more = sent.len().saturating_sub(MOST_PORTS_SAID) + report.unplaced_left_out;
    let ports: Vec<String> = sent
        .iter()
        .take(MOST_PORTS_SAID)
        .map(|lost| format!("{}: {}", self::lost(lost), number(lost.packets)))
        .collect();
    let more = if n_more == 0 {
        String::new()
    } else {
        format!("; and {n_more} more ports")
    };
    Some(format!(
        "{least}{} packets were sent of which only the port is known, since no flow is left of them ({}{more}): to whom is not known",
        number(n_packets),
        ports.join("; ")
    ))
}

/// More ports are not named in a finding.
const MOST_PORTS_SAID: usize = 5;

pub(super) const fn evidence(evidence: schema::EvidenceName) -> &'static str {
    match evidence {
        schema::EvidenceName::Handshake => "handshake",
        schema::EvidenceName::Listener => "listener",
        schema::EvidenceName::NoListener => "no listener",
        schema::EvidenceName::Group => "group address",
        schema::EvidenceName::Remembered => "history",
        schema::EvidenceName::Expected => "expectation",
        schema::EvidenceName::OpenedPort => "opened port",
        schema::EvidenceName::DocumentedPort => "documented port",
        schema::EvidenceName::EphemeralRange => "ephemeral range",
        schema::EvidenceName::LowerPort => "lower port",
        schema::EvidenceName::FirstSender => "first sender",
    }
}

/// A number with its noun, in singular or plural.
pub fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// How many findings there are of each kind: `1,024 violations (1,020 of them alike, as 1 finding), 1 warning, 0 notes`.
pub(super) fn counts(report: &schema::Report) -> String {
    let summary = &report.summary;
    let of = |n: usize, what: &str, severity: schema::Severity| {
        let all = format!(
            "{} {what}{}",
            number(n as u64),
            if n == 1 { "" } else { "s" }
        );
        let alike = report
            .patterns
            .iter()
            .filter(|one| one.severity == severity);
        let sizes: Vec<usize> = alike.map(|pattern| pattern.flows).collect();
        if sizes.is_empty() {
            return all;
        }
        let n_alike: usize = sizes.iter().sum();
        let which = if n_alike == n {
            "alike".to_owned()
        } else {
            format!("{} of them alike", number(n_alike as u64))
        };
        format!("{all} ({which}, as {})", plural(sizes.len(), "finding"))
    };
    [
        of(summary.violations, "violation", schema::Severity::Violation),
        of(summary.warnings, "warning", schema::Severity::Warning),
        of(summary.notes, "note", schema::Severity::Note),
    ]
    .join(", ")
}

/// What is said of a pattern beside what it is: `1,024 flows, refused; 2,048 packets (131,072 bytes); from ... to ...`.
pub(super) fn pattern_facts(pattern: &schema::Pattern) -> String {
    format!(
        "{} flows{}, {}; {} packets ({} bytes); from {:.0} to {:.0}",
        number(pattern.flows as u64),
        if pattern.listed.len() < pattern.flows {
            format!(" ({} of them listed)", number(pattern.listed.len() as u64))
        } else {
            String::new()
        },
        outcome(pattern.outcome),
        number(pattern.counted.packets),
        number(pattern.counted.bytes),
        pattern.first_seen,
        pattern.last_seen
    )
}

/// A length of time as people say it.
pub fn duration(duration: SignedDuration) -> String {
    let total = duration.as_secs();
    if total == 0 && duration.is_positive() {
        // A thousandth at least: it is not nothing.
        let millis = duration.as_millis().max(1);
        let digits = format!("{millis:03}");
        return format!("0.{} s", digits.trim_end_matches('0'));
    }
    let (days, hours) = (total / 86_400, total / 3600 % 24);
    let (minutes, seconds) = (total / 60 % 60, total % 60);
    // From the largest unit that is not zero, and without seconds if they are zero.
    let parts = [
        (total / 86_400, days, "d"),
        (total / 3600, hours, "h"),
        (total / 60, minutes, "min"),
    ];
    let mut parts: Vec<String> = parts
        .iter()
        .filter(|(whole, _, _)| 0 < *whole)
        .map(|(_, part, unit)| format!("{part} {unit}"))
        .collect();
    if total < 60 || 0 < seconds {
        parts.push(format!("{seconds} s"));
    }
    parts.join(" ")
}

/// A number with thousands separated.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// More problems of the policy are not shown at the head of a report.
const MOST_PROBLEMS: usize = 5;

/// The problems of the policy, the gravest first, and how many more there are.
pub(super) fn policy_problems(report: &schema::Report) -> impl Iterator<Item = String> + '_ {
    let problems = &report.policy_problems;
    let more = problems.len().saturating_sub(MOST_PROBLEMS);
    let more =
        (more != 0).then(|| format!("and {more} more: `auditor check --config` has them all"));
    problems.iter().take(MOST_PROBLEMS).cloned().chain(more)
}

/// Who answers for an exception, where the deployment says so: `, by ops@example.com`.
pub(super) fn owner(owner: Option<&str>) -> String {
    owner.map_or_else(String::new, |owner| format!(", by {owner}"))
}

/// An exception, and how much it covered: `10.0.0.7 -> web tcp/9100, until 2027-01-31: node_exporter; it covered 3 flows`.
pub(super) fn exception(exception: &schema::Exception) -> String {
    let of = |what: &str, value: &Option<String>| {
        value
            .as_ref()
            .map_or_else(String::new, |value| format!(", {what} {value}"))
    };
    let covered = match exception.flows {
        0 => "it covered nothing".to_owned(),
        n => format!("it covered {}", plural(n, "flow")),
    };
    format!(
        "{}{}{}: {}; {covered}",
        exception.traffic,
        of("by", &exception.owner),
        of("until", &exception.until),
        exception.reason
    )
}

/// What a report rests on beside the traffic, as names and what is said of them.
pub(super) fn basis(report: &schema::Report) -> Vec<(&'static str, String)> {
    let Some(basis) = &report.basis else {
        return Vec::new();
    };
    let mut said = vec![
        ("Program", format!("auditor {}", basis.program)),
        ("Run by", basis.user.clone()),
        ("Command", basis.command.join(" ")),
    ];
    said.extend(basis.kernel.iter().map(|it| ("Kernel", it.clone())));
    said.extend(basis.machine.iter().map(|it| ("Machine", it.clone())));
    let deployment = basis.deployment.iter();
    said.extend(deployment.map(|file| {
        let text = format!("{}, SHA-256 {}", file.path, file.sha256);
        ("Deployment", text)
    }));
    said.extend(basis.pushed.iter().map(|it| ("Pushed", it.text())));
    said.extend(basis.pages.iter().map(|page| {
        let digest = page
            .sha256
            .as_ref()
            .map_or_else(String::new, |digest| format!(", SHA-256 {digest}"));
        ("Page", format!("{} of {}{digest}", page.place, page.matrix))
    }));
    let roles = basis.roles.iter();
    said.extend(roles.map(|(role, addresses)| {
        let addresses = if addresses.is_empty() {
            "nothing".to_owned()
        } else {
            addresses.join(", ")
        };
        ("Role", format!("{role} is {addresses}"))
    }));
    let conditions = basis.conditions.iter();
    said.extend(conditions.map(|(name, holds)| {
        let does = if *holds { "holds" } else { "does not hold" };
        ("Condition", format!("{name} {does}"))
    }));
    let exceptions = basis.exceptions.iter();
    said.extend(exceptions.map(|one| ("Exception", exception(one))));
    said
}

/// The findings of each control: `PCI DSS 1.2.5: 1 violation, 0 warnings, 2 notes; 14 as documented`; of what nobody
/// saw it is not said to be met.
pub(super) fn controls(report: &schema::Report) -> Vec<String> {
    let said = report.controls.iter().map(|control| {
        let n = |n: usize| number(n as u64);
        let evidence = control.violations
            + control.warnings
            + control.notes
            + control.documented
            + control.accepted;
        let first = if evidence == 0 {
            format!("{}: no evidence either way", control.id)
        } else {
            format!(
                "{}: {} violations, {} warnings, {} notes; {} as documented",
                control.id,
                n(control.violations),
                n(control.warnings),
                n(control.notes),
                n(control.documented)
            )
        };
        let more = [
            (control.accepted, "accepted by exception"),
            (control.silent, "that say nothing of it here"),
        ];
        let more = more
            .into_iter()
            .filter(|(count, _)| *count != 0)
            .map(|(count, what)| format!("{} {what}", n(count)));
        std::iter::once(first)
            .chain(more)
            .collect::<Vec<_>>()
            .join(", ")
    });
    said.collect()
}

/// That a report is a part of one, and which.
pub(super) fn shown(report: &schema::Report) -> Option<String> {
    let shown = report.shown.as_ref()?;
    Some(format!(
        "{}: {} of {} flows, {} of {} rules",
        shown.asked_for,
        number(shown.flows as u64),
        number(shown.of_flows as u64),
        number(shown.rules as u64),
        number(shown.of_rules as u64)
    ))
}

/// What is said of flows that are not listed one by one.
pub(super) fn left_out(report: &schema::Report) -> Vec<String> {
    let Some(left_out) = &report.flows_left_out else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "{} more flows are not listed one by one, {} of them with a finding",
        number(left_out.flows as u64),
        number(left_out.findings as u64)
    )];
    lines.extend(left_out.groups.iter().map(|group| {
        format!(
            "{} {} to {}: {} clients, {} servers, {} packets",
            number(group.flows as u64),
            group.verdict.name(),
            group.service(),
            number(group.clients as u64),
            number(group.servers as u64),
            number(group.counted.packets)
        )
    }));
    if 0 < left_out.others {
        lines.push(format!("{} others", number(left_out.others as u64)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{duration, number};

    #[test]
    fn lengths() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (3661, "1 h 1 min 1 s"),
            (90_000, "1 d 1 h 0 min"),
        ] {
            assert_eq!(duration(SignedDuration::from_secs(seconds)), text);
        }
        for (micros, text) in [
            (300_000, "0.3 s"),
            (50_000, "0.05 s"),
            (999_999, "0.999 s"),
            (7, "0.001 s"),
        ] {
            assert_eq!(duration(SignedDuration::from_micros(micros)), text);
        }
    }

    #[test]
    fn numbers() {
        for (value, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
