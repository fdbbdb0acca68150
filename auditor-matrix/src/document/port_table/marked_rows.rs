//! The rows of ports whose ends are ticked in columns that machines head.

use std::sync::Arc;

use super::PortTable;
use crate::document::{
    end::{Basis, End},
    marked_ends::{MarkedEnd, MarkedEnds},
    problem::Severity,
    row::{Direction, Document, Row},
    table_rows::TableRow,
};

/// Says what of a row's marks is not understood; `false` if no machine is marked, so that there is no row.
pub(super) fn are_said(
    table: &PortTable<'_>,
    marks: &MarkedEnds,
    row: &TableRow,
    document: &mut Document,
) -> bool {
    let read = marks.row(row);
    for text in &read.unknown {
        let message = "this is no mark that is known, so no row was made for this machine";
        table.problem(document, row, Severity::Lost, text, message);
    }
    if read.clients.is_empty() && read.servers.is_empty() && read.own.is_empty() {
        let message = "no machine is ticked for this row, so no row was made of it";
        let whole = row.cells.join(" | ");
        table.problem(document, row, Severity::Lost, &whole, message);
        return false;
    }
    if let Some(message) = marks.unknown_side() {
        let whole = row.cells.join(" | ");
        table.problem(document, row, Severity::Remark, &whole, message);
    }
    true
}

/// One row for each pair of ends that is ticked; `first` is the row without them.
pub(super) fn rows(marks: &MarkedEnds, row: &TableRow, first: &Row) -> Vec<Row> {
    let read = marks.row(row);
    let one = |change: &dyn Fn(&mut crate::document::row::RowFields), optional: bool| {
        let mut made = first.clone();
        let fields = Arc::make_mut(&mut made.fields);
        change(fields);
        if optional {
            fields.required = Some(false);
        }
        made
    };
    let mut rows = Vec::new();
    for own in &read.own {
        rows.push(one(
            &|fields| fields.role = Some(End::given(own.name.as_str())),
            own.is_optional,
        ));
    }
    let pairs = read.clients.iter().flat_map(|client| {
        read.servers
            .iter()
            .filter(move |server| server.name != client.name)
            .map(move |server| (client, server))
    });
    let mut is_paired = false;
    for (client, server) in pairs {
        is_paired = true;
        rows.push(one(
            &|fields| {
                fields.source = Some(End::given(client.name.as_str()));
                fields.destination = Some(End::given(server.name.as_str()));
                fields.direction = None;
            },
            client.is_optional || server.is_optional,
        ));
    }
    if is_paired {
        return rows;
    }
    let own = |fields: &mut crate::document::row::RowFields| {
        if fields.role.is_none() {
            fields.role = marks.own().map(|own| End::new(own, Basis::Heading));
        }
    };
    for MarkedEnd { name, is_optional } in &read.clients {
        rows.push(one(
            &|fields| {
                own(fields);
                fields.source = Some(End::given(name.as_str()));
                fields.direction = Some(Direction::Inbound);
            },
            *is_optional,
        ));
    }
    for MarkedEnd { name, is_optional } in &read.servers {
        rows.push(one(
            &|fields| {
                fields.destination = Some(End::given(name.as_str()));
                // Of what goes out, the machines of the page are the clients.
                let is_out = fields.direction == Some(Direction::Outbound);
                if is_out {
                    own(fields);
                } else {
                    fields.direction = None;
                }
            },
            *is_optional,
        ));
    }
    rows
}
