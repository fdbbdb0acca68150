//! The rung below the grammar: the ports of a cell that are certain by themselves, where the cell as a whole is not understood.
//!
//! Items of a list are read one by one, so that a sentence behind them takes none of them away. Only where no item is a list of
//! ports, numbers are taken that the word `port` or a transport makes certain. What is left is for the caller to report.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    Ports, grammar,
    token::{Kind, tokens},
    word::Word,
};
use crate::document::{
    accounting,
    text::{regex, sentences, unbracket},
};

/// The certain ports of a cell; `None` if it has none, or if a word may change what the numbers beside it mean, such as `all
/// except`.
pub(in crate::document) fn certain_ports(cell: &str) -> Option<Ports> {
    if excludes(cell) {
        return None;
    }
    let listed: Vec<Ports> = sentences(cell).into_iter().flat_map(list).collect();
    let found = if listed.is_empty() {
        sentences(cell).into_iter().filter_map(named).collect()
    } else {
        listed
    };
    joined(found)
}

/// Whether words take numbers away from others, so that no number of the cell means what it does by itself.
fn excludes(cell: &str) -> bool {
    cell.split(|c: char| !c.is_alphanumeric()).any(|word| {
        matches!(
            word.to_ascii_lowercase().as_str(),
            "except"
                | "excluding"
                | "exclude"
                | "excluded"
                | "excepting"
                | "without"
                | "minus"
                | "besides"
                | "other"
                | "instead"
                | "unless"
                | "but"
                | "formerly"
                | "previously"
        )
    })
}

/// The items of a list up to where it goes over into a sentence.
fn list(sentence: &str) -> Vec<Ports> {
    sentence
        .split(", ")
        .flat_map(|part| part.split(';'))
        .map(str::trim)
        .enumerate()
        .map(|(at, item)| (item, listed(item).filter(|_| at == 0 || !counts(item))))
        .take_while(|(item, read)| read.is_some() || item.split(' ').count() <= MOST_WORDS_OF_ITEM)
        .filter_map(|(_, read)| read)
        .collect()
}

/// Whether an item behind others counts something: `465, 10 messages a minute`.
fn counts(item: &str) -> bool {
    accounting::numbers(item)
        .iter()
        .any(|number| number.reason == Some(accounting::Reason::Count))
}

/// The ports of an item that is no sentence, be it without its brackets.
fn listed(item: &str) -> Option<Ports> {
    let whole = grammar::read(item);
    if is_list(&whole) {
        return Some(whole);
    }
    // A bracket that denies speaks of the number before it.
    let (outside, brackets) = unbracket(item);
    let denies = |text: &&String| {
        let is_short = text.split(' ').count() <= MOST_WORDS_OF_DENIAL;
        is_short && reverses(text)
    };
    if brackets.is_empty() || brackets.iter().any(|text| denies(&text)) || reverses(&outside) {
        return None;
    }
    Some(grammar::read(&outside)).filter(is_list)
}

fn is_list(read: &Ports) -> bool {
    let n_words: usize = read
        .remarks
        .iter()
        .map(|words| words.split(' ').count())
        .sum();
    read.problem.is_none() && !read.groups.is_empty() && n_words <= MOST_WORDS_OF_ITEM
}

/// The numbers of a sentence that stand behind `port` or before a transport, and behind no word that denies them.
fn named(sentence: &str) -> Option<Ports> {
    let is_code = sentence.contains(['=', '<', '>', '{', '}', '"', '\u{2192}']);
    if is_code {
        return None;
    }
    let found: Vec<Ports> = NAMED
        .find_iter(sentence)
        .filter(|found| {
            let before = sentence.get(..found.start()).unwrap_or_default();
            let clause = before.rsplit([',', ':', ';']).next().unwrap_or_default();
            !reverses(clause) && !is_example(clause)
        })
        .filter(|found| {
            // `8080xx`, `80 -> 8080`, `1.2.3`: what touches the number may change it.
            let behind = sentence.get(found.end()..).unwrap_or_default();
            let is_decimal = behind
                .strip_prefix(['.', ':', '-', '+'])
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphanumeric()));
            !is_decimal && !behind.starts_with(|c: char| c.is_alphanumeric() || c == '+')
        })
        .map(|found| grammar::read(found.as_str()))
        .filter(is_list)
        .collect();
    joined(found)
}

/// Whether a text has a word that turns the meaning of numbers round.
fn reverses(text: &str) -> bool {
    tokens(text)
        .iter()
        .any(|token| token.kind == Kind::Word && Word::of(token.text) == Word::Reversing)
}

/// Whether the words before a number say that it is only one of many that could stand there.
fn is_example(clause: &str) -> bool {
    let lower = clause.to_lowercase();
    ["e.g", "example", "such as", "for instance"]
        .iter()
        .any(|words| lower.contains(words))
}

/// The ports of several parts; alternatives stay groups of their own.
fn joined(parts: Vec<Ports>) -> Option<Ports> {
    let mut all = Ports::default();
    let mut is_loopback = !parts.is_empty();
    for part in parts {
        for group in part.groups {
            match all.groups.iter_mut().find(|known| !known.alternatives) {
                Some(known) if !group.alternatives => {
                    for range in group.ranges {
                        if !known.ranges.contains(&range) {
                            known.ranges.push(range);
                        }
                    }
                }
                Some(_) | None => all.groups.push(group),
            }
        }
        all.transports.extend(part.transports);
        all.protocols.extend(part.protocols);
        is_loopback &= part.is_loopback;
    }
    all.is_loopback = is_loopback;
    (!all.groups.is_empty()).then_some(all)
}

/// A number that a word makes certain: `port 80`, `ports 8000-8010`, `53/udp`.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)(?:\bports? (?:number )?(?:(?:tcp|udp|sctp)[ /])?\d{1,5}(?: ?- ?\d{1,5})?(?:(?:, | and | or |/)\d{1,5}(?: ?- ?\d{1,5})?)*|\b\d{1,5}(?:-\d{1,5})?/(?:tcp|udp|sctp)\b|\b(?:tcp|udp|sctp)/\d{1,5}(?:-\d{1,5})?|\b(?:tcp|udp|sctp) ports? \d{1,5}(?:-\d{1,5})?)",
    )
});

/// An item of more words that are not understood is a sentence.
const MOST_WORDS_OF_ITEM: usize = 3;

/// A longer bracket says something beside whether the port is used.
const MOST_WORDS_OF_DENIAL: usize = 4;

#[cfg(test)]
mod tests {
    use super::certain_ports;

    #[track_caller]
    fn check(cell: &str, expected: &[&str]) {
        let found: Vec<String> = certain_ports(cell)
            .into_iter()
            .flat_map(|ports| ports.groups)
            .flat_map(|group| group.ranges)
            .map(|range| range.to_string())
            .collect();
        assert_eq!(found, expected, "{cell}");
    }

    #[test]
    fn items_before_sentences() {
        check(
            "RPC port: 2800, RPC/TLS port: 9400, To modify the default port, set the rpcPort attribute: rpcPort=\"2801\"",
            &["2800", "9400"],
        );
        check(
            "insecure: 25, TLS: not defined. When it sends mail, the core tries port 465.",
            &["25"],
        );
        check("7000 (up to 7010 per further node), 443", &["7000", "443"]);
        check("465, 10 messages a minute", &["465"]);
        check("465, 12 sessions at most", &["465"]);
    }

    #[test]
    fn sentences_with_certain_numbers() {
        check(
            "Each of the nodes needs at least port 8443 to be reachable for them",
            &["8443"],
        );
        check("Needs at the very least 53/udp on each of them", &["53"]);
    }

    #[test]
    fn what_may_mean_something_else() {
        check("1-65535, all except 22", &[]);
        check("not 22", &[]);
        check("80 -> 8080", &[]);
        check("80xx", &[]);
        check("80 (not needed)", &[]);
        check("at least 4 of them", &[]);
        check("Nothing, it does not listen on port 80 any more", &[]);
    }
}
