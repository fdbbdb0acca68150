//! Brackets in names: what stands in them, and whether a name goes on behind.

/// Whether a name goes on behind its bracket, in the same words: `Backup (nightly) store`, but not `Backup (nightly) / Store`.
pub(super) fn is_inside(text: &str) -> bool {
    let words = |text: &str| text.split(' ').any(|word| !word.is_empty());
    let joins = [',', ';', '/', '&', '+', '|', ':'];
    let has_joint = |text: &str| {
        text.contains(joins)
            || text.split(' ').any(|word| {
                matches!(
                    word.to_lowercase().as_str(),
                    "and" | "or" | "to" | "on" | "in"
                )
            })
    };
    text.split_once(" (").is_some_and(|(before, rest)| {
        rest.rsplit_once(") ").is_some_and(|(_, behind)| {
            words(before) && words(behind) && !has_joint(before) && !has_joint(behind)
        })
    })
}

/// The text without its bracketed parts, and what stood in the brackets.
pub(super) fn unbracketed(text: &str) -> (String, Vec<String>) {
    let (mut outside, mut inside) = (String::new(), Vec::new());
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' => {
                depth += 1;
                if depth == 1 {
                    inside.push(String::new());
                }
            }
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => outside.push(character),
            _ => {
                if let Some(last) = inside.last_mut() {
                    last.push(character);
                }
            }
        }
    }
    (outside, inside)
}
