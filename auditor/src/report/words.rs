//! Findings as sentences.

use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::packet::Tunnel;
use jiff::{SignedDuration, Timestamp};

use super::{Judged, schema};
use crate::{
    audit::{
        Certainty, FlowFinding, FlowVerdict, PeersSeen, PolicyRule, Reason, RoleCheck, RuleFinding,
        RuleVerdict,
    },
    matrix::Presence,
    observed::{Cause, Flow, Gap, Outcome},
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
pub(super) fn service(number: u8, port: u16, tunnel: Option<&str>) -> String {
    let name = protocol(number);
    let service = match number {
        1 | 58 => format!(
            "{}{name} type {port}",
            if number == 58 { "ipv6-" } else { "" },
        ),
        _ if port == 0 => name,
        _ => format!("{name}/{port}"),
    };
    match tunnel {
        Some(tunnel) => format!("{service} inside {tunnel}"),
        None => service,
    }
}

/// What a rule allows: `agent, master -> master tcp/2181 (ZooKeeper)`.
pub(super) fn rule(rule: &schema::Rule) -> String {
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
    format!(
        "{} -> {} {}{ports}{alternatives}{service}",
        rule.client.join(", "),
        rule.server.join(", "),
        rule.transport
    )
}

pub(super) fn roles(roles: &[Role]) -> String {
    roles.iter().map(Role::name).collect::<Vec<_>>().join(", ")
}

/// An address, with who that is.
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
    }
}

/// Who really talks where addresses are translated.
pub(super) fn pair(report: &schema::Report, pair: &schema::Pair) -> String {
    format!(
        "really {} -> {} port {}",
        who(report, pair.client, &pair.client_roles),
        who(report, pair.server, &pair.server_roles),
        pair.port
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
    format!(
        "{}, pid {}{}{}{elsewhere}: {}",
        process.name,
        process.pid,
        of(&process.unit, "of "),
        of(&process.container, "container "),
        process.command
    )
}

/// What packets without a peer have in common.
pub(super) fn lost(lost: &schema::Lost) -> String {
    let way = match lost.direction {
        schema::Direction::Received => "received",
        schema::Direction::Sent => "sent",
    };
    let transport =
        Transport::from_protocol(lost.protocol).filter(|transport| transport.has_ports());
    transport.map_or_else(
        || format!("{way}, protocol {}", lost.protocol),
        |transport| format!("{way}, {} {}", transport.name(), lost.port),
    )
}

pub(super) const fn evidence(evidence: schema::EvidenceName) -> &'static str {
    match evidence {
        schema::EvidenceName::Handshake => "handshake",
        schema::EvidenceName::Listener => "listener",
        schema::EvidenceName::OpenedPort => "opened port",
        schema::EvidenceName::DocumentedPort => "documented port",
        schema::EvidenceName::EphemeralRange => "ephemeral range",
        schema::EvidenceName::LowerPort => "lower port",
        schema::EvidenceName::FirstSender => "first sender",
    }
}

/// Why a flow has its verdict.
pub(super) fn flow(judged: &Judged, flow: &Flow, finding: &FlowFinding) -> String {
    let ids = |rules: &[usize]| {
        let ids: Vec<&str> = rules
            .iter()
            .filter_map(|at| judged.policy.rules.get(*at))
            .map(|rule| rule.label.as_str())
            .collect();
        ids.join(", ")
    };
    match &finding.verdict {
        FlowVerdict::Documented { rules } => format!("allowed by {}", ids(rules)),
        FlowVerdict::Excepted { exception } => judged
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
        FlowVerdict::Unexpected { reason, nearest } => unexpected(judged, flow, *reason, nearest),
    }
}

fn unexpected(judged: &Judged, flow: &Flow, reason: Reason, nearest: &[usize]) -> String {
    let rules: Vec<&PolicyRule> = nearest
        .iter()
        .filter_map(|at| judged.policy.rules.get(*at))
        .collect();
    let Some(first) = rules.first() else {
        return match flow.transport() {
            Some(transport) if transport.has_ports() => {
                format!("no rule names {transport} port {}", flow.port)
            }
            Some(_) | None => format!("no rule names {}", protocol(flow.protocol)),
        };
    };
    let id = &first.label;
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
            let given = judged.policy.roles_were_given();
            let client_fits = first.client.holds(
                flow.client,
                &judged.observed.host,
                judged.policy.check,
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
                .map(|rule| format!("{} ({})", rule.rule.ports, rule.label))
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
pub(super) fn finding(judged: &Judged, rule: &PolicyRule, finding: &RuleFinding) -> String {
    let window = judged.observed.window;
    let length = rule.rule.within.unwrap_or_else(|| window.length());
    let mut parts: Vec<String> = Vec::new();
    match finding.verdict {
        RuleVerdict::Observed => parts.push("seen and answered".to_owned()),
        RuleVerdict::Unanswered => parts.push(
            "asked, and nobody answered: a firewall on the way, or a dead service".to_owned(),
        ),
        RuleVerdict::Refused => parts
            .push("asked, and refused: nothing listens there, or a firewall rejects it".to_owned()),
        RuleVerdict::Missing => parts.push(format!("nothing matched it in {}", duration(length))),
        RuleVerdict::Respected => {
            parts.push(format!(
                "forbidden, and nothing broke it in {}",
                duration(length)
            ));
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
        RuleVerdict::Unassessed if window.end.duration_since(window.since) < length => {
            let watched = duration(window.end.duration_since(window.since));
            let length = duration(length);
            parts.push(format!(
                "nothing matched it in {watched}, of the {length} that it asks for"
            ));
        }
        RuleVerdict::Unassessed => {
            parts.push("nothing matched it, but part of that time was not seen".to_owned());
        }
    }
    if let Some(seen) = &finding.ports
        && !seen.unseen.is_empty()
    {
        parts.push(format!(
            "port {} was seen, {} was not",
            seen.seen, seen.unseen
        ));
    }
    if let Some(PeersSeen {
        seen,
        unseen: Some(unseen),
    }) = &finding.peers
        && !unseen.is_empty()
    {
        parts.push(format!(
            "with {} of {} addresses, not with {}",
            seen.len(),
            seen.len() + unseen.len(),
            listed(unseen)
        ));
    }
    if let Some(certainty) = &finding.certainty {
        parts.push(certain(certainty));
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

/// How sure it is that a rule is missing, and why.
fn certain(certainty: &Certainty) -> String {
    let peers = match (certainty.peers_heard, certainty.peers) {
        (heard, Some(all)) => format!("{heard} of {all} addresses on the other side were heard"),
        (heard, None) => format!(
            "{heard} address{} on the other side {} heard",
            if heard == 1 { "" } else { "es" },
            if heard == 1 { "was" } else { "were" }
        ),
    };
    let comparable = if certainty.comparable == 0 {
        String::new()
    } else {
        format!(
            ", {} of {} other rules between them were observed",
            certainty.comparable_observed, certainty.comparable
        )
    };
    let level = certainty.level.name();
    format!("certainty {level}: {peers}{comparable}")
}

/// The first few of many addresses.
fn listed(addresses: &BTreeSet<IpAddr>) -> String {
    let first: Vec<String> = addresses
        .iter()
        .take(MOST_LISTED)
        .map(ToString::to_string)
        .collect();
    let more = addresses.len().saturating_sub(MOST_LISTED);
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("{}{more}", first.join(", "))
}

const MOST_LISTED: usize = 4;

/// The service of a flow: `tcp/443`, `icmp type 8`, `gre`.
pub fn service_of(flow: &Flow) -> String {
    service(flow.protocol, flow.port, flow.tunnel.map(Tunnel::name))
}

/// A number of things.
pub(super) fn plural(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// What a gap hid.
pub fn gap(gap: &Gap) -> String {
    let second = |instant: Timestamp| format!("{instant:.0}");
    let from = second(gap.from);
    match &gap.cause {
        Cause::CutShort { watched } => {
            format!("the window was cut short after {}", duration(*watched))
        }
        Cause::Unwatched => {
            let until = gap
                .until
                .map_or_else(String::new, |until| format!(" to {}", second(until)));
            format!("nobody watched from {from}{until}")
        }
        Cause::InterfaceLost { name } => match gap.until {
            None => format!("interface {name} went away at {from}"),
            Some(until) => {
                format!("interface {name} was away from {from} to {}", second(until))
            }
        },
        Cause::InterfaceLate { name } => {
            format!("interface {name} was up before it was watched, from {from} on")
        }
        Cause::InterfaceRefused { name, problem } => {
            format!("interface {name} could not be watched: {problem}")
        }
        Cause::Uncounted { reason, packets } => uncounted(*reason, *packets),
    }
}

/// Packets that are in no flow, and what that hid.
fn uncounted(reason: auditor_common::Reason, packets: u64) -> String {
    use auditor_common::Reason;

    match reason {
        Reason::TableFull => {
            format!("{packets} packets found no place in the flow table: raise --flows")
        }
        Reason::InsideUnread => {
            format!("what {packets} packets of tunnels carried could not be read")
        }
        Reason::TooDeep => {
            format!("{packets} packets had more tags or extension headers than are followed")
        }
        Reason::Arp | Reason::NotIp | Reason::Truncated | Reason::Malformed | Reason::Fragment => {
            format!("{packets} packets: {}", reason.meaning())
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
