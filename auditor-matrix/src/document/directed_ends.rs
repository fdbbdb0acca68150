//! Ends that a text gives by direction: `Inbound for the gate`, `outbound for agents; inbound for the store`.

use std::sync::LazyLock;

use regex::Regex;

use super::{names::Names, section::is_noun_phrase, text::regex};

/// Who opens the conversation and who is asked, as written; at least one of them is known.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct DirectedEnds {
    pub(super) client: Option<String>,
    pub(super) server: Option<String>,
}

static PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?:by default|usually|default)[:,]? )?(?P<direction>inbound|ingress|incoming|outbound|egress|outgoing)(?: (?:traffic|connections?|access))? (?P<joint>for|on|at|of|to|into|from) (?:the )?(?P<who>[^;:()]{1,80})$",
    )
});

/// The ends of a text that consists of nothing but such phrases; `None` if one of them is none, or two name the same end.
pub(super) fn directed_ends(text: &str, names: &Names) -> Option<DirectedEnds> {
    let mut ends = DirectedEnds::default();
    for phrase in text.trim_end_matches('.').split(';').flat_map(phrases) {
        let found = PHRASE.captures(phrase)?;
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        let who = part("who").trim();
        if !who
            .split(", ")
            .flat_map(|part| part.split(" and "))
            .all(|name| is_noun_phrase(name.trim(), names))
        {
            return None;
        }
        let comes_in = part("direction").to_lowercase().starts_with("in");
        // What comes in comes from others and to this one; what goes out, the other way round.
        let is_client = match part("joint").to_lowercase().as_str() {
            "from" => true,
            "to" | "into" => false,
            _ => !comes_in,
        };
        let slot = if is_client {
            &mut ends.client
        } else {
            &mut ends.server
        };
        if slot.replace(who.to_owned()).is_some() {
            return None;
        }
    }
    (ends != DirectedEnds::default()).then_some(ends)
}

/// The phrases of a part: `outbound for all components, inbound for the core` has two.
fn phrases(part: &str) -> impl Iterator<Item = &str> {
    static NEXT: LazyLock<Regex> = LazyLock::new(|| {
        regex(r"(?i)(?:, and|,| and) (?:inbound|ingress|incoming|outbound|egress|outgoing) ")
    });
    let mut rest = Some(part);
    std::iter::from_fn(move || {
        let text = rest?;
        let (first, behind) = match NEXT.find(text) {
            Some(next) => (text.get(..next.start()), text.get(next.start()..)),
            None => (Some(text), None),
        };
        rest = behind.map(|behind| behind.trim_start_matches([',', ' ']));
        rest = rest.map(|behind| behind.strip_prefix("and ").unwrap_or(behind));
        first.map(str::trim)
    })
}

#[cfg(test)]
mod tests {
    use super::directed_ends;
    use crate::document::names::Names;

    #[test]
    fn phrases_of_direction() {
        let check = |text: &str, expected: &str| {
            let found = directed_ends(text, &Names::default()).map(|ends| {
                let name = |end: Option<String>| end.unwrap_or_else(|| "?".to_owned());
                format!("{} -> {}", name(ends.client), name(ends.server))
            });
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{text}");
        };
        check("Inbound for Gate", "? -> Gate");
        check("Outbound on the Gate", "Gate -> ?");
        check("Incoming from agents", "agents -> ?");
        check("Outbound to the Store", "? -> Store");
        check(
            "Outbound for Gate, nameDomain and doors; inbound for SQL server.",
            "Gate, nameDomain and doors -> SQL server",
        );
        check(
            "By default: outbound for all components, inbound for main domain.",
            "all components -> main domain",
        );
        check(
            "Ingress to the Gate and egress from agents",
            "agents -> Gate",
        );
        check("Inbound", "-");
        check("Inbound for uploads that users make", "-");
        check("Inbound for Gate; inbound for Store", "-");
        check("Inbound for Gate; see the manual", "-");
    }
}
