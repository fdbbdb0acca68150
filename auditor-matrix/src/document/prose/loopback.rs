//! Whether words say that traffic stays on one machine: `only from localhost`, `on the same host`.

use super::words::Word;
use crate::document::loopback::stays_at;

/// Whether they do.
pub(super) fn is_loopback(words: &[Word<'_>]) -> bool {
    loopback_at(words).is_some()
}

/// The word that says so.
pub(super) fn loopback_at(words: &[Word<'_>]) -> Option<usize> {
    let lowers = || {
        words
            .iter()
            .map(|word| word.lower.as_str())
            .collect::<Vec<_>>()
    };
    let named = words.iter().enumerate().position(|(at, word)| {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        if word.is_any(&["loopback", "127.0.0.1", "127.0.0.0/8"]) {
            return true;
        }
        if word.is("localhost") {
            let next = words.get(at + 1);
            return before.is_some_and(|before| {
                before.is_any(&["from", "on", "to", "only", "via", "by", "at", "with"])
            }) || next.is_some_and(|next| next.is_any(&["only", "interface"]));
        }
        // "listens locally"
        if word.is("locally")
            && before.is_some_and(|before| {
                before.is_any(&["listen", "listens", "listening", "bound", "bind", "binds"])
            })
        {
            return true;
        }
        // "locally, within the host only"
        let is_within = word.is_any(&["within", "inside"])
            && words.iter().any(|word| word.is_any(&["only", "locally"]))
            && words
                .get(at + 1)
                .is_some_and(|next| next.is_any(&["the", "a", "one", "each"]))
            && words
                .get(at + 2)
                .is_some_and(|machine| machine.is_any(&["host", "machine", "node", "server"]));
        is_within
            || word.is("same")
                && words.get(at + 1).is_some_and(|machine| {
                    machine.is_any(&[
                        "host", "machine", "node", "server", "system", "box", "vm", "computer",
                    ])
                })
    });
    named.or_else(|| stays_at(&lowers()))
}
