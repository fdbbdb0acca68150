//! Reads a list, item by item with what stands above and below each: service above and port below, or the other way round.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    icmp,
    introduction::Introduction,
    item, named_port,
    port_phrase::{Evidence, port_phrases},
    record,
    statement::Statement,
    words::words,
};
use crate::document::{
    application_protocol, cell, names::Names, prose::is_topic, row::Direction, section,
    text::sentences,
};

/// An item of a list that is read when the list has ended.
#[derive(Clone, Debug)]
pub(super) struct ListItem {
    pub(super) line: usize,
    /// 0 for the outermost list.
    pub(super) level: u8,
    pub(super) text: String,
    /// It is a line of a block of code.
    pub(super) is_code: bool,
}

/// What an item became.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something else that may be said of an item"
)]
#[derive(Debug)]
pub(super) struct ReadItem {
    pub(super) line: usize,
    pub(super) text: String,
    /// The machine whose ports these are, if the text above names it.
    pub(super) machine: Option<String>,
    pub(super) statements: Vec<Statement>,
    pub(super) leaves_number: bool,
    /// The line above names a further end in brackets that was not read.
    pub(super) leaves_bracket: bool,
    pub(super) is_deprecated: bool,
    /// What was read although not all around it is understood.
    pub(super) remarks: Vec<String>,
    /// It has no port and explains none, so its sentences stand for themselves.
    pub(super) is_prose: bool,
}

/// Reads the items of a list below its introduction. `about_ports` says that the heading is about ports; `heading` is
/// the one above if it may name who has the ports of a list that is labelled `Ports` and nothing else.
pub(super) fn read(
    items: Vec<ListItem>,
    introduction: &Introduction,
    about_ports: bool,
    heading: Option<&str>,
    names: &Names,
) -> Vec<ReadItem> {
    // What asks for ICMP is an item of ports, too, though it has none.
    let states =
        |item: &&ListItem| states_port(&item.text) || icmp::icmp(&item.text, names).is_some();
    let n_stated = items.iter().filter(states).count();
    let is_port_list = introduction.is_about_ports || about_ports || items.len() <= 2 * n_stated;
    let evidence = if is_port_list {
        Evidence::Item
    } else {
        Evidence::Stated
    };
    // The level of a label `Ports`, below which every number may be one.
    let mut ports_label: Option<u8> = None;
    // The level of an item that explains a port, below which each item is another machine's value.
    let mut values_label: Option<u8> = None;
    let mut read: Vec<ReadItem> = Vec::with_capacity(items.len());
    let mut above = Above {
        names,
        open: Vec::new(),
        introduction: Arc::new(introduction.clone()),
    };
    let separated = if is_port_list {
        let texts: Vec<&str> = items.iter().map(|item| item.text.as_str()).collect();
        named_port::separated(&texts)
    } else {
        Vec::new()
    };
    // The level of a line that announces ports, below which every number may be one: "These ports must be open:".
    let mut announced: Option<u8> = None;
    let levels: Vec<u8> = items.iter().map(|item| item.level).collect();
    let machines_above = sibling_machines(&items, names);
    let mut label_above: Option<usize> = None;
    // "to let the Core talk to the Edge" above items of both directions: those that come in go the other way.
    let goes_both_ways = !introduction.ends.is_mutual
        && introduction.ends.n_known() == 2
        && [Direction::Inbound, Direction::Outbound].iter().all(|way| {
            items
                .iter()
                .any(|item| cell::direction(&item.text) == Some(*way))
        });
    for (index, item) in items.into_iter().enumerate() {
        above.close(item.level);
        let has_below = levels.get(index + 1).is_some_and(|next| item.level < *next);
        ports_label = ports_label.filter(|level| *level < item.level);
        values_label = values_label.filter(|level| *level < item.level);
        announced = announced.filter(|level| *level < item.level);
        let is_announced = announced.is_some();
        if has_below && announces_ports(&item.text) {
            announced = announced.or(Some(item.level));
        }
        let is_below_ports = ports_label.is_some();
        let is_value = values_label.is_some();
        if has_below && (is_ports_label(&item.text) || explains_port(&item.text)) {
            ports_label = ports_label.or(Some(item.level));
            if explains_port(&item.text) {
                values_label = Some(item.level);
            }
        }
        let mut reading = if let Some(Some(text)) = separated.get(index) {
            item::read(text, evidence, names)
        } else if is_below_ports || is_announced {
            item::read(&item.text, Evidence::Item, names)
        } else if is_port_list || 0 < n_stated {
            item::read(&item.text, evidence, names)
        } else {
            item::default_port(&item.text)
        };
        let mut is_prose = false;
        if reading.statements.is_empty() && !reading.leaves_number {
            let explained = above.explain(&item, &mut read);
            let is_said = reading.remarks.iter().any(|said| said == icmp::UNREAD);
            is_prose = !explained && !above.note(&item, has_below) && !is_said;
        } else if reading.statements.is_empty() {
            // Its number may be none, and its sentences may speak of a connection.
            is_prose = item.text.ends_with(['.', '!', '?']);
        }
        let mut inherited = above.introduction(item.level);
        // In a list of one level, a short text says what the ports below it are for.
        if let Some(label) = label_above.take().and_then(|label| read.get(label)) {
            let label = Introduction::of(&label.text, names);
            let names_machine = 0 < label.ends.n_known() || label.machine.is_some();
            let lacks_service = reading
                .statements
                .iter()
                .all(|statement| statement.service.is_none());
            if names_machine {
                // It holds for all that follow.
                above.introduction = Arc::new(introduction.narrowed(label));
                inherited = above.introduction(item.level);
            } else if lacks_service {
                inherited = Arc::new(inherited.narrowed(label));
            }
        }
        let further = inherited.further.as_ref().map_or_else(Vec::new, |further| {
            let mut statements = reading.statements.clone();
            for statement in &mut statements {
                further.complete(statement);
            }
            statements
        });
        if inherited.lists_components {
            for statement in &mut reading.statements {
                statement.add_component();
            }
        }
        for statement in &mut reading.statements {
            if goes_both_ways && statement.direction == Some(Direction::Inbound) {
                inherited.reversed().complete(statement);
            } else {
                inherited.complete(statement);
            }
        }
        // An item that names its ends leaves nothing to a further one.
        for statement in further {
            if !reading.statements.contains(&statement) {
                reading.statements.push(statement);
            }
        }
        let has_ports = !reading.statements.is_empty();
        if has_ports || has_below {
            // "Endpoint: api.example.com", above its ports.
            let sibling = machines_above.contains(&index);
            let label = (!has_ports).then(|| {
                if sibling {
                    return Introduction::of_machine(item.text.trim_end_matches(':'));
                }
                record::field(&item.text).map_or_else(
                    || Introduction::of_label(&item.text, &inherited, names),
                    record::Field::into_introduction,
                )
            });
            above.open(Open {
                level: item.level,
                index: has_ports.then_some(index),
                introduction: label.map(|label| Arc::new(inherited.narrowed(label))),
            });
        }
        let is_label = is_prose && !has_below && is_label(&item.text);
        label_above = is_label.then_some(index);
        read.push(ReadItem {
            line: item.line,
            machine: inherited
                .machine
                .clone()
                .or_else(|| heading.filter(|_| is_below_ports).map(ToOwned::to_owned))
                .filter(|_| !is_value),
            text: item.text,
            statements: reading.statements,
            leaves_number: reading.leaves_number,
            leaves_bracket: inherited.leaves_bracket && has_ports,
            is_deprecated: reading.is_deprecated,
            remarks: reading.remarks,
            is_prose,
        });
    }
    read
}

/// The items of one level that stand above others and are names and nothing else, where one of them is known for a machine: then all
/// are. `Store server` and `Mobile Gate`.
fn sibling_machines(items: &[ListItem], names: &Names) -> BTreeSet<usize> {
    let labels: Vec<usize> = (0..items.len())
        .filter(|index| {
            let (Some(item), Some(next)) = (items.get(*index), items.get(index + 1)) else {
                return false;
            };
            let name = item.text.trim_end_matches(':');
            item.level < next.level
                && name.starts_with(char::is_uppercase)
                && !name.contains(|c: char| c.is_ascii_digit())
                && name.split(' ').count() <= LABEL_WORDS
                && !is_topic(name)
                && section::is_noun_phrase(name, names)
                && cell::direction(name).is_none()
                && !is_spoken(name)
        })
        .collect();
    let text = |index: &usize| {
        items
            .get(*index)
            .map_or("", |item| item.text.trim_end_matches(':'))
    };
    let level = |index: &usize| items.get(*index).map(|item| item.level);
    let known: BTreeSet<Option<u8>> = (labels.iter())
        .filter(|index| section::names_machines(text(index), names))
        .map(level)
        .collect();
    labels
        .iter()
        .filter(|index| known.contains(&level(index)))
        .copied()
        .collect()
}

/// Whether all words of a label are protocols: `HTTP/HTTPS`.
fn is_spoken(label: &str) -> bool {
    label
        .split([' ', '/', ','])
        .filter(|word| !word.is_empty())
        .all(application_protocol::is_only_spoken)
}

/// Whether a text is so short that it may say what the ports below it are for.
fn is_label(text: &str) -> bool {
    text.split(' ').count() <= LABEL_WORDS && !text.ends_with(['.', '!', '?'])
}

const LABEL_WORDS: usize = 5;

/// Whether an item says that those below it are ports, and nothing else.
fn is_ports_label(text: &str) -> bool {
    let mut words = text
        .trim_end_matches(':')
        .split(' ')
        .filter(|word| !word.is_empty())
        .rev()
        .map(str::to_lowercase);
    words
        .next()
        .is_some_and(|last| matches!(last.as_str(), "port" | "ports"))
        && words.all(|word| {
            matches!(
                word.as_str(),
                "tcp" | "udp" | "used" | "required" | "default" | "listening" | "open" | "network"
            )
        })
}

/// Whether an item leads to a list of ports by its last sentence.
fn announces_ports(text: &str) -> bool {
    let text = text.trim_end();
    text.ends_with(':')
        && sentences(text).last().is_some_and(|last| {
            last.split(|c: char| !c.is_alphanumeric())
                .any(|word| word.eq_ignore_ascii_case("ports"))
        })
}

/// Whether an item explains what a port is and has no number of its own, so that those below are its values: `port: the TCP
/// port to listen on. By default:`
fn explains_port(text: &str) -> bool {
    text.ends_with(':')
        && !text.contains(|c: char| c.is_ascii_digit())
        && text.split(':').next().is_some_and(|key| {
            let key = key.trim().to_lowercase();
            matches!(key.as_str(), "port" | "ports") || key.ends_with("_port")
        })
}

/// Whether an item names a port beyond doubt.
fn states_port(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && port_phrases(&words(text), Evidence::Stated)
            .iter()
            .any(|phrase| !phrase.ports.is_empty())
}

/// The items that the next one stands below, outermost first; the last may be a sibling before it.
struct Above<'a> {
    names: &'a Names,
    open: Vec<Open>,
    introduction: Arc<Introduction>,
}

struct Open {
    level: u8,
    /// The place of the item, if it has ports.
    index: Option<usize>,
    /// What holds below it, if it says anything.
    introduction: Option<Arc<Introduction>>,
}

impl Above<'_> {
    /// Ends the items that one of this level does not stand below; a sibling stays until the next one with ports.
    fn close(&mut self, level: u8) {
        while self.open.last().is_some_and(|last| level < last.level) {
            self.open.pop();
        }
    }

    fn open(&mut self, open: Open) {
        while self
            .open
            .last()
            .is_some_and(|last| open.level <= last.level)
        {
            self.open.pop();
        }
        self.open.push(open);
    }

    /// What holds for an item of this level.
    fn introduction(&self, level: u8) -> Arc<Introduction> {
        self.open
            .iter()
            .rev()
            .filter(|open| open.level < level)
            .find_map(|open| open.introduction.clone())
            .unwrap_or_else(|| Arc::clone(&self.introduction))
    }

    /// Adds an item without ports to the item with ports that it explains: the one above it, or for the field of a record
    /// the one before it. Returns whether there is one.
    fn explain(&self, item: &ListItem, read: &mut [ReadItem]) -> bool {
        let field = record::field(&item.text);
        let is_explained =
            |open: &&Open| open.level < item.level || field.is_some() && open.level == item.level;
        let target = self
            .open
            .iter()
            .rev()
            .find(is_explained)
            .and_then(|open| open.index)
            .and_then(|index| read.get_mut(index));
        let Some(target) = target else {
            return false;
        };
        let is_service =
            field.is_none() && Introduction::of(&item.text, self.names).ends.n_known() == 0;
        for statement in &mut target.statements {
            if let Some(field) = &field {
                field.apply(statement);
            } else if statement.service.is_none() && is_service {
                statement.service = Some(item.text.trim_end_matches('.').to_owned());
            }
        }
        if field.is_none() {
            let said = item::remark(&item.text, self.names, &mut target.statements);
            target.remarks.extend(said);
        }
        true
    }

    /// Keeps the field of a record whose port is yet to come. Returns whether the item is one.
    fn note(&mut self, item: &ListItem, has_below: bool) -> bool {
        let Some(field) = record::field(&item.text).filter(|_| !has_below) else {
            return false;
        };
        let narrowed = self
            .introduction(item.level)
            .narrowed(field.into_introduction());
        let narrowed = Arc::new(narrowed);
        let parent = self
            .open
            .iter_mut()
            .rev()
            .find(|open| open.level < item.level && open.introduction.is_some());
        match parent {
            Some(open) => open.introduction = Some(narrowed),
            None => self.introduction = narrowed,
        }
        true
    }
}

#[cfg(test)]
mod tests;
