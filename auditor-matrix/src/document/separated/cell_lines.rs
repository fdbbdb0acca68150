//! Tables whose rows are broken into lines at their cells: a bar ends each cell, wherever its line ends, or each cell is a line.

use super::{MOST_COLUMNS, Table, is_ruler, separator::Separator, texts};
use crate::document::{
    cell,
    column::{self, Column},
    table_rows::TableRow,
    text::fold,
};

/// A cell and its line, counted from the first of the text.
struct Cell {
    line: usize,
    text: String,
    /// Nothing stands behind it on its line.
    ends_line: bool,
}

/// The table that a line heads whose cells a bar ends each, and whose rows are broken into lines. `None` where rows are lines.
pub(super) fn of_bars(lines: &[&str]) -> Option<Table> {
    let head = lines.first().filter(|head| ends_cell(head))?;
    let n_columns = texts(&Separator::Bar.cells(head)).len();
    if n_columns < 2 {
        return None;
    }
    going_on(lines, n_columns).or_else(|| counted(lines, n_columns))
}

/// Where a line that begins with a bar goes on with the row above: the bar ends a cell that is empty.
fn going_on(lines: &[&str], n_columns: usize) -> Option<Table> {
    let goes_on = |line: &&str| line.trim_start().starts_with('|');
    if !lines.iter().any(goes_on) {
        return None;
    }
    let mut table = Table {
        rows: Vec::new(),
        unread: Vec::new(),
        n_lines: 0,
    };
    let mut at = 0;
    while let Some(first) = lines.get(at).filter(|line| line.contains('|')) {
        let rest = lines.get(at + 1..).unwrap_or_default();
        let end = at + 1 + rest.iter().take_while(|line| goes_on(line)).count();
        if !is_ruler(first) {
            let lines = lines.get(at..end).unwrap_or_default();
            let (cells, _) = cells_before_bars(lines);
            let texts: Vec<String> = cells.into_iter().map(|cell| cell.text).collect();
            match fitted(texts, n_columns) {
                Some(cells) => table.rows.push(TableRow {
                    line: at,
                    is_heading: at == 0,
                    cells,
                }),
                None => table.unread.push((at, fold(&lines.join(" ")))),
            }
        }
        at = end;
        table.n_lines = end;
    }
    Some(table)
}

/// As many cells as there are columns. Where one empty cell too many stands among others, it makes no difference which is left out.
fn fitted(mut cells: Vec<String>, n_columns: usize) -> Option<Vec<String>> {
    let n_surplus = cells.len().saturating_sub(n_columns);
    if 0 < n_surplus {
        let first = cells.iter().position(String::is_empty)?;
        let n_empty = cells.iter().filter(|cell| cell.is_empty()).count();
        let run = cells.get(first..first + n_empty)?;
        if n_empty <= n_surplus || !run.iter().all(String::is_empty) {
            return None;
        }
        cells.drain(first..first + n_surplus);
    }
    cells.resize(n_columns, String::new());
    Some(cells)
}

/// Where a row is as many cells as there are headings, on however many lines.
fn counted(lines: &[&str], n_columns: usize) -> Option<Table> {
    let (cells, n_lines) = cells_before_bars(lines);
    // Rows that are lines need no counting.
    let n_line_ends = cells.iter().filter(|cell| cell.ends_line).count();
    let is_whole = n_line_ends * n_columns != cells.len()
        && cells.len().is_multiple_of(n_columns)
        && cells
            .chunks(n_columns)
            .all(|row| row.last().is_some_and(|last| last.ends_line));
    is_whole.then(|| rows(&cells, n_columns, n_lines))
}

/// The table whose headings are these lines, each by itself, and below them its cells. What a row is, the number of the headings
/// tells, if the cells below the headings of ports are ports in each of them.
pub(super) fn of_lines(lines: &[&str]) -> Option<Table> {
    let is_barred = ends_cell(lines.first()?);
    if !lines.iter().take(2).all(|line| may_be_heading(line)) {
        return None;
    }
    let (sample, _) = cells(lines.get(..lines.len().min(2 * MOST_COLUMNS))?, is_barred);
    let least = if is_barred { 2 } else { LEAST_WITHOUT_BARS };
    let is_table = |n_columns: &usize| {
        let (Some(head), Some(row)) = (
            sample.get(..*n_columns),
            sample.get(*n_columns..2 * *n_columns),
        ) else {
            return false;
        };
        Columns::of(head).is_some_and(|columns| columns.fit(row))
    };
    let n_columns = (least..=MOST_COLUMNS).rfind(is_table)?;
    let (mut cells, mut n_lines) = cells(lines, is_barred);
    let columns = Columns::of(cells.get(..n_columns)?)?;
    let n_rows = cells
        .get(n_columns..)?
        .chunks_exact(n_columns)
        .take_while(|row| columns.fit(row))
        .count();
    let n_cells = n_columns * (1 + n_rows);
    if n_rows < LEAST_ROWS {
        return None;
    }
    if n_cells < cells.len() {
        cells.truncate(n_cells);
        n_lines = cells.last()?.line + 1;
    }
    Some(rows(&cells, n_columns, n_lines))
}

fn rows(cells: &[Cell], n_columns: usize, n_lines: usize) -> Table {
    let rows = cells
        .chunks(n_columns)
        .enumerate()
        .map(|(index, row)| TableRow {
            line: row.first().map_or(0, |first| first.line),
            is_heading: index == 0,
            cells: row.iter().map(|cell| cell.text.clone()).collect(),
        });
    Table {
        rows: rows.collect(),
        unread: Vec::new(),
        n_lines,
    }
}

/// What the headings of a table are of.
struct Columns(Vec<Option<Column>>);

impl Columns {
    /// `None` if these are no headings of ports. What stands between them without a meaning may be anything, so that only one may.
    fn of(head: &[Cell]) -> Option<Self> {
        if !head.iter().all(|cell| may_be_heading(&cell.text)) {
            return None;
        }
        let meanings: Vec<Option<Column>> =
            head.iter().map(|cell| column::column(&cell.text)).collect();
        let n_unknown = meanings.iter().filter(|meaning| meaning.is_none()).count();
        let columns = Self(meanings);
        let has_ports = columns.0.iter().any(|meaning| is_of_ports(*meaning));
        (has_ports && n_unknown <= 1 && 2 * n_unknown < head.len()).then_some(columns)
    }

    /// Whether cells are a row below these headings: its ports are ports, and its directions directions.
    fn fit(&self, row: &[Cell]) -> bool {
        let mut names_port = false;
        let fits = row.iter().zip(&self.0).all(|(cell, meaning)| {
            let text = cell.text.as_str();
            let has_number = text.contains(|c: char| c.is_ascii_digit());
            if is_of_ports(*meaning) {
                names_port |= has_number;
                return has_number || is_any(text);
            }
            *meaning != Some(Column::Direction) || cell::direction(text).is_some() || is_any(text)
        });
        fits && names_port
    }
}

fn is_of_ports(meaning: Option<Column>) -> bool {
    matches!(
        meaning,
        Some(Column::Port | Column::LocalPort | Column::RemotePort)
    )
}

/// Whether a cell names none of many.
fn is_any(text: &str) -> bool {
    text.is_empty()
        || matches!(
            text.to_lowercase().as_str(),
            "any" | "all" | "*" | "-" | "n/a" | "none" | "icmp" | "dynamic" | "ephemeral"
        )
}

fn may_be_heading(text: &str) -> bool {
    let text = text.trim_end().trim_end_matches('|').trim();
    !text.is_empty()
        && !text.contains(|c: char| c.is_ascii_digit() || c == '|')
        && !text.ends_with(['.', ':', ';', ','])
        && text.split_whitespace().count() <= MOST_WORDS
}

fn cells(lines: &[&str], is_barred: bool) -> (Vec<Cell>, usize) {
    if is_barred {
        return cells_before_bars(lines);
    }
    let cells: Vec<Cell> = (0..)
        .zip(lines)
        .take_while(|(_, line)| !line.trim().is_empty() && !line.contains('|'))
        .map(|(line, text)| Cell {
            line,
            text: fold(text),
            ends_line: true,
        })
        .collect();
    let n_lines = cells.len();
    (cells, n_lines)
}

/// The cells that end with a bar each, and the number of lines up to the last of them. A bar that begins a line ends an empty cell,
/// and a cell may go on over lines. Lines behind the last bar are none.
fn cells_before_bars(lines: &[&str]) -> (Vec<Cell>, usize) {
    let mut cells: Vec<Cell> = Vec::new();
    let mut n_lines = 0;
    let mut open: Option<Cell> = None;
    for (line, text) in (0..).zip(lines) {
        let text = text.trim();
        let is_empty_cell = text.chars().all(|c| c == '|');
        if text.is_empty() {
            break;
        }
        if !is_empty_cell && is_ruler(text) {
            continue;
        }
        let parts: Vec<&str> = text.split('|').map(str::trim).collect();
        let n_ended = parts.len() - 1;
        for (index, part) in parts.iter().enumerate() {
            if index == n_ended && part.is_empty() {
                break;
            }
            let cell = open.get_or_insert(Cell {
                line,
                text: String::new(),
                ends_line: false,
            });
            if !cell.text.is_empty() && !part.is_empty() {
                cell.text.push(' ');
            }
            cell.text.push_str(part);
            if index < n_ended {
                cell.ends_line = index + 1 == n_ended && parts.last() == Some(&"");
                cells.extend(open.take());
                n_lines = line + 1;
            }
        }
        // The last cell of a row may have no bar behind it.
        if let Some(last) = &open
            && MOST_OPEN_LINES <= line - last.line
        {
            break;
        }
    }
    (cells, n_lines)
}

fn ends_cell(line: &str) -> bool {
    line.trim_end().ends_with('|') && !line.trim_start().starts_with('|')
}

/// A longer text is no heading.
const MOST_WORDS: usize = 5;

/// Fewer headings, each on its line, may be anything.
const LEAST_WITHOUT_BARS: usize = 3;

/// One row may be by chance.
const LEAST_ROWS: usize = 2;

/// A cell that goes on over more lines is a text behind the table.
const MOST_OPEN_LINES: usize = 3;

#[cfg(test)]
mod tests {
    use crate::document::{block::block_lines, separated::blocks};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = blocks(1, text, &str::to_owned).unwrap_or_default();
        assert_eq!(block_lines(found), expected, "{text}");
    }

    #[test]
    fn a_cell_on_each_line() {
        check(
            "Rules of the Till\nProtocol |\nDirection |\nLocal Port |\nRemote Host |\ntcp |\nincoming |\n80 |\nany |\nudp |\noutgoing |\n53 |\nStore |",
            &[
                "1 c Rules of the Till",
                "2h Protocol|Direction|Local Port|Remote Host",
                "6 tcp|incoming|80|any",
                "10 udp|outgoing|53|Store",
            ],
        );
        check(
            "Port\nProtocol\nSource\nPurpose\n80\nTCP\nTill\nsells\n53\nUDP\nStore\nnames of all\nThat is all.",
            &[
                "1h Port|Protocol|Source|Purpose",
                "5 80|TCP|Till|sells",
                "9 53|UDP|Store|names of all",
                "13 That is all.",
            ],
        );
        // A heading whose cells are a line, and rows whose cells are not.
        check(
            "Port | Source | Purpose |\n80 |\nTill |\nsells |\n53 |\nStore |\nnames |",
            &[
                "1h Port|Source|Purpose",
                "2 80|Till|sells",
                "5 53|Store|names",
            ],
        );
    }

    #[test]
    fn rows_that_go_on_behind_empty_cells() {
        check(
            "Part | Source | Protocol | Port | Purpose |\n---|---|---|---|---|\nTill | Web | TCP | 80 | sells |\nBank | Web |\n| 81 | keeps |\nBook |\n|\n|\n| 82 | reads |\nLedger |\n|\n|\n|\n| 83 | one empty cell too many |",
            &[
                "1h Part|Source|Protocol|Port|Purpose",
                "3 Till|Web|TCP|80|sells",
                "4 Bank|Web||81|keeps",
                "6 Book|||82|reads",
                "10 Ledger|||83|one empty cell too many",
            ],
        );
        check(
            "Port | Source | Purpose |\n80 | Till |\n| sells | too | many |",
            &[
                "1h Port|Source|Purpose",
                "2 unread this line does not fit the headings above it \"80 | Till | | sells | too | many |\"",
            ],
        );
    }

    #[test]
    fn lines_that_are_no_cells() {
        check("Port\nSource\nPurpose\nsells\n80\nTill", &[]);
        check("Port\nProtocol\n80\nTCP\n81\nTCP", &[]);
        check("Ports\nThe port of the Till\nis 80\nand not 81.", &[]);
    }
}
