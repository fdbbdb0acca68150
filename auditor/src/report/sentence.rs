//! Writes the findings of an audit as the sentences of a report.

use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::{Direction, Evidence, Reason};
use jiff::Timestamp;

use super::{
    judged::Judged,
    service::{self, protocol},
    words::{self, duration},
};
use crate::{
    audit::{
        Certainty, Elsewhere, Excess, FlowFinding, FlowVerdict, InVain, Mismatch, PeersSeen,
        PolicyRule, RuleFinding, RuleVerdict, has_moved, is_answer_alone, may_be_named,
    },
    deployment::Exception,
    matrix::Presence,
    observed::{Cause, Endpoints, Flow, Gap, Outcome},
    role::Role,
    transport::Transport,
};

/// Who answers for an exception, where the deployment says so: `, by ops@example.com`.
fn owner(exception: &Exception) -> String {
    words::owner(exception.owner.as_deref())
}

/// Why a flow has its verdict.
///
/// `errors_from` are those who may have sent the ICMP errors on which its outcome rests.
pub fn flow(judged: &Judged, flow: &Flow, finding: &FlowFinding, errors_from: &[IpAddr]) -> String {
    let ids = |rules: &[usize]| {
        let ids: Vec<&str> = rules
            .iter()
            .filter_map(|at| judged.policy.rules.get(*at))
            .map(|rule| rule.label.as_str())
            .collect();
        ids.join(", ")
    };
    let is_guess = Evidence::Listener < flow.evidence;
    let mut text =
        match &finding.verdict {
            FlowVerdict::Documented { rules } => {
                let first = finding
                    .related_to
                    .and_then(|at| judged.observed.flows.get(at));
                let related = first.map_or_else(String::new, |first| {
                    format!(
                        ", as the data of FTP: related to {} -> {} {}",
                        first.client,
                        first.server,
                        service::of(first)
                    )
                });
                format!("allowed by {}{related}", ids(rules))
            }
            FlowVerdict::Excepted {
                exception,
                forbidding,
                ..
            } => {
                let accepted = judged.policy.exceptions.get(*exception).map_or_else(
                    String::new,
                    |exception| {
                        let until = exception
                            .exception
                            .until
                            .map_or_else(String::new, |until| format!(", until {until}"));
                        let owner = owner(&exception.exception);
                        format!("accepted: {}{owner}{until}", exception.exception.reason)
                    },
                );
                if forbidding.is_empty() {
                    accepted
                } else {
                    format!("{accepted}; else forbidden by {}", ids(forbidding))
                }
            }
            FlowVerdict::Housekeeping => "what every network does".to_owned(),
            FlowVerdict::Forbidden { rules, allowing } => {
                let though = if allowing.is_empty() {
                    String::new()
                } else {
                    format!(", though {} would allow it", ids(allowing))
                };
                let guess = if is_guess {
                    "; which end asked is a guess"
                } else {
                    ""
                };
                format!("forbidden by {}{though}{guess}", ids(rules))
            }
            FlowVerdict::Unexpected {
                reason,
                nearest,
                real,
            } => {
                let ends = real.as_deref().copied().unwrap_or(flow.endpoints());
                let really = if real.is_some() {
                    format!("really {} -> {}: ", ends.client, ends.server)
                } else {
                    String::new()
                };
                let reason = unexpected(judged, flow, ends, *reason, nearest);
                let excess = finding
                    .excess
                    .map_or_else(String::new, |one| excess(flow, one));
                format!("{really}{reason}{excess}")
            }
        };
    let ended = finding.ended_exception;
    let ended = ended.and_then(|at| judged.policy.exceptions.get(at));
    text.extend(ended.map(|one| {
        let exception = &one.exception;
        let until = exception
            .until
            .map_or_else(String::new, |until| format!(" until {until}"));
        let (reason, owner) = (&exception.reason, owner(exception));
        format!("; accepted{until}, which is over: {reason}{owner}")
    }));
    text.extend(finding.elsewhere.iter().map(|one| elsewhere(judged, one)));
    if !errors_from.is_empty() {
        let what = if finding.outcome == Outcome::Refused {
            "is refused"
        } else {
            "did not arrive"
        };
        let senders: BTreeSet<IpAddr> = errors_from.iter().copied().collect();
        let senders = listed(&senders);
        let one_of = if errors_from.len() == 1 {
            ""
        } else {
            "one of "
        };
        return format!(
            "{text}; that it {what} is the word of {one_of}{senders}, in an ICMP error"
        );
    }
    text
}

/// The other places at which a conversation was seen.
fn elsewhere(judged: &Judged, elsewhere: &Elsewhere) -> String {
    let place = |at: &usize| {
        let flow = judged.observed.flows.get(*at)?;
        let (client, server, service) = (flow.client, flow.server, service::of(flow));
        Some(format!(
            "{client} -> {server} {service} on {}",
            flow.interface
        ))
    };
    if let Some(at) = &elsewhere.counted_at {
        return format!(
            "; the same conversation as {}, and counted there",
            place(at).unwrap_or_default()
        );
    }
    let places: Vec<String> = elsewhere
        .places
        .iter()
        .filter_map(place)
        .take(MOST_LISTED)
        .collect();
    let more = elsewhere.places.len().saturating_sub(places.len());
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!(
        "; the same conversation was seen as {}{more}",
        places.join(", ")
    )
}

/// Why a flow of a kind that every network has is no housekeeping.
fn excess(flow: &Flow, excess: Excess) -> String {
    let kind = match (flow.transport(), excess) {
        (Some(Transport::Udp), _) => "DHCP",
        (_, Excess::Size | Excess::Errors) => "ICMP errors",
        (Some(Transport::Icmp), _) => "neighbour and router discovery",
        (_, Excess::Place | Excess::Number) => "IGMP",
    };
    match excess {
        Excess::Place => format!(
            "; no housekeeping: {kind} is that on the own link and networks, and between roles"
        ),
        Excess::Size => format!("; no housekeeping: its packets are larger than those of {kind}"),
        Excess::Number => format!("; no housekeeping: {kind} has fewer packets"),
        Excess::Errors => format!(
            "; no housekeeping: {kind} are about packets that were sent, and these are more"
        ),
    }
}

fn unexpected(
    judged: &Judged,
    flow: &Flow,
    ends: Endpoints,
    reason: Mismatch,
    nearest: &[usize],
) -> String {
    let rules: Vec<&PolicyRule> = nearest
        .iter()
        .filter_map(|at| judged.policy.rules.get(*at))
        .collect();
    let port = match flow.transport() {
        Some(transport) if transport.has_ports() => format!("{transport} port {}", ends.port),
        Some(_) | None => protocol(flow.protocol),
    };
    let Some(first) = rules.first() else {
        return match flow.transport() {
            Some(Transport::Icmp) if !may_be_named(flow) => format!(
                "no rule can name {}: a rule for icmp means the echo, a ping",
                service::of(flow)
            ),
            Some(_) | None => format!("no rule names {port}"),
        };
    };
    let id = &first.label;
    match reason {
        Mismatch::Condition => {
            let when = first.rule.when.as_deref().unwrap_or_default();
            format!("rule {id} allows it where the condition `{when}` holds, and here it does not")
        }
        Mismatch::Direction => format!("rule {id} has client and server the other way round"),
        Mismatch::Transport => format!(
            "rule {id} allows this port over {} only",
            first.rule.transport
        ),
        Mismatch::Peer => {
            let given = judged.policy.roles_were_given();
            let client_fits = first.client.holds(
                ends.client,
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
        Mismatch::Roles => format!(
            "rule {id} names {port}, but for others: {} to {}",
            roles(&first.rule.client),
            roles(&first.rule.server)
        ),
        Mismatch::Unresolved => {
            let unresolved = [&first.client, &first.server].into_iter();
            let unresolved: BTreeSet<&str> = unresolved
                .flat_map(|side| side.unresolved.iter().map(Role::name))
                .collect();
            let unresolved: Vec<&str> = unresolved.into_iter().collect();
            format!(
                "rule {id} may allow it: no address is known for {}",
                unresolved.join(", ")
            )
        }
        Mismatch::Port => {
            let others: Vec<String> = rules
                .iter()
                .map(|rule| format!("{} ({})", rule.rule.ports, rule.label))
                .collect();
            format!(
                "no rule between these two allows {port}; between them, rules name {}",
                others.join(", ")
            )
        }
    }
}

/// Why a rule has its verdict.
pub(super) fn rule(judged: &Judged, rule: &PolicyRule, finding: &RuleFinding) -> String {
    let window = judged.observed.window;
    let length = rule.rule.within.unwrap_or_else(|| window.length());
    let mut parts: Vec<String> = Vec::new();
    match finding.verdict {
        RuleVerdict::Observed => parts.push(if is_by_word(judged, rule, finding) {
            "seen and answered: that the other side asked is by its packets' word alone, since nothing proves where they came from".to_owned()
        } else {
            "seen and answered".to_owned()
        }),
        RuleVerdict::Idle => parts.push(format!(
            "a connection that it allows is open and idle: no packet passed in {}",
            duration(length)
        )),
        RuleVerdict::Unanswered if rule.rule.transport == Transport::Udp => {
            let to_here = finding.is_server && finding.listening == Some(true);
            parts.push(if to_here {
                "datagrams came in, by their sender's word alone, and nothing was answered: they need no answer, and whether they reached the socket that is bound here is not known".to_owned()
            } else {
                "asked, and nobody answered: datagrams need no answer, but a firewall on the way or a dead service look alike".to_owned()
            });
        }
        RuleVerdict::Unanswered => parts.push(
            "asked, and nobody answered: a firewall on the way, or a dead service".to_owned(),
        ),
        RuleVerdict::Refused => parts
            .push("asked, and refused: nothing listens there, or a firewall rejects it".to_owned()),
        RuleVerdict::Missing if !finding.flows.is_empty() => parts.push(format!(
            "what matched it in {} proves no conversation",
            duration(length)
        )),
        RuleVerdict::Missing => parts.push(format!("nothing matched it in {}", duration(length))),
        RuleVerdict::Respected => {
            parts.push(format!(
                "forbidden, and nothing broke it in {}",
                duration(length)
            ));
        }
        RuleVerdict::Violated => {
            let is_excepted = |at: &usize| {
                let finding = judged.audit.flows.get(*at);
                finding.is_some_and(|it| matches!(it.verdict, FlowVerdict::Excepted { .. }))
            };
            parts.push(if finding.flows.iter().all(is_excepted) {
                "forbidden, and seen, all of it by exception".to_owned()
            } else {
                "forbidden, and seen".to_owned()
            });
        }
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
            parts.push(
                "stays on the loopback, which is not watched: add `lo` to the interfaces"
                    .to_owned(),
            );
        }
        RuleVerdict::Unobservable if !finding.unwatched.is_empty() => parts.push(format!(
            "by the routing table its traffic goes by {}, which {} not watched",
            names(&finding.unwatched),
            if finding.unwatched.len() == 1 { "is" } else { "are" },
        )),
        RuleVerdict::Unobservable => parts
            .push("nobody but this host takes part, so its traffic leaves no interface".to_owned()),
        RuleVerdict::Unassessed if is_one_way(judged, finding) => {
            parts.push(
                "asked, and by the client's packets alone it was answered: the answers pass elsewhere".to_owned(),
            );
        }
        RuleVerdict::Unassessed if hung_up(judged, finding) => {
            parts.push(
                "asked, accepted, and at once ended by who asked, as by a health check: whoever it was".to_owned(),
            );
        }
        RuleVerdict::Unassessed if answers_alone(judged, finding) => {
            parts.push("answered, and not seen to be asked: what is asked passes elsewhere".to_owned());
        }
        RuleVerdict::Unassessed if !finding.unwatched.is_empty() && !finding.flows.is_empty() => {
            parts.push(format!(
                "asked, and by the routing table answers leave by {}, which {} not watched",
                names(&finding.unwatched),
                if finding.unwatched.len() == 1 { "is" } else { "are" },
            ));
        }
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
        RuleVerdict::Unassessed if !finding.unwatched.is_empty() => parts.push(format!(
            "nothing matched it, but by the routing table packets to the other side leave by {}, which {} not watched",
            names(&finding.unwatched),
            if finding.unwatched.len() == 1 { "is" } else { "are" },
        )),
        RuleVerdict::Unassessed if has_moved(rule, &judged.observed.host) => {
            parts.push("nothing matched it, and this host has no more the address by which it takes part".to_owned());
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
    if !finding.in_vain.is_empty() {
        parts.push(in_vain(&finding.in_vain));
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
            // One sentence says both where a datagram came.
            Some(true)
                if finding.verdict == RuleVerdict::Unanswered
                    && rule.rule.transport == Transport::Udp => {}
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

/// Whether all that was answered was asked by other hosts without a handshake, which alone proves that they are where they say.
fn is_by_word(judged: &Judged, rule: &PolicyRule, finding: &RuleFinding) -> bool {
    let host = &judged.observed.host;
    let answered = finding.flows.iter().filter(|at| {
        let flows = &judged.audit.flows;
        flows
            .get(**at)
            .is_some_and(|flow| flow.outcome == Outcome::Established)
    });
    let mut answered = answered.filter_map(|at| judged.observed.flows.get(*at));
    !matches!(rule.rule.transport, Transport::Tcp | Transport::Sctp)
        && answered.all(|flow| !host.has(flow.client))
}

/// Whether only the client's packets of one of the rule's flows are seen.
fn is_one_way(judged: &Judged, finding: &RuleFinding) -> bool {
    let flows = &judged.audit.flows;
    let mut of_rule = finding.flows.iter().filter_map(|at| flows.get(*at));
    of_rule.any(|flow| flow.outcome == Outcome::OneWay)
}

/// Whether nothing but answers of this host is seen of the rule's flows.
fn answers_alone(judged: &Judged, finding: &RuleFinding) -> bool {
    let flows = finding.flows.iter();
    let mut flows = flows.filter_map(|at| judged.observed.flows.get(*at));
    !finding.flows.is_empty() && flows.all(|flow| is_answer_alone(flow, &judged.observed.host))
}

/// Whether who asked hung up as soon as it was let in.
fn hung_up(judged: &Judged, finding: &RuleFinding) -> bool {
    let (findings, flows) = (&judged.audit.flows, &judged.observed.flows);
    let mut of_rule = finding.flows.iter();
    of_rule.any(|at| {
        let is_accepted = |finding: &FlowFinding| finding.outcome == Outcome::Accepted;
        findings.get(*at).is_some_and(is_accepted) && flows.get(*at).is_some_and(Flow::hung_up)
    })
}

/// The first few services that were asked in vain.
fn in_vain(services: &InVain) -> String {
    let first = services.iter().take(MOST_IN_VAIN);
    let first: Vec<String> = first
        .map(|((server, port), outcome)| {
            let what = if *outcome == Outcome::Refused {
                "refused"
            } else {
                "did not answer"
            };
            format!("{server} {what} on {port}")
        })
        .collect();
    let more = services.len() - first.len();
    let more = if more == 0 {
        String::new()
    } else {
        format!(" and {more} more")
    };
    format!("others answered, but {}{more}", first.join(", "))
}

/// More services that were asked in vain are not named.
const MOST_IN_VAIN: usize = 3;

/// How sure it is that a rule is missing, and why.
fn certain(certainty: &Certainty) -> String {
    let peers = match (certainty.peers_heard, certainty.peers) {
        (heard, Some(all)) => format!(
            "{heard} of {} on the other side {} heard",
            if all == 1 {
                "1 address".to_owned()
            } else {
                format!("{all} addresses")
            },
            if heard == 1 { "was" } else { "were" }
        ),
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

fn names(names: &BTreeSet<String>) -> String {
    names
        .iter()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn roles(roles: &[Role]) -> String {
    roles.iter().map(Role::name).collect::<Vec<_>>().join(", ")
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
        Cause::Detached { name } => match gap.until {
            None => format!(
                "what counts on {name} was taken off by somebody else, noticed after {from}"
            ),
            Some(until) => format!(
                "what counts on {name} was taken off by somebody else between {from} and {}, and is attached anew",
                second(until)
            ),
        },
        Cause::Behind {
            name,
            direction,
            others,
        } => {
            let what = match direction {
                Direction::Ingress => "receives",
                Direction::Egress => "sends",
            };
            format!(
                "what {name} {what} passes others first, which may keep it from being counted: {others}"
            )
        }
        Cause::CountedBefore { name, others } => format!(
            "what {name} sends is counted before it passes others, which may still drop it: {others}"
        ),
        Cause::Blind { name, direction } => {
            let what = match direction {
                Direction::Ingress => "received",
                Direction::Egress => "sent",
            };
            let until = gap
                .until
                .map_or_else(String::new, |until| format!(" to {}", second(until)));
            format!(
                "by the kernel's counter {name} {what} packets from {from}{until}, and none of them was seen"
            )
        }
        Cause::NotWatched { name, problem } => {
            format!("interface {name} is wanted, but not watched: {problem}")
        }
        Cause::NothingToWatch => {
            let until = gap
                .until
                .map_or_else(String::new, |until| format!(" to {}", second(until)));
            format!("no interface that is to be watched existed from {from}{until}")
        }
        Cause::Asleep { length } => format!(
            "the machine slept for {} after {from}: nobody watched",
            duration(*length)
        ),
        Cause::Stalled => {
            let until = gap
                .until
                .map_or_else(String::new, |until| format!(" to {}", second(until)));
            format!(
                "the auditor stood still from {from}{until}: what passed meanwhile was counted, but not when"
            )
        }
        Cause::Unread { what, problem } => format!("{what} could not be read: {problem}"),
        Cause::HistoryDamaged { problem } => {
            format!("the history was set aside and begun anew at {from}: {problem}")
        }
        Cause::PacketsUnread { what, packets } => {
            format!("{packets} packets {what} were not read")
        }
        Cause::Uncounted { reason, packets } => uncounted(*reason, *packets),
    }
}

/// Packets that are in no flow, and what that hid.
fn uncounted(reason: Reason, packets: u64) -> String {
    match reason {
        Reason::TableFull => {
            format!(
                "{packets} packets found no place among the flows: raise --flows, or the --keep-flows of a watch"
            )
        }
        Reason::InsideUnread => {
            format!("what {packets} packets of tunnels carried could not be read")
        }
        Reason::TooDeep => {
            format!("{packets} packets had more tags or extension headers than are followed")
        }
        Reason::PriorityTags => {
            format!(
                "{packets} packets came in with more priority tags than are followed, all of which this host takes off"
            )
        }
        Reason::Unproven => {
            format!(
                "{packets} packets of flows that anybody can make up found no room, or made room for newer ones: they are counted by port"
            )
        }
        Reason::Arp
        | Reason::NotIp
        | Reason::Truncated
        | Reason::Malformed
        | Reason::Fragment
        | Reason::TooManyTags
        | Reason::ImpossibleSource
        | Reason::OtherHost
        | Reason::Stranger
        | Reason::Unasked
        | Reason::LinkUnread => {
            format!("{packets} packets: {}", reason.meaning())
        }
    }
}

const MOST_LISTED: usize = 4;
