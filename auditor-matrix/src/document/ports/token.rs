//! Splits a cell of ports into tokens: numbers, words and marks, each with whether it touches the one before it.

use std::sync::LazyLock;

use regex::Regex;

use super::super::text::regex;

/// A piece of a cell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    /// No white space stands between this token and the one before it.
    pub(super) is_glued: bool,
    /// The byte offset at which the token begins.
    pub(super) start: usize,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Decimal digits, perhaps with commas between thousands.
    Number,
    /// Letters, perhaps with digits, dots and dashes inside: `tcp`, `h2c`, `non-TLS`.
    Word,
    /// `1.2`, `192.0.2.1`: numbers that dots join.
    Dotted,
    /// An address and a port, or a URL with one: `10.0.0.1:8443`, `*:80`, `https://x.example.com:7443/`.
    Address,
    /// `,`, `;`, `&` and their relatives.
    Separator,
    Slash,
    Dash,
    /// `..`, `~` and their relatives, which only join the ends of a range.
    Span,
    Colon,
    Plus,
    Above,
    AtLeast,
    Below,
    AtMost,
    /// `->`, `=>` and the arrows of Unicode.
    Arrow,
    Open,
    Close,
    /// The mark of a footnote: `*`, `[2]`, `²`.
    Footnote,
    /// A mark that says nothing of ports: quotes, a full stop.
    Quiet,
    /// Any other mark.
    Unknown,
}

/// An address or a name with a port behind it, or a URL with one; and what follows in the URL.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?i)(?:[a-z][a-z0-9+.-]*://(?:[\w.-]+|\[[0-9a-f:.]+\]):(?P<url>\d{1,5})(?:[/?#][^\s,;)]*)?|(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]*:[0-9a-f:.]*\]|\*|localhost|[a-z][\w-]*(?:\.[\w-]+)+):(?P<port>\d{1,5}))(?:$|[\s,;)/.])",
    )
});
/// `60,000`, `7,946`: a comma between thousands. No port starts with a zero, and hardly anybody lists a port of one digit.
static THOUSANDS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:\d,\d{3}|\d{1,2},0\d{2})(?:$|[^\d,])"));
/// `30,000-32,767`: between the ends of a range a comma inside a number can only mean thousands.
static THOUSANDS_RANGE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^(\d{1,2},\d{3})\s*(?:[-\u{2010}-\u{2015}\u{2212}]|to)\s*(\d{1,2},\d{3})(?:$|\D)")
});
static FOOTNOTE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:\[\^?(?:\d{1,2}|[a-z*])\]_?|\^\(?\d{1,2}\)?\^?|\{fn[\w-]*\}|[*\u{2020}\u{2021}]+\d?(?:$|[\s,;)])|[\u{b9}\u{b2}\u{b3}\u{2070}-\u{2079}]+)",
    )
});

/// The port of an address or a URL.
pub(super) fn port_of_address(text: &str) -> Option<&str> {
    let found = ADDRESS.captures(text)?;
    let port = found.name("url").or_else(|| found.name("port"))?;
    Some(port.as_str())
}

/// Cuts a cell into tokens.
pub(super) fn tokens(cell: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    // The offset up to which commas stand between thousands.
    let mut thousands_end = 0;
    while let Some(rest) = cell.get(at..).filter(|rest| !rest.is_empty()) {
        let trimmed = rest.trim_start();
        let start = at + rest.len() - trimmed.len();
        if trimmed.is_empty() {
            break;
        }
        let is_glued = 0 < start && start == at && !tokens.is_empty();
        let (kind, length) = first(trimmed, start < thousands_end);
        if kind == Kind::Number
            && let Some(range) = THOUSANDS_RANGE.captures(trimmed)
        {
            thousands_end = thousands_end.max(start + range.get(2).map_or(0, |last| last.end()));
            let first = range.get(1).map_or(length, |first| first.end());
            tokens.push(Token {
                kind,
                text: trimmed.get(..first).unwrap_or_default(),
                is_glued,
                start,
            });
            at = start + first;
            continue;
        }
        tokens.push(Token {
            kind,
            text: trimmed.get(..length).unwrap_or_default(),
            is_glued,
            start,
        });
        at = start + length.max(1);
        while !cell.is_char_boundary(at) {
            at += 1;
        }
    }
    tokens
}

/// The kind and the length in bytes of the first token; `has_thousands` says that a comma inside a number is no separator.
fn first(text: &str, has_thousands: bool) -> (Kind, usize) {
    let run = |matches: fn(char) -> bool| text.find(|c: char| !matches(c)).unwrap_or(text.len());
    let Some(character) = text.chars().next() else {
        return (Kind::Unknown, 0);
    };
    if let Some(found) = ADDRESS.captures(text) {
        let end = found.get(0).map_or(0, |whole| whole.end());
        // The character behind the address is not part of it.
        let whole = text.get(..end).unwrap_or_default();
        let behind = whole
            .chars()
            .next_back()
            .filter(|last| matches!(last, ',' | ';' | ')' | '.') || last.is_whitespace())
            .map_or(0, char::len_utf8);
        return (Kind::Address, end - behind);
    }
    if let Some(found) = FOOTNOTE.find(text) {
        let length = found
            .as_str()
            .trim_end_matches([' ', ',', ';', ')', '\t'])
            .len();
        return (Kind::Footnote, length.max(1));
    }
    if character.is_ascii_digit() {
        let digits = run(|c| c.is_ascii_digit());
        let behind = text.get(digits..).unwrap_or_default();
        if behind.starts_with('.')
            && behind
                .get(1..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
        {
            return (Kind::Dotted, run(|c| c.is_ascii_digit() || c == '.'));
        }
        if has_thousands || THOUSANDS.is_match(text) {
            return (Kind::Number, run(|c| c.is_ascii_digit() || c == ','));
        }
        return (Kind::Number, digits);
    }
    if character.is_alphabetic() {
        let length = run(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '\''));
        let word = text.get(..length).unwrap_or_default();
        // A dash or a full stop at its end is no part of a word, nor is a dash between a word and a number: `TCP-443`.
        let cut = word
            .char_indices()
            .find(|(index, c)| {
                *c == '-'
                    && word
                        .get(index + 1..)
                        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
            .map_or(word.len(), |(index, _)| index);
        let word = word.get(..cut).unwrap_or_default();
        return (
            Kind::Word,
            word.trim_end_matches(['.', '-', '\'']).len().max(1),
        );
    }
    for (mark, kind) in MARKS {
        if text.starts_with(mark) {
            return (kind, mark.len());
        }
    }
    let kind = match character {
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Kind::Dash,
        '~' | '\u{ff5e}' | '\u{301c}' | '\u{2026}' => Kind::Span,
        ',' | ';' | '&' | '|' | '\u{3001}' | '\u{ff0c}' | '\u{ff1b}' | '\u{2022}' | '\u{b7}' => {
            Kind::Separator
        }
        '/' | '\u{ff0f}' => Kind::Slash,
        ':' | '\u{ff1a}' | '=' => Kind::Colon,
        '+' => Kind::Plus,
        '>' => Kind::Above,
        '\u{2265}' => Kind::AtLeast,
        '<' => Kind::Below,
        '\u{2264}' => Kind::AtMost,
        '\u{2190}'..='\u{21ff}' | '\u{27f5}'..='\u{27ff}' => Kind::Arrow,
        '(' | '[' | '\u{ff08}' => Kind::Open,
        ')' | ']' | '\u{ff09}' => Kind::Close,
        // `!25` is every port but this one.
        '!' if text.get(1..).is_some_and(|rest| {
            rest.trim_start()
                .starts_with(|c: char| c.is_ascii_digit() || c == '=')
        }) =>
        {
            Kind::Unknown
        }
        '.' | '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '!' => Kind::Quiet,
        _ => Kind::Unknown,
    };
    (kind, character.len_utf8())
}

/// Marks of more than one character, the longest first.
const MARKS: [(&str, Kind); 8] = [
    ("...", Kind::Span),
    ("..", Kind::Span),
    ("-->", Kind::Arrow),
    ("->", Kind::Arrow),
    ("=>", Kind::Arrow),
    (">=", Kind::AtLeast),
    ("<=", Kind::AtMost),
    ("==", Kind::Unknown),
];

#[cfg(test)]
mod tests {
    use super::{Kind, tokens};

    #[test]
    fn kinds() {
        let kinds = |cell: &str| -> Vec<(Kind, String)> {
            tokens(cell)
                .into_iter()
                .map(|token| (token.kind, token.text.to_owned()))
                .collect()
        };
        let one = |kind, text: &str| (kind, text.to_owned());
        assert_eq!(
            kinds("10.0.0.1:8443, *:80"),
            [
                one(Kind::Address, "10.0.0.1:8443"),
                one(Kind::Separator, ","),
                one(Kind::Address, "*:80"),
            ]
        );
        assert_eq!(
            kinds("https://x.example.com:7443/a?b"),
            [one(Kind::Address, "https://x.example.com:7443/a?b")]
        );
        assert_eq!(
            kinds("30,000-32,767"),
            [
                one(Kind::Number, "30,000"),
                one(Kind::Dash, "-"),
                one(Kind::Number, "32,767"),
            ]
        );
        assert_eq!(
            kinds("8441 *2"),
            [one(Kind::Number, "8441"), one(Kind::Footnote, "*2")]
        );
        assert_eq!(kinds("80.5"), [one(Kind::Dotted, "80.5")]);
        assert_eq!(
            kinds("TCP-443"),
            [
                one(Kind::Word, "TCP"),
                one(Kind::Dash, "-"),
                one(Kind::Number, "443"),
            ]
        );
        assert_eq!(
            kinds("80,443"),
            [
                one(Kind::Number, "80"),
                one(Kind::Separator, ","),
                one(Kind::Number, "443"),
            ]
        );
    }
}
