//! Purposes with a subject of their own: `for agents to reach the Core`, `so that agents can connect`.
//!
//! Whoever connects there is the client of what the main clause opens, whichever of the two stands first.

use super::{Clause, Ends, Grammar};
use crate::document::prose::{
    verb::{Verb, verb},
    verb_place::verb_at,
    words::Kind,
};

impl Grammar<'_> {
    /// `for agents to reach the Core`, `for agents to be able to connect`, with `for` at this place.
    pub(super) fn for_to(&self, at: usize) -> Option<Ends> {
        if !self.pieces.is(at, "for") {
            return None;
        }
        let who = self.nouns.list(at + 1)?;
        if !self.pieces.is(who.end, "to") || !self.can_ask(&who, at + 1) {
            return None;
        }
        let group = self.verb_group(who.end + 1)?;
        let class = verb_at(self.pieces, group.verb)
            .filter(|class| !group.is_passive && matches!(class, Verb::Ask | Verb::Transfer))?;
        let server = self.object(group.verb, class);
        // "for agents to log in" says nothing of whom they ask, and "for agents to connect" that they ask what is opened.
        let asks_it = self.asks_without_object(group.verb) || self.asks_pronoun(group.verb);
        if server.is_none() && !asks_it {
            return None;
        }
        Some(Ends::of(Some(&who), server.as_ref()))
    }

    /// Whether the clause at this place says for what something is done.
    pub(super) fn is_purpose(&self, at: usize) -> bool {
        let before = |n: usize, words: &[&str]| {
            at.checked_sub(n)
                .is_some_and(|at| self.pieces.is_any(at, words))
        };
        self.pieces.is(at, "for")
            || before(1, &["so"])
            || before(1, &["that"]) && before(2, &["so", "such"])
            || before(1, &["to"]) && verb(self.pieces.lower(at)) == Some(Verb::Open)
    }

    /// Whether a verb of the clause that begins at this place asks what the main clause opens, since it has no object: `can
    /// connect`.
    pub(super) fn asks_what_is_opened(&self, start: usize) -> bool {
        self.is_purpose(start)
            && (start..self.pieces.len())
                .take_while(|at| {
                    !matches!(
                        self.pieces.kind(*at),
                        Some(Kind::Stop | Kind::Semicolon | Kind::Comma)
                    )
                })
                .any(|at| self.asks_without_object(at))
    }

    /// `connect`, and the clause ends or goes on with how: `connect on these ports`, `connect over TLS`.
    fn asks_without_object(&self, verb_place: usize) -> bool {
        let is_intransitive = self.pieces.is_any(
            verb_place,
            &["connect", "communicate", "connecting", "communicating"],
        );
        let next = verb_place + 1;
        is_intransitive
            && (self
                .pieces
                .kind(next)
                .is_none_or(|kind| !matches!(kind, Kind::Word | Kind::Mixed))
                || self
                    .pieces
                    .is_any(next, &["on", "over", "via", "using", "through", "at"])
                || self.pieces.lower(next).ends_with("ly"))
    }

    /// Of a purpose that stands before what is opened: `For agents to connect, open port 80 on the Core`.
    pub(super) fn settle_purposes(&self, clauses: &mut Vec<Clause>) {
        let [first, second] = clauses.as_slice() else {
            return;
        };
        let is_open = first.ends.server.is_none()
            && second.ends.client.is_none()
            && second.ends.server.is_some()
            && second.ends.server != first.ends.client;
        if is_open
            && (self.asks_what_is_opened(first.start)
                || self.is_purpose(first.start) && self.asks_pronoun(first.start))
        {
            let client = first.ends.client.clone();
            clauses.remove(0);
            for clause in clauses {
                clause.ends.client.clone_from(&client);
                clause.ends.direction = None;
            }
        }
    }
}
