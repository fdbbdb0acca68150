//! Sentences that ask for ICMP, which has no ports: `ICMP also needs to be open`.

use super::{
    clause,
    condition::Condition,
    piece::Pieces,
    stance::{Stance, stance},
    statement::Statement,
    words::{Word, words},
};
use crate::{
    document::{names::Names, ports::is_portless},
    transport::Transport,
};

/// In a longer sentence ICMP has to stand beside the word that asks for it.
const MOST_WORDS: usize = 20;
/// So many words stand between ICMP and the word that asks for it: `ICMP filtering rules on a gateway should allow`.
const MOST_BETWEEN: usize = 9;
/// A longer text is no sentence.
const MOST_OF_SENTENCE: usize = 60;

fn is_icmp(word: &Word<'_>) -> bool {
    word.is_any(&["icmp", "icmpv4", "icmpv6", "ping", "pings"])
}

fn asks(word: &Word<'_>) -> bool {
    word.is_any(&[
        "open",
        "opened",
        "allow",
        "allows",
        "allowed",
        "allowing",
        "permit",
        "permits",
        "permitted",
        "permitting",
        "enable",
        "enabled",
        "required",
        "requires",
        "require",
        "needed",
        "needs",
        "accessible",
        "unblocked",
    ])
}

/// What is said of a sentence that asks for a protocol above IP and gave no rule for it.
pub(super) fn unread(sentence: &str, statements: &[Statement]) -> Option<&'static str> {
    let has_icmp = statements.iter().any(is_of);
    if !has_icmp && !is_portless(sentence) && !sentence.to_lowercase().contains("icmp") {
        return None;
    }
    let all = words(sentence);
    if MOST_OF_SENTENCE < all.len() || sentence.ends_with('?') || !all.iter().any(asks) {
        return None;
    }
    if has_icmp {
        let is_some = all
            .iter()
            .any(|word| word.is_any(&["type", "types", "code", "codes"]));
        return is_some.then_some(SOME_TYPES);
    }
    Some(UNREAD)
}

/// An item of a list of ports may be about ICMP, which has none.
pub(super) fn of_item(head: &str) -> Option<Statement> {
    words(head).iter().take(2).any(is_icmp).then(|| Statement {
        transports: vec![Transport::Icmp],
        ..Statement::default()
    })
}

/// What is said of an item of a list of ports that names a protocol without ports: `GRE`, `ESP for the tunnel`.
pub(super) fn unread_item(item: &str) -> Option<&'static str> {
    let start: Vec<&str> = item.split(' ').take(MOST_OF_NAME).collect();
    is_portless(&start.join(" ")).then_some(UNREAD)
}

/// An item begins with the name of its protocol: `The ESP protocol`.
const MOST_OF_NAME: usize = 3;

pub(super) fn is_of(statement: &Statement) -> bool {
    statement.transports.contains(&Transport::Icmp)
}

const SOME_TYPES: &str =
    "this asks for some types of ICMP, and its rule allows all of them; check it";
pub(super) const UNREAD: &str = "this asks for a protocol that has no ports, or speaks of one, and no rule was made of it; add one by hand if it needs one";

/// Reads a sentence that asks for ICMP; one that denies anything asks for nothing that is certain.
pub(super) fn icmp(sentence: &str, names: &Names) -> Option<Statement> {
    let all = words(sentence);
    if !all.iter().any(is_icmp) || MOST_OF_SENTENCE < all.len() || sentence.ends_with('?') {
        return None;
    }
    let condition = Condition::of(sentence, &all);
    let words = condition.rest(&all);
    let is_short = all.len() <= MOST_WORDS;
    let is_asked = words.iter().enumerate().any(|(at, word)| {
        let from = at.saturating_sub(MOST_BETWEEN);
        let near = words.get(from..words.len().min(at + MOST_BETWEEN + 1));
        let near = near.filter(|_| !is_short).unwrap_or(&words);
        asks(word) && near.iter().any(is_icmp)
    });
    if !is_asked || stance(&words) != Stance::Wanted {
        return None;
    }
    let mut statement = Statement {
        transports: vec![Transport::Icmp],
        condition: condition.text.clone(),
        is_asked: true,
        ..Statement::default()
    };
    if let Some(ends) = clause::loose_ends(&Pieces::new(sentence, &words, &[]), names) {
        statement.add_ends(&ends);
    }
    Some(statement)
}
