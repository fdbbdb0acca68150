//! Words of headings that tell a kind of traffic and name nothing.

use crate::document::{prose, section};

/// Whether a heading is one word that says of what kind the ports are: `Optional`, `Mandatory`.
pub(super) fn is_adjective(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    let ends = ["al", "ory", "ed", "ic", "ive"]
        .iter()
        .any(|ending| lower.ends_with(ending));
    ends && !lower.contains(' ') && !section::is_machine(&lower) && !prose::is_software(&lower)
}
