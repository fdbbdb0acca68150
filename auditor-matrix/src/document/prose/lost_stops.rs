//! Sentences whose full stops were lost: `Check A on port 80 Check B on port 81`.

use crate::document::text::sentences;

/// The sentences of a paragraph. Behind a number a sentence begins without a full stop where the word with which the paragraph
/// begins stands again, or an `If`, with its capital.
pub(super) fn sentences_of(text: &str) -> Vec<&str> {
    let first = text.split(' ').next().unwrap_or_default();
    let is_word = first.starts_with(char::is_uppercase)
        && MANY_LETTERS <= first.len()
        && first.chars().all(char::is_alphabetic);
    let starts: Vec<&str> = ["If"].into_iter().chain(is_word.then_some(first)).collect();
    let whole = sentences(text);
    if !whole
        .iter()
        .any(|sentence| next_start(sentence, &starts).is_some())
    {
        return whole;
    }
    let mut cut = Vec::new();
    for sentence in whole {
        let mut rest = sentence;
        while let Some((before, behind)) = next_start(rest, &starts) {
            cut.push(before.trim_end());
            rest = behind;
        }
        cut.push(rest);
    }
    cut
}

/// The text up to the next sentence that begins behind a number, and that sentence with what follows it.
fn next_start<'a>(text: &'a str, starts: &[&str]) -> Option<(&'a str, &'a str)> {
    text.match_indices(' ').find_map(|(at, _)| {
        let (before, behind) = (text.get(..at)?, text.get(at + 1..)?);
        let number = before.trim_end().trim_end_matches(')');
        let follows_number = number.ends_with(|c: char| c.is_ascii_digit());
        let begins = starts.iter().any(|start| {
            behind
                .strip_prefix(start)
                .is_some_and(|rest| rest.starts_with(' '))
        });
        (follows_number && begins).then_some((before, behind))
    })
}

/// A shorter word, such as an article, begins many sentences and stands within them.
const MANY_LETTERS: usize = 4;

#[cfg(test)]
mod tests {
    use super::sentences_of;

    #[test]
    fn sentences_without_full_stops() {
        assert_eq!(
            sentences_of(
                "Check the way from A to B on port 80 Check the way from A to C on port 81. Or, from A to D on 82 Check it \
                 (or 83-84)  If it is on, check 85"
            ),
            [
                "Check the way from A to B on port 80",
                "Check the way from A to C on port 81.",
                "Or, from A to D on 82",
                "Check it (or 83-84)",
                "If it is on, check 85",
            ]
        );
        let whole = "Open port 80 and Open port 81 if it is on";
        assert_eq!(sentences_of(whole), [whole]);
        assert_eq!(sentences_of("A. B 80. C"), ["A.", "B 80.", "C"]);
    }
}
