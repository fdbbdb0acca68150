//! Verbs that are told by their place, whatever they are: nobody can list what programs do with each other, but `to`, a subject and
//! an object around a word leave it to be nothing else.

mod no_verb;

use self::no_verb::{is_no_verb, is_of_page};
use super::{
    piece::Pieces,
    verb::{Verb, is_noun_of_verb, is_other_verb, verb},
    vocabulary::{
        is_abstract, is_adverb, is_auxiliary, is_conjunction, is_determiner, is_preposition,
        is_pronoun, is_software,
    },
    words::{Kind, Word},
};
use crate::document::section::is_machine;

/// The class of the verb that stands here, known by its word or by its place.
pub(super) fn verb_at(pieces: &Pieces<'_>, at: usize) -> Option<Verb> {
    match verb(pieces.lower(at)) {
        Some(Verb::Open) if opens_connection(pieces, at) => Some(Verb::Transfer),
        Some(known) => Some(known),
        None => by_place(pieces, at),
    }
}

/// The class of a verb that no list has, by the words around it.
fn by_place(pieces: &Pieces<'_>, at: usize) -> Option<Verb> {
    let word = pieces.word(at)?;
    // "must be able to probe the Core": behind such a `to` and before an article even a kind of machine is a verb.
    let is_certain = || {
        at.checked_sub(1).is_some_and(|to| {
            pieces.is(to, "to") && leads_to_verb(pieces, to) && is_determiner(pieces.lower(at + 1))
        })
    };
    let form = match form(word) {
        Some(form) => form,
        None if is_machine(&word.lower) && is_certain() => Form::Base,
        None => return None,
    };
    let is_verb = match form {
        Form::Base => is_infinitive(pieces, at) || is_of_many(pieces, at),
        Form::ForOne => is_of_one(pieces, at),
        Form::Gerund => is_gerund(pieces, at),
        Form::Participle => is_passive(pieces, at),
    };
    is_verb.then(|| {
        if form == Form::Participle || !hands_over(pieces, at + 1) {
            Verb::Ask
        } else {
            Verb::Transfer
        }
    })
}

/// Whether who opens something opens a connection to somebody, and no port: `opens a session to the Core`.
fn opens_connection(pieces: &Pieces<'_>, at: usize) -> bool {
    (at + 1..at + 5).any(|at| {
        let lower = pieces.lower(at);
        let singular = lower.strip_suffix('s').unwrap_or(lower);
        matches!(
            singular,
            "connection" | "session" | "tunnel" | "channel" | "stream" | "socket"
        ) && pieces.is_any(at + 1, &["to", "with"])
            && !pieces.is_port(at + 2)
    })
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum Form {
    Base,
    /// `probes`
    ForOne,
    /// `probing`
    Gerund,
    /// `probed`
    Participle,
}

/// The form that a word has if it is a verb that is not known; `None` if it is known for something else.
fn form(word: &Word<'_>) -> Option<Form> {
    let lower = word.lower.as_str();
    let is_plain = word.kind == Kind::Word
        && 2 < lower.len()
        && lower.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    let is_known = verb(lower).is_some()
        || says_nothing(lower)
        || is_preposition(lower)
        || is_pronoun(lower)
        || is_determiner(lower)
        || is_auxiliary(lower)
        || is_conjunction(lower)
        || is_adverb(lower)
        || is_abstract(lower)
        || is_machine(lower)
        || is_software(lower)
        || is_no_verb(lower);
    if !is_plain || is_known {
        return None;
    }
    if lower.ends_with("ing") {
        return Some(Form::Gerund);
    }
    if word.is_capitalised() {
        return lower.ends_with("ed").then_some(Form::Participle);
    }
    Some(if lower.ends_with("ed") {
        Form::Participle
    } else if lower.ends_with('s') && !lower.ends_with("ss") {
        Form::ForOne
    } else {
        Form::Base
    })
}

/// Whether a word is a form of a verb that says nothing of who talks to whom: `running`.
fn says_nothing(lower: &str) -> bool {
    let stem = ["ing", "ed"]
        .iter()
        .find_map(|ending| lower.strip_suffix(ending))
        .unwrap_or(lower);
    let single = stem.get(..stem.len().saturating_sub(1)).unwrap_or(stem);
    is_other_verb(lower)
        || is_other_verb(&format!("{stem}s"))
        || is_other_verb(&format!("{stem}es"))
        || stem != lower && is_other_verb(&format!("{single}s"))
}

/// `used to probe the Core`, `by agents to resolve names via the Core`, `uses port 80 to probe the Core`
fn is_infinitive(pieces: &Pieces<'_>, at: usize) -> bool {
    let Some(to) = at.checked_sub(1).filter(|to| pieces.is(*to, "to")) else {
        return false;
    };
    // An adjective may stand behind a preposition, too, and before a name: "to external LDAP". Before an article it may not.
    if !leads_to_verb(pieces, to) {
        return is_determiner(pieces.lower(at + 1));
    }
    is_hand_over(pieces.lower(at + 1)) || begins_object(pieces, at + 1)
}

/// Whether a verb must follow this `to`.
fn leads_to_verb(pieces: &Pieces<'_>, to: usize) -> bool {
    let Some(before) = to.checked_sub(1) else {
        return true;
    };
    let takes_verb = |at: usize| {
        pieces.is_any(
            at,
            &[
                "used",
                "needed",
                "required",
                "necessary",
                "need",
                "needs",
                "able",
                "order",
                "has",
                "have",
                "want",
                "wants",
                "allowed",
                "permitted",
                "must",
                "try",
                "tries",
            ],
        )
    };
    if takes_verb(before) || pieces.word(before).is_some_and(Word::is_mark) {
        return true;
    }
    // "by agents to", "allows the agents to"
    let mut at = before;
    let is_noun = |at: usize| {
        pieces.is_port(at)
            || pieces.word(at).is_some_and(|word| {
                word.kind == Kind::Word
                    && !is_preposition(&word.lower)
                    && !is_auxiliary(&word.lower)
            })
    };
    for _ in 0..MOST_OBJECT {
        let lower = pieces.lower(at);
        if ["allow", "enabl", "let", "permit", "requir"]
            .iter()
            .any(|stem| lower.starts_with(stem))
            || matches!(lower, "by" | "for")
            || verb(lower) == Some(Verb::Use)
        {
            return true;
        }
        let Some(further) = at.checked_sub(1).filter(|_| is_noun(at)) else {
            return false;
        };
        at = further;
    }
    false
}

/// `Agents probe the Core`
fn is_of_many(pieces: &Pieces<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let lower = pieces.lower(before);
    let is_plural = lower.ends_with('s') && !lower.ends_with("ss") && 3 < lower.len();
    is_plural && subject(pieces, before).is_some() && begins_object(pieces, at + 1)
}

/// `The Core probes the agents`, `The Core backs up to the Store`
fn is_of_one(pieces: &Pieces<'_>, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let lower = pieces.lower(before);
    let is_singular = !lower.ends_with('s')
        || lower.ends_with("ss")
        || pieces.word(before).is_some_and(Word::is_capitalised);
    let Some(start) = subject(pieces, before).filter(|_| is_singular) else {
        return false;
    };
    let next = at + 1;
    let particle = usize::from(pieces.is_any(next, &["up", "in", "out", "back"]));
    begins_object(pieces, next)
        // "Backup tapes to the vault" names what goes there.
        || is_determiner(pieces.lower(start)) && is_hand_over(pieces.lower(next + particle))
}

/// `Agents probing the Core`, `used for probing the Core`, `Probing the Core`
fn is_gerund(pieces: &Pieces<'_>, at: usize) -> bool {
    let is_led = at.checked_sub(1).is_none_or(|before| {
        // "..., specifying the zone", "when restoring the Core" say how and when.
        pieces.is_any(before, &["for", "by"]) || subject(pieces, before).is_some()
    });
    // `Billing Server`
    let begins_name = pieces.word(at).is_some_and(Word::is_capitalised)
        && pieces.word(at + 1).is_some_and(Word::is_capitalised);
    is_led && !begins_name && (begins_object(pieces, at + 1) || is_hand_over(pieces.lower(at + 1)))
}

/// `is probed by the Core`
fn is_passive(pieces: &Pieces<'_>, at: usize) -> bool {
    pieces.is(at + 1, "by")
}

/// Where the noun phrase begins whose last word this is, if nothing else stands before it in its clause.
fn subject(pieces: &Pieces<'_>, last: usize) -> Option<usize> {
    let is_noun = |at: usize| {
        pieces.word(at).is_some_and(|word| {
            word.kind == Kind::Word
                && !is_preposition(&word.lower)
                && !is_auxiliary(&word.lower)
                && !is_pronoun(&word.lower)
                && !is_conjunction(&word.lower)
                && (verb(&word.lower).is_none() || word.is_capitalised() && 0 < at)
        })
    };
    let last_lower = pieces.lower(last);
    // "the users' browsers"
    if last_lower.ends_with(['\'', '\u{2019}']) || last_lower.ends_with("'s") {
        return None;
    }
    if !is_noun(last)
        || is_determiner(last_lower)
        || is_abstract(last_lower)
        || is_of_page(last_lower)
    {
        return None;
    }
    let mut at = last;
    while let Some(before) = at.checked_sub(1) {
        // A text without marks is looked at once, and not once for each of its words.
        if MOST_SUBJECT < last - at {
            return None;
        }
        let is_joint = pieces.is_any(before, &["and", "or"]);
        // "a firewall parts the tills": behind another noun an article begins an object.
        if is_determiner(pieces.lower(at))
            && is_noun(before)
            && !is_joint
            && !is_determiner(pieces.lower(before))
        {
            return None;
        }
        if !is_noun(before) && !is_joint {
            let is_mark = pieces.word(before).is_some_and(Word::is_mark);
            let begins = is_mark
                || is_conjunction(pieces.lower(before))
                || pieces.is_any(before, &["that", "also"]);
            return begins.then_some(at);
        }
        at = before;
    }
    Some(at)
}

/// A subject, be it a list, has no more words.
const MOST_SUBJECT: usize = 12;

/// Whether what stands here is the object of a verb: a name, or something that a preposition of traffic hands on.
fn begins_object(pieces: &Pieces<'_>, at: usize) -> bool {
    let Some(word) = pieces.word(at) else {
        return false;
    };
    if is_determiner(&word.lower) {
        return true;
    }
    let is_noun = word.kind == Kind::Word
        && !is_preposition(&word.lower)
        && !is_auxiliary(&word.lower)
        && !is_pronoun(&word.lower)
        && !is_conjunction(&word.lower)
        && (verb(&word.lower).is_none()
            // "stations need to connect"
            || is_noun_of_verb(&word.lower) && verb(&word.lower) != Some(Verb::Use))
        // `license server`: the word before says which.
        && !is_machine(&word.lower);
    is_noun && (word.is_capitalised() || hands_over(pieces, at + 1))
}

/// Whether a preposition that names the other end follows within the clause.
fn hands_over(pieces: &Pieces<'_>, start: usize) -> bool {
    (start..start + MOST_OBJECT)
        .take_while(|at| {
            pieces
                .kind(*at)
                .is_some_and(|kind| !matches!(kind, Kind::Stop | Kind::Semicolon | Kind::Colon))
                && !is_conjunction(pieces.lower(*at))
                || pieces.is_port(*at)
        })
        .any(|at| {
            let lower = pieces.lower(at);
            (is_hand_over(lower) || lower == "on") && !pieces.is_port(at + 1)
        })
}

/// What is handed over takes no more words than this.
const MOST_OBJECT: usize = 6;

fn is_hand_over(lower: &str) -> bool {
    matches!(
        lower,
        "to" | "into" | "with" | "against" | "from" | "via" | "onto"
    )
}
