//! What stands in brackets behind a name and is a part of it: `Core (primary)`.

use super::{NounPhrase, NounPhrases};
use crate::document::{
    application_protocol,
    prose::{
        verb::is_noun_of_verb,
        vocabulary::{is_auxiliary, is_conjunction, is_preposition, is_pronoun},
        words::Kind,
    },
};

impl NounPhrases<'_> {
    /// Adds what stands in brackets behind a name and is a part of it: `Core (primary)`.
    pub(super) fn add_bracket(&self, phrase: &mut NounPhrase) {
        if self.pieces.kind(phrase.end) != Some(Kind::Open) {
            return;
        }
        let open = phrase.end;
        let inside = (open + 1..self.pieces.len())
            .take(4)
            .take_while(|at| {
                self.pieces.kind(*at) == Some(Kind::Word) && !is_remark(self.pieces.lower(*at))
            })
            .count();
        let close = open + 1 + inside;
        if inside == 0 || self.pieces.kind(close) != Some(Kind::Close) {
            return;
        }
        let is_known = self
            .text(phrase.end - 1, close + 1)
            .zip(self.text(open, close + 1))
            .is_some_and(|(_, bracket)| self.names.contains(&format!("{} {bracket}", phrase.text)));
        // `from the Web Portal (Database access)`: several words, or one for what is done, say what for.
        if !is_known && (1 < inside || is_activity(self.pieces.lower(open + 1))) {
            return;
        }
        if let Some(text) = self.text(open, close + 1) {
            phrase.text.push(' ');
            phrase.text.push_str(text);
            phrase.end = close + 1;
        }
    }
}

/// Whether a word says what is done rather than which machine is meant: `replication`, `monitoring`.
fn is_activity(lower: &str) -> bool {
    [
        "tion", "tions", "ing", "ment", "ance", "ence", "ery", "try", "sis", "ics",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending))
        || is_noun_of_verb(lower)
        || matches!(
            lower,
            "backup" | "backups" | "login" | "data" | "mail" | "email" | "media" | "control"
        )
}

/// Words in brackets that say something of the traffic or the row instead of naming a machine.
fn is_remark(lower: &str) -> bool {
    is_conjunction(lower)
        || is_preposition(lower)
        || is_pronoun(lower)
        || is_auxiliary(lower)
        || application_protocol::transports(lower).is_some()
        || matches!(
            lower,
            "tcp"
                | "udp"
                | "sctp"
                | "optional"
                | "only"
                | "required"
                | "default"
                | "recommended"
                | "secure"
                | "inbound"
                | "outbound"
                | "incoming"
                | "outgoing"
                | "see"
                | "both"
                | "either"
                | "port"
                | "ports"
                | "deprecated"
                | "legacy"
                | "mandatory"
                | "e.g"
        )
}
