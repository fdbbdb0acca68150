//! Ends that the sentence before names: `The nodes talk to each other. This communication uses port 8250.`

use super::{
    clause::{self, Ends},
    condition::Condition,
    noun_phrase::NounPhrases,
    piece::Pieces,
    port_phrase::{Evidence, port_phrases},
    stance::{Stance, stance},
    statement::Statement,
    vocabulary::is_auxiliary,
    words::words,
};
use crate::document::{names::Names, row::Direction, section::is_machine};

/// Adds the ends of the sentence before to statements of one that takes up its traffic.
pub(super) fn add_ends(before: &str, text: &str, names: &Names, statements: &mut [Statement]) {
    let lacks_ends = |statement: &Statement| {
        statement.source.is_none() && statement.destination.is_none() && !statement.ports.is_empty()
    };
    if !statements.iter().any(lacks_ends) || !takes_up(text) {
        return;
    }
    let Some(ends) = ends(before, names) else {
        return;
    };
    for statement in statements.iter_mut().filter(|one| lacks_ends(one)) {
        statement.add_ends(&ends);
        statement.is_asked = true;
    }
}

/// Whether a sentence begins with the machine of the one before: "It also connects to ...", "They need ...".
pub(super) fn takes_up_machine(text: &str) -> bool {
    text.split(' ')
        .next()
        .is_some_and(|first| first.eq_ignore_ascii_case("it") || first.eq_ignore_ascii_case("they"))
}

/// The machine or program that a sentence is about which speaks of its connections and of no port: `The machine running gated
/// needs to be able to establish outbound connections as well.`
pub(super) fn machine(text: &str, names: &Names) -> Option<String> {
    let words = words(text);
    if MOST_WORDS < words.len() {
        return None;
    }
    let phrases = port_phrases(&words, Evidence::Stated);
    if phrases.iter().any(|phrase| !phrase.ports.is_empty()) {
        return None;
    }
    let pieces = Pieces::new(text, &words, &phrases);
    let nouns = NounPhrases {
        pieces: &pieces,
        names,
    };
    let subject = nouns.list(0)?;
    let is_doer = is_auxiliary(pieces.lower(subject.end))
        || pieces.is_any(subject.end, &["need", "needs", "requires", "require"]);
    let connects = words
        .iter()
        .any(|word| word.lower.starts_with("connect") || word.lower.starts_with("communicat"));
    // "the machine running gated"
    let is_kind = subject.text.split(' ').any(is_machine);
    let is_end =
        subject.n_parts == 1 && (subject.is_machine || is_kind || names.contains(&subject.text));
    (is_doer && connects && is_end).then_some(subject.text)
}

/// Gives the clients that a pronoun stands for to statements of a sentence that begins with it.
pub(super) fn add_machine(subject: &str, statements: &mut [Statement]) {
    for statement in statements {
        if statement.source.is_none() && statement.destination.is_some() {
            statement.source = Some(subject.to_owned());
            statement.direction = None;
        } else if statement.source.is_none() && statement.direction == Some(Direction::Inbound) {
            statement.destination = Some(subject.to_owned());
        }
    }
}

/// What a sentence says of the ports of the one before, and of no other: "This is only required if mail is sent."
pub(super) fn of_all(text: &str) -> Option<Said> {
    let words = words(text);
    let at = |at: usize, lower: &[&str]| words.get(at).is_some_and(|word| word.is_any(lower));
    let is_demonstrative = at(0, &["this", "it", "these", "they"])
        || at(0, &["this"]) && at(1, &["port", "rule", "connection", "traffic"]);
    let verb = (1..3).find(|verb| at(*verb, &["is", "are"]))?;
    if !is_demonstrative || MOST_WORDS < words.len() {
        return None;
    }
    let condition = Condition::of(text, &words);
    let rest: Vec<&str> = words
        .iter()
        .skip(verb + 1)
        .map(|word| word.lower.as_str())
        .collect();
    // "This is entirely optional and not required for the gate to work."
    let degree = usize::from(rest.first().is_some_and(|word| word.ends_with("ly")));
    if matches!(
        rest.get(degree..),
        Some(["optional"] | ["optional", "."] | ["optional", "and", "not", ..])
    ) {
        return Some(Said::Optional);
    }
    let outside: Vec<String> = condition
        .rest(&words)
        .iter()
        .skip(verb + 1)
        .map(|word| word.lower.clone())
        .collect();
    let says_more = outside.iter().any(|word| {
        !matches!(
            word.as_str(),
            "only" | "required" | "needed" | "used" | "necessary" | "relevant" | "."
        )
    });
    condition.text.filter(|_| !says_more).map(Said::Condition)
}

/// Who asks at the ports of the sentence before: `Only the agents need to reach this port.`
pub(super) fn asker(text: &str, names: &Names) -> Option<String> {
    let words = words(text);
    // Who asks under a condition alone is not all that ask.
    let is_conditional = Condition::of(text, &words).text.is_some();
    if MOST_WORDS < words.len() || is_conditional || stance(&words) != Stance::Wanted {
        return None;
    }
    let phrases = port_phrases(&words, Evidence::Stated);
    if phrases.iter().any(|phrase| !phrase.ports.is_empty()) {
        return None;
    }
    clause::asker_of_it(&Pieces::new(text, &words, &phrases), names)
}

/// What is said of the ports of a sentence by the one behind it.
pub(super) enum Said {
    Condition(String),
    Optional,
}

/// Whether a sentence begins with the traffic of the one before: "This communication", "These connections".
fn takes_up(text: &str) -> bool {
    let mut words = text.split(' ');
    let is_demonstrative = words.next().is_some_and(|first| {
        ["this", "that", "these", "those", "such"]
            .iter()
            .any(|word| first.eq_ignore_ascii_case(word))
    });
    is_demonstrative
        && words.next().is_some_and(|second| {
            matches!(
                second.to_lowercase().as_str(),
                "communication" | "communications" | "connection" | "connections" | "traffic"
            )
        })
}

/// Both ends of a sentence that has one clause with both and denies nothing.
fn ends(before: &str, names: &Names) -> Option<Ends> {
    let words = words(before);
    if MOST_WORDS < words.len() || stance(&words) != Stance::Wanted {
        return None;
    }
    let phrases = port_phrases(&words, Evidence::Stated);
    let mut both = clause::clauses(&Pieces::new(before, &words, &phrases), names)
        .into_iter()
        .map(|clause| clause.ends)
        .filter(|ends| ends.n_known() == 2);
    let first = both.next()?;
    both.all(|other| other == first).then_some(first)
}

const MOST_WORDS: usize = 60;

#[cfg(test)]
mod tests {
    use super::machine;
    use crate::document::names::Names;

    #[test]
    fn whom_a_sentence_without_ports_is_about() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(
                machine(text, &Names::default()).as_deref(),
                expected,
                "{text}"
            );
        };
        check(
            "The machine running gated needs to be able to establish outbound connections as well.",
            Some("machine running gated"),
        );
        check("The Gate must be able to connect to others.", Some("Gate"));
        check("The Gate needs 8 GB.", None);
        check("Connections need to be allowed.", None);
    }
}
