//! Decides whether the services that a table names are what listens: the servers of its rows.
//!
//! `Service | Port | Source` leaves the server out, unless the services are programs that other rows and sentences of the page
//! name as machines. A protocol, such as SSH, is what is spoken, and no server.

mod asked;

use std::collections::BTreeSet;

pub(super) use self::asked::{
    DOUBT as DOUBT_OF_ASKED, DOUBT_OF_LISTENERS, column_of_asked, column_of_listeners, names_server,
};

use super::{
    application_protocol, cell,
    cell_kinds::SAMPLE,
    column::{self, Column},
    columns::{Body, Columns},
    context::Context,
    names::Names,
    row::Direction,
    section,
    table_rows::TableRow,
    text::{sentences, unbracket},
};

/// What is said of a table whose services were taken for the servers.
pub(super) const DOUBT: &str =
    "the table names no server, so what this column names was taken for it; check it";

/// The column, and its heading, of the services that are the servers of a table's rows; `None` where they are not, or nothing tells.
pub(super) fn heading_of_servers<'a>(
    columns: &Columns,
    (head, body): (&'a TableRow, &Body<'_>),
    introduction: Option<&str>,
    context: &Context,
    names: &Names,
    marks_ask: bool,
) -> Option<(usize, &'a str)> {
    let names_other_ends = [
        Column::Destination,
        Column::Peer,
        Column::Role,
        Column::Direction,
        Column::InboundMark,
        Column::OutboundMark,
        Column::NamedPort,
        Column::ArrowPort,
    ]
    .into_iter()
    .any(|column| columns.has(column));
    let headings_name_ends = context.role.is_some()
        || context.endpoints.is_some()
        || context.heading.is_some()
        || context.direction == Some(Direction::Outbound);
    if names_other_ends || headings_name_ends {
        return None;
    }
    let is_headed = |index: &usize| {
        head.cells
            .get(*index)
            .is_some_and(|heading| is_headed_as_software(heading))
    };
    let mut services = columns.positions(Column::Service).filter(is_headed);
    let (Some(index), None) = (services.next(), services.next()) else {
        return None;
    };
    let heading = head.cells.get(index)?;
    let cells: BTreeSet<&str> = body
        .column(index)
        .take(SAMPLE)
        .filter(|cell| !cell.is_empty())
        .collect();
    let software: Vec<&str> = cells
        .iter()
        .copied()
        .filter(|cell| is_software(cell))
        .collect();
    // One program that fills the column is whose ports these are.
    let rows = body.column(index).take(SAMPLE).count();
    if let ([only], 1) = (software.as_slice(), cells.len())
        && LEAST_NAMES <= rows
        && !is_activity(only)
        && is_proper_or_identifier(only)
    {
        return Some((index, heading.as_str()));
    }
    if software.len() < LEAST_NAMES || software.len() * 2 < cells.len() {
        return None;
    }
    // Among names of programs a protocol says that the column holds what is spoken or runs, all of it on machines that it does not name.
    let n_spoken = cells.len() - software.len();
    let is_mixed = LEAST_SPOKEN <= n_spoken;
    let is_evident = if columns.has(Column::Source) || marks_ask {
        let sources = ends(columns, body);
        let recur = software
            .iter()
            .any(|name| sources.contains(&name.to_lowercase()));
        // A process is what has a port, beside whoever asks it.
        recur || is_headed_as_process(heading) || introduction.is_some_and(says_services_have_ports)
    } else {
        let n_known = software
            .iter()
            .filter(|name| !is_activity(name))
            .filter(|name| names.contains(name) || names.is_subject(name))
            .count();
        let n_recurring = software
            .iter()
            .filter(|name| !is_activity(name) && is_proper(name))
            .filter(|name| {
                1 < body
                    .column(index)
                    .take(SAMPLE)
                    .filter(|cell| cell == *name)
                    .count()
            })
            .count();
        // `Report server`, `Object store`: most say by their last word that they are machines.
        let n_machines = software
            .iter()
            .filter(|name| section::names_machines(name, names))
            .count();
        // `Storage service (ledger-storage)` tells what runs there, too.
        let tells_program = |name: &str| {
            is_identifier(name) || unbracket(name).1.iter().any(|inside| is_identifier(inside))
        };
        let n_identifiers = software.iter().filter(|name| tells_program(name)).count();
        LEAST_NAMES <= n_known && software.len() <= 2 * n_known
            || LEAST_NAMES <= n_identifiers && software.len() <= 2 * n_identifiers
            || LEAST_NAMES <= n_machines && software.len() < 2 * n_machines
            // A program with several ports has a row for each; a purpose has one.
            || LEAST_RECURRING <= n_recurring && software.len() <= 3 * n_recurring
    };
    let may_be_mixed = !is_mixed || columns.has(Column::Source);
    (is_evident && may_be_mixed).then_some((index, heading.as_str()))
}

/// One protocol among the programs may be called so.
const LEAST_SPOKEN: usize = 2;

/// The columns of machines of which several cells are protocols: `etcd`, `SSH` and `NTP` below `Component` are what runs and is spoken, and
/// no machines.
pub(super) fn columns_of_spoken(columns: &Columns, body: &Body<'_>) -> Vec<usize> {
    let is_spoken = |cell: &str| {
        let (name, _) = unbracket(cell);
        name.contains(char::is_alphabetic)
            && name
                .split([' ', '/', ','])
                .filter(|word| !word.is_empty())
                .all(|word| {
                    // `DNS`, `NTP` are what people call the machines, too.
                    !names_server(word)
                        && (application_protocol::is_only_spoken(word)
                            || cell::stated(&word.to_lowercase()).is_some())
                })
    };
    let hold_spoken = |index: &usize| {
        let cells = body.column(*index).take(SAMPLE);
        let spoken: BTreeSet<&str> = cells.filter(|cell| is_spoken(cell)).collect();
        LEAST_SPOKEN <= spoken.len()
    };
    columns
        .positions(Column::Role)
        .filter(hold_spoken)
        .collect()
}

/// One name alone may be a coincidence.
const LEAST_NAMES: usize = 2;

/// So many names with several rows each are no coincidence.
const LEAST_RECURRING: usize = 3;

/// Whether a name has a capital letter in each of its words, as names of programs have.
fn is_proper(name: &str) -> bool {
    name.split(' ')
        .all(|word| word.chars().any(char::is_uppercase))
}

/// Whether a name is how a program is called on a command line: `till-gate`, `ledger2auth`, `ledgerd`; protocols are called otherwise.
pub(super) fn is_identifier(name: &str) -> bool {
    let is_plain = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let letters = || name.chars().filter(char::is_ascii_alphabetic);
    let is_spoken = name.split(['-', '_']).any(|part| {
        application_protocol::transports(part).is_some() || cell::stated(part).is_some()
    });
    is_plain
        && !is_spoken
        && LEAST_LETTERS <= letters().count()
        && letters().any(|c| c.is_ascii_lowercase())
        && (name.contains(['-', '_'])
            || name.contains(|c: char| c.is_ascii_digit())
            || name.ends_with('d') && letters().all(|c| c.is_ascii_lowercase()))
}

fn is_proper_or_identifier(name: &str) -> bool {
    is_proper(name) || is_identifier(name)
}

/// A shorter identifier may be anything.
const LEAST_LETTERS: usize = 4;

/// The names in the column of sources.
fn ends(columns: &Columns, body: &Body<'_>) -> BTreeSet<String> {
    columns
        .positions(Column::Source)
        .flat_map(|index| body.column(index).take(SAMPLE))
        .flat_map(|cell| cell.split([',', ';', '/', '&']))
        .map(|name| name.trim().to_lowercase())
        .collect()
}

/// `Service`, `Component name`; but not `Purpose`, which heads what is done.
fn is_headed_as_software(heading: &str) -> bool {
    column::words(heading).split(' ').any(|word| {
        matches!(
            word.strip_suffix('s').unwrap_or(word),
            "service"
                | "microservice"
                | "component"
                | "application"
                | "app"
                | "proces"
                | "processe"
                | "daemon"
                | "program"
                | "module"
                | "product"
                | "software"
        )
    })
}

/// `Process`, `Name of the daemon`
fn is_headed_as_process(heading: &str) -> bool {
    column::words(heading).split(' ').any(|word| {
        matches!(
            word,
            "process" | "processes" | "daemon" | "daemons" | "executable" | "program" | "programs"
        )
    })
}

/// Whether a cell can name a program: a few words that are no protocol.
pub(super) fn is_software(cell: &str) -> bool {
    let (name, _) = unbracket(cell);
    let is_protocol = |word: &str| {
        application_protocol::is_only_spoken(word) || cell::stated(&word.to_lowercase()).is_some()
    };
    let is_spoken = name
        .split([' ', '/', ','])
        .filter(|word| !word.is_empty())
        .all(is_protocol);
    name.contains(char::is_alphabetic)
        && !is_spoken
        && name.split(' ').count() <= MOST_WORDS
        && !name.contains([';', ':', '.', '>'])
}

/// Whether a cell names a program by a name of its own, and not by what it does.
pub(super) fn is_program(cell: &str) -> bool {
    let (name, _) = unbracket(cell);
    is_software(cell) && !is_activity(name.trim())
}

/// More words describe what is done.
const MOST_WORDS: usize = 4;

/// Whether a name's last word says what is offered or done, which a program does besides having a name of its own.
fn is_activity(name: &str) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    matches!(
        last.as_str(),
        "ui" | "gui"
            | "api"
            | "apis"
            | "interface"
            | "port"
            | "ports"
            | "metrics"
            | "endpoint"
            | "traffic"
            | "access"
            | "replication"
            | "communication"
            | "management"
            | "monitoring"
            | "rpc"
            | "http"
            | "https"
            | "health"
            | "admin"
            | "web"
            | "data"
            | "logs"
            | "events"
    )
}

/// `... all services and their respective ports`, `components with their ports`.
fn says_services_have_ports(paragraph: &str) -> bool {
    sentences(paragraph).into_iter().any(|sentence| {
        let lower = sentence.to_lowercase();
        let mut words = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .skip_while(|word| {
                !matches!(*word, "services" | "components" | "processes" | "daemons")
            })
            .skip(1);
        matches!(words.next(), Some("and" | "with"))
            && words.next() == Some("their")
            && words.take(MOST_ADJECTIVES + 1).any(|word| word == "ports")
    })
}

const MOST_ADJECTIVES: usize = 2;

#[cfg(test)]
mod tests {
    use super::{is_identifier, is_software, says_services_have_ports};

    #[test]
    fn what_a_program_is_called() {
        for (cell, is_so) in [
            ("Shop Central", true),
            ("PostgreSQL", true),
            ("DNS agents", true),
            ("SSH", false),
            ("HTTP/HTTPS", false),
            ("TLS (encrypted)", false),
            ("8080", false),
            ("Used by all nodes to reach the store", false),
        ] {
            assert_eq!(is_software(cell), is_so, "{cell}");
        }
    }

    #[test]
    fn what_identifies_a_program() {
        for (name, is_so) in [
            ("till-gate", true),
            ("ledger2auth", true),
            ("ledgerd", true),
            ("gate_FTL", true),
            ("ssh-tcp", false),
            ("http-alt", false),
            ("SSH", false),
            ("web", false),
            ("Ledger", false),
            ("heartbeat", false),
        ] {
            assert_eq!(is_identifier(name), is_so, "{name}");
        }
    }

    #[test]
    fn sentences_of_services_and_their_ports() {
        assert!(says_services_have_ports(
            "The table lists all services and their respective ports."
        ));
        assert!(!says_services_have_ports(
            "The services on these nodes need ports."
        ));
    }
}
