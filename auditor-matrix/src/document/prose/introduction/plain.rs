//! Puts turns of phrase of a line above a list into the plain words that it is read by.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::{prose::rephrase::rephrased, text::regex};

/// `The Core itself must be able to reach:`
static ITSELF: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r" (?:itself|themselves)(?P<verb> (?:also )?(?:must|should|can|needs?|requires?|has|have|will|connects?|uses?)\b)",
    )
});

/// `Till nodes from/to manager`
static BOTH_WAYS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?P<one>[\w.-]+(?: [\w.-]+){0,3}) (?:from ?/ ?to|to ?/ ?from|to and from|from and to) (?P<other>(?:the )?[\w.-]+(?: [\w.-]+){0,3})",
    )
});

/// `(they do not need to be exposed to guests, only to the other tills)`: a bracket that says to whom something need not be open does
/// not say that it need not be open.
static NOT_TO_ALL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i) ?\((?:they|these|these ports|it|this port) (?:do not|don't|does not|doesn't|need not|should not|must not) (?:(?:need|have) to )?(?:be )?(?:exposed|open|opened|accessible|reachable|available|visible) to [^,;()]+(?:[,;] (?:but )?(?:only |just )?to (?P<who>[^()]+))?\)",
    )
});

/// The line in plain words.
pub(super) fn plain(text: &str) -> String {
    let text = rephrased(text);
    let plain = ITSELF.replace(&text, "$verb");
    let plain = BOTH_WAYS.replace(&plain, "between $one and $other");
    let plain = NOT_TO_ALL.replace(&plain, |found: &regex::Captures<'_>| {
        found.name("who").map_or_else(String::new, |who| {
            format!(", accessible from {}", who.as_str())
        })
    });
    plain.into_owned()
}
