//! Finds the columns that hold ports where their headings do not say so, or say it of others.

use super::{Body, Columns};
use crate::document::{
    application_protocol, cell,
    cell_kinds::CellKinds,
    column::{self, Column},
    row::Direction,
    table_rows::TableRow,
};

impl Columns {
    /// `HTTP | HTTPS` above ports: each heading names the protocol of the ports below it.
    pub(super) fn find_ports_of_protocols(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        if self.has_ports() {
            return;
        }
        let names_protocol = |index: usize| {
            let words = column::words(head.cells.get(index).map_or("", String::as_str));
            !words.is_empty()
                && words
                    .split(' ')
                    .all(|word| application_protocol::transports(word).is_some())
        };
        for (index, kinds) in kinds.iter().enumerate() {
            if names_protocol(index)
                && kinds.are_mostly_ports()
                && let Some(meaning) = self.meanings.get_mut(index)
            {
                *meaning = Some(Column::NamedPort);
            }
        }
    }

    /// `Inbound | Outbound` above ports of which the text above speaks: each heading says which way the ports below it are asked.
    pub(super) fn find_ports_of_directions(&mut self, head: &TableRow, body: &Body<'_>) -> bool {
        let points_one_way = |index: &usize| {
            let heading = head.cells.get(*index).map_or("", String::as_str);
            matches!(
                cell::direction(heading),
                Some(Direction::Inbound | Direction::Outbound)
            )
        };
        let pointing: Vec<(usize, CellKinds)> = (0..head.cells.len())
            .filter(points_one_way)
            .map(|index| (index, CellKinds::of(body.column(index))))
            .filter(|(_, kinds)| kinds.has_text())
            .collect();
        let are_ports = pointing.iter().any(|(_, kinds)| kinds.are_bare_ports())
            && pointing.iter().all(|(_, kinds)| kinds.are_mostly_ports());
        if !are_ports {
            return false;
        }
        for (index, _) in pointing {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(Column::Port);
            }
            self.doubts.push((
                head.cells.get(index).cloned().unwrap_or_default(),
                "the numbers below this direction were taken for ports; check them",
            ));
        }
        true
    }

    /// If no heading speaks of ports, a column whose cells are ports or addresses with ports holds them.
    pub(super) fn find_ports(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let ranks = |column: &Option<Column>| {
            matches!(
                column,
                Some(
                    Column::Port
                        | Column::ArrowPort
                        | Column::NamedPort
                        | Column::Transport(_)
                        | Column::LocalPort
                        | Column::RemotePort
                )
            )
        };
        if self.meanings.iter().any(ranks) {
            self.find_ports_beside_names(head, kinds);
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
                kinds.get(*index).is_some_and(|kinds| {
                    kinds.are_addresses() || kinds.are_host_ports() || kinds.are_transport_ports()
                })
            })
            .collect();
        // `Incoming | Outgoing` above ports: each heading says which way those below it are asked.
        let points_one_way = |index: &&usize| {
            let heading = head.cells.get(**index).map_or("", String::as_str);
            matches!(
                cell::direction(heading),
                Some(Direction::Inbound | Direction::Outbound)
            )
        };
        let pointing: Vec<usize> = with_addresses
            .iter()
            .filter(points_one_way)
            .copied()
            .collect();
        if 1 < pointing.len() && pointing.len() == with_addresses.len() {
            for index in pointing {
                if let Some(meaning) = self.meanings.get_mut(index) {
                    *meaning = Some(Column::Port);
                }
            }
            return;
        }
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
        let has_protocols =
            self.has(Column::Protocol) && kinds.iter().any(CellKinds::are_transports);
        // Between both ends numbers may be anything, but not numbers of TCP and UDP.
        let has_transports =
            has_protocols || self.has(Column::Source) && self.has(Column::Destination);
        let numbers: Vec<usize> = (0..kinds.len())
            .filter(|index| {
                kinds.get(*index).is_some_and(|kinds| {
                    if has_protocols {
                        kinds.are_ports()
                    } else {
                        kinds.are_mostly_transport_ports()
                    }
                }) && self.meanings.get(*index).is_some_and(|meaning| {
                    matches!(
                        meaning,
                        None | Some(Column::Service | Column::Ignored | Column::Address)
                    )
                }) && !kinds.get(*index).is_some_and(CellKinds::count_rows)
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

    /// `Port | Default` above `API | 7880`: the column that is headed as ports holds their names, and the one column of
    /// numbers the ports, if its heading says no more than that it has their values.
    fn find_ports_beside_names(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let ports: Vec<usize> = self.positions(Column::Port).collect();
        let [named] = ports.as_slice() else { return };
        let holds_names = |kinds: &CellKinds| kinds.are_names() && kinds.have_no_ports();
        if !kinds.get(*named).is_some_and(holds_names) {
            return;
        }
        let words = |index: usize| column::words(head.cells.get(index).map_or("", String::as_str));
        let numbers: Vec<usize> = (0..kinds.len())
            .filter(|index| kinds.get(*index).is_some_and(CellKinds::are_ports))
            .filter(|index| {
                matches!(
                    self.meanings.get(*index),
                    Some(None | Some(Column::Ignored | Column::Required))
                ) && words(*index).split(' ').any(says_value)
            })
            .collect();
        let [only] = numbers.as_slice() else { return };
        for (index, found) in [(*only, Column::Port), (*named, Column::Service)] {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(found);
            }
        }
        self.doubts.push((
            head.cells.get(*only).cloned().unwrap_or_default(),
            "this column was taken for the ports, since the one that is headed as ports holds names; check it",
        ));
    }

    /// `Host port | Container port`: clients reach a container by the port of its host, so that the port inside is part of no
    /// conversation on the network.
    pub(super) fn leave_inner_ports(&mut self, head: &TableRow) {
        let has_word = |index: usize, all: &[&str]| {
            column::words(head.cells.get(index).map_or("", String::as_str))
                .split(' ')
                .any(|word| all.contains(&word))
        };
        let ports: Vec<usize> = self.positions(Column::Port).collect();
        let is_inner = |index: &usize| has_word(*index, &["container", "pod", "inside"]);
        let is_outer = |index: &usize| {
            has_word(
                *index,
                &["host", "published", "external", "exposed", "node", "public"],
            )
        };
        if !ports.iter().any(is_outer) {
            return;
        }
        for index in ports
            .iter()
            .filter(|index| is_inner(index) && !is_outer(index))
        {
            if let Some(meaning) = self.meanings.get_mut(*index) {
                *meaning = Some(Column::Ignored);
            }
            self.doubts.push((
                head.cells.get(*index).cloned().unwrap_or_default(),
                "these are ports inside of containers, which are reached by the ports of the host; check it",
            ));
        }
    }

    /// `Proxy Ports | Port`: of two columns headed as ports, the one whose cells are none holds what they are for.
    pub(super) fn demote_ports(&mut self, head: &TableRow, kinds: &[CellKinds]) {
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
}

/// Whether a word of a heading says that the column has the values of what the table is about.
pub(super) fn says_value(word: &str) -> bool {
    matches!(
        word,
        "default" | "defaults" | "value" | "values" | "number" | "numbers" | "range" | "ranges"
    )
}
