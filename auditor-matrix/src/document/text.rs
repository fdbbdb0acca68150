//! Helpers for text as people type it: white space, brackets, sentences.

use regex::Regex;

/// Compiles a regular expression that is a constant of the source.
#[expect(
    clippy::unwrap_used,
    reason = "the expressions are constants, and a test uses each"
)]
pub(super) fn regex(expression: &str) -> Regex {
    Regex::new(expression).unwrap()
}

/// Folds every run of white space, no-break spaces included, into one space, and trims.
pub(super) fn fold(text: &str) -> String {
    let words: Vec<&str> = text
        .split_whitespace()
        .filter(|word| !word.chars().all(is_invisible))
        .collect();
    words.join(" ")
}

fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}'
    )
}

/// The text with white space folded; `None` if it is empty or consists of dashes.
pub(super) fn some(text: &str) -> Option<String> {
    let text = fold(text);
    let says_nothing = text.is_empty()
        || text.chars().all(|character| {
            matches!(
                character,
                '-' | '\u{2013}' | '\u{2014}' | '\u{2012}' | '\u{2212}'
            )
        });
    (!says_nothing).then_some(text)
}

/// Whether a cell says in words that it holds nothing: `n/a`, `(none)`.
pub(super) fn says_none(text: &str) -> bool {
    let bare = text.trim_matches(['(', ')', '[', ']', '-', '.', ' ', '*', '_']);
    [
        "n/a",
        "n.a",
        "n. a",
        "none",
        "nil",
        "not applicable",
        "nothing",
    ]
    .iter()
    .any(|none| bare.eq_ignore_ascii_case(none))
}

/// Cuts prose into sentences, each with its closing mark.
///
/// A full stop ends a sentence only before white space and a letter that is not lower case, so host names, versions
/// and abbreviations stay whole. A sentence in brackets belongs to the one before it.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let characters = text.char_indices().peekable();
    for (index, character) in characters {
        if !matches!(character, '.' | '!' | '?' | ';') {
            continue;
        }
        let mut end = index + character.len_utf8();
        // The bracket around a sentence ends with it.
        if text.get(end..).is_some_and(|rest| rest.starts_with(") ")) {
            end += 1;
        }
        let rest = text.get(end..).unwrap_or_default();
        let next = rest.trim_start().chars().next();
        // A sentence in brackets belongs to the one before it.
        let goes_on = next.is_some_and(|next| next.is_lowercase() || next == '(');
        if rest.starts_with(char::is_whitespace) && !goes_on {
            sentences.extend(text.get(start..end).map(str::trim));
            start = end;
        }
    }
    sentences.extend(text.get(start..).map(str::trim));
    sentences.retain(|sentence| !sentence.is_empty());
    sentences
}

/// A line that lists for a label what follows its colon, with semicolons between: `Core: inbound 80 from Edge; 443 from Web.`
/// as one line for each. `None` for any other text.
pub(super) fn distributed(text: &str) -> Option<Vec<String>> {
    let parts: Vec<&str> = text.split("; ").collect();
    let first = parts.first().filter(|_| 1 < parts.len())?;
    // What stands before the first number holds for all: `Core: inbound TCP `.
    let lead = first
        .split_inclusive(' ')
        .take_while(|word| {
            let bare = word
                .trim()
                .trim_matches(|c: char| !c.is_alphanumeric())
                .to_ascii_lowercase();
            !bare.contains(|c: char| c.is_ascii_digit())
                && !matches!(bare.as_str(), "tcp" | "udp" | "sctp" | "port" | "ports")
        })
        .map(str::len)
        .sum::<usize>();
    let lead = first.get(..lead).filter(|lead| {
        let words = lead.split_whitespace().count();
        0 < words && words <= MOST_LEAD_WORDS
    })?;
    let begins_with_port = |part: &&str| {
        let first = part.split([' ', '/', ':']).next().unwrap_or_default();
        let bare = first
            .trim_matches(|c: char| !c.is_alphanumeric())
            .to_ascii_lowercase();
        bare.starts_with(|c: char| c.is_ascii_digit())
            || matches!(bare.as_str(), "tcp" | "udp" | "sctp" | "port" | "ports")
    };
    if !parts.iter().skip(1).all(begins_with_port) {
        return None;
    }
    let others = parts.iter().skip(1).map(|part| format!("{lead}{part}"));
    Some(std::iter::once((*first).to_owned()).chain(others).collect())
}

/// More words before the first port are a sentence of their own.
const MOST_LEAD_WORDS: usize = 8;

/// Finds a tag such as `<table` in any letter case.
pub(super) fn find_tag(text: &str, tag: &str) -> Option<usize> {
    text.as_bytes()
        .windows(tag.len())
        .position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))
}

/// Whether the text is the name of a host and nothing else.
pub(super) fn is_host(text: &str) -> bool {
    let mut labels = text.split('.');
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.contains('.') && text.contains(|c: char| c.is_ascii_alphabetic()) && labels.all(is_label)
}

/// The text without its bracketed parts, and what stood in the brackets.
pub(super) fn unbracket(text: &str) -> (String, Vec<String>) {
    let (mut outside, mut inside) = (String::new(), Vec::new());
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' => {
                if depth == 0 {
                    inside.push(String::new());
                } else if let Some(last) = inside.last_mut() {
                    last.push(character);
                }
                depth += 1;
            }
            ')' if 0 < depth => {
                depth -= 1;
                if 0 < depth
                    && let Some(last) = inside.last_mut()
                {
                    last.push(character);
                }
            }
            _ => match inside.last_mut() {
                Some(last) if 0 < depth => last.push(character),
                Some(_) | None => outside.push(character),
            },
        }
    }
    (
        fold(&outside),
        inside.iter().map(|part| fold(part)).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::{sentences, unbracket};

    #[test]
    fn sentences_keep_host_names() {
        assert_eq!(
            sentences("Open db.example.com. Port 80 is used, e.g. for health. Done"),
            [
                "Open db.example.com.",
                "Port 80 is used, e.g. for health.",
                "Done"
            ]
        );
    }

    #[test]
    fn brackets() {
        assert_eq!(
            unbracket("localhost(master) x"),
            ("localhost x".to_owned(), vec!["master".to_owned()])
        );
        assert_eq!(
            unbracket("a (b (c)) d"),
            ("a d".to_owned(), vec!["b (c)".to_owned()])
        );
        assert_eq!(
            unbracket("a ) b ("),
            ("a ) b".to_owned(), vec![String::new()])
        );
    }
}
