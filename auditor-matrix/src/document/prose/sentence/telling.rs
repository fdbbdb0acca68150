//! What single words of a sentence tell: a direction, a port that is handed on to another, the registry of ports.

use crate::document::{
    prose::{
        piece::Pieces,
        words::{Kind, Word},
    },
    row::Direction,
};

/// Whether a sentence speaks of the registry of ports, with which nobody's traffic is: `Acme has registered port 388 with IANA`.
pub(super) fn names_registry(words: &[Word<'_>]) -> bool {
    words.iter().any(|word| word.is("iana"))
}

/// Whether a port is handed on to another one: "forwards port 443 to port 8443". Which of them is whose is for the reader to
/// say.
pub(super) fn maps_ports(pieces: &Pieces<'_>, words: &[Word<'_>], n_ranges: usize) -> bool {
    let hands_on = words.iter().any(|word| {
        ["forward", "redirect", "map", "translat", "rewrit"]
            .iter()
            .any(|stem| word.lower.starts_with(stem))
            && word.kind == Kind::Word
    });
    let is_pair = |at: usize| {
        pieces.is_numbered_port(at)
            && pieces.is_any(at + 1, &["to", "onto", "into"])
            && pieces.is_numbered_port(at + 2)
    };
    let has_range = words.windows(3).any(|three| {
        matches!(three, [first, to, last]
            if first.kind == Kind::Number && to.is("to") && last.kind == Kind::Number)
    });
    hands_on && ((0..pieces.len()).any(is_pair) || 1 < n_ranges && has_range)
}

/// The direction that a sentence names: "outbound traffic".
pub(super) fn direction(words: &[Word<'_>]) -> Option<Direction> {
    let has = |names: &[&str]| words.iter().any(|word| word.is_any(names));
    match (
        has(&["inbound", "incoming", "ingress"]),
        has(&["outbound", "outgoing", "egress"]),
    ) {
        (true, false) => Some(Direction::Inbound),
        (false, true) => Some(Direction::Outbound),
        (true, true) | (false, false) => None,
    }
}
