//! Whose ports a heading announces, and to whom: `Port tables for Acme Store`, `Firewall ports opened to the Acme Gate`.

use super::{NUMBERED, is_noun_phrase, is_stop, plain};
use crate::document::{application_protocol, cell, names::Names, prose, text::unbracket};

/// The machine behind `for` or `of`, where all words before it are about ports: `Port tables for Acme Store`.
pub(in crate::document) fn owner_of_ports(heading: &str, names: &Names) -> Option<String> {
    let (lead, name) = parts(heading, &[" for ", " of ", " on "])?;
    (!says_what_for(&lead) && is_proper_name(&name, names)).then_some(name)
}

/// Who stands at the other end of the ports that a heading says are opened to it, or for it: `Ports opened for Acme Directory`. Whether
/// it asks or is asked, the rows below say by their directions.
pub(in crate::document) fn counterpart(heading: &str, names: &Names) -> Option<String> {
    let (lead, name) = parts(heading, &[" to ", " for ", " with "])?;
    (says_what_for(&lead) && is_proper_name(&name, names)).then_some(name)
}

/// The words before the first of some prepositions, all of them about ports, and the name behind it.
fn parts(heading: &str, prepositions: &[&str]) -> Option<(String, String)> {
    let heading = NUMBERED.replace(heading, "");
    let (outside, _) = unbracket(heading.trim_end_matches(':'));
    let outside = super::without_condition(&outside);
    let (lead, name) = prepositions
        .iter()
        .filter_map(|preposition| outside.split_once(preposition))
        .min_by_key(|(lead, _)| lead.len())?;
    let words: Vec<String> = lead.split(' ').map(plain).collect();
    let is_about_ports = words.iter().any(|word| {
        matches!(
            word.as_str(),
            "port" | "ports" | "firewall" | "rules" | "tcp" | "udp" | "connections" | "traffic"
        )
    });
    let says_no_more = words.iter().all(|word| {
        is_stop(word)
            || matches!(
                word.as_str(),
                "opened" | "and" | "all" | "numbers" | "number" | "matrix"
            )
    });
    let name = name.strip_prefix("the ").unwrap_or(name);
    (is_about_ports && says_no_more).then(|| (lead.to_lowercase(), name.to_owned()))
}

/// `ports opened`, `ports used`: what follows is whom or what for, and not whose they are.
fn says_what_for(lead: &str) -> bool {
    lead.split(' ').any(|word| {
        matches!(
            word,
            "opened" | "open" | "used" | "needed" | "required" | "allowed" | "exposed"
        )
    })
}

/// Whether words are a name of something, by their capitals: no topic, no protocol, no direction.
fn is_proper_name(name: &str, names: &Names) -> bool {
    let words: Vec<&str> = name.split(' ').collect();
    let is_capitalised = words.iter().all(|word| {
        word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            || word.chars().skip(1).any(char::is_uppercase)
    });
    let is_spoken = words.iter().all(|word| {
        application_protocol::transports(word).is_some()
            || cell::stated(&word.to_lowercase()).is_some()
    });
    words.len() <= MOST_WORDS
        && is_capitalised
        && !is_spoken
        && !prose::is_topic(name)
        && cell::direction(name).is_none()
        && name.contains(char::is_alphabetic)
        && (is_noun_phrase(name, names) || words.len() <= MOST_WORDS && is_of_nouns(&words))
}

/// Longer names than those of machines are common for products: `Acme Anywhere Enterprise Edge Filer`.
fn is_of_nouns(words: &[&str]) -> bool {
    words.iter().all(|word| !is_stop(&plain(word)))
}

const MOST_WORDS: usize = 6;

#[cfg(test)]
mod tests {
    use super::{counterpart, owner_of_ports};
    use crate::document::names::Names;

    #[test]
    fn whose_and_to_whom() {
        let names = Names::default();
        let owner = |heading: &str| owner_of_ports(heading, &names);
        assert_eq!(
            owner("Port Tables for Acme Anywhere Edge Filer").as_deref(),
            Some("Acme Anywhere Edge Filer")
        );
        assert_eq!(
            owner("Network ports of the Ledger").as_deref(),
            Some("Ledger")
        );
        for heading in [
            "Ports for External Authentication",
            "Firewall rules for SMTP",
            "Ports used for Acme Directory",
            "Ports for updates",
            "Prerequisites for Acme",
            "Introduction to ports",
        ] {
            assert_eq!(owner(heading), None, "{heading}");
        }
        let other = |heading: &str| counterpart(heading, &names);
        assert_eq!(
            other("Firewall ports opened to the Acme Gate:").as_deref(),
            Some("Acme Gate")
        );
        assert_eq!(
            other("Firewall ports opened for Acme Directory:").as_deref(),
            Some("Acme Directory")
        );
        assert_eq!(other("Firewall ports opened for SMTP:"), None);
        assert_eq!(other("Ports opened for antivirus updates"), None);
        assert_eq!(other("Ports for Acme Gate"), None);
    }
}
