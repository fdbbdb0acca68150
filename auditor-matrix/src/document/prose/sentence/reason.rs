//! Why others must keep off ports: `Nothing else may listen on ports 80 and 443, as these are used by the Core`.
//!
//! What is denied is another program's, and the reason says who has the ports instead.

use crate::document::{
    names::Names,
    prose::{
        noun_phrase::NounPhrases,
        piece::Pieces,
        port_phrase::PortPhrase,
        words::{Kind, Word},
    },
};

/// The clause that says so.
pub(super) struct Reason {
    /// The word at which it begins.
    pub(super) start: usize,
    pub(super) server: Option<String>,
}

/// The verb stands close behind the pronoun.
const NEAR: usize = 5;

impl Reason {
    pub(super) fn of(
        pieces: &Pieces<'_>,
        words: &[Word<'_>],
        phrases: &[PortPhrase],
        names: &Names,
    ) -> Option<Self> {
        let last = phrases
            .iter()
            .filter(|phrase| !phrase.ports.is_empty())
            .map(|phrase| phrase.words.end)
            .max()?;
        let denies = words.get(..last)?.iter().any(|word| {
            word.is_any(&[
                "not", "no", "nothing", "none", "never", "cannot", "don't", "mustn't", "free",
                "unused", "stop", "disable", "disabled",
            ])
        });
        let start = (last..words.len()).find(|at| {
            words
                .get(*at)
                .is_some_and(|word| word.is_any(&["as", "because", "since", "for"]))
                && words.get(at + 1).is_some_and(|next| {
                    next.is_any(&[
                        "these", "those", "they", "it", "this", "them", "the", "all", "both",
                    ]) || next.is_capitalised()
                })
        })?;
        if !denies {
            return None;
        }
        let at = (0..pieces.len()).find(|at| {
            pieces
                .word(*at)
                .zip(words.get(start))
                .is_some_and(|(piece, word)| piece.start == word.start)
        })?;
        let nouns = NounPhrases { pieces, names };
        // "these are used by the Core", "the Core listens on them"
        let used = (at + 1..pieces.len()).take(NEAR).find(|at| {
            pieces.is_any(
                *at,
                &[
                    "used", "needed", "required", "reserved", "taken", "occupied",
                ],
            )
        });
        if let Some(used) = used {
            let by = used + 1;
            let server = (pieces.is_any(by, &["by", "for"]))
                .then(|| nouns.list(by + 1))
                .flatten();
            return Some(Self {
                start,
                server: server.map(|server| server.text),
            });
        }
        let who = nouns.list(at + 1)?;
        let listens = pieces.is_any(
            who.end,
            &[
                "listens", "listen", "uses", "use", "needs", "need", "binds", "bind", "requires",
            ],
        );
        let is_them = (who.end + 1..pieces.len()).take(NEAR).any(|at| {
            pieces.is_any(at, &["them", "these", "those", "it", "both", "this"])
                || pieces.kind(at) == Some(Kind::Word) && pieces.is(at, "ports")
        });
        (listens && is_them).then_some(Self {
            start,
            server: Some(who.text),
        })
    }
}
