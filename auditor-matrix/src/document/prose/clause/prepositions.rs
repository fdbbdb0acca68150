//! What prepositions say behind a verb: from whom, to whom, on which machine.

use super::Grammar;
use crate::document::application_protocol;
use crate::document::prose::{
    noun_phrase::NounPhrase,
    verb::{Verb, verb},
    verb_place::verb_at,
    vocabulary::{is_auxiliary, is_determiner, is_pronoun},
    words::Kind,
};

/// What the prepositions of a clause name. Where two of a kind name different ones, neither counts.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) from: Option<NounPhrase>,
    /// `from the Core and from the Edge`
    pub(super) further_from: Option<NounPhrase>,
    pub(super) to: Option<NounPhrase>,
    pub(super) on: Option<NounPhrase>,
    pub(super) by: Option<NounPhrase>,
    /// `for agents`, `for agents to reach`
    pub(super) purpose: Option<NounPhrase>,
    pub(super) between: Option<(NounPhrase, NounPhrase)>,
    /// The object of an infinitive: `to reach the Core`.
    pub(super) verb_object: Option<NounPhrase>,
    /// `access to the Core`
    pub(super) access_to: Option<NounPhrase>,
    /// Something stands in between, so the ends are not those that the words name.
    pub(super) is_relayed: bool,
}

impl Grammar<'_> {
    /// What the prepositions from here to the end of the clause name.
    pub(super) fn around(&self, start: usize) -> Around {
        let mut around = Around::default();
        let mut at = start;
        while at < self.pieces.len() {
            // What stands behind an arrow comes of what stands before it.
            if matches!(
                self.pieces.kind(at),
                Some(Kind::Stop | Kind::Semicolon | Kind::Arrow(_))
            ) {
                break;
            }
            let lower = self.pieces.lower(at);
            if matches!(
                lower,
                "if" | "when" | "because" | "so" | "but" | "while" | "whereas" | "which" | "that"
            ) {
                break;
            }
            at = self.preposition(lower, at, &mut around).max(at + 1);
        }
        around
    }

    /// Reads the phrase of the preposition at `at`, and returns the place behind it.
    fn preposition(&self, lower: &str, at: usize, around: &mut Around) -> usize {
        let next = at + 1;
        match lower {
            // "specific to the registry" names no end.
            "to" if self.is_relative_adjective(at) => next,
            // "used to support web clients": what follows is what is done, whatever the verb.
            "to" if self.is_infinitive(at) => self.pieces.len(),
            "to" | "into" => {
                // "to Log servers" begins a name.
                let class = verb_at(self.pieces, next)
                    .filter(|_| !self.nouns.is_capitalised(next) || self.nouns.one(next).is_none());
                if matches!(class, Some(Verb::Ask | Verb::Transfer))
                    && let Some(class) = class
                {
                    if let Some(object) = self.object(next, class) {
                        let end = object.end;
                        keep(&mut around.verb_object, object);
                        return end;
                    }
                    // What follows belongs to a verb that is not understood.
                    return self.pieces.len();
                }
                let is_access = at.checked_sub(1).is_some_and(|before| {
                    self.pieces.is_any(
                        before,
                        &["access", "connectivity", "connection", "connections"],
                    )
                });
                let slot = if is_access {
                    &mut around.access_to
                } else {
                    &mut around.to
                };
                // "from clients to storage on port 69": between these words stands whoever is asked, whatever the name.
                match self.nouns.bare(next) {
                    Some(whoever) if around.from.is_some() && self.nouns.list(next).is_none() => {
                        let end = whoever.end;
                        keep(slot, whoever);
                        end
                    }
                    Some(_) | None => self.fill(next, slot),
                }
            }
            // "for downloading from the store" says whence data comes, not who asks.
            "from" if self.is_gerund_of_transfer(at) => next,
            "from" if around.from.is_some() && self.pieces.is(at.wrapping_sub(1), "and") => {
                self.fill(next, &mut around.further_from)
            }
            "from" => self.fill(next, &mut around.from),
            // "only enabled in Kubernetes" says when, not where.
            "on" | "in" if self.is_state(at) => next,
            "on" | "at" | "in" if !self.pieces.is_port(next) => self.fill(next, &mut around.on),
            "by" => self.fill(next, &mut around.by),
            "for" => self.fill(next, &mut around.purpose),
            "between" => self.between(next, around),
            "via" | "through" => {
                around.is_relayed |= self
                    .nouns
                    .list(next)
                    .is_some_and(|who| who.is_machine && !is_means(&who.text));
                next
            }
            _ => next,
        }
    }

    /// Whether `to` stands before the verb of a purpose, as it does behind `used`, unless that verb is one of traffic.
    fn is_infinitive(&self, at: usize) -> bool {
        let is_behind = at
            .checked_sub(1)
            .is_some_and(|before| self.pieces.is_any(before, &["used", "order"]));
        let next = self.pieces.lower(at + 1);
        is_behind
            && verb_at(self.pieces, at + 1).is_none()
            && !is_determiner(next)
            && !self.nouns.is_capitalised(at + 1)
    }

    /// Whether a preposition belongs to what is done with data: `downloading from`.
    fn is_gerund_of_transfer(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| {
            let lower = self.pieces.lower(before);
            lower.ends_with("ing") && verb(lower) == Some(Verb::Transfer)
        })
    }

    /// Whether a preposition belongs to an adjective: `specific to`, `due to`.
    fn is_relative_adjective(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| {
            self.pieces.is_any(
                before,
                &[
                    "specific",
                    "related",
                    "due",
                    "according",
                    "similar",
                    "equal",
                    "identical",
                    "up",
                    "prior",
                    "subject",
                    "unique",
                ],
            )
        })
    }

    /// Whether the word before a preposition is a state that something is in.
    fn is_state(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| {
            self.pieces.is_any(
                before,
                &[
                    "enabled",
                    "disabled",
                    "supported",
                    "introduced",
                    "deprecated",
                    "removed",
                    "details",
                    "information",
                ],
            )
        })
    }

    fn fill(&self, at: usize, slot: &mut Option<NounPhrase>) -> usize {
        let Some(found) = self.nouns.list(at) else {
            return at;
        };
        let end = found.end;
        // "access to the replication port 6000": the noun says which port it is.
        if self.pieces.is_port(end) && !found.is_machine {
            return at;
        }
        // "... from X and Y listens" is the next clause.
        let next = self.pieces.lower(end);
        if is_auxiliary(next) && !is_pronoun(next) && self.pieces.is(at.wrapping_sub(1), "and") {
            return at;
        }
        keep(slot, found);
        end
    }

    fn between(&self, at: usize, around: &mut Around) -> usize {
        let Some(one) = self.nouns.one(at) else {
            return at;
        };
        if !self.pieces.is(one.end, "and") {
            // "between store nodes"
            let end = one.end;
            around.between = Some((one.clone(), one));
            return end;
        }
        match self.nouns.one(one.end + 1) {
            Some(other) => {
                let end = other.end;
                around.between = Some((one, other));
                end
            }
            None => one.end,
        }
    }
}

/// Whether what follows `via` is how they talk rather than who stands in between.
fn is_means(text: &str) -> bool {
    let last = text.rsplit(' ').next().unwrap_or(text).to_lowercase();
    application_protocol::transports(&last).is_some()
        || matches!(
            last.as_str(),
            "vpn" | "tunnel" | "internet" | "network" | "link" | "api" | "cli" | "firewall" | "nat"
        )
}

/// Keeps what a preposition names; another one of its kind makes both doubtful.
fn keep(slot: &mut Option<NounPhrase>, found: NounPhrase) {
    match slot {
        Some(known) if known.text != found.text => {
            // The first is nearest to its verb; a second one belongs to another clause or to nothing known.
        }
        Some(_) => {}
        None => *slot = Some(found),
    }
}
