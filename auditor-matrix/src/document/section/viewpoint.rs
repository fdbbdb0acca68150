//! Whose section a heading begins, and from where it looks at the traffic.

use super::{NUMBERED, noun_phrases, plain};
use crate::document::{
    cell,
    names::Names,
    row::Direction,
    section,
    text::{fold, unbracket},
};

/// Whether a heading says by its form whose section it is: the name begins it, or stands behind `for`, `of` and the like. What
/// is done to a machine, as in `Launch the web nodes`, need not be about its ports.
pub(in crate::document) fn says_whose(heading: &str, name: &str) -> bool {
    let lower = |text: &str| fold(text).to_lowercase();
    let heading = lower(&NUMBERED.replace(heading, ""));
    let Some((before, _)) = heading.split_once(&lower(name)) else {
        return true;
    };
    let lead = before.split_whitespace().map(plain).rfind(|word| {
        !matches!(
            word.as_str(),
            "the" | "a" | "an" | "all" | "each" | "your" | ""
        )
    });
    lead.is_none_or(|lead| {
        let is_preposition = matches!(
            lead.as_str(),
            "for" | "of" | "on" | "from" | "to" | "by" | "between" | "among" | "at" | "in" | "with"
        );
        is_preposition || cell::direction(&lead).is_some() || lead.starts_with("port")
    })
}

/// The machine from which a heading looks at its traffic, whatever it is called: `Admin PC (outbound)`, `Outbound from Web`,
/// `Inbound ports of the Relay`. Who stands at the other end is none: `Outbound to the mail relay`.
pub(super) fn viewpoint(heading: &str, names: &Names) -> Option<String> {
    let (outside, inside) = unbracket(heading);
    let in_bracket = inside.iter().find_map(|part| cell::direction(part));
    let direction = in_bracket.or_else(|| cell::direction(&outside))?;
    let runs = noun_phrases(&outside, names);
    let [only] = runs.as_slice() else {
        return None;
    };
    let before = outside.split(only.as_str()).next().unwrap_or_default();
    let lead = before
        .split_whitespace()
        .map(plain)
        .rfind(|word| !matches!(word.as_str(), "the" | "a" | "an" | "all" | "each"));
    let ends_heading = outside.trim_end_matches(':').ends_with(only.as_str());
    let is_capitalised = only.starts_with(char::is_uppercase);
    let is_own = match lead.as_deref() {
        None if in_bracket.is_some() => is_capitalised && ends_heading,
        // `Store inbound ports`
        None => section::names_machines(only, names),
        Some("of" | "on" | "for" | "at") => is_capitalised && ends_heading,
        Some("from") => direction == Direction::Outbound && ends_heading,
        Some("to" | "into") => direction == Direction::Inbound && ends_heading,
        Some(_) => false,
    };
    is_own.then(|| only.clone())
}
