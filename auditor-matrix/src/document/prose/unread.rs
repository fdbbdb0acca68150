//! Finds numbers in a sentence about ports that may be ports and were not read.

use super::{
    port_phrase::{Evidence, PortPhrase, is_counted},
    words::{Kind, Word},
};

/// Whether a sentence is about ports or transports.
pub(super) fn speaks_of_ports(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| {
        word.is_any(&[
            "port",
            "ports",
            "tcp",
            "udp",
            "sctp",
            "firewall",
            "firewalls",
        ]) || word.lower.starts_with("listen")
    })
}

/// Whether it names a number that may be a port and that no phrase holds. In an item of a list of ports every number may be.
pub(super) fn names_number(words: &[Word<'_>], phrases: &[PortPhrase], evidence: Evidence) -> bool {
    if evidence != Evidence::Item && !speaks_of_ports(words) {
        return false;
    }
    let is_read = |number: u16| {
        phrases
            .iter()
            .flat_map(|phrase| &phrase.ports)
            .flat_map(|group| &group.ranges)
            .any(|range| range.contains(number))
    };
    words.iter().enumerate().any(|(at, word)| {
        if word.kind != Kind::Number {
            return word.kind == Kind::Mixed && is_placeholder(word.text);
        }
        may_be_port(words, at) && word.text.parse().is_ok_and(|number| !is_read(number))
    })
}

/// Whether nothing beside the number at a place says that it is no port.
pub(super) fn may_be_port(words: &[Word<'_>], at: usize) -> bool {
    words
        .get(at)
        .filter(|word| word.kind == Kind::Number)
        .and_then(|word| word.text.parse::<u16>().ok())
        .is_some_and(|number| {
            let is_other = YEARS.contains(&number) && is_year(words, at)
                || words.get(at + 1).is_some_and(is_counted)
                || is_thousands(words, at)
                || is_numbered(words, at);
            LEAST_LIKELY < number && !is_other
        })
}

/// Smaller numbers count things, or number the steps of a list.
const LEAST_LIKELY: u16 = 20;

const YEARS: std::ops::Range<u16> = 1990..2100;

/// Whether nothing beside a number speaks against a year.
fn is_year(words: &[Word<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    !before.is_some_and(|before| {
        before.is_any(&["port", "ports", "tcp", "udp"])
            || before.kind == Kind::Colon && before.is_glued
    })
}

/// Whether the word before says that the number is another thing's: `version 6868`, `RFC 6335`.
fn is_numbered(words: &[Word<'_>], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| words.get(before))
        .is_some_and(|before| {
            before.is_any(&[
                "version", "versions", "release", "releases", "build", "rfc", "step", "section",
                "chapter", "figure", "table", "page", "note", "type", "id", "level", "layer", "v",
                "year", "kb", "article", "issue", "cve",
            ])
        })
}

/// Whether it is a part of `30,000`.
fn is_thousands(words: &[Word<'_>], at: usize) -> bool {
    let comma = |at: usize| {
        words
            .get(at)
            .is_some_and(|word| word.kind == Kind::Comma && word.is_glued)
    };
    let is_group = |at: usize| {
        words
            .get(at)
            .is_some_and(|word| word.is_glued && word.text.len() == 3 && word.kind == Kind::Number)
    };
    comma(at + 1) && is_group(at + 2) || is_group(at) && at.checked_sub(1).is_some_and(comma)
}

/// Numbers with a part left open, or with something attached that is not known: `80xx`, `32##`, `443x`.
fn is_placeholder(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    1 < digits
        && text.len() <= 8
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| {
            c.is_ascii_digit()
                || matches!(
                    c,
                    'x' | 'X' | 'n' | 'N' | '#' | '*' | '<' | '>' | '+' | '{' | '}'
                )
        })
        && !is_unit.is_empty()
}
