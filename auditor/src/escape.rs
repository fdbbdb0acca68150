//! Shows characters that no reader sees, or that command a terminal, as what they are.
//!
//! Names of roles, files, interfaces and processes are other people's text. One that holds a bidirectional control reads
//! differently from what it is, and one with a character of no width looks like another one. Every form in which something leaves
//! this program passes through here.

mod toml;

use std::{borrow::Cow, fmt::Write as _};

pub(crate) use toml::toml;

use crate::hidden::is_hidden;

/// Adds a character of a line, as `\u{202e}` if it is hidden.
pub(crate) fn push(out: &mut String, c: char) {
    match c {
        '\n' | '\r' | '\t' => out.extend(c.escape_default()),
        c if is_hidden(c) => out.extend(c.escape_unicode()),
        c => out.push(c),
    }
}

/// Text of one line: what is hidden in it is shown, and what would end the line.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    replaced(text, is_hidden, push)
}

/// Text whose lines and tabs are its own form's: what else is hidden in it is shown.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |c| is_hidden(c) && !matches!(c, '\n' | '\t'),
        push_within,
    )
}

/// Adds a character of lines.
fn push_within(out: &mut String, c: char) {
    match c {
        '\n' | '\t' => out.push(c),
        c => push(out, c),
    }
}

/// Text of JSON, whose strings say what is hidden by its number (RFC 8259, section 7): it means the same.
pub(crate) fn json(text: &str) -> Cow<'_, str> {
    // Outside of strings these are white space, and inside there are none.
    let is_foreign = |c| is_hidden(c) && !matches!(c, '\n' | '\r' | '\t');
    replaced(text, is_foreign, |out, c| {
        if !is_foreign(c) {
            out.push(c);
            return;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a string does not fail.
            let _written = write!(out, "\\u{unit:04x}");
        }
    })
}

/// Text of OpenMetrics, in whose labels a backslash is written twice.
pub(crate) fn metrics(text: &str) -> Cow<'_, str> {
    replaced(
        text,
        |c| is_hidden(c) && c != '\n',
        |out, c| match c {
            '\n' => out.push(c),
            c if is_hidden(c) => {
                out.push('\\');
                push(out, c);
            }
            c => out.push(c),
        },
    )
}

/// Escapes text, so that it is no markup in elements and in attributes.
pub(crate) fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => push(&mut out, c),
        }
    }
    out
}

/// JSON that can't end the `script` element that contains it. A browser shows its strings, so they say what is hidden.
pub(crate) fn data(value: &serde_json::Value) -> String {
    shown(value)
        .to_string()
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('&', "\\u0026")
}

/// JSON for people, each of whose strings is a line.
pub(crate) fn shown(value: &serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::String(text) => Value::String(line(text).into_owned()),
        Value::Array(values) => Value::Array(values.iter().map(shown).collect()),
        Value::Object(fields) => {
            let one = |(name, value): (&String, &Value)| (line(name).into_owned(), shown(value));
            Value::Object(fields.iter().map(one).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// The text with each character pushed, or as it is if none of them is meant.
fn replaced(
    text: &str,
    is_meant: impl Fn(char) -> bool,
    push: impl Fn(&mut String, char),
) -> Cow<'_, str> {
    if !text.chars().any(is_meant) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    text.chars().for_each(|c| push(&mut out, c));
    Cow::Owned(out)
}

#[cfg(test)]
pub(crate) mod tests;
