//! Reads what prose says of ports and connections into rows.

mod connection;
mod dynamic_ports;
mod list_item;
mod machine_name;
mod packed_sentences;
mod ports_in_sentence;
mod prohibition;
mod sentence;
mod statement;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::{
    list_item::{introduces_ports, ports_only, ports_with_service, service_with_ports},
    packed_sentences::{PackedSentences, Sentence},
    ports_in_sentence::{names_unread_number, ports_in},
    statement::Statement,
};
use super::{
    context::Context,
    interner::Interner,
    problem::{Problem, ProblemKind, Severity},
    row::{Direction, Row, RowFields, RowOrigin, RowText},
    text::{is_host, sentences},
};
use crate::{port::PortRange, transport::Transport};

/// The prose of a page: sentences in reading order, which are read once all tables are known.
#[derive(Default)]
pub(super) struct Prose {
    sentences: PackedSentences,
    /// Host names that are list items by themselves, by section.
    hosts: BTreeMap<Option<Arc<str>>, Vec<String>>,
    sections_with_tables: BTreeSet<Option<Arc<str>>>,
    /// The rows of list items that were read as ports already.
    items: Vec<Row>,
    /// The last paragraph introduced a list of ports.
    is_port_list: bool,
    /// The short text above the next list item, which says what its ports are for.
    label: Option<String>,
}

/// A text of more words is a sentence, no label.
const LABEL_WORDS: usize = 5;

impl Prose {
    /// Keeps a paragraph or an item of a list.
    pub(super) fn add(
        &mut self,
        position: (&Arc<str>, usize),
        text: &str,
        context: &Arc<Context>,
        interner: &mut Interner,
    ) {
        let mut row = |statement| {
            let mut row = row(position, text, statement, context);
            interner.intern(&mut row);
            row
        };
        if is_host(text) {
            self.hosts
                .entry(context.section.clone())
                .or_default()
                .push(text.to_owned());
            return;
        }
        // An item starts with its ports. A list of ports lasts until the next paragraph that is no item; outside of one an
        // item is a single sentence.
        if (self.is_port_list || !text.contains(". "))
            && let Some(item) = ports_with_service(text, self.is_port_list)
        {
            self.items.push(row(item));
            return;
        }
        let ports_alone = || ports_only(text, self.label.as_deref());
        let item = service_with_ports(text).or_else(|| ports_alone().filter(|_| self.is_port_list));
        if let Some(item) = item {
            self.items.push(row(item));
            return;
        }
        // In a list of ports, a short text says what the ports below it are for.
        let is_label = text.split(' ').count() <= LABEL_WORDS && !text.ends_with(['.', '!', '?']);
        let introduces_ports = introduces_ports(text);
        self.label = (is_label && !introduces_ports).then(|| text.trim_end_matches(':').to_owned());
        self.is_port_list = introduces_ports || self.is_port_list && is_label;
        for (index, text) in sentences(text).into_iter().enumerate() {
            let text = text.strip_prefix("NOTE:").unwrap_or(text).trim();
            self.sentences.push(position.1, text, 0 < index, context);
        }
    }

    /// Records that this section has a table of ports.
    pub(super) fn has_table(&mut self, section: Option<Arc<str>>) {
        self.sections_with_tables.insert(section);
    }

    /// The rows that only prose gives, and remarks on sentences about ports that a table lists.
    pub(super) fn rows(
        mut self,
        file: &Arc<str>,
        rows: &[Row],
        interner: &mut Interner,
    ) -> (Vec<Row>, Vec<Problem>) {
        let in_tables = listed(rows);
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for item in std::mem::take(&mut self.items) {
            // In a section with a table, a list of ports only explains those of the tables; elsewhere it takes a table's
            // place.
            let explains = self.sections_with_tables.contains(&item.section)
                && item.ranges().all(|range| in_tables.contains_key(&range));
            if !explains {
                found.push(item);
            }
        }
        let mut in_prose: BTreeSet<(Option<Arc<str>>, PortRange)> = BTreeSet::new();
        for sentence in self.sentences.iter() {
            let statements = sentence::statements(sentence.text);
            let remark = |message: &str| Problem {
                file: Arc::clone(file),
                line: sentence.line,
                severity: Severity::Remark,
                kind: ProblemKind::Sentence,
                text: sentence.text.to_owned(),
                message: message.to_owned(),
            };
            let read = ports_in(sentence.text);
            if !statements.iter().any(|statement| statement.ephemeral)
                && names_unread_number(sentence.text, &read)
            {
                problems.push(remark(
                    "this sentence names a number that may be a port and was not read as one; add a rule by hand if it is",
                ));
            }
            for mut statement in statements {
                self.complete(sentence, &mut statement);
                let ranges: Vec<PortRange> = statement
                    .ports
                    .iter()
                    .flat_map(|group| group.ranges.iter().copied())
                    .collect();
                let says_more = statement.required.is_some() || statement.destination.is_some();
                if !ranges.is_empty() && !says_more {
                    if ranges.iter().all(|range| in_tables.contains_key(range)) {
                        problems.push(remark("this sentence speaks of ports that a table lists; read whether it changes those rows"));
                        continue;
                    }
                    let section = &sentence.context.section;
                    let mut is_new = |range: &PortRange| {
                        in_prose.insert((section.clone(), *range)) && !in_tables.contains_key(range)
                    };
                    // `count` visits every range, so that `is_new` records each.
                    if ranges.iter().copied().filter(|range| is_new(range)).count() == 0 {
                        problems.push(remark("this sentence speaks of ports that one before it names; read whether it changes that row"));
                        continue;
                    }
                }
                let text = match sentence.before {
                    Some(before) if statement.ephemeral && dynamic_ports::are_meant(before) => {
                        &format!("{before} {}", sentence.text)
                    }
                    Some(_) | None => sentence.text,
                };
                let text = RowText::new(statement.service.take().as_deref(), Some(text));
                let mut fields = fields(file, sentence.context, statement);
                if fields.transport_inferred
                    && let Some(transport) = agreed(&ranges, &in_tables)
                {
                    fields.transport = transport;
                }
                let mut row = Row {
                    line: sentence.line,
                    text,
                    fields: Arc::new(fields),
                };
                interner.intern(&mut row);
                found.push(row);
            }
        }
        (found, problems)
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

/// Makes the row of a list item.
fn row(
    (file, line): (&Arc<str>, usize),
    text: &str,
    mut statement: Statement,
    context: &Context,
) -> Row {
    let text = RowText::new(statement.service.take().as_deref(), Some(text));
    let mut fields = fields(file, context, statement);
    fields.direction = fields.direction.or(context.direction);
    if context.is_within_role {
        fields.direction = Some(Direction::Both);
        fields.source.clone_from(&fields.role);
        fields.destination.clone_from(&fields.role);
    } else if let Some((from, to)) = &context.endpoints {
        fields.source = Some(from.as_str().into());
        fields.destination = Some(to.as_str().into());
    }
    Row {
        line,
        text,
        fields: Arc::new(fields),
    }
}

/// The fields of a row that is made of a sentence; the caller sets its text.
fn fields(file: &Arc<str>, context: &Context, statement: Statement) -> RowFields {
    let is_stated = !statement.transports.is_empty();
    RowFields {
        file: Arc::clone(file),
        origin: RowOrigin::Note,
        section: context.section.clone(),
        role: context.role.clone(),
        ports: statement.ports.into(),
        protocol: None,
        transport: if is_stated {
            statement.transports.into()
        } else {
            [Transport::Tcp].into()
        },
        transport_inferred: !is_stated,
        direction: statement.direction,
        source: statement.source.map(Into::into),
        destination: statement.destination.map(Into::into),
        is_peer: false,
        required: statement.required,
        condition: statement.condition.map(Into::into),
        ephemeral: statement.ephemeral,
        forbidden: statement.forbidden,
    }
}
