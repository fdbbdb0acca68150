//! Whether a row's cells, its notes or the headings above allow its traffic.

use super::{Cells, PortTable};
use crate::document::{
    cell,
    column::Column,
    permission::{self, Permission},
    problem::Severity,
    row::Document,
    table_rows::TableRow,
};

impl PortTable<'_> {
    /// Whether the page allows, forbids or withdraws what the row says.
    pub(super) fn permission(
        &self,
        row: &TableRow,
        cells: &Cells,
        document: &mut Document,
    ) -> Permission {
        let mut said = Vec::new();
        for (column, read) in [
            (
                Column::Permission,
                permission::of_mark as fn(&str) -> Option<Permission>,
            ),
            (Column::Status, permission::of_status),
            (Column::Required, permission::of_sentence),
        ] {
            if column == Column::Permission && self.differs(row, document) {
                continue;
            }
            let Some(cell) = self.columns.cell(row, column) else {
                continue;
            };
            let heading = self.columns.heading(self.head, column);
            // Below `Denied?` a yes denies.
            let denies = permission::denies(heading);
            let read = match read(&cell) {
                Some(Permission::Allowed) if denies => Some(Permission::Forbidden),
                Some(Permission::Forbidden) if denies => Some(Permission::Allowed),
                other => other,
            };
            if read.is_none() && column != Column::Required {
                let message = format!(
                    "`{heading}` says neither that this is allowed nor that it is not; check the rule"
                );
                self.problem(document, row, Severity::Remark, &cell, &message);
            }
            said.extend(read);
        }
        let notes = cells.all_notes();
        for sentence in cell::statements(&notes) {
            said.extend(permission::of_sentence(sentence));
        }
        // `Use | no longer used` is as good as a remark.
        let service = cells.service.as_deref().unwrap_or_default();
        let withdrawn = cell::statements(service)
            .into_iter()
            .filter_map(permission::of_sentence);
        said.extend(withdrawn.filter(|one| *one == Permission::Withdrawn));
        // `Denied` alone names no service.
        if permission::is_denial(service) {
            said.push(Permission::Forbidden);
        }
        if self.context.is_forbidden {
            said.push(Permission::Forbidden);
        }
        if self.context.is_withdrawn {
            said.push(Permission::Withdrawn);
        }
        let remark = if said.contains(&Permission::Withdrawn) {
            return Permission::Withdrawn;
        } else if said.contains(&Permission::Forbidden) {
            return Permission::Forbidden;
        } else if said.contains(&Permission::Restricted) {
            Some("forbids a part of the traffic; read whether the rule is narrow enough")
        } else if said.contains(&Permission::Deprecated) {
            Some("is deprecated; the rule allows it as long as the page does")
        } else {
            None
        };
        if let Some(remark) = remark {
            self.problem(document, row, Severity::Remark, &notes, remark);
        }
        Permission::Allowed
    }

    /// Whether columns of permissions say something else of this row for one setting than for another, or no where others say from
    /// where it is allowed: such a row forbids nothing for all.
    fn differs(&self, row: &TableRow, document: &mut Document) -> bool {
        let cells: Vec<(&str, &str)> = self
            .columns
            .positions(Column::Permission)
            .filter_map(|index| {
                let heading = self.head.cells.get(index).map_or("", String::as_str);
                Some((heading, row.cells.get(index)?.as_str()))
            })
            .filter(|(_, cell)| !cell.is_empty())
            .collect();
        // Below `Denied` a no allows, and a yes denies.
        let denies = |(heading, cell): &(&str, &str)| {
            let said = permission::of_mark(cell);
            if permission::denies(heading) {
                said == Some(Permission::Allowed)
            } else {
                said == Some(Permission::Forbidden)
            }
        };
        let is_denied = cells.iter().any(denies);
        let is_reached = self
            .marks
            .is_some_and(|marks| marks.ask() && !marks.row(row).clients.is_empty());
        let differs = is_denied && (is_reached || !cells.iter().all(denies));
        if differs {
            let message = "is not allowed everywhere, and other cells of the row allow it: no rule forbids it; check who may ask";
            let cells: Vec<&str> = cells.iter().map(|(_, cell)| *cell).collect();
            self.problem(document, row, Severity::Remark, &cells.join(" | "), message);
        }
        differs
    }
}
