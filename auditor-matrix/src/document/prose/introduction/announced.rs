//! What a line says to follow: components each with its ports, those who are asked, what need not be.

use super::LABEL_WORDS;
use crate::document::{
    prose::{verb::verb, vocabulary::is_software, words::Word},
    section,
};

/// Whether words announce the ports of components, one by one: "ports of the components", "ports used by each service".
pub(super) fn lists_components(words: &[Word<'_>]) -> bool {
    // "The Core and related services use these ports:"
    let have_ports = words.iter().enumerate().any(|(at, word)| {
        word.is_any(&["services", "components", "daemons", "processes", "programs"])
            && words.get(at + 1).is_some_and(|verb| {
                verb.is_any(&["use", "listen", "need", "require", "expose", "bind", "have"])
            })
            && words
                .iter()
                .skip(at + 2)
                .take(NEAR_NOUN)
                .any(|word| word.is("ports"))
    });
    if have_ports {
        return true;
    }
    let ports = words.iter().position(|word| word.is("ports"));
    let Some(behind) = ports.and_then(|at| words.get(at + 1..)) else {
        return false;
    };
    let is_genitive = behind.first().is_some_and(|word| word.is("of"))
        || behind.first().is_some_and(|word| word.is("used"))
            && behind.get(1).is_some_and(|word| word.is("by"));
    let near = || behind.iter().take(NEAR_NOUN);
    let is_of_each = near().any(|word| word.is_any(&["various", "different", "several"]));
    is_genitive
        && near().any(|word| {
            word.is_any(&["components", "daemons", "programs", "processes"])
                || is_of_each
                    && word.is_any(&["projects", "services", "modules", "applications", "apps"])
        })
}

/// The noun of a genitive stands within so many words.
const NEAR_NOUN: usize = 6;

/// "For optional services", "Optional ports", "The following ports are optional"
pub(in crate::document::prose) fn says_optional(text: &str) -> bool {
    let lower = text.to_lowercase();
    let says = ["optional ", "optionally", "for optional ", "(optional)"]
        .iter()
        .any(|start| lower.starts_with(start))
        || lower.ends_with(" optional")
        || lower.ends_with("(optional)");
    let denies = lower
        .split(' ')
        .any(|word| matches!(word, "not" | "no" | "required" | "mandatory"));
    says && !denies
}

/// Whether a line breaks off where it would say who is asked: "must be able to reach", "needs access to the following".
pub(super) fn leads_to_servers(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut rest = lower.trim_end_matches([':', ' ']);
    for tail in [
        " hosts",
        " servers",
        " systems",
        " services",
        " destinations",
        " endpoints",
        " these",
        " the following",
        " following",
    ] {
        rest = rest.strip_suffix(tail).unwrap_or(rest);
    }
    [
        " reach",
        " access",
        " access to",
        " connect to",
        " connect out to",
        " contact",
        " connectivity to",
        " connections to",
        " communicate with",
        " talk to",
    ]
    .iter()
    .any(|tail| rest.ends_with(tail))
}

/// The server that an item names before its port: `the SMTP relay`.
pub(super) fn server_named(service: &str) -> Option<String> {
    let name = ["the ", "The ", "a ", "an ", "your ", "any "]
        .iter()
        .find_map(|article| service.strip_prefix(article))
        .unwrap_or(service)
        .trim_end_matches([',', ' ']);
    let is_name = name.split(' ').count() <= LABEL_WORDS
        && name.contains(char::is_alphabetic)
        && !name.contains([':', ';', ',', '('])
        && !name
            .split(' ')
            .any(|word| verb(&word.to_lowercase()).is_some());
    // `updates` are what it asks for, and nobody.
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let is_somebody = name.contains(char::is_uppercase)
        || name.contains('.')
        || section::is_machine(&last)
        || is_software(&last);
    (is_name && is_somebody).then(|| name.to_owned())
}
