//! Finds the columns that hold the ends of conversations where their headings do not say so.

use std::collections::BTreeSet;

use super::{Body, Columns, is_foreign};
use crate::document::{
    cell_kinds::{CellKinds, SAMPLE},
    column::{self, Column},
    table_rows::TableRow,
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
    pub(super) fn find_foreign_ends(
        &mut self,
        head: &TableRow,
        body: &Body<'_>,
        kinds: &[CellKinds],
    ) {
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

    /// `Port | From | To` above `store | web | 80`: the headings stand above other columns than they mean.
    pub(super) fn move_headings(&mut self, head: &TableRow, kinds: &[CellKinds]) {
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
}
