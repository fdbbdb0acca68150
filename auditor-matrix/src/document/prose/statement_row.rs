//! Makes a row of what a sentence, an item or a command says.

use std::sync::Arc;

use super::{
    item,
    statement::{Doubt, Statement},
    verb::verb,
    vocabulary::{is_abstract, is_platform, is_preposition},
};
use crate::document::{
    application_protocol::usual_transport,
    cell,
    context::Context,
    end::{Basis, End},
    names::Names,
    problem::{Problem, ProblemKind, Severity},
    row::{Direction, Row, RowFields, RowOrigin, RowText},
    section::names_machines,
};

/// Where a statement stands.
pub(super) struct Place<'a> {
    pub(super) file: &'a Arc<str>,
    pub(super) line: usize,
    pub(super) context: &'a Context,
    /// The machine that the text above names.
    pub(super) machine: Option<&'a str>,
}

impl Place<'_> {
    /// The row of an item or a command, which the headings above complete; `text` is the page's.
    pub(super) fn row(&self, text: &str, mut statement: Statement) -> Row {
        let context = self.context;
        self.take_heading_for_server(&mut statement);
        let (mut source, mut destination) = Self::ends(&mut statement);
        if !statement.loopback {
            let is_open = source.is_none() && destination.is_none() && !statement.serves_peer;
            let either = (is_open && context.is_either_way && !context.is_within_role)
                .then_some(Direction::Both);
            statement.direction = statement.direction.or(context.direction).or(either);
            if source.is_none()
                && destination.is_none()
                && context.is_within_role
                && self.machine.is_none()
            {
                statement.direction = Some(Direction::Both);
                source.clone_from(&context.role);
                destination.clone_from(&context.role);
            } else if let Some(ends) = &context.endpoints
                && self.machine.is_none()
            {
                if ends.is_mutual && source.is_none() && destination.is_none() {
                    statement.direction = Some(Direction::Both);
                }
                source = source.or_else(|| Some(ends.source.clone()));
                destination = destination.or_else(|| Some(ends.destination.clone()));
            }
        }
        if let Some(other) = &context.counterpart
            && source.is_none()
            && destination.is_none()
            && !statement.loopback
        {
            match statement.direction {
                Some(Direction::Inbound) => source = Some(other.clone()),
                Some(Direction::Outbound) => destination = Some(other.clone()),
                Some(Direction::Both) | None => {}
            }
        }
        self.row_between(text, statement, source, destination)
    }

    /// The rows of an item or a command: where several pairs of ends stand above, or several are those for whom it is, one for
    /// each.
    pub(super) fn rows(&self, text: &str, mut statement: Statement, names: &Names) -> Vec<Row> {
        // Below a machine, for whom its port is says nothing of whose it is.
        let is_below_machine = self.context.role.is_some()
            || self
                .machine
                .is_some_and(|machine| names_machines(machine, names));
        let is_open = statement.source.is_none()
            && statement.destination.is_none()
            && statement.direction.is_none()
            && self.context.direction.is_none()
            && self.context.endpoints.is_none()
            && !statement.loopback;
        if is_open && !is_below_machine {
            statement.destination = item::machine_behind(text, names);
        }
        let first = self.row(text, statement);
        let is_open_to_all = first.direction == Some(Direction::Inbound)
            && first.source.is_none()
            && first.destination.is_none()
            && !first.loopback;
        let askers = if is_open_to_all {
            item::askers(text, names)
        } else {
            Vec::new()
        };
        if !askers.is_empty() {
            let from = |asker: String| {
                let mut row = first.clone();
                Arc::make_mut(&mut row.fields).source = Some(End::new(asker, Basis::Purpose));
                row
            };
            return askers.into_iter().map(from).collect();
        }
        let is_of_context = self.context.endpoints.as_ref().is_some_and(|ends| {
            first.source.as_ref() == Some(&ends.source)
                && first.destination.as_ref() == Some(&ends.destination)
        });
        let more: Vec<Row> = self
            .context
            .more_endpoints
            .iter()
            .filter(|_| is_of_context)
            .map(|ends| {
                let mut row = first.clone();
                let fields = Arc::make_mut(&mut row.fields);
                fields.source = Some(ends.source.clone());
                fields.destination = Some(ends.destination.clone());
                fields.direction = ends.is_mutual.then_some(Direction::Both);
                row
            })
            .collect();
        std::iter::once(first).chain(more).collect()
    }

    /// Takes the ends out of a statement, with what they rest on here.
    fn ends(statement: &mut Statement) -> (Option<End>, Option<End>) {
        let basis = statement.basis;
        let end = |name: &mut Option<String>| name.take().map(|name| End::new(name, basis));
        (end(&mut statement.source), end(&mut statement.destination))
    }

    /// Below the heading of a machine, who connects or needs a port and is another one connects to that machine.
    fn take_heading_for_server(&self, statement: &mut Statement) {
        let Some(own) = self.machine.or(self.context.role.as_deref()) else {
            return;
        };
        let is_open = statement.destination.is_none()
            && statement.direction != Some(Direction::Outbound)
            && statement.direction != Some(Direction::Both)
            && !statement.loopback
            && !self.context.is_within_role
            && self.context.direction != Some(Direction::Outbound);
        let is_same = |name: &str| {
            let one = |name: &str| {
                let lower = name.to_lowercase();
                lower.strip_suffix('s').map_or(lower.clone(), str::to_owned)
            };
            let (name, own) = (one(name), one(own));
            name.ends_with(&own) || own.ends_with(&name)
        };
        if !is_open {
            return;
        }
        // "initiated by the agent" below `Agents`: who asks there is the machine itself, which asks somebody else.
        if statement.direction.is_none() && statement.source.as_deref().is_some_and(is_same) {
            statement.source = Some(own.to_owned());
            statement.direction = Some(Direction::Outbound);
            return;
        }
        let asks = statement
            .source
            .as_deref()
            .or(statement.needed_by.as_deref());
        if let Some(asks) = asks.filter(|asks| !is_same(asks)) {
            statement.source = Some(asks.to_owned());
            statement.direction = Some(Direction::Inbound);
        }
    }

    /// The row of a statement as it is.
    pub(super) fn plain_row(&self, text: &str, mut statement: Statement) -> Row {
        let (source, destination) = Self::ends(&mut statement);
        self.row_between(text, statement, source, destination)
    }

    fn row_between(
        &self,
        text: &str,
        mut statement: Statement,
        source: Option<End>,
        destination: Option<End>,
    ) -> Row {
        let service = statement.service.take();
        Row {
            line: self.line,
            text: RowText::new(service.as_deref(), Some(text)),
            fields: Arc::new(self.fields(
                text,
                service.as_deref(),
                statement,
                (source, destination),
            )),
        }
    }

    fn fields(
        &self,
        text: &str,
        service: Option<&str>,
        statement: Statement,
        (source, destination): (Option<End>, Option<End>),
    ) -> RowFields {
        let context = self.context;
        let stated = if statement.transports.is_empty() {
            context.transport.into_iter().collect()
        } else {
            statement.transports
        };
        let is_stated = !stated.is_empty();
        let transport = if is_stated {
            stated.into()
        } else {
            let implied = service
                .into_iter()
                .chain([text])
                .find_map(cell::implied_transports);
            implied.map_or_else(
                || [usual_transport(&statement.ports)].into(),
                |named| named.transports.into(),
            )
        };
        RowFields {
            file: Arc::clone(self.file),
            origin: if statement.is_asked {
                RowOrigin::Item
            } else {
                RowOrigin::Note
            },
            section: context.section.clone(),
            role: self
                .machine
                .map(|machine| End::new(machine, Basis::Heading))
                .or_else(|| context.role.clone()),
            ports: statement.ports.into(),
            protocol: None,
            transport,
            transport_inferred: !is_stated,
            direction: statement.direction,
            source,
            destination,
            is_peer: statement.serves_peer,
            required: statement.required,
            condition: joined(context.condition.as_deref(), statement.condition),
            ephemeral: statement.ephemeral,
            forbidden: statement.forbidden || context.is_forbidden,
            loopback: statement.loopback || context.is_loopback,
        }
    }

    pub(super) fn problem(&self, severity: Severity, text: &str, message: &str) -> Problem {
        Problem::new(self.file, self.line, severity, text, message).of(ProblemKind::Sentence)
    }
}

/// The condition of the text around, and that of the statement itself.
fn joined(around: Option<&str>, own: Option<String>) -> Option<Box<str>> {
    match (around, own) {
        (Some(around), Some(own)) => Some(format!("{around}; {own}").into()),
        (Some(around), None) => Some(around.into()),
        (None, own) => own.map(Into::into),
    }
}

/// What is said of a statement of which no row is made.
pub(super) const fn doubt_message(doubt: Doubt) -> (Severity, &'static str) {
    match doubt {
        Doubt::Unneeded => (
            Severity::Remark,
            "this says that its traffic does not take place or need not, so no rule was made of it",
        ),
        Doubt::Unclear => (
            Severity::Lost,
            "this negates something, and what is not certain, so no rule was made of it; add one by hand if it asks for one",
        ),
    }
}

/// Whether the headings say that what stands below them are ports.
pub(super) fn heading_is_about_ports(context: &Context) -> bool {
    context.section.as_deref().is_some_and(is_about_ports)
}

/// The same of headings.
pub(super) fn is_about_ports(section: &str) -> bool {
    section.split(|c: char| !c.is_alphanumeric()).any(|word| {
        [
            "port", "ports", "firewall", "tcp", "udp", "inbound", "outbound", "ingress", "egress",
        ]
        .iter()
        .any(|about| word.eq_ignore_ascii_case(about))
    })
}

/// The innermost heading, if it may name what runs there.
pub(in crate::document) fn named_by_heading(context: &Context) -> Option<&str> {
    let heading = context.section.as_deref()?.rsplit(" / ").next()?.trim();
    may_name_what_runs(heading).then_some(heading)
}

/// Whether a heading may name what runs there: it is short, no sentence, and no word for a topic.
pub(in crate::document) fn may_name_what_runs(heading: &str) -> bool {
    let is_short = heading.split(' ').count() <= MOST_HEADING_WORDS;
    let is_name = heading.starts_with(char::is_alphabetic) && !heading.ends_with(['?', '.', '!']);
    let acts = heading
        .split(' ')
        .any(|word| verb(&word.to_lowercase()).is_some() || is_preposition(&word.to_lowercase()));
    is_short && is_name && !is_topic(heading) && !acts
}

/// Whether the last word of a heading says that it is about something, and names nothing that runs.
pub(in crate::document) fn is_topic(heading: &str) -> bool {
    let last = heading
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    is_abstract(&last)
        || is_platform(&last)
        || matches!(
            last.as_str(),
            "prerequisites"
                | "summary"
                | "details"
                | "usage"
                | "reference"
                | "setup"
                | "architecture"
                | "network"
                | "networks"
                | "docker"
                | "kubernetes"
                | "defaults"
        )
        || [
            "tion", "tions", "ment", "ments", "ments", "ing", "ity", "view",
        ]
        .iter()
        .any(|ending| last.ends_with(ending))
}

/// A longer heading is a description.
const MOST_HEADING_WORDS: usize = 3;
