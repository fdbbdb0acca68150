//! Collects what a page names as machines before it is read.

use std::collections::BTreeMap;

use super::{evident_names, table_heading};
use crate::document::{
    block::{Block, Content},
    column::Column,
    columns::{Body, Columns},
    endpoints,
    names::Names,
    profile::Profile,
};

/// What the tables of a page name as ends of conversations or as machines.
pub(super) fn names(blocks: &[Block], profile: &Profile) -> Names {
    let mut names = Names::default();
    let mut arrows: BTreeMap<String, usize> = BTreeMap::new();
    for block in blocks {
        let rows = match &block.content {
            Content::Table(rows) if rows.too_many_columns().is_some() => continue,
            Content::Table(rows) => rows,
            Content::Heading { text, .. } => {
                names.add_heading(text);
                if let Some(ends) = endpoints::arrow(text) {
                    for end in [ends.source, ends.destination] {
                        *arrows.entry(end).or_default() += 1;
                    }
                }
                continue;
            }
            Content::Text(text) | Content::Item { text, .. } => {
                names.add_text(text);
                continue;
            }
            Content::Code { .. }
            | Content::Alternative(_)
            | Content::Condition(_)
            | Content::EndAlternative
            | Content::Unread { .. }
            | Content::Caption(_)
            | Content::Title(_) => continue,
        };
        let Some((head, n_headings)) = table_heading::heading(rows) else {
            continue;
        };
        let body = Body::new(rows, n_headings);
        let columns = Columns::new(&head, &body, profile);
        if !columns.has_ports() {
            continue;
        }
        for end in [
            Column::Source,
            Column::Destination,
            Column::Peer,
            Column::Role,
        ] {
            for index in columns.positions(end) {
                body.column(index).for_each(|cell| names.add(cell));
            }
        }
    }
    // `Edge -> Core`, `Core -> Store`: what several headings connect are machines.
    for (end, _) in arrows.into_iter().filter(|(_, n_headings)| 1 < *n_headings) {
        names.add(&end);
    }
    evident_names::add(blocks, &mut names);
    names
}
