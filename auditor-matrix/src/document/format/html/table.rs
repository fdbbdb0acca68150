//! A table that is being read, with its open row and cell.

use super::{super::separator::joined, tag::Tag};
use crate::document::span::Grid;

pub(super) struct Table {
    pub(super) line: usize,
    pub(super) grid: Grid,
    /// The row that is being read: its line and its cells so far.
    row: Option<(usize, Vec<Cell>)>,
    pub(super) cell: Option<Cell>,
    pub(super) caption: String,
    pub(super) is_caption: bool,
    /// Inside `thead`, whose rows are heading rows whatever their cells are.
    is_head: bool,
    /// Its first row was a heading row.
    has_heading: bool,
    n_rows: usize,
}

pub(super) struct Cell {
    pub(super) text: String,
    is_heading: bool,
    columns: usize,
    rows: usize,
}

impl Table {
    pub(super) fn new(line: usize) -> Self {
        Self {
            line,
            grid: Grid::new(usize::MAX),
            row: None,
            cell: None,
            caption: String::new(),
            is_caption: false,
            is_head: false,
            has_heading: false,
            n_rows: 0,
        }
    }

    pub(super) fn start(&mut self, line: usize, tag: &Tag<'_>) {
        self.is_caption = tag.name == "caption";
        match tag.name {
            "td" | "th" => {
                self.end_cell();
                self.row.get_or_insert_with(|| (line, Vec::new()));
                self.cell = Some(Cell {
                    text: String::new(),
                    is_heading: tag.name == "th",
                    columns: tag.span("colspan"),
                    rows: tag.span("rowspan"),
                });
            }
            "tr" => {
                self.end_row();
                self.row = Some((line, Vec::new()));
            }
            _ => {
                self.end_row();
                self.is_head = tag.name == "thead";
            }
        }
    }

    pub(super) fn end_cell(&mut self) {
        if let (Some(cell), Some((_, cells))) = (self.cell.take(), &mut self.row) {
            cells.push(cell);
        }
    }

    pub(super) fn end_head(&mut self) {
        self.end_row();
        self.is_head = false;
    }

    pub(super) fn end_row(&mut self) {
        self.end_cell();
        let Some((line, cells)) = self.row.take() else {
            return;
        };
        let is_heading = self.is_head || cells.iter().all(|cell| cell.is_heading);
        self.has_heading |= self.n_rows == 0 && is_heading;
        self.n_rows += 1;
        self.grid.start_row(line, is_heading);
        for cell in cells {
            let text = joined(&cell.text, is_heading || cell.is_heading);
            self.grid.push(line, &text, cell.columns, cell.rows);
        }
        self.grid.end_row();
    }

    /// What a table inside the open cell is about: the first cell of the row, below a heading row. A table without headings
    /// is only layout.
    pub(super) fn subject(&self) -> Option<String> {
        let (_, cells) = self.row.as_ref().filter(|_| self.has_heading)?;
        let subject = joined(&cells.first()?.text, true);
        (!subject.is_empty()).then_some(subject)
    }
}
