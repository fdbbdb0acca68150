//! Ports in brackets behind their transport, each with what it is for: `TCP (7114 - for the web, 7115)`.

use super::{Found, phrase, transport};
use crate::{
    document::{
        prose::words::{Kind, Word},
        row::PortGroup,
    },
    port::PortRange,
};

/// The ports in the brackets that open behind a transport. `None` unless each part of the brackets begins with a port, names no other
/// number; one small number alone may refer to a note.
pub(super) fn in_brackets(words: &[Word<'_>], start: usize) -> Option<Found> {
    let transport = transport(words.get(start)?)?;
    let noun = usize::from(
        words
            .get(start + 1)
            .is_some_and(|word| word.is_any(&["port", "ports"])),
    );
    let open = start + 1 + noun;
    if words.get(open)?.kind != Kind::Open {
        return None;
    }
    let behind = words.get(open + 1..)?;
    let length = behind
        .iter()
        .position(|word| matches!(word.kind, Kind::Close | Kind::Open))?;
    let inside = behind.get(..length)?;
    if behind.get(length)?.kind != Kind::Close {
        return None;
    }
    let mut ranges = Vec::new();
    for part in inside.split(|word| matches!(word.kind, Kind::Comma | Kind::Semicolon)) {
        let (range, rest) = port(part)?;
        let names_more = rest
            .iter()
            .any(|word| matches!(word.kind, Kind::Number) || super::transport(word).is_some());
        if names_more {
            return None;
        }
        ranges.push(range);
    }
    let is_note = matches!(ranges.as_slice(), [only] if only.last() < LEAST_ALONE);
    let group = PortGroup {
        ranges,
        alternatives: false,
    };
    let end = open + 1 + length + 1;
    (!is_note).then(|| (vec![phrase(vec![group], vec![transport])], end))
}

/// A smaller number that stands alone in brackets counts something or refers to a note.
const LEAST_ALONE: u16 = 20;

/// The port or the range at the start of a part, and what stands behind it.
fn port<'w, 'a>(part: &'w [Word<'a>]) -> Option<(PortRange, &'w [Word<'a>])> {
    let number = |at: usize| {
        let word = part.get(at).filter(|word| word.kind == Kind::Number)?;
        word.text.parse::<u16>().ok()
    };
    let first = number(0)?;
    let joins = part.get(1).is_some_and(|word| word.kind == Kind::Dash);
    let (last, end) = match number(2).filter(|_| joins) {
        Some(last) => (last, 3),
        None => (first, 1),
    };
    Some((PortRange::new(first, last).ok()?, part.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::super::{Evidence, port_phrases};
    use crate::document::prose::words::words;

    #[track_caller]
    fn check(sentence: &str, expected: &[&str]) {
        let words = words(sentence);
        let found: Vec<String> = port_phrases(&words, Evidence::Stated)
            .into_iter()
            .map(|phrase| {
                let ranges = phrase.ports.iter().flat_map(|group| &group.ranges);
                let ranges: Vec<String> = ranges.map(ToString::to_string).collect();
                format!("{:?} {}", phrase.transports, ranges.join(","))
            })
            .collect();
        assert_eq!(found, expected, "{sentence}");
    }

    #[test]
    fn lists_in_brackets() {
        check(
            "it listens on TCP (7114 - for the web, 7115, 7118-7119 for sockets) and UDP (7116)",
            &["[Tcp] 7114,7115,7118-7119", "[Udp] 7116"],
        );
        check("it listens on UDP (7116 for 3 peers)", &[]);
        check("TCP (since version 2)", &[]);
        check("TCP (2)", &[]);
    }
}
