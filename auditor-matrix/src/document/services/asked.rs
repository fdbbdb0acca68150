//! Whom the rows of a table ask that go out and have no column for it: `Outbound | Mail relay`, `Outbound | DNS`.

use std::collections::BTreeSet;

use crate::document::{
    application_protocol, cell,
    cell_kinds::SAMPLE,
    column::{self, Column},
    columns::{Body, Columns},
    context::Context,
    names::Names,
    prose,
    row::Direction,
    section,
    table_rows::TableRow,
    text::unbracket,
};

/// What is said of a table whose services or remarks were taken for the servers of what goes out.
pub(in crate::document) const DOUBT: &str = "these rows go out and the table names no destination, so what this column names was taken for it; check it";

/// The column that names whom the rows ask; `None` where they do not all go out, another column has an end, or none holds names.
pub(in crate::document) fn column_of_asked(
    columns: &Columns,
    body: &Body<'_>,
    context: &Context,
    names: &Names,
) -> Option<usize> {
    if names_other_ends(columns) || context.endpoints.is_some() || !columns.has_ports() {
        return None;
    }
    let mut directions = columns.positions(Column::Direction).peekable();
    let goes_out = if directions.peek().is_some() {
        directions
            .flat_map(|index| body.column(index).take(SAMPLE))
            .all(|text| cell::direction(text) == Some(Direction::Outbound))
    } else {
        context.direction == Some(Direction::Outbound)
    };
    if !goes_out {
        return None;
    }
    let cells = |index: usize| -> BTreeSet<&str> {
        body.column(index)
            .take(SAMPLE)
            .filter(|cell| !cell.is_empty())
            .collect()
    };
    let service = columns
        .positions(Column::Service)
        .find(|index| are_asked(&cells(*index), names));
    service.or_else(|| {
        columns
            .positions(Column::Notes)
            .find(|index| are_asked(&cells(*index), names))
    })
}

/// Whether another column than that of the services says who the ends of the rows are.
fn names_other_ends(columns: &Columns) -> bool {
    [
        Column::Source,
        Column::Destination,
        Column::Peer,
        Column::Address,
        Column::InboundMark,
        Column::OutboundMark,
        Column::NamedPort,
        Column::ArrowPort,
    ]
    .into_iter()
    .any(|column| columns.has(column))
}

/// What is said of a table whose services were taken for what has the port, whichever way its traffic goes.
pub(in crate::document) const DOUBT_OF_LISTENERS: &str = "some of these rows come in and others go out, and what this column names was taken for who listens in both; check it";

/// The column of services of which some come in and others go out, which are other ones: each has the port of its row, here or
/// elsewhere. `None` where another column has an end, or the names may be those of who asks.
pub(in crate::document) fn column_of_listeners(
    columns: &Columns,
    (head, body): (&TableRow, &Body<'_>),
    context: &Context,
    names: &Names,
) -> Option<usize> {
    let is_told = context.endpoints.is_some() || context.role.is_some();
    if names_other_ends(columns) || is_told || !columns.has_ports() {
        return None;
    }
    let is_headed = |index: &usize| {
        let heading = head.cells.get(*index).map_or("", String::as_str);
        column::words(heading)
            .split(' ')
            .any(|word| matches!(word, "service" | "services"))
    };
    let mut named = [Column::Role, Column::Service]
        .into_iter()
        .flat_map(|column| columns.positions(column))
        .filter(is_headed);
    let (Some(index), None) = (named.next(), named.next()) else {
        return None;
    };
    let way = columns.positions(Column::Direction).next()?;
    let (mut inbound, mut outbound) = (BTreeSet::new(), BTreeSet::new());
    for (name, way) in body.column(index).zip(body.column(way)).take(SAMPLE) {
        match cell::direction(way)? {
            Direction::Inbound => inbound.insert(name),
            Direction::Outbound => outbound.insert(name),
            Direction::Both => return None,
        };
    }
    let is_mixed = !inbound.is_empty() && 1 < outbound.len() && inbound.is_disjoint(&outbound);
    (is_mixed && names_asked(&outbound, names, LISTENERS)).then_some(index)
}

/// Whether all cells are names and most of them names of what can be asked: kinds of machines and of programs. What only has a
/// proper name may as well be what goes out.
fn are_asked(cells: &BTreeSet<&str>, names: &Names) -> bool {
    names_asked(cells, names, ASKED)
}

/// One of so many names has to be one of what can be asked, where nothing but the direction says that it is.
const ASKED: usize = 2;

/// The same where the other rows name what listens here.
const LISTENERS: usize = 4;

/// Whether all cells are names and one of so many of them is the name of what can be asked.
fn names_asked(cells: &BTreeSet<&str>, names: &Names, one_of: usize) -> bool {
    let are_names = cells.iter().all(|cell| {
        let (name, _) = unbracket(cell);
        let words: Vec<&str> = name
            .split([' ', '/'])
            .filter(|word| !word.is_empty())
            .collect();
        let is_spoken = words.iter().all(|word| {
            (application_protocol::is_only_spoken(word)
                || cell::stated(&word.to_lowercase()).is_some())
                && !names_server(word)
        });
        !is_spoken
            && words.len() <= MOST_WORDS
            && name.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            && !name.contains(['.', ';', ':', '>', ','])
            && section::is_noun_phrase(&name, names)
    });
    let n_asked = cells
        .iter()
        .filter(|cell| {
            let (name, _) = unbracket(cell);
            // `Web Server SSL`: what is spoken adds nothing to a name.
            let words: Vec<&str> = name
                .split(' ')
                .filter(|word| names_server(word) || !application_protocol::is_only_spoken(word))
                .collect();
            let (last, short) = (words.last().copied().unwrap_or_default(), words.join(" "));
            section::names_machines(&short, names)
                || prose::is_software(&last.to_lowercase())
                || words.len() == 1 && names_server(last)
        })
        .count();
    are_names && 0 < n_asked && cells.len() <= one_of * n_asked
}

/// More words are a description.
const MOST_WORDS: usize = 5;

/// Whether a protocol is also what people call the machine that speaks it: `the DNS`.
pub(in crate::document) fn names_server(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "dns"
            | "ntp"
            | "ldap"
            | "ldaps"
            | "kerberos"
            | "radius"
            | "dhcp"
            | "syslog"
            | "nfs"
            | "smtp"
    )
}

#[cfg(test)]
mod tests {
    use super::are_asked;
    use crate::document::names::Names;

    #[test]
    fn columns_of_whom_rows_ask() {
        let check = |cells: &[&str], expected| {
            let cells = cells.iter().copied().collect();
            assert_eq!(are_asked(&cells, &Names::default()), expected, "{cells:?}");
        };
        check(&["Shop Server", "Shop Web Server SSL", "Acme DB"], true);
        check(&["DNS", "NTP", "Proxy"], true);
        check(&["Acme Cloud", "Acme On-Premise"], false);
        check(&["HTTPS", "SSH"], false);
        check(&["Name resolution", "Time synchronization"], false);
        check(&["Mail relay", "Sends alerts to the relay."], false);
    }
}
