//! Builds the report of a fleet from its verdicts.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::{
    conversation::Conversation,
    course::{Course, Loss},
    finding::{findings, side_of},
    schema::{
        self, CourseKind, Finding, FleetReport, Host, MissingOn, Rule, RuleCourse, SCHEMA_VERSION,
        Summary, Unwatched, Voice,
    },
    sentence,
    state::FleetState,
    verdict::{FleetVerdict, HostView, RuleView},
};
use crate::{
    audit::{Policy, PolicyRule, RuleFinding, RuleVerdict},
    matrix::{Presence, Weight},
    observed::{Fleet, Outcome},
    report::{
        Judged, MatrixSource, duration_words,
        schema::{self as published, Severity, Tool, Window},
    },
    transport::Transport,
};

/// More findings are counted and not listed.
const MOST_FINDINGS: usize = 1000;
/// The same of hosts of a rule.
const MOST_HOSTS: usize = 200;
/// A role of more addresses is a network, where not every address is expected to be a host.
const MOST_ADDRESSES: usize = 64;
/// A loss of fewer packets is what any network has.
const LEAST_LOSS: u64 = 3;

impl FleetReport {
    /// Builds the value that is written and rendered.
    pub fn new(
        state: &FleetState,
        verdict: FleetVerdict<'_>,
        policy: Policy,
        matrices: Vec<MatrixSource>,
    ) -> Self {
        let FleetVerdict {
            hosts,
            observed,
            conversations,
            audit,
            courses,
            losses,
            rules: views,
        } = verdict;
        let judged = Judged {
            observed,
            policy,
            audit,
            matrices,
            unset_conditions: Vec::new(),
            most_flows: MOST_FINDINGS,
        };
        let fleet = judged.observed.host.fleet.clone().unwrap_or_default();
        let mut listed = findings(&judged, &fleet, &conversations, &courses);
        listed.extend(contradictions(&judged, &fleet, &conversations, &courses));
        listed.extend(lost(&judged, &fleet, &conversations, &losses));
        listed.sort_by_key(|one| Reverse(one.severity));
        let rules: Vec<Rule> = judged
            .policy
            .rules
            .iter()
            .zip(&judged.audit.rules)
            .zip(&views)
            .map(|((one, finding), view)| {
                rule(
                    &judged,
                    &fleet,
                    (&conversations, &courses),
                    one,
                    finding,
                    view,
                )
            })
            .collect();
        let hosts: Vec<Host> = hosts.iter().map(host).collect();
        let problems = problems(state, &judged);
        let mut summary = Summary {
            hosts: hosts.len(),
            silent: hosts
                .iter()
                .filter(|one| one.voice == Voice::Silent)
                .count(),
            warnings: problems.len(),
            ..Summary::default()
        };
        let severities = listed.iter().map(|one| one.severity);
        let severities = severities
            .chain(rules.iter().map(|one| one.severity))
            .chain(hosts.iter().map(|one| one.severity));
        for severity in severities {
            match severity {
                Severity::Fine => {}
                Severity::Note => summary.notes += 1,
                Severity::Warning => summary.warnings += 1,
                Severity::Violation => summary.violations += 1,
            }
        }
        for finding in &judged.audit.flows {
            let verdict = finding.verdict.name().to_owned();
            *summary.flows.entry(verdict).or_default() += 1;
        }
        for one in &rules {
            let verdict = one.verdict.name().to_owned();
            *summary.rules.entry(verdict).or_default() += 1;
        }
        let window = judged.observed.window;
        let findings_left_out = listed.len().saturating_sub(MOST_FINDINGS);
        listed.truncate(MOST_FINDINGS);
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            summary,
            window: Window {
                start: window.start,
                end: window.end,
                seconds: window.length().as_secs_f64(),
                asked_seconds: window.planned.as_secs_f64(),
                since: window.since,
            },
            matrices: judged
                .matrices
                .iter()
                .map(|matrix| published::Matrix {
                    name: matrix.name.clone(),
                    version: matrix.version.clone(),
                    path: matrix.path.display().to_string(),
                    sha256: matrix.sha256.clone(),
                    rules: matrix.n_rules,
                })
                .collect(),
            hosts,
            unwatched: unwatched(&judged.policy, &fleet),
            problems,
            findings: listed,
            findings_left_out,
            rules,
        }
    }
}

fn problems(state: &FleetState, judged: &Judged) -> Vec<String> {
    let of_policy = judged.audit.problems.iter();
    let of_policy = of_policy.filter(|problem| problem.weight() == Weight::Wrong);
    let mut problems: Vec<String> = of_policy.map(ToString::to_string).collect();
    let of_messages = state.problems.iter();
    problems.extend(
        of_messages
            .map(|(subject, problem)| format!("a message under {subject} is not read: {problem}")),
    );
    if 0 < state.problems_left_out {
        let more = state.problems_left_out;
        problems.push(format!("{more} more messages are not read"));
    }
    problems
}

fn host(view: &HostView<'_>) -> Host {
    let said = view.state;
    let mut remarks = Vec::new();
    let mut severity = Severity::Fine;
    let mut remark = |grave: Severity, text: String| {
        severity = severity.max(grave);
        remarks.push(text);
    };
    let voice = if let Some(machine) = view.other_machine {
        remark(
            Severity::Warning,
            format!(
                "another machine ({machine}) publishes under this name, or wants to, so nothing of either counts: give one of them another name in [fleet]"
            ),
        );
        Voice::Twofold
    } else if view.is_silent {
        remark(
            Severity::Warning,
            format!(
                "silent since {:.0}, and it speaks every {} where all is well: its watch is stopped, or it can't reach the servers",
                view.spoke,
                duration_words(said.every)
            ),
        );
        Voice::Silent
    } else {
        Voice::Speaking
    };
    if !view.differs.is_empty() {
        remark(
            Severity::Warning,
            format!(
                "compares with others than this: {}",
                sentence::listed(&view.differs)
            ),
        );
    }
    if said.flows_left_out != 0 && voice == Voice::Speaking {
        remark(
            Severity::Warning,
            "has not published all of its flows".to_owned(),
        );
    }
    let hiding = said.gaps.iter().filter(|gap| gap.hides);
    for gap in hiding.take(MOST_GAPS) {
        remark(Severity::Note, gap.text.clone());
    }
    if !said.unwatched.is_empty() {
        let names: Vec<&String> = said.unwatched.iter().collect();
        remark(
            Severity::Note,
            format!("does not watch {}", sentence::listed(&names)),
        );
    }
    let offset = view.record.offset().as_secs();
    if offset != 0 {
        let (by, which) = (offset.abs(), if 0 < offset { "behind" } else { "ahead of" });
        remark(
            Severity::Note,
            format!(
                "its clock is {by} s {which} the servers', and its times are set right by that"
            ),
        );
    }
    Host {
        name: view.name.to_owned(),
        voice,
        severity,
        remarks,
        addresses: said
            .addresses
            .iter()
            .copied()
            .filter(|address| !address.is_loopback())
            .collect(),
        roles: said.roles.clone(),
        interfaces: said.interfaces.clone(),
        version: said.version.clone(),
        kernel: said.kernel.clone(),
        spoke: view.spoke,
        since: said.since,
        clock_behind_seconds: offset,
        flows: view.n_flows,
    }
}

/// Gaps of a host that are told.
const MOST_GAPS: usize = 5;

/// The roles of rules that have addresses which no speaking host has.
fn unwatched(policy: &Policy, fleet: &Fleet) -> Vec<Unwatched> {
    let mut roles: BTreeMap<String, BTreeSet<IpAddr>> = BTreeMap::new();
    for rule in policy.rules.iter().filter(|rule| rule.applies) {
        for (side, names) in [
            (&rule.client, &rule.rule.client),
            (&rule.server, &rule.rule.server),
        ] {
            let hosts = side.addresses.as_ref();
            let Some(hosts) = hosts.and_then(|hosts| hosts.listed(MOST_ADDRESSES)) else {
                continue;
            };
            let unwatched = hosts.into_iter().filter(|one| !fleet.watches(*one));
            for address in unwatched {
                for role in policy.roles_of(address) {
                    if names.contains(role) {
                        roles
                            .entry(role.name().to_owned())
                            .or_default()
                            .insert(address);
                    }
                }
            }
        }
    }
    roles
        .into_iter()
        .map(|(role, addresses)| Unwatched {
            role,
            addresses: addresses.into_iter().collect(),
        })
        .collect()
}

fn rule(
    judged: &Judged,
    fleet: &Fleet,
    (conversations, courses): (&[Conversation<'_>], &[Course]),
    rule: &PolicyRule,
    finding: &RuleFinding,
    view: &RuleView,
) -> Rule {
    let mut groups: BTreeMap<(CourseKind, String), RuleCourse> = BTreeMap::new();
    let mut answered = 0;
    let mut severity: Severity = finding.severity.into();
    for at in &finding.flows {
        let (Some(one), Some(course)) = (conversations.get(*at), courses.get(*at)) else {
            continue;
        };
        let kind = sentence::kind(course);
        if matches!(kind, CourseKind::Answered | CourseKind::Contradiction) {
            answered += 1;
            continue;
        }
        // Those of one pair of hosts are told in a sentence; there may be many pairs.
        let text = sentence::course(fleet, &one.flow, course);
        let key = (kind, text.clone());
        let is_new = !groups.contains_key(&key);
        if is_new && MOST_COURSES <= groups.len() {
            continue;
        }
        let group = groups.entry(key).or_insert_with(|| RuleCourse {
            course: schema::Course { kind, text },
            conversations: 0,
            client: one.flow.client,
            server: one.flow.server,
        });
        group.conversations += 1;
        // Some are answered, and this pair is not.
        let needs_answer = rule.rule.transport != Transport::Udp;
        let is_proven = match kind {
            CourseKind::NeverArrived
            | CourseKind::AnswerLost
            | CourseKind::RefusedByServer
            | CourseKind::RefusedOnTheWay => true,
            CourseKind::Unanswered => needs_answer,
            CourseKind::Answered
            | CourseKind::ArrivesOtherwise
            | CourseKind::Contradiction
            | CourseKind::Unknown => false,
        };
        if is_proven && finding.verdict == RuleVerdict::Observed {
            severity = severity.max(Severity::Warning);
        }
    }
    if finding.verdict == RuleVerdict::Observed && !view.missing.is_empty() {
        severity = severity.max(match rule.rule.presence {
            Presence::Required => Severity::Warning,
            Presence::Expected => Severity::Note,
            Presence::Optional | Presence::Forbidden => Severity::Fine,
        });
    }
    let roles = |roles: &[crate::role::Role]| -> Vec<String> {
        roles.iter().map(|role| role.name().to_owned()).collect()
    };
    let names = |hosts: &mut dyn Iterator<Item = usize>| -> Vec<String> {
        hosts
            .take(MOST_HOSTS)
            .map(|host| sentence::name(fleet, host).to_owned())
            .collect()
    };
    let takes_part = matches!(
        finding.verdict,
        RuleVerdict::Observed
            | RuleVerdict::Unanswered
            | RuleVerdict::Refused
            | RuleVerdict::Missing
            | RuleVerdict::Unassessed
            | RuleVerdict::Idle
    );
    Rule {
        id: rule.label.clone(),
        matrix: judged
            .matrices
            .get(rule.matrix)
            .map_or_else(String::new, |matrix| matrix.name.clone()),
        verdict: finding.verdict.into(),
        severity,
        client: roles(&rule.rule.client),
        server: roles(&rule.rule.server),
        transport: rule.rule.transport.into(),
        ports: rule.rule.ports.to_string(),
        service: rule.rule.service.clone(),
        presence: rule.rule.presence.into(),
        origin: rule.rule.origin.clone(),
        explanation: sentence::rule(judged.observed.window.length(), fleet, rule, finding, view),
        conversations: finding.flows.len(),
        answered,
        courses: groups.into_values().collect(),
        seen_by: names(&mut view.seen.iter().copied()),
        missing_on: if takes_part {
            let missing = view.missing.iter().take(MOST_HOSTS);
            missing
                .map(|(host, part)| MissingOn {
                    host: sentence::name(fleet, *host).to_owned(),
                    part: *part,
                })
                .collect()
        } else {
            Vec::new()
        },
        unassessed_on: if takes_part {
            names(&mut view.unassessed.iter().copied())
        } else {
            Vec::new()
        },
    }
}

/// Courses of a rule that are told.
const MOST_COURSES: usize = 20;

/// Conversations of which one host says that they were answered, and the other that it knows nothing of them.
fn contradictions(
    judged: &Judged,
    fleet: &Fleet,
    conversations: &[Conversation<'_>],
    courses: &[Course],
) -> Vec<Finding> {
    let all = conversations.iter().zip(courses);
    let all = all.filter(|(_, course)| matches!(course, Course::Contradiction { .. }));
    all.map(|(one, course)| {
        let text = sentence::course(fleet, &one.flow, course);
        let kind = ("contradiction", Severity::Warning, course);
        single(judged, fleet, one, kind, text)
    })
    .collect()
}

/// Conversations that lost packets on their way.
fn lost(
    judged: &Judged,
    fleet: &Fleet,
    conversations: &[Conversation<'_>],
    losses: &[Option<Loss>],
) -> Vec<Finding> {
    let all = conversations.iter().zip(losses);
    all.filter_map(|(one, loss)| {
        let loss = loss.as_ref()?;
        let n_lost = loss.to_server.0 + loss.to_client.0;
        let start = judged.observed.window.start;
        let is_answered = one.flow.outcome_since(start) == Outcome::Established;
        (LEAST_LOSS <= n_lost && is_answered).then(|| {
            let text = sentence::loss(fleet, loss);
            let kind = ("loss", Severity::Note, &Course::Answered);
            single(judged, fleet, one, kind, text)
        })
    })
    .collect()
}

/// A finding on one conversation that is none of its verdict.
fn single(
    judged: &Judged,
    fleet: &Fleet,
    one: &Conversation<'_>,
    (kind, severity, course): (&str, Severity, &Course),
    explanation: String,
) -> Finding {
    let flow = &one.flow;
    Finding {
        severity,
        kind: kind.to_owned(),
        verdict: None,
        reason: None,
        service: sentence::service(flow),
        client: side_of(judged, fleet, flow.client),
        server: side_of(judged, fleet, flow.server),
        conversations: 1,
        explanation,
        course: schema::Course {
            kind: sentence::kind(course),
            text: sentence::course(fleet, flow, course),
        },
        processes: Vec::new(),
        first_seen: flow.first,
        last_seen: flow.last,
        packets: flow
            .to_server
            .packets
            .saturating_add(flow.to_client.packets),
    }
}
