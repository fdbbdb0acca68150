//! Denials that are none of the sentence's traffic: of other programs, in relative clauses, in brackets, what is conceded.

use super::{NEAR, is_negator};
use crate::document::prose::{
    verb::verb,
    vocabulary::is_auxiliary,
    words::{Kind, Word},
};

/// Whether what is denied at a word is none of the sentence's traffic: something of which a relative clause tells that is no
/// port, what a bracket says of other things, or the other half of `or not`.
pub(super) fn is_aside(words: &[Word<'_>], at: usize) -> bool {
    let Some(word) = words
        .get(at)
        .filter(|word| is_negator(&word.lower) || word.is_any(&["no", "nothing", "none"]))
    else {
        return false;
    };
    if keeps_others_off(words, at) || concedes(words, at) {
        return true;
    }
    let before = |n: usize| at.checked_sub(n).and_then(|before| words.get(before));
    let next = words.get(at + 1);
    if word.is("not") && before(1).is_some_and(|before| before.is("or")) {
        return next.is_none_or(Word::is_mark);
    }
    // "clients that aren't using the old protocol"
    let n_auxiliaries = usize::from(before(1).is_some_and(|before| is_auxiliary(&before.lower)));
    let is_relative =
        before(1 + n_auxiliaries).is_some_and(|before| before.is_any(&["that", "which", "who"]));
    if is_relative
        && let Some(head) = before(2 + n_auxiliaries)
        && words.get(at + 1..).is_some_and(|rest| {
            rest.iter()
                .skip(1)
                .any(|word| verb(&word.lower).is_some() && !word.lower.ends_with("ing"))
        })
    {
        return head.kind == Kind::Word
            && verb(&head.lower).is_none()
            && !is_auxiliary(&head.lower)
            && ![
                "port",
                "traffic",
                "connection",
                "access",
                "service",
                "sure",
                "so",
                "rule",
            ]
            .iter()
            .any(|noun| head.lower.starts_with(noun));
    }
    // "(we don't want clear text)"
    let outside = words.get(..at).unwrap_or_default();
    let count = |kind: Kind| outside.iter().filter(|word| word.kind == kind).count();
    let is_in_brackets = count(Kind::Close) < count(Kind::Open);
    let is_do = word.is_any(&["don't", "doesn't", "don\u{2019}t", "doesn\u{2019}t"])
        || before(1).is_some_and(|before| before.is_any(&["do", "does"]));
    is_in_brackets
        && is_do
        && next.is_some_and(|next| {
            verb(&next.lower).is_none() && !next.is_any(&["have", "need", "require", "use"])
        })
}

/// Whether a word denies that others have the ports, which are for what the page is about: "no other process may use port 80",
/// "must not be in use by another service".
fn keeps_others_off(words: &[Word<'_>], at: usize) -> bool {
    let behind: Vec<&Word<'_>> = words
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .take(NEAR)
        .collect();
    let names_other = behind
        .iter()
        .position(|word| word.is_any(&["other", "another", "else"]));
    let Some(other) = names_other else {
        return false;
    };
    let is_program = behind.get(other).is_some_and(|word| word.is("else"))
        || words
            .get(at + 1..)
            .unwrap_or_default()
            .iter()
            .skip(other + 1)
            .take(2)
            .any(|word| {
                [
                    "process",
                    "program",
                    "service",
                    "application",
                    "software",
                    "daemon",
                    "container",
                ]
                .iter()
                .any(|noun| word.lower.starts_with(noun))
            });
    let uses = words.iter().any(|word| {
        word.is_any(&[
            "use",
            "uses",
            "used",
            "using",
            "listen",
            "listens",
            "listening",
            "bind",
            "binds",
            "bound",
            "occupy",
            "occupies",
            "occupying",
            "running",
            "runs",
        ])
    });
    is_program && uses
}

/// Whether a word stands in a clause that concedes something: "Although there is no traffic, the ports are required."
fn concedes(words: &[Word<'_>], at: usize) -> bool {
    let begins = words
        .iter()
        .take(2)
        .any(|word| word.is_any(&["although", "though"]));
    begins
        && words
            .iter()
            .position(|word| word.kind == Kind::Comma)
            .and_then(|comma| words.get(at..comma))
            // "Although we do not recommend it" is about the traffic.
            .is_some_and(|conceded| {
                conceded.first().is_some_and(|word| word.is("no"))
                    && !conceded.iter().any(|word| word.is_any(&["longer", "need"]))
            })
}
