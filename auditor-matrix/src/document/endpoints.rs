//! Phrases to the two ends of a conversation: `worker -> controller`, `from A to B`, `Outbound to the store`.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    section::is_machine,
    text::{fold, regex},
};

/// Who opens conversations to whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Pair {
    pub(super) from: String,
    pub(super) to: String,
    /// Each may open conversations to the other.
    pub(super) is_mutual: bool,
}

static ARROW: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^([^<>=\u{2190}-\u{21ff}\u{27f5}-\u{27fa}]{1,60}?)\s*(?:(?P<mutual><[-=]+>|[\u{2194}\u{21c4}\u{21c6}\u{21cb}\u{21cc}\u{21d4}\u{27f7}\u{27fa}])|(?P<right>[-=]+>|[\u{2192}\u{21d2}\u{27f6}\u{27f9}])|(?P<left><[-=]+|[\u{2190}\u{21d0}\u{27f5}\u{27f8}]))\s*([^<>=\u{2190}-\u{21ff}\u{27f5}-\u{27fa}]{1,60})$",
    )
});
static FROM_TO: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bfrom (?:an? |the )?([\w][\w /-]{1,40}?) to (?P<article>an? |the )?([\w][\w /-]{1,40}?)(?:\s*(?:[.,;:(]|$)| for | on | via | over | when | if )",
    )
});
static PEER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:inbound|ingress|incoming|outbound|egress|outgoing)(?: \w+)? (?:to|from) (?:an? |the )?(.+)$",
    )
});

/// Reads `A -> B`, `A <- B`, `A <-> B` and the arrows of Unicode.
pub(super) fn arrow(text: &str) -> Option<Pair> {
    let found = ARROW.captures(text)?;
    let (first, last) = (end(found.get(1)?.as_str())?, end(found.get(5)?.as_str())?);
    let is_left = found.name("left").is_some();
    let (from, to) = if is_left {
        (last, first)
    } else {
        (first, last)
    };
    Some(Pair {
        from,
        to,
        is_mutual: found.name("mutual").is_some(),
    })
}

/// Finds `from A to B` in a sentence.
pub(super) fn from_to(text: &str) -> Option<Pair> {
    let found = FROM_TO.captures(text)?;
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let (from, to) = (end(found.get(1)?.as_str())?, end(found.get(3)?.as_str())?);
    // "from clients to relay messages" names no second end.
    let is_end = found.name("article").is_some()
        || to
            .split(' ')
            .next_back()
            .is_some_and(|last| is_machine(&last.to_lowercase()));
    (is_end && !is_number(&from) && !is_number(&to)).then_some(Pair {
        from,
        to,
        is_mutual: false,
    })
}

/// The other end in the cell of a direction: `Outbound to the store`, `Inbound from clients`.
pub(super) fn peer(text: &str) -> Option<String> {
    end(PEER.captures(text)?.get(1)?.as_str())
}

/// An end without marks that lead to a footnote.
fn end(text: &str) -> Option<String> {
    let text =
        fold(text.trim_matches(|c: char| c.is_whitespace() || matches!(c, '*' | '\u{2020}')));
    text.contains(char::is_alphabetic).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{Pair, arrow, from_to, peer};

    #[test]
    fn arrows() {
        let pair = |from: &str, to: &str, is_mutual| {
            Some(Pair {
                from: from.to_owned(),
                to: to.to_owned(),
                is_mutual,
            })
        };
        assert_eq!(
            arrow("worker, CLI \u{27f6} controller"),
            pair("worker, CLI", "controller", false)
        );
        assert_eq!(arrow("a <-> b *"), pair("a", "b", true));
        assert_eq!(arrow("a \u{2190} b"), pair("b", "a", false));
        assert_eq!(arrow("read-only"), None);
        assert_eq!(
            from_to("Sends logs from the web node to store nodes."),
            pair("web node", "store nodes", false)
        );
        assert_eq!(from_to("from 1 to 5"), None);
        assert_eq!(from_to("from clients to relay messages"), None);
        assert_eq!(peer("Outbound to the store").as_deref(), Some("store"));
        assert_eq!(peer("Outbound"), None);
    }
}
