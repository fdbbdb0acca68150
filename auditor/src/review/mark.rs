//! A line of a page as markup, with its numbers marked by what became of them.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::escape::text;

/// More characters of a line are not shown: pages that programs wrote may be a single line.
const MOST_CHARACTERS: usize = 1000;

/// What became of a number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Became<'a> {
    /// A rule has it.
    Port,
    /// It is no port, for this reason.
    NoPort(&'a str),
}

/// The line's text, escaped, with each number marked that `numbers` knows.
pub(super) fn marked(line: &str, numbers: &BTreeMap<&str, Became<'_>>) -> String {
    let end = line
        .char_indices()
        .nth(MOST_CHARACTERS)
        .map_or(line.len(), |(end, _)| end);
    let (shown, cut) = line.split_at_checked(end).unwrap_or((line, ""));
    let mut out = String::new();
    let mut rest = shown;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at_checked(start).unwrap_or((rest, ""));
        let length = from
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(from.len());
        let (number, after) = from.split_at_checked(length).unwrap_or((from, ""));
        out.push_str(&visible(before));
        match numbers.get(number) {
            Some(Became::Port) => out.extend(["<mark class=\"port\">", number, "</mark>"]),
            Some(Became::NoPort(reason)) => out.extend([
                "<mark class=\"none\" title=\"",
                &visible(reason),
                "\">",
                number,
                "</mark>",
            ]),
            None => out.push_str(number),
        }
        rest = after;
    }
    out.push_str(&visible(rest));
    if !cut.is_empty() {
        let n_cut = cut.chars().count();
        // Writing to a string does not fail.
        let _written = write!(
            out,
            " <span class=\"cut\">and {n_cut} characters more</span>"
        );
    }
    out
}

/// Escapes foreign text, and writes out characters that show nothing or turn the reading round: a reviewer must not be shown
/// another page than the one that was read.
pub(super) fn visible(foreign: &str) -> String {
    let mut plain = String::with_capacity(foreign.len());
    for c in foreign.chars() {
        match c {
            '\t' => plain.push_str("    "),
            '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' => {
                plain.extend(c.escape_unicode());
            }
            c => plain.push(c),
        }
    }
    text(&plain)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Became, MOST_CHARACTERS, marked, visible};

    #[test]
    fn numbers_are_marked_whole() {
        let numbers =
            BTreeMap::from([("80", Became::Port), ("2024", Became::NoPort("a \"date\""))]);
        assert_eq!(
            marked("80, 8080 <2024> x80", &numbers),
            "<mark class=\"port\">80</mark>, 8080 &lt;<mark class=\"none\" title=\"a &quot;date&quot;\">2024</mark>&gt; \
             x<mark class=\"port\">80</mark>"
        );
        assert_eq!(marked("", &numbers), "");
        assert_eq!(marked("80", &BTreeMap::new()), "80");
    }

    #[test]
    fn what_shows_nothing_is_written_out() {
        assert_eq!(visible("a\u{202e}b\t<\u{7}"), "a\\u{202e}b    &lt;\\u{7}");
    }

    #[test]
    fn a_page_of_one_line_is_cut() {
        let line = "\u{e4}".repeat(MOST_CHARACTERS + 7);
        let shown = marked(&line, &BTreeMap::new());
        assert!(
            shown.ends_with("\u{e4} <span class=\"cut\">and 7 characters more</span>"),
            "{shown}"
        );
    }
}
