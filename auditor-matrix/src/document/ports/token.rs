//! Splits a cell of ports into tokens: numbers, words and marks.

use std::sync::LazyLock;

use regex::Regex;

use super::super::text::regex;

#[derive(Clone, Copy)]
pub(super) enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    /// A word followed by a colon, which only describes what comes next: `Encrypted:`.
    Label(&'a str),
    Dash,
    /// A number followed by `+`: this port and all above it; `K` stands for thousands.
    Upward(&'a str),
    /// `>` or `>=` before a number.
    Above,
    Separator,
    Open,
    Close,
}

/// `30,000-32,767`: between the bounds of a range a comma inside a number can only mean thousands.
static THOUSANDS: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"\b(\d{1,2}),(\d{3})(\s*(?:[-\u{2010}-\u{2015}]|to)\s*)(\d{1,2}),(\d{3})\b")
});
/// `60,000`: no port starts with a zero. `7,946`: hardly anybody lists a port of one digit.
static THOUSAND: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(^|[^\d,])(\d),(\d{3})\b|\b(\d{1,2}),(0\d{2})\b"));
/// `443 [2]`, `443[^2]`, `443 {fn-note}`: a mark that leads to a footnote.
static FOOTNOTE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\[\^?(?:\d{1,2}|[a-z*])\]|\^\(?\d{1,2}\)?\^?|\{[\w-]+\}"));
/// The start of a remark: what follows is a sentence about the ports, no list of them.
static REMARK: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\[?\b(?:note|important|warning|tip|caution)\b(?:\]|:)"));
/// A cell's text without footnote marks, thousands separators and remarks; what was cut off as a remark comes second.
pub(super) fn clean(text: &str) -> (String, Option<&str>) {
    let (text, remark) = match REMARK.find(text) {
        Some(found) if 0 < found.start() => {
            let (text, remark) = text.split_at(found.start());
            (text, Some(remark))
        }
        Some(_) | None => (text, None),
    };
    let text = FOOTNOTE.replace_all(text, " ");
    let text = THOUSANDS.replace_all(&text, "$1$2$3$4$5");
    let text = THOUSAND.replace_all(&text, "$1$2$3$4$5");
    (text.into_owned(), remark)
}

/// Cuts a cell into numbers, words and marks.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let run =
            |matches: fn(char) -> bool| rest.find(|c: char| !matches(c)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() {
            let digits = run(|c| c.is_ascii_digit());
            let (number, tail) = rest.split_at(digits);
            if let Some(length) = upward(tail) {
                tokens.push(Token::Upward(rest.get(..digits + length).unwrap_or(number)));
                digits + length
            } else {
                tokens.push(Token::Number(number));
                digits
            }
        } else if first.is_alphabetic() {
            let (word, tail) = rest.split_at(run(|c| c.is_alphanumeric() || c == '_' || c == '.'));
            let is_label = tail.starts_with(": ") || tail == ":";
            tokens.push(if is_label {
                Token::Label(word)
            } else {
                Token::Word(word)
            });
            word.len()
        } else {
            match first {
                '-' | '\u{2010}'..='\u{2015}' => tokens.push(Token::Dash),
                '>' | '\u{2265}' => tokens.push(Token::Above),
                '(' => tokens.push(Token::Open),
                ')' => tokens.push(Token::Close),
                ',' | ';' | '/' | '&' | '+' | '|' => tokens.push(Token::Separator),
                _ => {}
            }
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    tokens
}

/// The length of a suffix to a number that means "and all above": `+`, `K+`, ` and above`.
fn upward(tail: &str) -> Option<usize> {
    static UPWARD: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"(?i)^(?:k?\+(?:\s|[,;)]|$)|\s+(?:and|or) (?:above|higher|greater|up|upwards?)\b)")
    });
    UPWARD
        .find(tail)
        .map(|found| found.as_str().trim_end_matches([' ', ',', ';', ')']).len())
}
