//! Reads one row of a port table, each cell by the meaning of its column.

mod cells;
mod granted;
mod marked_rows;
mod of_some;
mod pairs;
mod permission;
mod purpose;
mod reach;
mod relations;
mod replies;
mod spoken_ends;
mod transports;
mod whole_row;

pub(super) use self::spoken_ends::places as spoken_places;

use std::sync::Arc;

use self::{cells::Cells, of_some::Part};
use super::{
    arrow_ports::Arrow,
    cell,
    column::Column,
    columns::{Columns, PortText},
    context::Context,
    end::{Basis, End},
    loopback,
    marked_ends::MarkedEnds,
    names::Names,
    permission::{Permission, is_kept_free},
    ports,
    problem::{Problem, ProblemKind, Severity},
    row::{Direction, Document, Row, RowFields, RowOrigin, RowText},
    table_rows::TableRow,
};
use crate::{port::PortRange, transport::Transport};

/// A table that has a column of ports.
pub(super) struct PortTable<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) head: &'a TableRow,
    pub(super) columns: &'a Columns,
    pub(super) context: &'a Context,
    /// What the page's tables name as machines.
    pub(super) names: &'a Names,
    /// The columns of marks below names of machines.
    pub(super) marks: Option<&'a MarkedEnds>,
    /// What the end in the first column rests on, if there is one.
    pub(super) first_end: Basis,
}

/// The ports of one transport that a row names.
#[derive(Clone, Debug)]
struct Found {
    direction: Option<Direction>,
    /// What the protocol column says of them.
    protocol: Option<String>,
    ports: ports::Ports,
}

/// Ports with what their cell says beside them.
#[derive(Clone, Debug)]
struct Named {
    service: Option<String>,
    peer: Option<String>,
    arrow: Option<Arrow>,
    found: Found,
}

impl PortTable<'_> {
    /// Reads a table row; `role` names its machines, if this row or one above it does.
    pub(super) fn read(&self, row: &TableRow, role: Option<&End>, document: &mut Document) {
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
        let found = self.all_found(row, document);
        let ports = found
            .iter()
            .flat_map(|named| &named.found.ports.groups)
            .flat_map(|group| &group.ranges)
            .copied()
            .collect();
        for part in self.parts(row, &ports, document) {
            let of_part = found.iter().filter_map(|named| {
                Some(Named {
                    found: part.of(&named.found)?,
                    ..named.clone()
                })
            });
            self.read_part(&part, role, of_part.collect(), document);
        }
    }

    /// The ports that a row names, in the order of its columns.
    fn all_found(&self, row: &TableRow, document: &mut Document) -> Vec<Named> {
        let given = self.given_direction(row);
        let mut texts = self.columns.ports(self.head, row, given);
        if texts.is_empty() {
            texts.push(PortText {
                direction: None,
                text: String::new(),
                service: None,
                peer: None,
                arrow: None,
            });
        }
        let mut all = Vec::new();
        for PortText {
            direction,
            text,
            service,
            peer,
            arrow,
        } in texts
        {
            let found = self.found(row, direction, text, document);
            all.extend(found.into_iter().map(|found| Named {
                service: service.clone(),
                peer: peer.clone(),
                arrow,
                found,
            }));
        }
        all
    }

    /// Reads a row, or what it says of some of its ports.
    fn read_part(
        &self,
        part: &Part<'_>,
        role: Option<&End>,
        found: Vec<Named>,
        document: &mut Document,
    ) {
        if found.is_empty() {
            return;
        }
        let row: &TableRow = &part.row;
        // What a row without ports says is of no interest, so its other cells are read only now.
        let cells = Cells::read(self, (row, part.remark.as_deref()), role, document);
        if let Some(marks) = self.marks
            && !marked_rows::are_said(self, marks, row, document)
        {
            return;
        }
        let permission = self.permission(row, &cells, document);
        let has_nobody = || {
            let mut cells = row.cells.iter().enumerate();
            cells.any(|(index, cell)| !self.columns.may_name_ports(index) && is_kept_free(cell))
        };
        let no_rule = if permission == Permission::Withdrawn {
            Some("the page says that this is no longer used, so no rule was made of it")
        } else if has_nobody() {
            Some("the page says that nobody has this port, so no rule was made of it")
        } else if self.is_of_replies(row, &found) {
            Some(
                "this row has the port of who answers for its source, so it was taken for what comes back, and no rule was made of it; check it",
            )
        } else {
            None
        };
        if let Some(message) = no_rule {
            let whole = row.cells.join(" | ");
            self.problem(document, row, Severity::Remark, &whole, message);
            return;
        }
        // `no (localhost only)`: what stays on its machine is shut to others, and open there.
        let is_shut_to_others = permission == Permission::Forbidden
            && !self.context.is_forbidden
            && self
                .columns
                .cell(row, Column::Permission)
                .is_some_and(|cell| loopback::is_meant(&cell));
        let is_local = is_shut_to_others || self.stays_on_machine(row);
        for Named {
            service,
            peer,
            arrow,
            found:
                Found {
                    direction,
                    protocol,
                    ports,
                },
        } in found
        {
            let service = service.as_deref().or(cells.service.as_deref());
            let (transport, transport_inferred) = self.transport(
                row,
                (&cells, service),
                protocol.as_deref(),
                &ports,
                document,
            );
            let loopback =
                is_local || cells.loopback || ports.is_loopback || self.context.is_loopback;
            let mut first = Row {
                line: row.line,
                text: RowText::new(service, cells.notes.as_deref()),
                fields: Arc::new(RowFields {
                    file: Arc::clone(self.file),
                    origin: RowOrigin::Table,
                    section: self.context.section.clone(),
                    role: cells.role.clone(),
                    ports: ports.groups.into(),
                    protocol: protocol.as_deref().map(Into::into),
                    transport: transport.into(),
                    transport_inferred,
                    direction: cells
                        .direction
                        .or(direction)
                        .or_else(|| self.either_way(&cells)),
                    source: cells.source.clone(),
                    destination: cells.destination.clone(),
                    is_peer: self.columns.has(Column::Peer),
                    required: cells.required,
                    condition: cells.condition.as_deref().map(Into::into),
                    ephemeral: ports.ephemeral,
                    forbidden: permission == Permission::Forbidden && !is_shut_to_others,
                    loopback,
                }),
            };
            let fields = Arc::make_mut(&mut first.fields);
            // `Inbound: Port, From | Outbound: Port, To`: who asks at the one port is nobody at the other.
            if let Some(way) = direction {
                let is_of_other = |end| {
                    let heading = cell::direction(self.columns.heading(self.head, end));
                    heading.is_some_and(|heading| heading != way && heading != Direction::Both)
                };
                if is_of_other(Column::Source) {
                    fields.source = None;
                }
                if is_of_other(Column::Destination) {
                    fields.destination = None;
                }
            }
            if let Some(peer) = peer {
                let end = if direction == Some(Direction::Outbound) {
                    &mut fields.destination
                } else {
                    &mut fields.source
                };
                end.get_or_insert(End::new(peer, Basis::Heading));
            }
            match arrow {
                Some(Arrow::Left) => std::mem::swap(&mut fields.source, &mut fields.destination),
                Some(Arrow::Both) => fields.direction = Some(Direction::Both),
                Some(Arrow::Right) | None => {}
            }
            if let Some(marks) = self.marks {
                let rows = marked_rows::rows(marks, row, &first);
                document.rows.extend(rows);
                continue;
            }
            if !cells.granted.is_empty() {
                document.rows.extend(cells.granted_rows(&first));
                continue;
            }
            let more = cells.more_ends.iter().map(|ends| {
                let mut other = first.clone();
                let fields = Arc::make_mut(&mut other.fields);
                fields.source = Some(End::new(ends.source.as_str(), ends.basis));
                fields.destination = Some(End::new(ends.destination.as_str(), ends.basis));
                fields.direction = ends.is_mutual.then_some(Direction::Both);
                other
            });
            let apart = cells.apart.iter().map(|apart| {
                let mut other = first.clone();
                let fields = Arc::make_mut(&mut other.fields);
                let end = if apart.is_source {
                    &mut fields.source
                } else {
                    &mut fields.destination
                };
                *end = Some(apart.end.clone());
                if apart.is_optional {
                    fields.required = Some(false);
                }
                if let Some(own) = &apart.condition {
                    fields.condition = Some(match &fields.condition {
                        Some(whole) => format!("{whole}; {own}").into(),
                        None => own.as_str().into(),
                    });
                }
                other
            });
            let more: Vec<Row> = more.chain(apart).collect();
            document.rows.push(first);
            document.rows.extend(more);
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
        document
            .problems
            .push(Problem::new(self.file, row.line, severity, text, message).of(ProblemKind::Cell));
    }

    /// The ports under headings of one direction, those of each transport by themselves.
    fn found(
        &self,
        row: &TableRow,
        direction: Option<Direction>,
        mut text: String,
        document: &mut Document,
    ) -> Vec<Found> {
        if let Some(last) = self
            .columns
            .cell(row, Column::LastPort)
            .filter(|last| *last != text)
        {
            text = format!("{text}-{last}");
        }
        let (rest, ip_protocol) = ports::without_ip_protocols(&text);
        let names_ports = rest.contains(|c: char| c.is_ascii_digit());
        if let Some(named) = ip_protocol.filter(|_| names_ports) {
            self.problem(document, row, Severity::Lost, &named, PORTLESS);
            text = rest;
        }
        let protocol = self.columns.protocol(self.head, row, direction);
        if let Some(all) = protocol
            .as_deref()
            .and_then(|protocol| pairs::with_bracketed(&text, protocol))
        {
            let message = "the ports in brackets were taken for those of the protocol in brackets beside them; check it";
            self.problem(document, row, Severity::Remark, &text, message);
            text = all;
        }
        let parts = match protocol
            .as_deref()
            .and_then(|protocol| pairs::paired(&text, protocol))
        {
            Some(pairs) => {
                let message = "these ports and protocols were read side by side, the first with the first; check it";
                self.problem(document, row, Severity::Remark, &text, message);
                pairs
            }
            None => ports::segments(&text)
                .into_iter()
                .flat_map(|part| match protocol {
                    None => pairs::apart_from_icmp(part),
                    Some(_) => vec![part.to_owned()],
                })
                .map(|part| (part, protocol.clone()))
                .collect(),
        };
        // `8300, 8301(UDP)`: whether the ports beside it are of that transport, too, is a guess.
        let n_stated = parts
            .iter()
            .filter(|(part, _)| cell::transports(part).is_some_and(|named| !named.inferred))
            .count();
        if 0 < n_stated && n_stated < parts.len() && protocol.is_none() {
            let message = "a transport is written behind some of these ports only, and was taken for those alone; check it";
            self.problem(document, row, Severity::Remark, &text, message);
        }
        let mut found = Vec::new();
        for (part, protocol) in parts {
            match self.ports(row, &part, protocol.as_deref(), document) {
                Outcome::Ports(ports) => found.push(Found {
                    direction,
                    protocol,
                    ports,
                }),
                Outcome::None => {}
                // A part that is not understood may change what the others mean.
                Outcome::Refused => return Vec::new(),
            }
        }
        found
    }

    /// Reads the ports of one transport; if there are none, or they are not understood, a problem says so.
    fn ports(
        &self,
        row: &TableRow,
        text: &str,
        protocol: Option<&str>,
        document: &mut Document,
    ) -> Outcome {
        let named = protocol.and_then(cell::transports);
        let is_portless = named.is_none() && protocol.is_some_and(ports::is_portless);
        if is_portless || ports::is_portless(text) {
            self.problem(
                document,
                row,
                Severity::Lost,
                &row.cells.join(" | "),
                PORTLESS,
            );
            return Outcome::None;
        }
        let mut ports = ports::ports(text);
        let says_icmp = named.map_or_else(
            || {
                cell::transports(text)
                    .is_some_and(|named| !named.inferred && named.transports == [Transport::Icmp])
            },
            |named| named.transports == [Transport::Icmp],
        );
        if says_icmp {
            let types = text.trim();
            if types
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))
            {
                let message = "ICMP has no ports: these numbers were taken for types, and a matrix names none, so the rule allows every type";
                self.problem(document, row, Severity::Remark, types, message);
            }
            ports.groups.clear();
            ports.transports = vec![Transport::Icmp];
            ports.remarks.clear();
            return Outcome::Ports(ports);
        }
        if let Some(problem) = &ports.problem {
            // `any` beside a number is of the other end more often than of this one, and all ports are wider than what is written.
            let is_narrow = |ports: &ports::Ports| {
                let mut ranges = ports.groups.iter().flat_map(|group| &group.ranges);
                !ranges.any(|range| *range == PortRange::ALL)
            };
            let Some(certain) = ports::certain_ports(text).filter(is_narrow) else {
                self.problem(document, row, Severity::Lost, text, &problem.to_string());
                return Outcome::Refused;
            };
            self.problem(document, row, Severity::Remark, text, &taken(&certain));
            ports = certain;
        }
        if ports.groups.is_empty() && !ports.ephemeral {
            let message =
                "this row names no port, so no row was made of it; write a port, ICMP or Ephemeral";
            self.problem(
                document,
                row,
                Severity::Lost,
                &row.cells.join(" | "),
                message,
            );
            return Outcome::None;
        }
        // `13003/tcp, loopback`
        let is_own = |words: &String| loopback::is_only_own(words);
        ports.is_loopback |= ports.remarks.iter().any(is_own);
        ports.remarks.retain(|words| !is_own(words));
        for words in std::mem::take(&mut ports.remarks) {
            let message = format!("`{words}` beside the ports was taken for a remark");
            self.problem(document, row, Severity::Remark, text, &message);
        }
        Outcome::Ports(ports)
    }
}

enum Outcome {
    Ports(ports::Ports),
    /// The text names no ports.
    None,
    /// The text is not wholly understood.
    Refused,
}

/// Says which ports were taken from a cell that is not wholly understood.
fn taken(ports: &ports::Ports) -> String {
    let ranges: Vec<String> = ports
        .groups
        .iter()
        .flat_map(|group| &group.ranges)
        .map(ToString::to_string)
        .collect();
    format!(
        "this cell is not wholly understood, so only {} was taken from it; check it",
        ranges.join(", ")
    )
}

const PORTLESS: &str =
    "this protocol has no ports, and a matrix can't name it, so no row was made of it";
