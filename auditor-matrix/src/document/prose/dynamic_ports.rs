//! Ports that are assigned dynamically, from a given number upwards: `dynamic ports start at 30K+`.

use std::sync::LazyLock;

use regex::Regex;

use super::statement::Statement;
use crate::{
    document::{row::PortGroup, text::regex},
    port::PortRange,
};

static DYNAMIC: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:dynamic|dynamically|ephemeral)\b.*\bports?\b|\bports?\b.*\b(?:dynamic|dynamically|ephemeral)\b",
    )
});
static FROM_ON: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(\d+)([kK]?)\+"));

/// Whether a sentence says that ports are assigned dynamically.
pub(super) fn are_meant(sentence: &str) -> bool {
    DYNAMIC.is_match(sentence)
}

/// Whether a sentence gives the lowest of the dynamically assigned ports: `30K+`.
pub(super) fn have_a_start(sentence: &str) -> bool {
    are_meant(sentence) && FROM_ON.is_match(sentence)
}

/// Reads the range of the dynamically assigned ports.
pub(super) fn range(sentence: &str) -> Option<Statement> {
    let found = FROM_ON.captures(sentence)?;
    let number: u32 = found
        .get(1)
        .and_then(|number| number.as_str().parse().ok())?;
    let thousands = if found.get(2).is_some_and(|unit| !unit.as_str().is_empty()) {
        1000
    } else {
        1
    };
    let first = number
        .checked_mul(thousands)
        .and_then(|first| u16::try_from(first).ok())?;
    let range = PortRange::new(first, u16::MAX).ok()?;
    Some(Statement {
        ports: vec![PortGroup {
            ranges: vec![range],
            alternatives: false,
        }],
        ephemeral: true,
        ..Statement::default()
    })
}
