//! What a line is by its first and last characters, and which names tags close.

use std::collections::BTreeSet;

use super::container;
use crate::document::format::{component as tag, template};

/// Whether a line begins an item of a list.
pub(super) fn is_item(text: &str) -> bool {
    let number = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_bullet = text.starts_with(['*', '-', '+'])
        && text
            .get(1..)
            .is_some_and(|rest| rest.starts_with([' ', '\t']));
    is_bullet || number.len() < text.len() && (number.starts_with(". ") || number.starts_with(") "))
}

/// Whether a line after an empty one is written as the rows of the table are: with bars at its ends or without.
pub(super) fn is_row(text: &str, head: &str) -> bool {
    let (text, head) = (text.trim(), head.trim());
    2 <= text.len()
        && text.starts_with('|') == head.starts_with('|')
        && text.ends_with('|') == head.ends_with('|')
}

/// The names that tags of components and templates close anywhere on the page.
pub(super) fn closed_names(page: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, _) in page.match_indices("</") {
        let name = page.get(at..).and_then(|rest| {
            let rest = rest.get(..rest.floor_char_boundary(80)).unwrap_or(rest);
            tag::component(rest)
        });
        names.extend(name.map(|tag| container::folded(tag.name)));
    }
    for line in page.lines().filter(|line| template::may_have_tag(line)) {
        for tag in template::tags(line) {
            if tag.kind == template::Kind::Close {
                names.insert(container::folded(tag.name));
            }
        }
    }
    names
}
