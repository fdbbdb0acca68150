//! Strips AsciiDoc's inline markup.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::text::{fold, regex};

static MARKUP: LazyLock<[(Regex, &str); 6]> = LazyLock::new(|| {
    [
        (
            regex(r"footnote(?:ref)?:[^\[]*\[[^\]]*\]|\{empty\}|\[\[[^\]]*\]\]"),
            "",
        ),
        (regex(r"(?:link|xref|mailto):[^\s\[]+\[([^\]]+)\]"), "$1"),
        (regex(r"(https?://[^\s\[]+)\[[^\]]*\]"), "$1"),
        (regex(r"<<[^,>]+,\s*([^>]+)>>"), "$1"),
        (regex(r"\[\.?[\w .#-]+\]([*_`#])"), "$1"),
        (regex(r"\{nbsp\}| \+(?: |$)"), " "),
    ]
});

/// Text without its inline markup.
pub(super) fn plain(text: &str) -> String {
    let mut plain = text.to_owned();
    for (pattern, with) in MARKUP.iter() {
        plain = pattern.replace_all(&plain, *with).into_owned();
    }
    // Inside a word `*` and `_` are text; at its edge they are markup. Backticks are always markup.
    let mut out = String::with_capacity(plain.len());
    let characters: Vec<char> = plain.chars().collect();
    for (index, character) in characters.iter().enumerate() {
        let is_word = |at: Option<usize>| {
            at.and_then(|at| characters.get(at))
                .is_some_and(|c| c.is_alphanumeric())
        };
        let inside = is_word(index.checked_sub(1)) && is_word(index.checked_add(1));
        if !matches!(character, '*' | '`' | '_') || inside && *character != '`' {
            out.push(*character);
        }
    }
    fold(&out)
}
