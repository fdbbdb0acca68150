//! Reads AsciiDoc into blocks: headings, tables, paragraphs and items of lists.

mod markup;

use std::sync::LazyLock;

use regex::Regex;

use self::markup::plain;
use crate::document::{
    block::{Block, Content},
    span::Grid,
    text::regex,
};

pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut reader = Reader::default();
    for (line, text) in (1..).zip(text.lines()) {
        reader.line(line, text);
    }
    reader.end_table();
    reader.end_paragraph();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    paragraph: Option<(usize, String)>,
    table: Option<Table>,
    /// The attribute list that stands above the next block.
    attributes: String,
    /// The closing delimiter of the listing or comment that is being skipped: its lines are no prose.
    verbatim: Option<String>,
}

/// A table whose closing delimiter was not read yet.
struct Table {
    line: usize,
    attributes: String,
    /// The delimiter that closes it: `|===` or `!===` and the like.
    delimiter: String,
    /// Cells that are not in the grid yet: the text of the last may continue on the next line, and the first line of cells
    /// may give the number of columns.
    cells: Vec<Cell>,
    n_cells: usize,
    grid: Option<Grid>,
    /// The number of cells on the first line that has any; 0 before that line.
    n_first: usize,
    /// An empty line follows the first line of cells, which makes that line the heading row.
    is_first_apart: bool,
}

struct Cell {
    line: usize,
    text: String,
    columns: usize,
    rows: usize,
    times: usize,
}

impl Table {
    /// Moves complete cells into the grid: all but the last `n_open`, whose text may continue on the next line.
    fn fill_grid(&mut self, n_open: usize) {
        let in_first_line = || {
            self.cells
                .iter()
                .map(|cell| cell.columns * cell.times)
                .sum()
        };
        let grid = self.grid.get_or_insert_with(|| {
            Grid::new(columns(&self.attributes).unwrap_or_else(in_first_line))
        });
        for cell in self.cells.drain(..self.cells.len().saturating_sub(n_open)) {
            let text = plain(&cell.text);
            for _ in 0..cell.times.min(Grid::MOST_SPAN) {
                grid.push(cell.line, &text, cell.columns, cell.rows);
            }
        }
    }
}

/// The pipe that starts a cell, with the specifier before it: span, repetition, alignment, style.
static CELL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?:^|\s)(?:(?P<columns>\d+)?(?:\.(?P<rows>\d+))?(?P<kind>[+*]))?[<^>]?(?:\.[<^>])?[adehlmsv]?\|",
    )
});

impl Reader {
    fn line(&mut self, line: usize, text: &str) {
        let trimmed = text.trim();
        if let Some(delimiter) = &self.verbatim {
            if trimmed == delimiter {
                self.verbatim = None;
            }
            return;
        }
        if self.table.is_some() {
            self.table_line(line, trimmed);
            return;
        }
        if is_delimiter(trimmed, "|,:!") {
            self.end_paragraph();
            self.table = Some(Table {
                line,
                attributes: std::mem::take(&mut self.attributes),
                delimiter: trimmed.to_owned(),
                cells: Vec::new(),
                n_cells: 0,
                grid: None,
                n_first: 0,
                is_first_apart: false,
            });
        } else if ["----", "....", "////", "++++", "```"]
            .iter()
            .any(|start| trimmed.starts_with(start))
        {
            self.end_paragraph();
            self.verbatim = Some(trimmed.to_owned());
        } else if trimmed.is_empty() {
            self.end_paragraph();
        } else if let Some((level, title)) = heading(text) {
            self.end_paragraph();
            self.blocks.push(Block {
                line,
                content: Content::Heading {
                    level,
                    text: plain(title),
                },
            });
        } else if trimmed.starts_with('[') && trimmed.ends_with(']') {
            self.end_paragraph();
            self.attributes.push_str(trimmed);
        } else if let Some(title) = block_title(trimmed) {
            self.end_paragraph();
            self.blocks.push(Block {
                line,
                content: Content::Caption(plain(title)),
            });
        } else if is_meta(trimmed) {
            self.end_paragraph();
        } else if let Some(item) = item(trimmed) {
            self.end_paragraph();
            self.paragraph = Some((line, item.to_owned()));
        } else {
            let (_, paragraph) = self.paragraph.get_or_insert_with(|| (line, String::new()));
            paragraph.push(' ');
            paragraph.push_str(trimmed);
        }
    }

    fn end_paragraph(&mut self) {
        if let Some((line, text)) = self.paragraph.take() {
            self.attributes.clear();
            self.blocks.push(Block {
                line,
                content: Content::Text(plain(&text)),
            });
        }
    }

    fn table_line(&mut self, line: usize, text: &str) {
        let Some(table) = &mut self.table else { return };
        if text == table.delimiter {
            self.end_table();
            return;
        }
        if text.is_empty() {
            table.is_first_apart |= table.n_first != 0 && table.n_cells == table.n_first;
            return;
        }
        if text.starts_with("//") {
            return;
        }
        // A pipe with a backslash before it is text.
        let text = text.replace("\\|", "\u{1}");
        let mut end_of_last = 0;
        for mark in CELL.captures_iter(&text) {
            let Some(whole) = mark.get(0) else { continue };
            append(
                table,
                text.get(end_of_last..whole.start()).unwrap_or_default(),
            );
            let number = |name| {
                mark.name(name)
                    .and_then(|number| number.as_str().parse().ok())
                    .unwrap_or(1_usize)
            };
            let is_repeated = mark.name("kind").is_some_and(|kind| kind.as_str() == "*");
            table.n_cells += 1;
            table.cells.push(Cell {
                line,
                text: String::new(),
                columns: if is_repeated { 1 } else { number("columns") },
                rows: number("rows"),
                times: if is_repeated { number("columns") } else { 1 },
            });
            end_of_last = whole.end();
        }
        append(table, text.get(end_of_last..).unwrap_or_default());
        if table.n_first == 0 {
            table.n_first = table.n_cells;
        }
        if table.n_first != 0 {
            table.fill_grid(1);
        }
    }

    fn end_table(&mut self) {
        let Some(mut table) = self.table.take() else {
            return;
        };
        table.fill_grid(0);
        let has_heading = table.is_first_apart || table.attributes.contains("header");
        let mut rows = table.grid.map(Grid::rows).unwrap_or_default();
        rows.set_heading(has_heading);
        self.blocks.push(Block {
            line: table.line,
            content: Content::Table(Box::new(rows)),
        });
    }
}

fn append(table: &mut Table, text: &str) {
    if let Some(cell) = table.cells.last_mut() {
        cell.text.push(' ');
        cell.text.push_str(&text.replace('\u{1}', "|"));
    }
}

/// A table's delimiter: one of `marks` and three equals signs or more.
fn is_delimiter(text: &str, marks: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| marks.contains(first))
        && 4 <= text.len()
        && characters.all(|character| character == '=')
}

/// `== Title`: the number of equals signs is the level. Markdown's `#` is accepted too.
fn heading(text: &str) -> Option<(u8, &str)> {
    let marks = text
        .chars()
        .take_while(|character| *character == '=')
        .count();
    let marks = if marks == 0 {
        text.chars()
            .take_while(|character| *character == '#')
            .count()
    } else {
        marks
    };
    let title = text.get(marks..)?.strip_prefix(' ')?;
    let level = u8::try_from(marks)
        .ok()
        .filter(|level| (1..=6).contains(level))?;
    Some((level, title.trim().trim_end_matches('=').trim()))
}

/// `.Title` above a block.
fn block_title(text: &str) -> Option<&str> {
    let title = text.strip_prefix('.')?;
    (!title.starts_with(['.', ' ']) && !title.is_empty()).then_some(title)
}

/// Whether a line is markup without text: an attribute entry, a comment, a macro, a condition, a list continuation or a
/// block delimiter.
fn is_meta(text: &str) -> bool {
    let is_entry = text.starts_with(':') && text.get(1..).is_some_and(|rest| rest.contains(':'));
    let is_macro = [
        "include::",
        "ifdef::",
        "ifndef::",
        "endif::",
        "ifeval::",
        "image::",
        "toc::",
    ];
    let is_frame = 4 <= text.len()
        && ["=", "*", "_"].iter().any(|mark| {
            text.trim_matches(mark.chars().next().unwrap_or_default())
                .is_empty()
        });
    is_entry
        || text.starts_with("//")
        || text == "+"
        || is_frame
        || is_macro.iter().any(|name| text.starts_with(name))
}

fn item(text: &str) -> Option<&str> {
    let (mark, rest) = text.split_once(' ')?;
    let is_bullet = !mark.is_empty()
        && (mark.chars().all(|c| c == '*') || mark == "-" || mark.chars().all(|c| c == '.'));
    let is_number = mark
        .strip_suffix('.')
        .is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()));
    (is_bullet || is_number).then_some(rest)
}

/// The number of columns that `cols` gives: `cols="1,2"`, `cols=3*`, `cols="2*,3"`.
fn columns(attributes: &str) -> Option<usize> {
    let value = attributes.split("cols=").nth(1)?;
    let value = match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next(),
        None => value.split([',', ']']).next(),
    }?;
    let count = value
        .split([',', ';'])
        .map(|column| match column.trim().split_once('*') {
            Some((times, _)) => times.parse().unwrap_or(1_usize).min(Grid::MOST_SPAN),
            None => 1,
        })
        .sum();
    Some(count)
}

#[cfg(test)]
mod tests;
