//! TOML whose strings say what is hidden by its number.
//!
//! Only strings in double quotes can do that. One in single quotes that has something hidden is written in double ones.

use std::{borrow::Cow, fmt::Write as _};

use super::is_hidden;

/// The same TOML with nothing hidden in it; comments show what was.
pub(crate) fn toml(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_foreign) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            '#' => comment(rest, &mut out),
            '"' => quoted(rest, &mut out),
            '\'' => literal(rest, &mut out),
            // Outside of strings and comments there is nothing hidden in TOML.
            c => {
                super::push_within(&mut out, c);
                c.len_utf8()
            }
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    Cow::Owned(out)
}

const fn is_foreign(c: char) -> bool {
    is_hidden(c) && !matches!(c, '\n' | '\r' | '\t')
}

/// The delimiter with which a string begins: three quotes, or one.
fn delimiter(text: &str, quote: char) -> usize {
    let n = text.chars().take_while(|c| *c == quote).count();
    // Two of them are an empty string.
    if n < 3 { 1 } else { 3 }
}

fn comment(text: &str, out: &mut String) -> usize {
    let line = text.split('\n').next().unwrap_or_default();
    line.chars().for_each(|c| super::push_within(out, c));
    line.len()
}

/// A string in double quotes; the length of what was read.
fn quoted(text: &str, out: &mut String) -> usize {
    let n = delimiter(text, '"');
    let delimiter = text.get(..n).unwrap_or_default();
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        let rest = text.get(at..).unwrap_or_default();
        if n <= at && !is_escaped && rest.starts_with(delimiter) {
            // Up to two more quotes belong to the string before a delimiter of three.
            let more = if n == 3 {
                rest.chars()
                    .skip(3)
                    .take(2)
                    .take_while(|c| *c == '"')
                    .count()
            } else {
                0
            };
            out.push_str(rest.get(..n + more).unwrap_or_default());
            return at + n + more;
        }
        number(out, c);
        is_escaped = n <= at && c == '\\' && !is_escaped;
    }
    text.len()
}

/// A string in single quotes; the length of what was read.
fn literal(text: &str, out: &mut String) -> usize {
    let n = delimiter(text, '\'');
    let delimiter = text.get(..n).unwrap_or_default();
    let inner = text.get(n..).unwrap_or_default();
    let end = inner.find(delimiter).unwrap_or(inner.len());
    let extra = inner.get(end..).unwrap_or_default();
    let more = if n == 3 {
        extra
            .chars()
            .skip(3)
            .take(2)
            .take_while(|c| *c == '\'')
            .count()
    } else {
        0
    };
    let inside = inner.get(..end + more).unwrap_or_default();
    let length = (n + end + more + n).min(text.len());
    if !inside.chars().any(is_foreign) {
        out.push_str(text.get(..length).unwrap_or_default());
        return length;
    }
    // A line break right after the delimiter of three does not belong to the string.
    let inside = if n == 3 {
        inside.strip_prefix('\n').unwrap_or(inside)
    } else {
        inside
    };
    out.push('"');
    for c in inside.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' | '\r' | '\t' => out.extend(c.escape_default()),
            c => number(out, c),
        }
    }
    out.push('"');
    length
}

fn number(out: &mut String, c: char) {
    let _written = match u32::from(c) {
        _ if !is_foreign(c) => {
            out.push(c);
            Ok(())
        }
        number @ 0x1_0000.. => write!(out, "\\U{number:08X}"),
        number => write!(out, "\\u{number:04X}"),
    };
}
