//! What a sentence beside a port says of that very port: `The ledger service runs on port 5888 on each Ledger host.` in the notes of a
//! row of port 5888.

use super::{port_phrase::Evidence, sentence};
use crate::document::{names::Names, section, text::sentences};

/// The ends that the sentences of a note give to a port that they number.
#[derive(Debug, Default, Eq, PartialEq)]
pub(in crate::document) struct SaidOfPort {
    pub(in crate::document) source: Option<String>,
    pub(in crate::document) destination: Option<String>,
}

/// Who asks whom at one of the ports that a cell lists, as the one sentence of a note says that numbers it.
pub(in crate::document) fn said_of_port(
    note: &str,
    cell: &str,
    names: &Names,
) -> Option<SaidOfPort> {
    let is_listed = |number: u16| {
        cell.split(|c: char| !c.is_ascii_digit())
            .any(|part| part == number.to_string())
    };
    let mut found = sentences(note).into_iter().flat_map(|sentence| {
        let reading = sentence::read(sentence, Evidence::Stated, names);
        reading.statements.into_iter().filter(|statement| {
            !statement.forbidden
                && !statement.loopback
                && statement
                    .ports
                    .iter()
                    .flat_map(|group| &group.ranges)
                    .any(|range| is_listed(range.first()))
        })
    });
    let statement = found.next()?;
    if found.next().is_some() {
        return None;
    }
    let is_name = |name: &String| {
        section::names_machines(name, names) || name.starts_with(char::is_uppercase)
    };
    let said = SaidOfPort {
        source: statement.source.filter(is_name),
        destination: statement.destination.filter(is_name),
    };
    (said != SaidOfPort::default()).then_some(said)
}
