//! Who may reach a row's port, as a remark says it without a subject of its own: `This port must be accessible from agents`.

use super::{Asker, asker_of, is_asker, is_software_name};
use crate::document::prose::{
    noun_phrase::NounPhrases,
    vocabulary::{is_adverb, is_auxiliary},
};

/// The one behind `accessible from`, where all before it are words for the port and of the verb.
pub(super) fn from(nouns: &NounPhrases<'_>, own: &str) -> Option<Asker> {
    let pieces = nouns.pieces;
    let at = (0..pieces.len().min(MOST_BEFORE)).find(|at| pieces.is_any(*at, OPEN))?;
    let is_of_verb = |at: usize| {
        let lower = pieces.lower(at);
        pieces.is_port(at)
            || is_auxiliary(lower)
            || is_adverb(lower)
            || matches!(
                lower,
                "this" | "it" | "the" | "port" | "to" | "needs" | "need" | "has"
            )
    };
    let opens = pieces.is_any(at + 1, &["from", "by"])
        || pieces.is(at + 1, "to") && !pieces.is(at, "reachable");
    if !opens || !(0..at).all(is_of_verb) {
        return None;
    }
    let other = nouns.list(at + 2)?;
    let is_end =
        other.is_machine || is_software_name(&other.text) || is_asker(&other.text, nouns.names);
    is_end.then(|| asker_of(other.text, own))
}

/// More words before it are a sentence about something else.
const MOST_BEFORE: usize = 8;

const OPEN: &[&str] = &[
    "accessible",
    "reachable",
    "open",
    "opened",
    "available",
    "exposed",
];
