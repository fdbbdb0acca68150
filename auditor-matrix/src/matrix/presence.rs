//! Whether a rule's traffic must be there: what its row says, or else what the headings above it say.

use super::rule::Presence;
use crate::document::Row;

/// A range of so many ports is wide: nobody expects traffic on all of it.
const WIDE: u32 = 32;

/// The presence of a row's rules. `unsaid` is that of rows that do not say it themselves, if a person has said it; else the
/// headings above the row and the page's title say it.
pub(super) fn presence(row: &Row, title: Option<&str>, unsaid: Option<Presence>) -> Presence {
    // "Required if …": the rule applies only where the condition holds, and there it is required.
    let required_if = row
        .condition
        .as_deref()
        .map(str::to_lowercase)
        .is_some_and(|text| text.starts_with("required") || text.starts_with("mandatory"));
    match row.required {
        _ if row.forbidden => Presence::Forbidden,
        _ if required_if => Presence::Required,
        Some(true) => Presence::Required,
        Some(false) => Presence::Optional,
        None if is_choice(row) => Presence::Optional,
        None => unsaid.unwrap_or_else(|| {
            let headed = headed(row, title);
            // "Recommended", "if mail is used": what the row says for itself is narrower than what stands above all rows.
            if headed == Presence::Required && speaks_of_need(row) {
                Presence::Expected
            } else {
                headed
            }
        }),
    }
}

/// Whether the row's own words say when its traffic is needed, or that it is not.
fn speaks_of_need(row: &Row) -> bool {
    let says = |word: String| {
        matches!(
            word.as_str(),
            "optional"
                | "optionally"
                | "recommended"
                | "required"
                | "needed"
                | "not"
                | "if"
                | "when"
                | "only"
                | "unless"
                | "may"
        )
    };
    let texts = [row.text.service(), row.text.notes()].into_iter().flatten();
    texts.flat_map(words).any(says)
}

/// Whether the row is a range from which some program takes the ports that it needs, wide or whatever the system takes: none
/// of them is bound to be used.
fn is_choice(row: &Row) -> bool {
    let is_wide = row.ephemeral
        || row
            .ranges()
            .any(|range| WIDE <= u32::from(range.last() - range.first()) + 1);
    let says = |text: &str| {
        words(text).any(|word| matches!(word.as_str(), "default" | "defaults" | "advertised"))
    };
    is_wide
        && [row.text.service(), row.text.notes()]
            .into_iter()
            .flatten()
            .any(says)
}

/// What the nearest heading says that says anything: "Required ports", "Optional ports".
fn headed(row: &Row, title: Option<&str>) -> Presence {
    let sections = row.section.as_deref().unwrap_or_default();
    let mut nearest_first = sections.rsplit(" / ").chain(title);
    nearest_first.find_map(of_heading).unwrap_or_default()
}

/// "Ports required for the mirror" does not say that there must be a mirror, nor does "if required".
fn of_heading(heading: &str) -> Option<Presence> {
    let words: Vec<String> = words(heading).collect();
    let at = words
        .iter()
        .position(|word| matches!(word.as_str(), "required" | "mandatory" | "optional"))?;
    let before = at.checked_sub(1).and_then(|before| words.get(before));
    let after = words.get(at + 1);
    let is_bound = |word: &String| {
        matches!(
            word.as_str(),
            "for"
                | "by"
                | "if"
                | "when"
                | "where"
                | "to"
                | "only"
                | "as"
                | "in"
                | "on"
                | "and"
                | "or"
        )
    };
    if after.is_some_and(is_bound) || before.is_some_and(|word| is_bound(word) || word == "not") {
        return None;
    }
    Some(if words.get(at).is_some_and(|word| word == "optional") {
        Presence::Optional
    } else {
        Presence::Required
    })
}

fn words(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
}

#[cfg(test)]
mod tests {
    use super::{Presence, of_heading};

    #[test]
    fn headings() {
        let said = [
            ("Required ports", Some(Presence::Required)),
            ("Ports (required)", Some(Presence::Required)),
            ("Mandatory firewall rules", Some(Presence::Required)),
            ("Optional Ports", Some(Presence::Optional)),
            ("Ports required for the mirror", None),
            ("Ports that are not required", None),
            ("Open as required", None),
            ("Required and optional ports", None),
            ("Port requirements", None),
            ("Ports", None),
        ];
        for (heading, presence) in said {
            assert_eq!(of_heading(heading), presence, "{heading}");
        }
    }
}
