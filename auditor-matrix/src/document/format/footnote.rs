//! Tells the marks of footnotes from text.

use std::borrow::Cow;

/// Whether raised text is the mark of a footnote, such as `1`, `[2]`, `a` or `*`, or an exponent: nothing that may stand
/// glued to a number.
pub(super) fn is_mark(raised: &str) -> bool {
    let letters = raised.chars().filter(|c| c.is_alphabetic()).count();
    letters <= 1
}

/// Whether raised text that is no mark is the end of the word before it, as in `2nd`.
pub(super) fn is_ending(raised: &str) -> bool {
    raised.chars().count() <= 2
}

/// Raised text that is neither: a remark on the word before it, as one in brackets is, and no part of it.
pub(super) fn remark(raised: &str) -> String {
    if raised.contains(['(', ')']) {
        return raised.to_owned();
    }
    format!("({})", raised.trim())
}

/// Raised digits, which are marks of footnotes as well.
pub(super) const fn is_raised_digit(character: char) -> bool {
    matches!(
        character,
        '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{2070}' | '\u{2074}'..='\u{2079}'
    )
}

/// The text without raised digits.
pub(super) fn without_raised_digits(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(is_raised_digit) {
        Cow::Owned(text.chars().filter(|c| !is_raised_digit(*c)).collect())
    } else {
        text
    }
}

/// Removes `[^1]`, and raised digits behind a word.
pub(super) fn without_marks(text: &str) -> Cow<'_, str> {
    if !text.contains("[^") {
        return without_raised_digits(text.into());
    }
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("[^") {
        let (before, mark) = rest.split_at(at);
        kept.push_str(before);
        let end = mark.bytes().take(LONGEST).position(|byte| byte == b']');
        if end.is_none() {
            kept.push_str("[^");
        }
        rest = mark.get(end.unwrap_or(1) + 1..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept.retain(|character| !is_raised_digit(character));
    Cow::Owned(kept)
}

/// A mark of more bytes is none.
const LONGEST: usize = 40;

#[cfg(test)]
mod tests {
    use super::{is_mark, without_marks};

    #[test]
    fn marks() {
        assert_eq!(without_marks("8443[^1], 80\u{b2} [^x"), "8443, 80 [^x");
        assert!(is_mark("[1]") && is_mark("a") && is_mark("*, 2") && !is_mark("nd"));
    }
}
