//! A pipe table whose line breaks were lost to its rows.
//!
//! Some publishing tools join all lines of a table into one. Its rows can be found all the same: the row of dashes
//! says how many columns there are, and between the pipe that ends a row and the one that starts the next stands nothing.

use crate::document::table_rows::TableRow;

/// Reads a paragraph that is such a table; what follows the last whole row is returned as well.
pub(super) fn table(text: &str, line: usize) -> Option<(Vec<TableRow>, String)> {
    let cells: Vec<&str> = text.split('|').map(str::trim).collect();
    let first_dashes = cells.iter().position(|cell| is_dashes(cell))?;
    let n_columns = cells
        .iter()
        .skip(first_dashes)
        .take_while(|cell| is_dashes(cell))
        .count();
    // A leading nothing, the headings, and nothing again before the dashes.
    if n_columns < 2 || first_dashes != n_columns + 2 {
        return None;
    }
    let mut rows = Vec::new();
    let mut rest = cells.as_slice();
    while let Some((["", row @ ..], more)) = rest.split_at_checked(n_columns + 1) {
        // The pipe that closes the row must be there.
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

/// A cell of the row below the headings.
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
