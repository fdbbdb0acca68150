//! Who else talks to the machine of a row, as the row's remark says it: `The core listens on this port for updates from the edge`,
//! `Workers use this port to communicate with each other`.

mod asked;
mod reached;

pub(in crate::document) use asked::asked;

use super::{
    noun_phrase::NounPhrases,
    piece::Pieces,
    port_phrase::{Evidence, port_phrases},
    stance::{Stance, stance},
    verb::Verb,
    verb_place::verb_at,
    vocabulary::is_software,
    words::{Kind, words},
};
use crate::document::{
    names::Names,
    section::{is_machine, only_asks},
    text::sentences,
};

/// The one that asks the machine of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::document) enum Asker {
    /// Another of its kind.
    Itself,
    Other(String),
}

/// Who asks the machine `own` by what a remark on its port says; `None` if no sentence of it says so, or they disagree.
pub(in crate::document) fn asker(note: &str, own: &str, names: &Names) -> Option<Asker> {
    said_by_all(note, names, |nouns| of_sentence(nouns, own))
}

/// What the sentences of a remark say that deny nothing and name no port of their own; `None` if none of them says it, or they
/// disagree.
fn said_by_all<T: PartialEq>(
    note: &str,
    names: &Names,
    read: impl Fn(NounPhrases<'_>) -> Option<T>,
) -> Option<T> {
    let mut found = sentences(note).into_iter().filter_map(|sentence| {
        let words = words(sentence);
        if MOST_WORDS < words.len() || stance(&words) != Stance::Wanted {
            return None;
        }
        let phrases = port_phrases(&words, Evidence::Stated);
        if phrases.iter().any(|phrase| !phrase.ports.is_empty()) {
            return None;
        }
        read(NounPhrases {
            pieces: &Pieces::new(sentence, &words, &phrases),
            names,
        })
    });
    let first = found.next()?;
    found.all(|other| other == first).then_some(first)
}

/// Where the name before `access to` ends and the one behind it begins: "Browser access to the gate".
fn access(nouns: &NounPhrases<'_>) -> Option<(usize, usize)> {
    let pieces = nouns.pieces;
    let at = (0..pieces.len().min(MOST_ACCESS)).find(|at| pieces.is(*at, "access"))?;
    pieces.is(at + 1, "to").then_some((at, at + 2))
}

/// Longer names do not stand before `access to`.
const MOST_ACCESS: usize = 5;

/// Whether a subject is one that opens connections: it is capitalised, or a machine, a program or people.
fn is_asker(subject: &str, names: &Names) -> bool {
    let last = subject
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    subject.starts_with(char::is_uppercase)
        || names.contains(subject)
        || only_asks(subject)
        || is_machine(&last)
        || is_software(&last)
}

/// Whose connections come in: "Incoming requests from the edge".
fn with_connections(nouns: &NounPhrases<'_>, own: &str) -> Option<Asker> {
    let pieces = nouns.pieces;
    let at = (0..pieces.len().min(MOST_ACCESS)).find(|at| {
        pieces.is_any(
            *at,
            &[
                "connection",
                "connections",
                "request",
                "requests",
                "traffic",
            ],
        )
    })?;
    let other = nouns.list(at + 2).filter(|_| pieces.is(at + 1, "from"))?;
    let is_end = other.is_machine || is_software_name(&other.text);
    let goes_on = pieces.is(other.end, "to");
    (is_end && !goes_on).then(|| asker_of(other.text, own))
}

/// Whose data comes in: "Receives metrics pushed from the agents", "... sent by the edge".
fn with_data(nouns: &NounPhrases<'_>, own: &str) -> Option<Asker> {
    let pieces = nouns.pieces;
    let at = (0..pieces.len()).find(|at| {
        pieces.is_any(
            *at,
            &["pushed", "sent", "forwarded", "reported", "uploaded"],
        ) && pieces.is_any(at + 1, &["from", "by"])
    })?;
    let other = nouns.list(at + 2)?;
    let is_end = other.is_machine || is_software_name(&other.text);
    (is_end && !is_alike(&other.text, own) && pieces.kind(other.end) != Some(Kind::Word))
        .then(|| asker_of(other.text, own))
}

/// The people whom it lets do something: "Allows users to open the console", "debug console for administrators to watch it".
fn for_people(nouns: &NounPhrases<'_>) -> Option<Asker> {
    let pieces = nouns.pieces;
    let is_lead = |at: usize| {
        pieces.is_any(
            at,
            &["allows", "allow", "lets", "enables", "permits", "for"],
        ) && !pieces.is(at + 2, "only")
    };
    (0..pieces.len())
        .filter(|at| is_lead(*at) && pieces.is(at + 2, "to"))
        .map(|at| pieces.lower(at + 1))
        .find(|who| only_asks(who) && who.ends_with('s') && *who != "clients")
        .map(|who| Asker::Other(who.to_owned()))
}

/// Who has access to the row's machine: "Browser/API access to the gate".
fn with_access(nouns: &NounPhrases<'_>, own: &str) -> Option<Asker> {
    let (end, behind) = access(nouns)?;
    let other = nouns.list(behind)?;
    let start = nouns.pieces.word(end)?.start;
    let asker = nouns.pieces.sentence.get(..start)?.trim();
    let asks = |part: &str| {
        let last = part.rsplit(' ').next().unwrap_or_default().to_lowercase();
        only_asks(part) || is_machine(&last) || is_software(&last)
    };
    let is_asker = !asker.is_empty() && asker.split(['/', ',']).map(str::trim).all(asks);
    (is_asker && is_alike(&other.text, own) && !is_alike(asker, own))
        .then(|| Asker::Other(asker.to_owned()))
}

fn of_sentence(nouns: NounPhrases<'_>, own: &str) -> Option<Asker> {
    if let Some(asker) = with_access(&nouns, own) {
        return Some(asker);
    }
    if let Some(asker) = with_connections(&nouns, own)
        .or_else(|| reached::from(&nouns, own))
        .or_else(|| with_data(&nouns, own))
        .or_else(|| for_people(&nouns))
    {
        return Some(asker);
    }
    let pieces = nouns.pieces;
    // "Receives logs from the agents"
    let begins_with_verb =
        pieces.lower(0).ends_with('s') && verb_at(pieces, 0) == Some(Verb::Serve);
    let (subject, at) = match nouns.list(0).filter(|_| !begins_with_verb) {
        Some(subject) => (Some(subject.text), subject.end),
        None => (None, 0),
    };
    let is_own = subject
        .as_deref()
        .is_none_or(|subject| is_alike(subject, own));
    let class = verb_at(pieces, at)?;
    let is_each_other = |at: usize| {
        pieces.is_any(at, &["themselves", "itself"])
            || pieces.is_any(at, &["each", "one"]) && pieces.is_any(at + 1, &["other", "another"])
    };
    // "Used by the keeper to send jobs"
    if subject.is_none() && at == 0 && pieces.is(0, "used") && pieces.is(1, "by") {
        let by = nouns.list(2)?;
        let serves = pieces.is(by.end, "to") && verb_at(pieces, by.end + 1) == Some(Verb::Serve);
        let is_other = !is_alike(&by.text, own) && !serves;
        let is_end = by.is_machine || only_asks(&by.text);
        return (is_other && is_end).then_some(Asker::Other(by.text));
    }
    let behind = |at: usize| {
        nouns
            .list(at)
            .filter(|other| other.is_machine || is_software_name(&other.text))
            .map(|other| other.text)
    };
    match class {
        // "... listens on this port for updates from the edge"
        Verb::Serve if is_own => {
            let from = (at..pieces.len()).find(|at| pieces.is(*at, "from"))?;
            behind(from + 1).map(|other| asker_of(other, own))
        }
        // "... uses this port to communicate with the workers"
        Verb::Use if pieces.is_port(at + 1) || pieces.is(at + 1, "it") => {
            let subject = subject?;
            let with = (at + 1..pieces.len()).find(|at| {
                pieces.is_any(*at, &["with", "to", "between", "among", "amongst"])
                    && verb_at(pieces, *at + 1).is_none()
            })?;
            if is_each_other(with + 1) {
                return is_own.then_some(Asker::Itself);
            }
            let other = behind(with + 1)?;
            if is_own {
                Some(asker_of(other, own))
            } else {
                is_alike(&other, own).then_some(Asker::Other(subject))
            }
        }
        // "Workers talk to each other over this port"
        Verb::Ask if is_own && subject.is_some() => {
            let is_mutual = (at + 1..pieces.len()).any(is_each_other);
            is_mutual.then_some(Asker::Itself)
        }
        // "Workers connect to this port"
        Verb::Ask if !is_own => {
            let is_here = pieces.is_port(at + 1)
                || pieces.is_any(at + 1, &["to", "on", "over", "through", "via"])
                    && pieces.is_port(at + 2);
            // "Workers connect to the keeper"
            let joint = usize::from(pieces.is_any(at + 1, &["to", "with"]));
            // "Remote access to the keeper" has no verb.
            let is_noun = pieces.is(at, "access") && 0 < joint;
            let is_own = !is_noun
                && nouns
                    .list(at + 1 + joint)
                    .is_some_and(|other| is_alike(&other.text, own));
            let is_name = |subject: &String| is_here || is_asker(subject, nouns.names);
            subject
                .filter(|_| is_here || is_own)
                .filter(is_name)
                .map(Asker::Other)
        }
        Verb::Ask | Verb::Transfer | Verb::Serve | Verb::Open | Verb::Close | Verb::Use => None,
    }
}

const MOST_WORDS: usize = 40;

fn asker_of(other: String, own: &str) -> Asker {
    let one = other.strip_prefix("other ").unwrap_or(&other);
    if is_alike(one, own) {
        Asker::Itself
    } else {
        Asker::Other(other)
    }
}

/// Whether two names are of one thing: what tells the machine from others of the page stands in both, whatever kind of machine
/// or program either calls it.
fn is_alike(name: &str, own: &str) -> bool {
    let (name, own) = (words_of(name), words_of(own));
    if name == own {
        return true;
    }
    // `Workers` in the row of the `Acme Worker`.
    if without_kinds(&name).is_empty() {
        return name.iter().all(|word| own.contains(word));
    }
    let (name, own) = (without_kinds(&name), without_kinds(&own));
    own.last().is_some_and(|last| name.contains(last)) && name.iter().all(|word| own.contains(word))
}

/// The words of a name in lower case and in the singular.
fn words_of(name: &str) -> Vec<String> {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && *word != "the")
        .map(|word| word.strip_suffix('s').unwrap_or(word).to_owned())
        .collect()
}

fn without_kinds(words: &[String]) -> Vec<&String> {
    let is_kind = |word: &&String| is_machine(word) || is_software(word);
    words.iter().filter(|word| !is_kind(word)).collect()
}

fn is_software_name(name: &str) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    name.contains(' ') && is_software(&last)
}

#[cfg(test)]
mod tests {
    use super::{Asker, asker};
    use crate::document::names::Names;

    #[track_caller]
    fn check(note: &str, own: &str, expected: &str) {
        let found = match asker(note, own, &Names::default()) {
            None => "-".to_owned(),
            Some(Asker::Itself) => "itself".to_owned(),
            Some(Asker::Other(other)) => other,
        };
        assert_eq!(found, expected, "{note}");
    }

    #[test]
    fn who_asks_the_machine_of_a_row() {
        check(
            "Internal use only. Acme workers use this port for fast communication with each other.",
            "Acme Worker",
            "itself",
        );
        check(
            "Acme workers listen on this port for updates from the Keeper daemon.",
            "Acme Worker",
            "Keeper daemon",
        );
        check(
            "The Keeper uses this port to communicate with the Acme workers.",
            "Acme Keeper Daemon",
            "Acme workers",
        );
        check(
            "The Keeper uses this port to communicate with the Acme workers.",
            "Acme Worker",
            "Keeper",
        );
        check("Workers connect to this port.", "Keeper", "Workers");
        check(
            "Broker. This port must be accessible from agent VMs.",
            "Keeper",
            "agent VMs",
        );
        check("Needs to be open to the workers.", "Keeper", "workers");
        check(
            "It is only reachable by Edge nodes.",
            "Keeper",
            "Edge nodes",
        );
        check("The API is open to changes.", "Keeper", "-");
        check("Connections from Edge", "Keeper", "Edge");
        check(
            "Incoming traffic from worker nodes",
            "Keeper",
            "worker nodes",
        );
        check("Workers connect to the keeper.", "Keeper", "Workers");
        check("Workers connect to the store.", "Keeper", "-");
        check("Workers talk to each other here.", "Acme Worker", "itself");
        check(
            "Used by the worker nodes to send jobs.",
            "Keeper",
            "worker nodes",
        );
        check("Receives logs from the agents.", "Keeper", "agents");
        check(
            "Agents use this port to talk to other agents.",
            "Agent",
            "itself",
        );
        check("Listens for events from the workers.", "Keeper", "workers");
        check(
            "Browser/API access to the Till platform.",
            "Till Platform",
            "Browser/API",
        );
        check("Remote access to the Till platform.", "Till Platform", "-");
    }

    #[test]
    fn what_says_it_of_nobody() {
        check(
            "The Keeper listens on this port for registrations.",
            "Keeper",
            "-",
        );
        check("Web console for administrators.", "Keeper", "-");
        check("The gate listens for updates from the edge.", "Keeper", "-");
        check(
            "Listens for data from 10 sources on port 80.",
            "Keeper",
            "-",
        );
        check(
            "The Keeper does not accept requests from the workers.",
            "Keeper",
            "-",
        );
    }
}
