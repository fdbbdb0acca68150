//! What verbs of closing want: a rule, a report of what happens, or the cause of a fault.

use super::Stance;
use crate::document::prose::words::Word;

/// Whether what is closed is told as the cause of a fault, so that the traffic is wanted: "A common cause is a firewall that
/// blocks port 80".
pub(super) fn is_cause(words: &[Word<'_>], at: usize) -> bool {
    let before = words.get(..at).unwrap_or_default();
    before
        .iter()
        .any(|word| word.is_any(&["cause", "causes", "caused", "reason", "culprit"]))
        && before
            .iter()
            .any(|word| word.is_any(&["is", "are", "of", "may", "might", "was", "can", "be"]))
        // "The reason is that port 80 must be closed."
        && !before
            .iter()
            .any(|word| word.is_any(&["must", "should", "shall", "has", "have", "need", "needs"]))
}

/// What a verb of closing wants. A report of what was advised once, of what a firewall happens to do, or of what closing a
/// port leads to forbids nothing for certain.
pub(super) fn closing(words: &[Word<'_>], at: usize, lower: &str) -> Stance {
    let before = words.get(..at).unwrap_or_default();
    let is_past = before.iter().any(|word| {
        word.is_any(&[
            "previously",
            "formerly",
            "earlier",
            "recommended",
            "initially",
        ])
    });
    let is_advised = before
        .iter()
        .any(|word| word.is_any(&["recommend", "recommends", "advise", "suggest", "consider"]));
    // "may be blocked by a firewall" warns of what happens and asks for nothing.
    let is_possible = before.iter().rev().take(NEAR_AUXILIARY).any(|word| {
        word.is_any(&[
            "may",
            "might",
            "could",
            "can",
            "often",
            "usually",
            "sometimes",
            "typically",
            "commonly",
            "generally",
        ])
    });
    // "is blocked by the firewall" tells what happens, unless it has to.
    let behind = words.get(at + 1..).unwrap_or_default();
    let is_by_firewall = lower.ends_with("ed")
        && behind.first().is_some_and(|word| word.is("by"))
        && behind
            .iter()
            .take(4)
            .any(|word| word.lower.starts_with("firewall") || word.is("default"))
        && !before
            .iter()
            .any(|word| word.is_any(&["must", "should", "shall"]));
    // "will reject a connection that cannot be secured" closes the port to some alone.
    let object = behind.iter().take(MOST_OBJECT).position(|word| {
        word.is_any(&[
            "connection",
            "connections",
            "traffic",
            "request",
            "requests",
            "message",
            "messages",
            "client",
            "clients",
            "packet",
            "packets",
            "session",
            "sessions",
            "mail",
        ])
    });
    let is_partial = object.is_some_and(|object| {
        behind.get(object + 1).is_some_and(|word| {
            word.is_any(&["that", "which", "who", "whose", "without", "if", "unless"])
        })
    });
    let is_gerund = lower.ends_with("ing") && !is_advised || is_by_firewall;
    let is_report = matches!(lower, "blocks" | "drops" | "denies" | "rejects" | "closes");
    if is_past || is_possible || is_gerund || is_report || is_partial {
        Stance::Unclear
    } else {
        Stance::Forbidden
    }
}

/// What is closed out stands among so many words behind the verb.
const MOST_OBJECT: usize = 6;

/// The words before a verb that its auxiliaries and adverbs are among.
const NEAR_AUXILIARY: usize = 3;
