//! Protocols above IP that have no ports.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::text::{fold, regex};

/// A protocol above IP, by its number.
static IP_PROTOCOL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bIP protocols?(?: (?:IDs?|numbers?|types?))?(?:\s*(?:\d+|and|or|,|/|&))*(?:\s*\([^)]*\))?",
    )
});

/// A cell without the protocols above IP that it names by number, and those, if it goes on to name ports.
pub(in crate::document) fn without_ip_protocols(text: &str) -> (String, Option<String>) {
    match IP_PROTOCOL.find(text) {
        Some(found) => {
            let named = fold(found.as_str().trim_end_matches([',', ' ']));
            let mut rest = text.to_owned();
            rest.replace_range(found.range(), " ");
            (rest, Some(named))
        }
        None => (text.to_owned(), None),
    }
}

/// Protocols above IP that have no ports, so a number beside them is none.
pub(in crate::document) fn is_portless(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    [
        "esp", "ah", "gre", "ipip", "ipencap", "igmp", "vrrp", "ospf", "pim", "eigrp",
    ]
    .iter()
    .any(|name| words.contains(name))
        || lower.contains("ip protocol")
        || lower.contains("ip-in-ip")
}
