//! The rows of a table below its headings.

use crate::document::table_rows::{TableRow, TableRows};

/// The rows of a table below its headings.
pub(in crate::document) struct Body<'a> {
    rows: &'a TableRows,
    n_headings: usize,
}

impl<'a> Body<'a> {
    pub(in crate::document) const fn new(rows: &'a TableRows, n_headings: usize) -> Self {
        Self { rows, n_headings }
    }

    pub(in crate::document) const fn len(&self) -> usize {
        self.rows.len().saturating_sub(self.n_headings)
    }

    pub(in crate::document) fn rows(&self) -> impl Iterator<Item = TableRow> {
        self.rows.iter().skip(self.n_headings)
    }

    /// The cells of every row, without line numbers.
    pub(in crate::document) fn cells(&self) -> impl Iterator<Item = impl Iterator<Item = &'a str>> {
        let rows = self.rows;
        (self.n_headings..rows.len()).map(|row| rows.cells(row))
    }

    pub(in crate::document) fn column(&self, index: usize) -> impl Iterator<Item = &'a str> {
        self.cells().filter_map(move |mut cells| cells.nth(index))
    }
}
