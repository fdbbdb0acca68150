//! What a matrix or a deployment that is not in force would change in the verdicts on the same traffic.

use std::{collections::BTreeMap, fmt};

use super::{
    alike::alike,
    diff::{Difference, flow_name, identity, of_flow, of_rules},
    schema::{Flow, FlowVerdict, Report, RuleVerdict},
    words::{number, plural},
};

/// What becomes of a flow or a rule.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Effect {
    /// A flow that was allowed is no more.
    Undocumented,
    /// A rule's traffic is missing, refused or unanswered that was not, or the rule is new.
    Missing,
    /// A flow that was not allowed is, or a rule's traffic is missing no more.
    Settled,
    /// Anything else.
    Other,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undocumented => "becomes undocumented",
            Self::Missing => "becomes missing",
            Self::Settled => "is settled",
            Self::Other => "changes",
        })
    }
}

/// What becomes of a rule, or of flows that are alike.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    pub effect: Effect,
    /// How many flows it is of, or the one rule.
    pub n: usize,
    pub text: String,
}

/// The changes of what a report says, the gravest first; both are of the same traffic and list all of it.
///
/// Flows are compared one by one, since what is alike in one report may be cut in two by what the other one allows; and then told
/// as one where the same becomes of them.
pub fn effects(today: &Report, then: &Report) -> Vec<Change> {
    let mut changes: Vec<Change> = of_flows(today, then);
    changes.extend(of_rules(today, then).into_iter().map(|difference| Change {
        effect: of_rule(&difference),
        n: 1,
        text: told(&difference),
    }));
    changes.sort_by_key(|change| change.effect);
    changes
}

/// What becomes of a flow, what it was and what it is.
type FlowChange = (Effect, Option<String>, Option<String>);

fn of_flows(today: &Report, then: &Report) -> Vec<Change> {
    let mut flows: BTreeMap<_, [Vec<&Flow>; 2]> = BTreeMap::new();
    for (at, report) in [today, then].into_iter().enumerate() {
        for flow in &report.flows {
            let both = flows.entry(identity(flow)).or_default();
            if let Some(side) = both.get_mut(at) {
                side.push(flow);
            }
        }
    }
    let mut changed: BTreeMap<FlowChange, Vec<&Flow>> = BTreeMap::new();
    for [before, now] in flows.into_values() {
        for at in 0..before.len().max(now.len()) {
            let both = [before.get(at).copied(), now.get(at).copied()];
            let ([Some(any), _] | [None, Some(any)]) = both else {
                continue;
            };
            // A conversation that was seen at several places is counted at one.
            if both.iter().flatten().all(|flow| flow.counted_at.is_some()) {
                continue;
            }
            let [was, is] = both.map(|flow| flow.map(of_flow));
            if was != is {
                let [before, now] =
                    both.map(|flow| flow.map_or(Meaning::Neither, |flow| flow.verdict.into()));
                let key = (effect(before, now), was, is);
                changed.entry(key).or_default().push(any);
            }
        }
    }
    let mut changes = Vec::new();
    for ((effect, was, is), flows) in changed {
        for alike in alike(then, &flows) {
            let what = match alike.flows.as_slice() {
                [one] => flow_name(one),
                many => format!("{} flows: {}", number(many.len() as u64), alike.said),
            };
            let difference = match (was.clone(), is.clone()) {
                (Some(before), Some(now)) => Difference::Changed { what, before, now },
                (Some(before), None) => Difference::Gone { what, before },
                (None, Some(now)) => Difference::Appeared { what, now },
                (None, None) => continue,
            };
            changes.push(Change {
                effect,
                n: alike.flows.len(),
                text: told(&difference),
            });
        }
    }
    changes
}

/// A difference whose effect is told beside it.
fn told(difference: &Difference) -> String {
    match difference {
        Difference::Appeared { what, now } => format!("{what}: new, {now}"),
        Difference::Gone { what, before } => format!("{what}: gone, was {before}"),
        Difference::Changed { what, before, now } => format!("{what}: {before} -> {now}"),
    }
}

/// What a verdict means for whoever answers for it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Meaning {
    Allowed,
    NotAllowed,
    Missing,
    Neither,
}

impl From<FlowVerdict> for Meaning {
    fn from(verdict: FlowVerdict) -> Self {
        match verdict {
            FlowVerdict::Documented | FlowVerdict::Excepted | FlowVerdict::Housekeeping => {
                Self::Allowed
            }
            FlowVerdict::Unexpected | FlowVerdict::Forbidden => Self::NotAllowed,
        }
    }
}

/// What the name of a rule's verdict means.
fn meaning(verdict: Option<&str>) -> Meaning {
    match verdict.and_then(RuleVerdict::from_name) {
        Some(RuleVerdict::Missing | RuleVerdict::Refused | RuleVerdict::Unanswered) => {
            Meaning::Missing
        }
        Some(_) | None => Meaning::Neither,
    }
}

fn of_rule(difference: &Difference) -> Effect {
    let (before, now) = match difference {
        Difference::Appeared { now, .. } => (None, Some(now.as_str())),
        Difference::Gone { before, .. } => (Some(before.as_str()), None),
        Difference::Changed { before, now, .. } => (Some(before.as_str()), Some(now.as_str())),
    };
    effect(meaning(before), meaning(now))
}

fn effect(before: Meaning, now: Meaning) -> Effect {
    match (before, now) {
        (before, now) if before == now => Effect::Other,
        (_, Meaning::NotAllowed) => Effect::Undocumented,
        (_, Meaning::Missing) => Effect::Missing,
        (Meaning::NotAllowed | Meaning::Missing, _) => Effect::Settled,
        (Meaning::Allowed | Meaning::Neither, _) => Effect::Other,
    }
}

/// How many flows and rules each effect is of, in words.
pub fn summed_up(changes: &[Change]) -> String {
    let count = |wanted| -> usize {
        let its = changes.iter().filter(|change| change.effect == wanted);
        its.map(|change| change.n).sum()
    };
    if changes.is_empty() {
        return "Nothing would change: each verdict on this traffic is that of today".to_owned();
    }
    let of = |n: usize, what: &str, [one, several]: [&str; 2]| {
        format!("{} {}", plural(n, what), if n == 1 { one } else { several })
    };
    let become_ = ["becomes", "become"];
    let others = count(Effect::Other);
    format!(
        "What would change: {} undocumented, {} missing, {} settled, {others} {} otherwise",
        of(count(Effect::Undocumented), "flow", become_),
        of(count(Effect::Missing), "rule", become_),
        of(count(Effect::Settled), "finding", ["is", "are"]),
        if others == 1 { "changes" } else { "change" },
    )
}

#[cfg(test)]
mod tests;
