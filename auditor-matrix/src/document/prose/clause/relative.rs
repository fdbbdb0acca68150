//! Relative clauses of ports: `the ports on the Core which agents connect to`, `the ports through which agents talk to the Core`.

use super::{Ends, Grammar};
use crate::document::prose::{
    noun_phrase::NounPhrase, verb::Verb, verb_place::verb_at, vocabulary::is_preposition,
};

impl Grammar<'_> {
    /// Whether the word here begins a relative clause with a subject of its own: `through which agents ...`, `ports that agents ...`.
    pub(super) fn is_relative_of_port(&self, pronoun: usize) -> bool {
        if !self.pieces.is_any(pronoun, &["which", "that"]) {
            return false;
        }
        let Some(before) = pronoun.checked_sub(1) else {
            return false;
        };
        let is_led = self.pieces.is(pronoun, "which") && is_preposition(self.pieces.lower(before));
        is_led || self.is_port_noun(before) || self.place_of_head(pronoun).is_some()
    }

    /// `the ports on the Core which agents connect to`, with `which` at this place: whoever connects there asks whose ports these are.
    pub(super) fn relative(&self, pronoun: usize) -> Option<Ends> {
        if !self.pieces.is_any(pronoun, &["which", "that"]) {
            return None;
        }
        let who = self.nouns.list(pronoun + 1)?;
        let group = self.verb_group(who.end)?;
        // "the ports to which agents connect on the Core"
        let is_led = is_preposition(self.pieces.lower(pronoun.wrapping_sub(1)));
        let behind = || {
            (is_led && self.pieces.is(group.verb + 1, "on"))
                .then(|| self.nouns.list(group.verb + 2))
                .flatten()
                .filter(|place| place.is_machine)
        };
        let place = self.place_of_head(pronoun).or_else(behind)?;
        let asks = !group.is_passive && verb_at(self.pieces, group.verb) == Some(Verb::Ask);
        if !asks || who.text == place.text || self.object(group.verb, Verb::Ask).is_some() {
            return None;
        }
        Some(Ends::of(Some(&who), Some(&place)))
    }

    /// On which machine the ports are that a relative clause is about: `ports on the Core which`.
    fn place_of_head(&self, pronoun: usize) -> Option<NounPhrase> {
        (0..pronoun)
            .rev()
            .take(MOST_HEAD)
            .filter(|at| {
                self.pieces.is_any(*at, &["on", "of", "at"])
                    && at
                        .checked_sub(1)
                        .is_some_and(|port| self.is_port_noun(port))
            })
            .find_map(|at| {
                self.nouns
                    .list(at + 1)
                    .filter(|place| place.is_machine && place.end == pronoun)
            })
    }

    fn is_port_noun(&self, at: usize) -> bool {
        self.pieces.is_port(at) || self.pieces.is_any(at, &["port", "ports"])
    }
}

/// The head of a relative clause takes no more words.
const MOST_HEAD: usize = 8;
