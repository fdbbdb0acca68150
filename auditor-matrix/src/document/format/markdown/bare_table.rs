//! Reads pipe tables without the row of dashes: lines that begin and end with a pipe.
//!
//! Tools that turn a vendor's page into Markdown leave the dashes out, and where a cell spans several rows they write it in the
//! first of them alone, so that the others have a cell less.

use crate::document::table_rows::TableRow;

/// Stands behind a line that ends with a pipe. A control character, which no text has: see `encoding::decode`.
pub(super) const ROW: char = '\u{1d}';

/// The rows of a paragraph that is nothing but lines of cells, of which the first is its headings.
pub(super) fn table(text: &str, line: usize) -> Option<Vec<TableRow>> {
    let lines: Vec<&str> = text.split(ROW).map(str::trim).collect();
    let mut rows: Vec<TableRow> = Vec::new();
    for (index, text) in lines.iter().enumerate() {
        let inside = text.strip_prefix('|')?.strip_suffix('|')?;
        let mut cells: Vec<String> = inside
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        if let Some(head) = rows.first() {
            if cells.len() + 1 == head.cells.len() {
                cells.insert(0, String::new());
            }
            if cells.len() != head.cells.len() {
                return None;
            }
        } else if cells.len() < LEAST_COLUMNS || cells.iter().any(String::is_empty) {
            return None;
        }
        rows.push(TableRow {
            line: line + index,
            is_heading: index == 0,
            cells,
        });
    }
    (1 < rows.len()).then_some(rows)
}

/// One column alone is a quotation with bars.
const LEAST_COLUMNS: usize = 2;

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn rows_without_dashes() {
        let cells = |text: &str| {
            let rows = table(&text.replace('\n', " \u{1d}"), 7)?;
            let joined = |row: &super::TableRow| format!("{} {}", row.line, row.cells.join(","));
            Some(rows.iter().map(joined).collect::<Vec<_>>())
        };
        assert_eq!(
            cells("| From | To | Port |\n| Till | Store | 1 |\n| Desk | 2 |").unwrap(),
            ["7 From,To,Port", "8 Till,Store,1", "9 ,Desk,2"]
        );
        for text in [
            "| From | To |",
            "| From | To |\n| Till |  | Store |",
            "| From |\n| Till |",
            "text | From |\n| Till |",
            "| | |\n| a | b |",
        ] {
            assert_eq!(cells(text), None, "{text}");
        }
    }
}
