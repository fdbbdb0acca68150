//! The program that a label names and nothing else, above its ports: `tilld:`.

use crate::document::{
    application_protocol, cell,
    prose::{
        verb::{is_noun_of_verb, verb},
        vocabulary::{is_abstract, is_adverb, is_platform, is_preposition, is_software},
    },
    section,
};

/// The single word of a label that is a name: no protocol, no kind of traffic and no word of English for what is done or what
/// something is like.
pub(super) fn named(label: &str) -> Option<&str> {
    let word = label.strip_suffix(':')?;
    let lower = word.to_lowercase();
    let is_word = word.starts_with(char::is_alphabetic)
        && word
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let is_of_language = [
        "ing", "ion", "ions", "ity", "al", "ed", "ive", "able", "ic", "ly", "ment", "ance", "ence",
        "ory", "ary", "less", "ness",
    ]
    .iter()
    .any(|ending| lower.ends_with(ending));
    let is_general = verb(&lower).is_some()
        || is_noun_of_verb(&lower)
        || is_abstract(&lower)
        || is_adverb(&lower)
        || is_platform(&lower)
        || is_preposition(&lower)
        || is_software(&lower)
        || section::is_stop_word(&lower)
        || cell::direction(&lower).is_some()
        || cell::stated(&lower).is_some()
        || application_protocol::is_only_spoken(&lower)
        || matches!(
            lower.as_str(),
            "web"
                | "mail"
                | "e-mail"
                | "email"
                | "public"
                | "private"
                | "other"
                | "others"
                | "cluster"
                | "data"
                | "backup"
                | "all"
                | "any"
                | "both"
                | "misc"
                | "lan"
                | "wan"
                | "vpn"
                | "cloud"
                | "internet"
                | "storage"
                | "voice"
                | "video"
                | "audio"
                | "media"
                | "metrics"
                | "logs"
        );
    (is_word && 2 < word.len() && !is_of_language && !is_general).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn programs_above_their_ports() {
        for label in ["tilld:", "Ledger:", "desk-core:"] {
            assert_eq!(named(label), label.strip_suffix(':'), "{label}");
        }
        for label in [
            "Ledger",
            "SSH:",
            "TCP:",
            "Inbound:",
            "Replication:",
            "Optional:",
            "Required:",
            "Monitoring:",
            "Ports:",
            "Web UI:",
            "Internal:",
        ] {
            assert_eq!(named(label), None, "{label}");
        }
    }
}
