//! Tables of hosts below a sentence that names their port: `... access to these hosts on port 443:` above `Host | Purpose`.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    cell_kinds::SAMPLE,
    host_port::HostPort,
    table_rows::{TableRow, TableRows},
    text::{is_host, regex, some, unbracket},
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
        // `Your mail relay` among them has ports of its own.
        let is_host = row.cells.get(*only).is_some_and(|cell| names_host(cell));
        table.push(&TableRow {
            line: row.line,
            is_heading: false,
            cells: longer(row.cells, if is_host { ports } else { "" }),
        });
    }
    Some(table)
}

static OF_ALL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)^(?:unless\ (?:otherwise\ )?(?:noted|stated|specified),?\ )?(?:all|every|each(?:\ of)?)\ (?:the\ |these\ |such\ )?
        (?:(?:outbound|outgoing|egress|external|listed|following)\ ){1,2}
        (?:entries|entry|connections?|traffic|communications?|endpoints?|hosts?|domains?|urls?|requests?|destinations?|calls?|access|rules?)\b
        [^.:;]{0,40}?\b(?P<ports>(?:tcp\ (?:port\ )?|udp\ (?:port\ )?|https\ \(?(?:tcp\ |port\ |tcp/)?|ports?\ |tcp/|udp/)\d{2,5}(?:/tcp|/udp)?)\b",
    )
});

/// The port that a sentence gives to whatever the page says goes out: `All outbound entries are TCP 443 unless noted.`
pub(super) fn ports_of_all(sentence: &str) -> Option<String> {
    let found = OF_ALL.captures(sentence)?;
    let ports = found.name("ports")?.as_str();
    let number = ports
        .rsplit(|c: char| !c.is_ascii_digit())
        .find(|part| !part.is_empty())?;
    let lower = ports.to_lowercase();
    Some(if lower.contains("udp") {
        format!("UDP {number}")
    } else if lower.contains("tcp") || lower.contains("https") {
        format!("TCP {number}")
    } else {
        number.to_owned()
    })
}

/// Whether all cells of a column are names of hosts or URLs, without ports of their own.
fn holds_hosts(rows: &TableRows, n_headings: usize, index: usize) -> bool {
    let cells = (n_headings..rows.len())
        .take(SAMPLE)
        .filter_map(|row| rows.cells(row).nth(index))
        .filter_map(some);
    let (n_hosts, n_others) = cells.fold((0, 0), |(n_hosts, n_others), cell| {
        if names_host(&cell) {
            (n_hosts + 1, n_others)
        } else {
            (n_hosts, n_others + 1)
        }
    });
    LEAST_HOSTS * n_others <= n_hosts && 0 < n_hosts
}

/// So many times as many cells are hosts as others.
const LEAST_HOSTS: usize = 4;

/// Whether a cell names a host or a URL without a port of its own, or several.
fn names_host(cell: &str) -> bool {
    let (outside, _) = unbracket(cell);
    let mut parts = outside
        .split([',', ';'])
        .flat_map(|part| part.split(" and "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .peekable();
    parts.peek().is_some()
        && parts.all(|part| {
            let host = part.split_once("://").map_or(part, |(_, rest)| rest);
            let host = host.split('/').next().unwrap_or_default();
            let host = host.strip_prefix("*.").unwrap_or(host);
            let host = host
                .rsplit_once('>')
                .map_or(host, |(_, rest)| rest.trim_start_matches('.'));
            host.contains('.') && is_host(host) && HostPort::of(part).is_none()
        })
}
