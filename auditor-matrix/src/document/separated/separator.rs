//! What separates the cells of a line, and the cells.

use crate::document::text::fold;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Separator {
    Tab,
    Bar,
    Semicolon,
    Blanks,
    Comma,
    Colon,
}

/// A cell and the place of its first character in the line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub(super) start: usize,
    pub(super) text: &'a str,
}

impl Separator {
    pub(super) const ALL: [Self; 6] = [
        Self::Tab,
        Self::Bar,
        Self::Semicolon,
        Self::Blanks,
        Self::Comma,
        Self::Colon,
    ];

    /// The least number of columns by which a line of headings is told from a sentence.
    pub(super) const fn least(self) -> usize {
        match self {
            Self::Tab | Self::Bar => 2,
            Self::Semicolon | Self::Blanks | Self::Comma | Self::Colon => 3,
        }
    }

    /// The most words of a heading: between commas more are a part of a sentence.
    pub(super) const fn most_words(self) -> usize {
        match self {
            Self::Tab | Self::Bar | Self::Semicolon | Self::Blanks => 5,
            Self::Comma | Self::Colon => 2,
        }
    }

    pub(super) fn cells(self, line: &str) -> Vec<Cell<'_>> {
        let cut = match self {
            Self::Tab => on_marks(line, '\t'),
            // Bars around a line belong to a syntax of tables, whose reader takes them.
            Self::Bar if line.trim_start().starts_with('|') => Vec::new(),
            Self::Bar => on_marks(line, '|'),
            Self::Semicolon => on_marks(line, ';'),
            Self::Comma => on_marks(line, ','),
            Self::Colon => on_colons(line),
            Self::Blanks => on_blanks(line),
        };
        let mut cells: Vec<Cell<'_>> = cut.into_iter().map(trimmed).collect();
        while cells.last().is_some_and(|last| last.text.is_empty()) {
            cells.pop();
        }
        cells
    }

    /// The cells of a row by the columns of their headings; `None` where they fit none. Where blanks separate cells, an empty
    /// one leaves no trace, so that those behind it are told by their places.
    pub(super) fn placed(self, headings: &[Cell<'_>], cells: &[Cell<'_>]) -> Option<Vec<String>> {
        if headings.len() < cells.len() {
            return None;
        }
        let mut placed = vec![String::new(); headings.len()];
        for (index, cell) in cells.iter().enumerate() {
            let column = if self == Self::Blanks && cells.len() != headings.len() {
                let is_below = |heading: &Cell<'_>| heading.start.abs_diff(cell.start) <= 1;
                let column = headings.iter().position(is_below)?;
                // A name that is too long for its column pushes the next cell on, and one blank is left between them.
                let reaches_next = headings
                    .get(column + 1)
                    .is_some_and(|next| next.start < cell.start + cell.text.len());
                if reaches_next && index + 1 == cells.len() {
                    return None;
                }
                column
            } else {
                index
            };
            *placed.get_mut(column)? = fold(cell.text);
        }
        Some(placed)
    }
}

fn trimmed(cell: Cell<'_>) -> Cell<'_> {
    let text = cell.text.trim_start();
    let start = cell.start + (cell.text.len() - text.len());
    let text = text.trim_end();
    let unquoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    Cell {
        start,
        text: unquoted.unwrap_or(text),
    }
}

/// The cells between marks outside of quotes.
fn on_marks(line: &str, mark: char) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    let mut start = 0;
    let mut is_quoted = false;
    for (at, character) in line.char_indices() {
        if character == '"' && mark != '\t' {
            is_quoted = !is_quoted;
        } else if character == mark && !is_quoted {
            cells.extend(line.get(start..at).map(|text| Cell { start, text }));
            start = at + character.len_utf8();
        }
    }
    cells.extend(line.get(start..).map(|text| Cell { start, text }));
    cells
}

/// The cells between colons, but for those of times, URLs, addresses, drives and `host:port` pairs of numbers.
fn on_colons(line: &str) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, _) in line.match_indices(':') {
        let before = line.get(start..at).unwrap_or_default();
        let behind = line.get(at + 1..).unwrap_or_default();
        let is_between_digits = before.ends_with(|c: char| c.is_ascii_digit())
            && behind.starts_with(|c: char| c.is_ascii_digit());
        let is_within = behind.starts_with(['/', '\\', ':']) || before.is_empty();
        // The ports stand behind a name that may end in a number: `Till 2:80`.
        let ends_in_number = !before.contains(char::is_alphabetic) || before.contains('.');
        if is_within || is_between_digits && ends_in_number {
            continue;
        }
        cells.push(Cell {
            start,
            text: before,
        });
        start = at + 1;
    }
    cells.extend(line.get(start..).map(|text| Cell { start, text }));
    cells
}

/// The cells between two and more blanks.
fn on_blanks(line: &str) -> Vec<Cell<'_>> {
    let mut cells = Vec::new();
    let mut at = 0;
    while let Some(rest) = line.get(at..).filter(|rest| !rest.trim().is_empty()) {
        let start = at + (rest.len() - rest.trim_start().len());
        let text = line.get(start..).unwrap_or_default();
        let length = text.find("  ").unwrap_or(text.len());
        cells.extend(text.get(..length).map(|text| Cell { start, text }));
        at = start + length;
    }
    cells
}
