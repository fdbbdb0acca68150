//! Phrases without a subject of their own: `allow X to reach Y`, `open port 80 on the Core`, `traffic from X to Y`.

use super::{Ends, Grammar, permitted::may_be_asked};
use crate::document::prose::{
    noun_phrase::NounPhrase,
    verb::{Verb, verb},
    verb_place::verb_at,
    vocabulary::{is_determiner, is_pronoun},
    words::Kind,
};

impl Grammar<'_> {
    /// Reads such a phrase at the word `at`.
    pub(super) fn open_phrase(&self, at: usize) -> Option<Ends> {
        let word = self.pieces.word(at)?;
        if let Some(offer) = self.offer_at(at).filter(|offer| !offer.clients.is_empty()) {
            let ends = Ends {
                client: Some(offer.joined()),
                ..Ends::default()
            };
            return Some(ends.seen_from_here());
        }
        match verb(&word.lower) {
            Some(Verb::Open | Verb::Close) if self.is_command(at) => self.allowing(at + 1),
            _ if is_traffic(&word.lower) => self.traffic(at + 1),
            _ if word.is("from") => self.pair_from_to(at),
            _ if word.is("between") => self.between_ends(at),
            _ => None,
        }
    }

    /// Whether the sentence narrows who may ask: "restrict access to port 80 to the admins". What follows `to` is the client
    /// there, or the port, so it is left to the reader.
    pub(super) fn is_restricted(&self) -> bool {
        (0..self.pieces.len()).any(|at| {
            let lower = self.pieces.lower(at);
            ["restrict", "limit", "confin"]
                .iter()
                .any(|stem| lower.starts_with(stem))
        })
    }

    /// Whether the verb is an imperative or an infinitive, so nobody of the page is its subject: "Allow ...", "you must
    /// open ...".
    fn is_command(&self, at: usize) -> bool {
        let lower = self.pieces.lower(at);
        // Forms that only a subject or `be` has.
        if lower.ends_with("ed")
            || lower.ends_with("ing") && self.pieces.is_any(at.wrapping_sub(1), &["is", "are"])
        {
            return false;
        }
        let Some(before) = at.checked_sub(1) else {
            return true;
        };
        self.pieces.word(before).is_some_and(|word| {
            word.is_mark()
                || word.is_any(&[
                    "to", "ufw", "must", "should", "please", "and", "then", "never", "not",
                    "don't", "can", "shall", "will", "may", "always", "cannot", "only", "by",
                    "have", "or",
                ])
        })
    }

    /// What follows `allow`, `open`, `block`.
    fn allowing(&self, start: usize) -> Option<Ends> {
        if let Some(who) = self.nouns.list(start) {
            // "allow guests to reach the Store"
            if self.pieces.is(who.end, "to")
                && let Some(class @ (Verb::Ask | Verb::Transfer)) =
                    verb_at(self.pieces, who.end + 1)
            {
                let server = self.object(who.end + 1, class);
                return Some(Ends::of(Some(&who), server.as_ref()));
            }
            // "allow guests access to the Store"
            if self.pieces.is(who.end, "access")
                && self.pieces.is(who.end + 1, "to")
                && let Some(server) = self.nouns.list(who.end + 2)
            {
                return Some(Ends::of(Some(&who), Some(&server)));
            }
        }
        let opens_port = (start..start + 4).any(|at| self.pieces.is_port(at));
        let around = self.around(start);
        if around.is_relayed {
            return None;
        }
        if let (Some(client), Some(server)) = (&around.purpose, &around.verb_object) {
            return Some(Ends::of(Some(client), Some(server)));
        }
        if let Some((one, other)) = around.between {
            return Some(Ends {
                is_mutual: true,
                ..Ends::of(Some(&one), Some(&other))
            });
        }
        // "Do not open port 22 to the Internet": what must not be open to somebody must not be asked by them.
        let before = start.checked_sub(2);
        let is_negated = before.is_some_and(|before| {
            self.pieces
                .is_any(before, &["not", "never", "don't", "cannot"])
        });
        if let Some(client) = around.to.as_ref().filter(|_| is_negated && opens_port)
            && around.from.is_none()
        {
            return Some(Ends::of(Some(client), around.on.as_ref()));
        }
        // "Open to the relays only": who may ask, whatever is open.
        let is_only = |end: usize| self.pieces.is(start, "only") || self.pieces.is(end, "only");
        if let Some(client) = around.to.as_ref().filter(|to| is_only(to.end))
            && around.from.is_none()
            && self.pieces.lower(start.wrapping_sub(1)).starts_with("open")
        {
            let ends = Ends::of(Some(client), around.on.as_ref());
            return Some(ends.seen_from_here());
        }
        // "Open these ports to all clients"
        let opens_ports = opens_port
            || (start..start + 4).any(|at| self.pieces.is_any(at, &["ports", "following"]));
        if opens_ports
            && around.from.is_none()
            && let Some(to) = (start..self.pieces.len()).find(|at| self.pieces.is(*at, "to"))
            && let Some(client) = self.askers(to + 1)
        {
            let ends = Ends::of(Some(&client), around.on.as_ref());
            return Some(ends.seen_from_here());
        }
        // "Open port 22 on the Core for the probes": where the port is is said, so another end is who asks.
        if let Some(on) = around.on.as_ref().filter(|on| may_be_asked(on))
            && opens_port
            && around.from.is_none()
            && around.to.is_none()
            && let Some(client) = self.for_whom(start)
        {
            return Some(Ends::of(Some(&client), Some(on)));
        }
        // "On the Core, open port 22 for the probes"
        if around.on.is_none()
            && around.from.is_none()
            && around.to.is_none()
            && opens_ports
            && self.leading_place().is_some()
            && let Some(client) = self.for_whom(start)
        {
            return Some(Ends::of(Some(&client), None));
        }
        // "permit the agents on these ports"
        if let Some(who) = self.nouns.list(start)
            && around.from.is_none()
            && around.to.is_none()
            && self
                .pieces
                .is_any(who.end, &["on", "over", "via", "using", "through"])
            && (self.pieces.is_port(who.end + 1)
                || self.pieces.is_any(who.end + 1, &["the", "these", "this"]))
            && self.is_somebody(&who, start)
            && around.on.is_none()
        {
            return Some(Ends::of(Some(&who), None).seen_from_here());
        }
        // "open port 22 to the jump host" may mean either end; "allow traffic to the Core" means the server.
        let is_clear = around.from.is_some() || !opens_port;
        // "allow requests to reach the Core"
        let reached = around.verb_object.filter(|object| object.is_machine);
        let to = around.to.or(around.access_to).or(reached);
        let to = to.filter(|_| is_clear);
        if to.is_none()
            && let Some(on) = around.on.filter(|on| on.is_machine)
        {
            return Some(Ends::of(around.from.as_ref(), Some(&on)));
        }
        Some(Ends::of(around.from.as_ref(), to.as_ref()).seen_from_here())
    }

    /// Who is named behind `for`, rather than what: `for the probes`, `for administrators`, but not `for statistics`.
    pub(super) fn for_whom(&self, start: usize) -> Option<NounPhrase> {
        let at = (start..self.pieces.len()).find(|at| self.pieces.is(*at, "for"))?;
        let who = self.nouns.list(at + 1)?;
        self.is_somebody(&who, at + 1).then_some(who)
    }

    /// What follows `traffic`, `connections`: `from X to Y`, `from X`, `to Y`, `between X and Y`.
    fn traffic(&self, start: usize) -> Option<Ends> {
        let mut at = start;
        while self.pieces.is_any(at, &["on", "over", "via", "using"]) && self.pieces.is_port(at + 1)
        {
            at += 2;
        }
        // "inbound traffic on port 22 is allowed from ..."
        if let Some(group) = self.verb_group(at)
            && group.is_passive
            && matches!(
                verb_at(self.pieces, group.verb),
                Some(Verb::Open | Verb::Close)
            )
        {
            at = group.verb + 1;
        }
        // "connections initiated by the agents"
        let is_opened = self.pieces.is(at.wrapping_sub(1), "opened");
        let opening = self.behind_opening(at).or_else(|| is_opened.then_some(at));
        at = opening.unwrap_or(at);
        let is_opened_by = opening.is_some() && self.pieces.is(at, "by");
        // "Incoming connections on the Core from the agents"
        let is_placed = self.pieces.is_any(at, &["on", "at"]) && !self.pieces.is_port(at + 1);
        if !is_opened_by
            && !is_placed
            && !self.pieces.is_any(at, &["from", "to", "between", "into"])
        {
            return None;
        }
        let mut around = self.around(at);
        if around.is_relayed || is_placed && around.on.as_ref().is_none_or(|on| !on.is_machine) {
            return None;
        }
        if is_opened_by {
            around.from = around.by.take().or(around.from);
        }
        if let Some((one, other)) = around.between {
            return Some(Ends {
                is_mutual: true,
                ..Ends::of(Some(&one), Some(&other))
            });
        }
        let server = around.to.or(around.access_to);
        if server.is_none()
            && let Some(on) = around.on.filter(|on| on.is_machine)
        {
            return Some(Ends::of(around.from.as_ref(), Some(&on)));
        }
        Some(Ends::of(around.from.as_ref(), server.as_ref()).seen_from_here())
    }

    /// `from X to Y`, wherever it stands.
    fn pair_from_to(&self, at: usize) -> Option<Ends> {
        let client = self.end_of_pair(at + 1)?;
        let to = self.skip_ports(client.end);
        if !self.pieces.is(to, "to") {
            return None;
        }
        let server = self.end_of_pair(to + 1)?;
        Some(Ends::of(Some(&client), Some(&server)))
    }

    fn between_ends(&self, at: usize) -> Option<Ends> {
        let around = self.around(at);
        let (one, other) = around.between?;
        Some(Ends {
            is_mutual: true,
            ..Ends::of(Some(&one), Some(&other))
        })
    }

    fn skip_ports(&self, at: usize) -> usize {
        let mut at = at;
        while self.pieces.is_any(at, &["on", "over", "via", "using"]) && self.pieces.is_port(at + 1)
        {
            at += 2;
        }
        at
    }

    /// An end of `from X to Y`.
    fn end_of_pair(&self, at: usize) -> Option<NounPhrase> {
        let lower = self.pieces.lower(at);
        if is_pronoun(lower) && !is_determiner(lower) || self.pieces.kind(at) == Some(Kind::Number)
        {
            return None;
        }
        self.nouns.list(at)
    }
}

/// Nouns for what goes from one machine to another.
fn is_traffic(lower: &str) -> bool {
    matches!(
        lower,
        "traffic"
            | "connection"
            | "connections"
            | "communication"
            | "communications"
            | "connectivity"
            | "access"
            | "requests"
            | "packets"
            | "calls"
            | "sessions"
    )
}
