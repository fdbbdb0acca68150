//! Columns of ends that the words around a table name: `components connect to the Vault` above `Component`, `Edge to Core` as the
//! heading of what the rows are for.

use super::{Body, Columns};
use crate::document::{
    cell_kinds::CellKinds,
    column::{self, Column},
    context::{Context, EndPair},
    end::{Basis, End},
    endpoints,
    names::Names,
    section,
    table_rows::TableRow,
};

impl Columns {
    /// A heading that is both ends and nothing else says them of all rows below it, and its cells say what for.
    pub(in crate::document) fn take_pair_of_heading(
        &mut self,
        (head, body): (&TableRow, &Body<'_>),
        context: &mut Context,
        names: &Names,
    ) {
        if !self.has_ports() {
            return;
        }
        let pair = |index: &usize| {
            let heading = head.cells.get(*index)?;
            let ends = endpoints::arrow(heading).or_else(|| endpoints::pair(heading))?;
            Some((*index, ends))
        };
        let unread = (0..self.meanings.len()).filter(|index| {
            self.is_unknown(*index)
                || self.has_at(Column::Role, *index)
                || self.has_at(Column::Service, *index)
                || self.is_end(*index)
        });
        // `Publish to Internet` above yes and no asks whether, and names nobody.
        let unread = unread.filter(|index| !CellKinds::of(body.column(*index)).are_marks());
        let found: Vec<_> = unread.filter_map(|index| pair(&index)).collect();
        if let [(index, ends)] = found.as_slice()
            && (0..self.meanings.len()).all(|other| other == *index || !self.is_end(other))
            && section::is_noun_phrase(&ends.source, names)
            && section::is_noun_phrase(&ends.destination, names)
            && let Some(meaning) = self.meanings.get_mut(*index)
        {
            *meaning = Some(Column::Service);
            context.endpoints = Some(EndPair::from(ends.clone()));
            context.more_endpoints.clear();
            context.direction = None;
        }
    }

    /// Where a heading or a sentence above names an end by the word that heads a column, the column says who that is: its names are
    /// that end, and the other end is that of all rows.
    pub(in crate::document) fn take_named_above(&mut self, head: &TableRow, context: &mut Context) {
        if self.has_an_end() || !self.has_ports() {
            return;
        }
        let ends = context.endpoints.clone().filter(|ends| !ends.is_mutual);
        let (client, server) = match &ends {
            Some(ends) => (Some(ends.source.clone()), Some(ends.destination.clone())),
            None => (context.asker.clone(), context.role.clone()),
        };
        let (Some(client), Some(server)) = (client, server) else {
            return;
        };
        let headed = |end: &End| {
            let mut positions = (0..self.meanings.len()).filter(|index| {
                (self.is_unknown(*index)
                    || self.has_at(Column::Role, *index)
                    || self.has_at(Column::Service, *index))
                    && head
                        .cells
                        .get(*index)
                        .is_some_and(|heading| heads(heading, end))
            });
            positions.next().filter(|_| positions.next().is_none())
        };
        let (index, end, other) = match (headed(&client), headed(&server)) {
            (Some(index), None) => (index, Column::Source, server),
            (None, Some(index)) => (index, Column::Destination, client),
            _ => return,
        };
        if let Some(meaning) = self.meanings.get_mut(index) {
            *meaning = Some(end);
            self.doubts.push((
                head.cells.get(index).cloned().unwrap_or_default(),
                "the words above name an end by this column's heading, so its cells were taken for that end; check it",
            ));
            context.endpoints = None;
            context.more_endpoints.clear();
            context.asker = None;
            context.direction = None;
            context.role = Some(End::new(other.name, Basis::Heading));
        }
    }
}

/// Whether a heading is the last word of an end's name: `Device` of `target devices`.
fn heads(heading: &str, end: &End) -> bool {
    let words = column::words(heading);
    let one = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
    let last = end.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let heading = words.strip_suffix(" name").unwrap_or(&words);
    !heading.is_empty() && !heading.contains(' ') && one(heading) == one(&last)
}
