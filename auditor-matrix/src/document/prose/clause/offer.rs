//! Whom something is open to that is named before, or is what the sentence before spoke of: `API server, open to all nodes`,
//! `Should be open to the agents.`
//!
//! Whoever something is open to asks it. Only of a port itself `open to` may mean either end, so that is left to others.

use super::Grammar;
use crate::document::{
    names::Names,
    prose::{
        noun_phrase::NounPhrases,
        piece::Pieces,
        verb::{is_other_verb, verb},
        vocabulary::{is_adverb, is_auxiliary, is_determiner, is_preposition, is_pronoun},
        words::Kind,
    },
    text::is_host,
};

/// Those who may ask.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(in crate::document::prose) struct Offer {
    pub(in crate::document::prose) clients: Vec<String>,
    /// The machine itself may: `open to self and the nodes`.
    pub(in crate::document::prose) is_to_self: bool,
}

impl Offer {
    /// All of them in one text.
    pub(super) fn joined(&self) -> String {
        self.clients.join(" and ")
    }
}

/// Whom a text opens what it names to.
pub(in crate::document::prose) fn offer(pieces: &Pieces<'_>, names: &Names) -> Option<Offer> {
    let grammar = Grammar {
        pieces,
        nouns: NounPhrases { pieces, names },
    };
    (0..pieces.len()).find_map(|at| grammar.offer_at(at))
}

const OPEN: &[&str] = &[
    "open",
    "opened",
    "exposed",
    "accessible",
    "reachable",
    "available",
    "visible",
];

impl Grammar<'_> {
    /// Whom it is open to, if the word here says so of something that is named.
    pub(super) fn offer_at(&self, at: usize) -> Option<Offer> {
        if !self.pieces.is_any(at, OPEN) {
            return None;
        }
        let mut to = at + 1;
        while is_adverb(self.pieces.lower(to)) {
            to += 1;
        }
        if !self.pieces.is(to, "to") || !self.is_said_of_something(at) || self.is_restricted() {
            return None;
        }
        let mut offer = Offer::default();
        let mut next = to + 1;
        loop {
            if self.pieces.is_any(next, &["self", "itself", "localhost"]) {
                offer.is_to_self = true;
                next += 1;
            } else {
                let who = self.nouns.one(next)?;
                if is_host(&who.text) {
                    return None;
                }
                next = who.end;
                offer.clients.push(who.text);
            }
            let mut joint = next;
            while matches!(self.pieces.kind(joint), Some(Kind::Comma))
                || self.pieces.is_any(joint, &["and", "&", "to", "or"])
            {
                joint += 1;
            }
            // "accessible to all users, runs on"
            let lower = self.pieces.lower(joint);
            let is_verb = is_other_verb(lower) || verb(lower).is_some();
            let goes_on = joint != next
                && !is_verb
                && (self.pieces.is_any(joint, &["self", "itself", "localhost"])
                    || self.nouns.one(joint).is_some());
            if !goes_on {
                break;
            }
            next = joint;
        }
        Some(offer)
    }

    /// Whether the adjective here belongs to a noun that is no port, or to what the sentence before spoke of.
    fn is_said_of_something(&self, at: usize) -> bool {
        let is_helper = |at: usize| {
            let lower = self.pieces.lower(at);
            is_auxiliary(lower)
                || is_adverb(lower)
                || matches!(lower, "also" | "to" | "needs" | "need" | "has")
        };
        let mut start = at;
        while 0 < start && is_helper(start - 1) {
            start -= 1;
        }
        if start == 0 {
            // "Open to ..." may be what the reader should do.
            return start != at;
        }
        let is_apposition =
            start == at && matches!(self.pieces.kind(at - 1), Some(Kind::Comma | Kind::Open));
        if start == at && !is_apposition {
            return false;
        }
        let subject = start - usize::from(is_apposition);
        let Some(last) = subject.checked_sub(1) else {
            return false;
        };
        let lower = self.pieces.lower(last);
        self.pieces.kind(last) == Some(Kind::Word)
            && !is_pronoun(lower)
            && !is_determiner(lower)
            && !is_preposition(lower)
            && !self.pieces.is_any(
                last,
                &[
                    "port",
                    "ports",
                    "firewall",
                    "firewalls",
                    "following",
                    "only",
                ],
            )
    }
}
