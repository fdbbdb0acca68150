//! Strips reStructuredText's inline markup.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::super::footnote;
use crate::document::text::{fold, regex};

static MARKUP: LazyLock<[(Regex, &str); 8]> = LazyLock::new(|| {
    [
        // What is struck out is not the page's word.
        (
            regex(r":(?:del|strike|strikethrough|line-through):`[^`]*`"),
            " ",
        ),
        (regex(r":[\w+:.-]+:`([^`<]+?)(?:\s*<[^`>]*>)?`"), "$1"),
        (regex(r"`([^`<]+?)\s*<[^`>]*>`_{1,2}"), "$1"),
        (regex(r"[ \\]*\[(?:\d+|#[\w-]*|\*)\]_"), ""),
        (regex(r"`{1,2}([^`]+)`{1,2}_{0,2}"), "$1"),
        (regex(r"\*{1,2}([^*\s](?:[^*]*[^*\s])?)\*{1,2}"), "$1"),
        // What the page does not define stays, so that nobody takes it for a name.
        (regex(r"\|([^|\s{}][^|{}]*)\|_{0,2}"), "{$1}"),
        (regex(r"\b([A-Za-z][\w-]*[A-Za-z0-9])_{1,2}(?:\s|$)"), "$1 "),
    ]
});

/// Raised text, by either role.
static RAISED: LazyLock<Regex> =
    LazyLock::new(|| regex(r":(?:sup|superscript|sub|subscript):`([^`]*)`"));

/// Text without its inline markup.
pub(super) fn plain(text: &str) -> String {
    fold(&plain_parts(text))
}

/// The same, with the separators of parts kept.
pub(super) fn plain_parts(text: &str) -> String {
    let is_marked = |c: char| matches!(c, '`' | '*' | '|' | '_' | '\\' | '[') || !c.is_ascii();
    if !text.contains(is_marked) {
        return text.to_owned();
    }
    let mut plain = text.replace("\\ ", "");
    if plain.contains(":su") {
        plain = RAISED
            .replace_all(&plain, |found: &Captures<'_>| {
                let raised = found.get(1).map_or("", |raised| raised.as_str());
                if footnote::is_mark(raised) {
                    String::new()
                } else {
                    raised.to_owned()
                }
            })
            .into_owned();
    }
    for (pattern, with) in MARKUP.iter() {
        if pattern.is_match(&plain) {
            plain = pattern.replace_all(&plain, *with).into_owned();
        }
    }
    plain.retain(|c| c != '\\' && !footnote::is_raised_digit(c));
    plain
}
