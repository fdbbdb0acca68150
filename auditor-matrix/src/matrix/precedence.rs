//! Which of several rules prevails where all of them match the same traffic.
//!
//! This alone says it: verdicts, `auditor check` and exports all ask here.

use super::rule::Presence;

/// What rules together say of traffic that all of them match.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Said<R> {
    /// There is no rule.
    Nothing,
    /// These allow it, and none forbids it.
    Allowed(Vec<R>),
    /// These forbid it, whatever others allow: who writes a narrow prohibition beside a wide permission means it.
    Forbidden { by: Vec<R>, though: Vec<R> },
}

/// What the rules that match some traffic together say of it: a rule that forbids prevails over all that allow.
pub fn said<R>(matching: Vec<R>, presence: impl Fn(&R) -> Presence) -> Said<R> {
    let (forbidding, allowing): (Vec<R>, Vec<R>) = matching
        .into_iter()
        .partition(|rule| presence(rule).forbids());
    match (forbidding.is_empty(), allowing.is_empty()) {
        (false, _) => Said::Forbidden {
            by: forbidding,
            though: allowing,
        },
        (true, false) => Said::Allowed(allowing),
        (true, true) => Said::Nothing,
    }
}

/// Rules in an order in which the first that matches says what [`said`] says, for what stops at the first match.
pub fn first_match<R>(rules: Vec<R>, presence: impl Fn(&R) -> Presence) -> Vec<R> {
    let (mut order, allowing): (Vec<R>, Vec<R>) =
        rules.into_iter().partition(|rule| presence(rule).forbids());
    order.extend(allowing);
    order
}

impl Presence {
    /// Whether a rule of this presence forbids what it matches; all others allow it.
    pub const fn forbids(self) -> bool {
        match self {
            Self::Forbidden => true,
            Self::Required | Self::Expected | Self::Optional => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::{Said, first_match, said};
    use crate::matrix::Presence;

    const ALL: [Presence; 4] = [
        Presence::Required,
        Presence::Expected,
        Presence::Optional,
        Presence::Forbidden,
    ];

    #[test]
    fn forbidden_beats_allowed() {
        for allowing in &ALL[..3] {
            for both in [
                [*allowing, Presence::Forbidden],
                [Presence::Forbidden, *allowing],
            ] {
                let forbidden = Said::Forbidden {
                    by: vec![Presence::Forbidden],
                    though: vec![*allowing],
                };
                assert_eq!(said(both.to_vec(), |rule| *rule), forbidden);
            }
        }
        assert_eq!(said(Vec::new(), |rule| *rule), Said::Nothing);
    }

    proptest! {
        #[test]
        fn the_first_match_says_the_same(rules in prop::collection::vec((select(&ALL[..]), any::<bool>()), 0..8)) {
            let matching: Vec<_> = rules.iter().filter(|(_, matches)| *matches).collect();
            let first = first_match(rules.iter().collect(), |rule| rule.0);
            let first = first.into_iter().find(|(_, matches)| *matches);
            match said(matching, |rule| rule.0) {
                Said::Nothing => prop_assert!(first.is_none()),
                Said::Allowed(_) => prop_assert!(!first.expect("one allows").0.forbids()),
                Said::Forbidden { .. } => prop_assert!(first.expect("one forbids").0.forbids()),
            }
        }
    }
}
