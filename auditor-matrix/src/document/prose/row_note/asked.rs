//! Whom the machine of a row asks, as the row's remark says it: `Used to reach the core`, `The edge sends its reports to the core`.

use super::{access, is_alike, is_software_name, said_by_all};
use crate::document::{
    application_protocol,
    names::Names,
    prose::{
        noun_phrase::NounPhrases, piece::Pieces, verb::Verb, verb_place::verb_at,
        vocabulary::is_auxiliary,
    },
    section,
};

/// Whom the machine `own` asks by what a remark on what it sends says; `None` if no sentence of it says so, or they disagree.
pub(in crate::document) fn asked(note: &str, own: &str, names: &Names) -> Option<String> {
    said_by_all(note, names, |nouns| of_sentence(nouns, own))
}

fn of_sentence(nouns: NounPhrases<'_>, own: &str) -> Option<String> {
    let pieces = nouns.pieces;
    if let Some(other) = access(&nouns).and_then(|(_, at)| nouns.list(at)) {
        return of_own(&other.text, &nouns, own);
    }
    // "License server": who is asked, and no more.
    if let Some(whole) = nouns.list(0).filter(|whole| whole.end == pieces.len()) {
        let is_name = whole.text.starts_with(char::is_uppercase)
            && whole.text.contains(' ')
            && section::names_machines(&whole.text, nouns.names);
        return (is_name && !is_alike(&whole.text, own)).then_some(whole.text);
    }
    let at = begin(pieces, &nouns, own)?;
    let target = match verb_at(pieces, at)? {
        // "reach the core", "connect directly to the core"
        Verb::Ask => {
            let adverb = usize::from(pieces.lower(at + 1).ends_with("ly"));
            let joint = at + 1 + adverb;
            joint + usize::from(pieces.is_any(joint, &["to", "with"]))
        }
        // "send reports to the core", "pull images from the registry"
        Verb::Transfer => {
            let mut joints =
                (at + 1..pieces.len()).filter(|at| pieces.is_any(*at, &["to", "from", "with"]));
            let joint = joints.next()?;
            if joints.next().is_some() {
                return None;
            }
            joint + 1
        }
        Verb::Serve | Verb::Open | Verb::Close | Verb::Use => return None,
    };
    let other = nouns.list(target)?;
    let is_end =
        other.is_machine || is_software_name(&other.text) || nouns.names.contains(&other.text);
    (is_end && !is_alike(&other.text, own)).then_some(other.text)
}

/// The machine that a list begins with, whatever else is spoken: "the Gate and gRPC".
fn of_own(list: &str, nouns: &NounPhrases<'_>, own: &str) -> Option<String> {
    let mut parts = list.split(" and ");
    let first = parts.next()?;
    let is_end = nouns.names.contains(first) || section::names_machines(first, nouns.names);
    let are_spoken = parts.all(application_protocol::is_only_spoken);
    (is_end && are_spoken && !is_alike(first, own)).then(|| first.to_owned())
}

/// Where the verb is that says what the machine of the row does: the first word, behind `used to`, or behind its own name.
fn begin(pieces: &Pieces<'_>, nouns: &NounPhrases<'_>, own: &str) -> Option<usize> {
    let behind_purpose = |at: usize| {
        let is_use = verb_at(pieces, at) == Some(Verb::Use)
            || pieces.is_any(at, &["necessary", "mandatory"]);
        // "used by the Core to ..."
        let by = nouns
            .list(at + 2)
            .filter(|by| pieces.is(at + 1, "by") && is_alike(&by.text, own));
        let joint = by.map_or(at + 1, |by| by.end);
        match pieces.lower(joint) {
            "to" if is_use => Some(joint + 1),
            "for" if is_use && pieces.lower(joint + 1).ends_with("ing") => Some(joint + 1),
            _ => None,
        }
    };
    if let Some(at) = behind_purpose(0) {
        return Some(at);
    }
    if pieces.is(0, "to") && verb_at(pieces, 1).is_some() {
        return Some(1);
    }
    if matches!(verb_at(pieces, 0), Some(Verb::Ask | Verb::Transfer)) {
        return Some(0);
    }
    if (pieces.is_port(0) || pieces.is_any(0, &["port", "ports"]))
        && let Some(at) = behind_purpose(1)
    {
        return Some(at);
    }
    let subject = nouns.list(0)?;
    let mut at = subject.end;
    while is_auxiliary(pieces.lower(at)) {
        at += 1;
    }
    let is_own = is_alike(&subject.text, own) || pieces.is_port(0);
    is_own.then(|| behind_purpose(at).unwrap_or(at))
}

#[cfg(test)]
mod tests {
    use super::asked;
    use crate::document::names::Names;

    #[track_caller]
    fn check(note: &str, own: &str, expected: &str) {
        let found = asked(note, own, &Names::default());
        assert_eq!(found.as_deref().unwrap_or("-"), expected, "{note}");
    }

    #[test]
    fn whom_the_machine_of_a_row_asks() {
        check("Used to reach the server.", "Acme Proxy", "server");
        check(
            "Used to reach the server or proxy.",
            "Clients",
            "server or proxy",
        );
        check(
            "Required to connect to Acme master either directly or via proxy.",
            "Clients",
            "Acme master",
        );
        check(
            "Port used by the Core for sending and receiving data from network devices.",
            "Core",
            "network devices",
        );
        check("Used by the edge to reach the server.", "Core", "-");
        check("Connects to the license server.", "Core", "license server");
        check("Sends alerts to the mail server", "Core", "mail server");
        check(
            "Needed for pulling images from the registry server.",
            "Worker",
            "registry server",
        );
        check(
            "The core reports to the hub nodes.",
            "Acme Core",
            "hub nodes",
        );
        check("API access to the store server", "Core", "store server");
        check(
            "API access to store server and gRPC",
            "Core",
            "store server",
        );
        check("License server", "Core", "License server");
    }

    #[test]
    fn what_says_it_of_nobody() {
        check("Clients connect to the proxy.", "Core", "-");
        check("Required to connect to the internet.", "Core", "-");
        check("The core does not connect to the hub nodes.", "Core", "-");
        check("Connects to the Core.", "Acme Core", "-");
        check("Required to send mail.", "Core", "-");
        check("Access to the internet", "Core", "-");
        check("Core server", "Core", "-");
        check(
            "Used to send data from the edge nodes to the store nodes.",
            "Core",
            "-",
        );
    }
}
