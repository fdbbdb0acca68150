//! What the ports of a sentence are for: `port 443 for the console`.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::{
    prose::{
        port_phrase::{Evidence, port_phrases},
        vocabulary::is_auxiliary,
        words::words,
    },
    text::{fold, regex},
};

static PURPOSE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bfor (?P<peer>communication with )?(?:use by )?(?P<purpose>[^,;(]+?)\.?(?:\s*\(.*)?$",
    )
});

/// What the ports of a sentence are for, and whether that is who is at their other end.
pub(super) fn purpose(
    sentence: &str,
    is_one_phrase: bool,
    names_one: bool,
) -> (Option<String>, bool) {
    if !is_one_phrase {
        return (None, false);
    }
    let Some(found) = PURPOSE.captures(sentence) else {
        return (None, false);
    };
    let service = found
        .name("purpose")
        .map(|purpose| fold(purpose.as_str()))
        .filter(|service| {
            let names_ports = port_phrases(&words(service), Evidence::Stated)
                .iter()
                .any(|phrase| !phrase.ports.is_empty());
            !is_pronoun(service)
                && !service.split(' ').any(is_auxiliary)
                && !names_ports
                && service.split(' ').count() <= SERVICE_WORDS
                && (names_one || !service.contains(|c: char| c.is_ascii_digit()))
        });
    let serves_peer = service.is_some() && found.name("peer").is_some();
    (service, serves_peer)
}

/// A text of more words is a description, no name of a service.
const SERVICE_WORDS: usize = 8;

/// Whether a text is a pronoun, which names no service.
fn is_pronoun(text: &str) -> bool {
    matches!(
        text.to_lowercase().as_str(),
        "that" | "this" | "it" | "them" | "these" | "those"
    )
}
