//! Which part of a sentence speaks of a port: others have parts of their own.

use super::SentenceWords;
use crate::{
    document::prose::{
        clause::Clause,
        loopback::loopback_at,
        piece::Pieces,
        port_phrase::{PortPhrase, transport},
        verb::verb,
        vocabulary::is_auxiliary,
        words::{Kind, Word},
    },
    transport::Transport,
};

/// Whether what says that traffic stays on one machine stands behind another port, which has words of its own: "on 80 for
/// agents, and on 90 for the same host".
pub(super) fn is_of_other_port(
    words: &[Word<'_>],
    phrases: &[PortPhrase],
    phrase: &PortPhrase,
) -> bool {
    let Some(said) = loopback_at(words) else {
        return false;
    };
    let next = phrases
        .iter()
        .find(|other| !other.ports.is_empty() && phrase.words.end <= other.words.start);
    next.is_some_and(|next| {
        let between = words
            .get(phrase.words.end..next.words.start)
            .unwrap_or_default();
        let n_words = between.iter().filter(|word| !word.is_mark()).count();
        next.words.end <= said && SEPARATE_WORDS <= n_words
    })
}

/// So many words between two ports say something of the first.
const SEPARATE_WORDS: usize = 3;

/// The clause behind a semicolon or before it, if all ports are in it and what is denied is in the other: "... to the Core
/// (port 443); no inbound ports are needed".
pub(super) fn own_part<'w, 'a>(
    words: &'w [Word<'a>],
    phrases: &[PortPhrase],
) -> Option<&'w [Word<'a>]> {
    let at = words.iter().position(|word| word.kind == Kind::Semicolon)?;
    let mut starts = phrases
        .iter()
        .filter(|phrase| !phrase.ports.is_empty())
        .map(|phrase| phrase.words.start);
    let (before, behind) = (words.get(..at)?, words.get(at + 1..)?);
    let is_before = starts.clone().all(|start| start < at);
    let is_behind = starts.all(|start| at < start);
    let speaks_of_these = |other: &[Word<'_>]| {
        other.iter().any(|word| {
            word.is_any(&[
                "it",
                "this",
                "these",
                "those",
                "they",
                "them",
                "that",
                "otherwise",
                "however",
            ])
        })
    };
    if is_before && !speaks_of_these(behind) {
        Some(before)
    } else if is_behind && !speaks_of_these(behind) {
        Some(behind)
    } else {
        None
    }
}

/// The clause behind `but`, if all ports are in it and it has a verb of its own: what is denied before is another thing.
pub(super) fn otherwise<'w, 'a>(
    words: &'w [Word<'a>],
    phrases: &[PortPhrase],
) -> Option<&'w [Word<'a>]> {
    let but = words.iter().position(|word| word.is("but"))?;
    let first = phrases
        .iter()
        .find(|phrase| !phrase.ports.is_empty())?
        .words
        .start;
    let names_port_before = phrases.iter().any(|phrase| phrase.words.start < but);
    let has_verb = words
        .get(but + 1..first)?
        .iter()
        .any(|word| verb(&word.lower).is_some() || is_auxiliary(&word.lower));
    (!names_port_before && has_verb)
        .then(|| words.get(but + 1..))
        .flatten()
}

/// The clause that a phrase is part of: the last one that starts before it, else the first of the sentence.
pub(super) fn clause_of<'c>(
    pieces: &Pieces<'_>,
    phrase: &PortPhrase,
    clauses: &'c [Clause],
    words: &[Word<'_>],
) -> Option<&'c Clause> {
    let start = words.get(phrase.words.start)?.start;
    let place = (0..pieces.len()).find(|at| {
        pieces.is_port(*at) && pieces.word(at + 1).is_none_or(|next| start < next.start)
    })?;
    clauses
        .iter()
        .rev()
        .find(|clause| clause.start <= place)
        // "reached through a proxy on port 80, which asks the Core on port 90": the first is the proxy's.
        .or_else(|| {
            let is_relayed = (0..place).any(|at| pieces.is_any(at, &["through", "via"]));
            // "... the directory on port 80, and fetches pages from the store": what is joined to another verb is not said of its
            // port.
            let is_joined = |clause: &&Clause| {
                let before = clause.start.wrapping_sub(1);
                pieces.is_any(before, &["and", "but", "while", "whereas"])
            };
            clauses
                .first()
                .filter(|first| !is_relayed && !is_joined(first))
        })
}

/// The condition of one of the phrases: one in brackets holds for the phrase before it, any other for the sentence.
pub(super) fn condition_of(
    read: &SentenceWords<'_>,
    phrase: &PortPhrase,
    n_numbered: usize,
) -> Option<String> {
    let start_of = |phrase: &PortPhrase| read.words.get(phrase.words.start).map(|word| word.start);
    let own = start_of(phrase)?;
    let next = read
        .phrases
        .iter()
        .filter(|other| !other.ports.is_empty())
        .filter_map(start_of)
        .find(|start| own < *start);
    let holds = |bracketed_at: Option<usize>| match bracketed_at {
        Some(at) if 1 < n_numbered => own < at && next.is_none_or(|next| at < next),
        Some(_) | None => true,
    };
    let texts: Vec<&str> = read
        .condition
        .parts
        .iter()
        .filter(|part| holds(part.bracketed_at) && part.ends_at.is_none_or(|end| own < end))
        .map(|part| part.text.as_str())
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// The transports that the sentence names apart from its ports: "... over UDP".
pub(super) fn transports_elsewhere(words: &[Word<'_>], phrases: &[PortPhrase]) -> Vec<Transport> {
    let mut named: Vec<Transport> = words
        .iter()
        .enumerate()
        .filter(|(index, _)| {
            !phrases
                .iter()
                .any(|phrase| !phrase.ports.is_empty() && phrase.words.contains(index))
        })
        .filter_map(|(_, word)| transport(word))
        .collect();
    named.sort_unstable();
    named.dedup();
    named
}
