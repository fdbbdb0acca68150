//! Tables: cells after bars, data separated by commas or colons, and tables inside cells.

use super::{
    super::csv,
    attributes::Attributes,
    cell::{self, CellStart},
    markup::plain,
};
use crate::document::{
    block::{Block, Content},
    span::Grid,
    table_rows::{TableRow, TableRows},
};

/// A table whose closing delimiter was not read yet.
pub(super) struct Table {
    line: usize,
    attributes: String,
    /// The delimiter that closes it: `|===` or `!===` and the like.
    delimiter: String,
    /// What starts a cell.
    separator: char,
    /// The lines of a table of data, and the number of the first.
    data: Option<(usize, String)>,
    /// Cells that are not in the grid yet: the text of the last may continue on the next line, and the first line of cells
    /// may give the number of columns.
    cells: Vec<Cell>,
    n_cells: usize,
    grid: Option<Grid>,
    /// The number of cells on the first line that has any; 0 before that line.
    n_first: usize,
    /// An empty line follows the first line of cells, which makes that line the heading row.
    is_first_apart: bool,
    /// The table that is being read inside the last cell.
    nested: Option<Box<Self>>,
    /// What stands before this table: the tables inside its cells.
    before: Vec<Block>,
    /// The heading row, once the table was cut.
    heading: Option<TableRow>,
}

struct Cell {
    line: usize,
    text: String,
    start: CellStart,
}

impl Table {
    pub(super) fn new(line: usize, attributes: String, delimiter: &str) -> Self {
        let first = delimiter.chars().next().unwrap_or('|');
        let named = cell::named(&attributes, "separator").map(|name| match name {
            "\\t" => '\t',
            name => name.chars().next().unwrap_or(first),
        });
        let format = cell::named(&attributes, "format").unwrap_or(match first {
            ',' => "csv",
            ':' => "dsv",
            _ => "psv",
        });
        let separator = named.unwrap_or(match format {
            "csv" => ',',
            "dsv" => ':',
            "tsv" => '\t',
            _ => first,
        });
        let data = matches!(format, "csv" | "dsv" | "tsv").then(|| (line + 1, String::new()));
        Self {
            line,
            attributes,
            delimiter: delimiter.to_owned(),
            separator,
            data,
            cells: Vec::new(),
            n_cells: 0,
            grid: None,
            n_first: 0,
            is_first_apart: false,
            nested: None,
            before: Vec::new(),
            heading: None,
        }
    }

    /// Takes a line; true if it closes the table.
    pub(super) fn line(&mut self, line: usize, text: &str, attributes: &Attributes) -> bool {
        if let Some(nested) = &mut self.nested {
            if nested.line(line, text, attributes)
                && let Some(nested) = self.nested.take()
            {
                self.end_nested(*nested, attributes);
            }
            return false;
        }
        if text == self.delimiter {
            return true;
        }
        if let Some((_, data)) = &mut self.data {
            if data.is_empty() {
                self.data = Some((line, format!("{text}\n")));
            } else {
                self.is_first_apart |= text.is_empty() && !data.trim_end().contains('\n');
                data.push_str(text);
                data.push('\n');
            }
            return false;
        }
        if text.is_empty() {
            self.is_first_apart |= self.n_first != 0 && self.n_cells == self.n_first;
            if let Some(cell) = self.cells.last_mut() {
                cell.text.push_str("\n\n");
            }
            return false;
        }
        if text.starts_with("//") && !text.starts_with("///") {
            return false;
        }
        if self.separator != '!' && is_delimiter(text, "!") && !self.cells.is_empty() {
            let above = self
                .cells
                .last_mut()
                .map(Cell::take_attributes)
                .unwrap_or_default();
            self.nested = Some(Box::new(Self::new(line, above, text)));
            return false;
        }
        self.cells_of(line, text, attributes);
        false
    }

    fn cells_of(&mut self, line: usize, text: &str, attributes: &Attributes) {
        for (part, next) in cell::parts(text, self.separator) {
            if let Some(cell) = self.cells.last_mut() {
                cell.text.push('\n');
                cell.text.push_str(&part);
            }
            if let Some(start) = next {
                self.n_cells += 1;
                self.cells.push(Cell {
                    line,
                    text: String::new(),
                    start,
                });
            }
        }
        if self.n_first == 0 {
            self.n_first = self.n_cells;
        }
        if self.n_first != 0 {
            self.fill_grid(1, attributes);
        }
    }

    /// Moves complete cells into the grid: all but the last `n_open`, whose text may continue on the next line.
    fn fill_grid(&mut self, n_open: usize, attributes: &Attributes) {
        let in_first_line = || {
            self.cells
                .iter()
                .map(|cell| cell.start.columns * cell.start.times)
                .sum()
        };
        let grid = self.grid.get_or_insert_with(|| {
            Grid::new(cell::columns(&self.attributes).unwrap_or_else(in_first_line))
        });
        for cell in self.cells.drain(..self.cells.len().saturating_sub(n_open)) {
            let text = cell::text(&cell.text, attributes);
            for _ in 0..cell.start.times.min(Grid::MOST_SPAN) {
                let CellStart { columns, rows, .. } = cell.start;
                if cell.start.is_heading {
                    grid.push_heading(cell.line, &text, columns, rows);
                } else {
                    grid.push(cell.line, &text, columns, rows);
                }
            }
        }
    }

    /// A table inside a cell stands before this one. It is about the first cell of the row, which its rows have as their own first
    /// cell where headings say what both hold.
    fn end_nested(&mut self, nested: Self, attributes: &Attributes) {
        let subject = self
            .grid
            .as_ref()
            .and_then(Grid::first_of_open_row)
            .filter(|subject| !subject.is_empty() && subject.split(' ').count() <= SUBJECT_WORDS)
            .map(str::to_owned);
        let heading = self
            .grid
            .as_ref()
            .and_then(Grid::first)
            .filter(|heading| self.has_heading() && !heading.is_empty())
            .map(str::to_owned);
        let line = nested.line;
        let mut blocks = nested.blocks(attributes);
        if let Some(subject) = subject {
            let joined = heading.is_some_and(|heading| {
                blocks
                    .iter_mut()
                    .any(|block| is_headed_by(&mut block.content, &heading, &subject))
            });
            if !joined {
                self.before.push(Block {
                    line,
                    content: Content::Caption(subject),
                });
            }
        }
        self.before.extend(blocks);
    }

    fn has_heading(&self) -> bool {
        let options = self.attributes.replace("noheader", "");
        options.contains("header") || self.is_first_apart && options == self.attributes
    }

    /// Ends the rows so far as a table of their own, and goes on with the same headings.
    pub(super) fn cut(&mut self) -> Option<Block> {
        let has_heading = self.has_heading();
        // The cell that is open is complete at a border.
        self.fill_grid(0, &Attributes::default());
        let grid = self.grid.as_mut()?;
        if grid.is_in_row() {
            return None;
        }
        let rows = grid.take_rows();
        let rows = with_heading(self.heading.as_ref(), rows, has_heading);
        let first = rows.get(0)?;
        let n_rows = rows.len();
        self.heading = has_heading.then_some(first);
        (usize::from(has_heading) < n_rows).then(|| Block {
            line: self.line,
            content: Content::Table(Box::new(rows)),
        })
    }

    /// The blocks of a table that ends.
    pub(super) fn blocks(mut self, attributes: &Attributes) -> Vec<Block> {
        if let Some(nested) = self.nested.take() {
            self.end_nested(*nested, attributes);
        }
        let has_heading = self.has_heading();
        let mut blocks = std::mem::take(&mut self.before);
        let rows = if let Some((first, data)) = &self.data {
            let delimiter = u8::try_from(self.separator).unwrap_or(b',');
            let mut rows = TableRows::default();
            for mut row in csv::rows(data, delimiter) {
                row.line += first - 1;
                for text in &mut row.cells {
                    *text = plain(&attributes.replaced(text));
                }
                rows.push(&row);
            }
            rows.set_heading(has_heading);
            rows
        } else {
            self.fill_grid(0, attributes);
            let rows = self.grid.take().map(Grid::rows).unwrap_or_default();
            with_heading(self.heading.as_ref(), rows, has_heading)
        };
        // Nothing stands below the headings of a table that was cut at its end.
        let is_over = self.heading.is_some() && rows.len() <= 1;
        if !is_over {
            blocks.push(Block {
                line: self.line,
                content: Content::Table(Box::new(rows)),
            });
        }
        blocks
    }
}

impl Cell {
    /// The attribute list with which the text so far ends: it is about the table below.
    fn take_attributes(&mut self) -> String {
        let trimmed = self.text.trim_end();
        let start = trimmed.rfind('\n').map_or(0, |at| at + 1);
        let last = trimmed.get(start..).unwrap_or_default().trim().to_owned();
        if last.starts_with('[') && last.ends_with(']') {
            self.text.truncate(start);
            return last;
        }
        String::new()
    }
}

/// Puts a column before those of a table that has headings; whether it has.
fn is_headed_by(content: &mut Content, heading: &str, subject: &str) -> bool {
    let Content::Table(rows) = content else {
        return false;
    };
    let has_headings = rows.get(0).is_some_and(|first| first.is_heading);
    if has_headings {
        let mut all = TableRows::default();
        for mut row in rows.iter() {
            let first = if row.is_heading { heading } else { subject };
            row.cells.insert(0, first.to_owned());
            all.push(&row);
        }
        **rows = all;
    }
    has_headings
}

/// The rows below the headings of a table that was cut.
fn with_heading(heading: Option<&TableRow>, rows: TableRows, has_heading: bool) -> TableRows {
    let Some(heading) = heading else {
        let mut rows = rows;
        let is_marked = rows.get(0).is_some_and(|first| first.is_heading);
        rows.set_heading(has_heading || is_marked);
        return rows;
    };
    let mut all = TableRows::default();
    all.push(heading);
    for row in rows.iter() {
        all.push(&row);
    }
    all.set_heading(true);
    all
}

/// A cell of more words is no name.
const SUBJECT_WORDS: usize = 9;

/// A table's delimiter: one of `marks` and three equals signs or more.
pub(super) fn is_delimiter(text: &str, marks: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| marks.contains(first))
        && 4 <= text.len()
        && characters.all(|character| character == '=')
}
