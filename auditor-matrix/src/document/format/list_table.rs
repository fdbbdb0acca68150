//! Tables that are written as lists of lists: the rows are items, and the cells are items inside them.

use super::separator::PART;
use crate::document::table_rows::TableRow;

/// Reads the body of a `list-table`: its lines with their numbers. `cell` makes the text of a cell.
pub(super) fn rows(
    body: &[(usize, &str)],
    n_headings: usize,
    cell: &dyn Fn(&str) -> String,
) -> Vec<TableRow> {
    let mut rows: Vec<TableRow> = Vec::new();
    // The columns, in bytes, at which the marks of rows and of cells stand.
    let (mut row_mark, mut cell_mark) = (None, None);
    for (line, text) in body {
        let trimmed = text.trim_start();
        let column = text.len() - trimmed.len();
        if trimmed.is_empty() {
            add(&mut rows, &PART.to_string());
            continue;
        }
        if let Some(rest) = item(trimmed)
            && *row_mark.get_or_insert(column) == column
        {
            rows.push(TableRow {
                line: *line,
                is_heading: rows.len() < n_headings,
                cells: Vec::new(),
            });
            let inner = rest.trim_start();
            cell_mark = Some(column + trimmed.len() - inner.len());
            push_cell(&mut rows, inner);
        } else if cell_mark == Some(column) && item(trimmed).is_some() {
            push_cell(&mut rows, trimmed);
        } else {
            match item(trimmed) {
                Some(rest) => add(&mut rows, &format!("{PART}{rest}")),
                None => add(&mut rows, &format!("\n{trimmed}")),
            }
        }
    }
    for row in &mut rows {
        for text in &mut row.cells {
            *text = cell(text);
        }
    }
    rows
}

fn push_cell(rows: &mut [TableRow], text: &str) {
    let Some(row) = rows.last_mut() else { return };
    if let Some(rest) = item(text) {
        row.cells.push(rest.to_owned());
    } else if !text.is_empty() {
        row.cells.push(text.to_owned());
    }
}

fn add(rows: &mut [TableRow], text: &str) {
    if let Some(cell) = rows.last_mut().and_then(|row| row.cells.last_mut()) {
        cell.push_str(text);
    }
}

/// What follows the mark of an item.
fn item(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(['*', '-', '+'])?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

#[cfg(test)]
mod tests {
    use super::rows;
    use crate::document::format::separator::joined;

    #[test]
    fn rows_cells_and_lists_inside_them() {
        let body = "* - Port\n  - From\n\n* - 80\n  - - a\n    - b\n* - 443\n  -\n* - 1\n  - c\n    d\n\n    e";
        let body: Vec<(usize, &str)> = (1..).zip(body.lines()).collect();
        let rows = rows(&body, 1, &|text| joined(text, false));
        let rows: Vec<String> = rows
            .iter()
            .map(|row| {
                format!(
                    "{}{} {}",
                    row.line,
                    if row.is_heading { "h" } else { "" },
                    row.cells.join("|")
                )
            })
            .collect();
        assert_eq!(
            rows,
            ["1h Port|From", "4 80|- a, b", "7 443|", "9 1|c d, e"]
        );
    }
}
