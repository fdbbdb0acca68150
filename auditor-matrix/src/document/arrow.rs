//! Arrows between two ends: `worker -> controller`.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    application_protocol, cell,
    end::Basis,
    text::{fold, regex},
};

/// The client and the server that a phrase names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Endpoints {
    pub(super) source: String,
    pub(super) destination: String,
    /// Either endpoint may open conversations to the other.
    pub(super) is_mutual: bool,
    /// What it rests on that these two are the ends.
    pub(super) basis: Basis,
}

static ARROW: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^([^<>=\u{2190}-\u{21ff}\u{27f5}-\u{27fa}]{1,100}?)\s*(?:(?P<mutual><[-=]+>|[\u{2194}\u{21c4}\u{21c6}\u{21cb}\u{21cc}\u{21d4}\u{27f7}\u{27fa}])|(?P<right>[-=]+>|[\u{2192}\u{21d2}\u{27f6}\u{27f9}])|(?P<left><[-=]+|[\u{2190}\u{21d0}\u{27f5}\u{27f8}]))\s*([^<>=\u{2190}-\u{21ff}\u{27f5}-\u{27fa}]{1,100})$",
    )
});
/// The ends beside the one arrow of a text that has nothing else, be it of letters or of Unicode.
pub(super) fn between(text: &str) -> Option<Endpoints> {
    let found = ARROW.captures(text)?;
    // "Agent (core -> agent calls)": the bracket says something of the row, and its arrow has no ends of the row.
    let is_cut = |side: usize| {
        found.get(side).is_none_or(|text| {
            text.as_str().matches('(').count() != text.as_str().matches(')').count()
        })
    };
    if is_cut(1) || is_cut(5) {
        return None;
    }
    let (first, last) = (
        endpoint(found.get(1)?.as_str())?,
        endpoint(found.get(5)?.as_str())?,
    );
    let is_left = found.name("left").is_some();
    let (source, destination) = if is_left {
        (last, first)
    } else {
        (first, last)
    };
    Some(Endpoints {
        source,
        destination,
        is_mutual: found.name("mutual").is_some(),
        basis: Basis::Given,
    })
}

/// An endpoint's text without footnote marks, and without what is spoken to it in brackets: `manager (HTTPS)`.
pub(super) fn endpoint(text: &str) -> Option<String> {
    let text =
        fold(text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '\u{2020}')));
    let spoken = text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('));
    let is_spoken = |word: &str| {
        application_protocol::transports(word).is_some()
            || cell::stated(&word.to_lowercase()).is_some()
    };
    let text = match spoken {
        Some((before, inside))
            if !before.trim().is_empty() && inside.split(['/', ',', ' ']).all(is_spoken) =>
        {
            before.trim_end().to_owned()
        }
        Some(_) | None => text,
    };
    text.contains(char::is_alphabetic).then_some(text)
}
