//! What machines are called by other words than a kind of machine.

use super::{MOST_ROLE_WORDS, is_machine, plain};
use crate::document::text::fold;

/// Whether a phrase names where a machine is in a network, which by itself is asked as a machine is: `X0 interface`, and not `web
/// interface`.
pub(super) fn is_network_interface(phrase: &str) -> bool {
    let words: Vec<String> = phrase.split(' ').map(plain).collect();
    let [which, kind] = words.as_slice() else {
        return false;
    };
    matches!(kind.as_str(), "interface" | "interfaces" | "nic" | "nics")
        && (which.contains(|c: char| c.is_ascii_digit()) && which.contains(char::is_alphabetic)
            || matches!(
                which.as_str(),
                "private" | "public" | "internal" | "external" | "data" | "lan" | "wan"
            ))
}

/// Whether a phrase names what machines do: `Mail Role`. Roles of people and accounts are none.
pub(super) fn is_role(phrase: &str) -> bool {
    let words: Vec<String> = phrase.split(' ').map(plain).collect();
    let Some((last, before)) = words.split_last() else {
        return false;
    };
    matches!(last.as_str(), "role" | "roles")
        && !before.is_empty()
        && !before.iter().any(|word| {
            matches!(
                word.as_str(),
                "user"
                    | "iam"
                    | "rbac"
                    | "admin"
                    | "administrator"
                    | "account"
                    | "service"
                    | "cluster"
            )
        })
}

/// `Machine with Core`, `Hosts with the Store`: a kind of machine alone, and what tells it from others.
pub(super) fn machine_with(heading: &str) -> Option<String> {
    let (kind, what) = heading.split_once(" with ")?;
    let is_kind = !kind.contains(' ') && is_machine(&plain(kind));
    let is_name = what.contains(char::is_uppercase) && what.split(' ').count() < MOST_ROLE_WORDS;
    (is_kind && is_name).then(|| fold(heading.trim_end_matches(':')))
}
