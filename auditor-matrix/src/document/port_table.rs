//! Reads one row of a port table, each cell by the meaning of its column.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    cell,
    column::Column,
    columns::Columns,
    context::Context,
    endpoints, ports,
    problem::{Problem, ProblemKind, Severity},
    row::{Direction, Document, Row, RowFields, RowOrigin, RowText},
    table_rows::TableRow,
    text::{some, unbracket},
};
use crate::transport::Transport;

/// A table that has a column of ports.
pub(super) struct PortTable<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) head: &'a TableRow,
    pub(super) columns: &'a Columns,
    pub(super) context: &'a Context,
}

/// The values of a table row that are the same in every [`Row`] made of it.
#[derive(Default)]
struct Cells {
    role: Option<String>,
    protocol: Option<String>,
    source: Option<String>,
    destination: Option<String>,
    peer: Option<String>,
    direction_text: Option<String>,
    direction: Option<Direction>,
    service: Option<String>,
    notes: Option<String>,
    required: Option<bool>,
    condition: Option<String>,
}

impl PortTable<'_> {
    /// Reads a table row; `role` names its machines, if this row or one above it does.
    pub(super) fn read(&self, row: &TableRow, role: Option<&str>, document: &mut Document) {
        let mut cells_beyond = row
            .cells
            .iter()
            .skip(self.head.cells.len())
            .filter(|cell| !cell.is_empty());
        if let Some(cell) = cells_beyond.next() {
            let message = match cells_beyond.count() {
                0 => "this cell stands under no heading and was left out".to_owned(),
                more => format!(
                    "this cell and {more} behind it stand under no heading and were left out"
                ),
            };
            self.problem(document, row, Severity::Lost, cell, &message);
        }
        let mut by_direction = self.columns.ports(self.head, row);
        if by_direction.is_empty() {
            by_direction.push((None, String::new()));
        }
        let mut found = Vec::new();
        for (direction, mut port_text) in by_direction {
            if let Some(last) = self
                .columns
                .cell(row, Column::LastPort)
                .filter(|last| *last != port_text)
            {
                port_text = format!("{port_text}-{last}");
            }
            let (rest, ip_protocol) = ports::without_ip_protocols(&port_text);
            let names_ports = rest.contains(|c: char| c.is_ascii_digit());
            if let Some(named) = ip_protocol.filter(|_| names_ports) {
                self.problem(document, row, Severity::Lost, &named, PORTLESS);
                port_text = rest;
            }
            for part in ports::segments(&port_text) {
                found.extend(
                    self.ports(row, part, document)
                        .map(|ports| (direction, ports)),
                );
            }
        }
        if found.is_empty() {
            return;
        }
        let cells = self.cells(row, role, document);
        for (direction, ports) in found {
            let (transport, transport_inferred) = self.transport(row, &cells, &ports, document);
            document.rows.push(Row {
                line: row.line,
                text: RowText::new(cells.service.as_deref(), cells.notes.as_deref()),
                fields: Arc::new(RowFields {
                    file: Arc::clone(self.file),
                    origin: RowOrigin::Table,
                    section: self.context.section.clone(),
                    role: cells.role.as_deref().map(Into::into),
                    ports: ports.groups.into(),
                    protocol: cells.protocol.as_deref().map(Into::into),
                    transport: transport.into(),
                    transport_inferred,
                    direction: cells.direction.or(direction),
                    source: cells.source.as_deref().map(Into::into),
                    destination: cells.destination.as_deref().map(Into::into),
                    is_peer: self.columns.has(Column::Peer),
                    required: cells.required,
                    condition: cells.condition.as_deref().map(Into::into),
                    ephemeral: ports.ephemeral,
                    forbidden: false,
                }),
            });
        }
    }

    fn problem(
        &self,
        document: &mut Document,
        row: &TableRow,
        severity: Severity,
        text: &str,
        message: &str,
    ) {
        document.problems.push(Problem {
            file: Arc::clone(self.file),
            line: row.line,
            severity,
            kind: ProblemKind::Cell,
            text: text.to_owned(),
            message: message.to_owned(),
        });
    }

    /// Reads the ports of one transport. `None`, with a problem reported, if the text names none.
    fn ports(&self, row: &TableRow, text: &str, document: &mut Document) -> Option<ports::Ports> {
        let protocol = self.columns.cell(row, Column::Protocol);
        let named = protocol.as_deref().and_then(cell::transports);
        let is_portless = named.is_none() && protocol.as_deref().is_some_and(ports::is_portless);
        if is_portless || ports::is_portless(text) {
            self.problem(
                document,
                row,
                Severity::Lost,
                &row.cells.join(" | "),
                PORTLESS,
            );
            return None;
        }
        let mut ports = ports::ports(text);
        let says_icmp = named.map_or_else(
            || !ports.transports.is_empty() && ports.transports.iter().all(|t| !t.has_ports()),
            |named| named.transports == [Transport::Icmp],
        );
        if says_icmp {
            let types = text.trim();
            if !ports.groups.is_empty() && types.contains(|c: char| c.is_ascii_digit()) {
                let message = "ICMP has no ports: these numbers were taken for types, and a matrix names none, so the rule allows every type";
                self.problem(document, row, Severity::Remark, types, message);
            }
            ports.groups.clear();
            return Some(ports);
        }
        for problem in &ports.problems {
            self.problem(document, row, Severity::Lost, text, &problem.to_string());
        }
        let names_none = ports.groups.is_empty() && !ports.ephemeral;
        if names_none {
            if ports.problems.is_empty() {
                let message = "this row names no port, so no row was made of it; write a port, ICMP or Ephemeral";
                self.problem(
                    document,
                    row,
                    Severity::Lost,
                    &row.cells.join(" | "),
                    message,
                );
            }
            return None;
        }
        for words in std::mem::take(&mut ports.unknown) {
            let severity = if words.contains(|c: char| c.is_ascii_digit()) {
                Severity::Lost
            } else {
                Severity::Remark
            };
            let message = format!("`{words}` is not understood among ports");
            self.problem(document, row, severity, text, &message);
        }
        Some(ports)
    }

    fn cells(&self, row: &TableRow, role: Option<&str>, document: &mut Document) -> Cells {
        let mut edition = None;
        let mut cell = |column| {
            let (text, marker) = cell::without_editions(&self.columns.cell(row, column)?);
            edition = marker.or(edition.take());
            some(&text)
        };
        let mut cells = Cells {
            role: role
                .map(str::to_owned)
                .or_else(|| self.context.role.as_deref().map(str::to_owned)),
            source: cell(Column::Source),
            destination: cell(Column::Destination),
            peer: cell(Column::Peer),
            service: cell(Column::Service),
            protocol: cell(Column::Protocol),
            notes: cell(Column::Notes),
            direction_text: cell(Column::Direction),
            ..Cells::default()
        };
        let required_text = cell(Column::Required);
        cells.direction = cells
            .direction_text
            .as_deref()
            .and_then(cell::direction)
            .or_else(|| self.columns.marked(row));
        self.read_phrases(row, &mut cells, document);
        self.complete_endpoints(row, &mut cells, document);
        let (stated, notes) = cells.notes.as_deref().map_or((None, None), cell::condition);
        cells.notes = notes;
        let bracketed = [&cells.source, &cells.destination, &cells.service]
            .into_iter()
            .flatten()
            .find_map(|text| cell::bracketed_condition(text));
        cells.condition = stated.or(bracketed).or(edition);
        let is_optional_column = self.head.cells.iter().any(|heading| {
            heading
                .trim_matches(|c: char| !c.is_alphabetic())
                .eq_ignore_ascii_case("optional")
        });
        cells.required = required_text
            .as_deref()
            .and_then(cell::required)
            .map(|required| required != is_optional_column);
        if let (Some(text), None) = (&required_text, cells.required) {
            let message = "does not say yes or no, so the row counts as neither";
            self.problem(document, row, Severity::Remark, text, message);
        }
        cells
    }

    /// Reads direction and endpoints from phrases: `Outbound to the store`, `worker -> controller`, `from A to B`.
    fn read_phrases(&self, row: &TableRow, cells: &mut Cells, document: &mut Document) {
        if let Some(text) = &cells.direction_text {
            if let Some(endpoints) = endpoints::arrow(text) {
                cells.direction = endpoints.is_mutual.then_some(Direction::Both);
                cells.source = cells.source.take().or(Some(endpoints.source));
                cells.destination = cells.destination.take().or(Some(endpoints.destination));
            } else if cells.direction.is_none() {
                let message = "this is no direction: expected inbound, outbound or both";
                self.problem(document, row, Severity::Lost, text, message);
            } else if let Some(peer) = endpoints::peer(text) {
                match cells.direction {
                    Some(Direction::Inbound) if is_nobody(cells.source.as_ref()) => {
                        cells.source = Some(peer);
                    }
                    Some(Direction::Outbound) if is_nobody(cells.destination.as_ref()) => {
                        cells.destination = Some(peer);
                    }
                    Some(Direction::Inbound | Direction::Outbound | Direction::Both) | None => {}
                }
            }
        }
        let names_endpoints = [
            Column::Source,
            Column::Destination,
            Column::Peer,
            Column::Direction,
        ]
        .into_iter()
        .any(|column| self.columns.has(column));
        if !names_endpoints && self.context.endpoints.is_none() && !self.context.is_within_role {
            let endpoints = [&cells.service, &cells.notes]
                .into_iter()
                .flatten()
                .find_map(|text| endpoints::arrow(text).or_else(|| endpoints::from_to(text)));
            if let Some(endpoints) = endpoints {
                cells.direction = endpoints.is_mutual.then_some(Direction::Both);
                cells.source = Some(endpoints.source);
                cells.destination = Some(endpoints.destination);
            }
        }
    }

    /// Fills in the direction and the endpoints that the row leaves out, from the table's columns and the headings above.
    fn complete_endpoints(&self, row: &TableRow, cells: &mut Cells, document: &mut Document) {
        let context = self.context;
        let gives_endpoints = cells.source.is_some() || cells.destination.is_some();
        let one_sided = self.columns.one_sided();
        let given = if gives_endpoints && one_sided.is_none() {
            None
        } else {
            context.direction.or(one_sided)
        };
        if cells.role.is_none() && one_sided.is_some() {
            cells.role.clone_from(&context.heading);
        }
        cells.direction = cells.direction.or(given);
        if context.is_within_role
            && !gives_endpoints
            && cells.direction.is_none()
            && cells.peer.is_none()
        {
            cells.direction = Some(Direction::Both);
            cells.source.clone_from(&cells.role);
            cells.destination.clone_from(&cells.role);
            return;
        }
        let peer = cells.peer.take();
        if let (Some((from, to)), false, None) = (&context.endpoints, gives_endpoints, &peer) {
            cells.source = Some(from.clone());
            cells.destination = Some(to.clone());
        }
        let Some(peer) = peer else { return };
        match cells.direction {
            Some(Direction::Inbound) => cells.source = cells.source.take().or(Some(peer)),
            Some(Direction::Outbound) => {
                cells.destination = cells.destination.take().or(Some(peer));
            }
            Some(Direction::Both) => {
                cells.source = cells.source.take().or_else(|| Some(peer.clone()));
                cells.destination = cells.destination.take().or(Some(peer));
            }
            None => {
                let message = "without a direction this end may be either";
                self.problem(document, row, Severity::Lost, &peer, message);
            }
        }
    }

    /// The row's transports, from its cells, the headings or an application protocol, and whether they were inferred.
    fn transport(
        &self,
        row: &TableRow,
        cells: &Cells,
        ports: &ports::Ports,
        document: &mut Document,
    ) -> (Vec<Transport>, bool) {
        let named = cells.protocol.as_deref().and_then(cell::transports);
        if let (Some(text), None) = (&cells.protocol, &named) {
            let message = "this protocol is not known, so TCP was taken for it; check it";
            self.problem(document, row, Severity::Remark, text, message);
        }
        if let Some(named) = named.as_ref().filter(|named| !named.inferred) {
            return (named.transports.clone(), false);
        }
        if !ports.transports.is_empty() {
            let transports: BTreeSet<Transport> = ports.transports.iter().copied().collect();
            return (transports.into_iter().collect(), false);
        }
        if let Some(transport) = self.context.transport {
            return (vec![transport], false);
        }
        let texts = || [&cells.service, &cells.notes].into_iter().flatten();
        // "HTTP: the API (TCP only)": the brackets state the transport, so it need not be inferred from "HTTP".
        let bracketed = texts()
            .filter_map(|text| cell::transports(&unbracket(text).1.join(" ")))
            .find(|named| !named.inferred);
        if let Some(stated) = bracketed {
            return (stated.transports, false);
        }
        let inferred = named
            .or_else(|| cell::transports(&ports.protocols.join(" ")))
            .or_else(|| texts().find_map(|text| cell::implied_transports(text)))
            .map(|named| named.transports);
        (inferred.unwrap_or_else(|| vec![Transport::Tcp]), true)
    }
}

const PORTLESS: &str =
    "this protocol has no ports, and a matrix can't name it, so no row was made of it";

fn is_nobody(end: Option<&String>) -> bool {
    end.is_none_or(|text| matches!(text.to_lowercase().as_str(), "none" | "n/a" | "any"))
}
