//! Whose the ports of an item are, by its words alone.

use std::sync::LazyLock;

use regex::Regex;

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
    row::Direction,
    text::{fold, regex},
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
        .or_else(|| one_way(head))
        .or_else(|| bare_pair(&nouns, 0))
        .or_else(|| bare_pair(&nouns, behind? + 2))
        .or_else(|| clause::loose_ends(&pieces, names))
}

static ONE_WAY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?P<way>From|To)\s+(?:the\s+|your\s+|all\s+)?(?P<who>\w[^:;]*?)\s*(?:\([^()]*\)\s*)?(?:\s[–—-]\s|:\s)\s*(?:(?:TCP|UDP)\s+)?[Pp]orts?\b",
    )
});

/// The one end of an item that begins with it, whatever its name: `From desktop browsers – port 443`, `To mail relays (SMTP): port 25`.
fn one_way(head: &str) -> Option<Ends> {
    let found = ONE_WAY.captures(head)?;
    let who = found.name("who")?.as_str();
    let is_name = who.split(' ').count() <= MOST_NAME_WORDS && !who.contains(',');
    let who = is_name.then(|| who.to_owned());
    let comes = found.name("way")?.as_str() == "From";
    Some(Ends {
        client: who.clone().filter(|_| comes),
        server: who.clone().filter(|_| !comes),
        direction: Some(if comes {
            Direction::Inbound
        } else {
            Direction::Outbound
        }),
        ..Ends::default()
    })
    .filter(|_| who.is_some())
}

/// More words are a sentence.
const MOST_NAME_WORDS: usize = 8;

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
