//! Whether a phrase names somebody who asks, rather than what is asked for: `the agents`, and not `updates`.

use super::Grammar;
use crate::document::{
    prose::{
        noun_phrase::NounPhrase,
        verb::{is_noun_of_verb, is_participle},
        vocabulary::{is_determiner, is_preposition, is_software},
    },
    section::is_machine,
};

impl Grammar<'_> {
    /// Whether a phrase can be the subject of a verb of asking.
    pub(super) fn can_ask(&self, who: &NounPhrase, start: usize) -> bool {
        let head = head(who);
        (who.is_machine || is_program(who) || self.nouns.names.contains(&who.text))
            && !is_noun_of_verb(&head)
            && !is_participle(&head)
            && !is_preposition(self.pieces.lower(start))
    }

    /// Whether a phrase behind `by` names who does something, rather than how it is done: `by default`.
    pub(super) fn is_whoever(who: &NounPhrase) -> bool {
        // "by the remote sites"
        let is_qualified = who.text.contains(' ') && is_software(&head(who));
        who.is_machine || is_program(who) || is_qualified && who.text.ends_with('s')
    }

    /// Whether a phrase can be nobody but a client where only a preposition or its place says so: `for the probes`, `for
    /// administrators`, but not `for statistics`.
    pub(super) fn is_somebody(&self, who: &NounPhrase, start: usize) -> bool {
        let head = head(who);
        // A single one has an article: `Docker` is what is spoken there.
        let acts = ["ers", "ors", "clients"]
            .iter()
            .any(|ending| head.ends_with(ending));
        let is_named =
            is_determiner(self.pieces.lower(start)) || self.nouns.names.contains(&who.text);
        who.is_machine && (acts || is_named || is_machine(&head)) || is_named && is_program(who)
    }
}

fn head(who: &NounPhrase) -> String {
    who.text
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .to_lowercase()
}

/// Whether a phrase is the name of a program: `Till console`, and not `console`.
fn is_program(who: &NounPhrase) -> bool {
    is_software(&head(who)) && who.text.contains(' ') && who.text.starts_with(char::is_uppercase)
}
