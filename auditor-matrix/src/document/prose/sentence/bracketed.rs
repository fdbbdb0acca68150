//! Whose ports a bracket gives: it stands right behind the name of what has them, as in `before sending it to Ledger (port 9200)`.

use std::ops::Range;

use crate::document::{
    application_protocol, cell,
    prose::{
        noun_phrase::NounPhrases,
        piece::Pieces,
        vocabulary::is_abstract,
        words::{Kind, Word},
    },
    section,
};

/// The name right before the bracket that a phrase of ports begins.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Bracketed {
    pub(super) name: String,
    /// The sentence says that something goes there: `to Ledger (port 9200)`.
    pub(super) is_reached: bool,
}

/// What has the ports of a phrase, if a bracket behind its name begins with them.
pub(super) fn bracketed(
    pieces: &Pieces<'_>,
    words: &[Word<'_>],
    phrase: &Range<usize>,
    nouns: &NounPhrases<'_>,
) -> Option<Bracketed> {
    let open = words.get(phrase.start.checked_sub(1)?)?;
    let closes = words.get(phrase.end).is_some_and(|behind| {
        behind.kind == Kind::Close || behind.is_any(&["on", "of"]) || behind.kind == Kind::Comma
    });
    if open.kind != Kind::Open || !closes {
        return None;
    }
    let bracket = (0..pieces.len()).find(|at| {
        pieces
            .word(*at)
            .is_some_and(|word| word.start == open.start)
    })?;
    let start = (bracket.saturating_sub(MOST_WORDS)..bracket).find(|start| {
        nouns
            .one(*start)
            .is_some_and(|noun| noun.end == bracket && noun.n_parts == 1)
    })?;
    let noun = nouns.one(start)?;
    let last = noun
        .text
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let is_name = noun.text.starts_with(char::is_uppercase) && nouns.names.contains(&noun.text)
        || noun.text.starts_with(char::is_uppercase) && section::is_machine(&last)
        || noun.text.starts_with(char::is_uppercase) && !noun.text.contains(' ') && 0 < start;
    let is_spoken = noun.text.split(' ').all(|word| {
        application_protocol::is_only_spoken(word) || cell::stated(&word.to_lowercase()).is_some()
    });
    let before = start.checked_sub(1);
    // Behind `from` and `by` it is who asks.
    let is_other =
        before.is_some_and(|before| pieces.is_any(before, &["from", "by", "via", "over"]));
    (is_name && !is_spoken && !is_other && !is_abstract(&last)).then(|| Bracketed {
        is_reached: before.is_some_and(|before| pieces.is(before, "to")),
        name: noun.text,
    })
}

/// A name has no more words.
const MOST_WORDS: usize = 4;
