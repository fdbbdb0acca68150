//! Makes rows of sentences once all tables are known, and remarks of those that speak of a table's ports.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    DEPRECATED, Prose, UNREAD, antecedent, default_sentence, dynamic_ports,
    heading_port::{self, HeadingPorts},
    introduction,
    packed_sentences::Sentence,
    port_phrase::Evidence,
    sentence::{self, Reading},
    statement::{Doubt, Statement},
    statement_row::{Place, doubt_message, heading_is_about_ports},
    words::words,
};
use crate::{
    document::{
        end::{Basis, End},
        interner::Interner,
        problem::{Problem, Severity},
        row::{Direction, Row},
    },
    port::PortRange,
    transport::Transport,
};

/// What only prose gives.
pub(in crate::document) struct Found {
    pub(in crate::document) rows: Vec<Row>,
    pub(in crate::document) problems: Vec<Problem>,
    /// Ports of rows whose lines do not name them, by the line that does.
    pub(in crate::document) named_above: Vec<(usize, PortRange)>,
}

impl Prose {
    /// The rows that only prose gives, and remarks on sentences about ports that a table lists.
    pub(in crate::document) fn rows(
        mut self,
        file: &Arc<str>,
        rows: &[Row],
        interner: &mut Interner,
    ) -> Found {
        self.end_block(interner);
        let in_tables = listed(rows);
        let (mut found, mut problems) = (
            std::mem::take(&mut self.rows),
            std::mem::take(&mut self.problems),
        );
        // With the transports that were said of each.
        let mut in_prose: BTreeMap<(Option<Arc<str>>, PortRange), Vec<Transport>> = found
            .iter()
            .flat_map(|row| {
                row.ranges()
                    .map(|range| ((row.section.clone(), range), row.transport.to_vec()))
                    .collect::<Vec<_>>()
            })
            .collect();
        let mut headings = HeadingPorts::default();
        // The transports that a paragraph names beside no port, and its line.
        let mut paragraph: (usize, Vec<Transport>) = (0, Vec::new());
        // The first row of the sentence before, and who it says connects.
        let mut first_of_sentence = found.len();
        let mut subject: Option<String> = None;
        for sentence in self.sentences.iter() {
            let place = Place {
                file,
                line: sentence.line,
                context: sentence.context,
                machine: None,
            };
            let evidence = if heading_is_about_ports(sentence.context) {
                Evidence::Section
            } else {
                Evidence::Stated
            };
            let mut reading = sentence::read(sentence.text, evidence, &self.names);
            let mut is_of_heading = false;
            if reading.statements.is_empty() {
                if let Some(spelled_out) = HeadingPorts::spelled_out(&sentence) {
                    let read = sentence::read(&spelled_out, evidence, &self.names);
                    let known = headings.rows(&sentence).unwrap_or_default();
                    let known = found.get_mut(known).unwrap_or_default();
                    if let Some(more) = say_more(known, read) {
                        reading = more;
                    }
                }
                if let Some(statement) = headings.statement(&sentence)
                    && reading.statements.is_empty()
                {
                    reading.statements.push(statement);
                }
                is_of_heading = !reading.statements.is_empty();
            }
            let before = found.get_mut(first_of_sentence..).unwrap_or_default();
            if reading.statements.is_empty()
                && antecedent::of_all(sentence.text).is_none()
                && let Some(spelled_out) = heading_port::with_ports_before(&sentence, before)
            {
                let read = sentence::read(&spelled_out, evidence, &self.names);
                if let Some(more) = say_more(before, read) {
                    reading = more;
                }
            }
            if paragraph.0 != sentence.line || sentence.before.is_none() {
                paragraph = (sentence.line, Vec::new());
            }
            if let Some(before) = sentence.before
                && reading.statements.is_empty()
                && let Some(statement) =
                    default_sentence::statement(before, sentence.text, &paragraph.1)
            {
                reading.statements.push(statement);
                reading.leaves_number = false;
            }
            if reading.statements.is_empty() {
                paragraph
                    .1
                    .extend(introduction::transports(&words(sentence.text)));
            }
            if let Some(before) = sentence.before {
                antecedent::add_ends(before, sentence.text, &self.names, &mut reading.statements);
                if reading.statements.is_empty()
                    && !reading.leaves_number
                    && let Some(said) = antecedent::of_all(sentence.text)
                {
                    for row in found.iter_mut().skip(first_of_sentence) {
                        said.apply(row);
                    }
                    continue;
                }
                let rows = found.get_mut(first_of_sentence..).unwrap_or_default();
                let is_open = |row: &Row| row.source.is_none() && !row.loopback && !row.forbidden;
                if !rows.is_empty()
                    && rows.iter().all(is_open)
                    && let Some(asker) = antecedent::asker(sentence.text, &self.names)
                {
                    for row in rows {
                        let fields = Arc::make_mut(&mut row.fields);
                        fields.source = Some(End::new(asker.clone(), Basis::Sentence));
                        fields.direction = fields.direction.or(Some(Direction::Inbound));
                    }
                    continue;
                }
            } else {
                subject = None;
            }
            first_of_sentence = found.len();
            if antecedent::takes_up_machine(sentence.text) {
                subject = subject.or_else(|| antecedent::machine(sentence.before?, &self.names));
                if let Some(subject) = &subject {
                    antecedent::add_machine(subject, &mut reading.statements);
                }
            } else {
                subject = reading.subject();
            }
            let mut remark = |severity, message: &str| {
                problems.push(place.problem(severity, sentence.text, message));
            };
            if reading.leaves_number {
                remark(Severity::Remark, UNREAD);
            }
            for message in &reading.remarks {
                remark(Severity::Remark, message);
            }
            if reading.is_deprecated && !reading.statements.is_empty() {
                remark(Severity::Remark, DEPRECATED);
            }
            for mut statement in reading.statements {
                self.complete(sentence, &mut statement);
                let ranges: Vec<PortRange> = statement
                    .ports
                    .iter()
                    .flat_map(|group| group.ranges.iter().copied())
                    .collect();
                let is_listed = ranges.iter().all(|range| in_tables.contains_key(range));
                if let Some(doubt) = statement.doubt.take() {
                    if !excuses(&statement, doubt) || !is_listed {
                        let (severity, message) = doubt_message(doubt);
                        remark(severity, message);
                        continue;
                    }
                    // "If you use a network of your own, port 8472 is not needed": what the table requires is optional.
                    statement.required = Some(false);
                    statement.is_asked = false;
                }
                let says_more = statement.required.is_some()
                    || statement.destination.is_some()
                    || statement.source.is_some()
                    || statement.forbidden;
                if !ranges.is_empty() && !says_more {
                    if is_listed {
                        remark(
                            Severity::Remark,
                            "this sentence speaks of ports that a table lists; read whether it changes those rows",
                        );
                        continue;
                    }
                    let section = &sentence.context.section;
                    let mut is_new = |range: &PortRange| {
                        let key = (section.clone(), *range);
                        // A sentence without a transport may speak of any.
                        let is_known = in_prose.get(&key).is_some_and(|known| {
                            known.is_empty()
                                || statement.transports.iter().all(|one| known.contains(one))
                        });
                        in_prose
                            .entry(key)
                            .or_default()
                            .extend(&statement.transports);
                        !is_known && !in_tables.contains_key(range)
                    };
                    // `count` visits every range, so that `is_new` records each.
                    if ranges.iter().copied().filter(|range| is_new(range)).count() == 0 {
                        remark(
                            Severity::Remark,
                            "this sentence speaks of ports that one before it names; read whether it changes that row",
                        );
                        continue;
                    }
                }
                let text = match sentence.before {
                    Some(before) if statement.ephemeral && dynamic_ports::are_meant(before) => {
                        &format!("{before} {}", sentence.text)
                    }
                    Some(_) | None => sentence.text,
                };
                if statement.transports.is_empty()
                    && let Some(transports) = agreed(&ranges, &in_tables)
                {
                    // The table's word is an inference here, as the sentence does not give it.
                    let mut row = place.sentence_row(text, statement);
                    let fields = Arc::make_mut(&mut row.fields);
                    if fields.transport_inferred {
                        fields.transport = transports;
                    }
                    interner.intern(&mut row);
                    found.push(row);
                    continue;
                }
                let mut row = place.sentence_row(text, statement);
                interner.intern(&mut row);
                found.push(row);
            }
            if is_of_heading {
                headings.note_rows(&sentence, first_of_sentence..found.len());
                if let Some(line) = self.line_of_heading(&sentence) {
                    let rows = found.iter().skip(first_of_sentence);
                    let ranges = rows.flat_map(|row| row.ranges());
                    self.named_above.extend(ranges.map(|range| (line, range)));
                }
            }
        }
        let of_headings = self.rows_of_headings(file, &[rows, &found], interner);
        problems.append(&mut self.problems);
        found.extend(of_headings);
        let all = || rows.iter().chain(&found);
        problems.extend(headings.unread(file, |range| {
            all().any(|row| row.ranges().any(|known| known == range))
        }));
        Found {
            rows: found,
            problems,
            named_above: self.named_above,
        }
    }

    /// Fills in what the sentence leaves to its section: without a table there, a list of host names gives the destinations.
    fn complete(&self, sentence: Sentence<'_>, statement: &mut Statement) {
        let section = &sentence.context.section;
        let Some(hosts) = self
            .hosts
            .get(section)
            .filter(|_| !self.sections_with_tables.contains(section))
        else {
            return;
        };
        let transfer = self
            .sentences
            .iter()
            .filter(|other| other.context.section == *section)
            .find_map(|other| sentence::transferred(other.text));
        if statement.destination.is_none()
            && !statement.ports.is_empty()
            && let Some(what) = transfer
        {
            statement.direction = Some(Direction::Outbound);
            statement.destination = Some(hosts.join(", "));
            statement.service = statement.service.take().or(Some(what));
        }
    }
}

/// Adds to rows what a further sentence says of their port. Returns what is no addition to them, so that it stands by itself.
fn say_more(rows: &mut [Row], mut read: Reading) -> Option<Reading> {
    let adds = |statement: &Statement| {
        let says_nothing_against =
            statement.doubt.is_none() && !statement.forbidden && !statement.ephemeral;
        let mut open = rows.iter().filter(|row| !row.forbidden).peekable();
        says_nothing_against && open.peek().is_some() && open.all(|row| agrees(row, statement))
    };
    if read.statements.iter().all(adds) {
        for row in rows.iter_mut().filter(|row| !row.forbidden) {
            add_said(row, &read.statements);
        }
        return None;
    }
    if !rows.is_empty() {
        add_server(&mut read.statements, rows);
        // `It must be closed after the installation`: nobody is named to whom it is forbidden, and others need it.
        for statement in &mut read.statements {
            if statement.forbidden && statement.source.is_none() {
                statement.doubt = Some(Doubt::Unclear);
            }
        }
    }
    Some(read)
}

/// Whether a statement names no other ends than a row does: `This port is also used by agents` is of somebody else.
fn agrees(row: &Row, statement: &Statement) -> bool {
    let is_same = |known: Option<&End>, said: Option<&String>| {
        let (Some(known), Some(said)) = (known, said) else {
            return true;
        };
        let (known, said) = (known.name.to_lowercase(), said.to_lowercase());
        known.contains(&said) || said.contains(&known)
    };
    is_same(row.source.as_ref(), statement.source.as_ref())
        && is_same(row.destination.as_ref(), statement.destination.as_ref())
}

/// Gives statements on the ports of rows whose machine it is that has them, where the rows agree and they do not say it.
fn add_server(statements: &mut [Statement], rows: &[Row]) {
    let mut servers = rows.iter().map(|row| row.destination.as_ref());
    let Some(server) = servers.next().flatten() else {
        return;
    };
    if servers.all(|other| other == Some(server)) {
        for statement in statements.iter_mut().filter(|one| one.source.is_some()) {
            let server = || server.name.to_string();
            statement.destination = statement.destination.take().or_else(|| Some(server()));
        }
    }
}

/// Adds to a row what a further sentence says of its port, where the row does not know it yet.
fn add_said(row: &mut Row, statements: &[Statement]) {
    let Some(said) = statements.first() else {
        return;
    };
    let fields = Arc::make_mut(&mut row.fields);
    let end = |name: &Option<String>| name.clone().map(|name| End::new(name, said.basis));
    if fields.condition.is_none() {
        fields.condition = said.condition.as_deref().map(Into::into);
    }
    fields.required = fields.required.or(said.required);
    fields.loopback |= said.loopback;
    if !fields.loopback {
        fields.source = fields.source.take().or_else(|| end(&said.source));
        fields.destination = fields.destination.take().or_else(|| end(&said.destination));
    }
}

impl Place<'_> {
    /// The row of a sentence: one that asks for its ports is completed by the headings, one that comments on them is not.
    fn sentence_row(&self, text: &str, statement: Statement) -> Row {
        if statement.is_asked && !statement.ports.is_empty() {
            self.row(text, statement)
        } else {
            self.plain_row(text, statement)
        }
    }
}

impl antecedent::Said {
    /// Adds it to the row of the sentence before.
    fn apply(&self, row: &mut Row) {
        let fields = Arc::make_mut(&mut row.fields);
        match self {
            Self::Optional => fields.required = Some(false),
            Self::Condition(condition) => {
                fields.condition = Some(match fields.condition.take() {
                    Some(known) => format!("{known}; {condition}").into(),
                    None => condition.as_str().into(),
                });
            }
        }
    }
}

/// Whether a sentence says under which condition a port is not needed, and nothing of who uses it.
const fn excuses(statement: &Statement, doubt: Doubt) -> bool {
    matches!(doubt, Doubt::Unneeded) && statement.condition.is_some() && statement.source.is_none()
}

/// The ports that the tables list, each with its transports if all rows that name it agree.
type Listed<'a> = BTreeMap<PortRange, Option<&'a Arc<[Transport]>>>;

fn listed(rows: &[Row]) -> Listed<'_> {
    let mut listed = Listed::new();
    for row in rows {
        for range in row.ranges() {
            let agreed = listed.entry(range).or_insert(Some(&row.transport));
            *agreed = agreed.filter(|transport| **transport == row.transport);
        }
    }
    listed
}

/// The transports that the tables give these ports, if all rows that name one of them agree.
fn agreed(ranges: &[PortRange], listed: &Listed<'_>) -> Option<Arc<[Transport]>> {
    let mut known = ranges.iter().filter_map(|range| listed.get(range));
    let first = *known.next()?;
    known
        .all(|other| *other == first)
        .then_some(first?)
        .cloned()
}
