//! Finds the ends of conversations below headings that say what their cells do: `Dials | Picks up`, `Calls | Is called`.

use super::Columns;
use crate::document::{
    cell_kinds::CellKinds,
    column::{self, Column, Subject},
    table_rows::TableRow,
};

impl Columns {
    /// Two columns of names below predicates are the ends: who asks, and who is asked. Where only one of the two says which it is, the
    /// other is the other.
    pub(super) fn find_subjects(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        if self.has(Column::Role) || self.has(Column::Peer) {
            return;
        }
        let holds_names = |index: usize| {
            kinds.get(index).is_some_and(|kinds| {
                kinds.are_plain_names() && kinds.have_no_ports() && !kinds.have_marks()
            })
        };
        let acting: Vec<(usize, Subject)> = (0..kinds.len())
            .filter(|index| self.is_unknown(*index) && holds_names(*index))
            .filter_map(|index| {
                let heading = head.cells.get(index)?;
                Some((index, column::subject(heading)?))
            })
            .collect();
        let known = (
            self.positions(Column::Source).next(),
            self.positions(Column::Destination).next(),
        );
        let (first, second) = match (acting.as_slice(), known) {
            ([(index, Subject::Acts | Subject::Asks)], (None, Some(_))) => {
                (Some((*index, Column::Source)), None)
            }
            ([(index, Subject::Acts | Subject::IsAsked)], (Some(_), None)) => {
                (Some((*index, Column::Destination)), None)
            }
            ([one, other], (None, None)) => match (one.1, other.1) {
                (Subject::Asks, Subject::IsAsked | Subject::Acts)
                | (Subject::Acts, Subject::IsAsked) => (
                    Some((one.0, Column::Source)),
                    Some((other.0, Column::Destination)),
                ),
                (Subject::IsAsked, Subject::Asks | Subject::Acts)
                | (Subject::Acts, Subject::Asks) => (
                    Some((other.0, Column::Source)),
                    Some((one.0, Column::Destination)),
                ),
                // Two that do alike are no ends, and of two others nothing tells which asks.
                _ => return,
            },
            _ => return,
        };
        for (index, end) in first.into_iter().chain(second) {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(end);
            }
            let heading = head.cells.get(index).cloned().unwrap_or_default();
            self.doubts.push((
                heading,
                "this column was taken for an end because of what its heading says that its machines do; check it",
            ));
        }
    }
}
