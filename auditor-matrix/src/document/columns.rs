//! A table's columns: what each means, and the cells under it.

use super::{
    cell,
    column::{self, Column},
    endpoints,
    profile::Profile,
    row::Direction,
    table_rows::{TableRow, TableRows},
    text::some,
};

/// The rows of a table below its headings.
pub(super) struct Body<'a> {
    rows: &'a TableRows,
    n_headings: usize,
}

impl<'a> Body<'a> {
    pub(super) const fn new(rows: &'a TableRows, n_headings: usize) -> Self {
        Self { rows, n_headings }
    }

    pub(super) const fn len(&self) -> usize {
        self.rows.len().saturating_sub(self.n_headings)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = TableRow> {
        self.rows.iter().skip(self.n_headings)
    }

    /// The cells of every row, without line numbers.
    pub(super) fn cells(&self) -> impl Iterator<Item = impl Iterator<Item = &'a str>> {
        let rows = self.rows;
        (self.n_headings..rows.len()).map(|row| rows.cells(row))
    }

    fn column(&self, index: usize) -> impl Iterator<Item = &'a str> {
        self.cells().filter_map(move |mut cells| cells.nth(index))
    }
}

/// A table's columns, by position.
pub(super) struct Columns(Vec<Option<Column>>);

impl Columns {
    /// Determines the meaning of each column from its heading or, where the heading is unknown or ambiguous, from its cells.
    pub(super) fn new(head: &TableRow, body: &Body<'_>) -> Self {
        let mut columns: Vec<Option<Column>> = head
            .cells
            .iter()
            .map(|heading| column::column(heading))
            .collect();
        let n_protocols = columns
            .iter()
            .filter(|column| **column == Some(Column::Protocol))
            .count();
        for (index, (column, heading)) in columns.iter_mut().zip(&head.cells).enumerate() {
            let cells = || body.column(index).filter(|cell| !cell.is_empty());
            // A column headed "Type" holds the protocol only if no other column does.
            if *column == Some(Column::Protocol)
                && 1 < n_protocols
                && heading.trim().eq_ignore_ascii_case("type")
            {
                *column = Some(Column::Service);
            }
            if column.is_some() || cells().next().is_none() {
                continue;
            }
            let names_direction =
                |cell: &str| cell::direction(cell).is_some() || endpoints::arrow(cell).is_some();
            let named = |cell: &str| cell::transports(cell);
            let direction = cell::direction(heading).filter(|_| {
                cells().all(|cell| cell::required(cell).is_some() || some(cell).is_none())
            });
            if let Some(direction) = direction {
                *column = match direction {
                    Direction::Inbound => Some(Column::InboundMark),
                    Direction::Outbound => Some(Column::OutboundMark),
                    Direction::Both => None,
                };
            } else if cells().all(names_direction) {
                *column = Some(Column::Direction);
            } else if n_protocols == 0
                && cells().all(|cell| named(cell).is_some())
                && cells().any(|cell| named(cell).is_some_and(|named| !named.inferred))
            {
                *column = Some(Column::Protocol);
            }
        }
        Self(columns)
    }

    /// The same columns, but for those of which the profile says what they hold.
    pub(super) fn chosen(mut self, head: &TableRow, profile: &Profile) -> Self {
        for (column, heading) in self.0.iter_mut().zip(&head.cells) {
            if let Some(meaning) = profile.column(heading) {
                *column = column::chosen(meaning);
            }
        }
        self
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.0.contains(&Some(column))
    }

    /// The text of the cells under `column`, joined where several columns mean the same.
    pub(super) fn cell(&self, row: &TableRow, column: Column) -> Option<String> {
        let cells: Vec<&str> = self
            .0
            .iter()
            .zip(&row.cells)
            .filter(|(meaning, cell)| **meaning == Some(column) && !cell.is_empty())
            .map(|(_, cell)| cell.as_str())
            .collect();
        some(&cells.join(" "))
    }

    /// The headings that were not recognised.
    pub(super) fn unknown<'a>(&self, head: &'a TableRow) -> Vec<&'a str> {
        head.cells
            .iter()
            .zip(&self.0)
            .filter(|(heading, meaning)| meaning.is_none() && !heading.is_empty())
            .map(|(heading, _)| heading.as_str())
            .collect()
    }

    /// The direction that a row gives in its yes-or-no columns for inbound and outbound traffic.
    pub(super) fn marked(&self, row: &TableRow) -> Option<Direction> {
        let is_marked = |column| {
            self.cell(row, column)
                .as_deref()
                .and_then(cell::required)
                .unwrap_or_default()
        };
        match (
            is_marked(Column::InboundMark),
            is_marked(Column::OutboundMark),
        ) {
            (true, true) => Some(Direction::Both),
            (true, false) => Some(Direction::Inbound),
            (false, true) => Some(Direction::Outbound),
            (false, false) => None,
        }
    }

    /// The direction of a table with a column for one endpoint only: its rows are about the other endpoint, so a lone
    /// `Source` column means inbound and a lone `Destination` column outbound.
    pub(super) fn one_sided(&self) -> Option<Direction> {
        match (self.has(Column::Source), self.has(Column::Destination)) {
            (true, false) => Some(Direction::Inbound),
            (false, true) => Some(Direction::Outbound),
            (true, true) | (false, false) => None,
        }
    }

    /// The text of all port columns, joined by direction. If a heading starts with a transport, as in `TCP port`, the
    /// transport is put in front of the cell's text.
    pub(super) fn ports(
        &self,
        head: &TableRow,
        row: &TableRow,
    ) -> Vec<(Option<Direction>, String)> {
        let mut by_direction: Vec<(Option<Direction>, String)> = Vec::new();
        for ((meaning, heading), cell) in self.0.iter().zip(&head.cells).zip(&row.cells) {
            if *meaning != Some(Column::Port) || some(cell).is_none() {
                continue;
            }
            let direction = cell::direction(heading);
            let lead = heading
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_lowercase();
            let is_transport = matches!(lead.as_str(), "tcp" | "udp" | "sctp");
            let text = if is_transport {
                format!("{lead} {cell}")
            } else {
                cell.clone()
            };
            match by_direction
                .iter_mut()
                .find(|(known, _)| *known == direction)
            {
                Some((_, together)) => together.extend([", ", &text]),
                None => by_direction.push((direction, text)),
            }
        }
        by_direction
    }
}
