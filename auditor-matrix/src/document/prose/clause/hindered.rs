//! What is kept from asking: `no firewall blocks agents from reaching the Core`. Whether it may is the sentence's stance.

use super::{Ends, Grammar};
use crate::document::prose::{verb::Verb, verb_place::verb_at};

impl Grammar<'_> {
    /// Who is kept from asking whom, with the verb of keeping at this place.
    pub(super) fn hindered(&self, at: usize) -> Option<Ends> {
        let lower = self.pieces.lower(at);
        let keeps = verb_at(self.pieces, at) == Some(Verb::Close)
            || ["prevent", "stop", "hinder", "keep"]
                .iter()
                .any(|stem| lower.starts_with(stem));
        if !keeps {
            return None;
        }
        let who = self.nouns.list(at + 1)?;
        let verb = who.end + 1;
        let class = verb_at(self.pieces, verb)
            .filter(|class| matches!(class, Verb::Ask | Verb::Transfer))?;
        if !self.pieces.is(who.end, "from") || !self.pieces.lower(verb).ends_with("ing") {
            return None;
        }
        let server = self.object(verb, class)?;
        Some(Ends::of(Some(&who), Some(&server)))
    }
}
