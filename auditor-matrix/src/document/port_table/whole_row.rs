//! What cells of a row say together of all its ports.

use super::{PortTable, cells::Cells};
use crate::document::{cell, column::Column, row::Direction, table_rows::TableRow};

impl PortTable<'_> {
    /// Of several columns `Required for A`, `Required for B`: the cell that requires the port, or else the first.
    pub(super) fn required_for_any(&self, row: &TableRow) -> Option<String> {
        let mut columns = self.columns.positions(Column::Required).filter(|index| {
            self.head
                .cells
                .get(*index)
                .is_some_and(|heading| heading.to_lowercase().starts_with("required for "))
        });
        let all: Vec<&String> = columns
            .by_ref()
            .filter_map(|index| row.cells.get(index))
            .collect();
        let requires = |cell: &&&String| {
            let first = cell.split(' ').next().unwrap_or_default();
            cell::required(first) == Some(true)
        };
        (1 < all.len())
            .then(|| all.iter().find(requires).or(all.first()))
            .flatten()
            .map(|cell| (**cell).clone())
    }

    /// The direction that the row's own cells give.
    pub(super) fn given_direction(&self, row: &TableRow) -> Option<Direction> {
        self.columns
            .cell(row, Column::Direction)
            .as_deref()
            .and_then(cell::direction)
            .or_else(|| self.columns.marked(row))
            .or(self.context.direction)
    }

    /// Both directions, where the headings say so and the row names no end.
    pub(super) fn either_way(&self, cells: &Cells) -> Option<Direction> {
        let is_open = cells.source.is_none() && cells.destination.is_none();
        let is_meant = self.context.is_either_way && !self.context.is_within_role;
        (is_open && is_meant && !self.columns.has_an_end()).then_some(Direction::Both)
    }
}
