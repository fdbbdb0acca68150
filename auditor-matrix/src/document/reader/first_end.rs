//! The first column of a table, if it holds an end.

use crate::document::{column::Column, columns::Columns, end::Basis, table_rows::TableRow};

/// The end in the first column: an empty cell there stands for the one above it, as where a cell spans several rows.
pub(super) struct FirstEnd {
    is_first: bool,
    above: String,
}

impl FirstEnd {
    pub(super) fn of(columns: &Columns) -> Self {
        let is_first = [Column::Source, Column::Destination]
            .into_iter()
            .any(|end| columns.has_at(end, 0));
        Self {
            is_first: is_first && columns.has(Column::Source) && columns.has(Column::Destination),
            above: String::new(),
        }
    }

    pub(super) fn fill(&mut self, mut row: TableRow, columns: &Columns) -> (TableRow, Basis) {
        let mut basis = Basis::Given;
        let has_ports = columns
            .positions(Column::Port)
            .any(|index| row.cells.get(index).is_some_and(|cell| !cell.is_empty()));
        if let Some(first) = row.cells.first_mut().filter(|_| self.is_first && has_ports) {
            if first.is_empty() {
                first.clone_from(&self.above);
                basis = Basis::CellAbove;
            } else {
                self.above.clone_from(first);
            }
        }
        (row, basis)
    }
}
