//! Reads conditions in brackets behind a name or a port: `(Enterprise only)`, `(Windows hosts only)`.

use super::{application_protocol, cell, section, text::unbracket};

/// The condition of the row that stands in brackets: "(may change with the configuration)", "(Enterprise only)".
pub(super) fn bracketed_condition(text: &str) -> Option<String> {
    let (_, brackets) = unbracket(text);
    brackets.into_iter().find_map(|part| {
        let lower = part.to_lowercase();
        let edition = ["only", "edition", "feature", "license"]
            .iter()
            .fold(lower.as_str(), |name, word| {
                name.trim_end().strip_suffix(word).unwrap_or(name)
            })
            .trim();
        if matches!(edition, "enterprise" | "premium" | "commercial") {
            return Some(edition.to_owned());
        }
        let is_state = ["in case ", "where ", "provided that "]
            .iter()
            .any(|start| lower.starts_with(start))
            && cell::ends_in_state(&lower);
        (["may change", "if ", "only ", "when ", "required if"]
            .iter()
            .any(|start| lower.starts_with(start))
            || is_state
            || cell::states_condition(&part)
            || limits(&lower))
        .then_some(part)
    })
}

/// Whether a few words say for whom alone something holds: `Windows hosts only`. `TCP only`, `local only` say something else.
fn limits(lower: &str) -> bool {
    let Some(of) = lower.strip_suffix(" only") else {
        return false;
    };
    let is_other = |word: &str| {
        matches!(
            word,
            "tcp"
                | "udp"
                | "local"
                | "localhost"
                | "loopback"
                | "internal"
                | "internally"
                | "read"
                | "write"
                | "inbound"
                | "outbound"
                | "incoming"
                | "outgoing"
                | "ipv4"
                | "ipv6"
                | "default"
                | "from"
                | "to"
                | "host"
                | "machine"
                | "same"
                | "one"
                | "way"
        )
    };
    of.split(' ').count() <= MOST_LIMIT_WORDS
        && !of
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| {
                is_other(word)
                    || word.bytes().all(|byte| byte.is_ascii_digit())
                    || application_protocol::transports(word).is_some()
            })
        // Who may use it is no state of the deployment.
        && !section::only_asks(of)
}

/// More words before an `only` are a sentence.
const MOST_LIMIT_WORDS: usize = 4;

#[cfg(test)]
mod tests {
    use super::bracketed_condition;

    #[test]
    fn limits_in_brackets_are_conditions() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(bracketed_condition(text).as_deref(), expected, "{text}");
        };
        check("Time (VMware systems only)", Some("VMware systems only"));
        check("Time (Windows only)", Some("Windows only"));
        check("Time (TCP only)", None);
        check("Web (HTTP only)", None);
        check("Web (administrators only)", None);
        check("Time (local only)", None);
        check("Time (read-only)", None);
        check("Replication (Enterprise Edition only)", Some("enterprise"));
        check("Replication (slow)", None);
    }
}
