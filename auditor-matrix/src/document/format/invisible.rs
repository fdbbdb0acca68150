//! Removes characters that show nothing.
//!
//! Characters that turn the reading round are kept: no reader of ports takes them, so a cell with one is not understood
//! instead of being read differently from how it looks.

use std::borrow::Cow;

/// The text without soft hyphens, zero-width characters and control characters.
pub(in crate::document) fn visible(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains(is_invisible) {
        Cow::Owned(text.chars().filter(|c| !is_invisible(*c)).collect())
    } else {
        text
    }
}

fn is_invisible(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' | '\u{c}' | '\u{b}' => false,
        '\u{0}'..='\u{1f}'
        | '\u{7f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200e}'
        | '\u{2060}'..='\u{2064}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::visible;

    #[test]
    fn what_shows_nothing() {
        assert_eq!(visible("8\u{ad}4\u{200b}43\u{1f}\tx".into()), "8443\tx");
        assert_eq!(visible("\u{202e}3448".into()), "\u{202e}3448");
    }
}
