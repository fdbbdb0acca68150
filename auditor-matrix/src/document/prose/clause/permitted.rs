//! What may be an end of traffic that a sentence permits, and which way it goes.

use super::{Ends, Grammar, NounPhrase};

impl Grammar<'_> {
    /// Whether the sentence speaks of what goes out: `outbound TCP port 80 to the Core`.
    pub(super) fn goes_out(&self) -> bool {
        let lower = self.pieces.sentence.to_lowercase();
        ["outbound", "outgoing", "egress"]
            .iter()
            .any(|word| lower.contains(word))
    }
}

/// Whether what is asked by somebody whom the clause names is an end, whatever it is called, since it runs somewhere: `The console is
/// queried by operators`. What only stands between two ends is none: `The firewall must accept traffic from the agents`.
pub(super) fn may_be_asked(who: &NounPhrase) -> bool {
    !who.text.split(' ').any(|word| {
        let lower = word.to_lowercase();
        matches!(
            lower.strip_suffix('s').unwrap_or(&lower),
            "firewall"
                | "network"
                | "subnet"
                | "rule"
                | "policy"
                | "acl"
                | "list"
                | "group"
                | "router"
                | "nat"
                | "port"
                | "vpc"
                | "isp"
                // Who sees to it that something is permitted is asked by nobody.
                | "administrator"
                | "admin"
                | "operator"
                | "customer"
                | "organization"
                | "organisation"
                | "company"
                | "team"
                | "department"
                | "provider"
                | "environment"
                | "infrastructure"
                | "site"
        )
    })
}

/// Whether both ends are the same word for one of a kind, which says how they talk and not who: `node to node`.
pub(super) fn is_manner(ends: &Ends) -> bool {
    !ends.is_mutual
        && ends.client.is_some()
        && ends.client == ends.server
        && ends.client.as_ref().is_some_and(|one| {
            !one.contains(' ') && one.chars().all(char::is_lowercase) && !one.ends_with('s')
        })
}
