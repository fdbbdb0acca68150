//! Verbs of asking, and their objects: `connects to the Store`, `sends events to the Log server`.

use super::{Ends, Grammar, reciprocal::mutual};
use crate::document::prose::{
    noun_phrase::NounPhrase,
    verb::{Verb, verb},
    verb_place::verb_at,
    vocabulary::{is_adverb, is_auxiliary, is_preposition},
    words::Kind,
};

impl Grammar<'_> {
    /// What a verb of asking has for its object: `connects to the Store`, `reach the Core`, `sends events to the Log server`,
    /// `pulls images from the registry`.
    pub(super) fn asking(&self, doer: Option<&NounPhrase>, at: usize, class: Verb) -> Option<Ends> {
        let client = doer;
        if let Some(client) = client
            && self.is_each_other(at + 1, client)
        {
            return Some(mutual(client));
        }
        // "The primary and the secondary exchange heartbeats"
        if let Some(client) = client.filter(|client| client.n_parts == 2)
            && class == Verb::Ask
            && !self.names_other(at + 1)
        {
            return Some(mutual(client));
        }
        let server = self.object(at, class);
        let around = self.around(at + 1);
        // "connects to the Core to send events to the Log server": which of them is asked on the port is not certain.
        if around.is_relayed
            || around
                .verb_object
                .is_some_and(|other| server.as_ref() != Some(&other))
        {
            return None;
        }
        match (client, &server) {
            (Some(client), None) if 1 < client.n_parts && class == Verb::Ask => None,
            (None, None) => None,
            // "sends metrics to the Core", below the name of who does.
            (None, Some(_)) if self.pieces.lower(at).ends_with('s') => {
                Some(Ends::of(None, server.as_ref()).seen_from_here())
            }
            _ => Some(Ends::of(client, server.as_ref())),
        }
    }

    /// Whether a preposition behind the verb names somebody besides its subjects.
    pub(super) fn names_other(&self, start: usize) -> bool {
        (start..self.pieces.len())
            .take_while(|at| !self.pieces.is_port(*at))
            .any(|at| {
                self.pieces
                    .is_any(at, &["to", "with", "into", "from", "against"])
            })
            || self.behind_ports(start).is_some()
            || self
                .nouns
                .list(start)
                .is_some_and(|object| object.is_machine)
    }

    /// The object of a verb of asking.
    pub(super) fn object(&self, verb_place: usize, class: Verb) -> Option<NounPhrase> {
        let mut at = verb_place + 1;
        while is_adverb(self.pieces.lower(at)) {
            at += 1;
        }
        if class == Verb::Ask
            && let Some(behind) = self.behind_ports(at)
        {
            return self.nouns.list(behind);
        }
        if class == Verb::Ask
            && let Some(object) = self.nouns.list(at)
            && !self.pieces.is_any(object.end, &["to", "into", "with"])
            && !(self.pulls(verb_place) && self.pieces.is(object.end, "from"))
        {
            return Some(object);
        }
        // "access port 8096 on the Core"
        if class == Verb::Ask && self.pieces.is_port(at) {
            let mut behind = at + 1;
            while self.pieces.is_any(behind, &["and", "or"]) && self.pieces.is_port(behind + 1) {
                behind += 2;
            }
            if self.pieces.is_any(behind, &["on", "of", "at"]) {
                return self.nouns.list(behind + 1);
            }
        }
        // What is handed over stands between the verb and the preposition.
        let asks_from = self.pulls(verb_place);
        let is_known_by_place = verb(self.pieces.lower(verb_place)).is_none();
        for at in (at..self.pieces.len()).take(MOST_OBJECT) {
            let lower = self.pieces.lower(at);
            let is_target = matches!(lower, "to" | "with" | "into" | "against" | "at")
                || asks_from && lower == "from"
                || is_known_by_place && lower == "on" && !self.pieces.is_port(at + 1);
            // "connect to port 5432 on the Store"
            if is_target
                && self.pieces.is_port(at + 1)
                && self.pieces.is_any(at + 2, &["on", "of", "at"])
            {
                return self.nouns.list(at + 3);
            }
            if is_target {
                if let Some(server) = self.nouns.list(at + 1).or_else(|| self.nouns.bare(at + 1)) {
                    return Some(server);
                }
                if verb_at(self.pieces, at + 1).is_some() {
                    return None;
                }
            }
            let ends = self
                .pieces
                .kind(at)
                .is_some_and(|kind| matches!(kind, Kind::Stop | Kind::Semicolon | Kind::Colon));
            if ends || is_auxiliary(lower) {
                return None;
            }
        }
        None
    }

    /// The place behind `the following ports of`, where whose they are is named.
    fn behind_ports(&self, at: usize) -> Option<usize> {
        let mut at = at;
        while self.pieces.kind(at) == Some(Kind::Word)
            && !is_preposition(self.pieces.lower(at))
            && !self.pieces.is_any(at, &["port", "ports"])
        {
            at += 1;
        }
        let is_port = self.pieces.is_port(at) || self.pieces.is_any(at, &["port", "ports"]);
        (is_port && self.pieces.is_any(at + 1, &["of", "on"]) && !self.pieces.is_port(at + 2))
            .then_some(at + 2)
    }

    /// Whether the verb's `from` names who is asked: whoever does something to what is another's goes there for it.
    pub(super) fn pulls(&self, at: usize) -> bool {
        let lower = self.pieces.lower(at);
        verb(lower).is_none()
            || [
                "pull", "download", "fetch", "retriev", "read", "collect", "obtain", "request",
                "scrap", "poll", "quer", "replicat", "sync",
            ]
            .iter()
            .any(|stem| lower.starts_with(stem))
    }
}

/// What is handed over takes no more words than this.
const MOST_OBJECT: usize = 9;
