//! Marks between the parts of a cell, which may have been lines, paragraphs or items.
//!
//! A cell becomes one line of text. Its parts stay apart, so that `80` above `443` is never `80443` nor `80 443`; but a
//! name that is only wrapped stays one name.

use crate::document::text::fold;

/// Stands for a line break that the author set. A control character, which no text has: see `encoding::decode`.
pub(super) const LINE: char = '\u{1f}';

/// Stands between paragraphs or items.
pub(super) const PART: char = '\u{1e}';

/// The text of a cell, its parts separated as a person would write them in one line.
pub(super) fn joined(text: &str, is_heading: bool) -> String {
    if !text.contains([LINE, PART]) {
        return fold(text);
    }
    let mut joined = String::with_capacity(text.len());
    let mut is_part = false;
    // A cell in which a word is broken is wrapped, so its other lines are none of a list either.
    let is_wrapped = text
        .split([LINE, PART])
        .rev()
        .skip(1)
        .any(|piece| is_broken_off(piece.trim_end()));
    for piece in text.split_inclusive([LINE, PART]) {
        let ends_part = piece.ends_with(PART);
        let words = fold(piece.trim_end_matches([LINE, PART]));
        if !words.is_empty() {
            let separates = !is_heading
                && !joined.ends_with(['.', ';', ',', ':', '!', '?', '(', '/', '-', '+', '&'])
                && !words.starts_with([',', ';', '.', ')', '/', '-', '+', '&'])
                && (is_part || !is_wrapped && is_list(&joined, &words));
            // A word that was broken at its end of line: `in-` above `bound`.
            let is_broken = is_broken_off(&joined) && words.starts_with(char::is_alphabetic);
            if is_broken && words.starts_with(char::is_lowercase) {
                joined.pop();
            } else if !joined.is_empty() && !is_broken {
                joined.push_str(if separates { ", " } else { " " });
            }
            joined.push_str(&words);
            is_part = false;
        }
        is_part |= ends_part;
    }
    joined
}

/// Whether a line ends within a word.
fn is_broken_off(line: &str) -> bool {
    line.strip_suffix('-')
        .is_some_and(|word| word.ends_with(char::is_alphabetic))
}

/// Whether two lines are two things: two numbers, or two phrases that each begin like one. A number and a word, such as a
/// port and its protocol, are one.
fn is_list(above: &str, below: &str) -> bool {
    let last = above.rsplit(", ").next().unwrap_or(above);
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    match (has_digit(last), has_digit(below)) {
        (true, true) => below.starts_with(char::is_alphanumeric),
        (false, false) => below.starts_with(char::is_uppercase),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn lines_and_parts() {
        check("80\u{1f}443", "80, 443");
        check("80/tcp \u{1f} 53/udp", "80/tcp, 53/udp");
        check("443\u{1f}TCP", "443 TCP");
        check("443\u{1f}(TLS 1.2)", "443 (TLS 1.2)");
        check("Agents\u{1f}Users", "Agents, Users");
        check("Core\u{1f}server", "Core server");
        check("in-\u{1f}bound", "inbound");
        check("Secure-\u{1f}Transport\u{1f}Edge", "Secure-Transport Edge");
        check("Web\u{1e}api", "Web, api");
        check("One.\u{1e}two\u{1e}\u{1e}three", "One. two, three");
        check("\u{1e}a\u{1e}", "a");
        assert_eq!(joined("Destination\u{1f}Port", true), "Destination Port");
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(joined(text, false), expected);
    }
}
