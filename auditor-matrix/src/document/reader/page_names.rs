//! Collects what a page names as machines before it is read.

use std::collections::{BTreeMap, BTreeSet};

use super::{adjective::is_adjective, evident_names, sibling_titles, table_heading};
use crate::document::{
    block::{Block, Content},
    cell,
    cell_kinds::SAMPLE,
    column::Column,
    columns::{Body, Columns},
    endpoints,
    names::Names,
    profile::Profile,
    prose,
    row::Direction,
    section,
};

/// What the tables of a page name as ends of conversations or as machines.
pub(super) fn names(blocks: &[Block], profile: &Profile) -> Names {
    let mut names = Names::default();
    let mut arrows: BTreeMap<String, usize> = BTreeMap::new();
    let mut headings: Vec<(u8, &str)> = Vec::new();
    for block in blocks {
        let rows = match &block.content {
            Content::Table(rows) if rows.too_many_columns().is_some() => continue,
            Content::Table(rows) => rows,
            Content::Heading { level, text } => {
                names.add_heading(text);
                headings.truncate(headings.partition_point(|(above, _)| above < level));
                headings.push((*level, text));
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
        // Directions are those of somebody, whom the table leaves to its heading.
        if (columns.has(Column::Direction) || is_below_direction(&headings))
            && !columns.has_an_end()
            && !columns.has(Column::Role)
            && let Some(own) = viewpoint(&headings)
            && !is_asked(own, &columns, &body)
        {
            names.add(own);
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
    sibling_titles::add(blocks, profile, &mut names);
    evident_names::add(blocks, &mut names);
    names
}

/// The nearest heading that is not about ports in general, if it is a name and nothing else: whose ports stand below it.
fn viewpoint<'a>(headings: &[(u8, &'a str)]) -> Option<&'a str> {
    let none = Names::default();
    let nearest = headings
        .iter()
        .rev()
        .filter(|(level, _)| 1 < *level)
        .map(|(_, text)| text.trim_end_matches(':'))
        .find(|text| !prose::is_topic(text) && section::is_about_more_than_ports(text))?;
    let machines = section::machines(nearest, &none)?;
    let is_name =
        machines == nearest && prose::may_name_what_runs(nearest) && !is_adjective(nearest);
    is_name.then_some(nearest)
}

/// Whether the innermost heading is a direction and no more: `Outbound`.
fn is_below_direction(headings: &[(u8, &str)]) -> bool {
    headings.last().is_some_and(|(_, text)| {
        cell::direction(text).is_some() && !section::is_about_more_than_ports(text)
    })
}

/// Whether all rows of a table go out, and a word of the heading recurs in what they are for: then the heading is what is asked.
fn is_asked(heading: &str, columns: &Columns, body: &Body<'_>) -> bool {
    let goes_out = columns
        .positions(Column::Direction)
        .flat_map(|index| body.column(index).take(SAMPLE))
        .all(|text| cell::direction(text) == Some(Direction::Outbound));
    let words = |text: &str| -> BTreeSet<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| word.strip_suffix('s').unwrap_or(word).to_owned())
            .collect()
    };
    let own = words(heading);
    goes_out
        && [Column::Service, Column::Notes]
            .into_iter()
            .flat_map(|column| columns.positions(column))
            .flat_map(|index| body.column(index).take(SAMPLE))
            .any(|text| !own.is_disjoint(&words(text)))
}

#[cfg(test)]
mod tests {
    use super::viewpoint;

    #[test]
    fn headings_of_tables_of_directions() {
        let check = |headings: &[(u8, &str)], expected| {
            assert_eq!(viewpoint(headings), expected, "{headings:?}");
        };
        check(
            &[(2, "Network ports"), (3, "Till Platform")],
            Some("Till Platform"),
        );
        check(
            &[(2, "Till Cluster"), (3, "Network Ports")],
            Some("Till Cluster"),
        );
        check(&[(2, "Store"), (3, "Requirements")], Some("Store"));
        check(&[(2, "Store"), (3, "Inbound")], Some("Store"));
        check(&[(2, "Store"), (3, "Installing on a host")], None);
        check(&[(1, "Acme Shop"), (2, "Firewall rules")], None);
        check(&[(2, "Azure")], None);
        check(&[(2, "Optional")], None);
        check(&[(2, "Portal")], Some("Portal"));
        check(&[(2, "Default Installation")], None);
    }
}
