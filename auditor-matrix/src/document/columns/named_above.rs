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
    row::Direction,
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

    /// Where a sentence above says that traffic goes to what heads a column, its names are the destinations: `make sure that there is
    /// connectivity to the cloud platforms` above `Cloud platform`.
    pub(in crate::document) fn take_reached(
        &mut self,
        head: &TableRow,
        introduction: Option<&str>,
        context: &mut Context,
    ) {
        let Some(introduction) = introduction else {
            return;
        };
        if self.has_an_end()
            || !self.has_ports()
            || context.endpoints.is_some()
            || context.asker.is_some()
        {
            return;
        }
        let lower = introduction.to_lowercase();
        let is_reached = |index: &usize| {
            let is_open = self.is_unknown(*index)
                || self.has_at(Column::Role, *index)
                || self.has_at(Column::Service, *index);
            is_open
                && head
                    .cells
                    .get(*index)
                    .is_some_and(|heading| goes_to(&lower, &column::words(heading)))
        };
        let mut found = (0..self.meanings.len()).filter(is_reached);
        if let (Some(index), None) = (found.next(), found.next())
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(Column::Destination);
            self.doubts.push((
                head.cells.get(index).cloned().unwrap_or_default(),
                "the words above say that traffic goes to what this column is headed by, so its cells were taken for the destinations; check it",
            ));
            context.direction = Some(Direction::Outbound);
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

/// Whether a text in lower case says that traffic goes to things of a name: `connectivity to the cloud platforms`.
fn goes_to(lower: &str, name: &str) -> bool {
    let one = name.strip_suffix('s').unwrap_or(name);
    if one.len() < LEAST_LETTERS {
        return false;
    }
    lower.match_indices(one).any(|(at, _)| {
        let behind = lower.get(at + one.len()..).unwrap_or_default();
        let before = lower.get(..at).unwrap_or_default();
        let mut words = before
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .rev()
            .skip_while(|word| {
                matches!(
                    *word,
                    "the" | "all" | "your" | "each" | "these" | "following"
                )
            });
        let is_to = words.next() == Some("to");
        let says_traffic = words.next().is_some_and(|word| {
            matches!(
                word,
                // Who has `access to the components` may be anybody.
                "connectivity"
            )
        });
        is_to
            && says_traffic
            && !behind
                .trim_start_matches('s')
                .starts_with(char::is_alphanumeric)
    })
}

/// A shorter heading may be anything.
const LEAST_LETTERS: usize = 4;

/// Whether a heading is the last word of an end's name: `Device` of `target devices`.
fn heads(heading: &str, end: &End) -> bool {
    let words = column::words(heading);
    let one = |word: &str| word.strip_suffix('s').unwrap_or(word).to_owned();
    let last = end.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let heading = words.strip_suffix(" name").unwrap_or(&words);
    !heading.is_empty() && !heading.contains(' ') && one(heading) == one(&last)
}
