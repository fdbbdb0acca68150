//! Tables of URLs that have no port: they have that of their scheme (RFC 9110, section 4.2).

use super::{
    access::usual_port,
    table_rows::{TableRow, TableRows},
};

/// The column of URLs, and the table with a port in each and a row for each of several; `None` for one whose URLs all have ports, or
/// none of them where nothing asks for access to them.
pub(super) fn filled(
    rows: &TableRows,
    n_headings: usize,
    is_access_asked: bool,
) -> Option<(usize, TableRows)> {
    let first = rows.get(0)?;
    let column = (0..first.cells.len())
        .find(|index| lacks_ports(rows, n_headings, *index, is_access_asked))?;
    let mut table = TableRows::default();
    for (number, row) in rows.iter().enumerate() {
        let Some(cell) = row.cells.get(column).filter(|_| n_headings <= number) else {
            table.push(&row);
            continue;
        };
        let urls: Vec<Url<'_>> = urls(cell).unwrap_or_default();
        if urls.is_empty() {
            table.push(&row);
        }
        for url in urls {
            let mut cells = row.cells.clone();
            if let Some(cell) = cells.get_mut(column) {
                *cell = url.with_port();
            }
            table.push(&TableRow {
                line: row.line,
                is_heading: row.is_heading,
                cells,
            });
        }
    }
    Some((column, table))
}

/// Whether all cells of a column are URLs, of which some have none, and others have one unless access is asked for.
fn lacks_ports(rows: &TableRows, n_headings: usize, index: usize, is_access_asked: bool) -> bool {
    let (mut n_with, mut n_without) = (0, 0);
    for row in n_headings..rows.len() {
        let Some(cell) = rows.cells(row).nth(index).filter(|cell| !cell.is_empty()) else {
            continue;
        };
        let Some(urls) = urls(cell) else { return false };
        for url in urls {
            if url.has_port() {
                n_with += 1;
            } else {
                n_without += 1;
            }
        }
    }
    (0 < n_with || is_access_asked) && 0 < n_without
}

/// The URLs of a cell that holds nothing else.
fn urls(cell: &str) -> Option<Vec<Url<'_>>> {
    cell.split([',', ' ', ';'])
        .filter(|part| !part.is_empty() && *part != "and" && *part != "or")
        .map(Url::of)
        .collect()
}

struct Url<'a> {
    scheme: &'a str,
    authority: &'a str,
    usual: u16,
}

impl<'a> Url<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let usual = usual_port(scheme)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        (!authority.is_empty()).then_some(Self {
            scheme,
            authority,
            usual,
        })
    }

    fn has_port(&self) -> bool {
        self.authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()))
    }

    fn with_port(&self) -> String {
        let Self {
            scheme,
            authority,
            usual,
        } = self;
        if self.has_port() {
            format!("{scheme}://{authority}")
        } else {
            format!("{scheme}://{authority}:{usual}")
        }
    }
}
