//! Tables that a block of code writes in aligned words, as the files of some firewalls are: the first line heads the columns, and
//! no cell has a blank in it.

use super::{
    column::{self, Column},
    table_rows::{TableRow, TableRows},
};

/// The table of a block of code; `None` if no line of it heads ports and both ends. Lines that leave out cells at their end name
/// no port, and are none of its rows.
pub(super) fn table(line: usize, code: &str) -> Option<TableRows> {
    let mut lines = code.lines().enumerate();
    let (at, headings) = lines.by_ref().find_map(|(at, text)| {
        let headings: Vec<&str> = text.trim_start_matches('#').split_whitespace().collect();
        heads_rules(&headings).then_some((at, headings))
    })?;
    let port = headings
        .iter()
        .position(|heading| column::column(heading).is_some_and(is_port))?;
    let mut rows = TableRows::default();
    rows.push(&TableRow {
        line: line + at,
        is_heading: true,
        cells: headings.iter().map(|&heading| heading.to_owned()).collect(),
    });
    let mut n_rows = 0_usize;
    for (at, text) in lines {
        let text = text.split_once('#').map_or(text, |(row, _)| row);
        let cells: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let names_port = cells
            .get(port)
            .is_some_and(|cell| cell.contains(|c: char| c.is_ascii_digit()));
        if names_port && cells.len() <= headings.len() {
            n_rows += 1;
            rows.push(&TableRow {
                line: line + at,
                is_heading: false,
                cells,
            });
        }
    }
    (0 < n_rows).then_some(rows)
}

/// Whether each word heads a column, among them ports and both ends.
fn heads_rules(headings: &[&str]) -> bool {
    let meanings: Vec<Option<Column>> = headings
        .iter()
        .map(|heading| column::column(heading))
        .collect();
    let has = |wanted: Column| meanings.contains(&Some(wanted));
    LEAST_COLUMNS <= headings.len()
        && headings.len() <= MOST_COLUMNS
        && has(Column::Source)
        && has(Column::Destination)
        && meanings.iter().flatten().any(|meaning| is_port(*meaning))
}

const fn is_port(column: Column) -> bool {
    matches!(
        column,
        Column::Port | Column::LocalPort | Column::RemotePort
    )
}

const LEAST_COLUMNS: usize = 3;
const MOST_COLUMNS: usize = 12;

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn rules_in_columns() {
        let code = "#ACTION  SOURCE DESTINATION PROTO PORT\nACCEPT till store tcp 8100 # orders\nORDERS(ACCEPT) till store\n";
        let rows = table(3, code).expect("a table");
        let cells: Vec<(usize, Vec<String>)> =
            rows.iter().map(|row| (row.line, row.cells)).collect();
        assert_eq!(
            cells,
            [
                (
                    3,
                    ["ACTION", "SOURCE", "DESTINATION", "PROTO", "PORT"]
                        .map(str::to_owned)
                        .to_vec()
                ),
                (
                    4,
                    ["ACCEPT", "till", "store", "tcp", "8100"]
                        .map(str::to_owned)
                        .to_vec()
                ),
            ]
        );
        assert!(table(1, "source code port number\nlet x = 1\n").is_none());
    }
}
