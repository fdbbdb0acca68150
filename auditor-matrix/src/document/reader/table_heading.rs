//! Finds the headings of a table's columns.

use crate::document::{
    cell,
    cell_kinds::SAMPLE,
    column, columns,
    table_rows::{TableRow, TableRows},
};

/// The column headings of a table, and the number of rows that they take. Below a heading that spans several columns, the
/// next row has a heading for each of them.
pub(super) fn heading(rows: &TableRows) -> Option<(TableRow, usize)> {
    // Some pages mark every cell as a heading; a row with numbers is no heading row.
    let names_numbers = |row: &TableRow| row.cells.iter().any(|cell| has_number(cell));
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
    if 1 < n_headings {
        state_directions(&mut head);
    }
    if has_column_without_heading(rows, n_headings, head.cells.len()) {
        head.cells.push(String::new());
    }
    Some((head, n_headings))
}

/// Whether a cell has a number that may be a port; `L4` and `IPv6` are words.
fn has_number(cell: &str) -> bool {
    cell.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let digits = word.bytes().rev().take_while(u8::is_ascii_digit).count();
        0 < digits && (digits == word.len() || 1 < digits)
    })
}

fn is_port_word(word: &str) -> bool {
    let lower = word.to_lowercase();
    lower.starts_with("port")
}

/// Headings above several columns that say what the machines of the rows do, as `Accepts` and `Opens` above ports, say the
/// direction of these: in its own words.
fn state_directions(head: &mut TableRow) {
    let first = |cell: &str| {
        let (word, rest) = cell.split_once(' ')?;
        let asks = column::asks(&word.to_lowercase())?;
        (!rest.is_empty()).then_some(asks)
    };
    let n_of = |asks: bool| {
        head.cells
            .iter()
            .filter(|cell| first(cell) == Some(asks))
            .count()
    };
    // `Initiator system | Initiator zone` are ends.
    let names_port = |cell: &String| {
        cell.split(' ')
            .skip(1)
            .any(|word| cell::stated(&word.to_lowercase()).is_some() || is_port_word(word))
    };
    let has_ports = |asks: bool| {
        head.cells
            .iter()
            .any(|cell| first(cell) == Some(asks) && names_port(cell))
    };
    if n_of(true) < 2 || n_of(false) < 2 || !has_ports(true) || !has_ports(false) {
        return;
    }
    for cell in &mut head.cells {
        let Some(asks) = first(cell) else { continue };
        let direction = if asks { "Outbound" } else { "Inbound" };
        if let Some((_, rest)) = cell.split_once(' ') {
            *cell = format!("{direction} {rest}");
        }
    }
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
