//! Finds the headings of a table's columns.

use crate::document::{
    cell_kinds::SAMPLE,
    columns,
    table_rows::{TableRow, TableRows},
};

/// The column headings of a table, and the number of rows that they take. Below a heading that spans several columns, the
/// next row has a heading for each of them.
pub(super) fn heading(rows: &TableRows) -> Option<(TableRow, usize)> {
    // Some pages mark every cell as a heading; a row with numbers is no heading row.
    let names_numbers = |row: &TableRow| {
        row.cells
            .iter()
            .any(|cell| cell.contains(|c: char| c.is_ascii_digit()))
    };
    let mut head = rows.get(0)?;
    if columns::is_without_headings(&head, rows) {
        head.cells.iter_mut().for_each(String::clear);
        return Some((head, 0));
    }
    let mut n_headings = 1;
    while n_headings < MOST_HEADING_ROWS
        && head.is_heading
        && let Some(mut below) = rows
            .get(n_headings)
            .filter(|below| below.is_heading && !names_numbers(below))
    {
        for (index, cell) in head.cells.into_iter().enumerate() {
            match below.cells.get_mut(index) {
                Some(under) if under.is_empty() || *under == cell => *under = cell,
                // A heading above several columns says something of each of them.
                Some(under) if !cell.is_empty() => *under = format!("{cell} {under}"),
                Some(_) => {}
                None => below.cells.push(cell),
            }
        }
        head = below;
        n_headings += 1;
    }
    if has_column_without_heading(rows, n_headings, head.cells.len()) {
        head.cells.push(String::new());
    }
    Some((head, n_headings))
}

/// Whether nearly all rows have one cell more than there are headings.
fn has_column_without_heading(rows: &TableRows, n_rows_of_head: usize, n_headings: usize) -> bool {
    let body = || n_rows_of_head..rows.len().min(n_rows_of_head + SAMPLE);
    let n_longer = body()
        .filter(|row| rows.cells(*row).filter(|cell| !cell.is_empty()).count() == n_headings + 1)
        .count();
    2 <= n_longer && body().len() * 4 <= n_longer * 5
}

const MOST_HEADING_ROWS: usize = 3;
