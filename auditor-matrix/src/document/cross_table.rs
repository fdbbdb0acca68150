//! Tables that name the client in front of a line and the server above a column, with the ports where they meet.

use std::{
    collections::HashSet,
    sync::{Arc, LazyLock},
};

use regex::Regex;

use super::{
    columns::Body,
    context::Context,
    ports,
    problem::{Problem, Severity},
    row::{Document, Facts, Row, RowOrigin, Words},
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

/// Which end the headings above the columns name.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Above {
    Servers,
    Clients,
}

/// Whether a table is one of these: the heading of its first column says so.
pub(super) fn above(head: &TableRow) -> Option<Above> {
    let corner = head.cells.first().filter(|_| 2 < head.cells.len())?;
    if FROM_TO.is_match(corner) {
        Some(Above::Servers)
    } else {
        TO_FROM.is_match(corner).then_some(Above::Clients)
    }
}

/// Reads such a table.
pub(super) fn read(
    file: &Arc<str>,
    (head, body): (&TableRow, &Body<'_>),
    above: Above,
    context: &Context,
    document: &mut Document,
) {
    let mut known = HashSet::new();
    for row in body.rows() {
        let Some(side) = row.cells.first().and_then(|cell| some(cell)) else {
            continue;
        };
        // A text that reaches over the whole line explains the table.
        if row.cells.iter().all(|cell| *cell == side) {
            continue;
        }
        for (top, cell) in head.cells.iter().zip(&row.cells).skip(1) {
            let (Some(top), Some(text)) = (some(top), some(cell)) else {
                continue;
            };
            let (client, server) = match above {
                Above::Servers => (side.clone(), top),
                Above::Clients => (top, side.clone()),
            };
            let mut lost = |text: &str, message: &str| {
                document.problems.push(Problem {
                    file: Arc::clone(file),
                    line: row.line,
                    severity: Severity::Lost,
                    text: text.to_owned(),
                    message: message.to_owned(),
                });
            };
            for part in ports::segments(&text) {
                let ports = ports::ports(part);
                for problem in &ports.problems {
                    lost(part, problem);
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
                    words: Words::default(),
                    facts: Arc::new(Facts {
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
                // A cell that reaches over several lines says the same in each.
                if known.insert(Arc::clone(&found.facts)) {
                    document.rows.push(found);
                }
            }
        }
    }
}
