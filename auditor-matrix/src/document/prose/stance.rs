//! What a sentence wants of the traffic that it names: that it takes place, that it does not, or that it need not.

mod aside;
mod closing;
mod governing;
mod hindering;
mod traffic;

pub(super) use self::governing::{governs, is_opened};
use self::{
    aside::is_aside,
    closing::{closing, is_cause},
    hindering::{hindering, hinders},
    traffic::governs_traffic,
};
use super::{
    verb::{Verb, is_participle, verb},
    words::{Kind, Word},
};

/// What a sentence wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stance {
    /// The traffic takes place, or may.
    Wanted,
    /// It must not take place.
    Forbidden,
    /// It does not take place, or need not; nothing forbids it.
    Unneeded,
    /// The sentence negates something, and what is not certain.
    Unclear,
}

/// Reads the stance of a clause from its words; conditions must be cut off before.
pub(super) fn stance(words: &[Word<'_>]) -> Stance {
    let words = before_consequence(words);
    let mut found: Option<Stance> = None;
    for at in 0..words.len() {
        if is_aside(words, at) {
            continue;
        }
        let Some(one) = negation(words, at) else {
            continue;
        };
        found = match found {
            None => Some(one),
            Some(known) if known == one => found,
            // "must not be blocked": both words were read together, so two that differ are not understood.
            Some(_) => Some(Stance::Unclear),
        };
    }
    found.unwrap_or(Stance::Wanted)
}

/// The words before what happens to whoever does not do what they say: "Open port 80, otherwise requests are blocked."
fn before_consequence<'w, 'a>(words: &'w [Word<'a>]) -> &'w [Word<'a>] {
    let at = |at: usize, lower: &[&str]| words.get(at).is_some_and(|word| word.is_any(lower));
    let starts = |place: usize| {
        let is_behind_comma = place
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(Word::is_mark);
        // ", or the agents will be denied"
        let is_threat = || {
            is_behind_comma
                && at(place, &["or"])
                && (place + 1..place + MOST_SUBJECT)
                    .any(|next| at(next, &["will", "would", "cannot", "can't", "won't"]))
        };
        at(place, &["otherwise"])
            || at(place, &["or"]) && at(place + 1, &["else"])
            || is_behind_comma && at(place, &["else"])
            || is_threat()
    };
    let end = (1..words.len()).find(|place| starts(*place));
    words.get(..end.unwrap_or(words.len())).unwrap_or(words)
}

/// The subject of what happens otherwise has no more words.
const MOST_SUBJECT: usize = 7;

/// Whether a prohibition is about some of those who may ask.
pub(super) fn forbids_some(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| {
        [
            "public",
            "external",
            "outside",
            "internet",
            "expos",
            "untrusted",
            "direct",
        ]
        .iter()
        .any(|stem| word.lower.starts_with(stem))
    })
}

/// Whether the verb of closing at a word is read at the `not` before it: "must not be blocked".
fn is_read(words: &[Word<'_>], at: usize) -> bool {
    words
        .get(at.saturating_sub(4)..at)
        .unwrap_or_default()
        .iter()
        .any(|before| is_negator(&before.lower) || before.is_any(&["no", "nothing", "nobody"]))
}

/// Whether a word says that what follows took place once: `stopped talking`, `ceased to use`, `formerly connected`, `used to connect` without
/// a form of `be` before it.
fn ceased(words: &[Word<'_>], at: usize) -> bool {
    let lower = |at: usize| words.get(at).map_or("", |word| word.lower.as_str());
    let before = at.checked_sub(1).map_or("", lower);
    match lower(at) {
        "stopped" | "stop" | "stops" | "ceased" | "cease" | "ceases" | "quit" => {
            // `Stop the service`, `if the Gate stops`: nobody ends a conversation there.
            let is_ended = lower(at + 1).ends_with("ing") || lower(at + 1) == "to";
            is_ended && !matches!(before, "to" | "will" | "would" | "may" | "might" | "can")
        }
        // "Previously tills connected ...", "tills formerly connected ..."; "a previously installed agent" tells which one.
        "formerly" | "previously" | "historically" => {
            at == 0
                || verb(lower(at + 1)).is_some() && !matches!(before, "a" | "an" | "the" | "any")
                || matches!(lower(at + 1), "talked" | "spoke" | "was")
        }
        // "In earlier releases the Viewer opened ..."; what they still need is told in the present.
        "earlier" | "older" | "previous" | "prior" | "former" => {
            let tells_past = |word: &Word<'_>| {
                word.is_any(&[
                    "was",
                    "were",
                    "had",
                    "opened",
                    "used",
                    "needed",
                    "required",
                    "listened",
                    "connected",
                ])
            };
            at == 1
                && matches!(before, "in" | "with" | "until" | "before")
                && matches!(
                    lower(at + 1),
                    "release" | "releases" | "version" | "versions"
                )
                && words.iter().any(tells_past)
                && !words.iter().any(|word| {
                    word.is_any(&["is", "are", "must", "uses", "needs", "requires", "still"])
                })
        }
        "used" if lower(at + 1) == "to" && 0 < at => {
            let is_of_port = matches!(
                before,
                "is" | "are"
                    | "be"
                    | "been"
                    | "being"
                    | "was"
                    | "were"
                    | "gets"
                    | "get"
                    | "port"
                    | "ports"
                    | "and"
                    | "or"
                    | "also"
                    | "only"
                    | "not"
                    | "then"
                    | "generally"
                    | "typically"
                    | "mainly"
                    | "usually"
            );
            let is_subject = words
                .get(at - 1)
                .is_some_and(|word| word.kind == Kind::Word && word.lower.ends_with('s'))
                || matches!(before, "it" | "they");
            let is_first = at <= MOST_SUBJECT;
            !is_of_port
                && is_subject
                && is_first
                && verb(lower(at + 2)).is_some()
                && !words.iter().take(at).any(|word| {
                    word.kind == Kind::Number
                        || word.is_any(&[
                            "port",
                            "ports",
                            "protocol",
                            "protocols",
                            "connection",
                            "connections",
                        ])
                })
        }
        _ => false,
    }
}

/// What the negation that starts at a word means for traffic; `None` if there is none.
fn negation(words: &[Word<'_>], at: usize) -> Option<Stance> {
    let word = words.get(at)?;
    let lower = word.lower.replace('\u{2019}', "'");
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let is_negated = before.is_some_and(|before| is_negator(&before.lower));
    if verb(&lower) == Some(Verb::Close)
        || matches!(lower.as_str(), "closed" | "blacklist" | "blacklisted")
    {
        return (!is_read(words, at) && !is_cause(words, at)).then(|| closing(words, at, &lower));
    }
    if hinders(words, at) {
        return (!is_read(words, at)).then(|| hindering(words, at));
    }
    if matches!(
        lower.as_str(),
        "removed" | "obsolete" | "unused" | "disabled" | "discontinued" | "retired" | "dropped"
    ) {
        // "even with federation disabled" is a circumstance.
        let is_circumstance = lower == "disabled"
            && words
                .get(at.saturating_sub(NEAR_NOUN)..at)
                .unwrap_or_default()
                .iter()
                .any(|word| word.is_any(&["with", "when", "if"]));
        return (!is_negated && !is_circumstance).then_some(Stance::Unneeded);
    }
    // "Tills have stopped talking to the Store", "used to talk to it": once, and no more.
    if ceased(words, at) {
        return (!is_negated).then_some(Stance::Unneeded);
    }
    // "reserved for future use"
    if lower == "future"
        && words
            .get(at + 1)
            .is_some_and(|next| next.is_any(&["use", "uses", "usage", "versions"]))
    {
        return Some(Stance::Unneeded);
    }
    // "some other firewall besides ours, open 443": what is set aside is no port.
    if lower == "besides" {
        let mut set_aside = words.get(at + 1..).unwrap_or_default().iter();
        let is_of_ports = set_aside
            .by_ref()
            .take_while(|word| !matches!(word.kind, Kind::Comma | Kind::Stop | Kind::Semicolon))
            .any(|word| word.kind == Kind::Number || word.is_any(&["port", "ports", "these"]));
        if !is_of_ports && set_aside.next().is_some() {
            return None;
        }
    }
    if matches!(lower.as_str(), "except" | "excluding" | "besides") {
        return Some(Stance::Unclear);
    }
    if lower == "no" {
        return match words.get(at + 1)?.lower.as_str() {
            "longer" | "need" => Some(Stance::Unneeded),
            "matter" => None,
            // "Make sure that no firewall blocks port 80" wants the traffic.
            _ if is_of_closing(words, at) => None,
            _ => Some(Stance::Unclear),
        };
    }
    if lower == "neither" || lower == "nor" {
        return Some(Stance::Unclear);
    }
    // "without TLS" says how; "without port 443", "without access" is about the traffic.
    if lower == "without" {
        let denies_traffic = words
            .get(at + 1..)
            .unwrap_or_default()
            .iter()
            .take(NEAR_NOUN)
            .take_while(|word| !word.is_mark())
            .any(|word| {
                verb(&word.lower).is_some()
                    || word.kind == Kind::Number
                    || word.is_any(&[
                        "port",
                        "ports",
                        "connection",
                        "connections",
                        "connectivity",
                        "traffic",
                        "access",
                        "tcp",
                        "udp",
                        "them",
                        "it",
                        "this",
                        "these",
                        "internet",
                    ])
            });
        return denies_traffic.then_some(Stance::Unclear);
    }
    let changes = matches!(
        lower.as_str(),
        "replaced" | "replaces" | "superseded" | "supersedes" | "migrated" | "renamed" | "switched"
    ) || matches!(lower.as_str(), "moved" | "changed")
        && words
            .get(at + 1)
            .is_some_and(|next| next.is_any(&["from", "to"]));
    // "port 80 was replaced by port 443": one of them is no longer used.
    if changes || lower == "instead" || lower == "rather" {
        return Some(Stance::Unclear);
    }
    // "port 8080 was used in version 2"
    let is_past = matches!(lower.as_str(), "was" | "were")
        && words
            .get(at + 1)
            .is_some_and(|next| next.is_any(&["used", "required", "needed", "open", "opened"]));
    if is_past {
        return Some(Stance::Unneeded);
    }
    if !is_negator(&lower) {
        return None;
    }
    if lower == "needn't" || before.is_some_and(|before| before.is_any(&["need", "needs"])) {
        return Some(Stance::Unneeded);
    }
    let behind: Vec<&Word<'_>> = words
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .take_while(|word| !matches!(word.kind, Kind::Stop | Kind::Semicolon))
        .take(NEAR)
        .collect();
    let is_next = |names: &[&str]| behind.first().is_some_and(|word| word.is_any(names));
    let has = |names: &[&str]| behind.iter().any(|word| word.is_any(names));
    // "not only", "do not change", "cannot be configured": nothing is said of the traffic.
    if is_next(&[
        "only",
        "just",
        "all",
        "always",
        "necessarily",
        "limited",
        "change",
        "modify",
        "forget",
    ]) || has(HARMLESS) && !has(&["allow", "open", "used", "required", "needed"])
    {
        return None;
    }
    let closes = behind
        .iter()
        .any(|word| verb(&word.lower) == Some(Verb::Close))
        || (at + 1..=at + behind.len()).any(|at| hinders(words, at));
    if closes {
        // "must not be blocked" wants the traffic.
        return None;
    }
    let is_do = matches!(lower.as_str(), "don't" | "doesn't" | "didn't")
        || before.is_some_and(|before| before.is_any(&["do", "does", "did"]));
    let is_modal = before.is_some_and(|before| {
        before.is_any(&["must", "should", "may", "can", "shall", "could", "will"])
    }) || matches!(
        lower.as_str(),
        "mustn't" | "shouldn't" | "cannot" | "can't" | "never"
    );
    let needs = has(&[
        "need",
        "required",
        "needed",
        "necessary",
        "require",
        "requires",
        "use",
        "used",
        "have",
        "mandatory",
    ]);
    if has(&["allowed", "permitted"])
        || is_next(&["recommended", "advised"]) && has(&["open", "expose"])
    {
        return Some(Stance::Forbidden);
    }
    if is_do
        && is_next(&[
            "open", "allow", "expose", "permit", "publish", "enable", "unblock", "forward",
            "accept", "let",
        ])
    {
        return Some(Stance::Forbidden);
    }
    let has_to = behind
        .windows(2)
        .any(|two| matches!(two, [have, to] if have.is("have") && to.is("to")));
    let is_unneeded = has_to || has(&["need", "required", "needed", "necessary", "mandatory"]);
    // "will not work", "cannot be in use by another service" deny something else than traffic.
    if is_modal && !is_unneeded && !governs_traffic(&behind) {
        return Some(Stance::Unclear);
    }
    // "Agents cannot connect" and "will not accept" may tell of a fault as well as of a rule.
    let is_fact = matches!(lower.as_str(), "cannot" | "can't")
        || before.is_some_and(|before| before.is_any(&["can", "could", "will", "would"]));
    if is_modal && !is_unneeded && is_fact {
        return Some(Stance::Unclear);
    }
    if is_modal && !is_unneeded {
        return Some(Stance::Forbidden);
    }
    if lower == "never" {
        return Some(if needs && !is_next(&["use"]) {
            Stance::Unneeded
        } else {
            Stance::Forbidden
        });
    }
    if needs || is_do {
        return Some(Stance::Unneeded);
    }
    if has(&["exposed", "reachable", "accessible", "open", "opened"]) {
        return Some(Stance::Forbidden);
    }
    Some(Stance::Unclear)
}

/// Whether what there is none of is what closes something: `no firewall blocks`.
fn is_of_closing(words: &[Word<'_>], at: usize) -> bool {
    words
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .take(NEAR_NOUN)
        .take_while(|word| !word.is_mark())
        .any(|word| verb(&word.lower) == Some(Verb::Close) && !is_participle(&word.lower))
        || (at + 1..=at + NEAR_NOUN).any(|at| hinders(words, at))
}

/// The words behind `without` that its noun is among.
const NEAR_NOUN: usize = 4;

/// The words behind a negator that it can be about.
const NEAR: usize = 7;

/// Verbs and adjectives whose negation says nothing of traffic.
const HARMLESS: &[&str] = &[
    "configurable",
    "changed",
    "changeable",
    "configured",
    "modified",
    "customized",
    "encrypted",
    "secure",
    "secured",
    "support",
    "supported",
    "affect",
    "include",
    "apply",
    "fixed",
    "overridden",
    "authenticated",
    "already",
];

fn is_negator(lower: &str) -> bool {
    matches!(
        lower,
        "not"
            | "never"
            | "cannot"
            | "can't"
            | "don't"
            | "doesn't"
            | "didn't"
            | "mustn't"
            | "shouldn't"
            | "isn't"
            | "aren't"
            | "won't"
            | "needn't"
            | "wouldn't"
            | "couldn't"
            | "can\u{2019}t"
            | "don\u{2019}t"
            | "doesn\u{2019}t"
            | "mustn\u{2019}t"
            | "shouldn\u{2019}t"
            | "isn\u{2019}t"
            | "aren\u{2019}t"
    )
}

#[cfg(test)]
mod tests;
