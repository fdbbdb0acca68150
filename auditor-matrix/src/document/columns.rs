//! A table's columns: what each means by its heading and its cells together, and the cells under it.

use std::collections::BTreeSet;

use super::{
    arrow_ports::{self, Arrow},
    cell,
    cell_kinds::{CellKinds, SAMPLE},
    column::{self, Column},
    commands, port_items, ports,
    profile::Profile,
    row::Direction,
    table_rows::{TableRow, TableRows},
    text::some,
};
use crate::transport::Transport;

/// The rows of a table below its headings.
pub(super) struct Body<'a> {
    rows: &'a TableRows,
    n_headings: usize,
}

impl<'a> Body<'a> {
    pub(super) const fn new(rows: &'a TableRows, n_headings: usize) -> Self {
        Self { rows, n_headings }
    }

    pub(super) const fn len(&self) -> usize {
        self.rows.len().saturating_sub(self.n_headings)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = TableRow> {
        self.rows.iter().skip(self.n_headings)
    }

    /// The cells of every row, without line numbers.
    pub(super) fn cells(&self) -> impl Iterator<Item = impl Iterator<Item = &'a str>> {
        let rows = self.rows;
        (self.n_headings..rows.len()).map(|row| rows.cells(row))
    }

    pub(super) fn column(&self, index: usize) -> impl Iterator<Item = &'a str> {
        self.cells().filter_map(move |mut cells| cells.nth(index))
    }
}

/// A table's columns, by position.
#[derive(Debug)]
pub(super) struct Columns {
    meanings: Vec<Option<Column>>,
    /// The column that is headed as ports and holds none.
    demoted: Option<usize>,
    /// The services are what listens: the servers of the rows.
    services_listen: bool,
    /// The column whose cells say whether the row's number is a port: `HTTP port`.
    port_names: Option<usize>,
    /// Headings that could be read in more than one way, and what was taken.
    doubts: Vec<(String, &'static str)>,
}

impl Columns {
    /// Decides the meaning of all columns together: the heading's phrase is weighed against what the cells hold.
    /// What the profile says of a column is not weighed.
    pub(super) fn new(head: &TableRow, body: &Body<'_>, profile: &Profile) -> Self {
        let kinds: Vec<CellKinds> = (0..head.cells.len())
            .map(|index| CellKinds::of(body.column(index)))
            .collect();
        let mut columns = Self {
            meanings: head
                .cells
                .iter()
                .map(|heading| {
                    let chosen = profile.column(heading).map(column::chosen);
                    chosen.or_else(|| column::column(heading))
                })
                .collect(),
            demoted: None,
            services_listen: false,
            port_names: None,
            doubts: Vec::new(),
        };
        columns.find_arrows(&kinds);
        columns.weigh_transports(head, &kinds);
        columns.weigh_ends(head, &kinds);
        columns.weigh_unknown(head, &kinds);
        columns.find_ends(head, body, &kinds);
        columns.find_foreign_ends(head, body, &kinds);
        columns.move_headings(head, &kinds);
        columns.find_ports(head, &kinds);
        columns.find_ports_by_name(head, body, &kinds);
        columns.find_ports_of_services(head, body, &kinds);
        columns.name_unheaded(head, &kinds);
        columns.demote_ports(head, &kinds);
        columns.settle(head, &kinds);
        columns.obey(head, profile);
        columns
    }

    /// Whatever else was weighed, a column holds what a person has said.
    pub(super) fn obey(&mut self, head: &TableRow, profile: &Profile) {
        for (meaning, heading) in self.meanings.iter_mut().zip(&head.cells) {
            if let Some(chosen) = profile.column(heading) {
                *meaning = Some(column::chosen(chosen));
            }
        }
        self.doubts
            .retain(|(heading, _)| profile.column(heading).is_none());
    }

    fn each(&mut self) -> impl Iterator<Item = (usize, &mut Option<Column>)> {
        self.meanings.iter_mut().enumerate()
    }

    /// Ports with arrows between two columns of names: the names are the ends.
    fn find_arrows(&mut self, kinds: &[CellKinds]) {
        let are_names = |index: usize| kinds.get(index).is_some_and(CellKinds::are_names);
        let with_arrows = (1..kinds.len()).find(|index| {
            kinds.get(*index).is_some_and(CellKinds::are_arrow_ports)
                && are_names(index - 1)
                && are_names(index + 1)
        });
        if let Some(index) = with_arrows
            && let Some([left, ports, right]) = self.meanings.get_mut(index - 1..=index + 1)
        {
            *left = Some(Column::Source);
            *ports = Some(Column::ArrowPort);
            *right = Some(Column::Destination);
        }
    }

    /// `TCP` above numbers is a column of ports, above marks it says which ports are of TCP.
    fn weigh_transports(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let has_protocol = self.has(Column::Protocol);
        for ((_, meaning), kinds) in self.each().zip(kinds) {
            match *meaning {
                Some(Column::Transport(transport)) if kinds.are_marks() => {
                    *meaning = Some(Column::TransportMark(transport));
                }
                Some(Column::Transport(_)) if kinds.are_transports() => {
                    *meaning = Some(Column::Protocol);
                }
                Some(Column::Transport(_)) if !kinds.are_ports() => {
                    *meaning = Some(Column::Ignored);
                }
                // `TCP/UDP` above numbers, and `Protocol` above `TCP 443`.
                Some(Column::Protocol) if kinds.are_ports() => *meaning = Some(Column::Port),
                Some(Column::Application) if !has_protocol => *meaning = Some(Column::Protocol),
                Some(_) | None => {}
            }
        }
        // Of several columns for protocols, the one whose cells are transports is meant; "Type" holds it only if no other does.
        // Those under headings of different directions belong to the ports of their own direction.
        let heading = |index: usize| head.cells.get(index).map_or("", String::as_str);
        for direction in [None, Some(Direction::Inbound), Some(Direction::Outbound)] {
            let protocols: Vec<usize> = self
                .positions(Column::Protocol)
                .filter(|index| cell::direction(heading(*index)) == direction)
                .collect();
            self.choose_protocol(protocols, kinds);
        }
    }

    fn choose_protocol(&mut self, protocols: Vec<usize>, kinds: &[CellKinds]) {
        if protocols.len() < 2 {
            return;
        }
        let is_transport = |index: &usize| kinds.get(*index).is_some_and(CellKinds::are_transports);
        let best = protocols
            .iter()
            .find(|index| is_transport(index))
            .or_else(|| {
                protocols
                    .iter()
                    .find(|index| kinds.get(**index).is_some_and(CellKinds::are_protocols))
            });
        if let Some(best) = best.copied() {
            for other in protocols.into_iter().filter(|index| *index != best) {
                if let Some(meaning) = self.meanings.get_mut(other) {
                    *meaning = Some(Column::Application);
                }
            }
        }
    }

    /// A column that is headed as an end but holds something else is what it holds.
    fn weigh_ends(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let has_protocol = self.has(Column::Protocol);
        for ((index, meaning), kinds) in self.each().zip(kinds) {
            let heading = head
                .cells
                .get(index)
                .map(String::as_str)
                .unwrap_or_default();
            let is_end = matches!(
                meaning,
                Some(
                    Column::Source
                        | Column::Destination
                        | Column::Peer
                        | Column::Role
                        | Column::Address
                        | Column::Service
                )
            );
            if is_end && kinds.are_paths() {
                // `Endpoint` above `/metrics`: where on the server, and not which one.
                *meaning = Some(Column::Notes);
            } else if *meaning == Some(Column::Service) && kinds.are_transports() && !has_protocol {
                *meaning = Some(Column::Protocol);
            } else if is_end && kinds.are_marks() {
                // `Required for the shop` above yes and no.
                let is_requirement = column::words(heading)
                    .split(' ')
                    .any(|word| matches!(word, "required" | "needed" | "mandatory"));
                *meaning = is_requirement.then_some(Column::Required);
            } else if is_end && kinds.are_phrases() {
                *meaning = Some(Column::Direction);
            } else if matches!(
                meaning,
                Some(Column::Source | Column::Destination | Column::Peer)
            ) && kinds.are_protocols()
            {
                // `Used by` above `HTTPS`, `TFTP`: protocols use the ports.
                *meaning = Some(Column::Application);
            } else if matches!(
                meaning,
                Some(Column::Peer | Column::Source | Column::Destination)
            ) && kinds.are_directions()
            {
                *meaning = Some(Column::Direction);
            } else if *meaning == Some(Column::Direction)
                && !kinds.are_directions()
                && !kinds.are_phrases()
                && kinds.has_text()
            {
                let says_direction = column::words(heading).contains("direction");
                *meaning = if says_direction {
                    Some(Column::Direction)
                } else {
                    Some(Column::Service)
                };
            }
        }
    }

    /// Columns that their headings do not explain, by their cells.
    fn weigh_unknown(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let has_protocol = self.has(Column::Protocol)
            || self.meanings.iter().any(|meaning| {
                matches!(
                    meaning,
                    Some(Column::Transport(_) | Column::TransportMark(_))
                )
            });
        let has_direction = self.has(Column::Direction);
        for ((index, meaning), kinds) in self.each().zip(kinds) {
            let heading = head
                .cells
                .get(index)
                .map(String::as_str)
                .unwrap_or_default();
            if meaning.is_some() || !kinds.has_text() {
                continue;
            }
            let direction = cell::direction(heading).filter(|_| kinds.are_marks());
            *meaning = match direction {
                Some(Direction::Inbound) => Some(Column::InboundMark),
                Some(Direction::Outbound) => Some(Column::OutboundMark),
                None if kinds.are_phrases() => Some(Column::Direction),
                None if kinds.are_directions() && !has_direction => Some(Column::Direction),
                None if kinds.are_transports() && !has_protocol => Some(Column::Protocol),
                None if kinds.are_permissions() => Some(Column::Permission),
                None if kinds.are_bind_addresses() => Some(Column::BindAddress),
                None if kinds.are_protocols() && !has_protocol => Some(Column::Protocol),
                Some(Direction::Both) | None => None,
            };
        }
    }

    /// A column whose heading is not understood holds the other end if its cells are names that the column of the one end
    /// has as well.
    fn find_ends(&mut self, head: &TableRow, body: &Body<'_>, kinds: &[CellKinds]) {
        let has = |columns: &Self, column| columns.positions(column).next();
        let (known, other) = match (
            has(self, Column::Source),
            has(self, Column::Destination),
            has(self, Column::Peer),
        ) {
            (Some(source), None, None) => (source, Column::Destination),
            (None, Some(destination), None) => (destination, Column::Source),
            _ => return,
        };
        let names: BTreeSet<&str> = body.column(known).take(SAMPLE).collect();
        let shares_names = |index: &usize| {
            let cells: BTreeSet<&str> = body
                .column(*index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .collect();
            let n_shared = cells.iter().filter(|cell| names.contains(*cell)).count();
            1 < n_shared && cells.len() <= 2 * n_shared
        };
        let unknown: Vec<usize> = (0..self.meanings.len())
            .filter(|index| self.meanings.get(*index).is_some_and(Option::is_none))
            .filter(|index| kinds.get(*index).is_some_and(CellKinds::are_names))
            .filter(shares_names)
            .collect();
        if let [only] = unknown.as_slice()
            && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(other);
            let heading = head.cells.get(*only).cloned().unwrap_or_default();
            self.doubts.push((
                heading,
                "this column was taken for the other end because of its names; check it",
            ));
        }
    }

    /// Two columns of names below words that are not ours, with names that recur from one to the other, are the ends: the
    /// one that asks is written first.
    fn find_foreign_ends(&mut self, head: &TableRow, body: &Body<'_>, kinds: &[CellKinds]) {
        let names_ends = [Column::Source, Column::Destination, Column::Peer]
            .into_iter()
            .any(|column| self.has(column));
        let foreign: Vec<usize> = (0..kinds.len())
            .filter(|index| self.is_unknown(*index) && is_foreign(head, *index))
            .filter(|index| {
                let has_names =
                    |kinds: &CellKinds| kinds.are_plain_names() && kinds.have_no_ports();
                kinds.get(*index).is_some_and(has_names)
            })
            .collect();
        let names = |index: usize| -> BTreeSet<&str> {
            body.column(index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .collect()
        };
        let pair = foreign
            .iter()
            .zip(foreign.iter().skip(1))
            .find(|(first, second)| !names(**first).is_disjoint(&names(**second)));
        let Some((first, second)) = pair.filter(|_| !names_ends) else {
            return;
        };
        for (index, end) in [(*first, Column::Source), (*second, Column::Destination)] {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(end);
            }
        }
        self.doubts.push((
            head.cells.get(*first).cloned().unwrap_or_default(),
            "this column and the next hold the same names, so they were taken for the ends, the one that connects first; check it",
        ));
    }

    /// If no heading speaks of ports, a column whose cells are ports or addresses with ports holds them.
    fn find_ports(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let ranks = |column: &Option<Column>| {
            matches!(
                column,
                Some(
                    Column::Port
                        | Column::ArrowPort
                        | Column::Transport(_)
                        | Column::LocalPort
                        | Column::RemotePort
                )
            )
        };
        if self.meanings.iter().any(ranks) {
            return;
        }
        let last = self.positions(Column::LastPort).next();
        if let Some(last) = last
            && let Some(meaning) = self.meanings.get_mut(last)
        {
            *meaning = Some(Column::Port);
            return;
        }
        let with_addresses: Vec<usize> = (0..kinds.len())
            .filter(|index| {
                kinds
                    .get(*index)
                    .is_some_and(|kinds| kinds.are_addresses() || kinds.are_transport_ports())
            })
            .collect();
        if let Some(index) = with_addresses.first().copied() {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(Column::Port);
            }
            return;
        }
        // Beside columns of both ends, a column whose cells list ports, each with what it is for.
        let with_items: Vec<usize> = (0..kinds.len())
            .filter(|index| {
                kinds.get(*index).is_some_and(CellKinds::are_port_items)
                    && self.meanings.get(*index).is_some_and(|meaning| {
                        matches!(
                            meaning,
                            None | Some(
                                Column::Service
                                    | Column::Notes
                                    | Column::Required
                                    | Column::Ignored
                            )
                        )
                    })
            })
            .collect();
        if let ([only], true) = (
            with_items.as_slice(),
            self.has(Column::Source) && self.has(Column::Destination),
        ) && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(Column::PortItems);
            return;
        }
        // Beside a column of transports, the one column of numbers holds the ports.
        let has_transports =
            self.has(Column::Protocol) && kinds.iter().any(CellKinds::are_transports);
        // A heading that stands alone is a title, and the columns have none.
        let is_title = title(head).is_some();
        let numbers: Vec<usize> = (0..kinds.len())
            .filter(|index| {
                kinds.get(*index).is_some_and(CellKinds::are_ports)
                    && self.meanings.get(*index).is_some_and(|meaning| {
                        matches!(
                            meaning,
                            None | Some(Column::Service | Column::Ignored | Column::Address)
                        )
                    })
                    && (is_title
                        || !column::words(head.cells.get(*index).map_or("", String::as_str))
                            .is_empty())
            })
            .collect();
        if let ([only], true) = (numbers.as_slice(), has_transports)
            && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(Column::Port);
            let heading = head.cells.get(*only).cloned().unwrap_or_default();
            self.doubts.push((
                heading,
                "this column was taken for the ports because of its numbers; check it",
            ));
            return;
        }
        // Machines at the left and columns of nothing but ports: each heading names what its ports are for.
        let others: Vec<usize> = (1..self.meanings.len())
            .filter(|index| kinds.get(*index).is_some_and(CellKinds::has_text))
            .collect();
        let are_ports = 1 < others.len()
            && others.iter().all(|index| {
                kinds.get(*index).is_some_and(CellKinds::are_ports)
                    && self.meanings.get(*index).is_some_and(Option::is_none)
            });
        let names_machines = matches!(
            self.meanings.first(),
            Some(Some(Column::Role | Column::Destination))
        );
        if are_ports && names_machines {
            for index in others {
                if let Some(meaning) = self.meanings.get_mut(index) {
                    *meaning = Some(Column::NamedPort);
                }
            }
        }
    }

    /// `Port | From | To` above `store | web | 80`: the headings stand above other columns than they mean.
    fn move_headings(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let is_end = |meaning: &Column| matches!(meaning, Column::Source | Column::Destination);
        let kinds_of = |index: usize| kinds.get(index);
        let ports: Vec<usize> = self.positions(Column::Port).collect();
        let ends: Vec<usize> = self
            .meanings
            .iter()
            .enumerate()
            .filter(|(_, meaning)| meaning.as_ref().is_some_and(is_end))
            .map(|(index, _)| index)
            .collect();
        let ([headed], [first, second]) = (ports.as_slice(), ends.as_slice()) else {
            return;
        };
        let holds_no_port = kinds_of(*headed)
            .is_some_and(|kinds| kinds.has_text() && kinds.has_names() && kinds.have_no_ports());
        let with_ports: Vec<usize> = ends
            .iter()
            .copied()
            .filter(|index| kinds_of(*index).is_some_and(CellKinds::are_ports))
            .collect();
        let ([holding], true) = (with_ports.as_slice(), holds_no_port) else {
            return;
        };
        let mut names: Vec<usize> = [*headed, *first, *second]
            .into_iter()
            .filter(|index| index != holding)
            .collect();
        names.sort_unstable();
        let order = [*first, *second].map(|index| self.meanings.get(index).copied().flatten());
        for (index, meaning) in names.into_iter().zip(order) {
            if let Some(slot) = self.meanings.get_mut(index) {
                *slot = meaning;
            }
        }
        if let Some(slot) = self.meanings.get_mut(*holding) {
            *slot = Some(Column::Port);
        }
        self.doubts.push((
            head.cells.get(*headed).cloned().unwrap_or_default(),
            "the headings stand above other columns than they mean, and were moved to the ends and ports; check it",
        ));
    }

    /// `Item | Default` above `HTTP port | 8080`: most rows say by their name that their number is a port.
    fn find_ports_by_name(&mut self, head: &TableRow, body: &Body<'_>, kinds: &[CellKinds]) {
        if self.has_ports() || body.len() < LEAST_NAMED_PORTS {
            return;
        }
        let share = |index: usize| {
            let sample = || body.column(index).take(SAMPLE);
            (
                sample().filter(|cell| names_port(cell)).count(),
                sample().count(),
            )
        };
        let named = (0..kinds.len()).find(|index| {
            let (n_named, n_all) = share(*index);
            LEAST_NAMED_PORTS <= n_named && n_all <= 2 * n_named
        });
        let Some(named) = named else { return };
        let holds_their_ports = |index: &usize| {
            let is_port = |cell: &str| {
                let read = ports::ports(cell);
                read.problem.is_none() && !read.groups.is_empty() && read.remarks.is_empty()
            };
            let column = |at: usize| body.column(at).take(SAMPLE);
            *index != named
                && column(named)
                    .zip(column(*index))
                    .filter(|(name, _)| names_port(name))
                    .all(|(_, cell)| is_port(cell))
        };
        let holding: Vec<usize> = (0..kinds.len()).filter(holds_their_ports).collect();
        let [only] = holding.as_slice() else { return };
        if let Some(meaning) = self.meanings.get_mut(*only) {
            *meaning = Some(Column::Port);
        }
        if let Some(meaning) = self.meanings.get_mut(named) {
            *meaning = Some(Column::Service);
        }
        self.port_names = Some(named);
        self.doubts.push((
            head.cells.get(*only).cloned().unwrap_or_default(),
            "this column was taken for the ports of the rows that are named as ports; check it",
        ));
    }

    /// Below headings that say nothing, in whatever language, the one column of numbers holds the ports if rows name services
    /// whose own ports these are: `22 | SSH`, `443 | HTTPS`.
    fn find_ports_of_services(&mut self, head: &TableRow, body: &Body<'_>, kinds: &[CellKinds]) {
        if self.has_ports() {
            return;
        }
        let numbers: Vec<usize> = (0..kinds.len())
            .filter(|index| {
                self.is_unknown(*index) && kinds.get(*index).is_some_and(CellKinds::are_ports)
            })
            .collect();
        let [only] = numbers.as_slice() else { return };
        let n_services = body
            .rows()
            .take(SAMPLE)
            .filter(|row| {
                let number = row
                    .cells
                    .get(*only)
                    .and_then(|cell| cell.parse::<u16>().ok());
                let words = row.cells.iter().flat_map(|cell| {
                    cell.split(|c: char| !c.is_ascii_alphanumeric())
                        .filter(|word| !word.is_empty())
                });
                number.is_some()
                    && words
                        .filter_map(commands::port_of_service)
                        .any(|(port, _)| Some(port) == number)
            })
            .count();
        let others: Vec<usize> = (0..kinds.len())
            .filter(|index| index != only && self.is_unknown(*index))
            .filter(|index| kinds.get(*index).is_some_and(CellKinds::are_names))
            .collect();
        if n_services < LEAST_SERVICES {
            return;
        }
        if let Some(meaning) = self.meanings.get_mut(*only) {
            *meaning = Some(Column::Port);
        }
        self.doubts.push((
            head.cells.get(*only).cloned().unwrap_or_default(),
            "this column was taken for the ports because of the services beside its numbers; check it",
        ));
        let mut has_service = self.has(Column::Service);
        for index in others {
            let is_name = !has_service && kinds.get(index).is_some_and(CellKinds::are_plain_names);
            has_service |= is_name;
            if let Some(meaning) = self
                .meanings
                .get_mut(index)
                .filter(|_| is_foreign(head, index))
            {
                *meaning = Some(if is_name {
                    Column::Service
                } else {
                    Column::Notes
                });
            }
        }
    }

    /// Whether a row is about something else than a port, as `Password | 1234` is between `HTTP port | 8080` and others.
    pub(super) fn is_no_port(&self, row: &TableRow) -> bool {
        self.port_names
            .and_then(|index| row.cells.get(index))
            .is_some_and(|name| !names_port(name))
    }

    /// Beside ports, a lone column of names without a heading says what they are for.
    fn name_unheaded(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        if !self.has_ports() || self.has(Column::Service) || self.has(Column::Notes) {
            return;
        }
        let unheaded: Vec<usize> = (0..kinds.len())
            .filter(|index| {
                head.cells.get(*index).is_some_and(String::is_empty)
                    && self.meanings.get(*index).is_some_and(Option::is_none)
                    && kinds.get(*index).is_some_and(CellKinds::are_names)
            })
            .collect();
        if let [only] = unheaded.as_slice()
            && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(Column::Service);
        }
    }

    /// `Proxy Ports | Port`: of two columns headed as ports, the one whose cells are none holds what they are for.
    fn demote_ports(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let are_ports = |index: &usize| kinds.get(*index).is_some_and(CellKinds::are_ports);
        let ports: Vec<usize> = self.positions(Column::Port).collect();
        if ports.len() < 2 || !ports.iter().any(are_ports) {
            return;
        }
        for index in ports {
            let holds_none = kinds
                .get(index)
                .is_some_and(|kinds| kinds.has_text() && kinds.have_few_ports());
            let holds_transports = kinds.get(index).is_some_and(CellKinds::are_transports);
            if holds_transports && let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(Column::Protocol);
            } else if holds_none && let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(Column::Service);
                self.demoted = Some(index);
            }
        }
        // `Number` counts the rows, if another column is headed as ports.
        let heading =
            |index: usize| column::words(head.cells.get(index).map_or("", String::as_str));
        let ports: Vec<usize> = self.positions(Column::Port).collect();
        let holds_ports = |index: &usize| kinds.get(*index).is_some_and(CellKinds::are_ports);
        if ports
            .iter()
            .any(|index| heading(*index) != "number" && holds_ports(index))
        {
            for index in ports {
                if heading(index) == "number"
                    && let Some(meaning) = self.meanings.get_mut(index)
                {
                    *meaning = Some(Column::Ignored);
                }
            }
        }
    }

    /// The heading of ports above a column that holds none: it may name the machines whose ports they are.
    pub(super) fn heading_of_services<'a>(&self, head: &'a TableRow) -> Option<&'a str> {
        head.cells.get(self.demoted?).map(String::as_str)
    }

    /// Whether a row repeats the headings of ports, as the first row of a group does: `Mailbox Ports | Port`.
    pub(super) fn is_heading_row(&self, row: &TableRow) -> bool {
        self.meanings.iter().zip(&row.cells).any(|(meaning, cell)| {
            *meaning == Some(Column::Port)
                && matches!(
                    column::words(cell).as_str(),
                    "port" | "ports" | "port number" | "port numbers"
                )
        })
    }

    /// Settles what depends on the other columns.
    fn settle(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        // Names of hosts are where conversations go to, if nothing says otherwise.
        let gives_direction = self.has(Column::Direction)
            || self.has(Column::InboundMark)
            || self.has(Column::OutboundMark);
        let has_destination = self.has(Column::Destination);
        let has_source = self.has(Column::Source);
        let has_peer = self.has(Column::Peer);
        // A lone column of servers names the machines that the rows are about, and is no viewpoint.
        let heading_words =
            |index: usize| column::words(head.cells.get(index).map_or("", String::as_str));
        let lone_server = self.positions(Column::Destination).find(|index| {
            !has_source
                && !has_peer
                && !gives_direction
                && column::is_server(&heading_words(*index))
        });
        if let Some(index) = lone_server
            && !self.has(Column::Role)
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(Column::Role);
        }
        let has_only_one_port_column = self
            .meanings
            .iter()
            .filter(|meaning| {
                matches!(
                    meaning,
                    Some(Column::LocalPort | Column::RemotePort | Column::Port)
                )
            })
            .count()
            == 1;
        for (_, meaning) in self.each() {
            match meaning {
                Some(Column::Address) if has_destination || has_peer => {
                    *meaning = Some(Column::Notes);
                }
                Some(Column::Address) if gives_direction && !has_source => {
                    *meaning = Some(Column::Peer);
                }
                Some(Column::Address) => *meaning = Some(Column::Destination),
                Some(Column::LocalPort | Column::RemotePort) if has_only_one_port_column => {
                    *meaning = Some(Column::Port);
                }
                Some(_) | None => {}
            }
        }
        // Of several columns for one end, the one with names is its role; the others give its addresses.
        for end in [
            Column::Source,
            Column::Destination,
            Column::Peer,
            Column::Role,
        ] {
            let positions: Vec<usize> = self.positions(end).collect();
            if positions.len() < 2 {
                continue;
            }
            let is_name = |index: &usize| {
                kinds.get(*index).is_some_and(CellKinds::are_names)
                    && !column::words(head.cells.get(*index).map_or("", String::as_str))
                        .split(' ')
                        .any(|word| {
                            matches!(
                                word,
                                "ip" | "ips"
                                    | "address"
                                    | "addresses"
                                    | "subnet"
                                    | "cidr"
                                    | "zone"
                                    | "interface"
                                    | "vlan"
                            )
                        })
            };
            let best = positions
                .iter()
                .find(|index| is_name(index))
                .or(positions.first())
                .copied();
            for other in positions.into_iter().filter(|index| Some(*index) != best) {
                if let Some(meaning) = self.meanings.get_mut(other) {
                    *meaning = Some(Column::Notes);
                }
            }
        }
    }

    /// Takes a column of components for the machines that the rows are about, where nothing else names them.
    pub(super) fn take_components_for_machines(&mut self, head: &TableRow, body: &Body<'_>) {
        let has_both_ends = self.has(Column::Source) && self.has(Column::Destination);
        if self.has(Column::Role) || has_both_ends || !self.has_ports() {
            return;
        }
        let is_component = |index: &usize| {
            let words = column::words(head.cells.get(*index).map_or("", String::as_str));
            words.split(' ').any(|word| {
                matches!(
                    word,
                    "component" | "components" | "product" | "products" | "subsystem" | "element"
                )
            })
        };
        let component = self.positions(Column::Service).find(is_component);
        if let Some(index) = component
            && CellKinds::of(body.column(index)).are_plain_names()
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(Column::Role);
        }
    }

    /// Takes the services for the servers of the rows, and says so of their heading.
    pub(super) fn take_services_for_servers(&mut self, heading: &str, doubt: &'static str) {
        self.services_listen = true;
        self.doubts.push((heading.to_owned(), doubt));
    }

    /// Leaves the columns of marks to what reads them, and says what was taken for granted of them.
    pub(super) fn leave_marks(
        &mut self,
        positions: impl Iterator<Item = usize>,
        doubt: Option<(String, &'static str)>,
    ) {
        for index in positions {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(Column::Ignored);
            }
        }
        self.doubts.extend(doubt);
    }

    /// Whether a column has this meaning.
    pub(super) fn has_at(&self, column: Column, index: usize) -> bool {
        self.meanings.get(index) == Some(&Some(column))
    }

    /// Whether neither the heading nor the cells of a column say what it is.
    pub(super) fn is_unknown(&self, index: usize) -> bool {
        self.meanings.get(index).is_some_and(Option::is_none)
    }

    /// Whether the services are the servers of the rows.
    pub(super) const fn services_listen(&self) -> bool {
        self.services_listen
    }

    /// Whether the numbers in the cells of a column may be ports without a word that says so.
    pub(super) fn may_name_ports(&self, index: usize) -> bool {
        matches!(
            self.meanings.get(index),
            Some(Some(
                Column::Port
                    | Column::ArrowPort
                    | Column::NamedPort
                    | Column::PortItems
                    | Column::LastPort
                    | Column::LocalPort
                    | Column::RemotePort
                    | Column::Transport(_)
            ))
        )
    }

    /// Whether the cells of a column are sentences about the row.
    pub(super) fn is_prose(&self, index: usize) -> bool {
        matches!(self.meanings.get(index), Some(Some(Column::Notes)))
    }

    pub(super) fn positions(&self, column: Column) -> impl Iterator<Item = usize> + '_ {
        self.meanings
            .iter()
            .enumerate()
            .filter(move |(_, meaning)| **meaning == Some(column))
            .map(|(index, _)| index)
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.meanings.contains(&Some(column))
    }

    /// Whether some column holds ports.
    pub(super) fn has_ports(&self) -> bool {
        self.meanings.iter().any(|meaning| {
            matches!(
                meaning,
                Some(
                    Column::Port
                        | Column::ArrowPort
                        | Column::NamedPort
                        | Column::PortItems
                        | Column::LocalPort
                        | Column::RemotePort
                        | Column::Transport(_)
                )
            )
        })
    }

    /// Whether a column says which ends a row has, apart from the machines of the page.
    pub(super) fn names_ends(&self) -> bool {
        [
            Column::Source,
            Column::Destination,
            Column::Peer,
            Column::Direction,
        ]
        .into_iter()
        .any(|column| self.has(column))
    }

    /// The text of the cells under `column`, joined where several columns mean the same.
    pub(super) fn cell(&self, row: &TableRow, column: Column) -> Option<String> {
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
    pub(super) fn protocol(
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

    /// The transports that a row marks in its columns for each, such as ticks below `TCP` and `UDP`.
    pub(super) fn marked_transports(&self, row: &TableRow) -> Vec<Transport> {
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

    /// The headings that were not recognised.
    pub(super) fn unknown<'a>(&self, head: &'a TableRow) -> Vec<&'a str> {
        head.cells
            .iter()
            .zip(&self.meanings)
            .filter(|(heading, meaning)| meaning.is_none() && !heading.is_empty())
            .map(|(heading, _)| heading.as_str())
            .collect()
    }

    /// Whether headings are in an alphabet that no word of ours is written in.
    pub(super) fn has_foreign_heading(head: &TableRow) -> bool {
        (0..head.cells.len()).any(|index| {
            let has_letter = head
                .cells
                .get(index)
                .is_some_and(|heading| heading.contains(char::is_alphabetic));
            has_letter && is_foreign(head, index)
        })
    }

    /// Headings that could be read in more than one way, and what was taken.
    pub(super) fn doubts(&self) -> &[(String, &'static str)] {
        &self.doubts
    }

    /// The heading of the first column with this meaning.
    pub(super) fn heading<'a>(&self, head: &'a TableRow, column: Column) -> &'a str {
        self.positions(column)
            .next()
            .and_then(|index| head.cells.get(index))
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// The direction that a row gives in its yes-or-no columns for inbound and outbound traffic.
    pub(super) fn marked(&self, row: &TableRow) -> Option<Direction> {
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
    pub(super) fn one_sided(&self) -> Option<Direction> {
        match (self.has(Column::Source), self.has(Column::Destination)) {
            (true, false) => Some(Direction::Inbound),
            (false, true) => Some(Direction::Outbound),
            (true, true) | (false, false) => None,
        }
    }

    /// The text of all port columns, joined by direction. If a heading names one transport, as in `TCP port`, it is put in
    /// front of the cell's text.
    pub(super) fn ports(
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
            if *meaning == Some(Column::ArrowPort)
                && let Some(parts) = arrow_ports::split(cell)
            {
                texts.extend(parts.into_iter().map(|(text, arrow)| PortText {
                    direction: None,
                    text,
                    service: None,
                    arrow: Some(arrow),
                }));
                continue;
            }
            let direction = cell::direction(heading);
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
            let service = (*meaning == Some(Column::NamedPort)).then(|| heading.clone());
            match texts
                .iter_mut()
                .find(|known| known.direction == direction && known.service == service)
            {
                Some(together) => together.text.extend([", ", &text]),
                None => texts.push(PortText {
                    direction,
                    text,
                    service,
                    arrow: None,
                }),
            }
        }
        texts
    }
}

/// The only heading of a table with several columns: it is a title, such as `Inbound:`.
pub(super) fn title(head: &TableRow) -> Option<&str> {
    let mut headings = head.cells.iter().filter(|cell| !cell.is_empty());
    let first = headings.next()?;
    (headings.next().is_none() && 1 < head.cells.len()).then_some(first)
}

/// Whether a name is that of a port: `HTTP port`, `Port of the store`.
fn names_port(name: &str) -> bool {
    column::words(name)
        .split(' ')
        .any(|word| matches!(word, "port" | "ports"))
}

/// Whether a heading has no letter of ours, so that its words cannot say what its column is.
fn is_foreign(head: &TableRow, index: usize) -> bool {
    head.cells
        .get(index)
        .is_some_and(|heading| !heading.contains(|c: char| c.is_ascii_alphabetic()))
}

/// One service beside its own port may be there by chance.
const LEAST_SERVICES: usize = 2;

/// Fewer names of ports in a table may be there by chance.
const LEAST_NAMED_PORTS: usize = 2;

/// The cells of ports under headings of one direction.
#[derive(Debug)]
pub(super) struct PortText {
    pub(super) direction: Option<Direction>,
    pub(super) text: String,
    /// What the ports are for, if their column's heading names it.
    pub(super) service: Option<String>,
    /// Which of the row's ends asks, if an arrow behind the ports says so.
    pub(super) arrow: Option<Arrow>,
}

/// The transport that a heading of ports names, if it is one: `TCP port`, `Ports (UDP)`.
fn only_transport(heading: &str) -> Option<Transport> {
    let mut named = heading
        .split(|c: char| !c.is_alphanumeric())
        .filter_map(|word| cell::stated(&word.to_lowercase()));
    let first = named.next()?;
    named.all(|other| other == first).then_some(first)
}
