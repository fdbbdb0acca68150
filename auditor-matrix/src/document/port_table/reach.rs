//! Whether a row's traffic stays on its machine.

use super::PortTable;
use crate::document::{
    cell,
    column::{self, Column},
    loopback,
    permission::{self, Permission},
    table_rows::TableRow,
    text::unbracket,
};

impl PortTable<'_> {
    /// Whether a heading says that the machines of the rows listen at their ports: `Bind address`, `Listening on`.
    pub(super) fn says_listening(&self) -> bool {
        self.head.cells.iter().any(|heading| {
            column::words(heading).split(' ').any(|word| {
                ["bind", "bound", "listen"]
                    .iter()
                    .any(|stem| word.starts_with(stem))
            })
        })
    }

    /// Whether a cell of the row says that it is reached from its own machine only: `Loopback (127.0.0.1)`. The ends that a row
    /// names are read as such.
    pub(super) fn stays_on_machine(&self, row: &TableRow) -> bool {
        // Below `Reachable from other machines` a no keeps it there.
        let own =
            !loopback::is_reach_of_others(self.columns.heading(self.head, Column::LoopbackMark));
        let mark = self.columns.cell(row, Column::LoopbackMark);
        if mark.as_deref().and_then(cell::required) == Some(own) {
            return true;
        }
        row.cells.iter().enumerate().any(|(index, cell)| {
            let says_reach = self.columns.is_unknown(index)
                || [
                    Column::BindAddress,
                    Column::Notes,
                    Column::Ignored,
                    Column::Status,
                    Column::Permission,
                ]
                .into_iter()
                .any(|column| self.columns.has_at(column, index));
            let tells_reach = || {
                self.head
                    .cells
                    .get(index)
                    .is_some_and(|heading| loopback::tells_reach(heading))
            };
            // `no (localhost only)` below `Reachable from outside`
            let is_denied = || permission::of_mark(cell) == Some(Permission::Forbidden);
            let says_in_brackets = || {
                unbracket(cell).1.iter().any(|part| {
                    loopback::is_only_own(part) || is_denied() && loopback::is_meant(part)
                })
            };
            let is_own = loopback::is_only_own(cell)
                || tells_reach() && (cell.eq_ignore_ascii_case("local") || says_in_brackets());
            says_reach && is_own
        })
    }
}
