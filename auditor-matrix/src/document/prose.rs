//! Reads what prose, lists and commands say of ports and connections into rows.

mod above_list;
mod above_table;
mod all_ports;
mod among;
mod antecedent;
mod clause;
mod code;
mod condition;
mod condition_ends;
mod connection;
mod default_sentence;
mod default_value;
mod diagram;
mod dynamic_ports;
mod either_value;
mod further_end;
mod heading_list;
mod heading_port;
mod host_list;
mod hosts_below;
mod icmp;
mod introduction;
mod item;
mod item_paragraph;
mod list;
mod loopback;
mod lost_stops;
mod machine_name;
mod named_port;
mod note;
mod note_of_port;
mod noun_phrase;
mod of_some;
mod packed_sentences;
mod piece;
mod port_phrase;
mod prohibition;
mod record;
mod rephrase;
mod row_note;
mod sentence;
mod sentence_rows;
mod setting;
mod stance;
mod statement;
mod statement_row;
mod unread;
mod variant_port;
use super::verb;
mod verb_place;
mod vocabulary;
mod words;

pub(super) use above_table::{AboveTable, numbered_ports, speaks_of_rows};
pub(super) use note::{asker as asker_in_note, ends as ends_in_note, has_verb};
pub(super) use note_of_port::said_of_port;
pub(super) use of_some::{parted, within};
pub(super) use row_note::{Asker, asked, asker};
pub(super) use statement_row::{is_topic, may_name_what_runs, named_by_heading};
pub(super) use vocabulary::{is_done, is_platform, is_software};

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use self::{
    above_list::{announces_port, explains_ports, take_title},
    heading_list::PortHeading,
    host_list::HostList,
    introduction::Introduction,
    item_paragraph::is_label,
    list::ListItem,
    lost_stops::sentences_of,
    packed_sentences::PackedSentences,
    stance::Stance,
    statement::Statement,
    statement_row::{Place, doubt_message},
};
use super::{
    cell, commands,
    context::Context,
    interner::Interner,
    names::Names,
    ports::Ports,
    problem::{Problem, Severity},
    row::Row,
    text::{distributed, is_host, sentences},
};
use crate::port::PortRange;

/// The prose of a page: its lists are read when they end, its sentences once all tables are known.
#[derive(Default)]
pub(super) struct Prose {
    /// What the page's tables name as machines.
    names: Arc<Names>,
    sentences: PackedSentences,
    /// Host names that are list items by themselves, by section.
    hosts: BTreeMap<Option<Arc<str>>, Vec<String>>,
    sections_with_tables: BTreeSet<Option<Arc<str>>>,
    /// The rows of lists that were read already, and what was not understood of them.
    rows: Vec<Row>,
    problems: Vec<Problem>,
    /// The last sentence of the last paragraph, which may introduce what follows.
    above: Option<HeldSentence>,
    list: Option<List>,
    /// What introduced the last block of commands, and its section.
    above_code: Option<(Option<Arc<str>>, Introduction)>,
    /// Ports of rows whose lines do not name them, by the line that does.
    named_above: Vec<(usize, PortRange)>,
    /// The last list of hosts below a line that names their port, and its section.
    hosts_below: Option<(Option<Arc<str>>, HostList)>,
    /// The section in which some text stands already.
    begun: Option<Arc<str>>,
    /// The headings that number a port.
    port_headings: Vec<PortHeading>,
    /// The machine of the last list, for "They also need ...", and its section.
    subject: Option<(Option<Arc<str>>, String)>,
}

/// A sentence that is read as prose only if it introduces nothing.
struct HeldSentence {
    line: usize,
    text: String,
    follows: bool,
    context: Arc<Context>,
    /// What introduces the ports of which this is the label.
    outer: Option<Arc<Introduction>>,
    /// The last sentence of its paragraph before it that names ports without their numbers, or says that they follow.
    before: Option<String>,
}

impl HeldSentence {
    fn introduction(&self, names: &Names) -> Introduction {
        let mut own = Introduction::above(&self.text, names);
        // "The server listens on the ports below. Phones need no open ports of their own."
        let denies_other = |before: &String| {
            own.stance != Stance::Wanted && speaks_of_rows(before) && !speaks_of_rows(&self.text)
        };
        if let Some(before) = &self.before
            && (!own.is_about_ports || denies_other(before))
        {
            own = Introduction::above(before, names);
        }
        match &self.outer {
            Some(outer) => outer.narrowed(own),
            None => own,
        }
    }
}

/// A list that has not ended yet.
struct List {
    items: Vec<ListItem>,
    introduction: Option<HeldSentence>,
    context: Arc<Context>,
    file: Arc<str>,
    /// Its items are paragraphs, so nothing says which belong together.
    is_of_paragraphs: bool,
    /// What the line above says of the items, if these are hosts.
    hosts: Option<HostList>,
}

/// A paragraph of more words is no item of a list.
const ITEM_WORDS: usize = 12;

impl Prose {
    pub(super) fn new(names: &Arc<Names>) -> Self {
        Self {
            names: Arc::clone(names),
            ..Self::default()
        }
    }

    /// Keeps a paragraph.
    pub(super) fn add(
        &mut self,
        position: (&Arc<str>, usize),
        text: &str,
        context: &Arc<Context>,
        interner: &mut Interner,
    ) {
        if commands::is_command(text) {
            self.add_code(position, text, context, interner);
            return;
        }
        self.begun.clone_from(&context.section);
        if is_host(text) || self.is_item(text, context) || self.is_lead_in(text) {
            let is_first = self.list.is_none();
            self.add_item(position, 0, text, context, interner);
            if let Some(list) = self.list.as_mut().filter(|_| is_first) {
                list.is_of_paragraphs = true;
            }
            return;
        }
        if let Some(list) = &mut self.list
            && list.context.section == context.section
            // Below a line that introduces ports, such a line introduces the next ones.
            && list.is_of_paragraphs
            && list.introduction.is_none()
            && explains_ports(list.items.last(), text, &self.names)
        {
            let level = list
                .items
                .last()
                .map_or(0, |last| last.level.saturating_add(1));
            self.add_item(position, level, text, context, interner);
            return;
        }
        let outer = self.outer(text, context);
        self.end_list(interner);
        // `Core listens on 80 for Edge; 443 for Web.`
        let parts = distributed(text);
        let sentences: Vec<&str> = match &parts {
            Some(parts) => parts.iter().flat_map(|part| sentences(part)).collect(),
            None => sentences_of(text),
        };
        let before = sentences
            .iter()
            .rev()
            .skip(1)
            .find(|text| announces_port(text) || speaks_of_rows(text) && text.contains(" ports "))
            .map(|text| (*text).to_owned());
        let mut sentences = sentences.into_iter().enumerate().peekable();
        while let Some((index, text)) = sentences.next() {
            let text = text.strip_prefix("NOTE:").unwrap_or(text).trim();
            if sentences.peek().is_some() {
                self.sentences.push(position.1, text, 0 < index, context);
            } else {
                self.above = Some(HeldSentence {
                    line: position.1,
                    text: text.to_owned(),
                    follows: 0 < index,
                    context: Arc::clone(context),
                    outer: outer.clone(),
                    before: before.clone(),
                });
            }
        }
    }

    /// What introduces ports above a short text, which then says what they are for.
    fn outer(&self, text: &str, context: &Context) -> Option<Arc<Introduction>> {
        let above = match &self.list {
            Some(list) => list.introduction.as_ref(),
            None => self.above.as_ref(),
        }?;
        if !is_label(text) || above.context.section != context.section {
            return None;
        }
        above.outer.clone().or_else(|| {
            let introduction = Introduction::above(&above.text, &self.names);
            introduction.is_about_ports.then(|| Arc::new(introduction))
        })
    }

    /// Keeps a paragraph that is no more than a name and ports, which were read already.
    pub(super) fn add_ports(
        &mut self,
        (file, line): (&Arc<str>, usize),
        text: &str,
        ports: Ports,
        context: &Arc<Context>,
        interner: &mut Interner,
    ) {
        self.end_block(interner);
        let named = ports.protocols.iter().chain(&ports.remarks);
        let implied = cell::transports(&ports.protocols.join(" "));
        let statement = Statement {
            ports: ports.groups,
            transports: if ports.transports.is_empty() {
                implied.map(|named| named.transports).unwrap_or_default()
            } else {
                ports.transports
            },
            service: named.cloned().reduce(|all, one| format!("{all} {one}")),
            is_asked: true,
            ..Statement::default()
        };
        let place = Place {
            file,
            line,
            context,
            machine: None,
        };
        for mut row in place.rows(text, statement, &self.names) {
            interner.intern(&mut row);
            self.rows.push(row);
        }
    }

    /// Keeps an item of a list.
    pub(super) fn add_item(
        &mut self,
        (file, line): (&Arc<str>, usize),
        level: u8,
        text: &str,
        context: &Arc<Context>,
        interner: &mut Interner,
    ) {
        if commands::is_command(text) {
            self.add_code((file, line), text, context, interner);
            return;
        }
        let item = ListItem {
            line,
            level,
            text: text.to_owned(),
            is_code: false,
        };
        let is_host_below = self.add_host(&item, file, context);
        self.begun.clone_from(&context.section);
        if is_host_below {
            return;
        }
        if is_host(text) {
            self.hosts
                .entry(context.section.clone())
                .or_default()
                .push(text.to_owned());
            return;
        }
        if self
            .list
            .as_ref()
            .is_some_and(|list| list.context.section != context.section)
        {
            self.end_list(interner);
        }
        match &mut self.list {
            Some(list) => list.items.push(item),
            None => {
                self.list = Some(List {
                    items: vec![item],
                    introduction: self.above.take(),
                    context: Arc::clone(context),
                    file: Arc::clone(file),
                    is_of_paragraphs: false,
                    hosts: None,
                });
            }
        }
    }

    /// Ends the list before a heading, a table or another block.
    pub(super) fn end_block(&mut self, interner: &mut Interner) {
        self.end_list(interner);
        self.let_go();
    }

    /// The number of rows that lists and commands gave so far.
    pub(super) fn n_rows(&self) -> usize {
        self.rows.len()
    }

    /// Records that this section has a table of ports.
    pub(super) fn has_table(&mut self, section: Option<Arc<str>>) {
        self.sections_with_tables.insert(section);
    }

    /// Keeps the last paragraph's last sentence as prose.
    fn let_go(&mut self) {
        if let Some(held) = self.above.take() {
            self.keep(&held);
        }
    }

    fn keep(&mut self, held: &HeldSentence) {
        self.sentences
            .push(held.line, &held.text, held.follows, &held.context);
    }

    /// Gives an introduction that begins with a pronoun the machine of the one before it: "They also need ...".
    fn take_up_subject(&mut self, introduction: &mut Introduction, list: &List) {
        let section = &list.context.section;
        let takes_up = list.introduction.as_ref().is_some_and(|above| {
            above.text.split(' ').next().is_some_and(|first| {
                first.eq_ignore_ascii_case("they") || first.eq_ignore_ascii_case("it")
            })
        });
        let machine = introduction
            .ends
            .server
            .as_ref()
            .or(introduction.machine.as_ref());
        if let Some(machine) = machine {
            self.subject = Some((section.clone(), machine.clone()));
        } else if takes_up
            && let Some((_, subject)) = self.subject.as_ref().filter(|(of, _)| of == section)
        {
            introduction.machine = Some(subject.clone());
        }
    }

    /// Reads the list that ends here.
    fn end_list(&mut self, interner: &mut Interner) {
        let Some(mut list) = self.list.take() else {
            self.let_go();
            return;
        };
        if self.end_hosts(&mut list, interner) {
            return;
        }
        let mut introduction = list
            .introduction
            .as_ref()
            .map(|above| above.introduction(&self.names))
            .unwrap_or_default();
        self.take_up_subject(&mut introduction, &list);
        take_title(&mut list.context, &introduction);
        let about_ports = statement_row::heading_is_about_ports(&list.context);
        let items = list::read(
            list.items,
            &introduction,
            about_ports,
            named_by_heading(&list.context),
            &self.names,
        );
        let has_ports = items.iter().any(|item| !item.statements.is_empty());
        if let Some(held) = &list.introduction {
            let names_number = held.text.contains(|c: char| c.is_ascii_digit());
            let asks_icmp = || icmp::icmp(&held.text, &self.names).is_some();
            if !has_ports || names_number || asks_icmp() {
                self.keep(held);
            }
        }
        for item in items {
            let place = Place {
                file: &list.file,
                line: item.line,
                context: &list.context,
                machine: item.machine.as_deref(),
            };
            let mut remark = |severity, message: &str| {
                self.problems
                    .push(place.problem(severity, &item.text, message));
            };
            if item.leaves_number {
                remark(Severity::Remark, UNREAD);
            }
            if item.leaves_bracket {
                remark(Severity::Remark, BRACKET);
            }
            if item.is_prose {
                for (index, text) in sentences(&item.text).into_iter().enumerate() {
                    self.sentences
                        .push(item.line, text, 0 < index, &list.context);
                }
                continue;
            }
            for message in &item.remarks {
                remark(Severity::Remark, message);
            }
            if item.is_deprecated && !item.statements.is_empty() {
                remark(Severity::Remark, DEPRECATED);
            }
            for statement in item.statements {
                if let Some(doubt) = statement.doubt {
                    let (severity, message) = doubt_message(doubt);
                    remark(severity, message);
                    continue;
                }
                for mut row in place.rows(&item.text, statement, &self.names) {
                    interner.intern(&mut row);
                    self.rows.push(row);
                }
            }
        }
    }
}

const UNREAD: &str = "this sentence names a number that may be a port and was not read as one; add a rule by hand if it is";
const BRACKET: &str = "a bracket above this list adds someone, and for which end is not certain, so no rule was made for them; add one by hand";
const DEPRECATED: &str = "the page calls this deprecated; its rule allows it all the same";
