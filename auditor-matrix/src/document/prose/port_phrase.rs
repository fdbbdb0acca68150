//! Finds the phrases of a sentence that name ports: `TCP ports 80 and 443 (for the API)`, `9200/tcp`, `these UDP ports`.

mod bracket_list;
mod certain;
mod labelled;
mod lead;
mod list;
mod number;
mod quantity;
mod served;
mod usual;

use std::ops::Range;

pub(super) use self::{
    certain::add_certain,
    quantity::is_counted,
    served::serves_on_number,
    usual::{USUAL, names_port},
};
use self::{
    lead::led,
    list::{List, number_list},
};
use super::words::{Kind, Word};
use crate::{
    document::{application_protocol, cell, row::PortGroup, text::is_host},
    transport::Transport,
};

/// A phrase that names ports of the same transports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct PortPhrase {
    /// The words of the phrase. Phrases of one list with different transports have the same words.
    pub(super) words: Range<usize>,
    /// Empty if the phrase gives no number: `these ports`.
    pub(super) ports: Vec<PortGroup>,
    /// Empty if the phrase gives none.
    pub(super) transports: Vec<Transport>,
}

/// What says that a number is a port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Evidence {
    /// The word `port` or a transport beside it.
    Stated,
    /// What says that somebody requires it is enough, too: the heading is about ports.
    Section,
    /// Its place in an item of a list of ports is enough, too.
    Item,
}

/// All phrases of a sentence, in order.
pub(super) fn port_phrases(words: &[Word<'_>], evidence: Evidence) -> Vec<PortPhrase> {
    let mut phrases = Vec::new();
    let mut at = 0;
    let mut is_required = false;
    while at < words.len() {
        let found = of_address(words, at)
            .or_else(|| bracket_list::in_brackets(words, at))
            .or_else(|| led(words, at))
            .or_else(|| labelled::labelled(words, at))
            .or_else(|| behind_colon(words, at, &phrases))
            .or_else(|| stated_behind(words, at))
            .or_else(|| usual::usual(words, at))
            .or_else(|| served::served(words, at))
            .or_else(|| {
                (evidence == Evidence::Item)
                    .then(|| by_place(words, at))
                    .flatten()
            })
            .or_else(|| {
                let required = (evidence != Evidence::Stated)
                    .then(|| usual::required(words, at, is_required))
                    .flatten();
                is_required |= required.is_some();
                required
            });
        match found {
            Some((more, end)) => {
                let start = at;
                at = end.max(at + 1);
                phrases.extend(more.into_iter().map(|mut phrase| {
                    phrase.words = start..at;
                    phrase
                }));
            }
            None => at += 1,
        }
    }
    phrases
}

type Found = (Vec<PortPhrase>, usize);

/// The port of an address: `:443` in `telemetry.example.com:443`.
fn of_address(words: &[Word<'_>], start: usize) -> Option<Found> {
    address_before(words, start)?;
    let next = words.get(start + 1).filter(|next| next.is_glued)?;
    let (port, end) = (next.kind == Kind::Number)
        .then(|| number::port(words, start + 1))
        .flatten()?;
    let is_whole = words.get(end).is_none_or(|more| {
        !more.is_glued
            || matches!(
                more.kind,
                Kind::Stop | Kind::Comma | Kind::Close | Kind::Semicolon
            )
    });
    let group = PortGroup {
        ranges: vec![crate::port::PortRange::single(port)],
        alternatives: false,
    };
    is_whole.then(|| (vec![phrase(vec![group], Vec::new())], end))
}

/// The address before the colon at a place: the name of a host, or an address of IP.
pub(super) fn address_before<'a>(words: &[Word<'a>], colon: usize) -> Option<&'a str> {
    let colon_word = words.get(colon)?;
    let address = words.get(colon.checked_sub(1)?)?;
    let is_address = is_host(address.text)
        || address.is("localhost")
        || address.text.parse::<std::net::Ipv4Addr>().is_ok();
    (colon_word.text == ":" && colon_word.is_glued && is_address).then_some(address.text)
}

/// The numbers at the end of "open these TCP ports on the Core: 80, 443".
fn behind_colon(words: &[Word<'_>], start: usize, before: &[PortPhrase]) -> Option<Found> {
    let colon = words.get(start.checked_sub(1)?)?;
    let announced = before.last().filter(|phrase| phrase.ports.is_empty())?;
    // `fe80::1` is an address.
    if colon.kind != Kind::Colon || is_part(words, start) {
        return None;
    }
    let list = number_list(words, start, &announced.transports)?;
    let ends = words
        .get(list.end)
        .is_none_or(|next| next.kind == Kind::Stop && list.end + 1 == words.len());
    (ends && !list.is_count(words)).then(|| phrases_of(list, &announced.transports))
}

/// Numbers without a lead, of which one has its transport beside it: `9200/tcp`, `22, 80 and 443/tcp`.
fn stated_behind(words: &[Word<'_>], start: usize) -> Option<Found> {
    if words.get(start)?.kind != Kind::Number || is_part(words, start) {
        return None;
    }
    let list = number_list(words, start, &[])?;
    let is_free = start
        .checked_sub(1)
        .and_then(|before| words.get(before))
        .is_none_or(|before| {
            before.is_mark() && before.kind != Kind::Dash
                || before.is_any(&[
                    "on", "over", "via", "to", "through", "at", "using", "and", "open", "allow",
                ])
        });
    // What stands before the first number with a transport may count something else: "version 3, 443/tcp".
    (list.first_has_transport() || is_free && list.has_transport()).then(|| phrases_of(list, &[]))
}

/// Behind the name of a protocol a smaller number is its version.
const LEAST_SPOKEN: u32 = 20;

/// A number at the place where items of lists have their port: at the start, at the end behind a mark, in brackets.
fn by_place(words: &[Word<'_>], start: usize) -> Option<Found> {
    if words.get(start)?.kind != Kind::Number || is_part(words, start) {
        return None;
    }
    let before = start.checked_sub(1).and_then(|before| words.get(before));
    let list = number_list(words, start, &[])?;
    let next = words.get(list.end);
    let ends = next.is_none_or(|next| next.kind == Kind::Stop && words.len() == list.end + 1);
    let is_at_place = match before {
        None => true,
        Some(before) if before.kind == Kind::Open => {
            next.is_some_and(|next| matches!(next.kind, Kind::Close | Kind::Comma))
        }
        // `SNMP 161`: what stands before the number is spoken there, and nothing else is in the item; `TLS 12` is a version.
        Some(before)
            if start <= 2
                && application_protocol::transports(before.text).is_some()
                && LEAST_SPOKEN
                    <= words
                        .get(start)
                        .map_or(0, |number| number.text.parse().unwrap_or(0)) =>
        {
            ends || next.is_some_and(|next| next.kind == Kind::Open)
        }
        Some(before) if before.is_any(&["default", "defaults", "on", "at"]) => {
            ends || next.is_some_and(|next| next.kind == Kind::Close || next.is_any(&["for"]))
        }
        Some(before) => {
            matches!(before.kind, Kind::Colon | Kind::Dash | Kind::Arrow(_)) && !before.is_glued
                || before.kind == Kind::Colon && (ends || next.is_some_and(Word::is_mark))
        }
    };
    // `1 GbE`: a digit alone is a port only where a mark sets it off; one in brackets refers to a note.
    let is_digit = words.get(start)?.text.len() == 1
        && (next.is_some_and(|next| next.kind == Kind::Word)
            || before.is_some_and(|before| before.kind == Kind::Open)
                && next.is_some_and(|next| next.kind == Kind::Close));
    let is_ordinal = before.is_none() && is_ordinal(words, start);
    (is_at_place && !is_digit && !is_ordinal && !list.is_count(words))
        .then(|| phrases_of(list, &[]))
}

/// Whether a small number before an item counts it: `3. Check the result`, `12 Restart`.
fn is_ordinal(words: &[Word<'_>], at: usize) -> bool {
    let is_small = words.get(at).is_some_and(|word| {
        word.text.len() <= 2
            && word
                .text
                .parse::<u16>()
                .is_ok_and(|number| number < LEAST_UNCOUNTED)
    });
    let behind = words.get(at + 1);
    let is_set_off =
        behind.is_some_and(|next| next.is_glued && matches!(next.kind, Kind::Stop | Kind::Close));
    // "3." is what is left where its sentence was cut off.
    let is_alone = is_set_off && words.len() == at + 2;
    let text = words.get(at + 1 + usize::from(is_set_off));
    is_small && (is_alone || text.is_some_and(|text| text.kind == Kind::Word))
}

/// Smaller numbers at the start of an item count it more often than they are a port.
const LEAST_UNCOUNTED: u16 = 20;

/// Whether a number is a part of a larger thing: of an address with a port, a date, a mapping, a fraction.
fn is_part(words: &[Word<'_>], at: usize) -> bool {
    let Some(word) = words.get(at) else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    word.is_glued
        && before.is_some_and(|before| {
            before.is_glued
                && matches!(
                    before.kind,
                    Kind::Colon | Kind::Slash | Kind::Other | Kind::Dash
                )
                || before.text == "$"
                || before.text == "#"
                || before.text == "\u{a7}"
        })
        || before.is_some_and(|before| matches!(before.kind, Kind::Arrow(_)))
            && at
                .checked_sub(2)
                .and_then(|before| words.get(before))
                .is_some_and(|before| before.kind == Kind::Number)
}

fn phrases_of(list: List, lead: &[Transport]) -> Found {
    let end = list.end;
    let phrases = list
        .by_transports(lead)
        .into_iter()
        .map(|(ports, transports)| phrase(ports, transports))
        .collect();
    (phrases, end)
}

fn phrase(ports: Vec<PortGroup>, transports: Vec<Transport>) -> PortPhrase {
    PortPhrase {
        words: 0..0,
        ports,
        transports,
    }
}

/// The transport that a word names.
pub(super) fn transport(word: &Word<'_>) -> Option<Transport> {
    Some(match word.lower.as_str() {
        "tcp" | "tcp4" | "tcp6" => Transport::Tcp,
        "udp" | "udp4" | "udp6" => Transport::Udp,
        "sctp" => Transport::Sctp,
        _ => return None,
    })
}

/// The transports that start at a word, and the place behind them: `TCP`, `TCP/UDP`, `TCP and UDP`, `TCP UDP`.
fn transport_list(words: &[Word<'_>], start: usize) -> Option<(Vec<Transport>, usize)> {
    let mut named = vec![transport(words.get(start)?)?];
    let mut at = start + 1;
    // `53 tcp udp`, but not the first of `80 tcp udp 53`.
    let is_number = |at: Option<usize>| {
        at.and_then(|at| words.get(at))
            .is_some_and(|word| word.kind == Kind::Number)
    };
    let is_behind_number = is_number(start.checked_sub(1));
    while let Some(joint) = words.get(at) {
        let joins = matches!(joint.kind, Kind::Slash | Kind::Comma)
            || joint.kind == Kind::Dash && joint.is_glued
            || joint.is_any(&["and", "or", "&", "+"]);
        let mut next = if joins { at + 1 } else { at };
        if joint.kind == Kind::Comma
            && words
                .get(next)
                .is_some_and(|word| word.is_any(&["and", "or"]))
        {
            next += 1;
        }
        let Some(more) = words.get(next).and_then(transport) else {
            break;
        };
        if !joins && is_behind_number && is_number(Some(next + 1)) {
            break;
        }
        named.push(more);
        at = next + 1;
    }
    named.sort_unstable();
    named.dedup();
    Some((named, at))
}

/// The words in the bracket that opens at a place, and the place behind it.
fn bracketed<'w, 'a>(words: &'w [Word<'a>], open: usize) -> Option<(&'w [Word<'a>], usize)> {
    if words.get(open)?.kind != Kind::Open {
        return None;
    }
    let length = words
        .get(open + 1..)?
        .iter()
        .position(|word| matches!(word.kind, Kind::Close | Kind::Open))?;
    let close = open + 1 + length;
    (words.get(close)?.kind == Kind::Close)
        .then(|| Some((words.get(open + 1..close)?, close + 1)))
        .flatten()
}

/// Transports in brackets, and nothing else of weight: `(TCP)`, `(both TCP and UDP)`.
fn bracketed_transports(words: &[Word<'_>], start: usize) -> Option<(Vec<Transport>, usize)> {
    if words.get(start)?.kind != Kind::Open {
        return None;
    }
    let mut at = start + 1;
    // `(inbound, UDP and TCP)`: which way says nothing against it.
    let is_way = |word: &Word<'_>| {
        word.kind == Kind::Comma || word.kind == Kind::Word && cell::direction(word.text).is_some()
    };
    while is_way(words.get(at)?) {
        at += 1;
    }
    if words.get(at)?.is_any(&["both", "over", "via", "protocol"]) {
        at += 1;
    }
    let (named, mut end) = transport_list(words, at)?;
    while words.get(end)?.is_any(&["only", "protocol", "protocols"]) || is_way(words.get(end)?) {
        end += 1;
    }
    (words.get(end)?.kind == Kind::Close).then_some((named, end + 1))
}

#[cfg(test)]
mod tests;
