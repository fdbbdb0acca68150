//! Two ends in a heading: `Core to Edge`, `Traffic between A and B`.

use std::sync::LazyLock;

use regex::Regex;

use super::{is_noun_phrase, names_machines};
use crate::document::{
    arrow::{self, Endpoints},
    end::Basis,
    names::Names,
    text::{fold, regex},
};

/// `... from A to B ...`, and `... for A to B communication`.
static ENDPOINTS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?:.*\b(?:ports?|traffic|communications?|connections?|access|rules?|flows?|inbound|outbound|ingress|egress|incoming|outgoing)\b.* )?(?:for|from) (?:the )?)(.+?) to (?:the )?(.+?)(?: communications?| traffic| connections?| access)?:?$",
    )
});
/// `A to B`, without more.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:the )?(.+?)(?: to |\s*(?:->|-->|=>|\u{2192}|\u{21d2})\s*)(?:the )?(.+?)(?: communications?| traffic| connections?| access| ports?)?:?$",
    )
});

/// `A ports to B`
static PORTS_TO: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:the )?(.+?) (?:ports?|outbound|egress|outgoing)(?: (?:ports?|traffic|connections?|rules?))? to (?:the )?(.+?):?$",
    )
});

/// `A access to B`, `A communicating with B`.
static ACCESS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:the )?(.+?) (?:access|accessing|connections?|connecting|communications?|communicating|talking|traffic) (?:to|with) (?:the )?(.+?):?$",
    )
});

/// `Traffic between A and B`.
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bbetween (?:the |an? )?(.+?) and (?:the |an? )?(.+?)(?: communications?| traffic| connections?| access| ports?)?:?$",
    )
});

/// Two ends that talk to each other: one is a machine, and the other a name.
fn between(heading: &str, names: &Names) -> Option<Endpoints> {
    let found = BETWEEN.captures(heading)?;
    let (one, other) = (fold(found.get(1)?.as_str()), fold(found.get(2)?.as_str()));
    let are_names = [&one, &other].into_iter().all(|name| {
        is_noun_phrase(name, names)
            && (names_machines(name, names) || name.starts_with(char::is_uppercase))
    });
    let is_certain = names_machines(&one, names) || names_machines(&other, names);
    if !are_names || !is_certain || other.contains(" and ") {
        return None;
    }
    let (source, destination) = if only_asks(&other) {
        (other, one)
    } else {
        (one, other)
    };
    Some(Endpoints {
        is_mutual: !only_asks(&source),
        source,
        destination,
        basis: Basis::Heading,
    })
}

/// The ends that a heading names, and which of them asks.
pub(super) fn endpoints(heading: &str, names: &Names) -> Option<Endpoints> {
    if let Some(ends) = between(heading, names) {
        return Some(ends);
    }
    // Beside an arrow stand ends, whatever they are called.
    if let Some(ends) = arrow::between(heading.trim_end_matches(':')) {
        return Some(Endpoints {
            source: without_apposition(&ends.source).to_owned(),
            destination: without_apposition(&ends.destination).to_owned(),
            ..ends
        });
    }
    let (source, destination) = named_endpoints(heading, names)?;
    Some(Endpoints {
        source,
        destination,
        is_mutual: false,
        basis: Basis::Heading,
    })
}

/// A name without what a comma says more of it: `Relay, both inside and outside`. Another name is capitalised.
fn without_apposition(name: &str) -> &str {
    match name.split_once(", ") {
        Some((before, behind)) if behind.starts_with(char::is_lowercase) => before,
        Some(_) | None => name,
    }
}

fn named_endpoints(heading: &str, names: &Names) -> Option<(String, String)> {
    if let Some(found) = ENDPOINTS.captures(heading) {
        let (from, to) = (fold(found.get(1)?.as_str()), fold(found.get(2)?.as_str()));
        return (is_noun_phrase(&from, names) && is_noun_phrase(&to, names)).then_some((from, to));
    }
    // "Remote access to the servers" names one end only.
    if let Some(found) = ACCESS.captures(heading) {
        let (from, to) = (fold(found.get(1)?.as_str()), fold(found.get(2)?.as_str()));
        if names_machines(&from, names) && names_machines(&to, names) {
            return Some((from, to));
        }
    }
    // "Core ports to edge devices": what stands between the ends is about ports, and no part of the first.
    if let Some(found) = PORTS_TO.captures(heading) {
        let (from, to) = (fold(found.get(1)?.as_str()), fold(found.get(2)?.as_str()));
        let are_names = is_noun_phrase(&from, names) && is_noun_phrase(&to, names);
        let is_known = |name: &str| names_machines(name, names) || only_asks(name);
        let is_name = from.starts_with(char::is_uppercase);
        if are_names && is_name && (is_known(&from) || is_known(&to)) {
            return Some((from, to));
        }
    }
    // "Introduction to networking" names no ends: at least one of the two has to be known for a machine.
    let found = PAIR.captures(heading)?;
    let (from, to) = (fold(found.get(1)?.as_str()), fold(found.get(2)?.as_str()));
    let are_phrases = is_noun_phrase(&from, names) && is_noun_phrase(&to, names);
    let are_machines = names_machines(&from, names) && names_machines(&to, names)
        || names.contains(&from)
        || names.contains(&to);
    (are_phrases && are_machines).then_some((from, to))
}

/// Whether a name is of those who ask and are asked nothing: people, and the programs that they hold in their hands.
pub fn only_asks(name: &str) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    matches!(
        last.strip_suffix('s').unwrap_or(&last),
        "user"
            | "client"
            | "browser"
            | "administrator"
            | "admin"
            | "customer"
            | "operator"
            | "consumer"
            | "visitor"
    )
}
