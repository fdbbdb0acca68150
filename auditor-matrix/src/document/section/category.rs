//! Headings that tell of what kind the ports below are, and name nobody: `General`, `NFS v3`, `Incoming/outgoing`.

use super::is_stop;
use crate::document::{application_protocol, cell};

/// Whether a heading is made of words for kinds of traffic alone: what is spoken, and in which version, which way it goes, how general
/// it is.
pub(in crate::document) fn is_category(heading: &str) -> bool {
    let mut words = heading
        .split([' ', '/', '-', ',', '(', ')'])
        .filter(|word| !word.is_empty())
        .peekable();
    let are_kinds = words.peek().is_some() && words.all(is_word_of_kind);
    // `Site incoming/outgoing DROP/REJECT`: what becomes of traffic, wherever.
    let is_joined = |word: &str| word.contains('/') && word.split('/').all(is_word_of_kind);
    are_kinds || heading.split(' ').any(is_joined)
}

fn is_word_of_kind(word: &str) -> bool {
    let lower = word.to_lowercase();
    let is_version = lower
        .strip_prefix('v')
        .unwrap_or(&lower)
        .chars()
        .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'x'));
    is_version
        || is_stop(&lower)
        || application_protocol::is_only_spoken(word)
        || application_protocol::transports(word).is_some()
        || cell::stated(&lower).is_some()
        || matches!(
            lower.as_str(),
            "general"
                | "common"
                | "basic"
                | "standard"
                | "misc"
                | "miscellaneous"
                | "other"
                | "others"
                | "additional"
                | "further"
                | "advanced"
                | "extra"
                | "internal"
                | "external"
                | "public"
                | "private"
                | "local"
                | "remote"
                | "drop"
                | "reject"
                | "accept"
                | "deny"
                | "denied"
                | "allowed"
                | "dropped"
                | "version"
                | "and"
                | "or"
                | "all"
                | "mandatory"
                | "recommended"
        )
}

#[cfg(test)]
mod tests {
    use super::is_category;

    #[test]
    fn headings_that_name_nobody() {
        for heading in [
            "General",
            "NFS v3",
            "Site incoming/outgoing DROP/REJECT",
            "Internal",
            "HTTP and HTTPS",
            "Other",
        ] {
            assert!(is_category(heading), "{heading}");
        }
        for heading in [
            "Ledger",
            "Core server",
            "General Ledger",
            "Till v2",
            "Datacenter",
        ] {
            assert!(!is_category(heading), "{heading}");
        }
    }
}
