//! Builds the report of a fleet from its verdicts.

mod host;
mod rule;

use std::cmp::Reverse;

use self::{
    host::{host, unwatched},
    rule::rule,
};
use super::{
    conversation::Conversation,
    course::{Course, Loss},
    finding::{findings, side_of},
    schema::{self, Finding, FleetReport, Host, Rule, SCHEMA_VERSION, Summary, Voice},
    sentence,
    state::FleetState,
    verdict::FleetVerdict,
};
use crate::{
    audit::{Policy, PolicyProblem},
    matrix::Weight,
    observed::{Fleet, Outcome},
    report::{
        Controls, Judged, ListingBounds, MatrixSource, Run,
        schema::{self as published, Severity, Tool, Window},
    },
};

/// More findings are counted and not listed.
const MOST_FINDINGS: usize = 1000;
/// A loss of fewer packets is what any network has.
const LEAST_LOSS: u64 = 3;

impl FleetReport {
    /// Builds the value that is written and rendered, and hands back what was judged.
    pub fn new(
        state: &FleetState,
        verdict: FleetVerdict<'_>,
        policy: Policy,
        matrices: Vec<MatrixSource>,
    ) -> (Self, Judged) {
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
            bounds: ListingBounds {
                most_flows: MOST_FINDINGS,
                ..ListingBounds::NONE
            },
            controls: Controls::default(),
            run: Run::default(),
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
        let report = Self {
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
        };
        (report, judged)
    }
}

fn problems(state: &FleetState, judged: &Judged) -> Vec<String> {
    let of_policy = judged.audit.problems.iter();
    let of_policy = of_policy.filter(|problem| problem.weight() == Weight::Wrong);
    let mut problems: Vec<String> = of_policy
        .map(|problem| match (problem, state.hosts.is_empty()) {
            (PolicyProblem::HostWithoutRole { .. }, true) => {
                "no host has published anything yet, so nothing was looked at".to_owned()
            }
            (PolicyProblem::HostWithoutRole { .. }, false) => {
                "no host that publishes has an address of a role of the deployment".to_owned()
            }
            (problem, _) => problem.to_string(),
        })
        .collect();
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

/// Conversations of which one host says that they were answered, and the other that it knows nothing of them.
fn contradictions(
    judged: &Judged,
    fleet: &Fleet,
    conversations: &[Conversation<'_>],
    courses: &[Course],
) -> Vec<Finding> {
    let all = conversations.iter().zip(courses);
    let all = all.filter(|(_, course)| {
        matches!(
            course,
            Course::Contradiction { .. } | Course::AskedByOther { .. }
        )
    });
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
