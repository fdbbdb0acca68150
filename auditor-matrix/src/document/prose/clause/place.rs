//! On which machine a port is, where the clause does not say so: `On the relay, open port 80`, `port 8080 of the Core`.

use super::{Clause, Ends, Grammar, permitted::may_be_asked};
use crate::document::prose::{
    noun_phrase::NounPhrase, verb::Verb, verb_place::verb_at, words::Kind,
};

impl Grammar<'_> {
    /// Adds to clauses without a server the machine on which the sentence places its ports.
    pub(super) fn add_places(&self, clauses: &mut Vec<Clause>) {
        let goes_out = (0..self.pieces.len()).any(|at| {
            self.pieces.is_any(
                at,
                &[
                    "outbound",
                    "outgoing",
                    "egress",
                    "forward",
                    "forwards",
                    "forwarded",
                ],
            )
        });
        if goes_out {
            return;
        }
        let place = self
            .leading_place()
            .or_else(|| self.place_of_port())
            .or_else(|| self.place_of_firewall());
        let Some(place) = place else {
            return;
        };
        if clauses.is_empty() {
            clauses.push(Clause {
                start: 0,
                ends: Ends::of(None, Some(&place)),
            });
            return;
        }
        for clause in clauses {
            let ends = &mut clause.ends;
            if ends.server.is_none() && ends.client.as_ref() != Some(&place.text) && !ends.is_mutual
            {
                ends.server = Some(place.text.clone());
                ends.direction = None;
            }
        }
    }

    /// `On each Store node, port 80 must accept ...`: what is opened or served is on the machine that is named first.
    pub(super) fn leading_place(&self) -> Option<NounPhrase> {
        if !self.pieces.is_any(0, &["on", "at"]) || self.pieces.is_port(1) {
            return None;
        }
        let place = self.nouns.list(1).filter(|place| place.is_machine)?;
        if self.pieces.kind(place.end) != Some(Kind::Comma) {
            return None;
        }
        let serves = (place.end + 1..self.pieces.len())
            .any(|at| matches!(verb_at(self.pieces, at), Some(Verb::Open | Verb::Serve)));
        let asks = (place.end + 1..self.pieces.len())
            .any(|at| verb_at(self.pieces, at) == Some(Verb::Ask));
        (serves && !asks).then_some(place)
    }

    /// `in the firewall of the Core`, `the firewall on the Core`: what it lets through goes to that machine.
    fn place_of_firewall(&self) -> Option<NounPhrase> {
        (0..self.pieces.len())
            .filter(|at| {
                self.pieces.is_any(*at, &["firewall", "firewalls"])
                    && self.pieces.is_any(at + 1, &["of", "on"])
            })
            .find_map(|at| self.nouns.list(at + 2))
            .filter(|place| place.is_machine && may_be_asked(place))
    }

    /// `on port 8080 of the Core`
    fn place_of_port(&self) -> Option<NounPhrase> {
        let mut places = (0..self.pieces.len())
            .filter(|at| {
                self.pieces.is_numbered_port(*at) && self.pieces.is_any(at + 1, &["of", "on"])
            })
            .filter_map(|at| self.nouns.list(at + 2))
            .filter(|place| place.is_machine);
        let first = places.next()?;
        places
            .all(|other| other.text == first.text)
            .then_some(first)
    }

    /// `(ports that agents need) open on the Core`: another machine than the one that needs them is asked.
    pub(super) fn open_on(&self, start: usize, doer: &NounPhrase) -> Option<NounPhrase> {
        let mut at = start;
        while self.pieces.is_port(at)
            || self.pieces.is_any(
                at,
                &["to", "be", "the", "these", "following", "port", "ports"],
            )
        {
            at += 1;
        }
        (self.pieces.is_any(at, &["open", "opened"]) && self.pieces.is(at + 1, "on"))
            .then(|| self.nouns.list(at + 2))
            .flatten()
            .filter(|place| place.is_machine && may_be_asked(place) && place.text != doer.text)
    }

    /// `needs access to port 6443 on the Core`
    pub(super) fn access_to_port(&self, at: usize) -> Option<NounPhrase> {
        let to = (at..at + 3).find(|at| self.pieces.is(*at, "to"))?;
        let is_access = self.pieces.is_any(
            to - 1,
            &["access", "connectivity", "connection", "connections"],
        );
        (is_access
            && self.pieces.is_port(to + 1)
            && self.pieces.is_any(to + 2, &["on", "of", "at"]))
        .then(|| self.nouns.list(to + 3))
        .flatten()
    }
}
