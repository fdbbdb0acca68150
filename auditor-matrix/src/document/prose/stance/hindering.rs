//! Who is kept from asking: `Prevent the agents from reaching the Core`.

use super::Stance;
use crate::document::prose::{
    verb::{Verb, verb},
    words::Word,
};

/// Whether a word is a verb of keeping somebody from traffic. To prevent somebody from being blocked is none.
pub(super) fn hinders(words: &[Word<'_>], at: usize) -> bool {
    let is_verb = words.get(at).is_some_and(|word| {
        ["prevent", "stop", "hinder", "keep"]
            .iter()
            .any(|stem| word.lower.starts_with(stem))
    });
    let behind = words.get(at + 1..).unwrap_or_default();
    is_verb
        && behind.windows(2).take(MOST_OBJECT).any(|two| {
            matches!(two, [from, act] if from.is("from") && act.lower.ends_with("ing")
                && matches!(verb(&act.lower), Some(Verb::Ask | Verb::Transfer)))
        })
}

/// What it wants: who tells the reader to prevent something forbids it; what something else is there for is not certain.
pub(super) fn hindering(words: &[Word<'_>], at: usize) -> Stance {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let is_told = before.is_none_or(|before| {
        before.is_any(&["please", "must", "should", "and", "always"]) || before.is_mark()
    });
    let is_base = words
        .get(at)
        .is_some_and(|word| word.is_any(&["prevent", "stop", "hinder", "keep"]));
    if is_told && is_base {
        Stance::Forbidden
    } else {
        Stance::Unclear
    }
}

/// Who is kept from something takes no more words.
const MOST_OBJECT: usize = 8;
