//! Ends that a condition names of what has to be opened for it: `If your users need to reach the gates, allow requests to port 88.`

use super::{
    clause::{self, Ends},
    noun_phrase::NounPhrases,
    piece::Pieces,
    stance::{Stance, stance},
    verb::{Verb, verb},
    words::{Word, words},
};
use crate::document::{names::Names, row::Direction};

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

/// Whom the reader reaches by what comes in: `if you would like to access your store nodes`.
pub(super) fn reached(condition: &str, direction: Direction, names: &Names) -> Option<Ends> {
    if direction != Direction::Inbound || MOST_LENGTH < condition.len() {
        return None;
    }
    let words = words(condition);
    let pieces = Pieces::new(condition, &words, &[]);
    let you = (0..pieces.len()).find(|at| pieces.is_any(*at, &["you", "we"]))?;
    let at = (you + 1..pieces.len().min(you + MOST_BETWEEN)).find(|at| {
        pieces.is_any(*at, &["access", "reach"])
            || pieces.is_any(*at, &["connect", "log"]) && pieces.is_any(at + 1, &["to", "into"])
    })?;
    let joint = usize::from(pieces.is_any(at + 1, &["to", "into"]));
    let machine = NounPhrases {
        pieces: &pieces,
        names,
    }
    .list(at + 1 + joint)?;
    let is_known = machine.is_machine && stance(&words) == Stance::Wanted;
    is_known.then(|| Ends {
        server: Some(machine.text),
        ..Ends::default()
    })
}

/// So many words stand between who wants something and what is wanted: `you would like to`.
const MOST_BETWEEN: usize = 6;

const MOST_LENGTH: usize = 400;
