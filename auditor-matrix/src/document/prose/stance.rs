//! What a sentence wants of the traffic that it names: that it takes place, that it does not, or that it need not.

use super::{
    verb::{Verb, verb},
    vocabulary::{is_adverb, is_auxiliary},
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

/// Whether what is denied at a word is none of the sentence's traffic: something of which a relative clause tells that is no
/// port, what a bracket says of other things, or the other half of `or not`.
fn is_aside(words: &[Word<'_>], at: usize) -> bool {
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

/// What the negation that starts at a word means for traffic; `None` if there is none.
fn negation(words: &[Word<'_>], at: usize) -> Option<Stance> {
    let word = words.get(at)?;
    let lower = word.lower.replace('\u{2019}', "'");
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let is_negated = before.is_some_and(|before| is_negator(&before.lower));
    if verb(&lower) == Some(Verb::Close)
        || matches!(lower.as_str(), "closed" | "blacklist" | "blacklisted")
    {
        // "must not be blocked" is read at its `not`.
        let is_read = words
            .get(at.saturating_sub(4)..at)
            .unwrap_or_default()
            .iter()
            .any(|before| is_negator(&before.lower) || before.is("no"));
        return (!is_read && !is_cause(words, at)).then(|| closing(words, at, &lower));
    }
    if matches!(
        lower.as_str(),
        "removed" | "obsolete" | "unused" | "disabled" | "discontinued" | "retired" | "dropped"
    ) {
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
    if matches!(lower.as_str(), "except" | "excluding" | "besides") {
        return Some(Stance::Unclear);
    }
    if lower == "no" {
        return match words.get(at + 1)?.lower.as_str() {
            "longer" | "need" => Some(Stance::Unneeded),
            "matter" => None,
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
        .any(|word| verb(&word.lower) == Some(Verb::Close));
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

/// Whether what is closed is told as the cause of a fault, so that the traffic is wanted: "A common cause is a firewall that
/// blocks port 80".
fn is_cause(words: &[Word<'_>], at: usize) -> bool {
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
fn closing(words: &[Word<'_>], at: usize, lower: &str) -> Stance {
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
    let is_gerund = lower.ends_with("ing") && !is_advised || is_by_firewall;
    let is_report = matches!(lower, "blocks" | "drops" | "denies" | "rejects" | "closes");
    if is_past || is_possible || is_gerund || is_report {
        Stance::Unclear
    } else {
        Stance::Forbidden
    }
}

/// The words before a verb that its auxiliaries and adverbs are among.
const NEAR_AUXILIARY: usize = 3;

/// Whether the verb that a negator governs is one of traffic: "be able to connect", "be exposed", "have access".
fn governs_traffic(behind: &[&Word<'_>]) -> bool {
    let mut rest = behind.iter().skip_while(|word| {
        is_auxiliary(&word.lower)
            || is_adverb(&word.lower)
            || word.is_any(&["to", "any", "direct"])
            || word.is_mark()
    });
    let Some(governed) = rest.next() else {
        return false;
    };
    let is_used_by =
        governed.lower.starts_with("us") && rest.next().is_some_and(|next| next.is("by"));
    if is_used_by || governed.is_any(OTHER_ACTS) {
        return false;
    }
    verb(&governed.lower).is_some()
        || governed.is_any(&[
            "open",
            "reachable",
            "accessible",
            "available",
            "exposed",
            "visible",
            "access",
            "pass",
            "enter",
            "leave",
            "let",
            "traverse",
            "cross",
            "public",
            "routed",
            "routable",
        ])
}

/// Verbs that are about traffic in some sentences and about something else where they are denied.
const OTHER_ACTS: &[&str] = &[
    "check",
    "checked",
    "log",
    "logged",
    "report",
    "reported",
    "make",
    "made",
    "issue",
    "manage",
    "managed",
    "read",
    "write",
    "copy",
    "require",
    "call",
    "called",
    "bind",
    "bound",
    "monitor",
    "enable",
    "enabled",
    "register",
    "registered",
    "shared",
    "share",
];

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
mod tests {
    use super::{Stance, stance};
    use crate::document::prose::words::words;

    #[test]
    fn stances() {
        use Stance::{Forbidden, Unclear, Unneeded, Wanted};
        for (sentence, expected) in [
            ("Agents connect to the Core on port 443.", Wanted),
            ("Port 443 must not be blocked.", Wanted),
            (
                "Make sure that port 443 is not blocked by a firewall.",
                Wanted,
            ),
            ("Do not block port 443.", Wanted),
            ("Port 443 is open and cannot be changed.", Wanted),
            ("Not only agents connect on port 443.", Wanted),
            ("Port 80 is deprecated.", Wanted),
            (
                "Agents no longer connect to the Gateway on port 5000.",
                Unneeded,
            ),
            (
                "Clients do not need to reach the Broker on port 7171.",
                Unneeded,
            ),
            (
                "Clients don't have to reach the Broker on port 7171.",
                Unneeded,
            ),
            ("You need not open port 7171.", Unneeded),
            ("There is no need to open port 7171.", Unneeded),
            ("Port 5000 is not used any more.", Unneeded),
            ("Port 5000 is not required.", Unneeded),
            ("Port 5000 was removed in version 4.", Unneeded),
            ("The Core does not listen on port 80.", Unneeded),
            ("Connections to port 4508/TCP must be blocked.", Forbidden),
            (
                "Never allow guests to reach the Store on port 5432/TCP.",
                Forbidden,
            ),
            ("Port 5432 must not be exposed to the Internet.", Forbidden),
            ("Port 5432 should never be open to the Internet.", Forbidden),
            ("Do not open port 23.", Forbidden),
            ("Don\u{2019}t expose port 23.", Forbidden),
            (
                "Guests may not connect to the Store on port 5432.",
                Forbidden,
            ),
            (
                "Guests are not allowed to reach the Store on port 5432.",
                Forbidden,
            ),
            ("Access from guests on port 5432 is prohibited.", Forbidden),
            ("Deny port 23.", Forbidden),
            (
                "The Store is not reachable from the Internet on port 5432.",
                Forbidden,
            ),
            ("All ports except 22 are open.", Unclear),
            ("Use port 443 instead of port 80.", Unclear),
            ("SNMP traps are sent by the switches on UDP 162.", Wanted),
            ("In version 2 port 8080 was used.", Unneeded),
            ("Port 80 has been replaced by port 443.", Unclear),
            ("Guests must never have access to port 3306.", Forbidden),
            ("Guests should not have to use port 3306.", Unneeded),
            ("Without port 443 open, updates will not work.", Unclear),
            (
                "Otherwise replication on port 5432 will not start.",
                Unclear,
            ),
            // What others must leave free is for what the page is about.
            (
                "These ports cannot be in use by another service: 80, 443.",
                Wanted,
            ),
            ("Port 443 must not be used by another process.", Wanted),
            (
                "Make sure no other program is listening on port 443.",
                Wanted,
            ),
            ("Port 443 must not be used by other hosts.", Unclear),
            (
                "Although there is no firewall, port 443 is still required.",
                Wanted,
            ),
            (
                "A common cause is that port 443 is blocked by a firewall.",
                Wanted,
            ),
            ("Port 443 is blocked by the firewall.", Unclear),
            ("Port 443 is blocked by default.", Unclear),
            (
                "The reason for this is that port 443 must be closed.",
                Forbidden,
            ),
            (
                "Although we do not recommend it, you can open port 443.",
                Unneeded,
            ),
            ("Port 443 must be blocked by the firewall.", Forbidden),
            ("Port 6001 is reserved for future use.", Unneeded),
            (
                "Clients that don't use TLS connect to the Core on port 80.",
                Wanted,
            ),
            ("Open port 80 (we don't recommend clear text).", Wanted),
            ("Open port 80 (you don't need it for TLS).", Unneeded),
            ("We previously recommended blocking port 389.", Unclear),
            ("We recommend blocking port 389.", Forbidden),
            ("Used by clients without and with TLS on port 5671.", Wanted),
            ("Without port 443 nothing is replicated.", Unclear),
            ("Closing port 389 breaks the login.", Unclear),
            ("Port 389 may be blocked by a firewall.", Unclear),
            ("Agents cannot connect to the Core on port 389.", Unclear),
            ("By default the firewall blocks port 8443.", Unclear),
            (
                "The Internet must not be able to access port 8096 on the Core.",
                Forbidden,
            ),
        ] {
            assert_eq!(stance(&words(sentence)), expected, "{sentence}");
        }
    }
}
