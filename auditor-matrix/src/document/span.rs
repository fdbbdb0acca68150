//! Expands cells that span columns and rows into plain rows.

use super::table_rows::{TableRow, TableRows};

/// A table that is filled cell by cell, from left to right.
#[derive(Debug)]
pub(super) struct Grid {
    n_columns: usize,
    rows: TableRows,
    /// Cells of the rows above that span into the row being filled, or further.
    from_above: Vec<SpanningCell>,
    /// Cells of the row being filled that span into the rows below.
    into_below: Vec<SpanningCell>,
    open: Option<TableRow>,
    /// How many cells of the row being filled were given, and how many of them head what is beside or below them.
    n_given: usize,
    n_headings: usize,
}

#[derive(Debug)]
struct SpanningCell {
    column: usize,
    rows_left: usize,
    text: String,
}

impl Grid {
    /// A cell spans no more than this many rows or columns; browsers have limits of the same order.
    pub(super) const MOST_SPAN: usize = 1000;

    /// A row ends after `n_columns` cells; with `usize::MAX` it ends only at [`Grid::end_row`].
    pub(super) fn new(n_columns: usize) -> Self {
        let n_columns = n_columns.max(1);
        Self {
            n_columns,
            rows: TableRows::default(),
            from_above: Vec::new(),
            into_below: Vec::new(),
            open: None,
            n_given: 0,
            n_headings: 0,
        }
    }

    /// Adds the next cell, which is one of a heading: a row of nothing else is a heading row.
    pub(super) fn push_heading(&mut self, line: usize, text: &str, columns: usize, rows: usize) {
        self.n_headings += 1;
        self.push(line, text, columns, rows);
    }

    /// Adds the next cell; its text is repeated in every row and column that it spans.
    pub(super) fn push(&mut self, line: usize, text: &str, columns: usize, rows: usize) {
        let row = self.open.get_or_insert_with(|| TableRow {
            line,
            is_heading: false,
            cells: Vec::new(),
        });
        self.n_given += 1;
        fill_from_above(&mut row.cells, &mut self.from_above);
        for _ in 0..columns.clamp(1, Self::MOST_SPAN) {
            if 1 < rows {
                let rows_left = rows.min(Self::MOST_SPAN) - 1;
                self.into_below.push(SpanningCell {
                    column: row.cells.len(),
                    rows_left,
                    text: text.to_owned(),
                });
            }
            row.cells.push(text.to_owned());
        }
        fill_from_above(&mut row.cells, &mut self.from_above);
        if self.n_columns <= row.cells.len() {
            self.end_row();
        }
    }

    /// Ends the row being filled, even if all its cells span from rows above.
    pub(super) fn end_row(&mut self) {
        if let Some(mut row) = self.open.take() {
            fill_from_above(&mut row.cells, &mut self.from_above);
            row.is_heading |= 0 < self.n_given && self.n_given == self.n_headings;
            self.rows.push(&row);
        }
        (self.n_given, self.n_headings) = (0, 0);
        self.from_above.retain(|cell| 0 < cell.rows_left);
        self.from_above.append(&mut self.into_below);
    }

    /// Starts a row that has no cell of its own yet.
    pub(super) fn start_row(&mut self, line: usize, is_heading: bool) {
        self.open = Some(TableRow {
            line,
            is_heading,
            cells: Vec::new(),
        });
    }

    /// Whether a row is being filled.
    pub(super) const fn is_in_row(&self) -> bool {
        self.open.is_some()
    }

    /// The first cell of the row that is being filled.
    pub(super) fn first_of_open_row(&self) -> Option<&str> {
        self.open.as_ref()?.cells.first().map(String::as_str)
    }

    /// The first cell of the first row that is complete.
    pub(super) fn first(&self) -> Option<&str> {
        self.rows.cells(0).next()
    }

    /// The rows so far; the grid goes on.
    pub(super) fn take_rows(&mut self) -> TableRows {
        std::mem::take(&mut self.rows)
    }

    pub(super) fn rows(mut self) -> TableRows {
        self.end_row();
        self.rows
    }
}

/// Inserts the cells that span from rows above into this row, at their columns.
fn fill_from_above(cells: &mut Vec<String>, from_above: &mut [SpanningCell]) {
    while let Some(cell) = from_above
        .iter_mut()
        .find(|cell| cell.column == cells.len() && 0 < cell.rows_left)
    {
        cell.rows_left -= 1;
        cells.push(cell.text.clone());
    }
}
