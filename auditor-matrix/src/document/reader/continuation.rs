//! Tables that go on where one above broke off: where a page ended, its next row stands in the place of the headings.

use std::sync::Arc;

use crate::document::{
    cell,
    column::{self, Column},
    columns::Columns,
    ports,
    table_rows::{TableRow, TableRows},
};

/// The last table of a section whose ports were read.
pub(super) struct TableAbove {
    section: Option<Arc<str>>,
    head: TableRow,
    ports: Vec<usize>,
    protocols: Vec<usize>,
}

impl TableAbove {
    /// `None` for a table whose headings do not say where its ports are.
    pub(super) fn of(
        section: Option<Arc<str>>,
        head: &TableRow,
        columns: &Columns,
    ) -> Option<Self> {
        let ports: Vec<usize> = columns.positions(Column::Port).collect();
        let is_headed = ports.iter().all(|index| {
            let heading = head.cells.get(*index).map_or("", String::as_str);
            column::column(heading) == Some(Column::Port)
        });
        (is_headed && !ports.is_empty()).then(|| Self {
            section,
            head: head.clone(),
            ports,
            protocols: columns.positions(Column::Protocol).collect(),
        })
    }

    /// A table of the same section below the headings of this one, if its first row is one of ports as those of this one are.
    pub(super) fn goes_on(
        &self,
        rows: &TableRows,
        section: Option<&Arc<str>>,
    ) -> Option<TableRows> {
        let first = rows.get(0)?;
        let text = |index: &usize| first.cells.get(*index).map_or("", String::as_str);
        let is_port = |index: &usize| {
            column::column(text(index)).is_none() && !ports::ports(text(index)).groups.is_empty()
        };
        let is_protocol =
            |index: &usize| text(index).is_empty() || cell::transports(text(index)).is_some();
        let goes_on = self.section.as_ref() == section
            && first.cells.len() == self.head.cells.len()
            && self.ports.iter().all(is_port)
            && self.protocols.iter().all(is_protocol);
        if !goes_on {
            return None;
        }
        let mut whole = TableRows::default();
        whole.push(&TableRow {
            line: first.line,
            is_heading: true,
            cells: self.head.cells.clone(),
        });
        for mut row in rows.iter() {
            row.is_heading = false;
            whole.push(&row);
        }
        Some(whole)
    }
}
