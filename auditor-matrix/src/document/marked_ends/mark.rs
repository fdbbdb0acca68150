//! Reads the cell below a machine's name: a tick, a cross, or what the machine does.

use crate::document::text::unbracket;

/// What a cell says of the machine above it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    /// The row is of this machine.
    Yes,
    /// It may be.
    Optional,
    No,
    /// The machine opens the conversations.
    Asks,
    /// The machine is asked.
    Answers,
    Both,
}

/// Reads a mark. `None` for a cell that says something else.
pub(super) fn mark(cell: &str) -> Option<Mark> {
    let (outside, _) = unbracket(cell);
    let word = outside
        .trim()
        .trim_end_matches(['*', '.', '\u{2020}', '\u{b9}', '\u{b2}', '\u{b3}'])
        .to_lowercase();
    Some(match word.as_str() {
        // Nothing but a footnote.
        "" => return (!outside.trim().is_empty()).then_some(Mark::Yes),
        "x" | "y" | "yes" | "true" | "required" | "mandatory" | "always" | "[x]" | "needed"
        | "used" | "open" | "allow" | "allowed" => Mark::Yes,
        "optional" | "(x)" | "maybe" => Mark::Optional,
        "n" | "no" | "false" | "none" | "n/a" | "[ ]" | "\u{2717}" | "\u{2718}" | "\u{2715}"
        | "\u{2716}" | "\u{274c}" | ":x:" | ":no_entry:" => Mark::No,
        "client" | "source" | "from" | "out" | "outbound" | "egress" | "outgoing" | "initiator"
        | "initiates" | "connects" | "sender" | "sends" | "caller" => Mark::Asks,
        "server" | "destination" | "target" | "to" | "in" | "inbound" | "ingress" | "incoming"
        | "listener" | "listens" | "receiver" | "receives" | "responder" => Mark::Answers,
        "in/out"
        | "in, out"
        | "in and out"
        | "both"
        | "inbound/outbound"
        | "inbound and outbound"
        | "client/server"
        | "client and server" => Mark::Both,
        other if is_symbol(other) || is_shortcode(other) => Mark::Yes,
        _ => return None,
    })
}

/// Whether a mark says what the machine does.
pub(super) const fn says_side(mark: Mark) -> bool {
    matches!(mark, Mark::Asks | Mark::Answers | Mark::Both)
}

/// One sign that is no letter, no number and no dash, such as a tick or a dot.
fn is_symbol(word: &str) -> bool {
    let mut signs = word
        .chars()
        .filter(|sign| !matches!(sign, '\u{fe0e}' | '\u{fe0f}'));
    let first = signs.next();
    signs.next().is_none()
        && first.is_some_and(|sign| {
            !sign.is_alphanumeric()
                && !matches!(
                    sign,
                    '-' | '\u{2013}' | '\u{2014}' | '?' | '!' | '/' | '\u{2026}'
                )
        })
}

/// `:white_check_mark:`, `:tick:`.
fn is_shortcode(word: &str) -> bool {
    word.strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
        .is_some_and(|name| name.contains("check") || name.contains("tick"))
}

#[cfg(test)]
mod tests {
    use super::{Mark, mark};

    #[test]
    fn marks() {
        for (cell, read) in [
            ("x", Some(Mark::Yes)),
            ("X (1)", Some(Mark::Yes)),
            ("\u{2714}\u{fe0f}", Some(Mark::Yes)),
            ("\u{25cf}", Some(Mark::Yes)),
            (":heavy_check_mark:", Some(Mark::Yes)),
            ("*", Some(Mark::Yes)),
            ("no", Some(Mark::No)),
            ("\u{274c}", Some(Mark::No)),
            ("optional", Some(Mark::Optional)),
            ("Source", Some(Mark::Asks)),
            ("in", Some(Mark::Answers)),
            ("8080", None),
            ("if used", None),
        ] {
            assert_eq!(mark(cell), read, "{cell}");
        }
    }
}
