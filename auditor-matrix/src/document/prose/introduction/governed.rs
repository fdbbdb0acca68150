//! Ends by what governs their names, where no clause names both: a preposition, an adjective, a verb beside the name.
//!
//! However a line is built, `on the Core` is where something listens and `from the agents` is who asks, and so is whoever does
//! the asking of a verb. Where exactly one name stands on either side, the line says who talks to whom.

use super::Ends;
use crate::document::prose::{
    noun_phrase::{NounPhrase, NounPhrases},
    verb::{Verb, is_participle, verb},
    verb_place::verb_at,
    vocabulary::{is_adverb, is_article, is_auxiliary, is_determiner, is_software},
    words::{Kind, Word},
};

/// On which side of a conversation a name stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Client,
    Server,
}

/// The ends of a line; `None` where a name stands on no side, or several on one.
pub(super) fn ends(nouns: &NounPhrases<'_>) -> Option<Ends> {
    // "They need": who that is was said before.
    if nouns
        .pieces
        .is_any(0, &["they", "it", "these", "those", "this"])
        && !nouns.pieces.is_port(1)
        && verb(nouns.pieces.lower(1))
            .or_else(|| verb(nouns.pieces.lower(2)))
            .is_some()
    {
        return None;
    }
    let mut sides: Vec<(NounPhrase, Side)> = Vec::new();
    let mut at = 0;
    while at < nouns.pieces.len() {
        let found = is_begin(nouns, at)
            .then(|| nouns.list(at))
            .flatten()
            .filter(is_somebody);
        let Some(found) = found else {
            at += 1;
            continue;
        };
        // "open to the agents and to the Edge": a joint goes on with the side of the one before.
        let goes_on = at.checked_sub(2).is_some_and(|joint| {
            nouns.pieces.is_any(joint, &["and", "or", ","]) && nouns.pieces.is(joint + 1, "to")
        });
        let side = match sides.last() {
            Some((_, side)) if goes_on => *side,
            _ => side(nouns, at, &found)?,
        };
        at = found.end.max(at + 1);
        let is_known = sides
            .iter()
            .any(|(known, of)| *of == side && known.text == found.text);
        if !is_known {
            sides.push((found, side));
        }
    }
    let only = |side: Side| {
        let mut found = sides.iter().filter(|(_, of)| *of == side);
        let first = found.next().map(|(who, _)| who.text.clone());
        if found.next().is_some() { None } else { first }
    };
    if sides.is_empty() || 2 < sides.len() {
        return None;
    }
    let (client, server) = (only(Side::Client), only(Side::Server));
    // Two on one side say nothing of the other.
    (sides.len() == usize::from(client.is_some()) + usize::from(server.is_some())
        && client != server)
        .then(|| Ends {
            client,
            server,
            ..Ends::default()
        })
}

/// Whether a name may begin here, and not in the middle of one.
fn is_begin(nouns: &NounPhrases<'_>, at: usize) -> bool {
    let pieces = nouns.pieces;
    let before = at.checked_sub(1).map_or("", |before| pieces.lower(before));
    let word = pieces.lower(at);
    !word.is_empty()
        && (verb(word).is_none() || pieces.word(at).is_some_and(Word::is_capitalised))
        && !is_article(before)
        && !is_determiner(before)
}

/// Whether a phrase names somebody who can be at an end, and nothing that goes over the wire.
fn is_somebody(phrase: &NounPhrase) -> bool {
    let lower = phrase.text.to_lowercase();
    let head = lower.rsplit(' ').next().unwrap_or_default();
    let is_thing = lower.split(' ').any(|word| {
        let one = word.strip_suffix('s').unwrap_or(word);
        matches!(
            one,
            "port"
                | "firewall"
                | "connection"
                | "request"
                | "querie"
                | "packet"
                | "message"
                | "process"
                | "processe"
                | "rule"
                | "traffic"
                | "data"
                | "table"
                | "internet"
                | "network"
                | "protocol"
                | "one"
                | "proxie"
                | "localhost"
                | "loopback"
                | "addresse"
                | "interface"
                | "group"
                | "component"
                | "module"
                | "element"
        )
    });
    // `external services`, `the remote hosts` may be anybody.
    let is_anybody = lower.split(' ').all(|word| {
        let one = word.strip_suffix('s').unwrap_or(word);
        matches!(
            one,
            "external"
                | "internal"
                | "remote"
                | "other"
                | "outside"
                | "local"
                | "public"
                | "service"
                | "system"
                | "server"
                | "host"
                | "resource"
                | "component"
                | "machine"
                | "client"
                | "destination"
                | "computer"
                | "all"
                | "node"
        )
    });
    (phrase.is_machine || is_software(head)) && phrase.n_parts == 1 && !is_thing && !is_anybody
}

/// The side of a name by the word that governs it.
fn side(nouns: &NounPhrases<'_>, start: usize, who: &NounPhrase) -> Option<Side> {
    let pieces = nouns.pieces;
    let Some(governor) = start.checked_sub(1).filter(|at| governs(nouns, *at)) else {
        return subject(nouns, who.end);
    };
    match pieces.lower(governor) {
        "on" | "at" | "with" | "against" => Some(Side::Server),
        "from" | "let" | "by" => {
            let serves = governor
                .checked_sub(1)
                .is_some_and(|before| verb(pieces.lower(before)) == Some(Verb::Serve));
            Some(if serves { Side::Server } else { Side::Client })
        }
        "to" => Some(if is_offered(nouns, governor) {
            Side::Client
        } else {
            Side::Server
        }),
        "for" => {
            let is_aim = governor
                .checked_sub(1)
                .is_some_and(|at| pieces.is_any(at, &["destined", "bound", "headed", "meant"]));
            Some(if is_aim { Side::Server } else { Side::Client })
        }
        "of" => {
            let thing = governor.checked_sub(1).map_or("", |at| pieces.lower(at));
            let is_asked = matches!(
                thing.strip_suffix('s').unwrap_or(thing),
                "request"
                    | "connection"
                    | "traffic"
                    | "querie"
                    | "call"
                    | "message"
                    | "packet"
                    | "data"
            );
            let goes_out = (0..governor).any(|at| pieces.is_any(at, &["outgoing", "outbound"]));
            // "Ports of the Core"
            let is_port = governor.checked_sub(1).is_some_and(|at| pieces.is_port(at))
                || thing.starts_with("port");
            if is_asked || goes_out {
                Some(Side::Client)
            } else {
                is_port.then_some(Side::Server)
            }
        }
        lower => match verb(lower)? {
            // "reaching the Core", "permit agents to"
            Verb::Ask => Some(Side::Server),
            Verb::Open => Some(Side::Client),
            Verb::Transfer | Verb::Serve | Verb::Close | Verb::Use => None,
        },
    }
}

/// Whether a word may govern the name behind it.
fn governs(nouns: &NounPhrases<'_>, at: usize) -> bool {
    let pieces = nouns.pieces;
    pieces.is_any(
        at,
        &[
            "on", "at", "with", "against", "from", "by", "to", "for", "of", "let", "letting",
            "between",
        ],
    ) || verb(pieces.lower(at)).is_some_and(|class| matches!(class, Verb::Ask | Verb::Open))
        && !is_participle(pieces.lower(at))
}

/// Whether what stands before `to` is offered to whom it names: `available to the agents`, and not `connect to the Core`.
fn is_offered(nouns: &NounPhrases<'_>, to: usize) -> bool {
    let pieces = nouns.pieces;
    let Some(before) = to.checked_sub(1) else {
        return false;
    };
    let lower = pieces.lower(before);
    (lower.ends_with("able") || lower.ends_with("ible"))
        || matches!(
            lower,
            "open" | "opened" | "exposed" | "shown" | "closed" | "given" | "granted"
        )
}

/// The side of a subject, by the verb behind it.
fn subject(nouns: &NounPhrases<'_>, end: usize) -> Option<Side> {
    let pieces = nouns.pieces;
    let mut at = end;
    let mut is_passive = false;
    let mut has = false;
    while is_auxiliary(pieces.lower(at))
        || is_adverb(pieces.lower(at))
        || pieces.is_any(at, &["not", "to", "be", "able"])
    {
        is_passive |= pieces.is_any(at, &["is", "are", "be", "been", "being"]);
        has |= pieces.is_any(at, &["has", "have"]);
        at += 1;
    }
    let lower = pieces.lower(at);
    let behind = || (at + 1..pieces.len()).take_while(|at| pieces.kind(*at) != Some(Kind::Stop));
    // "must not be prevented from reaching": who is hindered is who asks.
    if is_passive
        && ["prevent", "hinder", "block", "kept", "stop"]
            .iter()
            .any(|stem| lower.starts_with(stem))
    {
        return behind()
            .take(2)
            .any(|at| pieces.is(at, "from"))
            .then_some(Side::Client);
    }
    // "has these ports open for", "needs these ports to be reachable for": who has them open is asked. "Needs these ports open to"
    // says nothing of where.
    let is_open_there = behind().any(|at| {
        let lower = pieces.lower(at);
        lower == "open" && has || lower.ends_with("able") && lower != "able"
    });
    if has || verb(lower) == Some(Verb::Use) {
        let is_doubtful = behind().any(|at| pieces.is(at, "open"));
        if is_open_there {
            return Some(Side::Server);
        }
        if has || is_doubtful {
            return None;
        }
    }
    if matches!(lower, "wait" | "waits") {
        return Some(Side::Server);
    }
    let class = verb_at(pieces, at).or_else(|| verb(lower))?;
    match (class, is_passive && is_participle(lower)) {
        (Verb::Ask, true) | (Verb::Serve, false) => Some(Side::Server),
        (Verb::Ask | Verb::Transfer | Verb::Use, false) => Some(Side::Client),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::ends;
    use crate::document::{
        names::Names,
        prose::{
            noun_phrase::NounPhrases,
            piece::Pieces,
            port_phrase::{Evidence, port_phrases},
            words::words,
        },
    };

    #[test]
    fn names_by_what_governs_them() {
        let read = |line: &str| {
            let words = words(line);
            let phrases = port_phrases(&words, Evidence::Stated);
            let pieces = Pieces::new(line, &words, &phrases);
            let names = Names::default();
            ends(&NounPhrases {
                pieces: &pieces,
                names: &names,
            })
            .map(|ends| {
                format!(
                    "{} -> {}",
                    ends.client.unwrap_or_default(),
                    ends.server.unwrap_or_default()
                )
            })
        };
        for (line, expected) in [
            (
                "These ports on the vault server must stay available to the tills",
                Some("tills -> vault server"),
            ),
            (
                "The vault server must have these ports open for the tills",
                Some("tills -> vault server"),
            ),
            (
                "To synchronize with the vault server, the tills use these ports",
                Some("tills -> vault server"),
            ),
            (
                "Tills must not be prevented from reaching the vault server on these ports",
                Some("Tills -> vault server"),
            ),
            (
                "Traffic destined for the vault server",
                Some(" -> vault server"),
            ),
            // Both are asked, or both ask.
            (
                "The ports on the vault server are used to connect to the ledger server",
                None,
            ),
            ("From the tills and from the desks", None),
            (
                "They also need the following ports open to all tills and to all the desks",
                None,
            ),
            ("The following ports", None),
        ] {
            assert_eq!(read(line).as_deref(), expected, "{line}");
        }
    }
}
