//! Tells the marks of footnotes from text.

/// Whether raised text is the mark of a footnote, such as `1`, `[2]`, `a` or `*`, or an exponent: nothing that may stand
/// glued to a number.
pub(super) fn is_mark(raised: &str) -> bool {
    let letters = raised.chars().filter(|c| c.is_alphabetic()).count();
    letters <= 1
}

/// Raised digits, which are marks of footnotes as well.
pub(super) const fn is_raised_digit(character: char) -> bool {
    matches!(
        character,
        '\u{b2}' | '\u{b3}' | '\u{b9}' | '\u{2070}' | '\u{2074}'..='\u{2079}'
    )
}

/// Removes `[^1]`, and raised digits behind a word.
pub(super) fn without_marks(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("[^") {
        let (before, mark) = rest.split_at(at);
        kept.push_str(before);
        match mark.find(']') {
            Some(end) if end < LONGEST => rest = mark.get(end + 1..).unwrap_or_default(),
            _ => {
                kept.push_str("[^");
                rest = mark.get(2..).unwrap_or_default();
            }
        }
    }
    kept.push_str(rest);
    kept.retain(|character| !is_raised_digit(character));
    kept
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
