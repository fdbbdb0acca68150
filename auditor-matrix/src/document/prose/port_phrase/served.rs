//! Numbers on which something is said to be served or asked, or that are opened: `The broker accepts clients on 1883 and, with
//! TLS, on 8883`, `talks to the store on 5432`, `Do not expose 8301`.

use super::{Found, is_part, list::number_list, phrases_of};
use crate::document::prose::{
    verb::{Verb, verb},
    words::{Kind, Word},
};

/// Smaller numbers count something.
const LEAST_PORT: u16 = 20;

const YEARS: std::ops::Range<u16> = 1990..2050;

/// The number behind `on` or `at` that a verb of serving or asking leads to, or what is opened or closed.
pub(super) fn served(words: &[Word<'_>], start: usize) -> Option<Found> {
    let word = words.get(start)?;
    if word.kind != Kind::Number || is_part(words, start) {
        return None;
    }
    let number: u16 = word.text.parse().ok()?;
    let is_likely = LEAST_PORT <= number && !YEARS.contains(&number);
    let before = words.get(start.checked_sub(1)?)?;
    let leads = before.is_any(&["on", "at"]) && serves(words.get(..start)?);
    let opens = matches!(verb(&before.lower), Some(Verb::Open | Verb::Close))
        || before.is_any(&["expose", "exposes"]);
    let is_opened = opens
        && !before.is_any(&[
            "enabled",
            "permitted",
            "allowed",
            "close",
            "closes",
            "dropped",
        ])
        && 3 <= word.text.len();
    if !is_likely || !leads && !is_opened {
        return None;
    }
    let list = number_list(words, start, &[])?;
    let ends = words.get(list.end).is_none_or(|next| {
        matches!(
            next.kind,
            Kind::Stop | Kind::Comma | Kind::Semicolon | Kind::Close | Kind::Open
        ) || next.is_any(&[
            "and", "or", "for", "with", "by", "if", "when", "unless", "from", "to", "in", "on",
            "to", "in", "on",
        ])
    });
    (ends && !list.is_count(words)).then(|| phrases_of(list, &[]))
}

/// Whether a number of these words stands so.
pub(in crate::document::prose) fn serves_on_number(words: &[Word<'_>]) -> bool {
    (0..words.len()).any(|at| served(words, at).is_some())
}

/// Whether a verb before the number says that something is served.
fn serves(before: &[Word<'_>]) -> bool {
    before
        .iter()
        .rev()
        .take_while(|word| word.kind != Kind::Stop)
        .any(|word| {
            verb(&word.lower) == Some(Verb::Ask)
                && ![
                    "log", "report", "monitor", "check", "manage", "call", "request", "poll",
                    "regist", "ping",
                ]
                .iter()
                .any(|stem| word.lower.starts_with(stem))
                || verb(&word.lower) == Some(Verb::Serve)
                    && !word.is_any(&["received", "receives", "answers", "answer"])
                || word.is_any(&["reachable", "accessible", "hosted"])
        })
}
