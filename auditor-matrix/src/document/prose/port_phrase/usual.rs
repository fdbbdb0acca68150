//! Numbers that stand apart from the word `port` and are tied to it by what the sentence says: `a single port (3478 by
//! default)`, `the client port, 5432 by default`, `The default port of the Core is 6817`, and below a heading about ports
//! `requires 8443 and optionally 9443`.

use super::{
    Found, is_part,
    list::{List, number_list},
    phrases_of, transport_list,
};
use crate::document::prose::words::{Kind, Word};

/// Words for the port that is taken where nobody changes it.
pub(in crate::document::prose) const USUAL: &[&str] = &[
    "default",
    "defaults",
    "standard",
    "usual",
    "usually",
    "normal",
    "normally",
    "well-known",
    "registered",
];

/// Words for what a number beside `port` may be instead of one.
const AMOUNTS: &[&str] = &[
    "number", "count", "limit", "timeout", "size", "maximum", "minimum", "interval", "max", "min",
    "range", "offset", "version", "backlog", "length",
];

/// The number that a sentence gives as the usual one of a port which it names before.
pub(super) fn usual(words: &[Word<'_>], start: usize) -> Option<Found> {
    if words.get(start)?.kind != Kind::Number || is_part(words, start) {
        return None;
    }
    if !names_port(words.get(..start)?) {
        return None;
    }
    let list = number_list(words, start, &[])?;
    if list.is_count(words) {
        return None;
    }
    let (end, transports) = in_brackets(words, start, &list)
        .or_else(|| behind_comma(words, start, &list))
        .or_else(|| behind_is(words, start, &list))?;
    // Read again, so that transports behind the bracket are the numbers'.
    let (phrases, _) = phrases_of(number_list(words, start, &transports)?, &transports);
    Some((phrases, end))
}

/// Whether words speak of a port and of no amount.
pub(in crate::document::prose) fn names_port(words: &[Word<'_>]) -> bool {
    // "the port number of the Core"
    let is_port_number = |at: usize| {
        words.get(at).is_some_and(|word| word.is("number"))
            && at
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .is_some_and(|before| before.is("port"))
    };
    words.iter().any(|word| is_port(&word.lower))
        && !words
            .iter()
            .enumerate()
            .any(|(at, word)| word.is_any(AMOUNTS) && !is_port_number(at))
}

/// `port`, and names of settings such as `listening-port` and `server_port`.
fn is_port(lower: &str) -> bool {
    matches!(lower, "port" | "ports") || lower.ends_with("-port") || lower.ends_with("_port")
}

type Place = (usize, Vec<crate::transport::Transport>);

/// `(3478 by default)`, `(default: 3478) UDP & TCP`.
fn in_brackets(words: &[Word<'_>], start: usize, list: &List) -> Option<Place> {
    let mut open = start.checked_sub(1)?;
    let mut is_usual = false;
    while let Some(word) = words.get(open)
        && word.kind != Kind::Open
    {
        if !(word.kind == Kind::Colon
            || word.is_any(&["to", "is", "the", "by", "port", "ports", "tcp", "udp"])
            || word.is_any(USUAL))
        {
            return None;
        }
        is_usual |= word.is_any(USUAL);
        open = open.checked_sub(1)?;
    }
    let mut end = list.end;
    if says_by_default(words, end) {
        is_usual = true;
        end += 2;
    }
    let next = words.get(end)?;
    if !is_usual || !matches!(next.kind, Kind::Close | Kind::Comma) {
        return None;
    }
    // Transports behind the bracket are the number's, unless another number follows them.
    if next.kind == Kind::Close
        && let Some((named, behind)) = transport_list(words, end + 1)
        && !words
            .get(behind)
            .is_some_and(|more| more.kind == Kind::Number || more.is_any(&["port", "ports"]))
    {
        return Some((behind, named));
    }
    Some((list.end, Vec::new()))
}

/// `the client connection port, 5432 by default`
fn behind_comma(words: &[Word<'_>], start: usize, list: &List) -> Option<Place> {
    let is_beside = words.get(start.checked_sub(1)?)?.kind == Kind::Comma
        && is_port(&words.get(start.checked_sub(2)?)?.lower);
    (is_beside && says_by_default(words, list.end)).then(|| (list.end + 2, Vec::new()))
}

/// `The default port of the Core is 6817`, `most use the default port, which is (again) 11625`
fn behind_is(words: &[Word<'_>], start: usize, list: &List) -> Option<Place> {
    let mut at = start.checked_sub(1)?;
    // A remark of a word or two in brackets.
    if words.get(at)?.kind == Kind::Close {
        let open = (at.saturating_sub(3)..at)
            .rfind(|at| words.get(*at).is_some_and(|word| word.kind == Kind::Open))?;
        at = open.checked_sub(1)?;
    }
    let is_usual = words.get(..at)?.iter().any(|word| word.is_any(USUAL));
    let ends = words.get(list.end).is_none_or(|next| {
        next.is_mark() && !next.is_glued
            || next.kind == Kind::Stop
            || next.kind == Kind::Comma
            || next.kind == Kind::Close
    });
    (is_usual && ends && words.get(at)?.is_any(&["is", "are"])).then(|| (list.end, Vec::new()))
}

fn says_by_default(words: &[Word<'_>], at: usize) -> bool {
    words.get(at).is_some_and(|word| word.is("by"))
        && words.get(at + 1).is_some_and(|word| word.is("default"))
}

/// Numbers that somebody requires below a heading about ports: `The Core requires 8443 (for the console) and optionally
/// 9443.` `goes_on` says that such a number stands before this one.
pub(super) fn required(words: &[Word<'_>], start: usize, goes_on: bool) -> Option<Found> {
    let word = words.get(start)?;
    if word.kind != Kind::Number || word.text.len() < 2 || is_part(words, start) {
        return None;
    }
    let before = words.get(start.checked_sub(1)?)?;
    let is_required = before.is_any(&["requires", "require", "needs", "need", "uses", "use"]);
    let is_next = goes_on
        && (matches!(before.kind, Kind::Comma | Kind::Open)
            || before.is_any(&["and", "or", "optionally"]));
    if !is_required && !is_next {
        return None;
    }
    let list = number_list(words, start, &[])?;
    let ends = words.get(list.end).is_none_or(|next| {
        next.is_mark() || next.is_any(&["for", "and", "if", "when", "optionally"])
    });
    (ends && !list.is_count(words)).then(|| phrases_of(list, &[]))
}
