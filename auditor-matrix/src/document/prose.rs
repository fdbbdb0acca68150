//! What prose says of ports and connections to rows.

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
    problem::{Problem, Severity},
    row::{Direction, Row, RowFields, RowOrigin, RowText},
    text::{is_host, sentences},
};
use crate::{port::PortRange, transport::Transport};

/// Sentences in reading order; read once all tables are known.
#[derive(Default)]
pub(super) struct Prose {
    sentences: PackedSentences,
    /// Host names that stand alone in a list, by section.
    hosts: BTreeMap<Option<Arc<str>>, Vec<String>>,
    sections_with_tables: BTreeSet<Option<Arc<str>>>,
    /// Items of lists of ports, each read already.
    items: Vec<Row>,
    /// The last paragraph leads to a list of ports.
    is_port_list: bool,
    /// The words above the next item, if they are few.
    label: Option<String>,
}

/// More words than this are a sentence.
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
        // A list goes on until the next paragraph that is none of its items, and says what it lists in front.
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
        // In a list of ports a few words say what the ports below them are for.
        let is_label = text.split(' ').count() <= LABEL_WORDS && !text.ends_with(['.', '!', '?']);
        let introduces_ports = introduces_ports(text);
        self.label = (is_label && !introduces_ports).then(|| text.trim_end_matches(':').to_owned());
        self.is_port_list = introduces_ports || self.is_port_list && is_label;
        for (index, text) in sentences(text).into_iter().enumerate() {
            let text = text.strip_prefix("NOTE:").unwrap_or(text).trim();
            self.sentences.push(position.1, text, 0 < index, context);
        }
    }

    /// Says that a table of ports stands in this section.
    pub(super) fn has_table(&mut self, section: Option<Arc<str>>) {
        self.sections_with_tables.insert(section);
    }

    /// Rows of what only prose says, and remarks on sentences that speak of ports of a table.
    pub(super) fn rows(
        mut self,
        file: &Arc<str>,
        rows: &[Row],
        interner: &mut Interner,
    ) -> (Vec<Row>, Vec<Problem>) {
        let in_tables = listed(rows);
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        for item in std::mem::take(&mut self.items) {
            // In a section with a table a list explains, elsewhere it is what there is instead of one.
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
                    // `count` looks at every range, so that each is remembered.
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

    /// Adds what the sentence leaves to its section: a list of hosts without a table says where to.
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

/// The row of an item of a list.
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

/// What a row of a sentence says; its name is the caller's.
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
