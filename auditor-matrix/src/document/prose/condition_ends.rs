//! Ends that a condition names of what has to be opened for it: `If your users need to reach the gates, allow requests to port 88.`

use super::{
    clause::{self, Ends},
    piece::Pieces,
    stance::{Stance, stance},
    verb::{Verb, verb},
    words::{Word, words},
};
use crate::document::names::Names;

/// The ends of a condition, if `rest`, the sentence without it, asks its reader to open something.
pub(super) fn ends(condition: &str, rest: &[Word<'_>], names: &Names) -> Option<Ends> {
    let asks = rest
        .iter()
        .any(|word| verb(&word.lower) == Some(Verb::Open))
        && rest
            .iter()
            .filter(|word| !word.is_mark())
            .take(2)
            .any(|word| word.is_any(&["you", "we"]) || verb(&word.lower) == Some(Verb::Open));
    if !asks || stance(rest) != Stance::Wanted || MOST_LENGTH < condition.len() {
        return None;
    }
    let (_, said) = condition.split_once(' ')?;
    let words = words(said);
    if stance(&words) != Stance::Wanted {
        return None;
    }
    let mut both = clause::clauses(&Pieces::new(said, &words, &[]), names)
        .into_iter()
        .map(|clause| clause.ends)
        .filter(|ends| ends.n_known() == 2);
    let first = both.next()?;
    both.next().is_none().then_some(first)
}

const MOST_LENGTH: usize = 400;
