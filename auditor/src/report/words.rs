//! Findings as sentences.

use std::net::IpAddr;

use auditor_common::{Evidence, lost::Lost};
use jiff::SignedDuration;

use super::Report;
use crate::{
    audit::{FlowFinding, FlowVerdict, PolicyRule, Reason, RoleCheck, RuleFinding, RuleVerdict},
    matrix::Presence,
    observed::{Flow, Gap, Outcome},
    role::Role,
    transport::Transport,
};

/// A name for an IP protocol: a transport's, or its number.
pub(super) fn protocol(number: u8) -> String {
    Transport::from_protocol(number).map_or_else(
        || match number {
            2 => "igmp".to_owned(),
            47 => "gre".to_owned(),
            50 => "esp".to_owned(),
            _ => format!("ip protocol {number}"),
        },
        |transport| transport.name().to_owned(),
    )
}

/// `tcp/443`, `icmp type 8`, `gre`.
pub(super) fn service(flow: &Flow) -> String {
    let name = protocol(flow.protocol);
    let service = match flow.protocol {
        1 | 58 => format!(
            "{}{name} type {}",
            if flow.protocol == 58 { "ipv6-" } else { "" },
            flow.port
        ),
        _ if flow.port == 0 => name,
        _ => format!("{name}/{}", flow.port),
    };
    match flow.tunnel {
        Some(tunnel) => format!("{service} inside {}", tunnel.name()),
        None => service,
    }
}

/// What a rule allows: `agent, master -> master tcp/2181 (ZooKeeper)`.
pub(super) fn rule(rule: &PolicyRule) -> String {
    let rule = &rule.rule;
    let ports = rule.ports.to_string();
    let ports = if ports.is_empty() {
        String::new()
    } else {
        format!("/{ports}")
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
    format!(
        "{} -> {} {}{ports}{alternatives}{service}",
        roles(&rule.client),
        roles(&rule.server),
        rule.transport
    )
}

pub(super) fn roles(roles: &[Role]) -> String {
    roles.iter().map(Role::name).collect::<Vec<_>>().join(", ")
}

/// An address, with who that is.
pub(super) fn who(report: &Report, address: IpAddr) -> String {
    let mut names: Vec<&str> = Vec::new();
    if report.observed.host.addresses.contains(&address) {
        names.push("this host");
    }
    names.extend(report.policy.roles_of(address).into_iter().map(Role::name));
    if names.is_empty() && report.policy.check == RoleCheck::Addresses && !address.is_multicast() {
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
    }
}

/// What packets without a peer have in common.
pub(super) fn lost(lost: Lost) -> String {
    let way = if lost.is_sent { "sent" } else { "received" };
    let transport =
        Transport::from_protocol(lost.protocol).filter(|transport| transport.has_ports());
    transport.map_or_else(
        || format!("{way}, protocol {}", lost.protocol),
        |transport| format!("{way}, {} {}", transport.name(), lost.port),
    )
}

pub(super) const fn evidence(evidence: Evidence) -> &'static str {
    match evidence {
        Evidence::Handshake => "handshake",
        Evidence::Listener => "listener",
        Evidence::Opened => "opened port",
        Evidence::Documented => "documented port",
        Evidence::Ephemeral => "ephemeral range",
        Evidence::LowerPort => "lower port",
        Evidence::FirstSender => "first sender",
    }
}

/// Why a flow has its verdict.
pub(super) fn flow(report: &Report, flow: &Flow, finding: &FlowFinding) -> String {
    let ids = |rules: &[usize]| {
        let ids: Vec<&str> = rules
            .iter()
            .filter_map(|at| report.policy.rules.get(*at))
            .map(|rule| rule.rule.id.as_str())
            .collect();
        ids.join(", ")
    };
    match &finding.verdict {
        FlowVerdict::Documented { rules } => format!("allowed by {}", ids(rules)),
        FlowVerdict::Excepted { exception } => report
            .policy
            .exceptions
            .get(*exception)
            .map_or_else(String::new, |exception| {
                let until = exception
                    .exception
                    .until
                    .map_or_else(String::new, |until| format!(", until {until}"));
                format!("accepted: {}{until}", exception.exception.reason)
            }),
        FlowVerdict::Housekeeping => "what every network does".to_owned(),
        FlowVerdict::Forbidden { rules } => format!("forbidden by {}", ids(rules)),
        FlowVerdict::Unexpected { reason, nearest } => unexpected(report, flow, *reason, nearest),
    }
}

fn unexpected(report: &Report, flow: &Flow, reason: Reason, nearest: &[usize]) -> String {
    let rules: Vec<&PolicyRule> = nearest
        .iter()
        .filter_map(|at| report.policy.rules.get(*at))
        .collect();
    let Some(first) = rules.first() else {
        return match flow.transport() {
            Some(transport) if transport.has_ports() => {
                format!("no rule names {transport} port {}", flow.port)
            }
            Some(_) | None => format!("no rule names {}", protocol(flow.protocol)),
        };
    };
    let id = &first.rule.id;
    match reason {
        Reason::Condition => {
            let when = first.rule.when.as_deref().unwrap_or_default();
            format!("rule {id} allows it where the condition `{when}` holds, and here it does not")
        }
        Reason::Direction => format!("rule {id} has client and server the other way round"),
        Reason::Transport => format!(
            "rule {id} allows this port over {} only",
            first.rule.transport
        ),
        Reason::Peer => {
            let given = report.policy.roles_were_given();
            let client_fits = first.client.holds(
                flow.client,
                &report.observed.host,
                report.policy.check,
                given,
            );
            if client_fits {
                format!(
                    "rule {id} allows this port to {} only",
                    roles(&first.rule.server)
                )
            } else {
                format!(
                    "rule {id} allows this port from {} only",
                    roles(&first.rule.client)
                )
            }
        }
        Reason::Port => {
            let others: Vec<String> = rules
                .iter()
                .map(|rule| format!("{} ({})", rule.rule.ports, rule.rule.id))
                .collect();
            format!(
                "no rule names {} port {}; between these two, rules name {}",
                protocol(flow.protocol),
                flow.port,
                others.join(", ")
            )
        }
    }
}

/// Why a rule has its verdict.
pub(super) fn finding(report: &Report, rule: &PolicyRule, finding: &RuleFinding) -> String {
    let length = report
        .observed
        .window
        .end
        .duration_since(report.observed.window.start);
    let length = duration(length);
    let mut parts: Vec<String> = Vec::new();
    match finding.verdict {
        RuleVerdict::Observed => parts.push("seen and answered".to_owned()),
        RuleVerdict::Unanswered => parts.push(
            "asked, and nobody answered: a firewall on the way, or a dead service".to_owned(),
        ),
        RuleVerdict::Refused => parts
            .push("asked, and refused: nothing listens there, or a firewall rejects it".to_owned()),
        RuleVerdict::Missing => parts.push(format!("nothing matched it in {length}")),
        RuleVerdict::Respected => {
            parts.push(format!("forbidden, and nothing broke it in {length}"));
        }
        RuleVerdict::Violated => parts.push("forbidden, and seen".to_owned()),
        RuleVerdict::Off => {
            parts.push(format!(
                "its condition `{}` does not hold",
                rule.rule.when.as_deref().unwrap_or_default()
            ));
        }
        RuleVerdict::Elsewhere => parts.push("no role of this host takes part".to_owned()),
        RuleVerdict::Unresolved if finding.unresolved.is_empty() => {
            parts.push("nothing matched it; without a deployment or --role nobody knows whether this host takes part".to_owned());
        }
        RuleVerdict::Unresolved => parts.push(format!(
            "no address is known for {}",
            roles(&finding.unresolved)
        )),
        RuleVerdict::Unobservable if rule.rule.loopback => {
            parts.push("stays on the loopback, which was not watched".to_owned());
        }
        RuleVerdict::Unobservable => parts
            .push("nobody but this host takes part, so its traffic leaves no interface".to_owned()),
        RuleVerdict::Unassessed if !finding.flows.is_empty() => {
            parts.push(
                "asked only in the window's last second, too late to tell of an answer".to_owned(),
            );
        }
        RuleVerdict::Unassessed => {
            parts.push("nothing matched it, but part of the window was not seen".to_owned());
        }
    }
    if matches!(
        finding.verdict,
        RuleVerdict::Missing
            | RuleVerdict::Refused
            | RuleVerdict::Unanswered
            | RuleVerdict::Unassessed
    ) {
        match finding.listening {
            Some(true) => parts.push("a socket listens for it here".to_owned()),
            Some(false) => parts.push("no socket listens for it here".to_owned()),
            None => {}
        }
    }
    if rule.rule.presence == Presence::Required && finding.verdict == RuleVerdict::Missing {
        parts.insert(0, "required".to_owned());
    }
    parts.join("; ")
}

/// What a gap hid.
pub(super) fn gap(gap: &Gap) -> String {
    match gap {
        Gap::CutShort { watched } => {
            format!("the window was cut short after {}", duration(*watched))
        }
        Gap::InterfaceLost { name, at } => format!(
            "interface {name} went away at {}",
            at.round(jiff::Unit::Second).unwrap_or(*at)
        ),
        Gap::InterfaceLate { name, at } => format!(
            "interface {name} was up before it was watched, from {} on",
            at.round(jiff::Unit::Second).unwrap_or(*at)
        ),
        Gap::InterfaceRefused { name, problem } => {
            format!("interface {name} could not be watched: {problem}")
        }
        Gap::TableFull { packets } => {
            format!("{packets} packets found no place in the flow table: raise --flows")
        }
        Gap::InsideUnread { packets } => {
            format!("what {packets} packets of tunnels carried could not be read")
        }
        Gap::TooDeep { packets } => {
            format!("{packets} packets had more tags or extension headers than are followed")
        }
    }
}

/// A length of time as people say it.
pub(super) fn duration(duration: SignedDuration) -> String {
    let total = duration.as_secs();
    let (days, hours) = (total / 86_400, total / 3600 % 24);
    let (minutes, seconds) = (total / 60 % 60, total % 60);
    // From the largest unit that counts anything, and without seconds that do not.
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
pub(super) fn number(number: u64) -> String {
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
