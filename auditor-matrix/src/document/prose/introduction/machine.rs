//! The machine whose ports a line introduces.

use super::TITLE_WORDS;
use crate::document::{
    prose::{
        noun_phrase::NounPhrases,
        piece::Pieces,
        words::{Kind, Word},
    },
    section,
};

/// The machine that a line is about: `On the Core server, run`, `Core server`.
pub(super) fn machine(
    nouns: &NounPhrases<'_>,
    words: &[Word<'_>],
    text: &str,
    is_sentence: bool,
) -> Option<String> {
    let pieces = nouns.pieces;
    let on = (0..pieces.len())
        .filter(|at| pieces.is_any(*at, &["on", "for", "of", "by"]) && !is_aside(pieces, *at))
        .find_map(|at| {
            let is_certain = pieces.is(at, "on");
            nouns
                .list(at + 1)
                .filter(|found| found.is_machine)
                .filter(|found| is_certain || !is_sentence && found.end == pieces.len())
        });
    if let Some(on) = on {
        return Some(on.text);
    }
    // "The Core server needs the following ports"
    if let Some(subject) = nouns.list(0)
        && subject.is_machine
    {
        let needs = pieces.is_any(
            behind_bracket(pieces, subject.end),
            &[
                "needs", "need", "requires", "require", "has", "have", "uses", "use",
            ],
        );
        if needs
            || !is_sentence && subject.end == pieces.len() && subject.text.split(' ').count() <= 4
        {
            let is_named = nouns.names.contains(&subject.text)
                || subject
                    .text
                    .split(' ')
                    .next_back()
                    .is_some_and(|last| section::is_machine(&last.to_lowercase()));
            return (needs || is_named).then_some(subject.text);
        }
    }
    section::owner(text, nouns.names).or_else(|| {
        (!is_sentence && words.len() <= TITLE_WORDS)
            .then(|| section::section(text, nouns.names).role)
            .flatten()
    })
}

/// The place behind the bracket that begins at a place, if one does: "The relays (the small ones included) use this port".
fn behind_bracket(pieces: &Pieces<'_>, at: usize) -> usize {
    if pieces.kind(at) != Some(Kind::Open) {
        return at;
    }
    let end = (at..pieces.len()).find(|at| pieces.kind(*at) == Some(Kind::Close));
    end.map_or(at, |end| end + 1)
}

/// Whether a place is in brackets, where nothing is said that holds for what follows: "(for instance, on the Store)".
fn is_aside(pieces: &Pieces<'_>, at: usize) -> bool {
    let count = |kind: Kind| (0..at).filter(|at| pieces.kind(*at) == Some(kind)).count();
    count(Kind::Close) < count(Kind::Open)
}
