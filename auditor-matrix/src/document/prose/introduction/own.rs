//! The machine that traffic stays on: of a sentence that says so, whoever is named is that machine.

use crate::document::{
    loopback::is_own_machine,
    prose::noun_phrase::{NounPhrase, NounPhrases},
    section::is_machine,
};

/// The only machine that a sentence names whose ports stay on their machine; `None` where it names several, unless it says on which.
pub(super) fn own(nouns: &NounPhrases<'_>) -> Option<String> {
    let pieces = nouns.pieces;
    let named = |at: usize| nouns.list(at).filter(|who| who.is_machine && is_named(who));
    let placed: Vec<NounPhrase> = (0..pieces.len())
        .filter(|at| pieces.is(*at, "on"))
        .filter_map(|at| named(at + 1))
        .collect();
    if !placed.is_empty() {
        return only(placed);
    }
    let subject = named(0);
    let others = (0..pieces.len())
        .filter(|at| pieces.is_any(*at, &["by", "of", "for", "from", "to", "with"]))
        .filter_map(|at| named(at + 1));
    only(subject.into_iter().chain(others).collect())
}

fn only(found: Vec<NounPhrase>) -> Option<String> {
    let mut names = found.into_iter().map(|who| who.text);
    let first = names.next()?;
    names.all(|other| other == first).then_some(first)
}

/// `localhost` and `the host` say that it is the own machine, and not which.
fn is_named(who: &NounPhrase) -> bool {
    let lower = who.text.to_lowercase();
    let is_kind = !lower.contains(' ')
        && is_machine(&lower)
        && !lower.ends_with('s')
        && matches!(
            lower.as_str(),
            "host" | "machine" | "server" | "node" | "computer" | "vm" | "device" | "appliance"
        );
    !is_kind && !is_own_machine(&lower) && !lower.contains("loopback") && !lower.contains("network")
}
