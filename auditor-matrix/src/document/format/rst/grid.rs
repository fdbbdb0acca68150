//! Grid tables, drawn with `+---+` and `|`, whose cells span columns and rows.
//!
//! A line with a piece of a border ends some cells and is a line of text of the others, so a cell's text is known only when
//! it ends: rows are kept until no cell of theirs goes on.

use super::{
    Reader,
    drawn::{cell_text, edges, shown, without_filler},
    indent,
};
use crate::document::{
    block::Content,
    table_rows::{TableRow, TableRows},
};

/// A table that is being read.
struct Grid {
    /// The columns, in characters, of the borders between columns.
    edges: Vec<usize>,
    rows: TableRows,
    /// The rows of which a cell goes on: the line, whether it is a heading, and its cells in `cells`.
    open: Vec<(usize, bool, Vec<usize>)>,
    cells: Vec<String>,
    /// The cell of each column of the row that is being read.
    current: Vec<usize>,
    /// The lines of text of the current row, and the number of the first.
    band: Vec<Vec<char>>,
    line: usize,
    n_headings: usize,
}

impl Reader<'_, '_> {
    pub(super) fn grid_table(&mut self) {
        let start = self.at;
        let mut end = start;
        while matches!(self.line(end).trim_start().chars().next(), Some('+' | '|')) {
            end += 1;
        }
        self.at = end.max(start + 1);
        let depth = indent(self.line(start));
        // Some pages are drawn by the width of characters, others by their number.
        let text = |at: usize| self.line(at).get(depth..).unwrap_or_default();
        let width = text(start).chars().count();
        let is_by_width = (start..end).all(|at| shown(text(at)).len() == width);
        let chars = |at: usize| -> Vec<char> {
            if is_by_width {
                shown(text(at))
            } else {
                text(at).chars().collect()
            }
        };
        let mut columns: Vec<usize> = Vec::new();
        for at in start..end {
            let line = self.line(at);
            // Only lines with a piece of a border name columns.
            if line.contains("+-")
                || line.contains("+=")
                || line.contains("-+")
                || line.contains("=+")
            {
                for edge in edges(line.get(depth..).unwrap_or_default()) {
                    if let Err(index) = columns.binary_search(&edge) {
                        columns.insert(index, edge);
                    }
                }
            }
        }
        let mut grid = Grid::new(columns);
        for at in start..end {
            let line = chars(at);
            if grid.is_border(&line) {
                grid.border(&line);
            } else {
                let number = self.number(at);
                grid.text(number, line);
            }
        }
        grid.finish();
        let rows = grid.rows;
        if 0 < rows.len() {
            let mut read = TableRows::default();
            for mut row in rows.iter() {
                for text in &mut row.cells {
                    *text = self.cell(text);
                }
                read.push(&row);
            }
            self.push(start, Content::Table(Box::new(read)));
        } else {
            let text = self.text(start, end);
            let text = self.plain(&text);
            self.push(start, Content::Text(text));
        }
    }

    /// The text of a cell, whose lines are kept apart by form feeds.
    fn cell(&self, text: &str) -> String {
        cell_text(&self.substituted(&without_filler(text)))
    }
}

impl Grid {
    fn new(edges: Vec<usize>) -> Self {
        let n_columns = edges.len().saturating_sub(1);
        let mut grid = Self {
            edges,
            rows: TableRows::default(),
            open: Vec::new(),
            cells: Vec::new(),
            current: Vec::new(),
            band: Vec::new(),
            line: 0,
            n_headings: 0,
        };
        grid.current = (0..n_columns).map(|_| grid.new_cell()).collect();
        grid
    }

    fn new_cell(&mut self) -> usize {
        self.cells.push(String::new());
        self.cells.len() - 1
    }

    /// The characters of a line between two borders.
    fn between<'l>(&self, line: &'l [char], column: usize, end: usize) -> &'l [char] {
        let start = self.edges.get(column).map_or(0, |edge| edge + 1);
        let end = self
            .edges
            .get(end)
            .copied()
            .unwrap_or(line.len())
            .min(line.len());
        line.get(start..end).unwrap_or_default()
    }

    fn is_rule(&self, line: &[char], column: usize) -> bool {
        let piece = self.between(line, column, column + 1);
        let left = self.edges.get(column).and_then(|edge| line.get(*edge));
        !piece.is_empty()
            && (piece.iter().all(|c| *c == '-') || piece.iter().all(|c| *c == '='))
            && matches!(left, Some('+' | '-' | '='))
    }

    fn is_border(&self, line: &[char]) -> bool {
        line.contains(&'+') && (0..self.current.len()).any(|column| self.is_rule(line, column))
    }

    fn text(&mut self, number: usize, line: Vec<char>) {
        if self.band.is_empty() {
            self.line = number;
        }
        self.band.push(line);
    }

    /// Ends the row above, and the cells that have a border here.
    fn border(&mut self, line: &[char]) {
        self.end_band();
        let mut column = 0;
        while column < self.current.len() {
            if self.is_rule(line, column) {
                let cell = self.new_cell();
                if let Some(current) = self.current.get_mut(column) {
                    *current = cell;
                }
                column += 1;
                continue;
            }
            // The line is one of text to the cells that go on.
            let cell = self.current.get(column).copied();
            let mut end = column + 1;
            while end < self.current.len()
                && self.current.get(end).copied() == cell
                && !self.is_rule(line, end)
            {
                end += 1;
            }
            let text: String = self.between(line, column, end).iter().collect();
            self.add(cell, text.trim_matches(['|', '+']));
            column = end;
        }
        if line.contains(&'=') && self.n_headings == 0 {
            self.n_headings = self.rows.len() + self.open.len();
            for row in &mut self.open {
                row.1 = true;
            }
            let heads: Vec<TableRow> = self
                .rows
                .iter()
                .map(|row| TableRow {
                    is_heading: true,
                    ..row
                })
                .collect();
            self.rows = heads.into();
        }
        // A cell that goes on is one of the last row's too.
        let goes_on = self
            .open
            .last()
            .is_some_and(|(_, _, cells)| cells.iter().any(|cell| self.current.contains(cell)));
        if !goes_on {
            self.end_rows();
        }
    }

    fn add(&mut self, cell: Option<usize>, text: &str) {
        if let Some(all) = cell.and_then(|cell| self.cells.get_mut(cell)) {
            if !all.is_empty() {
                all.push('\u{c}');
            }
            all.push_str(text.trim_end());
        }
    }

    /// Makes a row of the lines since the last border.
    fn end_band(&mut self) {
        let band = std::mem::take(&mut self.band);
        if band.is_empty() {
            return;
        }
        // A cell goes over the border between two columns where no line has it.
        let mut column = 0;
        while column < self.current.len() {
            let mut end = column + 1;
            while end < self.current.len() && !self.has_border(&band, end) {
                if let (Some(cell), Some(next)) =
                    (self.current.get(column).copied(), self.current.get_mut(end))
                {
                    *next = cell;
                }
                end += 1;
            }
            let cell = self.current.get(column).copied();
            for line in &band {
                let text: String = self.between(line, column, end).iter().collect();
                self.add(cell, &text);
            }
            column = end;
        }
        self.open.push((self.line, false, self.current.clone()));
    }

    fn has_border(&self, band: &[Vec<char>], column: usize) -> bool {
        let edge = self.edges.get(column).copied().unwrap_or(0);
        band.iter()
            .all(|line| matches!(line.get(edge), Some('|' | '+') | None))
    }

    /// The rows whose cells are all complete.
    fn end_rows(&mut self) {
        for (line, is_heading, cells) in std::mem::take(&mut self.open) {
            let cells = cells
                .iter()
                .map(|cell| self.cells.get(*cell).cloned().unwrap_or_default())
                .collect();
            self.rows.push(&TableRow {
                line,
                is_heading,
                cells,
            });
        }
        self.cells.clear();
        for index in 0..self.current.len() {
            let cell = self.new_cell();
            if let Some(current) = self.current.get_mut(index) {
                *current = cell;
            }
        }
    }

    fn finish(&mut self) {
        self.end_band();
        self.end_rows();
    }
}
