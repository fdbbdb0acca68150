//! Whether a sentence asks for its ports, or states that something is served there, so that ends which it leaves out are left
//! out as in the row of a table.

use crate::document::prose::{
    port_phrase::{PortPhrase, USUAL},
    words::{Kind, Word},
};

/// Whether a sentence asks for its ports, rather than speaking of how to change them.
pub(super) fn asks(words: &[Word<'_>]) -> bool {
    let asks = words.iter().any(|word| {
        word.is_any(&[
            "open",
            "opened",
            "opens",
            "opening",
            "allow",
            "allowed",
            "allows",
            "permit",
            "permitted",
            "enable",
            "unblock",
            "whitelist",
            "reachable",
            "accessible",
            "available",
            "required",
            "require",
            "requires",
            "needed",
            "need",
            "needs",
            "must",
            "used",
            "uses",
            "use",
            "using",
        ]) || [
            "listen",
            "accept",
            "expos",
            "communicat",
            "connect",
            "forward",
            "receiv",
            "reach",
        ]
        .iter()
        .any(|stem| word.lower.starts_with(stem))
    });
    asks && !is_about_settings(words)
}

/// Whether a sentence states that something is served on its ports, or that they are the usual ones of something: "The web UI
/// is served on port 8080.", "The standard port is 7070."
pub(super) fn states(words: &[Word<'_>], phrases: &[PortPhrase]) -> bool {
    let serves = words.iter().any(|word| {
        word.is_any(&[
            "serve", "serves", "served", "serving", "run", "runs", "running", "hosted", "bound",
            "binds",
        ])
    });
    let is_usual = phrases.iter().any(|phrase| {
        let inside = words.get(phrase.words.clone()).unwrap_or_default();
        let names_port = inside.iter().any(|word| word.is("port"));
        let is_usual = |word: &Word<'_>| word.is_any(USUAL);
        names_port && inside.iter().any(is_usual)
            // "The standard UDP port for this is 7070."
            || words.get(..phrase.words.start).is_some_and(|before| {
                before.iter().any(is_usual) && before.iter().any(|word| word.is("port"))
            })
            // "Port 7070 is the default."
            || words.get(phrase.words.end..).is_some_and(|behind| {
                let mut behind = behind.iter().take(3);
                names_port
                    && behind.next().is_some_and(|word| word.is("is"))
                    && behind.any(is_usual)
            })
    });
    (serves || is_usual) && !is_about_settings(words) && !is_supposed(words)
}

/// Whether it says how to change something, or gives an example. What stands in brackets is an aside: "(this is
/// configurable)".
fn is_about_settings(words: &[Word<'_>]) -> bool {
    let mut depth = 0_usize;
    words.iter().any(|word| {
        if word.kind == Kind::Open {
            depth += 1;
        } else if word.kind == Kind::Close {
            depth = depth.saturating_sub(1);
        }
        word.is_any(&["example", "e.g", "instead"])
            || depth == 0
                && word.is_any(&[
                    "change",
                    "changed",
                    "changing",
                    "configure",
                    "configurable",
                    "conflict",
                    "conflicts",
                    "replace",
                    "override",
                ])
    })
}

/// Whether it tells of something that is only supposed, tried or forwarded elsewhere: "Suppose the Core runs on port 90."
fn is_supposed(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| {
        word.is_any(&[
            "suppose",
            "assume",
            "assuming",
            "imagine",
            "would",
            "could",
            "might",
            "test",
            "tests",
            "custom",
            "mapping",
            "mapped",
            "map",
            "maps",
            "unless",
            "such",
            "another",
            "formerly",
            "previously",
        ])
    }) || words.first().is_some_and(|first| first.is("to"))
}
