//! Clauses that take up what the one before them spoke of: `must be open on the Core so that agents can reach it`.

use super::{Clause, Ends, Grammar};
use crate::document::prose::{verb::Verb, verb_place::verb_at, words::Kind};

impl Grammar<'_> {
    /// Whether a clause asks what the one before it spoke of, so that it says who that is asked by: `must be open on the Core so that
    /// agents can reach it`. That is added to the clause before it.
    pub(super) fn goes_on_with(&self, at: usize, ends: &Ends, clauses: &mut [Clause]) -> bool {
        let Some(client) = &ends.client else {
            return false;
        };
        let asks_it = ends.server.is_none() && self.asks_pronoun(at);
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
    fn asks_pronoun(&self, start: usize) -> bool {
        (start..self.pieces.len())
            .take_while(|at| !matches!(self.pieces.kind(*at), Some(Kind::Stop | Kind::Semicolon)))
            .any(|at| {
                let behind = at + usize::from(self.pieces.is_any(at + 1, &["to"])) + 1;
                verb_at(self.pieces, at) == Some(Verb::Ask)
                    && (self.pieces.is_any(behind, &["it", "them"])
                        || self
                            .pieces
                            .is_any(behind, &["this", "that", "these", "those"])
                            && self.pieces.is_any(behind + 1, &["port", "ports"]))
            })
    }
}
