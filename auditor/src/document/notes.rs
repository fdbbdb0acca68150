//! What prose says of ports and connections to rows.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    context::Context,
    item, mention,
    prose::{self, Statement},
    row::{Direction, Problem, Row, RowOrigin, Severity},
    text::{is_host, sentences, some},
};
use crate::{port::PortRange, transport::Transport};

/// Sentences in reading order; read once all tables are known.
#[derive(Default)]
pub(super) struct Notes {
    sentences: Vec<Sentence>,
    /// Host names that stand alone in a list, by section.
    hosts: BTreeMap<Option<String>, Vec<String>>,
    sections_with_tables: BTreeSet<Option<String>>,
    /// Items of lists of ports, each read already.
    items: Vec<(usize, String, Statement, Context)>,
    /// The last paragraph leads to a list of ports.
    is_port_list: bool,
    /// The words above the next item, if they are few.
    label: Option<String>,
}

/// More words than this are a sentence.
const LABEL_WORDS: usize = 5;

struct Sentence {
    line: usize,
    text: String,
    /// The sentence before it in the same paragraph.
    before: Option<String>,
    context: Context,
}

impl Notes {
    /// Keeps a paragraph or an item of a list.
    pub(super) fn add(&mut self, line: usize, text: &str, context: &Context) {
        if is_host(text) {
            self.hosts
                .entry(context.section.clone())
                .or_default()
                .push(text.to_owned());
            return;
        }
        // A list goes on until the next paragraph that is none of its items, and says what it lists in front.
        if (self.is_port_list || !text.contains(". "))
            && let Some(item) = item::item(text, self.is_port_list)
        {
            self.items
                .push((line, text.to_owned(), item, context.clone()));
            return;
        }
        let bare = || item::bare_item(text, self.label.as_deref());
        let item = item::named_item(text).or_else(|| bare().filter(|_| self.is_port_list));
        if let Some(item) = item {
            self.items
                .push((line, text.to_owned(), item, context.clone()));
            return;
        }
        // In a list of ports a few words say what the ports below them are for.
        let is_label = text.split(' ').count() <= LABEL_WORDS && !text.ends_with(['.', '!', '?']);
        let leads = item::leads_to_ports(text);
        self.label = (is_label && !leads).then(|| text.trim_end_matches(':').to_owned());
        self.is_port_list = leads || self.is_port_list && is_label;
        let mut before = None;
        for text in sentences(text) {
            let text = text.strip_prefix("NOTE:").unwrap_or(text).trim();
            self.sentences.push(Sentence {
                line,
                text: text.to_owned(),
                before: before.replace(text.to_owned()),
                context: context.clone(),
            });
        }
    }

    /// Says that a table of ports stands in this section.
    pub(super) fn has_table(&mut self, section: Option<String>) {
        self.sections_with_tables.insert(section);
    }

    /// Rows of what only prose says, and remarks on sentences that speak of ports of a table.
    pub(super) fn rows(self, file: &str, rows: &[Row]) -> (Vec<Row>, Vec<Problem>) {
        let in_tables: BTreeSet<PortRange> = rows.iter().flat_map(Row::ranges).collect();
        let (mut notes, mut problems) = (Vec::new(), Vec::new());
        for (line, text, said, context) in self.items.clone() {
            // In a section with a table a list explains, elsewhere it is what there is instead of one.
            let explains = self.sections_with_tables.contains(&context.section)
                && said
                    .ports
                    .iter()
                    .flat_map(|group| &group.ranges)
                    .all(|range| in_tables.contains(range));
            if !explains {
                let sentence = Sentence {
                    line,
                    text: text.clone(),
                    before: None,
                    context,
                };
                let mut found = row(file, &sentence, said, &text);
                let context = &sentence.context;
                found.direction = found.direction.or(context.direction);
                if context.among {
                    found.direction = Some(Direction::Both);
                    found.source.clone_from(&found.role);
                    found.destination.clone_from(&found.role);
                } else if let Some((from, to)) = &context.ends {
                    found.source = Some(from.as_str().into());
                    found.destination = Some(to.as_str().into());
                }
                notes.push(found);
            }
        }
        let mut in_notes: BTreeSet<(Option<String>, PortRange)> = BTreeSet::new();
        for sentence in &self.sentences {
            let said = prose::statements(&sentence.text);
            let remark = |message: &str| Problem {
                file: file.to_owned(),
                line: sentence.line,
                severity: Severity::Remark,
                text: sentence.text.clone(),
                message: message.to_owned(),
            };
            let read = mention::mentions(&sentence.text);
            if !said.iter().any(|said| said.ephemeral) && mention::names_more(&sentence.text, &read)
            {
                problems.push(remark(
                    "this sentence names a number that may be a port and was not read as one; add a rule by hand if it is",
                ));
            }
            for mut said in said {
                self.complete(sentence, &mut said);
                let ranges: Vec<PortRange> = said
                    .ports
                    .iter()
                    .flat_map(|group| group.ranges.iter().copied())
                    .collect();
                let says_more = said.required.is_some() || said.destination.is_some();
                if !ranges.is_empty() && !says_more {
                    if ranges.iter().all(|range| in_tables.contains(range)) {
                        problems.push(remark("this sentence speaks of ports that a table lists; read whether it changes those rows"));
                        continue;
                    }
                    let section = &sentence.context.section;
                    let mut is_new = |range: &PortRange| {
                        in_notes.insert((section.clone(), *range)) && !in_tables.contains(range)
                    };
                    // Each is asked, so that each is kept in mind.
                    if ranges.iter().copied().filter(|range| is_new(range)).count() == 0 {
                        problems.push(remark("this sentence speaks of ports that one before it names; read whether it changes that row"));
                        continue;
                    }
                }
                let text = match &sentence.before {
                    Some(before) if said.ephemeral && prose::speaks_of_dynamic_ports(before) => {
                        format!("{before} {}", sentence.text)
                    }
                    Some(_) | None => sentence.text.clone(),
                };
                let mut found = row(file, sentence, said, &text);
                if found.transport_inferred
                    && let Some(transport) = agreed(&ranges, rows)
                {
                    found.transport = transport;
                }
                notes.push(found);
            }
        }
        (notes, problems)
    }

    /// Adds what the sentence leaves to its section: a list of hosts without a table says where to.
    fn complete(&self, sentence: &Sentence, said: &mut Statement) {
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
            .find_map(|other| prose::transfer(&other.text));
        if said.destination.is_none()
            && !said.ports.is_empty()
            && let Some(what) = transfer
        {
            said.direction = Some(Direction::Outbound);
            said.destination = Some(hosts.join(", "));
            said.service = said.service.take().or(Some(what));
        }
    }
}

/// The transports that the tables give these ports, if all rows that name one of them agree.
fn agreed(ranges: &[PortRange], rows: &[Row]) -> Option<Vec<Transport>> {
    let mut known = rows
        .iter()
        .filter(|row| row.ranges().any(|range| ranges.contains(&range)))
        .map(|row| &row.transport);
    let first = known.next()?;
    known.all(|other| other == first).then(|| first.clone())
}

fn row(file: &str, sentence: &Sentence, said: Statement, text: &str) -> Row {
    let is_stated = !said.transports.is_empty();
    Row {
        file: file.into(),
        line: sentence.line,
        origin: RowOrigin::Note,
        section: sentence.context.section.as_deref().map(Into::into),
        role: sentence.context.role.as_deref().map(Into::into),
        ports: said.ports,
        protocol: None,
        transport: if is_stated {
            said.transports
        } else {
            vec![Transport::Tcp]
        },
        transport_inferred: !is_stated,
        direction: said.direction,
        source: said.source.map(Into::into),
        destination: said.destination.map(Into::into),
        is_peer: false,
        service: said.service,
        required: said.required,
        condition: said.condition,
        notes: some(text),
        ephemeral: said.ephemeral,
        forbidden: said.forbidden,
    }
}
