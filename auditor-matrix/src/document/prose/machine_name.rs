//! Whether words in a sentence can be the name of machines.

/// A text of more words is no name of machines.
pub(super) const MOST_NAME_WORDS: usize = 6;

/// Whether a sentence starts with a pronoun or the like, which names no machines.
pub(super) fn addresses_reader(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default().to_lowercase();
    matches!(
        first.as_str(),
        "you" | "we" | "they" | "it" | "this" | "that" | "these" | "those" | "i" | "users" | "if"
    )
}
