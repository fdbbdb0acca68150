//! Cells that reach over several columns and rows to plain rows.

use super::table_rows::{TableRow, TableRows};

/// A table that is filled cell by cell, from left to right.
#[derive(Debug)]
pub(super) struct Grid {
    n_columns: usize,
    rows: TableRows,
    /// Cells from above that reach into the row that is being filled, and further.
    hanging: Vec<Hanging>,
    /// Cells of the row that is being filled that reach further down.
    started: Vec<Hanging>,
    open: Option<TableRow>,
}

#[derive(Debug)]
struct Hanging {
    column: usize,
    rows_left: usize,
    text: String,
}

impl Grid {
    /// A cell spans no more than this many rows or columns; browsers have limits of the same order.
    pub(super) const MOST: usize = 1000;

    /// `n_columns` ends a row; `usize::MAX` leaves that to [`Grid::end_row`].
    pub(super) fn new(n_columns: usize) -> Self {
        let n_columns = n_columns.max(1);
        Self {
            n_columns,
            rows: TableRows::default(),
            hanging: Vec::new(),
            started: Vec::new(),
            open: None,
        }
    }

    /// Adds the next cell. Each place that it covers gets its text.
    pub(super) fn push(&mut self, line: usize, text: &str, columns: usize, rows: usize) {
        let row = self.open.get_or_insert_with(|| TableRow {
            line,
            is_heading: false,
            cells: Vec::new(),
        });
        fill(&mut row.cells, &mut self.hanging);
        for _ in 0..columns.clamp(1, Self::MOST) {
            if 1 < rows {
                let rows_left = rows.min(Self::MOST) - 1;
                self.started.push(Hanging {
                    column: row.cells.len(),
                    rows_left,
                    text: text.to_owned(),
                });
            }
            row.cells.push(text.to_owned());
        }
        fill(&mut row.cells, &mut self.hanging);
        if self.n_columns <= row.cells.len() {
            self.end_row();
        }
    }

    /// Ends the row that is being filled; a row of which all cells come from above is one too.
    pub(super) fn end_row(&mut self) {
        if let Some(mut row) = self.open.take() {
            fill(&mut row.cells, &mut self.hanging);
            self.rows.push(&row);
        }
        self.hanging.retain(|cell| 0 < cell.rows_left);
        self.hanging.append(&mut self.started);
    }

    /// Starts a row that has no cell of its own yet.
    pub(super) fn start_row(&mut self, line: usize, is_heading: bool) {
        self.open = Some(TableRow {
            line,
            is_heading,
            cells: Vec::new(),
        });
    }

    pub(super) fn rows(mut self) -> TableRows {
        self.end_row();
        self.rows
    }
}

/// Puts the cells that hang into this row where they belong.
fn fill(cells: &mut Vec<String>, hanging: &mut [Hanging]) {
    while let Some(cell) = hanging
        .iter_mut()
        .find(|cell| cell.column == cells.len() && 0 < cell.rows_left)
    {
        cell.rows_left -= 1;
        cells.push(cell.text.clone());
    }
}
