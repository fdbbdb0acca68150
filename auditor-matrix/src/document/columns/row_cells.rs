//! Reads the cells of a row by the meanings of their columns.

use super::Columns;
use crate::{
    document::{
        arrow_ports::{self, Arrow},
        cell,
        column::Column,
        host_port::HostPort,
        names::Names,
        permission, port_items, ports,
        row::Direction,
        section,
        table_rows::TableRow,
        text::{says_none, some},
    },
    transport::Transport,
};

impl Columns {
    /// The text of the cells under `column`, joined where several columns mean the same.
    pub(in crate::document) fn cell(&self, row: &TableRow, column: Column) -> Option<String> {
        let cells: Vec<&str> = self
            .meanings
            .iter()
            .zip(&row.cells)
            .filter(|(meaning, cell)| **meaning == Some(column) && !cell.is_empty())
            .map(|(_, cell)| cell.as_str())
            .collect();
        some(&cells.join(" "))
    }

    /// The protocol of ports under a heading with this direction: that of the column with the same direction, if there are
    /// several.
    pub(in crate::document) fn protocol(
        &self,
        head: &TableRow,
        row: &TableRow,
        direction: Option<Direction>,
    ) -> Option<String> {
        let cells = || {
            self.meanings
                .iter()
                .zip(&head.cells)
                .zip(&row.cells)
                .filter(|((meaning, _), cell)| {
                    **meaning == Some(Column::Protocol) && !cell.is_empty()
                })
                .map(|((_, heading), cell)| (cell::direction(heading), cell.as_str()))
        };
        let same: Vec<&str> = cells()
            .filter(|(of, _)| *of == direction)
            .map(|(_, cell)| cell)
            .collect();
        if direction.is_some() && !same.is_empty() {
            return some(&same.join(" "));
        }
        let all: Vec<&str> = cells().map(|(_, cell)| cell).collect();
        some(&all.join(" "))
    }

    /// The machine that the address of a row's port names, where that is one: `store:5432`.
    pub(in crate::document) fn addressed(&self, row: &TableRow) -> Option<String> {
        let mut named = self
            .positions(Column::Port)
            .filter_map(|index| HostPort::of(row.cells.get(index)?)?.name());
        let first = named.next()?;
        named.next().is_none().then(|| first.to_owned())
    }

    /// The transports that a row marks in its columns for each, such as ticks below `TCP` and `UDP`.
    pub(in crate::document) fn marked_transports(&self, row: &TableRow) -> Vec<Transport> {
        self.meanings
            .iter()
            .zip(&row.cells)
            .filter_map(|(meaning, cell)| match meaning {
                Some(Column::TransportMark(transport)) if cell::required(cell) == Some(true) => {
                    Some(*transport)
                }
                Some(_) | None => None,
            })
            .collect()
    }

    /// The direction that a row gives in its yes-or-no columns for inbound and outbound traffic.
    pub(in crate::document) fn marked(&self, row: &TableRow) -> Option<Direction> {
        let is_marked = |column| {
            self.cell(row, column)
                .as_deref()
                .and_then(cell::required)
                .unwrap_or_default()
        };
        match (
            is_marked(Column::InboundMark),
            is_marked(Column::OutboundMark),
        ) {
            (true, true) => Some(Direction::Both),
            (true, false) => Some(Direction::Inbound),
            (false, true) => Some(Direction::Outbound),
            (false, false) => None,
        }
    }

    /// The direction of a table with a column for one endpoint only: its rows are about the other endpoint, so a lone
    /// `Source` column means inbound and a lone `Destination` column outbound.
    pub(in crate::document) fn one_sided(&self) -> Option<Direction> {
        match (self.has(Column::Source), self.has(Column::Destination)) {
            (true, false) => Some(Direction::Inbound),
            (false, true) => Some(Direction::Outbound),
            (true, true) | (false, false) => None,
        }
    }

    /// The text of all port columns, joined by direction. If a heading names one transport, as in `TCP port`, it is put in
    /// front of the cell's text.
    pub(in crate::document) fn ports(
        &self,
        head: &TableRow,
        row: &TableRow,
        of: Option<Direction>,
    ) -> Vec<PortText> {
        let mut texts: Vec<PortText> = Vec::new();
        for ((meaning, heading), cell) in self.meanings.iter().zip(&head.cells).zip(&row.cells) {
            let is_meant = match meaning {
                Some(
                    Column::Port
                    | Column::Transport(_)
                    | Column::NamedPort
                    | Column::PortItems
                    | Column::ArrowPort,
                ) => true,
                // The server's port is the local one of what comes in, and the remote one of what goes out.
                Some(Column::LocalPort) => of != Some(Direction::Outbound),
                Some(Column::RemotePort) => of != Some(Direction::Inbound),
                Some(_) | None => false,
            };
            if !is_meant || some(cell).is_none() {
                continue;
            }
            // `no` below `UDP`, beside the ports of TCP.
            let is_of_transport =
                matches!(meaning, Some(Column::Transport(_))) || only_transport(heading).is_some();
            if is_of_transport && (says_none(cell) || permission::denies_ports(cell)) {
                continue;
            }
            if *meaning == Some(Column::ArrowPort)
                && let Some(parts) = arrow_ports::split(cell)
            {
                texts.extend(parts.into_iter().map(|(text, arrow)| PortText {
                    direction: None,
                    text,
                    service: None,
                    peer: None,
                    arrow: Some(arrow),
                }));
                continue;
            }
            let peer = (*meaning == Some(Column::NamedPort))
                .then(|| other_end(heading))
                .flatten();
            let direction = cell::direction(heading).or(peer.map(|(direction, _)| direction));
            let named = HostPort::of(cell).filter(|read| read.name().is_some());
            let cell = named.map_or_else(|| cell.clone(), |read| read.port.to_owned());
            let cell = &cell;
            let holds_items = *meaning == Some(Column::PortItems)
                || *meaning == Some(Column::Port) && ports::ports(cell).problem.is_some();
            let items = if holds_items {
                port_items::items(cell)
            } else {
                Vec::new()
            };
            if !items.is_empty() {
                texts.extend(items.into_iter().map(|item| PortText {
                    direction,
                    text: item.ports,
                    service: Some(item.service),
                    peer: None,
                    arrow: None,
                }));
                continue;
            }
            let lead = match meaning {
                Some(Column::Transport(transport)) => Some(*transport),
                Some(_) | None => only_transport(heading),
            };
            let text = match lead {
                Some(transport) => format!("{} {cell}", transport.name()),
                None => cell.clone(),
            };
            let service =
                (*meaning == Some(Column::NamedPort) && peer.is_none()).then(|| heading.clone());
            let peer = peer.map(|(_, name)| name.to_owned());
            match texts.iter_mut().find(|known| {
                known.direction == direction && known.service == service && known.peer == peer
            }) {
                Some(together) => together.text.extend([", ", &text]),
                None => texts.push(PortText {
                    direction,
                    text,
                    service,
                    peer,
                    arrow: None,
                }),
            }
        }
        texts
    }
}

/// The cells of ports under headings of one direction.
#[derive(Debug)]
pub(in crate::document) struct PortText {
    pub(in crate::document) direction: Option<Direction>,
    pub(in crate::document) text: String,
    /// What the ports are for, if their column's heading names it.
    pub(in crate::document) service: Option<String>,
    /// The other end, if their column's heading names it: `From tills`.
    pub(in crate::document) peer: Option<String>,
    /// Which of the row's ends asks, if an arrow behind the ports says so.
    pub(in crate::document) arrow: Option<Arrow>,
}

/// The other end that a heading of ports names by its preposition, and which way that is: `From tills`, `To the store`.
fn other_end(heading: &str) -> Option<(Direction, &str)> {
    let (lead, name) = heading.trim_end_matches(':').split_once(' ')?;
    let direction = match lead.to_lowercase().as_str() {
        "from" => Direction::Inbound,
        "to" => Direction::Outbound,
        _ => return None,
    };
    let name = name.strip_prefix("the ").unwrap_or(name);
    section::is_noun_phrase(name, &Names::default()).then_some((direction, name))
}

/// The transport that a heading of ports names, if it is one: `TCP port`, `Ports (UDP)`.
fn only_transport(heading: &str) -> Option<Transport> {
    let mut named = heading
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| cell::stated(&word.to_lowercase()));
    let first = named.next()?;
    named.all(|other| other == first).then_some(first)
}
