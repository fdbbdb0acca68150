//! Takes clauses apart into client and server: who connects to whom, who listens, what may go from where to where.

mod arrow;
mod asking;
mod hindered;
mod loose;
mod nominal;
mod offer;
mod open_phrase;
mod open_to;
mod outgoing;
mod permitted;
mod place;
mod port_subject;
mod prepositions;
mod purpose;
mod reciprocal;
mod relative;
mod separated;
mod somebody;
mod taken_up;
mod verb_group;
mod voice;

use self::permitted::is_manner;
pub(super) use self::{
    loose::loose_ends,
    offer::{Offer, offer},
    separated::add_separated,
    taken_up::asker_of_it,
};
use super::{
    noun_phrase::{NounPhrase, NounPhrases},
    piece::Pieces,
    verb::{Verb, is_noun_of_verb, verb},
    verb_place::verb_at,
    vocabulary::{is_article, is_auxiliary, is_preposition, is_pronoun, is_software},
    words::{Kind, Word},
};
use crate::document::{end::Basis, names::Names, row::Direction, section::is_machine};

/// Who opens a conversation, and who is asked.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ends {
    pub(super) client: Option<String>,
    pub(super) server: Option<String>,
    /// Who asks as well: "must be accessible to users, and also from the office".
    pub(super) further_client: Option<String>,
    /// Either may ask the other.
    pub(super) is_mutual: bool,
    /// The end that is not named is the machine that the page or its heading is about.
    pub(super) direction: Option<Direction>,
    pub(super) basis: Basis,
}

impl Ends {
    pub(super) fn n_known(&self) -> usize {
        usize::from(self.client.is_some()) + usize::from(self.server.is_some())
    }

    fn of(client: Option<&NounPhrase>, server: Option<&NounPhrase>) -> Self {
        Self {
            client: client.map(|client| client.text.clone()),
            server: server.map(|server| server.text.clone()),
            ..Self::default()
        }
    }

    /// Ends of which `from` and `to` name one: the other is the machine that the text is about.
    fn seen_from_here(mut self) -> Self {
        self.direction = match (&self.client, &self.server) {
            (Some(_), None) => Some(Direction::Inbound),
            (None, Some(_)) => Some(Direction::Outbound),
            _ => None,
        };
        self
    }
}

/// A clause whose ends are known, and its place among the pieces.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Clause {
    pub(super) start: usize,
    pub(super) ends: Ends,
}

/// The clauses of a sentence that say who talks to whom, in order.
pub(super) fn clauses(pieces: &Pieces<'_>, names: &Names) -> Vec<Clause> {
    let grammar = Grammar {
        pieces,
        nouns: NounPhrases { pieces, names },
    };
    let mut clauses: Vec<Clause> = Vec::new();
    let mut subject: Option<NounPhrase> = None;
    if grammar.is_restricted() {
        return clauses;
    }
    for at in 0..pieces.len() {
        let mut found = Vec::new();
        if grammar.is_start(at) && !grammar.is_no_imperative(at) {
            found.extend(grammar.clause(at, &mut subject));
        }
        found.extend(grammar.open_phrase(at));
        found.extend(grammar.arrow(at));
        found.extend(grammar.used_by(at));
        found.extend(grammar.for_to(at));
        found.extend(grammar.relative(at));
        found.extend(grammar.hindered(at));
        let Some(ends) = found
            .into_iter()
            .filter(|ends| 0 < ends.n_known() && !is_manner(ends) && !is_done_by_nobody(ends))
            .max_by_key(Ends::n_known)
        else {
            continue;
        };
        // A phrase inside of a clause that is known says the same or less.
        let is_inside = clauses.last().is_some_and(|last| {
            let n_known = last.ends.n_known();
            !grammar.is_port_between(last.start, at)
                && (ends.n_known() < n_known || ends.n_known() == n_known && !grammar.is_start(at))
        });
        // "The Core and the Edge connect to ...": the second half of the subject says no more.
        let is_half = clauses.last().is_some_and(|last| {
            let ends_with = |whole: &Option<String>| {
                whole
                    .as_deref()
                    .zip(ends.client.as_deref())
                    .is_some_and(|(whole, half)| whole.len() > half.len() && whole.ends_with(half))
            };
            !grammar.is_port_between(last.start, at)
                && last.ends.server == ends.server
                && ends_with(&last.ends.client)
        });
        if !is_inside && !is_half && !grammar.goes_on_with(at, &ends, &mut clauses) {
            clauses.push(Clause { start: at, ends });
        }
    }
    grammar.settle_mutual(&mut clauses);
    grammar.settle_purposes(&mut clauses);
    grammar.add_places(&mut clauses);
    grammar.add_sender(&mut clauses);
    clauses
}

struct Grammar<'a> {
    pieces: &'a Pieces<'a>,
    nouns: NounPhrases<'a>,
}

impl Grammar<'_> {
    /// Whether a clause may start here: at the sentence's start, behind a mark, behind a word that joins clauses.
    fn is_start(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return true;
        };
        match self.pieces.kind(before) {
            Some(
                Kind::Comma | Kind::Colon | Kind::Semicolon | Kind::Stop | Kind::Open | Kind::Close,
            ) => true,
            Some(Kind::Dash) => !self.pieces.word(before).is_some_and(|dash| dash.is_glued),
            Some(Kind::Arrow(_)) => self.pieces.is_port(before.wrapping_sub(1)),
            // "a firewall that disables access": the word behind is the verb of the noun before.
            Some(Kind::Word) if self.is_relative_of_port(before) => true,
            Some(Kind::Word) if self.pieces.is(before, "that") => !self.is_relative(before),
            Some(Kind::Word) => self.pieces.is_any(
                before,
                &[
                    "and", "but", "so", "while", "whereas", "because", "as", "ensure", "sure",
                    "verify", "check", "confirm", "since", "also", "or",
                ],
            ),
            Some(_) | None => false,
        }
    }

    /// Whether what looks like an imperative at a place says of no traffic: what the reader does himself (`Call your provider`), or the
    /// first half of a name (`log shippers`).
    fn is_no_imperative(&self, at: usize) -> bool {
        if self
            .pieces
            .is_any(at, &["call", "contact", "ask", "consult"])
        {
            return true;
        }
        let is_plain = |word: &Word<'_>| {
            word.kind == Kind::Word
                && !is_article(&word.lower)
                && !is_preposition(&word.lower)
                && !is_pronoun(&word.lower)
        };
        is_noun_of_verb(self.pieces.lower(at))
            && !self.pieces.lower(at).ends_with('s')
            && self.pieces.word(at + 1).is_some_and(is_plain)
    }

    /// Whether `that` belongs to the noun before it, rather than to a verb as in "make sure that".
    fn is_relative(&self, at: usize) -> bool {
        let Some(before) = at
            .checked_sub(1)
            .and_then(|before| self.pieces.word(before))
        else {
            return false;
        };
        before.kind == Kind::Word
            && !is_auxiliary(&before.lower)
            && verb(&before.lower).is_none()
            && !before.is_any(&[
                "ensure",
                "ensures",
                "sure",
                "verify",
                "confirm",
                "so",
                "means",
                "note",
                "assume",
                "assumes",
                "assuming",
                "provided",
                "given",
                "ensuring",
                "verifying",
                "certain",
                "remember",
                "recommend",
                "recommended",
                "such",
                "requirement",
                "see",
                "says",
            ])
    }

    fn is_port_between(&self, start: usize, end: usize) -> bool {
        (start..end).any(|at| self.pieces.is_port(at))
    }

    /// Reads the clause that starts here. `subject` is the last clause's subject, which "and to the Store" takes over.
    fn clause(&self, at: usize, subject: &mut Option<NounPhrase>) -> Option<Ends> {
        if self.pieces.is_any(at, &["to", "with"])
            && self.pieces.is(at.wrapping_sub(1), "and")
            && let Some(client) = &*subject
            && let Some(server) = self.nouns.list(at + 1)
        {
            return Some(Ends::of(Some(client), Some(&server)));
        }
        // "... contacts the Core on port 80 and the Store on port 90"
        if self.pieces.is(at.wrapping_sub(1), "and")
            && let Some(client) = &*subject
            && let Some(server) = self.nouns.list(at)
            && self
                .pieces
                .is_any(server.end, &["on", "over", "via", "at", "using"])
            && self.pieces.is_port(server.end + 1)
        {
            return Some(Ends::of(Some(client), Some(&server)));
        }
        if self.pieces.is_port(at) {
            return self.port_clause(at + 1);
        }
        // "The Core (or Edge) server needs": a name that a bracket cuts is none.
        let is_cut = self.pieces.kind(at.wrapping_sub(1)) == Some(Kind::Close);
        let doer = self
            .nouns
            .list(at)
            .filter(|doer| !is_cut || doer.text.contains(' '));
        let behind = match &doer {
            Some(doer) => doer.end,
            None if is_pronoun(self.pieces.lower(at)) => at + 1,
            None => at,
        };
        if let Some(client) = self.has_open_to(behind) {
            return Some(Ends::of(Some(&client), doer.as_ref()).seen_from_here());
        }
        if doer.is_none()
            && let Some(ends) = self.sent_by(at)
        {
            return Some(ends);
        }
        let group = self.verb_group(behind)?;
        if !group.is_passive && self.is_noun_at_end(group.verb) {
            return None;
        }
        if doer.is_none() && group.verb == at && self.is_compound(at) {
            return None;
        }
        let class = verb_at(self.pieces, group.verb);
        // "External access to the Store": the verb has no `to`, so this is the noun.
        let is_noun = self.pieces.is(group.verb, "access") && self.pieces.is(group.verb + 1, "to");
        if group.verb == behind
            && (is_noun
                || is_auxiliary(self.pieces.lower(group.verb + 1))
                || doer.as_ref().is_some_and(|doer| self.disagrees(at, doer)))
        {
            return None;
        }
        if group.is_passive {
            return self.passive(doer.as_ref(), group.verb, class);
        }
        // "Workers contact the Core on port 80 and serve pages on port 90"
        let is_joined = doer.is_none() && behind == at && self.pieces.is(at.wrapping_sub(1), "and");
        let doer = if is_joined && matches!(class, Some(Verb::Serve | Verb::Ask)) {
            subject.clone()
        } else {
            doer
        };
        let ends = self.active(doer.as_ref(), group.verb, class?)?;
        // A verb without a subject of its own goes on with the last one.
        if doer.is_some() {
            *subject = doer.filter(|doer| ends.client.as_ref() == Some(&doer.text));
        }
        Some(ends)
    }

    /// "ports used by components to connect to the Vault": who uses them is who connects.
    pub(super) fn used_by(&self, at: usize) -> Option<Ends> {
        let is_use = self
            .pieces
            .is_any(at, &["used", "needed", "required", "necessary"])
            && self.pieces.is_any(at + 1, &["by", "for"]);
        if !is_use {
            return None;
        }
        let asking = |doer: Option<&NounPhrase>, verb: usize| match verb_at(self.pieces, verb)? {
            class @ (Verb::Ask | Verb::Transfer) => self.asking(doer, verb, class),
            Verb::Serve | Verb::Open | Verb::Close | Verb::Use => None,
        };
        // "used for probing the Core from the Edge"
        if self.pieces.is(at + 1, "for") && self.pieces.lower(at + 2).ends_with("ing") {
            let mut ends = asking(None, at + 2)?;
            if !self.pulls(at + 2) {
                ends.client = self.around(at + 3).from.map(|from| from.text);
            }
            return Some(ends.seen_from_here());
        }
        let doer = self.nouns.list(at + 2)?;
        if !self.pieces.is(doer.end, "to") {
            return None;
        }
        asking(Some(&doer), doer.end + 1)
    }

    /// Whether what could be a verb ends a phrase by itself, and so is a noun: `(SQL queries)`, `License checks, from the Core`.
    fn is_noun_at_end(&self, at: usize) -> bool {
        is_noun_of_verb(self.pieces.lower(at))
            && self.pieces.kind(at + 1).is_none_or(|next| {
                matches!(
                    next,
                    Kind::Comma
                        | Kind::Close
                        | Kind::Open
                        | Kind::Semicolon
                        | Kind::Stop
                        | Kind::Colon
                )
            })
            && !self.pieces.is_port(at + 1)
    }

    /// Whether what could be a verb says which program the noun behind it is: `query API`, `log collector`.
    fn is_compound(&self, at: usize) -> bool {
        let noun = self.pieces.lower(at + 1);
        let is_kind = is_software(noun) || is_machine(noun);
        let ends = self
            .pieces
            .kind(at + 2)
            .is_none_or(|next| next != Kind::Word);
        is_noun_of_verb(self.pieces.lower(at)) && is_kind && !noun.ends_with('s') && ends
    }

    /// Whether a plural is followed by a verb for one, so that it is a verb itself: "receives queries".
    fn disagrees(&self, at: usize, doer: &NounPhrase) -> bool {
        let verb = self.pieces.lower(doer.end);
        let is_word = doer.end == at + 1
            && self
                .pieces
                .word(at)
                .is_some_and(|word| !word.is_capitalised() && word.lower.ends_with('s'));
        is_word && verb.ends_with('s') && !verb.ends_with("ss")
    }
}

/// Whether what stands in the place of who asks is what somebody does: `Receives orders -> forwards them`.
fn is_done_by_nobody(ends: &Ends) -> bool {
    ends.client.as_deref().is_some_and(|client| {
        let lower = client.to_lowercase();
        lower.ends_with('s') && verb(&lower).is_some() && !is_noun_of_verb(&lower)
    })
}

/// Adjectives of what can be asked.
fn is_reachable(lower: &str) -> bool {
    matches!(
        lower,
        "open" | "reachable" | "accessible" | "available" | "exposed" | "closed" | "unreachable"
    )
}
