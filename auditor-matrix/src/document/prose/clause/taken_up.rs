//! Clauses that take up what the one before them spoke of: `must be open on the Core so that agents can reach it`.

use super::{Clause, Ends, Grammar, clauses, loose::opener};
use crate::document::{
    names::Names,
    prose::{
        noun_phrase::NounPhrases, piece::Pieces, verb::Verb, verb_place::verb_at, words::Kind,
    },
};

/// Who asks what the sentence before spoke of, in a sentence that says no more: `Only the agents need to reach this port.`
pub(in crate::document::prose) fn asker_of_it(
    pieces: &Pieces<'_>,
    names: &Names,
) -> Option<String> {
    let grammar = Grammar {
        pieces,
        nouns: NounPhrases { pieces, names },
    };
    let mut all = clauses(pieces, names).into_iter();
    let only = all.next().filter(|_| all.next().is_none())?;
    let is_open = only.ends.server.is_none() && !only.ends.is_mutual;
    only.ends
        .client
        .filter(|_| is_open && grammar.asks_pronoun(only.start))
}

impl Grammar<'_> {
    /// Whether a clause asks what the one before it spoke of, so that it says who that is asked by: `must be open on the Core so that
    /// agents can reach it`. That is added to the clause before it.
    pub(super) fn goes_on_with(&self, at: usize, ends: &Ends, clauses: &mut [Clause]) -> bool {
        let Some(client) = &ends.client else {
            return false;
        };
        let asks_it =
            ends.server.is_none() && (self.asks_pronoun(at) || self.asks_what_is_opened(at));
        match clauses.last_mut() {
            Some(before)
                if asks_it && before.ends.client.is_none() && before.ends.server.is_some() =>
            {
                before.ends.client = Some(client.clone());
                before.ends.direction = None;
                true
            }
            Some(_) | None => false,
        }
    }

    /// Whether the clause from here on asks `it`, `them` or `this port`.
    pub(super) fn asks_pronoun(&self, start: usize) -> bool {
        (start..self.pieces.len())
            .take_while(|at| !matches!(self.pieces.kind(*at), Some(Kind::Stop | Kind::Semicolon)))
            .any(|at| {
                let behind = at + usize::from(self.pieces.is_any(at + 1, &["to", "with"])) + 1;
                verb_at(self.pieces, at) == Some(Verb::Ask)
                    && (self.pieces.is_any(behind, &["it", "them"])
                        || self.pieces.is_port(behind) && !self.pieces.is_numbered_port(behind)
                        || self
                            .pieces
                            .is_any(behind, &["this", "that", "these", "those"])
                            && self.pieces.is_any(behind + 1, &["port", "ports"]))
            })
    }

    /// Of two that talk to each other the one by whom something is opened asks: `Between the Core and the Edge, port 80 is opened by
    /// the Edge.`
    pub(super) fn settle_mutual(&self, clauses: &mut [Clause]) {
        let does = [
            "initiated",
            "established",
            "originated",
            "opened",
            "started",
        ];
        let opener = opener(self.pieces, &self.nouns, &does);
        let Some(opener) = opener else {
            return;
        };
        for Clause { ends, .. } in clauses.iter_mut().filter(|clause| clause.ends.is_mutual) {
            let is_opener = |end: &Option<String>| {
                end.as_deref()
                    .is_some_and(|end| end.eq_ignore_ascii_case(&opener.text))
            };
            if is_opener(&ends.server) && !is_opener(&ends.client) {
                std::mem::swap(&mut ends.client, &mut ends.server);
            } else if !is_opener(&ends.client) || is_opener(&ends.server) {
                continue;
            }
            ends.is_mutual = false;
        }
    }
}
