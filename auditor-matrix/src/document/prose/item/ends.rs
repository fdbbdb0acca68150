//! Whose the ports of an item are, by its words alone.

use super::MOST_LENGTH;
use crate::document::{
    endpoints,
    names::Names,
    prose::{
        clause::{self, Ends},
        introduction::bare_pair,
        noun_phrase::NounPhrases,
        piece::Pieces,
        port_phrase::{Evidence, port_phrases},
        words::{Word, words},
    },
    text::fold,
};

/// The ends of an item that has nothing but them and its ports: `443/tcp: Agents to Core`; else those that `from` and `to`
/// name.
pub(super) fn ends(head: &str, evidence: Evidence, names: &Names) -> Option<Ends> {
    if MOST_LENGTH < head.len() {
        return None;
    }
    let words = words(head);
    let phrases = port_phrases(&words, evidence);
    let pieces = Pieces::new(head, &words, &phrases);
    let nouns = NounPhrases {
        pieces: &pieces,
        names,
    };
    let behind = (0..pieces.len())
        .find(|at| pieces.is_port(*at) && pieces.word(at + 1).is_some_and(Word::is_mark));
    hyphenated(head)
        .or_else(|| bare_pair(&nouns, 0))
        .or_else(|| bare_pair(&nouns, behind? + 2))
        .or_else(|| clause::loose_ends(&pieces, names))
}

/// The ends of a label `Till-to-Store: port 80`.
fn hyphenated(head: &str) -> Option<Ends> {
    let (label, _) = head.split_once(':')?;
    let ends = Some(label)
        .filter(|label| label.contains("-to-"))
        .and_then(endpoints::arrow)?;
    Some(Ends {
        client: Some(ends.source),
        server: Some(ends.destination),
        basis: ends.basis,
        ..Ends::default()
    })
}

/// In which deployments an item's ports are needed, if all that stands behind them says that: `7900: For clusters on Xen.`
pub(super) fn deployment(head: &str, evidence: Evidence) -> Option<String> {
    if MOST_LENGTH < head.len() {
        return None;
    }
    let words = words(head);
    let end = port_phrases(&words, evidence)
        .iter()
        .filter(|phrase| !phrase.ports.is_empty())
        .map(|phrase| phrase.words.end)
        .max()?;
    let behind = words.get(end..)?;
    let start = behind.iter().position(|word| !word.is_mark())?;
    let said = behind.get(start..)?;
    let first = said.first()?;
    let is_deployment = first.is_any(&["for", "on", "in"])
        && first.is_capitalised()
        && said.iter().any(|word| {
            word.is_any(&[
                "cluster",
                "clusters",
                "deployment",
                "deployments",
                "installation",
                "installations",
                "environment",
                "environments",
                "setup",
                "setups",
                "mode",
                "edition",
                "running",
                "on-premises",
            ])
        });
    let last = said.iter().rev().find(|word| !word.is_mark())?;
    is_deployment
        .then(|| head.get(first.start..last.end).map(fold))
        .flatten()
}
