//! The rows of a table, packed: a page may hold millions of them.

/// A row of a table; the text of its cells has no markup left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TableRow {
    pub(super) line: usize,
    pub(super) is_heading: bool,
    pub(super) cells: Vec<String>,
}

/// Rows in the order of the page. The texts of all cells are in one string, so a short row takes little more memory than its
/// text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct TableRows {
    /// The text of every cell, each followed by [`END`].
    text: String,
    positions: Vec<RowPosition>,
    /// Whether each row is a heading row. Not in `RowPosition`, where padding would make eight bytes of one.
    headings: Vec<bool>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct RowPosition {
    line: usize,
    /// The byte offset in `text` at which the first cell begins.
    start: usize,
}

const MOST_COLUMNS: usize = 200;

/// Ends a cell's text. No cell contains it, since white space inside a cell is folded.
const END: char = '\n';

impl TableRows {
    pub(super) const fn len(&self) -> usize {
        self.positions.len()
    }

    /// The number of columns, if they are more than any table for people has. Each column is held against all others, so that
    /// such a table would cost without a bound.
    pub(super) fn too_many_columns(&self) -> Option<usize> {
        let widest = (0..self.len()).map(|row| self.cells(row).count()).max();
        widest.filter(|n_columns| MOST_COLUMNS < *n_columns)
    }

    pub(super) fn push(&mut self, row: &TableRow) {
        self.positions.push(RowPosition {
            line: row.line,
            start: self.text.len(),
        });
        self.headings.push(row.is_heading);
        for cell in &row.cells {
            // If a format does not fold its cells, a line break becomes a space and does not split the cell.
            if cell.contains(END) {
                self.text.push_str(&cell.replace(END, " "));
            } else {
                self.text.push_str(cell);
            }
            self.text.push(END);
        }
    }

    /// Converts the line of every row with `in_page`, such as from a piece to the whole page.
    pub(super) fn move_down(&mut self, in_page: impl Fn(usize) -> usize) {
        for position in &mut self.positions {
            position.line = in_page(position.line);
        }
    }

    /// Sets whether the first row is a heading row.
    pub(super) fn set_heading(&mut self, is_heading: bool) {
        if let Some(first) = self.headings.first_mut() {
            *first = is_heading;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = TableRow> {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    pub(super) fn get(&self, index: usize) -> Option<TableRow> {
        let position = self.positions.get(index)?;
        Some(TableRow {
            line: position.line,
            is_heading: self.headings.get(index).copied().unwrap_or_default(),
            cells: self.cells(index).map(str::to_owned).collect(),
        })
    }

    /// The cells of a row; none if there is no such row.
    pub(super) fn cells(&self, index: usize) -> impl Iterator<Item = &str> {
        let start = self
            .positions
            .get(index)
            .map_or(self.text.len(), |position| position.start);
        let end = self
            .positions
            .get(index + 1)
            .map_or(self.text.len(), |position| position.start);
        self.text
            .get(start..end)
            .unwrap_or_default()
            .split_terminator(END)
    }
}

impl From<Vec<TableRow>> for TableRows {
    fn from(rows: Vec<TableRow>) -> Self {
        let mut packed = Self::default();
        for row in rows {
            packed.push(&row);
        }
        packed
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TableRow, TableRows};

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in proptest::collection::vec(
            (1_usize..9, any::<bool>(), proptest::collection::vec("[^\n]{0,3}", 0..4)), 0..5,
        )) {
            let rows: Vec<TableRow> = rows
                .into_iter()
                .map(|(line, is_heading, cells)| TableRow { line, is_heading, cells })
                .collect();
            let packed = TableRows::from(rows.clone());
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), rows);
        }
    }

    #[test]
    fn a_line_break_is_no_end_of_a_cell() {
        let row = TableRow {
            line: 1,
            is_heading: false,
            cells: vec!["a\nb".to_owned(), String::new()],
        };
        let packed = TableRows::from(vec![row]);
        assert_eq!(packed.cells(0).collect::<Vec<_>>(), ["a b", ""]);
    }
}
