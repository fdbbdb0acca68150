//! Tables with clients as row headings, servers as column headings (or the reverse), and ports in the cells.

use std::{collections::HashSet, sync::Arc};

use super::{
    cell_kinds::CellKinds,
    column::{self, asks},
    columns::{Body, Columns},
    context::Context,
    end::End,
    names::Names,
    ports,
    problem::{Problem, ProblemKind, Severity},
    row::{Document, Row, RowFields, RowOrigin, RowText},
    section,
    table_rows::TableRow,
    text::{says_none, some},
};
use crate::transport::Transport;

/// Whether the column headings name servers or clients; the row headings name the other endpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Layout {
    ServersAbove,
    ClientsAbove,
}

/// Recognises a cross table: its corner names both ends, or is empty while ports stand below names that are no headings of
/// columns. An error if it is one and nothing says which way its traffic goes; `None` for any other table.
pub(super) fn layout(
    head: &TableRow,
    body: &Body<'_>,
    columns: &Columns,
    introduction: Option<&str>,
    names: &Names,
) -> Option<Result<Layout, &'static str>> {
    let corner = head.cells.first().filter(|_| 2 < head.cells.len())?;
    let corner_words = column::words(corner);
    // `From \u{2192} To` above arrows heads a column of its own, beside one of ports.
    let is_own_column = columns.has_ports() && !holds_ports(head, body);
    let by_corner = by_arrows(corner).or_else(|| by_sides(&corner_words));
    if let Some(layout) = by_corner.filter(|_| !is_own_column) {
        return Some(Ok(layout));
    }
    // Only names that are known as columns make a table of another kind.
    let said = introduction.and_then(by_sentence);
    if columns.has_ports() && said.is_none() || !holds_ports(head, body) {
        return None;
    }
    // Without a corner that says so, the names above have to be machines: names of rows, of the page, or by their form.
    let above: Vec<&String> = head.cells.iter().skip(1).collect();
    let below: HashSet<String> = body.column(0).map(str::to_lowercase).collect();
    let is_machine = |name: &str| {
        below.contains(&name.to_lowercase())
            || names.contains(name)
            || name
                .rsplit(' ')
                .next()
                .is_some_and(|last| section::is_machine(&last.to_lowercase()))
    };
    let are_machines = above.iter().any(|name| is_machine(name))
        && above
            .iter()
            .all(|name| !name.is_empty() && (column::column(name).is_none() || is_machine(name)));
    if !are_machines && said.is_none() {
        return None;
    }
    let by_heading = match column::column(corner) {
        Some(column::Column::Source) => Some(Layout::ServersAbove),
        Some(column::Column::Destination) => Some(Layout::ClientsAbove),
        Some(_) | None => None,
    };
    if said.is_some() && by_heading.is_some() && said != by_heading {
        return Some(Err(
            "the first cell of this table and the sentence above it say different things of which machines connect and which listen, so it was not read; write `From / To` into its first cell",
        ));
    }
    let said = said.or(by_heading);
    Some(said.ok_or(
        "rows and columns of this table are machines, and nothing says which of them connect and which listen, so it was not read; write `From / To` into its first cell",
    ))
}

/// Whether ports stand in nearly all cells that are not empty, apart from the first column.
fn holds_ports(head: &TableRow, body: &Body<'_>) -> bool {
    let kinds: Vec<CellKinds> = (1..head.cells.len())
        .map(|index| CellKinds::of(body.column(index)))
        .collect();
    kinds.iter().any(CellKinds::has_text)
        && kinds
            .iter()
            .all(|kinds| kinds.are_ports() || !kinds.has_text())
}

/// `From / To`, `Source \ Destination`: the first word is of the rows, the second of the columns.
fn by_sides(corner: &str) -> Option<Layout> {
    let mut sides = corner.split(' ').filter_map(by_side);
    let (first, second) = (sides.next()?, sides.next()?);
    (first != second && corner.split(' ').count() <= 4).then_some(first)
}

/// The axis along which a side of the corner stands, where arrows say so: `Destination \u{2192} / Source \u{2193}`.
fn by_arrows(corner: &str) -> Option<Layout> {
    let is_down = |c: char| {
        matches!(
            c,
            '\u{2193}' | '\u{21d3}' | '\u{2b07}' | '\u{25bc}' | '\u{25be}' | '\u{2935}'
        )
    };
    // Only an arrow that points down tells the one axis from the other: `From \u{2192} To` has one as well.
    if !corner.contains(is_down) {
        return None;
    }
    let lower = corner.to_lowercase();
    let mut side = None;
    for word in lower.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let name = word.trim_matches(|c: char| !c.is_alphanumeric());
        side = by_side(name).or(side);
        if word.contains(is_down) {
            return side;
        }
    }
    None
}

/// The layout if a word names the side whose machines stand below the corner.
fn by_side(word: &str) -> Option<Layout> {
    match word {
        "from" | "source" | "sources" | "src" | "client" | "clients" | "origin" => {
            Some(Layout::ServersAbove)
        }
        "to" | "destination" | "destinations" | "dest" | "dst" | "target" | "targets"
        | "server" | "servers" => Some(Layout::ClientsAbove),
        _ => asks(word).map(|asks| {
            if asks {
                Layout::ServersAbove
            } else {
                Layout::ClientsAbove
            }
        }),
    }
}

/// "Rows are the origin of the connection, columns the target", "Columns open the connection, rows accept it", "what the machine on the
/// left needs to reach on the one above": the first word behind an axis that says who asks.
fn by_sentence(sentence: &str) -> Option<Layout> {
    // Which way to read says nothing of who connects.
    let lower = [
        "left to right",
        "right to left",
        "top to bottom",
        "top down",
    ]
    .iter()
    .fold(sentence.to_lowercase(), |text, way| text.replace(way, " "));
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_of_rows = |word: &str| match word {
        "row" | "rows" | "left" => Some(true),
        "column" | "columns" | "above" | "top" | "across" => Some(false),
        _ => None,
    };
    words.iter().enumerate().find_map(|(at, word)| {
        // "the first column" holds the rows' names.
        let is_first_column = matches!(*word, "column")
            && at
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .is_some_and(|before| matches!(*before, "first" | "leftmost"));
        // "the top row" holds the columns' names.
        let is_first_row = matches!(*word, "row")
            && at
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .is_some_and(|before| {
                    matches!(*before, "top" | "first" | "header" | "heading" | "upper")
                });
        let of_rows = (is_of_rows(word)? || is_first_column) && !is_first_row;
        let behind = words
            .get(at + 1..)?
            .iter()
            .take_while(|word| is_of_rows(word).is_none());
        let mut is_passive = false;
        let mut follows_article = false;
        let below = behind.into_iter().find_map(|word| {
            // "an open port" does nothing.
            let is_adjective = std::mem::replace(
                &mut follows_article,
                matches!(*word, "a" | "an" | "any" | "all" | "each" | "every"),
            );
            let found = by_side(word).filter(|_| !is_adjective || asks(word).is_none());
            let is_participle = word.ends_with("ed");
            is_passive |= matches!(*word, "is" | "are" | "be" | "gets" | "get");
            found.map(|layout| (layout == Layout::ServersAbove) != (is_passive && is_participle))
        })?;
        Some(if below == of_rows {
            Layout::ServersAbove
        } else {
            Layout::ClientsAbove
        })
    })
}

/// Reads the rows of a cross table.
pub(super) fn read(
    file: &Arc<str>,
    (head, body): (&TableRow, &Body<'_>),
    layout: Layout,
    context: &Context,
    document: &mut Document,
) {
    let mut known = HashSet::new();
    for row in body.rows() {
        let Some(row_heading) = row.cells.first().and_then(|cell| some(cell)) else {
            continue;
        };
        // A cell that spans the whole row is a note on the table.
        if row.cells.iter().all(|cell| *cell == row_heading) {
            continue;
        }
        for (column_heading, cell) in head.cells.iter().zip(&row.cells).skip(1) {
            let (Some(column_heading), Some(text)) = (some(column_heading), some(cell)) else {
                continue;
            };
            if says_none(&text) {
                continue;
            }
            let (client, server) = match layout {
                Layout::ServersAbove => (row_heading.clone(), column_heading),
                Layout::ClientsAbove => (column_heading, row_heading.clone()),
            };
            let mut lost = |text: &str, message: &str| {
                document.problems.push(
                    Problem::new(file, row.line, Severity::Lost, text, message)
                        .of(ProblemKind::Cell),
                );
            };
            let parts: Vec<ports::Ports> = ports::segments(&text)
                .into_iter()
                .map(ports::ports)
                .collect();
            // A part that is not understood may change what the others mean.
            if let Some(problem) = parts.iter().find_map(|part| part.problem.as_ref()) {
                lost(&text, &problem.to_string());
                continue;
            }
            for ports in parts {
                let is_icmp = ports.transports.contains(&Transport::Icmp);
                if ports.groups.is_empty() && !ports.ephemeral && !is_icmp {
                    lost(&text, "names no port, so no row was made of this cell");
                    continue;
                }
                let mut transport = ports.transports;
                transport.sort_unstable();
                transport.dedup();
                let transport_inferred = transport.is_empty() && context.transport.is_none();
                if transport.is_empty() {
                    transport.push(context.transport.unwrap_or(Transport::Tcp));
                }
                let found = Row {
                    line: row.line,
                    text: RowText::default(),
                    fields: Arc::new(RowFields {
                        file: Arc::clone(file),
                        origin: RowOrigin::Table,
                        section: context.section.clone(),
                        role: None,
                        ports: ports.groups.into(),
                        protocol: None,
                        transport: transport.into(),
                        transport_inferred,
                        direction: None,
                        source: Some(End::given(client.as_str())),
                        destination: Some(End::given(server.as_str())),
                        is_peer: false,
                        required: None,
                        condition: context.condition.as_deref().map(Into::into),
                        ephemeral: ports.ephemeral,
                        forbidden: context.is_forbidden,
                        loopback: context.is_loopback || ports.is_loopback,
                    }),
                };
                // A cell that spans several rows is repeated in each, so equal fields are kept once.
                if known.insert(Arc::clone(&found.fields)) {
                    document.rows.push(found);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, by_sentence, by_sides};

    #[test]
    fn which_side_listens() {
        assert_eq!(by_sides("from to"), Some(Layout::ServersAbove));
        assert_eq!(by_sides("destination source"), Some(Layout::ClientsAbove));
        assert_eq!(by_sides("service"), None);
        assert_eq!(
            by_sentence("Rows are the origin of the connection, columns the target."),
            Some(Layout::ServersAbove)
        );
        assert_eq!(
            by_sentence("Each column lists the clients that connect to the machine of the row."),
            Some(Layout::ClientsAbove)
        );
        assert_eq!(by_sentence("Ports of the cluster."), None);
        for sentence in [
            "Read it from left to right: the machine in the first column opens the connection, that in the top row accepts it.",
            "The header row accepts the connection, the first column opens it.",
            "Read it from top to bottom; the left opens the connection.",
        ] {
            assert_eq!(
                by_sentence(sentence),
                Some(Layout::ServersAbove),
                "{sentence}"
            );
        }
        assert_eq!(
            by_sentence(
                "The machine in the top row opens the connection, that in the first column accepts it."
            ),
            Some(Layout::ClientsAbove)
        );
    }
}
