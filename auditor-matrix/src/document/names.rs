//! The names that a page uses for machines: what its tables have as ends of conversations.

use std::collections::BTreeSet;

use super::text::fold;

/// Names as the cells of sources, destinations and machines have them, whatever the letter case.
///
/// They are collected from all tables before anything is read, so that a word in a heading, a sentence or a cell can be
/// recognised as a machine because the page itself uses it as one.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeSet<String>);

impl Names {
    /// Adds the text of a cell.
    pub(super) fn add(&mut self, cell: &str) {
        if MOST_NAMES <= self.0.len() {
            return;
        }
        let name = key(cell);
        let is_name = name.contains(char::is_alphabetic)
            && !matches!(
                name.as_str(),
                "any" | "all" | "none" | "n/a" | "yes" | "no" | "tcp" | "udp" | "both"
            );
        if is_name {
            self.0.insert(name);
        }
    }

    /// Whether a cell of the page consists of this name; an article before it makes no difference.
    pub(super) fn contains(&self, name: &str) -> bool {
        self.0.contains(&key(name))
    }
}

/// More names than any page has for its machines; it bounds the memory for a page without end.
const MOST_NAMES: usize = 1 << 16;

fn key(name: &str) -> String {
    let name = fold(name).to_lowercase();
    ["the ", "a ", "an "]
        .iter()
        .find_map(|article| name.strip_prefix(article))
        .unwrap_or(&name)
        .to_owned()
}
