//! Items whose bullets were typed as characters, in texts that were copied from where they were drawn: `• SSH (22/TCP)`.

use super::{Line, Scanner};

impl<'a> Scanner<'a> {
    /// Takes a line that begins with such a bullet, or one of a text whose lines are its paragraphs. False if it is neither.
    pub(super) fn bullet_line(&mut self, line: Line<'a>) -> bool {
        let trimmed = line.text.trim_start();
        if let Some(rest) = bulleted(trimmed) {
            let indent = line.text.len() - trimmed.len();
            let text = format!("{}- {rest}", " ".repeat(indent));
            self.has_list = true;
            self.take(line, &text);
            return true;
        }
        if !self.is_unwrapped {
            return false;
        }
        let starts_anew = self.previous.is_some_and(|previous| {
            let above = previous.text.trim();
            // What an item leads to is a part of it.
            let leads = bulleted(above).is_some() && above.ends_with(':');
            !leads && !above.contains('|')
        });
        let is_plain = trimmed.starts_with(char::is_alphanumeric)
            && trimmed.len() == line.text.len()
            && !trimmed.contains('|');
        if is_plain && starts_anew {
            self.chunk.push(self.page, line, "");
        }
        false
    }
}

/// Whether the lines of a text with such bullets are its paragraphs: some are longer than anybody breaks them.
pub(super) fn is_unwrapped(page: &str) -> bool {
    page.contains(BULLETS)
        && page.lines().any(|line| LONG < line.len())
        && page
            .lines()
            .any(|line| bulleted(line.trim_start()).is_some())
}

/// The text behind a bullet.
fn bulleted(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(BULLETS)?.trim_start();
    (!rest.is_empty()).then_some(rest)
}

const BULLETS: [char; 12] = [
    '\u{2022}', '\u{2023}', '\u{2043}', '\u{25e6}', '\u{25aa}', '\u{25ab}', '\u{25a0}', '\u{25cf}',
    '\u{25cb}', '\u{25b8}', '\u{25ba}', '\u{27a2}',
];

/// In bytes; a longer line was not broken by whoever wrote it.
const LONG: usize = 120;
