//! Whom a machine's ports are open to: `The Store nodes need the following ports open to the world`.

use super::Grammar;
use crate::document::prose::{noun_phrase::NounPhrase, vocabulary::is_auxiliary, words::Kind};

impl Grammar<'_> {
    /// Who may ask the ports behind `start` that are said to be open to somebody.
    ///
    /// What is open to the world, or to the others of a kind, is asked by them. Of another name `open to` says the same only
    /// on a page that opens ports to the world: elsewhere it may name where connections go.
    pub(super) fn opened_to(&self, start: usize) -> Option<NounPhrase> {
        let mut names_port = false;
        for at in start..self.pieces.len() {
            if matches!(self.pieces.kind(at), Some(Kind::Stop | Kind::Semicolon)) {
                return None;
            }
            names_port |= self.pieces.is_port(at) || self.pieces.is_any(at, &["port", "ports"]);
            let is_open = self.pieces.is_any(at, OPEN) && self.pieces.is(at + 1, "to");
            if names_port && is_open {
                return self.askers(at + 2);
            }
        }
        None
    }

    /// The same behind `must have`.
    pub(super) fn has_open_to(&self, start: usize) -> Option<NounPhrase> {
        let mut at = start;
        while !self.pieces.is_any(at, &["has", "have"]) {
            if !is_auxiliary(self.pieces.lower(at)) || start + MOST_AUXILIARIES < at {
                return None;
            }
            at += 1;
        }
        self.opened_to(at + 1)
    }

    /// Those behind `open to`, if they are the ones who ask.
    pub(super) fn askers(&self, start: usize) -> Option<NounPhrase> {
        let is_certain = (start..start + 3)
            .take_while(|at| self.pieces.kind(*at) == Some(Kind::Word))
            .any(|at| self.pieces.is_any(at, WORLD))
            || self.nouns.names.opens_to_askers();
        if !is_certain {
            return None;
        }
        let mut all = self.nouns.list(start)?;
        // "open to the Edges and to the Store"
        while self.pieces.is(all.end, "and")
            && self.pieces.is(all.end + 1, "to")
            && let Some(more) = self.nouns.list(all.end + 2)
        {
            all.text.push_str(" and ");
            all.text.push_str(&more.text);
            all.end = more.end;
            all.is_machine &= more.is_machine;
            all.n_parts += more.n_parts;
        }
        Some(all)
    }
}

const MOST_AUXILIARIES: usize = 3;

const OPEN: &[&str] = &["open", "opened", "exposed", "accessible", "reachable"];

const WORLD: &[&str] = &[
    "world",
    "internet",
    "public",
    "everyone",
    "anyone",
    "anybody",
    "everybody",
    "other",
    "any",
    "client",
    "clients",
    "user",
    "users",
];
