//! Assigns a table's headings to its columns where a heading contradicts what all cells below it hold.
//!
//! A column is what its heading and its cells say together. Usually they agree and each heading stands above its own cells. Where
//! the cells of a column rule its heading out, the headings are taken for a bag of meanings and shared out over the columns so
//! that together they fit the cells best; a heading that fits where it stands stays there.

use super::Columns;
use crate::document::{
    cell_kinds::CellKinds,
    column::{self, Column},
    table_rows::TableRow,
};

impl Columns {
    /// Moves headings to the columns whose cells they fit.
    pub(super) fn assign(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let n_columns = self.meanings.len();
        if !(2..=MOST_COLUMNS).contains(&n_columns) || kinds.len() != n_columns {
            return;
        }
        let is_quantity = |index: usize| says_quantity(&words(head, index));
        let score = |of: usize, to: usize| {
            let Some((meaning, cells)) = self.meanings.get(of).zip(kinds.get(to)) else {
                return 0;
            };
            // Numbers below `Timeout` are no ports, whatever other headings say.
            if is_port(*meaning) && of != to && is_quantity(to) {
                return RULED_OUT;
            }
            fit(*meaning, cells)
        };
        let contradictions = |places: &[usize]| {
            places
                .iter()
                .enumerate()
                .filter(|(of, to)| score(*of, **to) <= RULED_OUT)
                .count()
        };
        let in_place: Vec<usize> = (0..n_columns).collect();
        let n_before = contradictions(&in_place);
        if n_before == 0 {
            return;
        }
        let places = best_places(n_columns, &score);
        let total = |places: &[usize]| -> i32 {
            places
                .iter()
                .enumerate()
                .map(|(of, to)| score(of, *to))
                .sum()
        };
        let gain = total(&places) - total(&in_place);
        let puts_ports = places.iter().enumerate().any(|(of, to)| {
            of != *to
                && self
                    .meanings
                    .get(of)
                    .is_some_and(|meaning| is_port(*meaning))
                && RULED_OUT + 1 < score(of, *to)
        });
        if n_before <= contradictions(&places) || gain < LEAST_GAIN || !puts_ports {
            return;
        }
        let mut moved = vec![None; n_columns];
        for (of, to) in places.iter().enumerate() {
            if let (Some(slot), Some(meaning)) = (moved.get_mut(*to), self.meanings.get(of)) {
                *slot = *meaning;
            }
        }
        let mut order: Vec<usize> = (0..n_columns).collect();
        for (of, to) in places.iter().enumerate() {
            if let Some(slot) = order.get_mut(*to) {
                *slot = of;
            }
        }
        self.order = Some(order);
        let first_moved = places.iter().enumerate().find(|(of, to)| of != *to);
        self.meanings = moved;
        // What has lost its heading still names what the ports are for.
        for (index, kinds) in kinds.iter().enumerate() {
            let is_left = places.get(index) != Some(&index)
                && matches!(
                    self.meanings.get(index),
                    Some(None | Some(Column::Ignored | Column::Status))
                );
            if is_left && kinds.are_plain_names() && !self.has(Column::Service) {
                self.set(index, Column::Service);
            }
        }
        if let Some((of, _)) = first_moved {
            self.doubts
                .push((head.cells.get(of).cloned().unwrap_or_default(), MOVED));
        }
    }

    /// The headings above the columns that they mean.
    pub(in crate::document) fn headings(&self, head: &TableRow) -> TableRow {
        let mut moved = head.clone();
        for (index, of) in self.order.iter().flatten().enumerate() {
            if let (Some(slot), Some(heading)) = (moved.cells.get_mut(index), head.cells.get(*of)) {
                slot.clone_from(heading);
            }
        }
        moved
    }

    /// A heading that all cells below it rule out says nothing of them, wherever else it may belong.
    pub(super) fn drop_contradicted(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        if self.has_ports() {
            return;
        }
        for ((index, meaning), kinds) in self.each().zip(kinds) {
            if !(kinds.are_bare_ports() || kinds.are_transport_ports()) || kinds.count_rows() {
                continue;
            }
            // `#` and `No.` head numbers of rows only where they count them.
            let counts = *meaning == Some(Column::Ignored)
                && matches!(words(head, index).as_str(), "" | "no");
            if counts || fit(*meaning, kinds) <= RULED_OUT {
                *meaning = None;
            }
        }
    }

    fn set(&mut self, index: usize, column: Column) {
        if let Some(meaning) = self.meanings.get_mut(index) {
            *meaning = Some(column);
        }
    }
}

const MOVED: &str = "the headings stand above other columns than they mean, and were moved to those whose cells they fit; check it";

/// More columns have no place in a sum over all ways to share the headings out.
const MOST_COLUMNS: usize = 10;

/// A total has to be better by so much, so that a stray cell moves no heading.
const LEAST_GAIN: i32 = 4;

/// The score of a heading which no cell of a column fits.
const RULED_OUT: i32 = -4;

fn words(head: &TableRow, index: usize) -> String {
    column::words(head.cells.get(index).map_or("", String::as_str))
}

fn says_quantity(words: &str) -> bool {
    words.split(' ').any(super::quantity::says_quantity)
}

const fn is_port(meaning: Option<Column>) -> bool {
    matches!(
        meaning,
        Some(Column::Port | Column::LocalPort | Column::RemotePort)
    )
}

/// How well cells fit the meaning of a heading: above zero where they are what it says, `RULED_OUT` where they can't be.
fn fit(meaning: Option<Column>, cells: &CellKinds) -> i32 {
    let Some(meaning) = meaning.filter(|_| cells.has_text()) else {
        return 0;
    };
    let are_numbers = cells.are_bare_ports() || cells.are_transport_ports();
    match meaning {
        Column::Port | Column::LocalPort | Column::RemotePort => {
            if cells.count_rows() {
                -2
            } else if are_numbers || cells.are_addresses() {
                4
            } else if cells.are_ports() {
                3
            } else if cells.have_few_ports() {
                RULED_OUT
            } else {
                1
            }
        }
        Column::Protocol | Column::Application => {
            if cells.are_transports() {
                4
            } else if cells.are_protocols() {
                3
            } else if are_numbers || cells.are_sentences() {
                RULED_OUT
            } else {
                -2
            }
        }
        Column::Direction => {
            if cells.are_directions() || cells.are_phrases() {
                4
            } else if are_numbers || cells.are_transports() {
                RULED_OUT
            } else {
                -2
            }
        }
        Column::Source | Column::Destination | Column::Peer | Column::Role => {
            if are_numbers || cells.are_transports() || cells.are_marks() {
                RULED_OUT
            } else if cells.are_directions() {
                -3
            } else if cells.are_sentences() {
                -2
            } else {
                2
            }
        }
        Column::Service => {
            if are_numbers {
                RULED_OUT
            } else if cells.are_transports() || cells.are_directions() {
                -3
            } else if cells.are_sentences() {
                0
            } else {
                2
            }
        }
        Column::Notes => {
            if are_numbers {
                RULED_OUT
            } else if cells.are_transports() || cells.are_directions() {
                -3
            } else if cells.are_sentences() {
                2
            } else {
                0
            }
        }
        Column::Required | Column::Permission => {
            if are_numbers || cells.are_transports() {
                RULED_OUT
            } else if cells.are_marks() || cells.are_permissions() {
                2
            } else {
                0
            }
        }
        Column::ArrowPort
        | Column::NamedPort
        | Column::PortItems
        | Column::LastPort
        | Column::Transport(_)
        | Column::TransportMark(_)
        | Column::InboundMark
        | Column::OutboundMark
        | Column::Address
        | Column::Condition
        | Column::Status
        | Column::LoopbackMark
        | Column::BindAddress
        | Column::Ignored => 0,
    }
}

/// The column of each heading so that the sum of scores is greatest; of equal sums the one that moves headings least. Squares
/// of distances keep the order of headings that are moved together.
fn best_places(n: usize, score: &impl Fn(usize, usize) -> i32) -> Vec<usize> {
    let n_sets = 1_usize << n;
    // For each set of columns, shared out among the first headings: the best sum, and the column of the last of these.
    let mut best: Vec<Option<(i32, usize)>> = vec![None; n_sets];
    if let Some(empty) = best.first_mut() {
        *empty = Some((0, 0));
    }
    for set in 1..n_sets {
        let of = usize::try_from(set.count_ones()).unwrap_or_default() - 1;
        let found = (0..n)
            .filter(|to| set & (1 << to) != 0)
            .filter_map(|to| {
                let (before, _) = best.get(set & !(1 << to)).copied().flatten()?;
                let distance = i32::try_from(of.abs_diff(to)).unwrap_or(i32::MAX / WEIGHT);
                let sum = before + WEIGHT * score(of, to) - distance * distance;
                Some((sum, to))
            })
            .max_by_key(|(sum, _)| *sum);
        if let Some(slot) = best.get_mut(set) {
            *slot = found;
        }
    }
    let mut places = vec![0; n];
    let mut set = n_sets - 1;
    for place in places.iter_mut().rev() {
        let Some((_, to)) = best.get(set).copied().flatten() else {
            break;
        };
        *place = to;
        set &= !(1 << to);
    }
    places
}

/// A point of the score outweighs every distance that headings may move.
const WEIGHT: i32 = 1000;
