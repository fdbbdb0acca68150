//! Tables with clients as row headings, servers as column headings (or the reverse), and ports in the cells.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use regex::Regex;

use super::{
    columns::Body,
    context::Context,
    ports,
    problem::{Problem, ProblemKind, Severity},
    row::{Document, Row, RowFields, RowOrigin, RowText},
    table_rows::TableRow,
    text::{regex, some},
};
use crate::transport::Transport;

static FROM_TO: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:from|sources?|clients?)\s*(?:[/\\|>\u{2192}\u{2193}-]|\s)+\s*(?:to|dest\w*|targets?|servers?)\W*$",
    )
});
static TO_FROM: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:to|dest\w*|targets?|servers?)\s*(?:[/\\|>\u{2192}\u{2193}-]|\s)+\s*(?:from|sources?|clients?)\W*$",
    )
});

/// Whether the column headings name servers or clients; the row headings name the other endpoint.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum ColumnHeadings {
    Servers,
    Clients,
}

/// Recognises a cross table by the heading of its first column, such as `From / To`; `None` for any other table.
pub(super) fn column_headings(head: &TableRow) -> Option<ColumnHeadings> {
    let corner = head.cells.first().filter(|_| 2 < head.cells.len())?;
    if FROM_TO.is_match(corner) {
        Some(ColumnHeadings::Servers)
    } else {
        TO_FROM.is_match(corner).then_some(ColumnHeadings::Clients)
    }
}

/// Reads the rows of a cross table.
pub(super) fn read(
    file: &Arc<str>,
    (head, body): (&TableRow, &Body<'_>),
    column_headings: ColumnHeadings,
    context: &Context,
    document: &mut Document,
) {
    let mut known = HashSet::new();
    for row in body.rows() {
        let Some(row_heading) = row.cells.first().and_then(|cell| some(cell)) else {
            continue;
        };
        // A cell that spans the whole row is a note on the table.
        if row.cells.iter().all(|cell| *cell == row_heading) {
            continue;
        }
        for (column_heading, cell) in head.cells.iter().zip(&row.cells).skip(1) {
            let (Some(column_heading), Some(text)) = (some(column_heading), some(cell)) else {
                continue;
            };
            let (client, server) = match column_headings {
                ColumnHeadings::Servers => (row_heading.clone(), column_heading),
                ColumnHeadings::Clients => (column_heading, row_heading.clone()),
            };
            let mut lost = |text: &str, message: &str| {
                document.problems.push(Problem {
                    file: Arc::clone(file),
                    line: row.line,
                    severity: Severity::Lost,
                    kind: ProblemKind::Cell,
                    text: text.to_owned(),
                    message: message.to_owned(),
                });
            };
            for part in ports::segments(&text) {
                let ports = ports::ports(part);
                for problem in &ports.problems {
                    lost(part, &problem.to_string());
                }
                let is_icmp = ports.transports.contains(&Transport::Icmp);
                if ports.groups.is_empty() && !ports.ephemeral && !is_icmp {
                    lost(part, "names no port, so no row was made of this cell");
                    continue;
                }
                let mut transport = ports.transports;
                transport.sort_unstable();
                transport.dedup();
                let transport_inferred = transport.is_empty() && context.transport.is_none();
                if transport.is_empty() {
                    transport.push(context.transport.unwrap_or(Transport::Tcp));
                }
                let found = Row {
                    line: row.line,
                    text: RowText::default(),
                    fields: Arc::new(RowFields {
                        file: Arc::clone(file),
                        origin: RowOrigin::Table,
                        section: context.section.clone(),
                        role: None,
                        ports: ports.groups.into(),
                        protocol: None,
                        transport: transport.into(),
                        transport_inferred,
                        direction: None,
                        source: Some(client.as_str().into()),
                        destination: Some(server.as_str().into()),
                        is_peer: false,
                        required: None,
                        condition: None,
                        ephemeral: ports.ephemeral,
                        forbidden: false,
                    }),
                };
                // A cell that spans several rows is repeated in each, so equal fields are kept once.
                if known.insert(Arc::clone(&found.fields)) {
                    document.rows.push(found);
                }
            }
        }
    }
}
