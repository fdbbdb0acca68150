//! Noun phrases that can name machines: `the Core`, `all web nodes`, `Agents in the DMZ`, `10.0.0.0/8`.
//!
//! A wrong name is worse than none, so a phrase has to look like a name: an article, a plural, a capital letter, a word for
//! a kind of machine, or a name that the page's tables have.

mod bracket;
mod name_up_to;
mod noun;
mod shared_head;

use super::{
    piece::Pieces,
    verb_place::verb_at,
    vocabulary::{
        is_abstract, is_article, is_auxiliary, is_determiner, is_locating, is_platform, is_software,
    },
    words::Kind,
};
use crate::document::{
    application_protocol,
    names::Names,
    section::{is_machine, is_security_group},
    text::is_host,
};

/// A noun phrase, or several joined by `and` or commas.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct NounPhrase {
    /// As written, without articles.
    pub(super) text: String,
    /// The place behind it.
    pub(super) end: usize,
    /// What it names is a machine beyond doubt, rather than software that runs on one.
    pub(super) is_machine: bool,
    /// The number of phrases that are joined.
    pub(super) n_parts: usize,
}

/// Reads noun phrases of a sentence.
#[derive(Clone, Copy)]
pub(super) struct NounPhrases<'a> {
    pub(super) pieces: &'a Pieces<'a>,
    pub(super) names: &'a Names,
}

/// Whether the verb that follows a phrase has the form for one or for many.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Number {
    One,
    Many,
}

/// A phrase of more words is a description.
const MOST_WORDS: usize = 5;

impl NounPhrases<'_> {
    /// Reads phrases joined by `and`, `or` and commas: `the Core, the Edge and the Store`.
    pub(super) fn list(&self, at: usize) -> Option<NounPhrase> {
        let mut all = self.one(at)?;
        let mut parts = vec![(all.text.clone(), "")];
        // At the start of a clause the whole list is the subject: "the Core and the Edge connect".
        let is_doer = self.starts_clause(at);
        // What was read up to the last joint that is no comma: `to the Core, Maintenance` names no second machine.
        let mut certain = all.clone();
        let mut n_certain = 1;
        while let Some((joint, next)) = self.joint(all.end) {
            // In "X connects to Y and Z listens", what follows `and` is the next clause's subject.
            let number = if joint == " or " {
                Number::One
            } else {
                Number::Many
            };
            let more = self.phrase(next, number);
            // "the process, receives queries"
            let is_verb = more.as_ref().is_some_and(|more| {
                more.end == next + 1
                    && verb_at(self.pieces, next).is_some()
                    && !self.is_capitalised(next)
                    && self.pieces.lower(more.end).ends_with('s')
            });
            let Some(more) = more.filter(|more| !is_verb && (!self.is_subject(more) || is_doer))
            else {
                break;
            };
            all.text.push_str(joint);
            // An article begins another phrase, so what stands before the joint and behind it are two: "the Core and the Edge".
            if is_article(self.pieces.lower(next)) {
                all.text.push_str("the ");
            }
            all.text.push_str(&more.text);
            let is_known = self.names.contains(&more.text)
                || is_machine(self.pieces.lower(more.end.saturating_sub(1)));
            parts.push((more.text, joint));
            all.end = more.end;
            all.is_machine &= more.is_machine;
            all.n_parts += 1;
            if joint != ", " || is_known {
                certain = all.clone();
                n_certain = parts.len();
            }
        }
        all = certain;
        parts.truncate(n_certain);
        if let Some(whole) = shared_head::distributed(&parts, self.names)
            && is_determiner(self.pieces.lower(at))
        {
            all.text = whole;
            all.is_machine = true;
        }
        Some(all)
    }

    fn joint(&self, at: usize) -> Option<(&'static str, usize)> {
        let word = self.pieces.word(at)?;
        let next = at + 1;
        let is_comma = word.kind == Kind::Comma;
        let (word, next) = match self.pieces.word(next) {
            Some(more) if is_comma && more.is_any(&["and", "or"]) => (more, next + 1),
            Some(_) | None => (word, next),
        };
        match word.text {
            "," => Some((", ", next)),
            "and" | "&" => Some((" and ", next)),
            "or" => Some((" or ", next)),
            _ => None,
        }
    }

    fn is_subject(&self, phrase: &NounPhrase) -> bool {
        let word = self.pieces.lower(phrase.end);
        is_auxiliary(word)
            // "users monitoring the Core" are users.
            || verb_at(self.pieces, phrase.end).is_some() && !word.ends_with("ing")
            || matches!(word, "need" | "needs" | "that" | "which")
    }

    fn starts_clause(&self, at: usize) -> bool {
        at.checked_sub(1).is_none_or(|before| {
            self.pieces.word(before).is_some_and(|before| {
                before.is_mark() && before.kind != Kind::Comma || before.is("that")
            })
        })
    }

    /// Reads one phrase.
    pub(super) fn one(&self, start: usize) -> Option<NounPhrase> {
        self.phrase(start, Number::One)
    }

    fn phrase(&self, start: usize, number: Number) -> Option<NounPhrase> {
        let mut at = start;
        while self.pieces.is_any(at, &["only", "also", "just"]) {
            at += 1;
        }
        // "at least one of your nodes"
        if self.pieces.is(at, "at") && self.pieces.is_any(at + 1, &["least", "most"]) {
            at += 2;
            // "at least one machine"
            let counts = self.pieces.is_any(at, &["one", "two", "three"])
                || self.pieces.kind(at) == Some(Kind::Number);
            at += usize::from(counts && !self.pieces.is(at + 1, "of"));
        }
        if self.pieces.is_any(at, &["one", "some", "any"])
            && self.pieces.is(at + 1, "of")
            && is_determiner(self.pieces.lower(at + 2))
        {
            at += 2;
        }
        // "every one of the nodes"
        if self.pieces.is_any(at, &["every", "each"])
            && self.pieces.is(at + 1, "one")
            && self.pieces.is(at + 2, "of")
        {
            at += 3;
        }
        // "all of the nodes"
        if self.pieces.is_any(at, &["all", "each", "any"]) && self.pieces.is(at + 1, "of") {
            if !is_article(self.pieces.lower(at + 2)) {
                return None;
            }
            at += 2;
        }
        let first = at;
        let mut is_determined = false;
        while is_determiner(self.pieces.lower(at)) && at < first + 3 {
            is_determined = true;
            at += 1;
        }
        // `All nodes` is more than `nodes`; `the`, `each` and `your` add nothing to a name.
        let belongs_to_other = (first..at).any(|at| self.pieces.is_any(at, &["its", "their"]));
        let kept = (first..at).find(|at| self.pieces.is_any(*at, &["all", "any", "both", "other"]));
        let known = self
            .known(first)
            .or_else(|| self.known_part(at, kept))
            .filter(|known| !self.goes_on(known.end));
        let mut phrase = known.or_else(|| {
            // Of what belongs to another, only a kind of machine is one beyond doubt: "its database", not "its services".
            self.described(at, kept.unwrap_or(at), is_determined, number)
                .filter(|found| !belongs_to_other || is_machine(self.pieces.lower(found.end - 1)))
        })?;
        self.locate(&mut phrase);
        self.add_bracket(&mut phrase);
        // "the Core's port 80" is on the Core.
        for mark in ["'s", "\u{2019}s"] {
            if let Some(name) = phrase.text.strip_suffix(mark) {
                phrase.text = name.to_owned();
            }
        }
        Some(phrase)
    }

    /// Whether the name goes on behind what the page uses as a name: `Acme` in `the Acme Server`.
    fn goes_on(&self, end: usize) -> bool {
        let lower = self.pieces.lower(end);
        let is_after_name = end
            .checked_sub(1)
            .is_some_and(|before| self.is_capitalised(before));
        is_after_name && self.is_capitalised(end) && is_machine(lower)
    }

    /// The longest name of the page's tables that starts here.
    fn known(&self, at: usize) -> Option<NounPhrase> {
        (at + 1..=at + MOST_WORDS + 1).rev().find_map(|end| {
            let text = self.text(at, end)?;
            self.names.contains(text).then(|| NounPhrase {
                text: without_article(text).to_owned(),
                end,
                is_machine: true,
                n_parts: 1,
            })
        })
    }

    /// The same behind words that belong to a name, as written: all of what the page calls by one word are another role.
    fn known_part(&self, at: usize, kept: Option<usize>) -> Option<NounPhrase> {
        let known = self.known(at)?;
        let whole = kept
            .filter(|kept| self.pieces.is(*kept, "all"))
            .and_then(|kept| self.text(kept, known.end));
        Some(NounPhrase {
            text: whole.map_or(known.text, ToOwned::to_owned),
            ..known
        })
    }

    /// A phrase that looks like a name. `start` is where its text begins.
    fn described(
        &self,
        at: usize,
        start: usize,
        is_determined: bool,
        number: Number,
    ) -> Option<NounPhrase> {
        let mut end = at;
        let mut is_capitalised = false;
        let mut n_slashes = 0;
        while let Some(word) = self.pieces.word(end) {
            if matches!(word.kind, Kind::Slash) && at < end && word.is_glued {
                end += 1;
                n_slashes += 1;
                continue;
            }
            if !self.is_noun(word, end, end == at, is_determined, number) {
                break;
            }
            is_capitalised |= word.is_capitalised();
            end += 1;
            if MOST_WORDS + n_slashes < end - at {
                return None;
            }
        }
        if self.pieces.kind(end.checked_sub(1)?) == Some(Kind::Slash) {
            end -= 1;
        }
        if end <= at {
            return None;
        }
        // "services running on": what they do is no part of their name.
        if at + 1 < end && self.is_participle_behind(end - 1) {
            end -= 1;
        }
        let head = self.pieces.lower(end - 1);
        // "the operations manager", "windows hosts"
        let qualified = at + usize::from(is_determined || is_machine(head));
        let is_platform = end == at + 1 && is_platform(head);
        if is_platform || (qualified..end - 1).any(|at| self.may_be_verb(at)) {
            return None;
        }
        let is_plural = head.ends_with('s') && !head.ends_with("ss") && 3 < head.len();
        let is_address = end == at + 1
            && self.pieces.word(at).is_some_and(|word| {
                is_host(word.text.trim_start_matches("*.")) || word.kind == Kind::Mixed
            });
        let first = self.pieces.lower(at);
        // A template's variable stands for a name.
        let is_variable = (at..end).any(|at| self.pieces.lower(at).starts_with('{'));
        let is_bare_subject = end == at + 1 && self.is_bare_subject(at);
        let looks_like_name = is_determined
            || is_bare_subject
            || is_capitalised
            || is_plural
            || is_machine(head)
            || is_address
            || is_variable;
        if !looks_like_name
            || end == at + 1 && is_whole(head)
            || is_abstract(head)
                && !is_part_of_system(first, head)
                && !self.text(at, end).is_some_and(is_security_group)
            || matches!(first, "following" | "default" | "e.g" | "i.e")
            || is_protocol(head) && !is_determined
            || !head.contains(char::is_alphabetic) && !is_address
        {
            return None;
        }
        let text = self.text(start, end)?;
        Some(NounPhrase {
            text: text.to_owned(),
            end,
            is_machine: !is_software(head)
                && (is_machine(head)
                    || is_plural
                    || is_capitalised
                    || is_address
                    || is_variable
                    || is_bare_subject),
            n_parts: 1,
        })
    }

    /// Whether a word is what the plural before it does: `services running`, `nodes labeled`.
    fn is_participle_behind(&self, at: usize) -> bool {
        let lower = self.pieces.lower(at);
        let before = at
            .checked_sub(1)
            .map_or("", |before| self.pieces.lower(before));
        (lower.ends_with("ing") || lower.ends_with("ed") && 4 < lower.len())
            && !self.is_capitalised(at)
            && (before.ends_with('s') && !before.ends_with("ss")
                // "any user attempting to connect"
                || lower.ends_with("ing") && self.pieces.is(at + 1, "to")
                || matches!(
                    self.pieces.lower(at + 1),
                    "on" | "in" | "at" | "as" | "under"
                ))
    }

    /// Whether a word before the last may be a verb that is not known, as in `returns results`: what qualifies a noun is
    /// singular.
    fn may_be_verb(&self, at: usize) -> bool {
        let lower = self.pieces.lower(at);
        let is_singular = ["ss", "us", "is", "ics", "os"]
            .iter()
            .any(|ending| lower.ends_with(ending))
            || !lower.contains(['a', 'e', 'i', 'o', 'u', 'y'])
            || is_protocol(lower)
            || application_protocol::transports(lower).is_some();
        let is_compound = lower.contains('-');
        lower.ends_with('s')
            && 3 < lower.len()
            && !is_singular
            && !is_compound
            && !self.is_capitalised(at)
    }

    /// Adds where the machines are, which tells them from others: `Agents in the DMZ`.
    fn locate(&self, phrase: &mut NounPhrase) {
        if !is_locating(self.pieces.lower(phrase.end)) || !phrase.is_machine {
            return;
        }
        let at = phrase.end + 1;
        let behind = at + usize::from(is_determiner(self.pieces.lower(at)));
        // A firewall is no end, and a side of it is a place: `users inside your firewall`.
        let is_side = self.pieces.is_any(behind, &["firewall", "firewalls"])
            && !self.pieces.is_any(phrase.end, &["of", "in"]);
        let end = if is_side {
            behind + 1
        } else {
            let place = self
                .known(at)
                .or_else(|| self.described(behind, behind, behind != at, Number::Many));
            let Some(place) = place else { return };
            place.end
        };
        if let Some(text) = self.text(phrase.end, end) {
            phrase.text.push(' ');
            phrase.text.push_str(text);
            phrase.end = end;
        }
    }

    /// The text of some pieces, which are all words.
    fn text(&self, start: usize, end: usize) -> Option<&str> {
        if (start..end).any(|at| self.pieces.word(at).is_none()) {
            return None;
        }
        let (first, last) = (
            self.pieces.word(start)?,
            self.pieces.word(end.checked_sub(1)?)?,
        );
        self.pieces.sentence.get(first.start..last.end)
    }
}

/// `the front end`: that end is one of a system, and not where something ends.
fn is_part_of_system(first: &str, head: &str) -> bool {
    matches!(head, "end" | "ends") && matches!(first, "front" | "back" | "head" | "rear")
}

/// Nouns that by themselves stand for all that the page is about, and for none of its machines: `users monitoring the system`.
fn is_whole(lower: &str) -> bool {
    matches!(
        lower,
        "system"
            | "environment"
            | "software"
            | "product"
            | "solution"
            | "infrastructure"
            | "deployment"
    )
}

/// Protocols that name no server, unlike `redis` and `etcd`, which are both.
fn is_protocol(lower: &str) -> bool {
    matches!(
        lower,
        "http"
            | "https"
            | "http2"
            | "tls"
            | "ssl"
            | "dtls"
            | "rpc"
            | "grpc"
            | "rest"
            | "soap"
            | "websocket"
            | "websockets"
            | "ws"
            | "wss"
            | "ip"
            | "quic"
            | "ssh"
            | "rdp"
            | "icmp"
    )
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok() || text.parse::<ipnet::IpNet>().is_ok()
}

fn without_article(text: &str) -> &str {
    let Some((first, rest)) = text.split_once(' ') else {
        return text;
    };
    let first = first.to_lowercase();
    if is_article(&first) || matches!(first.as_str(), "each" | "every" | "your") {
        rest
    } else {
        text
    }
}
