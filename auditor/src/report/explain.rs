//! Why a flow or a rule has its verdict, step by step.

use auditor_common::port::protocol;
use jiff::{SignedDuration, Span, Timestamp, tz::TimeZone};

use super::{
    schema::{
        EvidenceName, Flow, FlowVerdict, Outcome, Part, Presence, Reason, Report, Rule,
        RuleVerdict, Severity,
    },
    words::{self, number},
};
use crate::transport::Transport;

pub use super::query::Query;

/// Explains a flow.
pub fn flow(report: &Report, flow: &Flow) -> Vec<String> {
    let n_rules = report.rules.len();
    let mut steps = vec![
        format!(
            "seen: {} -> {} {} on {}, {} {} to the server and {} back, first {}, last {}",
            words::who(report, flow.client, &flow.client_roles),
            words::who(report, flow.server, &flow.server_roles),
            flow.service(),
            flow.interface,
            number(flow.to_server.packets),
            if flow.to_server.packets == 1 {
                "packet"
            } else {
                "packets"
            },
            number(flow.to_client.packets),
            second(flow.first_seen),
            second(flow.last_seen),
        ),
        format!("who is the server: {}", side(flow)),
        format!("what came of it: {}", outcome(flow)),
    ];
    let same = flow.same_conversation.iter();
    steps.extend(same.filter_map(|at| report.flows.get(*at)).map(|other| {
        format!(
            "the same conversation: {} -> {} {} on {}",
            words::who(report, other.client, &other.client_roles),
            words::who(report, other.server, &other.server_roles),
            other.service(),
            other.interface,
        )
    }));
    let translated = flow.translated.iter();
    steps.extend(translated.map(|real| format!("translated: {}", words::real(report, real))));
    steps.extend(flow.processes.iter().map(|process| {
        let part = match process.part {
            Part::Client => "opened by",
            Part::Server => "served by",
        };
        format!("{part}: {}", words::process(process))
    }));
    let is_allowed = flow.verdict == FlowVerdict::Documented;
    if is_allowed {
        steps.push(format!("rules: {} of {n_rules} allow it", flow.rules.len()));
        steps.extend(named(report, flow).map(|rule| format!("  {}", cited(rule))));
        if flow.benefit_of_doubt {
            let doubt = if flow.related_to.is_some() {
                "doubt: its port was agreed on in words of the other connection, which are not read, so that it is the data of that is a guess, and it has the benefit"
            } else if matches!(flow.protocol, protocol::ICMP | protocol::ICMPV6)
                || flow.to_server.packets == 0
            {
                "doubt: these are answers, and nobody was seen to ask, so it has the benefit"
            } else {
                "doubt: it is what these rules allow only if its ends are taken the one way round and not the other, and what tells the server is weaker than a handshake or a listener, so it has the benefit"
            };
            steps.push(doubt.to_owned());
        }
    } else if flow.verdict == FlowVerdict::Forbidden
        || flow.verdict == FlowVerdict::Excepted && !flow.rules.is_empty()
    {
        steps.push(format!(
            "rules: {} of {n_rules} forbid it, whatever others allow",
            flow.rules.len()
        ));
        steps.extend(named(report, flow).map(|rule| format!("  {}", cited(rule))));
    } else {
        steps.push(format!("rules: none of {n_rules} allows it"));
    }
    match (&flow.exception, flow.verdict) {
        (Some(reason), _) => {
            let owner = words::owner(flow.exception_owner.as_deref());
            steps.push(format!("exceptions: one covers it: {reason}{owner}"));
        }
        (None, FlowVerdict::Documented) => {}
        (None, _) => {
            steps.push("exceptions: none covers it".to_owned());
            steps.extend(flow.ended_exception.iter().map(|ended| {
                let owner = words::owner(ended.owner.as_deref());
                format!(
                    "exceptions: one covered it until {}, which is over: {}{owner}",
                    ended.until, ended.reason
                )
            }));
        }
    }
    match flow.verdict {
        FlowVerdict::Housekeeping => steps.push(
            "housekeeping: every network does this by itself (`housekeeping = false` in the deployment judges it all the same)"
                .to_owned(),
        ),
        FlowVerdict::Unexpected => {
            steps.push("housekeeping: it counts as none".to_owned());
            steps.extend(nearest(report, flow));
        }
        FlowVerdict::Documented | FlowVerdict::Excepted | FlowVerdict::Forbidden => {}
    }
    steps.push(format!(
        "verdict: {}, {}: {}",
        flow.verdict.name(),
        flow.severity.name(),
        flow.explanation
    ));
    steps.extend(controls(&flow.controls));
    steps.extend(advice(flow).map(|advice| format!("what to do: {advice}")));
    let is_excepted = flow.verdict == FlowVerdict::Excepted;
    if !is_excepted && flow.severity != Severity::Fine {
        match exception(report, flow) {
            Some(lines) => {
                steps.push("to accept it all the same, add to the deployment:".to_owned());
                steps.extend(lines);
            }
            None => steps.push(NOT_ACCEPTED.to_owned()),
        }
    }
    steps
}

/// Explains a rule.
pub fn rule(report: &Report, rule: &Rule) -> Vec<String> {
    let mut steps = vec![format!("the rule: {}, of {}", cited(rule), rule.matrix)];
    match (&rule.when, rule.verdict) {
        (Some(when), RuleVerdict::Off) => {
            steps.push(format!(
                "condition: `{when}` does not hold here, so it does not apply"
            ));
        }
        (Some(when), _) => steps.push(format!("condition: `{when}` holds here")),
        (None, _) => {}
    }
    let parts: Vec<&str> = rule
        .host_is
        .iter()
        .map(|part| match part {
            Part::Client => "client",
            Part::Server => "server",
        })
        .collect();
    steps.push(if parts.is_empty() {
        format!(
            "this host: plays {}, so it has no part in it",
            listed(&report.host.roles)
        )
    } else {
        format!(
            "this host: plays {}, so it is the {}",
            listed(&report.host.roles),
            parts.join(" and the ")
        )
    });
    if !rule.unresolved.is_empty() {
        steps.push(format!(
            "addresses: none is known for {}",
            rule.unresolved.join(", ")
        ));
    }
    let length = rule.within_seconds.map_or_else(
        || SignedDuration::try_from_secs_f64(report.window.seconds).unwrap_or_default(),
        SignedDuration::from_secs,
    );
    steps.push(format!(
        "asked about: the {} before {}; remembered since {}",
        words::duration(length),
        second(report.window.end),
        second(report.window.since),
    ));
    let mut unseen = report.gaps.iter().filter(|gap| gap.hides()).peekable();
    if unseen.peek().is_none() {
        steps.push("unseen: nothing".to_owned());
    }
    steps.extend(unseen.map(|gap| format!("unseen: {}", gap.text)));
    if rule.flows.is_empty() {
        steps.push("flows: none matched it".to_owned());
    }
    for flow in rule
        .flows
        .iter()
        .filter_map(|at| report.flows.get(*at))
        .take(MOST_LISTED)
    {
        steps.push(format!(
            "flow: {} -> {} {}: {}, last {}",
            words::who(report, flow.client, &flow.client_roles),
            words::who(report, flow.server, &flow.server_roles),
            flow.service(),
            words::outcome(flow.outcome),
            second(flow.last_seen),
        ));
    }
    if let Some(more) = rule
        .flows
        .len()
        .checked_sub(MOST_LISTED)
        .filter(|more| 0 < *more)
    {
        steps.push(format!("flow: and {more} more, in the JSON report"));
    }
    match rule.listening {
        Some(true) => steps.push("listening: a socket of this host waits for it".to_owned()),
        Some(false) => steps.push("listening: no socket of this host waits for it".to_owned()),
        None => {}
    }
    let listeners = rule.listeners.iter();
    steps.extend(listeners.map(|process| format!("listening: {}", words::process(process))));
    let presence = match rule.presence {
        Presence::Required => "the document requires it",
        Presence::Expected => "the document does not say whether it must be there",
        Presence::Optional => "the document says that it need not be there",
        Presence::Forbidden => "the document forbids it",
    };
    steps.push(format!(
        "verdict: {}, {} ({presence}): {}",
        rule.verdict.name(),
        rule.severity.name(),
        rule.explanation
    ));
    steps.extend(controls(&rule.controls));
    steps.extend(rule_advice(rule).map(|advice| format!("what to do: {advice}")));
    steps
}

const MOST_LISTED: usize = 10;

fn second(instant: Timestamp) -> String {
    format!("{instant:.0}")
}

fn listed(roles: &[String]) -> String {
    if roles.is_empty() {
        "no role".to_owned()
    } else {
        roles.join(", ")
    }
}

/// A rule with its id and its origin.
fn cited(rule: &Rule) -> String {
    let origin = rule
        .origin
        .as_deref()
        .map_or_else(String::new, |origin| format!(", from {origin}"));
    format!("{} ({}{origin})", words::rule(rule), rule.id)
}

/// The rules that a flow names.
fn named<'a>(report: &'a Report, flow: &'a Flow) -> impl Iterator<Item = &'a Rule> {
    report
        .rules
        .iter()
        .filter(|rule| flow.rules.contains(&rule.id))
}

/// Said where no exception is offered.
const NOT_ACCEPTED: &str =
    "to accept it: no exception can name port 0, and one without a port would accept more";

/// So long does an exception hold that is ready to paste.
const EXCEPTION_DAYS: i64 = 90;

fn controls(controls: &[String]) -> Option<String> {
    (!controls.is_empty()).then(|| format!("control: {}", controls.join(", ")))
}

/// The lines of an exception that covers flows between these ends by this protocol and port, and no others; `None` where none
/// is that narrow. Whoever can send one frame decides what is offered, so what is not named here must be named by nothing.
pub(super) fn exception(report: &Report, flow: &Flow) -> Option<[String; 4]> {
    let protocol = match flow.transport {
        Some(transport) if Transport::from(transport).has_ports() => {
            // Nobody can name port 0.
            let port = (flow.port != 0).then_some(flow.port)?;
            format!("transport = \"{}\", ports = \"{port}\"", transport.name())
        }
        Some(transport) => {
            format!("transport = \"{}\", type = {}", transport.name(), flow.port)
        }
        None => format!("protocol = {}", flow.protocol),
    };
    let traffic = format!(
        "client = \"{}\", server = \"{}\", {protocol}",
        flow.client, flow.server
    );
    let end = report.window.end.to_zoned(TimeZone::UTC).date();
    let until = end.saturating_add(Span::new().days(EXCEPTION_DAYS));
    Some([
        "  [[exception]]".to_owned(),
        format!("  match = {{ {traffic} }}"),
        "  reason = \"who accepts it, and why\"".to_owned(),
        format!("  until = {until}"),
    ])
}

const fn side(flow: &Flow) -> &'static str {
    match flow.evidence {
        EvidenceName::Handshake => {
            "the opening of the conversation was seen, and it went to the server"
        }
        EvidenceName::Listener => "a socket of this host is bound to the port",
        EvidenceName::NoListener => {
            "its opening was not seen; no socket of this host listens on its port, so this host opened it"
        }
        EvidenceName::Group => "the server is a multicast or broadcast address, which never asks",
        EvidenceName::Remembered => {
            "its opening was not seen now, but an earlier run saw who asked"
        }
        EvidenceName::Expected => {
            "it belongs to a conversation with another port of the same server"
        }
        EvidenceName::OpenedPort => "other conversations with this port were seen to be opened",
        EvidenceName::DocumentedPort => {
            "its opening was not seen; a rule names one of the two ports and not the other"
        }
        EvidenceName::EphemeralRange => {
            "its opening was not seen; one port is in the range that clients take theirs from, the other is not"
        }
        EvidenceName::LowerPort => {
            "its opening was not seen; the lower port is taken for the server's"
        }
        EvidenceName::FirstSender => {
            "nothing tells; whoever sent the first packet is taken for the client"
        }
    }
}

const fn outcome(flow: &Flow) -> &'static str {
    match flow.outcome {
        Outcome::Established => "both ends talked",
        Outcome::Refused => "the answer was no: a reset, or an ICMP error",
        Outcome::Attempted => "nobody answered",
        Outcome::OneWay => {
            "only the client's packets were seen; they acknowledge answers, or go on as only the answered do"
        }
        Outcome::Accepted => {
            "the opening was accepted, so the port is open; nothing went on, as in a scan, so nobody talked, and anybody may have sent it"
        }
        Outcome::Unknown => "the packets that were seen do not tell whether anybody was answered",
    }
}

/// The nearest rules, and in what the flow differs from them.
fn nearest<'a>(report: &'a Report, flow: &'a Flow) -> impl Iterator<Item = String> + 'a {
    let differs = match flow.reason {
        Some(Reason::Unresolved) => "the port, and a role without any address",
        Some(Reason::Condition) => "all but their condition, which does not hold here",
        Some(Reason::Direction) => {
            "all but the direction: client and server stand the other way round"
        }
        Some(Reason::Transport) => "all but the transport",
        Some(Reason::Peer) => "the port, but not both ends",
        Some(Reason::Roles) => "the port, but neither end",
        Some(Reason::Port) | None => "both ends, but not the port",
    };
    let head = if flow.rules.is_empty() {
        "nearest: no rule comes near it".to_owned()
    } else {
        format!("nearest: these have {differs}")
    };
    let rules = named(report, flow).map(|rule| format!("  {}", cited(rule)));
    std::iter::once(head).chain(rules)
}

fn advice(flow: &Flow) -> impl Iterator<Item = &'static str> {
    let by_reason = match (flow.verdict, flow.reason) {
        (FlowVerdict::Unexpected, _)
            if matches!(flow.outcome, Outcome::Refused | Outcome::Attempted) =>
        {
            Some(
                "nobody let it in, so nothing is open that should not be; if it goes on, ask who runs the client",
            )
        }
        (FlowVerdict::Unexpected, Some(Reason::Unresolved)) => Some(
            "say under [roles] which hosts the rule's roles are; until then nobody knows whether it is allowed",
        ),
        (FlowVerdict::Forbidden, _) => {
            Some("the document rules this out: find who opened it and close it")
        }
        (FlowVerdict::Unexpected, Some(Reason::Condition)) => {
            Some("if the feature is in use here, set its condition under [conditions]")
        }
        (FlowVerdict::Unexpected, Some(Reason::Direction)) => Some(
            "find out which end opened it: either the host or the document has it the wrong way round",
        ),
        (FlowVerdict::Unexpected, Some(Reason::Roles)) => Some(
            "if these hosts belong to roles that the rule names, add them under [roles]; else see `auditor learn` for a rule, or close the port",
        ),
        (FlowVerdict::Unexpected, Some(Reason::Peer)) => Some(
            "if the address belongs to a role that the rule names, add it under [roles]; else close the port to it",
        ),
        (FlowVerdict::Unexpected, _) => Some(
            "if the traffic is right, ask the vendor to document it, and see `auditor learn` for a rule; else close the port",
        ),
        (FlowVerdict::Documented | FlowVerdict::Excepted | FlowVerdict::Housekeeping, _) => None,
    };
    let is_pressing = flow.severity != Severity::Fine;
    by_reason.filter(|_| is_pressing).into_iter()
}

fn rule_advice(rule: &Rule) -> impl Iterator<Item = &'static str> {
    let advice = match (rule.verdict, rule.listening) {
        (RuleVerdict::Missing | RuleVerdict::Refused | RuleVerdict::Unanswered, Some(false)) => {
            Some(if rule.when.is_some() {
                "start the service, or set the rule's condition to false if it is not used here"
            } else {
                "start the service; if it is not used here, give the rule a condition with `when`, or take it out"
            })
        }
        (RuleVerdict::Missing, _) => Some(
            "if the traffic is rarer than the window, give the rule `within = \"24h\"`; else see why its client does not ask",
        ),
        (RuleVerdict::Refused, _) => {
            Some("see whether the service runs on the server, and what rejects it on the way")
        }
        (RuleVerdict::Unanswered, _) => {
            Some("see whether a firewall on the way drops it, and whether the server is up")
        }
        (RuleVerdict::Unresolved, _) => Some(
            "give its roles addresses under [roles] of the deployment; where nobody plays them here, give the rule a condition with `when`, or take it out",
        ),
        (RuleVerdict::Unobservable, _) if rule.loopback => Some(
            "watch the loopback as well: add `lo` to `interfaces` of the deployment, beside those that are watched now",
        ),
        (RuleVerdict::Unobservable, _) => {
            Some("watch where its traffic passes, which the verdict says, as far as that is known")
        }
        (RuleVerdict::Unassessed, _) => {
            Some("watch again, or longer: part of the time was not seen")
        }
        (
            RuleVerdict::Observed
            | RuleVerdict::Idle
            | RuleVerdict::Respected
            | RuleVerdict::Violated
            | RuleVerdict::Off
            | RuleVerdict::Elsewhere,
            _,
        ) => None,
    };
    advice.into_iter()
}
