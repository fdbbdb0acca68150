//! Clauses whose subject is what goes over the wire: `Data is sent by the agents to the Core`, `communication initiated by the agents`.

use super::{Ends, Grammar};
use crate::document::prose::{
    verb::{Verb, is_noun_of_verb, is_participle, verb},
    verb_place::verb_at,
    vocabulary::{is_adverb, is_auxiliary, is_conjunction, is_preposition, is_pronoun},
    words::Kind,
};

impl Grammar<'_> {
    /// `Data is sent by the agents to the Core`: what is sent is nobody, so the ends stand behind the verb.
    pub(super) fn sent_by(&self, start: usize) -> Option<Ends> {
        let is_thing = |at: usize| {
            self.pieces.word(at).is_some_and(|word| {
                word.kind == Kind::Word
                    && !is_preposition(&word.lower)
                    && !is_auxiliary(&word.lower)
                    && !is_pronoun(&word.lower)
                    && !is_conjunction(&word.lower)
                    && (verb(&word.lower).is_none() || is_noun_of_verb(&word.lower))
            })
        };
        let end = (start..self.pieces.len())
            .take(MOST_SUBJECT)
            .find(|at| !is_thing(*at))
            .filter(|end| start < *end && is_auxiliary(self.pieces.lower(*end)))?;
        let group = self.verb_group(end)?;
        let class = verb_at(self.pieces, group.verb);
        (group.is_passive
            && class == Some(Verb::Transfer)
            && self.around(group.verb + 1).by.is_some())
        .then(|| self.passive(None, group.verb, class))
        .flatten()
        .filter(|ends| ends.n_known() == 2)
    }

    /// The place behind what is said of who opened it: `(connections) initiated`, `(communication) is established`. What `by` names
    /// behind it is who asks.
    pub(super) fn behind_opening(&self, start: usize) -> Option<usize> {
        let mut at = start;
        while is_auxiliary(self.pieces.lower(at))
            || is_adverb(self.pieces.lower(at))
            || self.pieces.is_any(at, &["that", "which"])
        {
            at += 1;
            if start + MOST_SUBJECT < at {
                return None;
            }
        }
        let lower = self.pieces.lower(at);
        let opens = [
            "initiat",
            "establish",
            "originat",
            "open",
            "start",
            "made",
            "sent",
        ]
        .iter()
        .any(|stem| lower.starts_with(stem));
        (opens && (is_participle(lower) || lower == "made" || lower.ends_with("ing")))
            .then_some(at + 1)
    }
}

/// A subject, or the auxiliaries of a verb, are no more words.
const MOST_SUBJECT: usize = 4;
