//! Ports behind the word `port` or a transport: `TCP ports 80 and 443`, `UDP/514`, `these TCP ports`.

use super::{
    Found, bracketed_transports, list::number_list, number, phrase, phrases_of, transport_list,
};
use crate::{
    document::{
        application_protocol,
        prose::words::{Kind, Word},
        row::PortGroup,
    },
    port::PortRange,
};

/// Ports behind the word `port` or a transport; without numbers, `these TCP ports`.
pub(super) fn led(words: &[Word<'_>], start: usize) -> Option<Found> {
    let mut at = start;
    let mut transports = Vec::new();
    let mut is_port = false;
    // What may stand before the word `port`: articles, adjectives, transports.
    while at - start <= MOST_LEAD {
        let word = words.get(at)?;
        if let Some((named, end)) = transport_list(words, at) {
            transports = named;
            at = end;
            if let Some(numbers) = behind_transport(words, at) {
                at = numbers;
                break;
            }
            // `UDP and TCP on port 53`
            let fillers = words
                .get(at..)
                .unwrap_or_default()
                .iter()
                .take(3)
                .take_while(|word| word.is_any(BEFORE_PORT))
                .count();
            let leads_to_port = words
                .get(at + fillers)
                .is_some_and(|word| word.is_any(&["port", "ports"]));
            if leads_to_port {
                at += fillers;
            }
        } else if word.is_any(&["port", "ports"]) {
            is_port = true;
            at += 1;
            break;
        } else if word.is_any(LEAD) && (at == start || word.kind == Kind::Word) {
            // "On the Core server the following ports": a determiner begins a phrase.
            let is_inside = at
                .checked_sub(1)
                .filter(|before| start <= *before)
                .and_then(|before| words.get(before))
                .is_some_and(|before| !before.is_any(DETERMINERS));
            if is_inside && word.is_any(DETERMINERS) {
                return None;
            }
            at += 1;
        } else {
            return None;
        }
    }
    let names_transport = !transports.is_empty();
    if !is_port && !names_transport {
        return None;
    }
    let lead_end = at;
    if is_port {
        at = behind_port(words, at);
    }
    let is_bare = names_transport && !is_port;
    if let Some(list) = number_list(words, at, &transports)
        && !(is_bare && list.is_doubtful(words, at))
    {
        return Some(phrases_of(list, &transports));
    }
    // "between 8000 and 8010", "from 8000 to 8010"
    if is_port && let Some((group, end)) = between(words, at) {
        return Some((vec![phrase(vec![group], transports)], end));
    }
    let is_generic = is_port
        && words
            .get(lead_end)
            .is_none_or(|next| next.kind != Kind::Number);
    is_generic.then(|| {
        let mut end = lead_end;
        if let Some((named, close)) = bracketed_transports(words, end) {
            transports = named;
            end = close;
        }
        while words
            .get(end)
            .is_some_and(|word| word.is_any(&["below", "listed", "following", "above", "shown"]))
        {
            end += 1;
        }
        (vec![phrase(Vec::new(), transports)], end)
    })
}

const MOST_LEAD: usize = 8;

/// Words that stand first in a phrase, or behind another of them: "all the ports".
const DETERMINERS: &[&str] = &[
    "the", "a", "an", "these", "those", "this", "that", "all", "any", "its", "only",
];

const LEAD: &[&str] = &[
    "the",
    "a",
    "an",
    "these",
    "those",
    "this",
    "that",
    "following",
    "default",
    "required",
    "standard",
    "custom",
    "network",
    "destination",
    "server",
    "local",
    "remote",
    "listening",
    "listen",
    "all",
    "any",
    "its",
    "two",
    "three",
    "four",
    "five",
    "additional",
    "same",
    "only",
    "inbound",
    "outbound",
    "incoming",
    "outgoing",
    "ephemeral",
    "dynamic",
    "high",
];

/// Words between a transport and the word `port`.
const BEFORE_PORT: &[&str] = &[
    "traffic",
    "connections",
    "connection",
    "access",
    "on",
    "over",
    "via",
    "protocol",
    "network",
    "to",
    "for",
];

/// The place of the ports right behind a transport: `UDP/514`, `TCP: 80`, `TCP 80`.
fn behind_transport(words: &[Word<'_>], start: usize) -> Option<usize> {
    let mut at = start;
    for _ in 0..2 {
        match words.get(at)? {
            word if matches!(word.kind, Kind::Slash | Kind::Colon | Kind::Dash) => at += 1,
            _ => break,
        }
    }
    let is_number = matches!(words.get(at)?.kind, Kind::Number);
    is_number.then_some(at)
}

/// The words between `port` and its numbers.
fn behind_port(words: &[Word<'_>], start: usize) -> usize {
    let mut at = start;
    for _ in 0..5 {
        match words.get(at) {
            Some(word)
                if word.is_any(&[
                    "number", "numbers", "range", "ranges", "is", "are", "in", "the", "default",
                    "defaults", "nos", "no", "of", "to", "which", "by",
                ]) || matches!(word.kind, Kind::Colon | Kind::Open)
                    || word.text == "#" =>
            {
                at += 1;
            }
            // `port HTTPS 443`: what is spoken there, and the number beside it.
            Some(word) if is_spoken_before_number(words, at, word) => at += 1,
            Some(_) | None => break,
        }
    }
    // These words lead to a number, or belong to what follows.
    if words
        .get(at)
        .is_some_and(|word| matches!(word.kind, Kind::Number | Kind::Mixed))
        || words
            .get(at)
            .is_some_and(|word| word.is_any(&["between", "from"]))
    {
        at
    } else {
        start
    }
}

/// Whether a word names what is spoken at the number right behind it: `HTTPS 443`, `HTTPS (443)`.
fn is_spoken_before_number(words: &[Word<'_>], at: usize, word: &Word<'_>) -> bool {
    let next = words.get(at + 1);
    let number = match next {
        Some(open) if open.kind == Kind::Open => words.get(at + 2),
        Some(mark) if mark.kind == Kind::Slash => words.get(at + 2),
        _ => next,
    };
    application_protocol::transports(word.text).is_some()
        && number.is_some_and(|number| number.kind == Kind::Number)
}

fn between(words: &[Word<'_>], at: usize) -> Option<(PortGroup, usize)> {
    let joint = if words.get(at)?.is("between") {
        "and"
    } else if words.get(at)?.is("from") {
        "to"
    } else {
        return None;
    };
    let (first, next) = number::port(words, at + 1)?;
    if !words.get(next)?.is(joint) {
        return None;
    }
    let (last, end) = number::port(words, next + 1)?;
    let range = PortRange::new(first, last).ok()?;
    Some((
        PortGroup {
            ranges: vec![range],
            alternatives: false,
        },
        end,
    ))
}
