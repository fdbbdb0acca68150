//! Blocks to rows: headings and columns give each cell its meaning.

use std::collections::BTreeSet;

use super::{
    Document,
    block::{Block, Content, TableRow},
    cell,
    column::Column,
    columns::Columns,
    context::{Context, Headings},
    notes::Notes,
    row::{Direction, Problem, Row, RowOrigin, Severity},
    text::{some, unbracket},
};
use crate::transport::Transport;

/// Reads all rows of a page.
pub(super) fn read(file: &str, blocks: &[Block]) -> Document {
    let mut reader = Reader {
        file,
        headings: Headings::default(),
        document: Document::default(),
        notes: Notes::default(),
        caption: None,
    };
    for block in blocks {
        match &block.content {
            Content::Heading { level, text } => {
                reader.caption = None;
                reader.heading(*level, text);
            }
            Content::Table(rows) => reader.table(block.line, rows),
            Content::Text(text) => {
                reader.caption = is_caption(text).then(|| text.trim_end_matches(':').to_owned());
                reader
                    .notes
                    .add(block.line, text, &reader.headings.context());
            }
            Content::Caption(text) => reader.caption = Some(text.clone()),
            Content::Title(text) => reader.document.title = some(text),
        }
    }
    let (rows, problems) = reader.notes.rows(file, &reader.document.rows);
    reader.document.rows.extend(rows);
    reader.document.problems.extend(problems);
    reader.document.rows.sort_by_key(|row| row.line);
    reader.document.problems.sort_by_key(|problem| problem.line);
    reader.document
}

/// Whether a paragraph reads like the title of what follows: a few words and no sentence.
fn is_caption(text: &str) -> bool {
    text.split_whitespace().count() <= CAPTION_WORDS && !text.ends_with(['.', '!', '?', ';'])
}

const CAPTION_WORDS: usize = 9;

struct Reader<'a> {
    file: &'a str,
    headings: Headings,
    document: Document,
    notes: Notes,
    /// The title of the next table.
    caption: Option<String>,
}

impl Reader<'_> {
    fn heading(&mut self, level: u8, text: &str) {
        if level == 1 && self.document.title.is_none() {
            self.document.title = some(text);
        }
        self.headings.push(level, text);
    }

    fn problem(&mut self, line: usize, severity: Severity, text: &str, message: String) {
        self.document.problems.push(Problem {
            file: self.file.to_owned(),
            line,
            severity,
            text: text.to_owned(),
            message,
        });
    }

    fn table(&mut self, line: usize, rows: &[TableRow]) {
        let Some((head, body)) = rows.split_first() else {
            return;
        };
        let columns = Columns::new(head, body);
        if !columns.has(Column::Port) {
            let n_rows = body.len();
            self.problem(line, Severity::Remark, &head.cells.join(" | "), format!(
                "no column of this table is headed as ports, so its {n_rows} rows were not read; if it lists ports, head their column `Port`"
            ));
            return;
        }
        for heading in columns.unknown(head) {
            self.problem(
                line,
                Severity::Remark,
                heading,
                "this column is not understood and was left out".to_owned(),
            );
        }
        let mut context = self.headings.context();
        if let Some(caption) = self.caption.take() {
            context.narrow(&caption);
        }
        self.notes.has_table(context.section.clone());
        let mut role: Option<String> = None;
        for row in body {
            if row.cells.iter().all(String::is_empty) || row.cells == head.cells {
                continue;
            }
            role = columns.cell(row, Column::Role).or(role);
            self.row(row, head, &columns, &context, role.as_deref());
        }
    }

    fn row(
        &mut self,
        row: &TableRow,
        head: &TableRow,
        columns: &Columns,
        context: &Context,
        role: Option<&str>,
    ) {
        for cell in row
            .cells
            .iter()
            .skip(head.cells.len())
            .filter(|cell| !cell.is_empty())
        {
            self.problem(
                row.line,
                Severity::Lost,
                cell,
                "this cell stands under no heading and was left out".to_owned(),
            );
        }
        let mut port_text = columns.ports(head, row);
        if let Some(last) = columns
            .cell(row, Column::LastPort)
            .filter(|last| *last != port_text)
        {
            port_text = format!("{port_text}-{last}");
        }
        for part in cell::segments(&port_text) {
            self.port_row(row, head, columns, context, role, part);
        }
    }

    /// Makes a row of the ports of one transport.
    fn port_row(
        &mut self,
        row: &TableRow,
        head: &TableRow,
        columns: &Columns,
        context: &Context,
        role: Option<&str>,
        port_text: &str,
    ) {
        let protocol = columns.cell(row, Column::Protocol);
        let mut ports = cell::ports(port_text);
        for problem in &ports.problems {
            self.problem(row.line, Severity::Lost, port_text, problem.clone());
        }
        let named = protocol.as_deref().and_then(cell::transports);
        let is_portless = named.is_none() && protocol.as_deref().is_some_and(cell::is_portless);
        if is_portless || cell::is_portless(port_text) {
            let message =
                "this protocol has no ports, and a matrix can't name it, so no row was made of it"
                    .to_owned();
            self.problem(row.line, Severity::Lost, &row.cells.join(" | "), message);
            return;
        }
        let says_icmp = ports.transports.contains(&Transport::Icmp)
            || named.is_some_and(|named| named.transports == [Transport::Icmp]);
        let severity = if ports.groups.is_empty() {
            Severity::Lost
        } else {
            Severity::Remark
        };
        for word in std::mem::take(&mut ports.unknown) {
            self.problem(
                row.line,
                severity,
                port_text,
                format!("`{word}` is not understood among ports"),
            );
        }
        if ports.groups.is_empty() && !ports.ephemeral && !says_icmp {
            if ports.problems.is_empty() {
                let message = "this row names no port, so no row was made of it; write a port, ICMP or Ephemeral".to_owned();
                self.problem(row.line, Severity::Lost, &row.cells.join(" | "), message);
            }
            return;
        }
        let mut edition = None;
        let mut cell = |column| {
            let (text, marker) = cell::editions(&columns.cell(row, column)?);
            edition = marker.or(edition.take());
            some(&text)
        };
        let role = role.map(str::to_owned).or_else(|| context.role.clone());
        let (source, destination, peer) = (
            cell(Column::Source),
            cell(Column::Destination),
            cell(Column::Peer),
        );
        let (service, protocol) = (cell(Column::Service), cell(Column::Protocol));
        let (notes, direction_text, required_text) = (
            cell(Column::Notes),
            cell(Column::Direction),
            cell(Column::Required),
        );
        let direction = direction_text.as_deref().and_then(cell::direction);
        if let (Some(text), None) = (&direction_text, direction) {
            self.problem(
                row.line,
                Severity::Lost,
                text,
                "this is no direction: expected inbound, outbound or both".to_owned(),
            );
        }
        let gives_ends = source.is_some() || destination.is_some();
        let one_sided = columns.one_sided();
        let given = if gives_ends && one_sided.is_none() {
            None
        } else {
            context.direction.or(one_sided)
        };
        let direction = direction.or(given);
        let among = context.among && !gives_ends && direction.is_none() && peer.is_none();
        let direction = if among {
            Some(Direction::Both)
        } else {
            direction
        };
        let (source, destination) = match (&context.ends, source, destination) {
            (Some((from, to)), None, None) if peer.is_none() && !among => {
                (Some(from.clone()), Some(to.clone()))
            }
            (_, source, destination) => (source, destination),
        };
        let (source, destination) = match (among, peer) {
            (true, _) => (role.clone(), role.clone()),
            (false, Some(peer)) => match direction {
                Some(Direction::Inbound) => (source.or(Some(peer)), destination),
                Some(Direction::Outbound) => (source, destination.or(Some(peer))),
                Some(Direction::Both) => (
                    source.or_else(|| Some(peer.clone())),
                    destination.or(Some(peer)),
                ),
                None => {
                    self.problem(
                        row.line,
                        Severity::Lost,
                        &peer,
                        "without a direction this end may be either".to_owned(),
                    );
                    (source, destination)
                }
            },
            (false, None) => (source, destination),
        };
        let (transport, transport_inferred) = self.transport(
            row,
            protocol.as_deref(),
            service.as_deref(),
            &ports,
            context,
        );
        let (stated, notes) = notes.as_deref().map_or((None, None), cell::condition);
        let bracketed = [&source, &destination]
            .into_iter()
            .flatten()
            .find_map(|text| cell::bracketed_condition(text));
        let optional_column = head
            .cells
            .iter()
            .any(|heading| heading.trim().eq_ignore_ascii_case("optional"));
        let required = required_text
            .as_deref()
            .and_then(cell::required)
            .map(|required| required != optional_column);
        if let (Some(text), None) = (&required_text, required) {
            self.problem(
                row.line,
                Severity::Remark,
                text,
                "does not say yes or no, so the row counts as neither".to_owned(),
            );
        }
        self.document.rows.push(Row {
            file: self.file.to_owned(),
            line: row.line,
            origin: RowOrigin::Table,
            section: context.section.clone(),
            role,
            ports: ports.groups,
            protocol,
            transport,
            transport_inferred,
            direction,
            source,
            destination,
            service,
            required,
            condition: stated.or(bracketed).or(edition),
            notes,
            ephemeral: ports.ephemeral,
        });
    }

    /// The row's transport and whether it was inferred: from the cells, the headings, or the application.
    fn transport(
        &mut self,
        row: &TableRow,
        protocol: Option<&str>,
        service: Option<&str>,
        ports: &cell::Ports,
        context: &Context,
    ) -> (Vec<Transport>, bool) {
        let named = protocol.and_then(cell::transports);
        if let (Some(text), None) = (protocol, &named) {
            let message =
                "this protocol is not known, so TCP was taken for it; check it".to_owned();
            self.problem(row.line, Severity::Remark, text, message);
        }
        if let Some(named) = named.as_ref().filter(|named| !named.inferred) {
            return (named.transports.clone(), false);
        }
        if !ports.transports.is_empty() {
            let transports: BTreeSet<Transport> = ports.transports.iter().copied().collect();
            return (transports.into_iter().collect(), false);
        }
        if let Some(transport) = context.transport {
            return (vec![transport], false);
        }
        // "HTTP: the API (TCP only)": in brackets, the page itself says so.
        let bracketed = service.map(|text| unbracket(text).1.join(" "));
        if let Some(stated) = bracketed
            .as_deref()
            .and_then(cell::transports)
            .filter(|named| !named.inferred)
        {
            return (stated.transports, false);
        }
        let inferred = named
            .or_else(|| cell::transports(&ports.protocols.join(" ")))
            .or_else(|| {
                service
                    .filter(|service| service.eq_ignore_ascii_case("dns"))
                    .and_then(cell::transports)
            })
            .map(|named| named.transports);
        (inferred.unwrap_or_else(|| vec![Transport::Tcp]), true)
    }
}
