//! Rules of a fleet: who took part, who did not, and where what was asked is lost.

use std::collections::BTreeMap;

use super::super::{
    conversation::Conversation,
    course::Course,
    schema::{self, CourseKind, MissingOn, Rule, RuleCourse},
    sentence,
    verdict::RuleView,
};
use crate::{
    audit::{PolicyRule, RuleFinding, RuleVerdict},
    matrix::Presence,
    observed::Fleet,
    report::{Judged, schema::Severity},
    transport::Transport,
};

/// Hosts of a rule that are listed.
const MOST_HOSTS: usize = 200;

/// What is said of a rule.
pub(super) fn rule(
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
        if matches!(
            kind,
            CourseKind::Answered | CourseKind::Contradiction | CourseKind::AskedByOther
        ) {
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
            first_seen: one.flow.first,
            last_seen: one.flow.last,
        });
        group.conversations += 1;
        group.first_seen = group.first_seen.min(one.flow.first);
        group.last_seen = group.last_seen.max(one.flow.last);
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
            | CourseKind::AskedByOther
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
