//! Builds the report of an audit.

use std::{collections::BTreeMap, net::IpAddr};

use auditor_common::{Reason, Tally, lost, packet::Tunnel};

use super::{
    basis::basis,
    control::Evidence,
    judged::Judged,
    listing::Listing,
    pattern::Patterns,
    refuser::Refusers,
    schema::{
        self, AskedInVain, Certainty, Count, Direction, FlowVerdict, GapReason, Lost, Part,
        PeersSeen, PortsSeen, Report, Rule, RuleVerdict, SCHEMA_VERSION, Summary, Tool,
    },
    sentence,
};
use crate::{
    audit::{self, FlowFinding, PolicyProblem, PolicyRule, RuleFinding, Severity, may_serve},
    matrix::{RulePorts, Weight},
    observed::{
        Cause, Dates, DirectionCounters, Flow, Gap, Host, Observed, SocketOwner, Unproven,
        flag_names,
    },
    role::Role,
};

impl Report {
    /// Builds the value that is written, read back and rendered.
    pub fn new(judged: &Judged) -> Self {
        let Judged {
            observed,
            policy,
            audit,
            matrices,
            unset_conditions,
            bounds,
            controls: _,
            run: _,
        } = judged;
        let host = &observed.host;
        let patterns = Patterns::of(host, &observed.flows, &audit.flows);
        let listing = Listing::new(host, &observed.flows, &audit.flows, &patterns, *bounds);
        let window = observed.window;
        let dates = &observed.dates;
        let refusers = Refusers::of(&observed.flows);
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            summary: summary(audit),
            host: schema::Host {
                name: observed.host.name.clone(),
                network_namespace: observed.host.network_namespace.clone(),
                roles: names(&policy.own_roles),
                addresses: own_addresses(observed),
            },
            window: schema::Window {
                start: dates.of(window.start),
                end: dates.of(window.end),
                seconds: window.length().as_secs_f64(),
                asked_seconds: window.planned.as_secs_f64(),
                since: dates.of(window.since),
            },
            interfaces: observed
                .interfaces
                .iter()
                .map(|interface| schema::Interface {
                    name: interface.name.clone(),
                    ingress: interface.ingress.into(),
                    egress: interface.egress.map(Into::into),
                })
                .collect(),
            matrices: matrices
                .iter()
                .map(|matrix| schema::Matrix {
                    name: matrix.name.clone(),
                    version: matrix.version.clone(),
                    path: matrix.path.display().to_string(),
                    sha256: matrix.sha256.clone(),
                    rules: matrix.n_rules,
                })
                .collect(),
            basis: Some(basis(judged)),
            peers_checked_by: policy.check.into(),
            conditions_not_set: unset_conditions.clone(),
            names_without_address: policy
                .lookup_failures()
                .map(|(name, problem)| (name.to_owned(), problem.to_owned()))
                .collect(),
            policy_problems: wrong(&audit.problems),
            controls: controls_counted(judged),
            shown: None,
            gaps: observed.gaps.iter().map(|one| gap(dates, one)).collect(),
            flows: observed
                .flows
                .iter()
                .zip(&audit.flows)
                .enumerate()
                .filter(|(at, _)| listing.place(*at).is_some())
                .map(|(at, (one, finding))| {
                    let pattern = patterns.of_flow(at);
                    flow(judged, &refusers, &listing, one, finding, pattern)
                })
                .collect(),
            patterns: patterns.published(
                host,
                &observed.flows,
                dates,
                |address| names(policy.roles_of(address)),
                |at| listing.place(at),
            ),
            flows_left_out: listing.left_out(&observed.flows, &audit.flows, &patterns, dates),
            rules: policy
                .rules
                .iter()
                .zip(&audit.rules)
                .map(|(one, finding)| rule(judged, &listing, one, finding))
                .collect(),
            traffic: observed
                .traffic
                .iter()
                .map(|point| schema::Point {
                    from: dates.of(point.from),
                    received: count(point.received),
                    sent: count(point.sent),
                })
                .collect(),
            counted: counted(observed),
            unplaced: busiest(&audit.unplaced, MOST_UNPLACED),
            unplaced_left_out: audit.unplaced.len().saturating_sub(MOST_UNPLACED),
            lost: busiest(&observed.lost, MOST_LOST),
            lost_left_out: observed.lost.len().saturating_sub(MOST_LOST),
            unproven: unproven(&observed.unproven),
            is_of_fleet: false,
        }
    }
}

/// This host's addresses, with those of its other networks that took part in a flow.
fn own_addresses(observed: &Observed) -> Vec<IpAddr> {
    let host = &observed.host;
    let mut addresses = host.addresses.clone();
    let ends = observed
        .flows
        .iter()
        .flat_map(|flow| [flow.client, flow.server]);
    addresses.extend(ends.filter(|address| host.local.has(*address)));
    addresses.into_iter().collect()
}

/// The problems of a policy because of which verdicts are wrong.
fn wrong(problems: &[PolicyProblem]) -> Vec<String> {
    let wrong = problems
        .iter()
        .filter(|problem| problem.weight() == Weight::Wrong);
    wrong.map(PolicyProblem::to_string).collect()
}

/// What each control has of all findings, listed or not.
fn controls_counted(judged: &Judged) -> Vec<schema::Control> {
    let Judged {
        policy,
        audit,
        controls,
        ..
    } = judged;
    if controls.is_empty() {
        return Vec::new();
    }
    let flows = audit.flows.iter().map(|finding| {
        let rules = match &finding.verdict {
            audit::FlowVerdict::Documented { rules }
            | audit::FlowVerdict::Forbidden { rules, .. } => rules.as_slice(),
            audit::FlowVerdict::Excepted { forbidding, .. } => forbidding,
            audit::FlowVerdict::Housekeeping | audit::FlowVerdict::Unexpected { .. } => &[],
        };
        let ids: Vec<String> = rules
            .iter()
            .filter_map(|at| policy.rules.get(*at))
            .map(|rule| rule.label.clone())
            .collect();
        let its = controls.of_flow((&finding.verdict).into(), &ids);
        let verdict = (&finding.verdict).into();
        (its, Evidence::of_flow(verdict, finding.severity.into()))
    });
    let rules = policy
        .rules
        .iter()
        .zip(&audit.rules)
        .map(|(rule, finding)| {
            let its = controls.of_rule(finding.verdict.into(), &rule.label);
            let verdict = finding.verdict.into();
            (its, Evidence::of_rule(verdict, finding.severity.into()))
        });
    controls.counted(flows.chain(rules))
}

const fn count(tally: Tally) -> Count {
    Count {
        packets: tally.packets,
        bytes: tally.bytes,
    }
}

fn summary(audit: &audit::Audit) -> Summary {
    let mut summary = Summary::default();
    if !audit.unplaced.is_empty() {
        summary.warnings += 1;
    }
    summary.warnings += wrong(&audit.problems).len();
    for finding in &audit.flows {
        let verdict = FlowVerdict::from(&finding.verdict).name().to_owned();
        *summary.flows.entry(verdict).or_default() += 1;
    }
    for finding in &audit.rules {
        let verdict = RuleVerdict::from(finding.verdict).name().to_owned();
        *summary.rules.entry(verdict).or_default() += 1;
    }
    let flows = audit.flows.iter().map(|finding| finding.severity);
    let rules = audit.rules.iter().map(|finding| finding.severity);
    for severity in flows.chain(rules) {
        match severity {
            Severity::Fine => {}
            Severity::Note => summary.notes += 1,
            Severity::Warning => summary.warnings += 1,
            Severity::Violation => summary.violations += 1,
        }
    }
    summary
}

fn names<'a, R: IntoIterator<Item = &'a Role>>(roles: R) -> Vec<String> {
    let name = |role: &Role| role.name().to_owned();
    roles.into_iter().map(name).collect()
}

/// All packets by direction, and those in no flow by reason. A direction without packets is left out, except for the frames
/// of a capture file.
fn counted(observed: &Observed) -> BTreeMap<String, Count> {
    let totals = auditor_common::Direction::ALL.map(|direction| {
        let name = schema::total_name(direction);
        (direction, name, observed.totals.of(direction))
    });
    let is_listed = |direction, tally| match direction {
        // What is remembered of the past is in flows alone.
        auditor_common::Direction::Ingress
            if observed.host.is_captured && observed.flows.is_empty() =>
        {
            true
        }
        auditor_common::Direction::Ingress | auditor_common::Direction::Egress => {
            tally != Tally::default()
        }
    };
    let totals = totals
        .into_iter()
        .filter(|(direction, _, tally)| is_listed(*direction, *tally))
        .map(|(_, name, tally)| (name, tally));
    let without_flow = observed.without_flow.iter();
    totals
        .chain(without_flow.map(|(reason, tally)| (reason.name(), *tally)))
        .map(|(name, tally)| (name.to_owned(), count(tally)))
        .collect()
}

/// More ports are not listed; a scan asks all of them.
const MOST_LOST: usize = 1000;
/// The same of what was sent without a place.
const MOST_UNPLACED: usize = 100;
/// More senders and ports of what proves nothing are not listed.
const MOST_UNPROVEN: usize = 100;

/// The entries with the most packets, in order of what they count.
fn busiest(lost: &BTreeMap<lost::Lost, Tally>, most: usize) -> Vec<Lost> {
    let mut entries: Vec<(&lost::Lost, &Tally)> = lost.iter().collect();
    if most < entries.len() {
        entries.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.packets));
        entries.truncate(most);
        entries.sort_by_key(|(what, _)| **what);
    }
    let entry =
        |(what, tally): (&lost::Lost, &Tally)| self::lost(*what, tally.packets, tally.bytes);
    entries.into_iter().map(entry).collect()
}

fn unproven(unproven: &Unproven) -> Option<schema::Unproven> {
    if unproven.n_conversations == 0 {
        return None;
    }
    let mut senders: Vec<schema::Sender> = unproven
        .senders
        .iter()
        .map(|(address, tally)| schema::Sender {
            address: *address,
            counted: count(*tally),
        })
        .collect();
    senders.sort_by_key(|sender| std::cmp::Reverse(sender.counted.packets));
    let mut others = unproven.others;
    for left_out in senders.iter().skip(MOST_UNPROVEN) {
        others.packets += left_out.counted.packets;
        others.bytes += left_out.counted.bytes;
    }
    senders.truncate(MOST_UNPROVEN);
    Some(schema::Unproven {
        conversations: unproven.n_conversations,
        counted: count(unproven.total()),
        senders,
        others: count(others),
        ports: busiest(&unproven.ports, MOST_UNPROVEN),
    })
}

fn lost(lost: lost::Lost, packets: u64, bytes: u64) -> Lost {
    Lost {
        direction: match lost.direction {
            auditor_common::Direction::Egress => Direction::Sent,
            auditor_common::Direction::Ingress => Direction::Received,
        },
        protocol: lost.protocol,
        port: lost.port,
        packets,
        bytes,
    }
}

fn flow(
    judged: &Judged,
    refusers: &Refusers,
    listing: &Listing,
    flow: &Flow,
    finding: &FlowFinding,
    pattern: Option<usize>,
) -> schema::Flow {
    let errors_from = refusers.about(flow, finding.outcome);
    let policy = &judged.policy;
    let ids = |rules: &[usize]| {
        rules
            .iter()
            .filter_map(|at| policy.rules.get(*at))
            .map(|rule| rule.label.clone())
            .collect()
    };
    let (reason, rules, exception) = match &finding.verdict {
        audit::FlowVerdict::Documented { rules } | audit::FlowVerdict::Forbidden { rules, .. } => {
            (None, ids(rules), None)
        }
        audit::FlowVerdict::Unexpected {
            reason, nearest, ..
        } => (Some((*reason).into()), ids(nearest), None),
        audit::FlowVerdict::Excepted {
            exception,
            forbidding,
            ..
        } => {
            let exception = policy.exceptions.get(*exception);
            (None, ids(forbidding), exception)
        }
        audit::FlowVerdict::Housekeeping => (None, Vec::new(), None),
    };
    let ended = finding.ended_exception;
    let ended = ended.and_then(|at| policy.exceptions.get(at));
    schema::Flow {
        verdict: (&finding.verdict).into(),
        severity: finding.severity.into(),
        reason,
        outcome: finding.outcome.into(),
        client: flow.client,
        client_roles: names(policy.roles_of(flow.client)),
        server: flow.server,
        server_roles: names(policy.roles_of(flow.server)),
        protocol: flow.protocol,
        transport: flow.transport().map(Into::into),
        port: flow.port,
        interface: flow.interface.clone(),
        inside: flow.tunnel.map(|tunnel| Tunnel::name(tunnel).to_owned()),
        controls: judged.controls.of_flow((&finding.verdict).into(), &rules),
        rules,
        same_conversation: finding
            .elsewhere
            .iter()
            .flat_map(|elsewhere| &elsewhere.places)
            .filter_map(|at| listing.place(*at))
            .collect(),
        counted_at: finding
            .elsewhere
            .as_ref()
            .and_then(|elsewhere| elsewhere.counted_at)
            .and_then(|at| listing.place(at)),
        related_to: finding.related_to.and_then(|at| listing.place(at)),
        exception: exception.map(|exception| exception.exception.reason.clone()),
        exception_owner: exception.and_then(|exception| exception.exception.owner.clone()),
        ended_exception: ended.and_then(|ended| {
            Some(schema::EndedException {
                reason: ended.exception.reason.clone(),
                owner: ended.exception.owner.clone(),
                until: ended.exception.until?.to_string(),
            })
        }),
        pattern,
        explanation: sentence::flow(judged, flow, finding, &errors_from),
        evidence: flow.evidence.into(),
        benefit_of_doubt: finding.benefit_of_doubt,
        to_server: direction(flow.to_server),
        to_client: direction(flow.to_client),
        requests: flow.requests,
        replies: flow.replies,
        refusals: flow.refusals,
        errors_from,
        first_seen: judged.observed.dates.of(flow.first),
        last_seen: judged.observed.dates.of(flow.last),
        translated: flow
            .translated
            .iter()
            .map(|real| schema::Endpoints {
                client: real.client,
                client_roles: names(policy.roles_of(real.client)),
                server: real.server,
                server_roles: names(policy.roles_of(real.server)),
                port: real.port,
            })
            .collect(),
        processes: processes(&judged.observed.host, flow),
    }
}

/// The processes of this host that take part in a flow.
pub fn processes(host: &Host, flow: &Flow) -> Vec<schema::Process> {
    let one = |part| move |owner| process(owner, part);
    let servers = host.owners.servers_of(host, flow).into_iter();
    let clients = host.owners.clients_of(host, flow).into_iter();
    servers
        .filter_map(one(Part::Server))
        .chain(clients.filter_map(one(Part::Client)))
        .collect()
}

/// A process, unless it is held only to tell programs apart.
fn process(owner: &SocketOwner, part: Part) -> Option<schema::Process> {
    let process = &owner.process;
    process.is_shown.then(|| schema::Process {
        part,
        pid: process.pid,
        name: process.name.clone(),
        command: process.command.clone(),
        unit: process.unit.clone(),
        container: process.container.clone(),
        elsewhere: owner.is_elsewhere(),
    })
}

/// The processes that listen on a port of a rule, if this host is its server and a socket listens.
fn listeners(judged: &Judged, rule: &PolicyRule, finding: &RuleFinding) -> Vec<schema::Process> {
    let RulePorts::Set(ports) = &rule.rule.ports else {
        return Vec::new();
    };
    if finding.listening != Some(true) {
        return Vec::new();
    }
    let mut listeners: Vec<schema::Process> = Vec::new();
    for (transport, port, owner) in judged.observed.host.owners.listeners() {
        let is_reached = may_serve(rule, &judged.observed.host, owner.address);
        if transport == rule.rule.transport && ports.contains(port) && is_reached {
            let process = process(owner, Part::Server);
            listeners.extend(process.filter(|process| !listeners.contains(process)));
        }
    }
    listeners
}

fn direction(counters: DirectionCounters) -> schema::DirectionCounters {
    schema::DirectionCounters {
        packets: counters.packets,
        bytes: counters.bytes,
        flags: flag_names(counters.flags)
            .into_iter()
            .map(str::to_owned)
            .collect(),
    }
}

fn rule(judged: &Judged, listing: &Listing, rule: &PolicyRule, finding: &RuleFinding) -> Rule {
    let flows: Vec<&Flow> = finding
        .flows
        .iter()
        .filter_map(|at| judged.observed.flows.get(*at))
        .collect();
    let host_is = [
        (finding.is_client, Part::Client),
        (finding.is_server, Part::Server),
    ];
    Rule {
        id: rule.label.clone(),
        matrix: judged
            .matrices
            .get(rule.matrix)
            .map_or_else(String::new, |matrix| matrix.name.clone()),
        matrix_line: judged
            .matrices
            .get(rule.matrix)
            .and_then(|matrix| matrix.lines.get(&rule.rule.id).copied()),
        verdict: finding.verdict.into(),
        severity: finding.severity.into(),
        client: names(&rule.rule.client),
        server: names(&rule.rule.server),
        transport: rule.rule.transport.into(),
        ports: rule.rule.ports.to_string(),
        alternatives: rule.rule.alternatives,
        loopback: rule.rule.loopback,
        service: rule.rule.service.clone(),
        presence: rule.rule.presence.into(),
        within_seconds: rule.rule.within.map(|within| within.as_secs()),
        when: rule.rule.when.clone(),
        origin: rule.rule.origin.clone(),
        controls: judged.controls.of_rule(finding.verdict.into(), &rule.label),
        host_is: host_is
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, part)| part)
            .collect(),
        listening: finding.listening,
        listeners: listeners(judged, rule, finding),
        unresolved: names(&finding.unresolved),
        explanation: sentence::rule(judged, rule, finding),
        flows: finding
            .flows
            .iter()
            .filter_map(|at| listing.place(*at))
            .collect(),
        ports_seen: finding.ports.as_ref().map(|ports| PortsSeen {
            seen: ports.seen.to_string(),
            unseen: ports.unseen.to_string(),
        }),
        peers_seen: finding.peers.as_ref().map(|peers| PeersSeen {
            seen: peers
                .seen
                .iter()
                .copied()
                .take(judged.bounds.most_flows)
                .collect(),
            seen_left_out: peers.seen.len().saturating_sub(judged.bounds.most_flows),
            unseen: peers
                .unseen
                .as_ref()
                .map(|unseen| unseen.iter().copied().collect()),
        }),
        asked_in_vain: finding
            .in_vain
            .iter()
            .take(judged.bounds.most_flows)
            .map(|((server, port), outcome)| AskedInVain {
                server: *server,
                port: *port,
                outcome: (*outcome).into(),
            })
            .collect(),
        certainty: finding.certainty.map(|certainty| Certainty {
            level: certainty.level.into(),
            watched_seconds: certainty.watched.as_secs_f64(),
            peers_heard: certainty.peers_heard,
            peers: certainty.peers,
            comparable: certainty.comparable,
            comparable_observed: certainty.comparable_observed,
        }),
        packets: flows
            .iter()
            .map(|flow| flow.to_server.packets + flow.to_client.packets)
            .sum(),
        bytes: flows
            .iter()
            .map(|flow| flow.to_server.bytes + flow.to_client.bytes)
            .sum(),
        requests: flows.iter().map(|flow| flow.requests).sum(),
        first_seen: flows
            .iter()
            .map(|flow| judged.observed.dates.of(flow.first))
            .min(),
        last_seen: flows
            .iter()
            .map(|flow| judged.observed.dates.of(flow.last))
            .max(),
    }
}

/// A reason is published by its name; those that hide no traffic are not, since no gap is made of them.
fn uncounted(reason: Reason) -> GapReason {
    GapReason::from_name(reason.name()).unwrap_or(GapReason::Unwatched)
}

fn gap(dates: &Dates, gap: &Gap) -> schema::Gap {
    let gap = &Gap {
        cause: gap.cause.clone(),
        from: dates.of(gap.from),
        until: gap.until.map(|until| dates.of(until)),
    };
    let (reason, interface, packets) = match &gap.cause {
        Cause::CutShort { .. } => (GapReason::CutShort, None, None),
        Cause::Unwatched => (GapReason::Unwatched, None, None),
        Cause::InterfaceLost { name } => (GapReason::InterfaceLost, Some(name.clone()), None),
        Cause::InterfaceLate { name } => (GapReason::InterfaceLate, Some(name.clone()), None),
        Cause::InterfaceRefused { name, .. } => {
            (GapReason::InterfaceRefused, Some(name.clone()), None)
        }
        Cause::Detached { name } => (GapReason::Detached, Some(name.clone()), None),
        Cause::Behind { name, .. } => (GapReason::BehindOthers, Some(name.clone()), None),
        Cause::CountedBefore { name, .. } => {
            (GapReason::CountedBeforeOthers, Some(name.clone()), None)
        }
        Cause::Blind { name, .. } => (GapReason::Blind, Some(name.clone()), None),
        Cause::NotWatched { name, .. } => (GapReason::NotWatched, Some(name.clone()), None),
        Cause::NothingToWatch => (GapReason::NothingToWatch, None, None),
        Cause::Asleep { .. } => (GapReason::Asleep, None, None),
        Cause::Stalled => (GapReason::Stalled, None, None),
        Cause::Unread { .. } => (GapReason::Unread, None, None),
        Cause::HistoryDamaged { .. } => (GapReason::HistoryDamaged, None, None),
        Cause::PacketsUnread { packets, .. } => (GapReason::PacketsUnread, None, Some(*packets)),
        Cause::Uncounted { reason, packets } => (uncounted(*reason), None, Some(*packets)),
    };
    schema::Gap {
        reason,
        interface,
        packets,
        from: gap.from,
        until: gap.until,
        text: sentence::gap(gap),
    }
}
