//! Ports behind a label that says that ports follow, each with what is spoken there: `Protocol and ports: HTTPS 443, NTP 123`.

use super::{Found, list::number_list, phrases_of};
use crate::{
    document::{
        application_protocol,
        prose::words::{Kind, Word},
    },
    transport::Transport,
};

/// The ports behind the protocols that start at a place, if all between the label and the place is ports and protocols, too.
pub(super) fn labelled(words: &[Word<'_>], start: usize) -> Option<Found> {
    spoken(words.get(start)?)?;
    let before = words.get(..start)?;
    let colon = before.iter().rposition(|word| word.kind == Kind::Colon)?;
    let label = before.get(colon.saturating_sub(MOST_LABEL)..colon)?;
    let says_ports = label.iter().any(|word| word.is_any(&["port", "ports"]));
    let goes_on = before.get(colon + 1..)?.iter().all(is_list_word);
    if !says_ports || !goes_on {
        return None;
    }
    let mut transports: Vec<Transport> = Vec::new();
    let mut at = start;
    while let Some(word) = words.get(at) {
        if let Some(named) = spoken(word) {
            transports.extend(named);
        } else if !matches!(word.kind, Kind::Slash | Kind::Colon | Kind::Dash) {
            break;
        }
        at += 1;
    }
    transports.sort_unstable();
    transports.dedup();
    let list = number_list(words, at, &transports)?;
    Some(phrases_of(list, &transports))
}

fn spoken(word: &Word<'_>) -> Option<&'static [Transport]> {
    (word.kind == Kind::Word)
        .then(|| application_protocol::transports(word.text))
        .flatten()
}

/// Whether a word is a part of a list of ports and what is spoken there.
fn is_list_word(word: &Word<'_>) -> bool {
    matches!(
        word.kind,
        Kind::Number
            | Kind::Comma
            | Kind::Semicolon
            | Kind::Slash
            | Kind::Dash
            | Kind::Open
            | Kind::Close
    ) || word.is_any(&["and", "or", "tcp", "udp", "&"])
        || spoken(word).is_some()
}

/// `Protocol and port numbers`
const MOST_LABEL: usize = 5;
