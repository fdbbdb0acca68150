//! The cells of a table row apart from its ports: ends, service, notes, requirement, condition.

use super::{PortTable, purpose};
use crate::document::{
    application_protocol, cell,
    column::{self, Column},
    endpoints::{self, Endpoints},
    loopback,
    names::Names,
    problem::Severity,
    prose,
    row::{Direction, Document},
    section, services,
    table_rows::TableRow,
    text::{sentences, some, unbracket},
};

/// The values of a table row that are the same in every row made of it.
#[derive(Default)]
pub(super) struct Cells {
    pub(super) role: Option<String>,
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    peer: Option<String>,
    direction_text: Option<String>,
    pub(super) direction: Option<Direction>,
    pub(super) service: Option<String>,
    /// The application protocol, if a column beside that of the transports names it.
    pub(super) application: Option<String>,
    /// Notes without the sentences that state a condition.
    pub(super) notes: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) condition: Option<String>,
    /// More pairs of ends that the row's text names, for which it says the same.
    pub(super) more_ends: Vec<Endpoints>,
    /// The notes say that both ends are one machine.
    pub(super) loopback: bool,
}

impl Cells {
    pub(super) fn read(
        table: &PortTable<'_>,
        row: &TableRow,
        role: Option<&str>,
        document: &mut Document,
    ) -> Self {
        let mut edition = None;
        let mut cell = |column| {
            let (text, marker) = cell::without_editions(&table.columns.cell(row, column)?);
            edition = marker.or(edition.take());
            some(&text)
        };
        let mut cells = Self {
            role: role
                .map(str::to_owned)
                .or_else(|| table.context.role.as_deref().map(str::to_owned)),
            source: cell(Column::Source),
            destination: cell(Column::Destination),
            peer: cell(Column::Peer),
            service: cell(Column::Service),
            application: cell(Column::Application),
            notes: cell(Column::Notes),
            direction_text: cell(Column::Direction),
            ..Self::default()
        };
        if !table.columns.has(Column::Destination) && cells.peer.is_none() {
            cells.destination = table.columns.addressed(row);
        }
        cells.service = cells.service.take().or_else(|| cells.application.clone());
        cells.part_service();
        let required_text = match table.required_for_any(row) {
            Some(text) => Some(text),
            None => cell(Column::Required),
        };
        cells.leave_out_protocol(table);
        cells.direction = cells
            .direction_text
            .as_deref()
            .and_then(cell::direction)
            .or_else(|| table.columns.marked(row));
        cells.read_phrases(table, row, document);
        cells.complete_ends(table, row, document);
        cells.take_service_for_server(table);
        cells.loopback |= [&cells.notes, &cells.service]
            .into_iter()
            .flatten()
            .any(|text| loopback::is_meant(text));
        let condition = conditional_cell(table.columns.cell(row, Column::Condition));
        cells.read_condition(table, edition, condition);
        cells.read_requirement(table, row, required_text, document);
        cells
    }

    /// Notes and conditions, as the page has them.
    pub(super) fn all_notes(&self) -> String {
        [&self.notes, &self.condition]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Takes what stands behind the first sentence of a service for notes: `Public API. Optional.` reads as two columns would.
    fn part_service(&mut self) {
        let Some(service) = self.service.as_deref() else {
            return;
        };
        let mut parts = sentences(service).into_iter();
        let first = parts.next().unwrap_or_default();
        // `Sending e-mail, required when mail is enabled`
        let (first, clause) = cell::with_clause(first);
        let further: Vec<&str> = clause.into_iter().chain(parts).collect();
        // Longer ones tell of the service itself.
        let are_short = further
            .iter()
            .all(|sentence| sentence.split(' ').count() <= MOST_STATEMENT_WORDS);
        if further.is_empty() || !are_short {
            return;
        }
        let further = further.join(" ");
        self.notes = Some(match self.notes.take() {
            Some(notes) => format!("{further} {notes}"),
            None => further,
        });
        self.service = some(first.trim_end_matches(['.', ';', ',']));
    }

    fn read_condition(
        &mut self,
        table: &PortTable<'_>,
        edition: Option<String>,
        column: Option<String>,
    ) {
        let (stated, notes) = self.notes.as_deref().map_or((None, None), cell::condition);
        self.notes = notes;
        let bracketed = [&self.source, &self.destination, &self.service, &self.notes]
            .into_iter()
            .flatten()
            .find_map(|text| cell::bracketed_condition(text));
        // `If mail is sent, ...` may stand where the service is named.
        let as_service = self.service.as_deref().filter(|service| {
            ["if ", "when ", "only if ", "only when "]
                .iter()
                .any(|start| service.to_lowercase().starts_with(start))
        });
        let own = column
            .or(stated)
            .or(bracketed)
            .or(edition)
            .or_else(|| as_service.and_then(|service| cell::condition(service).0));
        // An alternative of the page, such as a tab, is a condition of all its rows.
        self.condition = match (table.context.condition.as_deref(), own) {
            (Some(alternative), Some(own)) => Some(format!("{alternative}: {own}")),
            (Some(alternative), None) => Some(alternative.to_owned()),
            (None, own) => own,
        };
    }

    fn read_requirement(
        &mut self,
        table: &PortTable<'_>,
        row: &TableRow,
        text: Option<String>,
        document: &mut Document,
    ) {
        let is_optional_column = table
            .columns
            .heading(table.head, Column::Required)
            .trim_matches(|c: char| !c.is_alphabetic())
            .eq_ignore_ascii_case("optional");
        // `required on Linux`: the words behind say when.
        let (text, when) = match text.as_deref().and_then(conditional) {
            Some((word, when)) => (Some(word), Some(when)),
            None => (text, None),
        };
        if let Some(when) = when {
            self.condition = Some(match self.condition.take() {
                Some(other) => format!("{other}: {when}"),
                None => when,
            });
        }
        self.required = text.as_deref().and_then(cell::required).map(|required| {
            let says_word = text.as_deref().is_some_and(|text| {
                text.to_lowercase().contains("optional") || text.to_lowercase().contains("required")
            });
            required != (is_optional_column && !says_word)
        });
        if let (Some(text), None) = (&text, self.required) {
            let message = "does not say yes or no, so the row counts as neither";
            table.problem(document, row, Severity::Remark, text, message);
        }
        // `Event log (optional)`, wherever it stands in the row.
        let says_optional = || {
            let in_brackets = row.cells.iter().enumerate().any(|(index, cell)| {
                !table.columns.is_prose(index)
                    && unbracket(&cell.replace('[', "(").replace(']', ")"))
                        .1
                        .iter()
                        .any(|part| is_optional(part))
            });
            let notes_in_brackets = self
                .notes
                .as_deref()
                .is_some_and(|notes| unbracket(notes).1.iter().any(|part| is_optional(part)));
            in_brackets
                || notes_in_brackets
                || self.notes.as_deref().is_some_and(|notes| {
                    cell::statements(notes).into_iter().any(|sentence| {
                        sentence
                            .trim_end_matches('.')
                            .eq_ignore_ascii_case("optional")
                    })
                })
                || [&self.notes, &self.service]
                    .into_iter()
                    .flatten()
                    .any(|notes| {
                        let first = notes.split(['.', ',', ';', ' ']).next();
                        first.is_some_and(|first| {
                            is_optional(first.trim_matches(['[', ']', '(', ')', ':']))
                        })
                    })
        };
        if self.required.is_none() && says_optional() {
            self.required = Some(false);
        }
    }

    /// Reads direction and ends from phrases: `Outbound to the store`, `worker -> controller`, `from A to B`.
    fn read_phrases(&mut self, table: &PortTable<'_>, row: &TableRow, document: &mut Document) {
        if let Some(text) = &self.direction_text {
            if loopback::is_own_machine(text) {
                self.loopback = true;
            } else if let Some((ends, more)) = listed_arrows(text, self.role.as_deref()) {
                self.direction = ends.is_mutual.then_some(Direction::Both);
                self.source = self.source.take().or(Some(ends.source));
                self.destination = self.destination.take().or(Some(ends.destination));
                self.more_ends = more;
            } else if self.direction.is_none() {
                let message = "this is no direction: expected inbound, outbound or both";
                table.problem(document, row, Severity::Lost, text, message);
            } else if let Some(ends) =
                endpoints::directed(text).filter(|_| !table.columns.has_an_end())
            {
                self.direction = None;
                self.source = Some(ends.source);
                self.destination = Some(ends.destination);
            } else if let Some(peer) = endpoints::peer(text) {
                match self.direction {
                    Some(Direction::Inbound) if is_nobody(self.source.as_ref()) => {
                        self.source = Some(peer);
                    }
                    Some(Direction::Outbound) if is_nobody(self.destination.as_ref()) => {
                        self.destination = Some(peer);
                    }
                    Some(Direction::Inbound | Direction::Outbound | Direction::Both) | None => {}
                }
            }
        }
        // Beside a direction, an arrow between two machines says more than the direction does.
        let is_open = self.source.is_none() && self.destination.is_none();
        let is_lone = table.columns.has(Column::Direction) && !table.columns.has_an_end();
        let arrow = table
            .columns
            .positions(Column::Service)
            .filter(|_| is_open && is_lone)
            .filter_map(|index| row.cells.get(index))
            .find_map(|text| endpoints::arrow(text))
            .filter(|ends| {
                ![&ends.source, &ends.destination]
                    .into_iter()
                    .any(|end| is_protocol(end))
            });
        if let Some(ends) = arrow {
            self.direction = ends.is_mutual.then_some(Direction::Both);
            self.source = Some(ends.source);
            self.destination = Some(ends.destination);
        }
        if !table.columns.names_ends()
            && table.context.endpoints.is_none()
            && !table.context.is_within_role
        {
            let texts = || [&self.service, &self.notes].into_iter().flatten();
            let phrase = texts().find_map(|text| {
                endpoints::arrow(text)
                    .or_else(|| labelled_pair(text, table.names))
                    .or_else(|| endpoints::from_to(text))
            });
            let mut pairs: Vec<Endpoints> = match phrase {
                Some(phrase) => vec![phrase],
                None => texts()
                    .flat_map(|text| {
                        prose::ends_in_note(text, table.names)
                            .into_iter()
                            .filter_map(|ends| purpose::fitted(ends, text, table))
                    })
                    .collect(),
            };
            // Where a column names the machines, "server to server" in a description is no machine.
            if table.columns.has(Column::Role) {
                pairs.retain(|ends| {
                    table.names.has(&ends.source) || table.names.has(&ends.destination)
                });
            }
            // `any client could connect to any instance` says how they work, and not whose the port is.
            let is_any = |name: &str| name.to_lowercase().starts_with("any ");
            pairs.retain(|ends| !is_any(&ends.source) || !is_any(&ends.destination));
            if !pairs.is_empty() {
                let ends = pairs.remove(0);
                self.direction = ends.is_mutual.then_some(Direction::Both);
                self.source = Some(ends.source);
                self.destination = Some(ends.destination);
                self.more_ends = pairs;
            }
        }
    }

    /// Below `Used by`, a protocol says what is spoken, and not who speaks it.
    fn leave_out_protocol(&mut self, table: &PortTable<'_>) {
        let heading = column::words(table.columns.heading(table.head, Column::Source));
        let is_spoken = |source: &String| {
            source
                .split(['/', ',', ' '])
                .filter(|word| !word.is_empty())
                .all(application_protocol::is_only_spoken)
        };
        // What uses the ports by which a named machine goes out is a program on it.
        let is_on_machine =
            table.context.direction == Some(Direction::Outbound) && table.context.role.is_some();
        if heading.ends_with(" by")
            && let Some(protocol) = self
                .source
                .take_if(|source| is_on_machine || is_spoken(source))
        {
            self.application = self.application.take().or(Some(protocol));
            self.service = self.service.take().or_else(|| self.application.clone());
        }
    }

    /// Where the services of a table are what listens, that of the row is its server.
    fn take_service_for_server(&mut self, table: &PortTable<'_>) {
        let is_left_out = self.destination.is_none() && self.direction != Some(Direction::Outbound);
        if table.columns.services_listen() && is_left_out && self.more_ends.is_empty() {
            self.destination = self
                .service
                .as_ref()
                .filter(|service| services::is_software(service))
                .cloned();
        }
    }

    /// Fills in the direction and the ends that the row leaves out, from the table's columns and the headings above.
    fn complete_ends(&mut self, table: &PortTable<'_>, row: &TableRow, document: &mut Document) {
        let context = table.context;
        let gives_ends = self.source.is_some() || self.destination.is_some();
        let one_sided = table.columns.one_sided();
        if one_sided == Some(Direction::Outbound)
            && let Some(asker) = &context.asker
        {
            self.role = Some(asker.clone());
        }
        let given = if gives_ends && one_sided.is_none() {
            None
        } else {
            context.direction.or(one_sided)
        };
        if self.role.is_none() && one_sided.is_some() {
            self.role.clone_from(&context.heading);
        }
        // A table of the other ends leaves its own machine to the heading, whatever that is called.
        if self.role.is_none() && table.columns.has(Column::Peer) {
            self.role = prose::named_by_heading(context).map(str::to_owned);
        }
        self.direction = self.direction.or(given);
        if context.is_within_role && !gives_ends && self.direction.is_none() && self.peer.is_none()
        {
            self.direction = Some(Direction::Both);
            self.source.clone_from(&self.role);
            self.destination.clone_from(&self.role);
            return;
        }
        let peer = self.peer.take();
        if let (Some((from, to)), false, None) = (&context.endpoints, gives_ends, &peer) {
            self.source = Some(from.clone());
            self.destination = Some(to.clone());
            self.direction = None;
        }
        let Some(peer) = peer else { return };
        match self.direction {
            Some(Direction::Inbound) => self.source = self.source.take().or(Some(peer)),
            Some(Direction::Outbound) => {
                self.destination = self.destination.take().or(Some(peer));
            }
            Some(Direction::Both) => {
                self.source = self.source.take().or_else(|| Some(peer.clone()));
                self.destination = self.destination.take().or(Some(peer));
            }
            None => {
                let message = "without a direction this end may be either";
                table.problem(document, row, Severity::Lost, &peer, message);
            }
        }
    }
}

/// Both ends before a colon, or as a sentence of their own: `Web server to store: queries`.
fn labelled_pair(text: &str, names: &Names) -> Option<Endpoints> {
    let pair = text.split([':', '.']).next().unwrap_or_default();
    let found = endpoints::pair(pair)
        .or_else(|| endpoints::arrow(pair).filter(|_| pair.len() < text.len()))?;
    let are_machines = [&found.source, &found.destination]
        .into_iter()
        .all(|end| section::names_machines(end, names));
    are_machines.then_some(found)
}

/// The condition that a cell of a column of conditions states; `always` states none.
fn conditional_cell(cell: Option<String>) -> Option<String> {
    cell.filter(|text| {
        !matches!(
            text.to_lowercase().as_str(),
            "always" | "none" | "n/a" | "na" | "any" | "yes" | "no" | "default" | "never"
        )
    })
}

/// The ends of one or more arrows. Where several are listed, the row's own machine is what listens: of an arrow that points both
/// ways only the way to it is of this row.
fn listed_arrows(text: &str, own: Option<&str>) -> Option<(Endpoints, Vec<Endpoints>)> {
    let mut all = endpoints::arrows(text);
    if all.is_empty() {
        all.extend(endpoints::pair(text));
    }
    if 1 < all.len()
        && let Some(own) = own
    {
        let is_own = |end: &str| end.eq_ignore_ascii_case(own);
        for ends in &mut all {
            if ends.is_mutual && is_own(&ends.source) && !is_own(&ends.destination) {
                std::mem::swap(&mut ends.source, &mut ends.destination);
            }
            ends.is_mutual &= !is_own(&ends.destination);
        }
    }
    let mut all = all.into_iter();
    Some((all.next()?, all.collect()))
}

/// Whether a few words say that something is optional: `optional`, `can be optionally enabled`.
fn is_optional(words: &str) -> bool {
    let lower = words.to_lowercase();
    let mut all = lower.split(|c: char| !c.is_alphanumeric());
    lower.split(' ').count() <= MOST_OPTIONAL_WORDS
        && all.any(|word| {
            matches!(
                word,
                "optional"
                    | "optionally"
                    | "opcional"
                    | "optionnel"
                    | "facultatif"
                    | "可选"
                    | "任意"
            )
        })
        && !lower.split(' ').any(|word| word == "not")
}

const MOST_OPTIONAL_WORDS: usize = 8;

/// A longer sentence behind a service says more than whether and when.
const MOST_STATEMENT_WORDS: usize = 8;

/// Splits `required on Linux` into the word that a column of requirements has, and the condition. `None` where the text says
/// both that it is required and that it is not.
fn conditional(text: &str) -> Option<(String, String)> {
    let (word, when) = text.split_once(' ')?;
    // `no (unless mail is sent)`: brackets around all that follows make no difference.
    let when = when
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|inside| !inside.contains(['(', ')']))
        .unwrap_or(when);
    let lower = text.to_lowercase();
    let says_both = lower.contains("optional") && lower.contains("required");
    let starts = [
        "on ", "if ", "for ", "when ", "only ", "in ", "with ", "unless ", "by ",
    ];
    let is_condition = starts
        .iter()
        .any(|start| when.to_lowercase().starts_with(start));
    // `yes (plugin only)`
    let limit = when.strip_suffix(" only").filter(|limit| {
        limit.split(' ').count() <= MOST_LIMIT_WORDS && limit.len() + 2 < text.len()
    });
    let when = if is_condition { Some(when) } else { limit };
    when.filter(|_| cell::required(word).is_some() && !says_both)
        .map(|when| (word.to_owned(), when.to_owned()))
}

/// More words before `only` are a sentence.
const MOST_LIMIT_WORDS: usize = 4;

fn is_nobody(end: Option<&String>) -> bool {
    end.is_none_or(|text| matches!(text.to_lowercase().as_str(), "none" | "n/a" | "any"))
}

/// Whether an end begins with the name of a protocol: `HTTP -> HTTPS redirect` names no machines.
fn is_protocol(end: &str) -> bool {
    let first = end.split([' ', '/', '(']).next().unwrap_or_default();
    cell::stated(&first.to_lowercase()).is_some()
        || application_protocol::transports(first).is_some()
}
