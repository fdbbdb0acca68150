//! Ends that the sentence before names: `The nodes talk to each other. This communication uses port 8250.`

use super::{
    clause::{self, Ends},
    piece::Pieces,
    port_phrase::{Evidence, port_phrases},
    stance::{Stance, stance},
    statement::Statement,
    words::words,
};
use crate::document::names::Names;

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
