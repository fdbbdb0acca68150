//! Strips AsciiDoc's inline markup.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::super::{footnote, invisible::visible};
use crate::document::text::{fold, regex};

static MARKUP: LazyLock<[(Regex, &str); 10]> = LazyLock::new(|| {
    [
        // What is struck out is not the page's word.
        (
            regex(
                r"\[\.?(?:line-through|strike|strikethrough)\](?:##.+?##|#[^#]+#|\*[^*]+\*|`[^`]+`)",
            ),
            " ",
        ),
        (
            regex(
                r"footnote(?:ref)?:[^\[\s]*\[(?:[^\]\\]|\\.)*\]|\{empty\}|\[\[[^\]]*\]\]|\(\(\([^)]*\)\)\)",
            ),
            "",
        ),
        (
            regex(r"(?:link|xref|mailto):[^\s\[]+\[([^\],]+)(?:,[^\]]*)?\]"),
            "$1",
        ),
        (regex(r"(https?://[^\s\[]+)\[[^\]]*\]"), "$1"),
        (regex(r"<<[^,>]+,\s*([^>]+)>>"), "$1"),
        (
            regex(r"(?:kbd|btn|pass|menu|indexterm2?|stem):[a-z,]*\[([^\]]*)\]"),
            "$1",
        ),
        (regex(r"(?:image|icon):[^\s\[:]+\[[^\]]*\]"), ""),
        (regex(r"\+\+\+?([^+]+)\+\+\+?"), "$1"),
        (regex(r"`\+([^+`]+)\+`"), "$1"),
        // A plus breaks a line at its end; `20000 + n` is a sum.
        (regex(r"\{nbsp\}|\{sp\}| \+$"), " "),
    ]
});

/// Roles in front of a span: `[.lead]*text*`.
static ROLES: LazyLock<Regex> = LazyLock::new(|| regex(r"\[\.?[\w .#-]+\](?P<mark>[*_`#]{1,2})"));

/// Text without the roles of its spans. A mark that closes a span has none: `*[optional]* Backup` is the page's word.
fn without_roles(text: &str) -> String {
    let bytes = text.as_bytes();
    let roles = |found: &Captures<'_>| {
        let (Some(whole), Some(mark)) = (found.get(0), found.name("mark")) else {
            return String::new();
        };
        let before = whole.start().checked_sub(1).and_then(|at| bytes.get(at));
        let closes = before.is_some_and(|before| mark.as_str().as_bytes().contains(before))
            || bytes.get(whole.end()).is_none_or(u8::is_ascii_whitespace);
        if closes { whole } else { mark }.as_str().to_owned()
    };
    ROLES.replace_all(text, roles).into_owned()
}

/// A mark of markup that is to be shown, or an address that is not to become a link.
static ESCAPED: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\\([a-z][a-z0-9+.-]*://|[*_`#^~{<\[+])"));

/// Raised and lowered text.
static RAISED: LazyLock<Regex> = LazyLock::new(|| regex(r"\^([^\s^]+)\^|~([^\s~]+)~"));

/// References to characters, and the attributes that stand for them.
static CHARACTER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"&#(?:(\d{1,7})|[xX]([0-9a-fA-F]{1,6}));|&(amp|lt|gt|nbsp|shy);|\{(zwsp|wj|shy|plus|vbar|startsb|endsb|caret|tilde|asterisk|backtick|lt|gt|amp)\}",
    )
});

/// Text without its inline markup.
pub(super) fn plain(text: &str) -> String {
    let is_marked = |c: char| {
        matches!(
            c,
            '*' | '`' | '_' | '[' | '{' | '<' | '+' | '^' | '~' | '&' | '(' | '#' | '\\'
        ) || !c.is_ascii()
    };
    if !text.contains(is_marked) {
        return fold(text);
    }
    let mut plain = text.to_owned();
    for (pattern, with) in MARKUP.iter() {
        if pattern.is_match(&plain) {
            plain = pattern.replace_all(&plain, *with).into_owned();
        }
    }
    if plain.contains('[') {
        plain = without_roles(&plain);
    }
    if plain.contains('\\') {
        plain = ESCAPED.replace_all(&plain, "$1").into_owned();
    }
    if plain.contains(['^', '~']) {
        plain = RAISED
            .replace_all(&plain, |found: &Captures<'_>| {
                let raised = found
                    .get(1)
                    .or_else(|| found.get(2))
                    .map_or("", |raised| raised.as_str());
                if footnote::is_mark(raised) {
                    String::new()
                } else {
                    raised.to_owned()
                }
            })
            .into_owned();
    }
    if plain.contains(['&', '{']) {
        plain = CHARACTER.replace_all(&plain, character).into_owned();
    }
    // Inside a word `*`, `_` and `#` are text; at its edge they are markup. Backticks are always markup.
    let mut out = String::with_capacity(plain.len());
    let mut before: Option<char> = None;
    let mut characters = plain.chars().peekable();
    let mut n_hashes = plain.matches('#').count();
    let is_lone_star = plain.matches('*').count() == 1;
    while let Some(character) = characters.next() {
        let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = is_word(before) && is_word(characters.peek().copied());
        let is_markup = match character {
            '`' => true,
            // A single star marks nothing: it stands for any address, as in `*:80`.
            '*' if is_lone_star || characters.peek() == Some(&':') => false,
            '*' | '_' => !inside,
            '#' => {
                // Marks come in pairs; a single one is a number sign.
                let is_pair = 2 <= n_hashes && !inside;
                n_hashes -= usize::from(!is_pair);
                is_pair
            }
            _ => false,
        };
        if !is_markup && !footnote::is_raised_digit(character) {
            out.push(character);
        }
        before = Some(character);
    }
    // Separators of parts are no text that a page could hold.
    let shown: String = out
        .split_inclusive(['\u{1e}', '\u{1f}'])
        .map(|part| {
            match part
                .chars()
                .next_back()
                .filter(|c| matches!(c, '\u{1e}' | '\u{1f}'))
            {
                Some(mark) => format!("{}{mark}", visible(part.into())),
                None => visible(part.into()).into_owned(),
            }
        })
        .collect();
    fold(&shown)
}

fn character(found: &Captures<'_>) -> String {
    let group = |index| found.get(index).map(|group| group.as_str());
    let code = group(1)
        .and_then(|decimal| decimal.parse().ok())
        .or_else(|| u32::from_str_radix(group(2)?, 16).ok());
    if let Some(code) = code {
        return char::from_u32(code).map_or_else(String::new, |c| c.to_string());
    }
    match group(3).or_else(|| group(4)).unwrap_or_default() {
        "amp" => "&",
        "lt" => "<",
        "gt" => ">",
        "nbsp" => " ",
        "plus" => "+",
        "vbar" => "|",
        "startsb" => "[",
        "endsb" => "]",
        "caret" => "^",
        "tilde" => "~",
        "asterisk" => "*",
        "backtick" => "`",
        _ => "",
    }
    .to_owned()
}
