//! Which words can be a part of a name.

use super::{NounPhrase, NounPhrases, Number, is_address, is_protocol};
use crate::document::prose::{
    verb::{Verb, is_noun_of_verb, is_other_verb, verb},
    verb_place::verb_at,
    vocabulary::{
        is_abstract, is_adverb, is_auxiliary, is_conjunction, is_determiner, is_preposition,
        is_pronoun,
    },
    words::{Kind, Word},
};
use crate::document::{application_protocol, section::is_machine};

impl NounPhrases<'_> {
    /// A single word in lower case where only a name can stand: before a port, as in "talks to etcd on port 2379", be its
    /// machines named in between.
    pub(in crate::document::prose) fn bare(&self, at: usize) -> Option<NounPhrase> {
        let word = self.pieces.word(at)?;
        let is_before_port = |at: usize| {
            self.pieces
                .is_any(at, &["on", "over", "via", "using", "at"])
                && self.pieces.is_port(at + 1)
        };
        let behind_machines = || {
            self.list(at + 2)
                .filter(|place| self.pieces.is_any(at + 1, &["on", "in"]) && place.is_machine)
                .is_some_and(|place| is_before_port(place.end))
        };
        let is_before_port = is_before_port(at + 1) || behind_machines();
        let is_name = self.is_noun(word, at, true, false, Number::One)
            && !is_abstract(&word.lower)
            && !is_protocol(&word.lower)
            && word.text.len() > 2;
        (is_before_port && is_name).then(|| NounPhrase {
            text: word.text.to_owned(),
            end: at + 1,
            is_machine: true,
            n_parts: 1,
        })
    }

    /// Whether a single word in lower case is a name since nothing else is a subject without an article and in the singular:
    /// "gated listens on port 80". What is done and what there is no number of have none either: "replication", "traffic".
    pub(super) fn is_bare_subject(&self, at: usize) -> bool {
        let Some(word) = self.pieces.word(at) else {
            return false;
        };
        let lower = word.lower.as_str();
        let next = self.pieces.lower(at + 1);
        let is_done = next.ends_with('s')
            && !self.is_capitalised(at + 1)
            && matches!(
                verb_at(self.pieces, at + 1),
                Some(Verb::Ask | Verb::Transfer | Verb::Serve)
            );
        let is_mass = [
            "ion", "ment", "ity", "ness", "ing", "ance", "ence", "ware", "age", "s",
        ]
        .iter()
        .any(|ending| lower.ends_with(ending));
        word.kind == Kind::Word
            && is_done
            && self.starts_clause(at)
            && !is_mass
            && !is_abstract(lower)
            && !is_noun_of_verb(lower)
            && verb(lower).is_none()
            && application_protocol::transports(lower).is_none()
            && !is_protocol(lower)
            && 2 < lower.len()
    }

    /// Whether a word can be a part of a name.
    pub(super) fn is_noun(
        &self,
        word: &Word<'_>,
        at: usize,
        is_first: bool,
        is_determined: bool,
        number: Number,
    ) -> bool {
        let lower = word.lower.as_str();
        match word.kind {
            Kind::Word => {}
            // Addresses, and names that start with a digit: `10.0.0.0/8`, `3rd-party`.
            Kind::Mixed => {
                return is_first && (is_address(word.text) || word.text.contains("://"));
            }
            // `Region 1`
            Kind::Number => return !is_first && word.text.len() == 1,
            Kind::Slash
            | Kind::Dash
            | Kind::Comma
            | Kind::Stop
            | Kind::Colon
            | Kind::Semicolon
            | Kind::Open
            | Kind::Close
            | Kind::Arrow(_)
            | Kind::Other => return false,
        }
        if lower.starts_with('$')
            || is_preposition(lower)
            || is_auxiliary(lower)
            || is_conjunction(lower)
            || is_pronoun(lower)
            || is_determiner(lower)
            || matches!(
                lower,
                "tcp" | "udp" | "sctp" | "need" | "needs" | "requires"
            )
            || is_adverb(lower)
                && (!word.is_capitalised() || self.pieces.kind(at + 1) == Some(Kind::Comma))
        {
            return false;
        }
        // "See store logs" speaks to whoever reads; `Check Point` is a name.
        if is_first && speaks_to_reader(lower) && !self.is_capitalised(at + 1) {
            return false;
        }
        // "Ensure Store nodes can be reached": no name begins like that.
        if is_first && matches!(lower, "ensure" | "verify" | "confirm") {
            return false;
        }
        if !is_first && is_other_verb(lower) && !word.is_capitalised() {
            return false;
        }
        if verb(lower).is_none() {
            return verb_at(self.pieces, at).is_none();
        }
        // "Monitoring systems", "Access Gateway": a capital letter before a kind of machine begins a name.
        if is_first
            && word.is_capitalised()
            && (lower.ends_with("ing") || is_noun_of_verb(lower))
            && self.is_kind_behind(at + 1, lower.ends_with("ing"))
        {
            return true;
        }
        // Many verbs are nouns, too. Behind an article or as a part of a proper name it is one: "the log server", "the relay".
        if !is_first {
            return word.is_capitalised() || self.disagrees(lower, at, number);
        }
        let next = self.pieces.lower(at + 1);
        let before = at
            .checked_sub(1)
            .map_or("", |before| self.pieces.lower(before));
        if is_determined && !matches!(before, "all" | "any" | "both") {
            return true;
        }
        // "Probes talk to", "from probes"
        let is_plural = lower.ends_with('s');
        let is_doer = is_auxiliary(next)
            || verb_at(self.pieces, at + 1).is_some() && !self.is_capitalised(at + 1);
        let is_object = matches!(before, "to" | "from" | "with" | "by" | "on" | "for");
        is_plural && (is_doer || is_object || is_determined)
    }

    /// Whether a kind of machine stands here, be it as the last of capitalised words.
    fn is_kind_behind(&self, at: usize, is_gerund: bool) -> bool {
        let lower = self.pieces.lower(at);
        is_machine(lower)
            || is_gerund && matches!(lower, "system" | "systems" | "station" | "stations")
            || self.is_capitalised(at) && is_machine(self.pieces.lower(at + 1))
    }

    /// Whether a word that is a verb, too, can't be the verb of the noun before it, so it is a noun: "the mail relay".
    fn disagrees(&self, lower: &str, at: usize, number: Number) -> bool {
        let Some(noun) = at.checked_sub(1).map(|before| self.pieces.lower(before)) else {
            return false;
        };
        let is_base = !["s", "ed", "ing"]
            .iter()
            .any(|ending| lower.ends_with(ending));
        let is_singular = !noun.ends_with('s') && number == Number::One;
        // "let the Core connect"
        let is_causative = (0..at).any(|before| {
            self.pieces.is_any(
                before,
                &[
                    "let", "lets", "make", "makes", "help", "helps", "have", "do", "does", "did",
                ],
            )
        });
        let goes_on = self.pieces.is_port(at + 1)
            || is_determiner(self.pieces.lower(at + 1))
            || verb(lower) == Some(Verb::Use);
        is_base && is_singular && !is_causative && !goes_on
    }

    pub(in crate::document::prose) fn is_capitalised(&self, at: usize) -> bool {
        self.pieces.word(at).is_some_and(Word::is_capitalised)
    }
}

/// Whether a word at the start of a sentence asks its reader to look at something.
fn speaks_to_reader(lower: &str) -> bool {
    matches!(
        lower,
        "see" | "refer" | "consult" | "check" | "note" | "read" | "review" | "visit" | "view"
    )
}
