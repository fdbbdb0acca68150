//! Who asks and who is asked by what stands beside a row's port.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::super::relations;
use super::{Cells, PortTable};
use crate::document::{
    application_protocol,
    column::Column,
    end::{Basis, End},
    names::Names,
    prose::{self, Asker},
    row::Direction,
    section, services,
    table_rows::TableRow,
    text::{regex, unbracket},
};

impl Cells {
    /// The ends that the notes give to the very port of the row: `The agent connects to the backend at port 8899 on the store.`
    pub(super) fn take_said_of_port(&mut self, table: &PortTable<'_>, row: &TableRow) {
        let is_open = self.source.is_none()
            && self.destination.is_none()
            && self.direction.is_none()
            && self.more_ends.is_empty()
            && !self.loopback
            && table.context.endpoints.is_none()
            && !table.columns.has_an_end()
            && !table.columns.has(Column::Role)
            && table.context.direction.is_none();
        let Some(notes) = self.notes.as_deref().filter(|_| is_open) else {
            return;
        };
        let mut ports = table.columns.positions(Column::Port);
        let said =
            ports.find_map(|index| prose::said_of_port(notes, row.cells.get(index)?, table.names));
        if let Some(said) = said {
            let told = |name: String| End::new(name, Basis::Purpose);
            self.source = said.source.map(told);
            self.destination = said.destination.map(told);
        }
    }

    /// Who asks the row's machine, or whoever has the port, where no column says so and the words on the row do.
    pub(super) fn take_asker_of_notes(&mut self, table: &PortTable<'_>, row: &TableRow) {
        let is_open = self.source.is_none()
            && self.destination.is_none()
            && matches!(self.direction, None | Some(Direction::Inbound))
            && !self.loopback
            && self.granted.is_empty()
            && !table.columns.has_an_end();
        if !is_open || table.context.endpoints.is_some() {
            return;
        }
        // `yes (open to your end users)`
        let permission = table.columns.cell(row, Column::Permission);
        let allowed = permission
            .as_deref()
            .map(|cell| unbracket(cell).1.join(". "));
        let texts = [&self.notes, &self.service, &allowed];
        let own = self.role.clone();
        let name = own.as_deref().unwrap_or_default();
        let found = texts
            .into_iter()
            .flatten()
            .find_map(|text| prose::asker(text, name, table.names));
        let (source, own) = match (found, own) {
            (Some(Asker::Itself), Some(own)) => {
                (End::new(Arc::clone(&own.name), Basis::Purpose), Some(own))
            }
            (Some(Asker::Other(other)), own) => (End::new(other, Basis::Purpose), own),
            (Some(Asker::Itself) | None, _) => return,
        };
        self.destination = own;
        self.source = Some(source);
        self.direction = None;
    }

    /// Who asks the machine that the row names, as its purpose begins: `Constructor to Search cluster` beside `Allocator`.
    pub(super) fn take_first_of_pair(&mut self, table: &PortTable<'_>) {
        let is_open = self.source.is_none()
            && self.destination.is_none()
            && self.more_ends.is_empty()
            && matches!(self.direction, None | Some(Direction::Inbound))
            && !self.loopback
            && self.granted.is_empty()
            && table.context.endpoints.is_none()
            && table.columns.has(Column::Role)
            && !table.columns.has_an_end();
        let Some(own) = self
            .role
            .clone()
            .filter(|own| is_open && own.basis == Basis::Given)
        else {
            return;
        };
        let first = [&self.service, &self.notes]
            .into_iter()
            .flatten()
            .find_map(|text| first_of_pair(text, table.names))
            .filter(|first| !first.eq_ignore_ascii_case(&own));
        if let Some(first) = first {
            self.source = Some(End::new(first, Basis::Purpose));
            self.destination = Some(own);
            self.direction = None;
        }
    }

    /// Who goes out by the words on the row, which outrank what a sentence says of all rows.
    pub(super) fn take_user_of_notes(&mut self, table: &PortTable<'_>) {
        let is_told = self
            .role
            .as_ref()
            .is_some_and(|role| role.basis != Basis::Sentence);
        if is_told
            || self.source.is_some()
            || self.direction != Some(Direction::Outbound)
            || table.columns.has(Column::Source)
        {
            return;
        }
        let user = [&self.notes, &self.service]
            .into_iter()
            .flatten()
            .find_map(|text| relations::user(text, table.names));
        self.role = user.or(self.role.take());
    }

    /// Whom the row's machine asks, where the row goes out, no column says to whom and the words on the row do.
    pub(super) fn take_asked_of_notes(&mut self, table: &PortTable<'_>) {
        let is_open = self.destination.is_none()
            && self.source.is_none()
            && self.direction == Some(Direction::Outbound)
            && !self.loopback
            && !table.columns.has(Column::Destination)
            && !table.columns.has(Column::Peer);
        let Some(own) = self.role.as_ref().filter(|_| is_open) else {
            return;
        };
        self.destination = [&self.notes, &self.service]
            .into_iter()
            .flatten()
            .find_map(|text| prose::asked(text, own, table.names))
            .map(|name| End::new(name, Basis::Purpose));
    }

    /// Whom a row asks that goes out and names no other end: the service behind its port, if that is the name of one.
    pub(super) fn take_service_for_asked(&mut self, table: &PortTable<'_>) {
        let is_open = self.direction == Some(Direction::Outbound)
            && self.destination.is_none()
            && self.more_ends.is_empty()
            && !self.loopback
            && !table.columns.has(Column::Destination)
            && !table.columns.has(Column::Peer)
            && table.columns.has(Column::Service)
            && table.context.endpoints.is_none();
        let service = self.service.as_deref().filter(|_| is_open);
        // A single word may as well be what the own machine offers or does.
        let is_name = |service: &&str| {
            services::is_program(service)
                && service.contains(' ')
                && service
                    .split(' ')
                    .all(|word| word.starts_with(char::is_uppercase))
                && self.role.as_deref() != Some(*service)
        };
        if let Some(service) = service.filter(is_name) {
            self.destination = Some(End::new(service, Basis::Purpose));
        }
    }

    /// Where the services of a table are what listens, that of the row is its server.
    pub(super) fn take_service_for_server(&mut self, table: &PortTable<'_>, row: &TableRow) {
        let is_left_out = self.destination.is_none() && self.direction != Some(Direction::Outbound);
        if is_left_out && self.more_ends.is_empty() {
            self.destination = table
                .columns
                .listening(row)
                .filter(|service| services::is_software(service))
                .map(|service| End::new(service, Basis::Purpose));
        }
    }
}

static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^(?P<first>[A-Z][\w.-]*(?: [A-Za-z][\w.-]*){0,2}?) to (?:the )?[A-Z]")
});

/// The first of two names that a text begins with.
fn first_of_pair(text: &str, names: &Names) -> Option<String> {
    let first = PAIR.captures(text)?.name("first")?.as_str();
    let last = first.rsplit(' ').next().unwrap_or(first).to_lowercase();
    let is_name = section::is_noun_phrase(first, names)
        && !prose::is_done(&last)
        && !application_protocol::is_only_spoken(first);
    is_name.then(|| first.to_owned())
}
