//! Whether what a sentence denies is denied of one of its ports: it stands in the clause of that port, or in one that has no
//! subject but that port.

use std::ops::Range;

use super::{Stance, is_negator, stance};
use crate::document::prose::{
    verb::{Verb, is_participle, verb},
    vocabulary::is_auxiliary,
    words::{Kind, Word},
};

/// Whether a denial of a sentence may be about the ports that stand at `port`. Wherever the clauses are not certain, it may.
pub(in crate::document::prose) fn governs(words: &[Word<'_>], port: &Range<usize>) -> bool {
    let ends_clause = |at: &usize| words.get(*at).is_some_and(is_boundary);
    let start = (0..port.start)
        .rev()
        .find(ends_clause)
        .map_or(0, |at| at + 1);
    let end = (port.end..words.len())
        .find(ends_clause)
        .unwrap_or(words.len());
    let Some(clause) = words.get(start..end) else {
        return true;
    };
    let before = words.get(start..port.start).unwrap_or_default();
    let has_verb = clause.iter().enumerate().any(|(at, word)| {
        is_auxiliary(&word.lower) || !port.contains(&(start + at)) && verb(&word.lower).is_some()
    });
    // "do not, under any circumstances, open port 25"
    let is_cut_off = words
        .windows(2)
        .any(|two| matches!(two, [no, mark] if is_negator(&no.lower) && mark.is_mark()));
    let is_first = start
        .checked_sub(1)
        .and_then(|mark| words.get(mark))
        .is_none_or(|mark| {
            matches!(mark.kind, Kind::Semicolon | Kind::Stop) || mark.is_any(&["but", "so"])
        });
    let has_subject = is_first || before.first().is_some_and(is_subject);
    // "is used by agents, but is not needed any more", "on port 80 (which is not exposed)"
    let is_of_users = words.get(end).is_some_and(|mark| mark.is("who"));
    let goes_on = words
        .get(end + 1..)
        .unwrap_or_default()
        .iter()
        .find(|word| {
            !word.is_mark() && !word.is_any(&["but", "and", "or", "so", "while", "the", "a", "an"])
        })
        .is_some_and(|next| !is_of_users && !is_other_subject(next))
        || words.get(end).is_some_and(|mark| mark.is_any(&["which"]));
    is_cut_off || !has_verb || !has_subject || goes_on || stance(clause) != Stance::Wanted
}

/// Whether a sentence that forbids something asks for the ports at `port` to be open, so that what it forbids is another thing:
/// "Because firewalls reject what they do not know, port 80 must be open."
pub(in crate::document::prose) fn is_opened(words: &[Word<'_>], port: &Range<usize>) -> bool {
    let word = |at: usize| words.get(at);
    let is_opening = |word: &Word<'_>| verb(&word.lower) == Some(Verb::Open);
    let mut before = port.start;
    while before.checked_sub(1).and_then(word).is_some_and(|word| {
        word.is_any(&[
            "the", "inbound", "outbound", "incoming", "outgoing", "traffic", "on", "all",
        ])
    }) {
        before -= 1;
    }
    let opener = before.checked_sub(1);
    let denies = |word: &Word<'_>| {
        is_negator(&word.lower)
            || matches!(verb(&word.lower), Some(Verb::Close))
            || word.is_any(&["no", "avoid", "without", "instead", "unless", "closed"])
    };
    // A negator may reach over a comma; what is denied in a clause of its own is another thing.
    let denied_before = |end: usize| {
        let before = words.get(..end).unwrap_or_default();
        let clause = before.iter().rev().take_while(|word| !is_boundary(word));
        before.iter().any(|word| is_negator(&word.lower)) || clause.into_iter().any(denies)
    };
    // "Open port 80 to guests is forbidden", but "open port 80 to prevent agents from being blocked"
    let denied_behind = || {
        let mut clause = words
            .iter()
            .skip(port.end)
            .take_while(|word| !is_boundary(word));
        clause
            .by_ref()
            .find(|word| denies(word) || word.is_any(&["prevent", "avoid", "since"]))
            .is_some_and(|word| !word.is_any(&["prevent", "avoid", "since"]))
    };
    // What follows a port that is open is said of it: "Open port 80 must be closed."
    let is_subject = word(port.end).is_some_and(|next| is_auxiliary(&next.lower));
    if let Some(opener) = opener
        && word(opener).is_some_and(is_opening)
        && !word(opener).is_some_and(is_participle_of_state)
        && !is_subject
        && !denied_before(opener)
        && !denied_behind()
    {
        return true;
    }
    // "port 80 must be open", "port 80 needs to be opened"
    let behind: Vec<&str> = words
        .iter()
        .skip(port.end)
        .take(MOST_BEHIND)
        .take_while(|word| !word.is_mark())
        .map(|word| word.lower.as_str())
        .collect();
    let is_asked = matches!(
        behind.first(),
        Some(&"must" | &"should" | &"has" | &"have" | &"needs" | &"need")
    );
    let is_denied = behind.iter().any(|word| {
        is_negator(word)
            || matches!(*word, "no" | "nobody" | "none")
            || verb(word) == Some(Verb::Close)
            || *word == "closed"
    });
    let is_open = behind.iter().any(|word| {
        verb(word) == Some(Verb::Open) || matches!(*word, "reachable" | "accessible" | "available")
    });
    is_asked && is_open && !is_denied && !denied_close_to(words, port.start)
}

/// Whether a word tells how something is, and asks for nothing: "allowed port".
fn is_participle_of_state(word: &Word<'_>) -> bool {
    word.lower.ends_with("ed")
}

/// Whether a negator stands right before a port: "Not port 80 must be open."
fn denied_close_to(words: &[Word<'_>], start: usize) -> bool {
    words
        .get(start.saturating_sub(2)..start)
        .unwrap_or_default()
        .iter()
        .any(|word| is_negator(&word.lower))
}

/// So many words behind a port say what must be done with it.
const MOST_BEHIND: usize = 6;

/// Whether a clause ends here.
fn is_boundary(word: &Word<'_>) -> bool {
    matches!(
        word.kind,
        Kind::Semicolon | Kind::Stop | Kind::Comma | Kind::Open | Kind::Close
    ) || word.kind == Kind::Colon && !word.is_glued
        || word.is_any(&[
            "but", "while", "whereas", "because", "so", "although", "though", "which", "who",
        ])
}

/// Whether a clause may begin with this word as its subject.
fn is_subject(word: &Word<'_>) -> bool {
    !word.is("to")
        && !word.lower.ends_with("ing")
        && verb(&word.lower).is_none()
        && !is_auxiliary(&word.lower)
        && !is_participle(&word.lower)
        && !is_negator(&word.lower)
}

/// The same of a clause behind the port's, whose subject must be another thing than the port.
fn is_other_subject(word: &Word<'_>) -> bool {
    is_subject(word)
        && !word.is_any(&[
            "it",
            "this",
            "these",
            "they",
            "them",
            "that",
            "those",
            "both",
            "neither",
            "none",
            "port",
            "ports",
            "which",
            "otherwise",
            "however",
            "except",
            "although",
            "unless",
            "nor",
        ])
}

#[cfg(test)]
mod tests {
    use super::governs;
    use crate::document::prose::{
        port_phrase::{Evidence, port_phrases},
        words::words,
    };

    fn is_governed(text: &str) -> bool {
        let words = words(text);
        let phrases = port_phrases(&words, Evidence::Stated);
        phrases
            .iter()
            .find(|phrase| !phrase.ports.is_empty())
            .is_none_or(|phrase| governs(&words, &phrase.words))
    }

    #[test]
    fn denials_of_other_things() {
        for text in [
            "The default port is 8080, but HTTP access is not enabled by default.",
            "The Core uses port 1389 for users who cannot use the lower ones.",
            "The console is served on port 443; no direct access is needed.",
            "The proxy listens on port 110, then mail is scanned in order to block viruses.",
        ] {
            assert!(!is_governed(text), "{text}");
        }
    }

    #[test]
    fn ports_that_are_opened_whatever_is_denied() {
        let opened = |text: &str| {
            let words = words(text);
            let phrases = port_phrases(&words, Evidence::Stated);
            phrases
                .iter()
                .any(|phrase| !phrase.ports.is_empty() && super::is_opened(&words, &phrase.words))
        };
        for text in [
            "Open port 85 to prevent agents from being blocked.",
            "Because firewalls reject unknown connections, port 85 must be open on the Core.",
            "Firewalls block this, so allow inbound traffic on port 85.",
            "Port 85 needs to be opened since it is blocked by default.",
        ] {
            assert!(opened(text), "{text}");
        }
        for text in [
            "Open port 85 must be closed.",
            "Do not open port 85.",
            "It is forbidden to open port 85 on the Core.",
            "Refuse to open port 85 on the Core.",
            "Policies prohibit admins to open port 85.",
            "Open port 85 to guests is forbidden.",
            "There is no need to open port 85.",
            "It is not wise, for this reason, to open port 85.",
            "Port 85 must not be open.",
            "Port 85 must be blocked.",
            "Allowed port 85 is denied now.",
            "Port 85 should be open to nobody and blocked.",
        ] {
            assert!(!opened(text), "{text}");
        }
    }

    #[test]
    fn denials_of_the_port() {
        for text in [
            "Port 5986, used before version 3, has been removed.",
            "Port 80 must not be reachable.",
            "Do not, under any circumstances, open port 25.",
            "Port 80 is used by agents, but is not needed any more.",
            "Agents use port 80, which is not exposed.",
            "It is not wise, for this reason, to open port 80.",
            "Many providers block port 25.",
            "Nobody must reach the API, port 80.",
            "The Core listens on port 80 (it is not needed any more).",
        ] {
            assert!(is_governed(text), "{text}");
        }
    }
}
