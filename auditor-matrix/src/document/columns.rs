//! A table's columns: what each means by its heading and its cells together, and the cells under it.

mod assignment;
mod body;
mod conditions;
mod ends;
mod named_above;
mod port_columns;
mod quantity;
mod row_cells;
mod subjects;
mod unheaded_ports;
mod weighing;

pub(super) use self::{body::Body, row_cells::PortText};
use super::{
    cell,
    cell_kinds::CellKinds,
    column::{self, Column},
    profile::Profile,
    table_rows::{TableRow, TableRows},
    text::is_host,
};

/// A table's columns, by position.
#[derive(Debug)]
pub(super) struct Columns {
    meanings: Vec<Option<Column>>,
    /// The column that is headed as ports and holds none.
    demoted: Option<usize>,
    /// The column whose services are what listens: the servers of the rows.
    listening: Option<usize>,
    /// The lone column of servers, which was taken for the machines that the rows are about.
    lone_servers: Option<usize>,
    /// The column whose cells say whether the row's number is a port: `HTTP port`.
    port_names: Option<usize>,
    /// For each column the position of its heading, where headings stand above other columns than they mean.
    order: Option<Vec<usize>>,
    /// Headings that could be read in more than one way, and what was taken.
    doubts: Vec<(String, &'static str)>,
}

impl Columns {
    /// Decides the meaning of all columns together: the heading's phrase is weighed against what the cells hold.
    /// What the profile says of a column is not weighed.
    pub(super) fn new(head: &TableRow, body: &Body<'_>, profile: &Profile) -> Self {
        let kinds: Vec<CellKinds> = (0..head.cells.len())
            .map(|index| CellKinds::of(body.column(index)))
            .collect();
        let mut columns = Self {
            meanings: head
                .cells
                .iter()
                .map(|heading| {
                    let chosen = profile.column(heading).map(column::chosen);
                    chosen.or_else(|| column::column(heading))
                })
                .collect(),
            demoted: None,
            listening: None,
            lone_servers: None,
            port_names: None,
            order: None,
            doubts: Vec::new(),
        };
        columns.assign(head, &kinds);
        let as_written = head;
        let head = &columns.headings(as_written);
        columns.drop_contradicted(head, &kinds);
        columns.find_ports_of_protocols(head, &kinds);
        columns.find_arrows(&kinds);
        columns.weigh_transports(head, &kinds);
        columns.weigh_ports_of_ends(head, &kinds);
        columns.weigh_ends(head, body, &kinds);
        columns.weigh_unknown(head, &kinds);
        columns.find_subjects(head, &kinds);
        columns.find_ends(head, body, &kinds);
        columns.find_recurring_ends(head, body, &kinds);
        columns.find_ports(head, &kinds);
        columns.find_ports_of_ends(head, &kinds);
        columns.find_ports_by_name(head, body, &kinds);
        columns.find_ports_of_services(head, body, &kinds);
        columns.name_unheaded(head, &kinds);
        columns.demote_ports(head, &kinds);
        columns.leave_inner_ports(head);
        columns.settle(head, &kinds);
        columns.find_networks(head, body);
        columns.find_conditions(head, body);
        columns.find_peers(head, body);
        columns.obey(as_written, profile);
        columns
    }

    /// Whatever else was weighed, a column holds what a person has said.
    pub(super) fn obey(&mut self, head: &TableRow, profile: &Profile) {
        for (meaning, heading) in self.meanings.iter_mut().zip(&head.cells) {
            if let Some(chosen) = profile.column(heading) {
                *meaning = Some(column::chosen(chosen));
            }
        }
        self.doubts
            .retain(|(heading, _)| profile.column(heading).is_none());
    }

    fn each(&mut self) -> impl Iterator<Item = (usize, &mut Option<Column>)> {
        self.meanings.iter_mut().enumerate()
    }

    /// Whether a row is about something else than a port, as `Password | 1234` is between `HTTP port | 8080` and others.
    pub(super) fn is_no_port(&self, row: &TableRow) -> bool {
        self.port_names
            .and_then(|index| row.cells.get(index))
            .is_some_and(|name| !names_port(name))
    }

    /// The heading of ports above a column that holds none: it may name the machines whose ports they are.
    pub(super) fn heading_of_services<'a>(&self, head: &'a TableRow) -> Option<&'a str> {
        head.cells.get(self.demoted?).map(String::as_str)
    }

    /// Whether a row repeats the headings of ports, as the first row of a group does: `Mailbox Ports | Port`.
    pub(super) fn is_heading_row(&self, row: &TableRow) -> bool {
        self.meanings.iter().zip(&row.cells).any(|(meaning, cell)| {
            *meaning == Some(Column::Port)
                && matches!(
                    column::words(cell).as_str(),
                    "port" | "ports" | "port number" | "port numbers"
                )
        })
    }

    /// Takes the services for the servers of the rows, and says so of their heading.
    pub(super) fn take_services_for_servers(
        &mut self,
        (index, heading): (usize, &str),
        doubt: &'static str,
    ) {
        self.listening = Some(index);
        self.doubts.push((heading.to_owned(), doubt));
    }

    /// Of what goes out of a machine that is named elsewhere, a lone column of servers holds where it goes.
    pub(super) fn take_servers_for_destinations(&mut self) {
        if let Some(index) = self.lone_servers.take()
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(Column::Destination);
        }
    }

    /// Whether a column names an end that is not the row's own machine, or its address.
    fn has_other_end(&self) -> bool {
        [
            Column::Source,
            Column::Destination,
            Column::Peer,
            Column::Address,
        ]
        .into_iter()
        .any(|end| self.has(end))
    }

    /// Of what goes out of a machine that is named elsewhere, names of hosts in a column of machines are where it goes: `Host` above
    /// `mirror.example.com`.
    pub(super) fn take_addresses_for_destinations(&mut self, body: &Body<'_>) {
        let is_other_end = self.has_other_end();
        let mut machines = self.positions(Column::Role);
        let (Some(index), None, false) = (machines.next(), machines.next(), is_other_end) else {
            return;
        };
        drop(machines);
        let are_hosts = body.column(index).all(|cell| {
            let cell = cell.trim_start_matches("*.");
            is_host(cell) || cell.contains("://") || cell.parse::<std::net::IpAddr>().is_ok()
        });
        if are_hosts && let Some(meaning) = self.meanings.get_mut(index) {
            *meaning = Some(Column::Destination);
        }
    }

    /// Takes a column for one of services.
    pub(super) fn take_for_services(&mut self, index: usize) {
        if let Some(meaning) = self.meanings.get_mut(index) {
            *meaning = Some(Column::Service);
        }
    }

    /// Takes a column for that of the destinations, and says so of its heading.
    pub(super) fn take_for_destinations(
        &mut self,
        index: usize,
        head: &TableRow,
        doubt: &'static str,
    ) {
        if let Some(meaning) = self.meanings.get_mut(index) {
            *meaning = Some(Column::Destination);
            let heading = head.cells.get(index).cloned().unwrap_or_default();
            self.doubts.push((heading, doubt));
        }
    }

    /// Leaves the columns of marks to what reads them, and says what was taken for granted of them.
    pub(super) fn leave_marks(
        &mut self,
        positions: impl Iterator<Item = usize>,
        doubt: Option<(String, &'static str)>,
    ) {
        for index in positions {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(Column::Ignored);
            }
        }
        self.doubts.extend(doubt);
    }

    /// Whether a column has this meaning.
    pub(super) fn has_at(&self, column: Column, index: usize) -> bool {
        self.meanings.get(index) == Some(&Some(column))
    }

    /// Whether neither the heading nor the cells of a column say what it is.
    pub(super) fn is_unknown(&self, index: usize) -> bool {
        self.meanings.get(index).is_some_and(Option::is_none)
    }

    /// The service of a row whose services are the servers; `None` if they are not.
    pub(super) fn listening<'r>(&self, row: &'r TableRow) -> Option<&'r str> {
        row.cells.get(self.listening?).map(String::as_str)
    }

    /// Whether the numbers in the cells of a column may be ports without a word that says so.
    pub(super) fn may_name_ports(&self, index: usize) -> bool {
        matches!(
            self.meanings.get(index),
            Some(Some(
                Column::Port
                    | Column::ArrowPort
                    | Column::NamedPort
                    | Column::PortItems
                    | Column::LastPort
                    | Column::LocalPort
                    | Column::RemotePort
                    | Column::Transport(_)
            ))
        )
    }

    /// Whether the cells of a column name ends of the row.
    pub(super) fn is_end(&self, index: usize) -> bool {
        matches!(
            self.meanings.get(index),
            Some(Some(Column::Source | Column::Destination | Column::Peer))
        )
    }

    /// Whether the cells of a column are sentences about the row.
    pub(super) fn is_prose(&self, index: usize) -> bool {
        matches!(self.meanings.get(index), Some(Some(Column::Notes)))
    }

    pub(super) fn positions(&self, column: Column) -> impl Iterator<Item = usize> + '_ {
        self.meanings
            .iter()
            .enumerate()
            .filter(move |(_, meaning)| **meaning == Some(column))
            .map(|(index, _)| index)
    }

    pub(super) fn has(&self, column: Column) -> bool {
        self.meanings.contains(&Some(column))
    }

    /// Whether some column holds ports.
    pub(super) fn has_ports(&self) -> bool {
        self.meanings.iter().any(|meaning| {
            matches!(
                meaning,
                Some(
                    Column::Port
                        | Column::ArrowPort
                        | Column::NamedPort
                        | Column::PortItems
                        | Column::LocalPort
                        | Column::RemotePort
                        | Column::Transport(_)
                )
            )
        })
    }

    /// Whether a column names an end of its rows.
    pub(super) fn has_an_end(&self) -> bool {
        [Column::Source, Column::Destination, Column::Peer]
            .into_iter()
            .any(|column| self.has(column))
    }

    /// The headings that were not recognised.
    pub(super) fn unknown<'a>(&self, head: &'a TableRow) -> Vec<&'a str> {
        head.cells
            .iter()
            .zip(&self.meanings)
            .filter(|(heading, meaning)| meaning.is_none() && !heading.is_empty())
            .map(|(heading, _)| heading.as_str())
            .collect()
    }

    /// Whether headings are in an alphabet that no word of ours is written in.
    pub(super) fn has_foreign_heading(head: &TableRow) -> bool {
        (0..head.cells.len()).any(|index| {
            let has_letter = head
                .cells
                .get(index)
                .is_some_and(|heading| heading.contains(char::is_alphabetic));
            has_letter && is_foreign(head, index)
        })
    }

    /// Headings that could be read in more than one way, and what was taken.
    pub(super) fn doubts(&self) -> &[(String, &'static str)] {
        &self.doubts
    }

    /// The heading of the first column with this meaning.
    pub(super) fn heading<'a>(&self, head: &'a TableRow, column: Column) -> &'a str {
        self.positions(column)
            .next()
            .and_then(|index| head.cells.get(index))
            .map(String::as_str)
            .unwrap_or_default()
    }
}

/// The only heading of a table with several columns: it is a title, such as `Inbound:`.
pub(super) fn title(head: &TableRow) -> Option<&str> {
    let mut headings = head.cells.iter().filter(|cell| !cell.is_empty());
    let first = headings.next()?;
    (headings.next().is_none() && 1 < head.cells.len()).then_some(first)
}

/// Whether the first row of a table is one of its rows: its cell above the ports is a port itself, and no other cell of it is
/// a heading.
pub(super) fn is_without_headings(first: &TableRow, rows: &TableRows) -> bool {
    let is_heading = |cell: &String| {
        column::column(cell).is_some() && cell::stated(&cell.to_lowercase()).is_none()
    };
    let of = |cell: &str| CellKinds::of(std::iter::once(cell));
    let has_number = |cell: &String| cell.contains(|c: char| c.is_ascii_digit());
    if rows.len() < LEAST_ROWS
        || !first.cells.iter().any(has_number)
        || first.cells.iter().any(is_heading)
    {
        return false;
    }
    let below = Body::new(rows, 1);
    let mut n_ports = 0;
    let mut n_others = 0;
    for (index, cell) in first
        .cells
        .iter()
        .enumerate()
        .filter(|(_, cell)| !cell.is_empty())
    {
        let (own, others) = (of(cell), CellKinds::of(below.column(index)));
        if own.are_bare_ports() && others.are_bare_ports() {
            n_ports += 1;
        } else if own.are_transports() && others.are_transports()
            || !has_number(cell) && others.have_no_ports() && others.has_text()
        {
            n_others += 1;
        }
    }
    n_ports == 1
        && 0 < n_others
        && n_ports + n_others == first.cells.iter().filter(|cell| !cell.is_empty()).count()
}

/// A row alone may be anything.
const LEAST_ROWS: usize = 2;

/// Whether a name is that of a port: `HTTP port`, `Port of the store`.
fn names_port(name: &str) -> bool {
    column::words(name)
        .split(' ')
        .flat_map(|word| word.split(['.', '_', '-']))
        .any(|word| {
            let one = word.strip_suffix('s').unwrap_or(word);
            // `adminPort`, and not `support`
            one == "port"
                || one.ends_with("port")
                    && !matches!(
                        one,
                        "support" | "report" | "import" | "export" | "transport"
                    )
        })
}

/// Whether no word of a heading is known and none has a letter of ours, so that it cannot say what its column is.
fn is_foreign(head: &TableRow, index: usize) -> bool {
    head.cells
        .get(index)
        .is_some_and(|heading| !column::words(heading).contains(|c: char| c.is_ascii_alphabetic()))
}
