//! What is found of a fleet, as the sentences of its report.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{
    course::{Course, Doubt, Loss},
    schema::CourseKind,
    verdict::RuleView,
};
use crate::{
    audit::{PolicyRule, RuleFinding, RuleVerdict},
    observed::{Fleet, Flow},
    report::{duration_words, plural, service},
    transport::Transport,
};

/// More names are counted and not listed.
const MOST_NAMES: usize = 5;

/// Names, as a person lists them.
pub(super) fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let first: Vec<&str> = names.iter().take(MOST_NAMES).map(AsRef::as_ref).collect();
    let first = first.join(", ");
    match names.len().saturating_sub(MOST_NAMES) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// The name of a host.
pub(super) fn name(fleet: &Fleet, host: usize) -> &str {
    fleet
        .members()
        .get(host)
        .map_or("?", |member| member.name.as_str())
}

pub(super) const fn kind(course: &Course) -> CourseKind {
    match course {
        Course::Answered => CourseKind::Answered,
        Course::NeverArrived { .. } => CourseKind::NeverArrived,
        Course::Unanswered { .. } => CourseKind::Unanswered,
        Course::AnswerLost { .. } => CourseKind::AnswerLost,
        Course::RefusedByServer { .. } => CourseKind::RefusedByServer,
        Course::RefusedOnTheWay { .. } => CourseKind::RefusedOnTheWay,
        Course::ArrivesOtherwise { .. } => CourseKind::ArrivesOtherwise,
        Course::Contradiction { .. } => CourseKind::Contradiction,
        Course::AskedByOther { .. } => CourseKind::AskedByOther,
        Course::Unknown(_) => CourseKind::Unknown,
    }
}

/// What became of a conversation, and what that means.
pub(super) fn course(fleet: &Fleet, flow: &Flow, course: &Course) -> String {
    let of = |host: usize| name(fleet, host);
    let needs_none = if flow.transport() == Some(Transport::Udp) {
        ", which a datagram need not be"
    } else {
        ""
    };
    match course {
        Course::Answered => "asked and answered".to_owned(),
        Course::NeverArrived { client, server } => format!(
            "{} asked, and {} never received it: something between the two drops it",
            of(*client),
            of(*server)
        ),
        Course::Unanswered { server, listening } => format!(
            "it reached {}, and nothing left {} in answer{needs_none}: {}",
            of(*server),
            of(*server),
            match listening {
                Some(true) =>
                    "a socket listens there, so its firewall drops it or the service is stuck",
                Some(false) => "no socket listens there",
                None => "its firewall, or the service",
            }
        ),
        Course::AnswerLost { client, server } => format!(
            "{} answered, and {} never received that: something between the two drops the answer",
            of(*server),
            of(*client)
        ),
        Course::RefusedByServer { server, listening } => format!(
            "it reached {}, which refused it: {}",
            of(*server),
            match listening {
                Some(true) =>
                    "a socket listens there, so its firewall rejects it or the service does",
                Some(false) => "no socket listens there",
                None => "nothing listens there, or its firewall rejects it",
            }
        ),
        Course::RefusedOnTheWay { client, server } => format!(
            "{} asked and was refused, and {} never received it: something between the two refuses it",
            of(*client),
            of(*server)
        ),
        Course::ArrivesOtherwise { by } => {
            let names: Vec<&str> = by.iter().map(|host| of(*host)).collect();
            format!(
                "it arrives under other addresses, as {} translates it",
                listed(&names)
            )
        }
        Course::Contradiction { client, server } => format!(
            "{} was answered, and {}, which has that address, neither received nor sent anything of it: somebody else answers in its name, or one of the two is wrong",
            of(*client),
            of(*server)
        ),
        Course::AskedByOther { client, server } => format!(
            "{} was asked and answered, and {}, which has the client's address, neither sent nor received anything of it: somebody else asks in its name, or one of the two is wrong",
            of(*server),
            of(*client)
        ),
        Course::Unknown(doubt) => format!(
            "where it is lost is not known: {}",
            match doubt {
                Doubt::Client(address) | Doubt::Server(address) =>
                    format!("no host that publishes has {address}"),
                Doubt::Sight(host) => format!("{} may have missed a part of it", of(*host)),
                Doubt::Time => "the hosts have not seen enough of it".to_owned(),
            }
        ),
    }
}

/// What was lost between two hosts.
pub(super) fn loss(fleet: &Fleet, loss: &Loss) -> String {
    let (client, server) = (name(fleet, loss.client), name(fleet, loss.server));
    let part = |(lost, sent): (u64, u64), from: &str, to: &str| {
        (lost != 0)
            .then(|| format!("{to} did not receive {lost} of {sent} packets that {from} sent"))
    };
    let parts = [
        part(loss.to_server, client, server),
        part(loss.to_client, server, client),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join("; ")
}

/// Why a rule has its verdict.
pub(super) fn rule(
    window: SignedDuration,
    fleet: &Fleet,
    rule: &PolicyRule,
    finding: &RuleFinding,
    view: &RuleView,
) -> String {
    let length = duration_words(rule.rule.within.unwrap_or(window));
    let first = match finding.verdict {
        RuleVerdict::Observed => "seen and answered".to_owned(),
        RuleVerdict::Unanswered => "asked, and nobody was answered".to_owned(),
        RuleVerdict::Refused => "asked, and nobody was answered: it is refused".to_owned(),
        RuleVerdict::Idle => "a connection that it allows is open and idle".to_owned(),
        RuleVerdict::Missing => format!("nothing matched it in {length}, on any host"),
        RuleVerdict::Respected => format!("forbidden, and nothing broke it in {length}"),
        RuleVerdict::Violated => "forbidden, and seen".to_owned(),
        RuleVerdict::Off => format!(
            "its condition `{}` does not hold",
            rule.rule.when.as_deref().unwrap_or_default()
        ),
        RuleVerdict::Elsewhere => "no host that publishes takes part".to_owned(),
        RuleVerdict::Unresolved => "a role of it has no address".to_owned(),
        RuleVerdict::Unobservable if rule.rule.loopback => {
            "stays within each host, whose own report says it".to_owned()
        }
        RuleVerdict::Unobservable => "nobody but one host takes part".to_owned(),
        RuleVerdict::Unassessed if finding.flows.is_empty() => {
            "nothing matched it, but part of its traffic may not have been seen".to_owned()
        }
        RuleVerdict::Unassessed => "asked, and the answer may not have been seen".to_owned(),
    };
    let mut parts = vec![first];
    if finding.verdict == RuleVerdict::Unassessed {
        let names: Vec<&str> = view
            .hiding
            .members
            .iter()
            .map(|host| name(fleet, *host))
            .collect();
        if !names.is_empty() {
            parts.push(format!("{} may have missed it", listed(&names)));
        }
        if let Some((client, server)) = view.hiding.unwatched {
            parts.push(format!("nobody watches {client} or {server}"));
        }
    }
    if finding.listening == Some(false) {
        parts.push("no socket listens for it on any of its servers".to_owned());
    }
    if finding.verdict == RuleVerdict::Observed && !view.missing.is_empty() {
        let mut by_host: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (host, part) in &view.missing {
            by_host.entry(*host).or_default().push(part.name());
        }
        let names: Vec<String> = by_host
            .iter()
            .map(|(host, parts)| format!("{} as {}", name(fleet, *host), parts.join(" and ")))
            .collect();
        parts.push(format!(
            "not on {}: {}",
            plural(names.len(), "host"),
            listed(&names)
        ));
    }
    parts.join("; ")
}

/// `tcp/443`.
pub(super) fn service(flow: &Flow) -> String {
    service::of(flow)
}
