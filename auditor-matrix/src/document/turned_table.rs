//! Tables whose headings are ports: `Node | 22 | 443` above ticks is the table of `Port | Master | Worker`, turned.

use super::{
    cell,
    cell_kinds::{CellKinds, SAMPLE},
    column::{self, Column},
    ports,
    row::Direction,
    table_rows::{TableRow, TableRows},
};

/// The table with a row for each of its ports; `None` for a table whose headings are no ports.
pub(super) fn turned(rows: &TableRows) -> Option<TableRows> {
    if let Some(turned) = with_headings_at_left(rows).or_else(|| with_directions_at_left(rows)) {
        return Some(turned);
    }
    let head = rows.get(0)?;
    let (corner, headings) = head.cells.split_first()?;
    let is_turned = LEAST_PORTS <= headings.len()
        && (LEAST_ROWS..=SAMPLE).contains(&rows.len())
        && !corner.contains(|c: char| c.is_ascii_digit())
        && headings.iter().all(|heading| is_port(heading));
    if !is_turned {
        return None;
    }
    let below: Vec<TableRow> = rows.iter().skip(1).collect();
    // Machines at the left, and below the ports nothing that could be a number.
    let has_digit = |text: &String| text.contains(|c: char| c.is_ascii_digit());
    let are_marks = below.iter().all(|row| {
        row.cells
            .first()
            .is_some_and(|name| name.contains(char::is_alphabetic))
            && !row.cells.iter().skip(1).any(has_digit)
    });
    if !are_marks {
        return None;
    }
    let mut turned = TableRows::default();
    let names = below.iter().filter_map(|row| row.cells.first().cloned());
    turned.push(&TableRow {
        line: head.line,
        is_heading: true,
        cells: std::iter::once("Port".to_owned()).chain(names).collect(),
    });
    for (index, heading) in headings.iter().enumerate() {
        let marks = below
            .iter()
            .map(|row| row.cells.get(index + 1).cloned().unwrap_or_default());
        turned.push(&TableRow {
            line: head.line,
            is_heading: false,
            cells: std::iter::once(heading.clone()).chain(marks).collect(),
        });
    }
    Some(turned)
}

/// `Server | core`, `Port | 6000`, `Protocol | TCP`: the headings stand in the first column, and the rows beside one another.
fn with_headings_at_left(rows: &TableRows) -> Option<TableRows> {
    if !(LEAST_ROWS..=MOST_HEADINGS).contains(&rows.len()) {
        return None;
    }
    let mut all: Vec<TableRow> = rows.iter().collect();
    // `Property | Value` stands above what is no more than these.
    let are_properties = all.first().is_some_and(
        |row| matches!(row.cells.as_slice(), [name, value] if is_of_properties(name, value)),
    );
    if are_properties && LEAST_ROWS < all.len() {
        all.remove(0);
    }
    let headings: Vec<String> = all
        .iter()
        .filter_map(|row| row.cells.first().cloned())
        .collect();
    let meanings: Vec<Option<Column>> = headings.iter().map(|text| column::column(text)).collect();
    // `Setting | Default` is a heading above settings.
    if meanings.first() == Some(&Some(Column::Ignored)) {
        return None;
    }
    let ports = meanings
        .iter()
        .zip(&all)
        .filter(|(meaning, _)| **meaning == Some(Column::Port))
        .filter_map(|(_, row)| row.cells.get(1..))
        .find(|cells| {
            !cells.is_empty() && CellKinds::of(cells.iter().map(String::as_str)).are_bare_ports()
        })?;
    // Many a property besides is no heading that anybody knows, where both ends and their port are.
    let n_of_traffic = [
        Column::Source,
        Column::Destination,
        Column::Peer,
        Column::Role,
        Column::Protocol,
        Column::Service,
    ]
    .iter()
    .filter(|column| meanings.contains(&Some(**column)))
    .count();
    let are_known = meanings.iter().all(Option::is_some)
        || are_properties && 0 < n_of_traffic
        || LEAST_OF_TRAFFIC <= n_of_traffic;
    // A heading of its own above the values makes it a table of rows.
    let has_headings_above = all.first()?.cells.get(1..)?.iter().any(|text| {
        column::column(text).is_some_and(|meaning| meaning != Column::Role)
            && cell::stated(&text.to_lowercase()).is_none()
    });
    if !are_known || has_headings_above {
        return None;
    }
    let at = all
        .iter()
        .position(|row| row.cells.get(1..) == Some(ports))?;
    let mut turned = TableRows::default();
    let line = all.first()?.line;
    turned.push(&TableRow {
        line,
        is_heading: true,
        cells: headings,
    });
    let port_line = all.get(at)?.line;
    for index in 1..=ports.len() {
        turned.push(&TableRow {
            line: port_line,
            is_heading: false,
            cells: all
                .iter()
                .map(|row| row.cells.get(index).cloned().unwrap_or_default())
                .collect(),
        });
    }
    Some(turned)
}

/// `Machines | Core | Store` above `Incoming | 22, 443 | 5432` and `Outgoing | ...`: machines beside one another, with a row of ports for
/// each direction.
fn with_directions_at_left(rows: &TableRows) -> Option<TableRows> {
    let (head, below) = (rows.get(0)?, rows.iter().skip(1).collect::<Vec<_>>());
    let (corner, machines) = head.cells.split_first()?;
    let directions: Vec<Option<Direction>> = below
        .iter()
        .map(|row| cell::direction(row.cells.first()?))
        .collect();
    let is_one_way = |direction: &Option<Direction>| {
        matches!(direction, Some(Direction::Inbound | Direction::Outbound))
    };
    let are_directions = !below.is_empty()
        && below.len() <= MOST_DIRECTIONS
        && directions.iter().all(is_one_way)
        && (below.len() == 1 || directions.first() != directions.get(1));
    let cells = || below.iter().flat_map(|row| row.cells.iter().skip(1));
    let are_ports = CellKinds::of(cells().map(String::as_str)).are_ports();
    // A heading that tells what stands below it is one of a table of rows; among names of machines it may be one: `Bastion`.
    let may_be_machine = |meaning: &Option<Column>| {
        meaning.is_none()
            || matches!(
                meaning,
                Some(Column::Role | Column::Destination | Column::Source)
            )
    };
    let meanings: Vec<Option<Column>> = machines.iter().map(|name| column::column(name)).collect();
    let n_names = meanings.iter().filter(|meaning| meaning.is_none()).count();
    let are_machines = LEAST_MACHINES <= machines.len()
        && machines
            .iter()
            .all(|name| name.contains(char::is_alphabetic))
        && meanings.iter().all(may_be_machine)
        && meanings.len() <= 2 * n_names;
    if !are_directions || !are_ports || !are_machines {
        return None;
    }
    let mut turned = TableRows::default();
    let ways = below.iter().filter_map(|row| row.cells.first().cloned());
    let corner = if corner.is_empty() { "Machine" } else { corner };
    turned.push(&TableRow {
        line: head.line,
        is_heading: true,
        cells: std::iter::once(corner.to_owned()).chain(ways).collect(),
    });
    let line = below.first()?.line;
    for (index, machine) in machines.iter().enumerate() {
        let ports = below
            .iter()
            .map(|row| row.cells.get(index + 1).cloned().unwrap_or_default());
        turned.push(&TableRow {
            line,
            is_heading: false,
            cells: std::iter::once(machine.clone()).chain(ports).collect(),
        });
    }
    Some(turned)
}

/// What comes in, and what goes out.
const MOST_DIRECTIONS: usize = 2;

/// One machine is no table of them.
const LEAST_MACHINES: usize = 2;

/// Whether the two headings of a table say that each row is a property of one thing: `Property | Value`.
fn is_of_properties(name: &str, value: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "property" | "properties" | "attribute" | "field" | "item" | "parameter" | ""
    ) && matches!(
        value.to_lowercase().as_str(),
        "value" | "values" | "detail" | "details" | "description" | ""
    )
}

/// So many headings of ends, transports and services are there by no chance.
const LEAST_OF_TRAFFIC: usize = 3;

/// A table with more headings is none of them.
const MOST_HEADINGS: usize = 24;

/// Whether several headings are ports.
pub(super) fn has_ports_above(head: &TableRow) -> bool {
    LEAST_PORTS <= head.cells.iter().filter(|heading| is_port(heading)).count()
}

/// A heading with a number may be there by chance.
const LEAST_PORTS: usize = 2;

/// The headings and one machine.
const LEAST_ROWS: usize = 2;

/// Whether a heading is ports and nothing else: `443`, `TCP 6443`; years and small numbers are counted rather than opened.
fn is_port(heading: &str) -> bool {
    let read = ports::ports(heading);
    let is_plain = heading.bytes().all(|byte| byte.is_ascii_digit());
    let is_year = is_plain
        && heading
            .parse::<u16>()
            .is_ok_and(|number| (1990..=2049).contains(&number) || number < LEAST_PORT);
    read.problem.is_none() && !read.groups.is_empty() && read.remarks.is_empty() && !is_year
}

/// Smaller numbers head columns of versions and counts.
const LEAST_PORT: u16 = 20;

#[cfg(test)]
mod tests {
    use super::{has_ports_above, turned};
    use crate::document::table_rows::{TableRow, TableRows};

    fn table(rows: &[&[&str]]) -> TableRows {
        let mut table = TableRows::default();
        for (index, cells) in rows.iter().enumerate() {
            table.push(&TableRow {
                line: index + 1,
                is_heading: index == 0,
                cells: cells.iter().map(|cell| (*cell).to_owned()).collect(),
            });
        }
        table
    }

    #[test]
    fn ports_above() {
        let rows = table(&[
            &["Node", "22", "443/tcp"],
            &["Core", "x", ""],
            &["Store", "x", "x"],
        ]);
        let cells: Vec<Vec<String>> = turned(&rows)
            .map(|rows| rows.iter().map(|row| row.cells).collect())
            .unwrap_or_default();
        assert_eq!(
            cells,
            [
                vec!["Port", "Core", "Store"],
                vec!["22", "x", "x"],
                vec!["443/tcp", "", "x"]
            ]
        );
    }

    #[test]
    fn headings_at_left() {
        let rows = table(&[
            &["Server", "core", "store"],
            &["Port", "6000", "5432"],
            &["Protocol", "TCP", "TCP"],
        ]);
        let cells: Vec<Vec<String>> = turned(&rows)
            .map(|rows| rows.iter().map(|row| row.cells).collect())
            .unwrap_or_default();
        assert_eq!(
            cells,
            [
                vec!["Server", "Port", "Protocol"],
                vec!["core", "6000", "TCP"],
                vec!["store", "5432", "TCP"]
            ]
        );
        // Properties of one thing, under a heading that says no more than that.
        let properties = table(&[
            &["Property", "Value"],
            &["Port", "8096"],
            &["Kind", "Web UI"],
            &["Protocol", "HTTP"],
        ]);
        assert_eq!(
            turned(&properties).map(|rows| rows.iter().map(|row| row.cells).collect()),
            Some(vec![
                vec!["Port".to_owned(), "Kind".to_owned(), "Protocol".to_owned()],
                vec!["8096".to_owned(), "Web UI".to_owned(), "HTTP".to_owned()]
            ])
        );
        // Both ends and their port are enough beside headings that nobody knows.
        let matrix = table(&[
            &["Source device", "till", "gate"],
            &["Source port", "any", "any"],
            &["Destination device", "gate", "store"],
            &["Destination port", "443", "5432"],
            &["Plane of operation", "O&M", "O&M"],
            &["Protocol", "TCP", "TCP"],
        ]);
        assert_eq!(turned(&matrix).map(|rows| rows.len()), Some(3));
        // Rows that are about a port among others are rows.
        let settings = table(&[
            &["Setting", "Default"],
            &["Port", "6000"],
            &["Name", "core"],
        ]);
        assert_eq!(turned(&settings), None);
    }

    #[test]
    fn no_ports_above() {
        for head in [
            ["Version", "2023", "2024"],
            ["Nodes", "3", "5"],
            ["Port", "TCP", "UDP"],
        ] {
            assert_eq!(
                turned(&table(&[&head, &["Core", "x", ""]])),
                None,
                "{head:?}"
            );
        }
        assert!(has_ports_above(&TableRow {
            line: 1,
            is_heading: true,
            cells: ["Node", "22", "443", "Why"].map(str::to_owned).into(),
        }));
        let sizes = table(&[&["Size", "443", "8080"], &["Core", "4", "8"]]);
        assert_eq!(turned(&sizes), None);
    }
}
