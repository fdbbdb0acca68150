//! Protocols above IP that have no ports.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::text::{fold, regex};

/// Protocols above IP, named by their numbers: `IP protocol 50`.
static IP_PROTOCOL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bIP protocols?(?: (?:IDs?|numbers?|types?))?(?:\s*(?:\d+|and|or|,|/|&))*(?:\s*\([^)]*\))?",
    )
});

/// Splits off the protocols above IP that a cell names by number: returns the rest of the cell, and the text that named
/// them.
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

/// Whether a text names a protocol above IP without ports, so that a number beside it is no port.
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
