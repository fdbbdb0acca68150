//! Numbers of a sentence that are those of something else than of what listens: of a network, of a socket of hardware, or
//! below zero.

use super::{Kind, Word};
use crate::document::accounting::{is_hardware, numbers_networks};

/// Takes such numbers for no numbers, so that nothing reads ports from them.
pub(super) fn mark(words: &mut [Word<'_>]) {
    let mut at = 0;
    while at < words.len() {
        let (start, end) = match words.get(at).map(|word| word.kind) {
            Some(Kind::Word) if names_other(words, at) => (at + 1, run(words, at + 1)),
            Some(Kind::Number) if is_below_zero(words, at) => (at, at + 1),
            Some(Kind::Number) if is_place_of_hardware(words, at) => (at, run(words, at)),
            Some(_) | None => {
                at += 1;
                continue;
            }
        };
        for word in words.get_mut(start..end).unwrap_or_default() {
            if word.kind == Kind::Number {
                word.kind = Kind::Mixed;
            }
        }
        at = end.max(at + 1);
    }
}

/// Whether a word says of the numbers behind it what they number: `VLANs`, `Ethernet port`.
fn names_other(words: &[Word<'_>], at: usize) -> bool {
    let Some(word) = words.get(at) else {
        return false;
    };
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    numbers_networks(&word.lower)
        || word.is_any(&["port", "ports"])
            && before.is_some_and(|before| before.kind == Kind::Word && is_hardware(&before.lower))
}

/// `-1`, which says that there is none; behind another number it is the end of a range.
fn is_below_zero(words: &[Word<'_>], at: usize) -> bool {
    let (Some(number), Some(dash)) = (
        words.get(at),
        at.checked_sub(1).and_then(|dash| words.get(dash)),
    ) else {
        return false;
    };
    let before = at.checked_sub(2).and_then(|before| words.get(before));
    number.text == "1"
        && number.is_glued
        && dash.kind == Kind::Dash
        && before.is_some_and(|before| !matches!(before.kind, Kind::Number | Kind::Dash))
        && (!dash.is_glued || before.is_some_and(|before| before.kind == Kind::Colon))
}

/// `1/g1`, `1/0/24`: the places of a socket of hardware, of which one has letters or counts from zero.
fn is_place_of_hardware(words: &[Word<'_>], at: usize) -> bool {
    let mut parts = words.get(at..).unwrap_or_default().iter();
    let mut is_place = parts.next().is_some_and(|first| first.text == "0");
    let mut n_parts = 1;
    while let (Some(slash), Some(part)) = (parts.next(), parts.next()) {
        if slash.kind != Kind::Slash || !slash.is_glued || !part.is_glued {
            break;
        }
        let has_digit = part.text.contains(|c: char| c.is_ascii_digit());
        let is_port = part.text.parse::<u16>().is_ok_and(|port| 0 < port);
        is_place |= has_digit && !is_port && part.text.len() <= LONGEST_PLACE;
        n_parts += 1;
    }
    is_place && 1 < n_parts
}

/// The end of the numbers from a place on, with the marks and words between them.
fn run(words: &[Word<'_>], start: usize) -> usize {
    let joins = |word: &Word<'_>| {
        matches!(
            word.kind,
            Kind::Number | Kind::Mixed | Kind::Dash | Kind::Comma | Kind::Slash | Kind::Open
        ) || word.is_any(&["and", "or", "to", "through", "id", "ids"])
            || word.text == "#"
    };
    let rest = words.get(start..).unwrap_or_default();
    // `VLAN 5, and port 443`: a mark or a word at the end joins nothing.
    let n_joined = rest.iter().take_while(|word| joins(word)).count();
    let n_numbers = rest
        .iter()
        .take(n_joined)
        .rposition(|word| matches!(word.kind, Kind::Number | Kind::Mixed));
    n_numbers.map_or(start, |last| start + last + 1)
}

/// `g24`, `xe0`.
const LONGEST_PLACE: usize = 4;

#[cfg(test)]
mod tests {
    use crate::document::prose::words::{Kind, words};

    #[test]
    fn numbers_that_are_left() {
        let check = |sentence: &str, expected: &str| {
            let left: Vec<String> = words(sentence)
                .into_iter()
                .filter(|word| word.kind == Kind::Number)
                .map(|word| word.text.to_owned())
                .collect();
            assert_eq!(left.join(" "), expected, "{sentence}");
        };
        check("Ports 80, 443 and 8000-8010", "80 443 8000 8010");
        check("TCP port 443/tcp and 80/443 or 22/tcp/udp", "443 80 443 22");
        check("All VLANs (300-999) pass the ports", "");
        check("VLAN 5 and VLAN IDs 7, 8, and port 443", "443");
        check("connected to Ethernet port 1/g1", "");
        check("Uplink port 1/0/24 of the switch, TCP port 22", "22");
        check("USB ports 1 and 2 are off", "");
        check("set it to -1, or 8000 -1 is a range", "8000 1");
        check("port=-1", "");
        check("The switch opens port 443", "443");
    }
}
