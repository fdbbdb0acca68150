//! What a line is by its first and last characters.

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
