//! Recovers the rows of a pipe table that has lost its line breaks.
//!
//! Some publishing tools join all lines of a table into one. The row of dashes still gives the number of columns, and the
//! cell between the pipe that ends a row and the pipe that starts the next is empty.

use crate::document::table_rows::TableRow;

/// Reads a paragraph that is a table in one line; the text after the last complete row is returned as well.
pub(super) fn table(text: &str, line: usize) -> Option<(Vec<TableRow>, String)> {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let first_dashes = cells.iter().position(|cell| is_dashes(cell))?;
    let n_columns = cells
        .iter()
        .skip(first_dashes)
        .take_while(|cell| is_dashes(cell))
        .count();
    // Before the dashes stand an empty cell, the headings and, as between any two rows, another empty cell.
    if n_columns < 2 || first_dashes != n_columns + 2 {
        return None;
    }
    let mut rows = Vec::new();
    let mut rest = cells.as_slice();
    while let Some((["", row @ ..], more)) = rest.split_at_checked(n_columns + 1) {
        // A row without its closing pipe is incomplete.
        if more.is_empty() {
            break;
        }
        if !row.iter().all(|cell| is_dashes(cell)) {
            let cells = row.iter().map(|cell| (*cell).to_owned()).collect();
            rows.push(TableRow {
                line,
                is_heading: rows.is_empty(),
                cells,
            });
        }
        rest = more;
    }
    Some((rows, rest.join(" | ").trim().to_owned()))
}

/// Whether this is a cell of the row of dashes below the headings.
fn is_dashes(cell: &str) -> bool {
    cell.contains('-')
        && cell
            .chars()
            .all(|character| matches!(character, '-' | ':' | '\\'))
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn rows_of_one_line() {
        let text = "| A | B | | --- | ---: | | 1 | | | | 2 | {: class=x}";
        let (rows, rest) = table(text, 7).unwrap();
        let cells: Vec<String> = rows.iter().map(|row| row.cells.join(",")).collect();
        assert_eq!(cells, ["A,B", "1,", ",2"]);
        assert!(rows[0].is_heading && rows[1].line == 7);
        assert_eq!(rest, "{: class=x}");
    }

    #[test]
    fn what_is_no_such_table() {
        for text in [
            "a | b",
            "| A | B |",
            "| --- | --- |",
            "| A | | --- | --- | | 1 | 2 |",
            "x - y",
        ] {
            assert_eq!(table(text, 1), None, "{text}");
        }
    }
}
