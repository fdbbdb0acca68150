//! Lines that are arrows between two ends and nothing else, above the ports that they are for: `Gate => Store`, one pair a line.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    accounting,
    arrow::{self, Endpoints},
    end::Basis,
    names::Names,
    section,
    text::regex,
};

/// The pairs of a block whose lines all are arrows; empty if one of them is none.
pub(super) fn pairs(block: &str, names: &Names) -> Vec<Endpoints> {
    if let Some(ends) = labelled(block, names) {
        return vec![ends];
    }
    let mut pairs = Vec::new();
    for line in block.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match pair(line, names) {
            Some(ends) if pairs.len() < MOST_PAIRS => pairs.push(ends),
            Some(_) | None => return Vec::new(),
        }
    }
    pairs
}

/// The pair of a line: `Gate -> Store`, `Traffic: Gate -> Store`.
pub(super) fn pair(line: &str, names: &Names) -> Option<Endpoints> {
    // Most lines have no arrow, and are not looked at further.
    if !line.contains(['<', '>', '=']) && !line.contains(|c: char| ARROWS.contains(&c)) {
        return None;
    }
    let line = line.trim_matches(['*', '`', ' ', '.']);
    let line = match line.split_once(": ") {
        Some((label, ends)) if is_label(label) => ends,
        Some(_) | None => line,
    };
    let ends = arrow::between(line)?;
    let are_names = [&ends.source, &ends.destination]
        .into_iter()
        .all(|end| is_name(end) && section::machines(end, names).is_some());
    (are_names && accounting::unaccounted(line, &[], &[]).is_empty()).then_some(ends)
}

static LABELLED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^\s*(?:sources?|from|clients?): ?(?P<from>[^:\n]{1,80}?)[,;.]?\s+(?:destinations?|to|targets?|servers?): ?(?P<to>[^:\n]{1,80}?)\.?\s*$",
    )
});

/// Both ends, each behind what it is: `Source: Till. Destination: Gate`.
pub(super) fn labelled(text: &str, names: &Names) -> Option<Endpoints> {
    if MOST_LENGTH < text.len() || !text.contains(':') {
        return None;
    }
    let found = LABELLED.captures(text)?;
    let name = |name: &str| Some(found.name(name)?.as_str().trim().to_owned());
    let (source, destination) = (name("from")?, name("to")?);
    let are_names = [&source, &destination].into_iter().all(|end| {
        is_name(end)
            && section::machines(end, names).is_some()
            && accounting::unaccounted(end, &[], &[]).is_empty()
    });
    are_names.then_some(Endpoints {
        source,
        destination,
        is_mutual: false,
        basis: Basis::Given,
    })
}

/// Whether a text is the first half of one that `labelled` reads: `Source: Till`.
pub(super) fn is_half(text: &str) -> bool {
    text.len() < MOST_LENGTH
        && text.split_once(':').is_some_and(|(label, name)| {
            let label = label.trim().to_lowercase();
            matches!(label.trim_end_matches('s'), "source" | "from" | "client")
                && !name.trim().is_empty()
        })
}

/// A longer text is no pair of names.
const MOST_LENGTH: usize = 200;

/// The blocks of arrows in Unicode that `arrow` reads.
const ARROWS: [char; 9] = [
    '\u{2190}', '\u{2192}', '\u{2194}', '\u{21d0}', '\u{21d2}', '\u{21d4}', '\u{27f5}', '\u{27f6}',
    '\u{27f7}',
];

/// Whether an end reads like a name and not like code: `(request) => answer()` names nobody.
fn is_name(end: &str) -> bool {
    end.split(' ').count() <= MOST_WORDS
        && end.starts_with(|c: char| c.is_alphanumeric() || c == '*')
        && !end.contains(['{', '}', ';', '=', '"', '\'', '$', '|', '\\', '?'])
        && !end.contains("()")
}

/// Whether the words before a colon say what stands behind it: `Traffic flow`.
fn is_label(label: &str) -> bool {
    let lower = label.to_lowercase();
    let last = lower.rsplit(' ').next().unwrap_or_default();
    matches!(
        last.trim_end_matches('s'),
        "flow" | "traffic" | "direction" | "connection" | "communication" | "path" | "from"
    )
}

/// More words are a sentence.
const MOST_WORDS: usize = 7;

/// More pairs are a diagram.
const MOST_PAIRS: usize = 20;

#[cfg(test)]
mod tests {
    use super::{is_half, pairs};
    use crate::document::names::Names;

    #[test]
    fn blocks_of_arrows() {
        let check = |block: &str, expected: &[&str]| {
            let found: Vec<String> = pairs(block, &Names::default())
                .into_iter()
                .map(|ends| {
                    let mark = if ends.is_mutual { "<>" } else { ">" };
                    format!("{} {mark} {}", ends.source, ends.destination)
                })
                .collect();
            assert_eq!(found, expected, "{block}");
        };
        check(
            "Till => Gate/Front Servers\nAdmin PC => Gate/Front Servers\n",
            &["Till > Gate/Front Servers", "Admin PC > Gate/Front Servers"],
        );
        check(
            "Store nodes <=> Store nodes",
            &["Store nodes <> Store nodes"],
        );
        check(
            "Gate \u{2192} Store\n\nTill --> Gate",
            &["Gate > Store", "Till > Gate"],
        );
        check("Direction: Gate \u{21d2} Store", &["Gate > Store"]);
        check("Gate <- Till", &["Till > Gate"]);
        check("Gate -> Store\nrun it", &[]);
        check("Gate -> Store: 8443", &[]);
        check("(request) => answer()", &[]);
        check("x => { y }", &[]);
        check("80 -> 8080", &[]);
        // Where to click.
        check("Settings \u{2192} Network settings", &[]);
        check(
            "Source: Till\nDestination: Gate Server",
            &["Till > Gate Server"],
        );
        check("From: Till, To: Gate Server.", &["Till > Gate Server"]);
        check("Source: any port", &[]);
        check("Source: 7001 Destination: 7002", &[]);
        assert!(is_half("Source: Till") && !is_half("Source:") && !is_half("Port: 80"));
    }
}
