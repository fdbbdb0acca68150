//! Two that a firewall stands between: `If a firewall separates the agents from the Core, open these ports on the Core`.
//!
//! That says who talks to whom, but not which of them asks; where the ports are on one of the two, the other one does.

use super::{Ends, Grammar};
use crate::document::{
    names::Names,
    prose::{
        noun_phrase::{NounPhrase, NounPhrases},
        piece::Pieces,
        vocabulary::{is_adverb, is_auxiliary},
        words::words,
    },
};

/// Adds to ends without a client the other one of two that a condition of the sentence separates.
pub(in crate::document::prose) fn add_separated(ends: &mut Ends, sentence: &str, names: &Names) {
    let lower = sentence.to_lowercase();
    if ends.client.is_some() || ends.is_mutual || !lower.contains("firewall") {
        return;
    }
    let Some(server) = ends.server.as_deref() else {
        return;
    };
    let words = words(sentence);
    let pieces = Pieces::new(sentence, &words, &[]);
    let grammar = Grammar {
        pieces: &pieces,
        nouns: NounPhrases {
            pieces: &pieces,
            names,
        },
    };
    let is_server = |who: &NounPhrase| who.text.eq_ignore_ascii_case(server);
    let other = (0..pieces.len())
        .find_map(|at| grammar.separated_at(at))
        .and_then(|pair| match pair {
            (one, other) if is_server(&one) && !is_server(&other) => Some(other),
            (one, other) if is_server(&other) && !is_server(&one) => Some(one),
            _ => None,
        });
    if let Some(other) = other {
        ends.client = Some(other.text);
        ends.direction = None;
    }
}

impl Grammar<'_> {
    /// `separates the agents from the Core`, `a firewall between the agents and the Core`
    fn separated_at(&self, at: usize) -> Option<(NounPhrase, NounPhrase)> {
        // "the agents are separated from the Core"
        if self.pieces.is(at, "separated") && self.pieces.is(at + 1, "from") {
            let one = (0..at).find_map(|start| {
                let one = self.nouns.one(start)?;
                let is_subject = one.end < at
                    && (one.end..at).all(|at| {
                        let lower = self.pieces.lower(at);
                        is_auxiliary(lower) || is_adverb(lower)
                    });
                is_subject.then_some(one)
            })?;
            return Some((one, self.nouns.one(at + 2)?));
        }
        let (start, joint) = if self.pieces.lower(at).starts_with("separat") {
            (at + 1, "from")
        } else if self.pieces.is(at, "between") {
            (at + 1, "and")
        } else {
            return None;
        };
        let one = self.nouns.one(start)?;
        let other = self
            .nouns
            .one(one.end + 1)
            .filter(|_| self.pieces.is(one.end, joint))?;
        Some((one, other))
    }
}
