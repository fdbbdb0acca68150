//! Strips reStructuredText's inline markup.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::text::{fold, regex};

static MARKUP: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
    [
        (regex(r":[\w+:.-]+:`([^`<]+?)(?:\s*<[^`>]*>)?`"), "$1"),
        (regex(r"`([^`<]+?)\s*<[^`>]*>`_{1,2}"), "$1"),
        (regex(r"\[(?:\d+|#\w*|\*)\]_"), ""),
        (regex(r"`{1,2}([^`]+)`{1,2}_{0,2}"), "$1"),
        (regex(r"\*{1,2}([^*\s](?:[^*]*[^*\s])?)\*{1,2}"), "$1"),
        (regex(r"\|([^|\s][^|]*)\|"), "$1"),
    ]
});

/// Text without its inline markup.
pub(super) fn plain(text: &str) -> String {
    let mut plain = text.replace("\\ ", "");
    for (pattern, with) in MARKUP.iter() {
        plain = pattern.replace_all(&plain, *with).into_owned();
    }
    fold(&plain.replace('\\', ""))
}
