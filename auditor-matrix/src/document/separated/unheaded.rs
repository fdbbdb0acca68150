//! Lines of cells without a line of headings: `Till:Store:5432`. What each column is, its cells tell.

use std::collections::BTreeSet;

use super::{Table, separator::Separator, texts};
use crate::document::{
    cell_kinds::CellKinds, section::is_machine, table_rows::TableRow, text::fold,
};

/// Lines that are cut alike.
pub(super) struct Run {
    pub(super) n_lines: usize,
    /// `None` if they may be anything, such as settings or what a program printed.
    pub(super) table: Option<Table>,
}

/// A line, cut.
struct Line {
    cells: Vec<String>,
    ports: usize,
}

/// The lines from the first on that have equally many cells between the same marks, of which the same one holds ports.
pub(super) fn run(lines: &[&str]) -> Option<Run> {
    let first = lines.first().filter(|line| may_hold(line))?;
    Separator::ALL.into_iter().find_map(|separator| {
        let first = cut(separator, first)?;
        let (n_cells, ports) = (first.cells.len(), first.ports);
        let mut cut_lines = vec![first];
        for line in lines.iter().skip(1) {
            let next = Some(*line).filter(|line| may_hold(line));
            let Some(next) = next.and_then(|line| cut(separator, line)) else {
                break;
            };
            if next.cells.len() != n_cells || next.ports != ports {
                break;
            }
            cut_lines.push(next);
        }
        (LEAST_LINES <= cut_lines.len()).then(|| Run {
            n_lines: cut_lines.len(),
            table: are_connections(&cut_lines).then(|| table(cut_lines)),
        })
    })
}

/// Whether some line may be one of cells.
pub(super) fn may_have_run(text: &str) -> bool {
    text.lines()
        .filter(|line| may_hold(line))
        .take(LEAST_LINES)
        .count()
        == LEAST_LINES
}

fn may_hold(line: &str) -> bool {
    line.len() <= super::MOST_LENGTH
        && line.contains(|c: char| c.is_ascii_digit())
        && (line.contains([':', ';', ',', '\t', '|']) || line.trim().contains("  "))
}

fn cut(separator: Separator, line: &str) -> Option<Line> {
    let mut cells: Vec<String> = Vec::new();
    let mut ports = None;
    for cell in texts(&separator.cells(line)) {
        let index = cells.len();
        if holds_ports(&cell) {
            match ports {
                None => ports = Some(index),
                // `Till, Store, 80, 443`: a list of ports is cut by the commas between its own.
                Some(at) if at + 1 == index && separator == Separator::Comma => {
                    let list = cells.last_mut()?;
                    list.push_str(", ");
                    list.push_str(&cell);
                    continue;
                }
                Some(_) => return None,
            }
        } else if !may_be_name(&cell) {
            return None;
        }
        cells.push(cell);
    }
    let ports = ports?;
    (LEAST_CELLS..=MOST_CELLS)
        .contains(&cells.len())
        .then_some(Line { cells, ports })
}

/// Whether a cell is ports and nothing else but what a bracket behind them says.
fn holds_ports(cell: &str) -> bool {
    let bare = match cell.strip_suffix(')').and_then(|cell| cell.split_once('(')) {
        Some((before, _)) => before,
        None => cell,
    };
    bare.contains(|c: char| c.is_ascii_digit())
        && CellKinds::of(std::iter::once(bare.trim())).are_bare_ports()
}

/// Whether a cell can name an end, a transport or what a connection is for: no path, no part of a URL, no number.
fn may_be_name(cell: &str) -> bool {
    !cell.starts_with(['/', '#', '-'])
        && !cell.contains('\\')
        && !cell.contains("://")
        && !cell.contains(['{', '}', '=', '<', '>'])
        && (cell.contains(char::is_alphabetic) || names_address(cell))
}

fn names_address(cell: &str) -> bool {
    let address = cell.split_once('/').map_or(cell, |(address, _)| address);
    address.parse::<std::net::IpAddr>().is_ok()
}

/// Whether two columns side by side hold ends: a name stands in both of them, or all are kinds of machines or addresses. Beside
/// transports, any names are enough to say that the numbers are ports.
fn are_connections(lines: &[Line]) -> bool {
    let Some(first) = lines.first() else {
        return false;
    };
    let column = |index: usize| {
        lines
            .iter()
            .filter_map(move |line| line.cells.get(index))
            .map(String::as_str)
    };
    let has_transports = (0..first.cells.len())
        .filter(|index| *index != first.ports)
        .any(|index| CellKinds::of(column(index)).are_transports());
    let is_end = |cell: &str| names_address(cell) || names_machine(cell);
    let are_ends = |left: usize| {
        let right = left + 1;
        if left == first.ports || right == first.ports || first.cells.len() <= right {
            return false;
        }
        let names: BTreeSet<&str> = column(left).collect();
        column(right).any(|name| MANY_LETTERS <= name.len() && names.contains(name))
            && column(left).zip(column(right)).any(|(a, b)| a != b)
            || column(left).chain(column(right)).all(is_end)
    };
    has_transports || (0..first.cells.len()).any(are_ends)
}

/// Whether the last word of a name is a kind of machine: `web server (blue)`.
pub(in crate::document) fn names_machine(name: &str) -> bool {
    let bare = name.split('(').next().unwrap_or_default().trim_end();
    bare.rsplit([' ', '-', '_'])
        .next()
        .is_some_and(|last| is_machine(&last.to_lowercase()))
}

/// Above the rows stands a row of headings that say nothing, as above a table whose headings a page leaves out.
fn table(lines: Vec<Line>) -> Table {
    let n_cells = lines.first().map_or(0, |line| line.cells.len());
    let n_lines = lines.len();
    let head = TableRow {
        line: 0,
        is_heading: true,
        cells: vec![String::new(); n_cells],
    };
    let rows = (0..).zip(lines).map(|(line, cut)| TableRow {
        line,
        is_heading: false,
        cells: cut.cells.iter().map(|cell| fold(cell)).collect(),
    });
    Table {
        rows: std::iter::once(head).chain(rows).collect(),
        unread: Vec::new(),
        n_lines,
    }
}

/// Fewer lines may be cut alike by chance.
const LEAST_LINES: usize = 3;

/// Two cells are a name and its number, which the prose around them explains.
const LEAST_CELLS: usize = 3;

const MOST_CELLS: usize = 8;

/// A shorter name in two columns, such as `x`, is a mark.
const MANY_LETTERS: usize = 2;

#[cfg(test)]
mod tests {
    use crate::document::{block::block_lines, separated::blocks};

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let found = blocks(1, text, &str::to_owned).unwrap_or_default();
        assert_eq!(block_lines(found), expected, "{text}");
    }

    #[test]
    fn lines_of_connections() {
        check(
            "All of it.\nTill:Store (night):80+\nBank:Till:81,82(optional)\nBank 2:Store:83-84",
            &[
                "1 All of it.",
                "2h ||",
                "2 Till|Store (night)|80+",
                "3 Bank|Till|81,82(optional)",
                "4 Bank 2|Store|83-84",
            ],
        );
        check(
            "Till, Store, 80, 443\nBank, Till, 81\nBank, Store, 82",
            &[
                "1h ||",
                "1 Till|Store|80, 443",
                "2 Bank|Till|81",
                "3 Bank|Store|82",
            ],
        );
        check(
            "front   store   tcp  80\nback    store   tcp  81\nguests  bank    udp  82",
            &[
                "1h |||",
                "1 front|store|tcp|80",
                "2 back|store|tcp|81",
                "3 guests|bank|udp|82",
            ],
        );
        check(
            "web server\tstore server\t80\nweb server\tbank node\t81\nadmin client\tweb server\t82",
            &[
                "1h ||",
                "1 web server|store server|80",
                "2 web server|bank node|81",
                "3 admin client|web server|82",
            ],
        );
    }

    #[test]
    fn other_lines() {
        check("Till:Store:80\nBank:Till:81", &[]);
        check("Store:opens:80\nTill:closes:81\nBank:rests:82", &[]);
        check("Till:Store:10:30\nBank:Till:11:30\nBank:Store:12:30", &[]);
        check(
            "Till:http://store:80\nStore:http://till:81\nBank:http://till:82",
            &[],
        );
        check(
            "C:\\Till:C:\\Till:80\nC:\\Till:C:\\Bank:81\nC:\\Bank:C:\\Till:82",
            &[],
        );
        check("till:x:1:x\nbank:x:2:x\nstore:x:3:x", &[]);
        check("store:\n  - till: 80\n  - bank: 81\n  - front: 82", &[]);
    }
}
