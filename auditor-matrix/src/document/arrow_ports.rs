//! Reads ports that arrows point from one end to the other: `1433/TCP -->`, between the two columns that hold the ends.

use std::sync::LazyLock;

use regex::Regex;

use super::{ports, text::regex};

/// Which way an arrow points.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Arrow {
    /// From the left column to the right one.
    Right,
    Left,
    Both,
}

static ARROW: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?P<both><[-=]+>|[\u{2194}\u{21d4}\u{27f7}])|(?P<right>[-=]{1,5}>|[\u{2192}\u{21d2}\u{27f6}])|(?P<left><[-=]{1,5}|[\u{2190}\u{21d0}\u{27f5}])",
    )
});

/// The ports of a cell, each with the arrow behind it; `None` if a part is no port or no arrow stands behind the last one.
pub(super) fn split(cell: &str) -> Option<Vec<(String, Arrow)>> {
    let mut parts = Vec::new();
    let mut start = 0;
    for found in ARROW.captures_iter(cell) {
        let whole = found.get(0)?;
        let text = cell.get(start..whole.start())?;
        let text = text.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
        let read = ports::ports(text);
        if read.groups.is_empty() || read.problem.is_some() {
            return None;
        }
        let arrow = if found.name("both").is_some() {
            Arrow::Both
        } else if found.name("right").is_some() {
            Arrow::Right
        } else {
            Arrow::Left
        };
        parts.push((text.to_owned(), arrow));
        start = whole.end();
    }
    let rest = cell.get(start..)?;
    let is_end = rest
        .chars()
        .all(|c| c.is_whitespace() || matches!(c, ',' | ';' | '.'));
    (is_end && !parts.is_empty()).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::{Arrow, split};

    #[test]
    fn ports_and_arrows() {
        let part = |ports: &str, arrow| (ports.to_owned(), arrow);
        assert_eq!(
            split("1433/TCP --->, 1434/UDP <---"),
            Some(vec![
                part("1433/TCP", Arrow::Right),
                part("1434/UDP", Arrow::Left)
            ])
        );
        assert_eq!(
            split("161,162 <--->"),
            Some(vec![part("161,162", Arrow::Both)])
        );
        assert_eq!(split("80 -> 8080"), None);
        assert_eq!(split("443"), None);
    }
}
