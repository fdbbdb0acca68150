//! Finds the column of ports where no heading speaks of them: by the text above, by the names in its rows, by services.

use super::{
    Body, Columns, is_foreign, names_port, port_columns::says_value, quantity::says_quantity,
};
use crate::document::{
    cell_kinds::{CellKinds, SAMPLE},
    column::{self, Column},
    commands, ports,
    table_rows::TableRow,
    text::some,
};

impl Columns {
    /// Where the text above a table speaks of ports and no heading of it does, its one column of numbers holds them, unless
    /// they are rather counts or sizes.
    pub(in crate::document) fn find_ports_by_text(&mut self, head: &TableRow, body: &Body<'_>) {
        if self.has_ports() || self.find_ports_of_directions(head, body) {
            return;
        }
        let words = |index: usize| column::words(head.cells.get(index).map_or("", String::as_str));
        let numbers: Vec<usize> = (0..head.cells.len())
            .filter(|index| {
                matches!(
                    self.meanings.get(*index),
                    Some(None | Some(Column::Ignored | Column::Service | Column::Required))
                )
            })
            .filter(|index| CellKinds::of(body.column(*index)).are_ports())
            .collect();
        let are_large = |index: usize| {
            body.column(index)
                .take(SAMPLE)
                .filter(|cell| some(cell).is_some())
                .all(|cell| {
                    let ranges = ports::ports(cell).groups.into_iter();
                    ranges
                        .flat_map(|group| group.ranges)
                        .all(|range| LEAST_CERTAIN_PORT <= range.first())
                })
        };
        let says_quantity_of = |index: usize| words(index).split(' ').any(says_quantity);
        // `Component | API | Metrics` above a name and numbers: each heading says what its ports are for.
        let are_named = 1 < numbers.len()
            && numbers.iter().all(|index| {
                let kinds = CellKinds::of(body.column(*index));
                kinds.are_bare_ports()
                    && !words(*index).is_empty()
                    && !says_quantity_of(*index)
                    && are_large(*index)
            })
            && (0..head.cells.len())
                .find(|index| !numbers.contains(index))
                .is_some_and(|index| CellKinds::of(body.column(index)).are_plain_names());
        if are_named {
            for index in &numbers {
                if let Some(meaning) = self.meanings.get_mut(*index) {
                    *meaning = Some(Column::NamedPort);
                }
                self.doubts.push((
                    head.cells.get(*index).cloned().unwrap_or_default(),
                    "this column was taken for ports of which the text above speaks; check it",
                ));
            }
            return;
        }
        let [only] = numbers.as_slice() else { return };
        let heading = words(*only);
        let is_named = heading.is_empty() || heading.split(' ').any(says_value);
        // `cache | 2048 | Megabytes for the cache`: what a row says of its number.
        let n_quantities = body
            .rows()
            .take(SAMPLE)
            .filter(|row| {
                row.cells
                    .iter()
                    .any(|cell| column::words(cell).split(' ').any(says_quantity))
            })
            .count();
        if body.len().min(SAMPLE) < 2 * n_quantities {
            return;
        }
        if !is_named && !are_large(*only) || says_quantity_of(*only) {
            return;
        }
        if let Some(meaning) = self.meanings.get_mut(*only) {
            *meaning = Some(Column::Port);
        }
        self.doubts.push((
            head.cells.get(*only).cloned().unwrap_or_default(),
            "this column was taken for the ports of which the text above speaks; check it",
        ));
    }

    /// `Item | Default` above `HTTP port | 8080`: most rows say by their name that their number is a port.
    pub(super) fn find_ports_by_name(
        &mut self,
        head: &TableRow,
        body: &Body<'_>,
        kinds: &[CellKinds],
    ) {
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
            let heading = column::words(head.cells.get(*index).map_or("", String::as_str));
            *index != named
                && !kinds.get(*index).is_some_and(CellKinds::count_rows)
                && !heading.split(' ').any(says_quantity)
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
    pub(super) fn find_ports_of_services(
        &mut self,
        head: &TableRow,
        body: &Body<'_>,
        kinds: &[CellKinds],
    ) {
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
}

impl Columns {
    /// Where a table has no headings at all, its one column of ports holds those of the ends or the transports beside it.
    pub(super) fn find_ports_of_ends(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let has_ends = self.has(Column::Source) && self.has(Column::Destination);
        let has_transports = kinds.iter().any(CellKinds::are_transports);
        if self.has_ports()
            || !head.cells.iter().all(String::is_empty)
            || !has_ends && !has_transports
        {
            return;
        }
        let holds_ports = |index: &usize| {
            let are_ports = |kinds: &CellKinds| {
                kinds.are_ports() && !kinds.count_rows() && !kinds.are_addresses()
            };
            self.is_unknown(*index) && kinds.get(*index).is_some_and(are_ports)
        };
        let holding: Vec<usize> = (0..kinds.len()).filter(holds_ports).collect();
        let [only] = holding.as_slice() else { return };
        if let Some(meaning) = self.meanings.get_mut(*only) {
            *meaning = Some(Column::Port);
        }
        self.doubts.push((
            String::new(),
            "this table has no headings, so what its columns are was told by their cells; check it",
        ));
    }
}

/// Numbers below this may be counts, where no heading says what they are.
const LEAST_CERTAIN_PORT: u16 = 1024;

/// One service beside its own port may be there by chance.
const LEAST_SERVICES: usize = 2;

/// Fewer names of ports in a table may be there by chance.
const LEAST_NAMED_PORTS: usize = 2;
