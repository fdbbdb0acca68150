//! Lines of plain Markdown that are parsed together, and where they stand in the page.

use std::borrow::Cow;

use super::Line;

/// The lines so far. As long as they are consecutive lines of the page they are not copied.
#[derive(Default)]
pub(super) enum Chunk<'a> {
    #[default]
    Empty,
    Slice {
        start: usize,
        end: usize,
        first: usize,
    },
    Lines {
        text: String,
        lines: Vec<usize>,
        _page: std::marker::PhantomData<&'a str>,
    },
}

/// The line of the page of each line of a chunk.
pub(super) enum LineMap {
    From(usize),
    Lines(Vec<usize>),
}

impl LineMap {
    pub(super) fn of(&self, line: usize) -> usize {
        match self {
            Self::From(first) => first + line.saturating_sub(1),
            Self::Lines(lines) => {
                let index = line.saturating_sub(1).min(lines.len().saturating_sub(1));
                lines.get(index).copied().unwrap_or(1)
            }
        }
    }
}

impl<'a> Chunk<'a> {
    /// Adds a line of the page, whose text may differ from what stands there.
    pub(super) fn push(&mut self, page: &'a str, line: Line<'a>, text: &str) {
        let is_as_it_stands = line.whole.trim_end_matches(['\n', '\r']) == text;
        match self {
            Self::Empty if is_as_it_stands => {
                *self = Self::Slice {
                    start: line.start,
                    end: line.start + line.whole.len(),
                    first: line.number,
                };
                return;
            }
            Self::Slice { end, .. } if is_as_it_stands && *end == line.start => {
                *end += line.whole.len();
                return;
            }
            Self::Empty | Self::Slice { .. } | Self::Lines { .. } => {}
        }
        if let Self::Slice { start, end, first } = *self {
            let text = page.get(start..end).unwrap_or_default().to_owned();
            let n_lines = text.split_inclusive('\n').count();
            *self = Self::Lines {
                text,
                lines: (first..first + n_lines).collect(),
                _page: std::marker::PhantomData,
            };
        } else if matches!(self, Self::Empty) {
            *self = Self::Lines {
                text: String::new(),
                lines: Vec::new(),
                _page: std::marker::PhantomData,
            };
        }
        if let Self::Lines {
            text: all, lines, ..
        } = self
        {
            if !all.is_empty() && !all.ends_with('\n') {
                all.push('\n');
            }
            all.push_str(text);
            all.push('\n');
            lines.push(line.number);
        }
    }

    pub(super) fn finish(self, page: &'a str) -> Option<(Cow<'a, str>, LineMap)> {
        match self {
            Self::Empty => None,
            Self::Slice { start, end, first } => Some((
                Cow::Borrowed(page.get(start..end).unwrap_or_default()),
                LineMap::From(first),
            )),
            Self::Lines { text, lines, .. } => Some((Cow::Owned(text), LineMap::Lines(lines))),
        }
    }
}

/// The first two lines of a table.
#[derive(Clone, Copy)]
pub(super) struct TableHead<'a> {
    pub(super) head: Line<'a>,
    pub(super) delimiters: Line<'a>,
}

impl<'a> TableHead<'a> {
    /// The head that ends with this line, if it is a row of dashes.
    pub(super) fn new(previous: Option<Line<'a>>, line: Line<'a>) -> Option<Self> {
        let head = previous.filter(|head| head.text.contains('|'))?;
        is_delimiter_row(line.text).then_some(Self {
            head,
            delimiters: line,
        })
    }

    /// Whether a line has as many cells as the table has columns.
    pub(super) fn is_like(&self, row: &str) -> bool {
        n_cells(row) == n_cells(self.head.text)
    }

    /// A row of dashes with as many cells as the headings, if the page's has more or fewer, and the first row of the body
    /// goes with the headings: a cell too many would make text of the table.
    pub(super) fn mended_delimiters(&self, first_row: Option<&str>) -> Option<String> {
        let n_columns = n_cells(self.head.text);
        let goes_with_head =
            first_row.is_some_and(|row| row.contains('|') && n_cells(row) == n_columns);
        (n_cells(self.delimiters.text) != n_columns && goes_with_head)
            .then(|| format!("|{}", " --- |".repeat(n_columns)))
    }
}

/// Whether a line is the row of dashes below the headings of a table.
pub(in super::super) fn is_delimiter_row(text: &str) -> bool {
    let text = text.trim();
    text.contains('-')
        && text.contains('|')
        && text
            .bytes()
            .all(|byte| matches!(byte, b'|' | b'-' | b':' | b' ' | b'\t'))
}

/// How many cells a row has, with its outer bars or without.
pub(in super::super) fn n_cells(row: &str) -> usize {
    let row = row.trim();
    let row = row.strip_prefix('|').unwrap_or(row);
    let row = row.strip_suffix('|').unwrap_or(row);
    1 + row.matches('|').count() - row.matches("\\|").count()
}
