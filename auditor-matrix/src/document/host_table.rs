//! Tables of hosts below a sentence that names their port: `... access to these hosts on port 443:` above `Host | Purpose`.

use super::{
    cell_kinds::SAMPLE,
    host_port::HostPort,
    table_rows::{TableRow, TableRows},
    text::{is_host, some},
};

/// The table with a column for the ports of the sentence above it; `None` for a table that lists no hosts.
pub(super) fn with_ports(
    head: &TableRow,
    rows: &TableRows,
    n_headings: usize,
    ports: &str,
) -> Option<TableRows> {
    let hosts: Vec<usize> = (0..head.cells.len())
        .filter(|index| holds_hosts(rows, n_headings, *index))
        .collect();
    let [only] = hosts.as_slice() else {
        return None;
    };
    let mut headings = head.cells.clone();
    if let Some(heading) = headings.get_mut(*only) {
        "Destination".clone_into(heading);
    }
    let longer = |mut cells: Vec<String>, last: &str| {
        cells.resize(head.cells.len(), String::new());
        cells.push(last.to_owned());
        cells
    };
    let mut table = TableRows::default();
    table.push(&TableRow {
        line: head.line,
        is_heading: true,
        cells: longer(headings, "Port"),
    });
    for row in rows.iter().skip(n_headings) {
        table.push(&TableRow {
            line: row.line,
            is_heading: false,
            cells: longer(row.cells, ports),
        });
    }
    Some(table)
}

/// Whether all cells of a column are names of hosts or URLs, without ports of their own.
fn holds_hosts(rows: &TableRows, n_headings: usize, index: usize) -> bool {
    let mut cells = (n_headings..rows.len())
        .take(SAMPLE)
        .filter_map(|row| rows.cells(row).nth(index))
        .filter_map(some)
        .peekable();
    cells.peek().is_some()
        && cells.all(|cell| {
            let host = cell
                .split_once("://")
                .map_or(cell.as_str(), |(_, rest)| rest);
            let host = host.split('/').next().unwrap_or_default();
            let host = host.strip_prefix("*.").unwrap_or(host);
            host.contains('.') && is_host(host) && HostPort::of(&cell).is_none()
        })
}
