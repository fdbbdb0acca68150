//! Finds the columns that hold the ends of conversations where their headings do not say so.

use std::collections::BTreeSet;

use super::{Body, Columns, is_foreign};
use crate::document::{
    cell_kinds::{CellKinds, SAMPLE},
    column::{self, Column},
    separated::names_machine,
    table_rows::TableRow,
    translation,
};

impl Columns {
    /// Ports with arrows between two columns of names: the names are the ends.
    pub(super) fn find_arrows(&mut self, kinds: &[CellKinds]) {
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

    /// A column whose heading is not understood holds the other end if its cells are names that the column of the one end
    /// has as well.
    pub(super) fn find_ends(&mut self, head: &TableRow, body: &Body<'_>, kinds: &[CellKinds]) {
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
        // Beside a source, a word for both destination and purpose above names means the former.
        let ambiguous = (0..self.meanings.len()).find(|index| {
            self.is_unknown(*index)
                && other == Column::Destination
                && kinds.get(*index).is_some_and(CellKinds::are_plain_names)
                && head
                    .cells
                    .get(*index)
                    .is_some_and(|heading| translation::may_be_destination(heading))
        });
        if let Some(index) = ambiguous
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(other);
            return;
        }
        let names: BTreeSet<&str> = body.column(known).take(SAMPLE).collect();
        let shares_names = |index: &usize| {
            let cells: BTreeSet<&str> = body
                .column(*index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .collect();
            let n_shared = cells.iter().filter(|cell| names.contains(*cell)).count();
            0 < n_shared && cells.len() <= 3 * n_shared
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

    /// Two columns of names below headings that are not understood, in whatever language, are the ends if names recur from
    /// one to the other: the one that asks is written first.
    pub(super) fn find_recurring_ends(
        &mut self,
        head: &TableRow,
        body: &Body<'_>,
        kinds: &[CellKinds],
    ) {
        if self.has_an_end() || self.has(Column::Role) {
            return;
        }
        let unknown: Vec<usize> = (0..kinds.len())
            .filter(|index| self.is_unknown(*index))
            .filter(|index| {
                let has_names = |kinds: &CellKinds| {
                    kinds.are_plain_names() && kinds.have_no_ports() && !kinds.have_marks()
                };
                kinds.get(*index).is_some_and(has_names)
            })
            .collect();
        // Names of one thing in two columns, such as its pod and its container, stand side by side; ends stand across.
        let names = |index: usize, beside: usize| -> BTreeSet<&str> {
            let pairs = body.column(index).zip(body.column(beside)).take(SAMPLE);
            pairs
                .filter(|(name, other)| !name.is_empty() && name != other)
                .map(|(name, _)| name)
                .collect()
        };
        let are_ends = |first: usize, second: usize| {
            let (left, right) = (names(first, second), names(second, first));
            let n_shared = left.intersection(&right).count();
            let is_foreign = is_foreign(head, first) && is_foreign(head, second);
            let least = if is_foreign {
                1
            } else {
                left.len().min(right.len())
            };
            0 < n_shared && least <= 2 * n_shared
        };
        let pairs = || unknown.iter().zip(unknown.iter().skip(1));
        let recurring = pairs().find(|(first, second)| are_ends(**first, **second));
        // Without headings, names that all end in a kind of machine are ends as well.
        let are_machines = |index: usize| {
            head.cells.get(index).is_some_and(String::is_empty)
                && body.column(index).take(SAMPLE).all(names_machine)
        };
        let machines =
            || pairs().find(|(first, second)| are_machines(**first) && are_machines(**second));
        let doubt = if recurring.is_some() {
            "this column and the next hold the same names, so they were taken for the ends, the one that connects first; check it"
        } else {
            "this column and the next name machines, so they were taken for the ends, the one that connects first; check it"
        };
        let Some((first, second)) = recurring.or_else(machines) else {
            return;
        };
        for (index, end) in [(*first, Column::Source), (*second, Column::Destination)] {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(end);
            }
        }
        self.doubts
            .push((head.cells.get(*first).cloned().unwrap_or_default(), doubt));
    }

    /// Takes a column of components for the machines that the rows are about, where nothing else names them.
    pub(in crate::document) fn take_components_for_machines(
        &mut self,
        head: &TableRow,
        body: &Body<'_>,
    ) {
        let has_both_ends = self.has(Column::Source) && self.has(Column::Destination);
        if self.has(Column::Role) || has_both_ends || !self.has_ports() {
            return;
        }
        let is_component = |index: &usize| {
            let words = column::words(head.cells.get(*index).map_or("", String::as_str));
            words.split(' ').any(|word| {
                matches!(
                    word,
                    "daemon"
                        | "daemons"
                        | "component"
                        | "components"
                        | "product"
                        | "products"
                        | "subsystem"
                        | "element"
                )
            })
        };
        let component = self.positions(Column::Service).find(is_component);
        if let Some(index) = component {
            if CellKinds::of(body.column(index)).are_plain_names()
                && let Some(meaning) = self.meanings.get_mut(index)
            {
                *meaning = Some(Column::Role);
            }
            return;
        }
        // Whatever its heading says, a column that names machines in most of its cells says whose ports they are.
        let are_machines = |index: usize| {
            let cells: BTreeSet<&str> = body
                .column(index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .collect();
            let n_machines = cells.iter().filter(|cell| names_machine(cell)).count();
            1 < n_machines && cells.len() < 2 * n_machines
        };
        let unknown: Vec<usize> = (0..self.meanings.len())
            .filter(|index| self.is_unknown(*index))
            .filter(|index| CellKinds::of(body.column(*index)).are_plain_names())
            .filter(|index| are_machines(*index))
            .collect();
        if let [only] = unknown.as_slice()
            && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(Column::Role);
            self.doubts.push((
                head.cells.get(*only).cloned().unwrap_or_default(),
                "this column names machines, so it was taken for those whose ports these are; check it",
            ));
        }
    }
}
