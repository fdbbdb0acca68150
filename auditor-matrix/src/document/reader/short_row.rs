//! Rows that lack their first cells, since those of the row above were to span them and the format has no such cells: what stands in
//! them has slipped to the left.

use crate::document::{cell, column::Column, columns::Columns, ports, table_rows::TableRow};

/// A row with the first cells of the one above in the place of those that it lacks. `None` if it lacks none, or if it is not certain
/// how many.
pub(super) fn whole(row: &TableRow, above: &TableRow, columns: &Columns) -> Option<TableRow> {
    let mut ports = columns.positions(Column::Port);
    let (port, None) = (ports.next()?, ports.next()) else {
        return None;
    };
    let text = |index: usize| row.cells.get(index).map_or("", String::as_str);
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    // `All` is as often one of the ends.
    let is_port = |text: &str| {
        let read = ports::ports(text);
        has_digit(text) && !read.groups.is_empty() && read.remarks.is_empty()
    };
    let n_cells = row.cells.iter().rposition(|cell| !cell.is_empty())? + 1;
    // A number that is not understood is a port all the same, and so is `any`.
    if has_digit(text(port))
        || !ports::ports(text(port)).groups.is_empty()
        || above.cells.len() < row.cells.len()
    {
        return None;
    }
    let fits = |n_lacking: &usize| {
        let slipped = |index: usize| index.checked_sub(*n_lacking).map(text);
        let protocols = columns.positions(Column::Protocol);
        n_cells + n_lacking <= row.cells.len()
            && slipped(port).is_some_and(is_port)
            && protocols.filter_map(slipped).all(|text| {
                text.is_empty()
                    || cell::transports(text).is_some()
                    || cell::implied_transports(text).is_some()
            })
    };
    let mut lacking = (1..=port).filter(fits);
    let (n_lacking, None) = (lacking.next()?, lacking.next()) else {
        return None;
    };
    let mut whole = row.clone();
    whole.cells = above
        .cells
        .iter()
        .take(n_lacking)
        .chain(row.cells.iter().take(n_cells))
        .cloned()
        .collect();
    whole.cells.resize(row.cells.len(), String::new());
    Some(whole)
}
