//! What a matrix or a deployment that is not in force would change in the verdicts on the same traffic.

use std::fmt;

use super::{
    diff::{Difference, diff},
    schema::{FlowVerdict, Report, RuleVerdict},
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

/// The effects on what a report says, the gravest first; both are of the same traffic and list all of it.
pub fn effects(today: &Report, then: &Report) -> Vec<(Effect, Difference)> {
    let mut effects: Vec<(Effect, Difference)> = diff(today, then)
        .into_iter()
        .map(|difference| (effect(&difference), difference))
        .collect();
    effects.sort_by_key(|(effect, _)| *effect);
    effects
}

/// What a verdict means for whoever answers for it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Meaning {
    Allowed,
    NotAllowed,
    Missing,
    Neither,
}

fn meaning(verdict: Option<&str>) -> Meaning {
    // A flow's verdict is followed by its reason and its outcome.
    let word = verdict.and_then(|text| text.split([' ', ',']).next());
    let Some(word) = word else {
        return Meaning::Neither;
    };
    if let Some(verdict) = FlowVerdict::from_name(word) {
        return match verdict {
            FlowVerdict::Documented | FlowVerdict::Excepted | FlowVerdict::Housekeeping => {
                Meaning::Allowed
            }
            FlowVerdict::Unexpected | FlowVerdict::Forbidden => Meaning::NotAllowed,
        };
    }
    match RuleVerdict::from_name(word) {
        Some(RuleVerdict::Missing | RuleVerdict::Refused | RuleVerdict::Unanswered) => {
            Meaning::Missing
        }
        Some(_) | None => Meaning::Neither,
    }
}

fn effect(difference: &Difference) -> Effect {
    let (before, now) = match difference {
        Difference::Appeared { now, .. } => (None, Some(now.as_str())),
        Difference::Gone { before, .. } => (Some(before.as_str()), None),
        Difference::Changed { before, now, .. } => (Some(before.as_str()), Some(now.as_str())),
    };
    match (meaning(before), meaning(now)) {
        (before, now) if before == now => Effect::Other,
        (_, Meaning::NotAllowed) => Effect::Undocumented,
        (_, Meaning::Missing) => Effect::Missing,
        (Meaning::NotAllowed | Meaning::Missing, _) => Effect::Settled,
        (Meaning::Allowed | Meaning::Neither, _) => Effect::Other,
    }
}

/// How many effects of each kind there are, in words.
pub fn summed_up(effects: &[(Effect, Difference)]) -> String {
    let count = |wanted| {
        effects
            .iter()
            .filter(|(effect, _)| *effect == wanted)
            .count()
    };
    if effects.is_empty() {
        return "Nothing would change: each verdict on this traffic is that of today".to_owned();
    }
    format!(
        "What would change: {} flows become undocumented, {} rules become missing, {} findings are settled, {} change otherwise",
        count(Effect::Undocumented),
        count(Effect::Missing),
        count(Effect::Settled),
        count(Effect::Other),
    )
}

#[cfg(test)]
mod tests {
    use super::{Difference, Effect, effect};

    #[test]
    fn what_becomes_of_verdicts() {
        let changed = |before: &str, now: &str| {
            effect(&Difference::Changed {
                what: "it".to_owned(),
                before: before.to_owned(),
                now: now.to_owned(),
            })
        };
        for (before, now, expected) in [
            (
                "documented, established",
                "unexpected (port), established",
                Effect::Undocumented,
            ),
            (
                "excepted, refused",
                "forbidden, refused",
                Effect::Undocumented,
            ),
            (
                "unexpected (peer), refused",
                "documented, refused",
                Effect::Settled,
            ),
            (
                "unexpected (port), refused",
                "unexpected (peer), refused",
                Effect::Other,
            ),
            ("observed", "missing", Effect::Missing),
            ("missing", "unanswered", Effect::Other),
            ("refused", "observed", Effect::Settled),
            ("observed", "off", Effect::Other),
        ] {
            assert_eq!(changed(before, now), expected, "{before} -> {now}");
        }
        let appeared = |now: &str| {
            effect(&Difference::Appeared {
                what: "rule".to_owned(),
                now: now.to_owned(),
            })
        };
        assert_eq!(appeared("missing"), Effect::Missing);
        assert_eq!(appeared("observed"), Effect::Other);
        let gone = |before: &str| {
            effect(&Difference::Gone {
                what: "rule".to_owned(),
                before: before.to_owned(),
            })
        };
        assert_eq!(gone("missing"), Effect::Settled);
    }
}
