//! Reads an item of a list of ports: `4446: state`, `80 TCP => redirect`, `HTTP API (default 4646). TCP only.`

mod beneficiary;
mod ends;
mod remark;
mod server;

pub(super) use self::{
    beneficiary::{askers, machine as machine_behind},
    remark::{excuses, remark},
};
use std::sync::LazyLock;

use regex::Regex;

use self::{
    ends::{deployment, ends},
    remark::{is_of_some, offer, offer_to_each},
    server::{OtherEnd, are_servers, labelled_machine, name_servers, other_end},
};
use super::{
    antecedent, default_value, icmp,
    port_phrase::{Evidence, PortPhrase, address_before, port_phrases},
    sentence,
    statement::Statement,
    variant_port,
    verb::{Verb, verb},
    words::{Kind, Word, words},
};
use crate::document::{
    names::Names,
    row::Direction,
    text::{distributed, fold, regex, sentences, unbracket},
};

static TRANSPORT_URL: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\b(?P<transport>tcp|udp|sctp)://:?(?P<port>\d{1,5})\b"));

/// What was read of an item.
#[derive(Debug, Default)]
pub(super) struct ItemReading {
    /// What it says of its ports; empty if it names none.
    pub(super) statements: Vec<Statement>,
    pub(super) leaves_number: bool,
    pub(super) is_deprecated: bool,
    /// What was read although not all around it is understood.
    pub(super) remarks: Vec<String>,
}

impl ItemReading {
    /// What was read of the parts of an item.
    fn of_all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut whole = Self::default();
        for part in parts {
            whole.statements.extend(part.statements);
            whole.leaves_number |= part.leaves_number;
            whole.is_deprecated |= part.is_deprecated;
            whole.remarks.extend(part.remarks);
        }
        whole
    }
}

/// Reads an item. `evidence` says whether a number's place is enough to make it a port.
pub(super) fn read(text: &str, evidence: Evidence, names: &Names) -> ItemReading {
    // `tcp://7001, for the ledger`
    let text = &*TRANSPORT_URL.replace_all(text, "$port/$transport");
    let Some((rest, port, purpose)) =
        variant_port::cut(text).filter(|_| evidence == Evidence::Item)
    else {
        return read_whole(text, evidence, names);
    };
    let mut reading = read_whole(&rest, evidence, names);
    match variant_port::statement(&reading.statements, port, purpose) {
        Some(variant) => {
            reading.statements.push(variant);
            reading
        }
        None => read_whole(text, evidence, names),
    }
}

fn read_whole(text: &str, evidence: Evidence, names: &Names) -> ItemReading {
    if let Some(parts) = distributed(text) {
        let each = parts.iter().map(|part| read_whole(part, evidence, names));
        return ItemReading::of_all(each);
    }
    if let Some(parts) = default_value::filled(text) {
        let read: Vec<ItemReading> = parts
            .iter()
            .map(|part| read_whole(part, evidence, names))
            .collect();
        let names_ends = |one: &ItemReading| {
            let mut statements = one.statements.iter();
            statements.any(|said| said.source.is_some() && said.destination.is_some())
        };
        if read.iter().all(names_ends) {
            return ItemReading::of_all(read);
        }
    }
    let text = &*default_value::in_brackets(text);
    let mut reading = ItemReading::default();
    let mut parts = sentences(text).into_iter();
    let Some(head) = parts.next() else {
        return reading;
    };
    let mut first = sentence::read(head, evidence, names);
    let asides = asides(head, names, &first.statements);
    let without_asides = asides.iter().fold(head.to_owned(), |head, aside| {
        head.replace(&format!("({aside})"), "")
    });
    let text = &*text.replacen(head, &without_asides, 1);
    let head = without_asides.as_str();
    if !asides.is_empty() {
        first = sentence::read(head, evidence, names);
    }
    first.statements.retain(|statement| {
        !statement.ports.is_empty() || statement.ephemeral || icmp::is_of(statement)
    });
    let service = service(head, evidence);
    let deployment = deployment(head, evidence);
    let pair = ends(head, evidence, names);
    if first.statements.is_empty() && !first.leaves_number && evidence == Evidence::Item {
        first.statements.extend(icmp::of_item(head));
        if first.statements.is_empty() && first.remarks.is_empty() {
            let unread = icmp::unread_item(head).map(str::to_owned);
            first.remarks.extend(unread);
        }
    }
    let machine = labelled_machine(head, names).filter(|_| evidence == Evidence::Item);
    for statement in &mut first.statements {
        statement.is_asked = true;
        statement.required = statement.required.or_else(|| required(text));
        if let Some(pair) = &pair
            && statement.source.is_none()
            && statement.destination.is_none()
        {
            statement.add_ends(pair);
        }
        let other = other_end(head, statement, names).filter(|_| evidence == Evidence::Item);
        match other {
            Some(OtherEnd::Server(label)) => {
                statement.destination = Some(label.to_owned());
                statement.direction = None;
            }
            Some(OtherEnd::Client(label)) => {
                statement.source = Some(label.to_owned());
                statement.direction = None;
            }
            None => {}
        }
        if let Some(machine) = machine {
            match statement.direction {
                None | Some(Direction::Inbound) if statement.destination.is_none() => {
                    let is_open = statement.direction.is_none() && statement.source.is_none();
                    if is_open || statement.direction.is_some() {
                        statement.destination = Some(machine.to_owned());
                    }
                }
                Some(Direction::Outbound) if statement.source.is_none() => {
                    statement.source = Some(machine.to_owned());
                }
                _ => {}
            }
        }
        if let Some(deployment) = &deployment {
            statement.condition = statement.condition.take().or(Some(deployment.clone()));
            statement.service = None;
            continue;
        }
        // A whole sentence says what its ports are for by itself.
        if let Service::Named(service) = &service {
            statement.service.clone_from(service);
            let names_servers = service.as_deref().is_some_and(are_servers);
            if names_servers && evidence == Evidence::Item && !statement.loopback {
                name_servers(statement);
            }
        }
    }
    if let Some(offer) = offer(head, evidence, names) {
        offer_to_each(&mut first.statements, &offer, false);
    }
    reading.statements = first.statements;
    reading.leaves_number = first.leaves_number;
    reading.is_deprecated = first.is_deprecated;
    reading.remarks = first.remarks;
    for aside in &asides {
        let more = remark(aside, names, &mut reading.statements);
        reading.remarks.extend(more);
    }
    let mut before = head;
    for part in parts {
        if is_of_some(part, names, &reading.statements) {
            let more = remark(part, names, &mut reading.statements);
            reading.remarks.extend(more);
            before = part;
            continue;
        }
        let mut more = sentence::read(part, Evidence::Stated, names);
        if reading.statements.is_empty()
            && !reading.leaves_number
            && let Some(statement) = default_value::statement(text, part)
        {
            more.statements = vec![statement];
        }
        antecedent::add_ends(before, part, names, &mut more.statements);
        before = part;
        reading.leaves_number |= more.leaves_number;
        reading.is_deprecated |= more.is_deprecated;
        reading.remarks.append(&mut more.remarks);
        if more.statements.iter().any(|more| !more.ports.is_empty()) {
            reading.statements.extend(more.statements);
        } else {
            reading
                .remarks
                .extend(remark(part, names, &mut reading.statements));
        }
    }
    reading
}

/// What an item says in brackets of some of its ports: `25, 587 (587 is optional)`.
fn asides(head: &str, names: &Names, statements: &[Statement]) -> Vec<String> {
    let mut asides = unbracket(head).1;
    asides.retain(|aside| is_of_some(aside, names, statements));
    asides
}

/// Reads an item of a list that is not about ports: it may explain one and give its usual value last.
pub(super) fn default_port(text: &str) -> ItemReading {
    let value = sentences(text)
        .last()
        .and_then(|last| default_value::statement(text, last));
    let remarks = value
        .iter()
        .map(|_| "the value of a setting was taken for a port; check its rule".to_owned())
        .collect();
    ItemReading {
        statements: value.into_iter().collect(),
        remarks,
        ..ItemReading::default()
    }
}

/// Whether an item says that it is optional, or required, by a word of its own.
fn required(text: &str) -> Option<bool> {
    let words = words(text);
    let is_advice = |two: &[Word<'_>]| matches!(two, [is, what] if is.is_any(&["is", "are"]) && what.is("recommended"));
    if words.windows(2).any(is_advice) {
        return Some(false);
    }
    let is_alone = |at: usize| {
        let beside = |at: Option<usize>| at.and_then(|at| words.get(at)).is_none_or(Word::is_mark);
        beside(at.checked_sub(1)) && beside(Some(at + 1))
    };
    words.iter().enumerate().find_map(|(at, word)| {
        let is_lead = at == 0
            && word.is("optionally")
            && words
                .get(1)
                .is_some_and(|next| matches!(next.kind, Kind::Colon | Kind::Comma));
        if word.is("optional") && (is_alone(at) || at + 1 == words.len()) || is_lead {
            Some(false)
        } else if word.is_any(&["required", "mandatory"]) && is_alone(at) {
            Some(true)
        } else {
            None
        }
    })
}

/// A longer item is prose.
const MOST_LENGTH: usize = 2000;

/// What an item says its ports are for.
enum Service {
    /// It is a sentence, which says so by itself if at all.
    InSentence,
    /// What stands before or behind the ports, if anything.
    Named(Option<String>),
}

fn service(head: &str, evidence: Evidence) -> Service {
    let words = words(head);
    let phrases: Vec<PortPhrase> = port_phrases(&words, evidence)
        .into_iter()
        .filter(|phrase| !phrase.ports.is_empty())
        .collect();
    let (Some(first), Some(last)) = (phrases.first(), phrases.last()) else {
        return Service::InSentence;
    };
    let before = words.get(..first.words.start).unwrap_or_default();
    let behind = words.get(last.words.end..).unwrap_or_default();
    let is_sentence = !before.is_empty()
        && before
            .iter()
            .any(|word| verb(&word.lower).is_some() && !word.is_capitalised());
    if is_sentence {
        return Service::InSentence;
    }
    let n_address = usize::from(address_before(&words, first.words.start).is_some());
    if before
        .iter()
        .rev()
        .skip(n_address)
        .any(|word| word.kind == Kind::Word && !is_lead(word))
    {
        return Service::Named(label(head, before));
    }
    Service::Named(purpose(head, behind))
}

/// Words before a port that say nothing of what it is for.
fn is_lead(word: &Word<'_>) -> bool {
    word.is_any(&[
        "the", "open", "allow", "on", "at", "default", "use", "inbound", "outbound",
    ])
}

/// The text before the ports: `SSH (22/tcp)`, `Web UI: 443`.
fn label(head: &str, before: &[Word<'_>]) -> Option<String> {
    let mut end = before.len();
    while let Some(last) = end.checked_sub(1).and_then(|last| before.get(last))
        && (last.is_mark() && (last.kind != Kind::Close || !opens(before.get(..end - 1)))
            || last.is_any(&[
                "default", "defaults", "by", "to", "is", "on", "over", "via", "uses", "using",
                "the", "at", "port", "ports",
            ]))
    {
        end -= 1;
    }
    let named = before.get(..end)?;
    let names_ends = named
        .iter()
        .any(|word| matches!(word.kind, Kind::Arrow(_)) || word.is_any(&["from", "to"]));
    if names_ends {
        return None;
    }
    let text = head.get(named.first()?.start..named.last()?.end)?;
    Some(fold(text)).filter(|text| text.contains(char::is_alphabetic))
}

/// The text behind the ports, up to where it says who uses them.
fn purpose(head: &str, behind: &[Word<'_>]) -> Option<String> {
    let mut start = 0;
    while let Some(word) = behind.get(start)
        && !is_about_ends(behind, start)
        && (word.is_mark()
            || word.is_any(&[
                "is", "are", "used", "for", "the", "open", "must", "be", "opened", "required",
                "needed",
            ])
            || word.is("to") && is_infinitive(behind, start))
    {
        start += 1;
    }
    let says_other = behind.get(start).is_some_and(|word| {
        verb(&word.lower) == Some(Verb::Close)
            || word.is_any(&[
                "no",
                "not",
                "never",
                "deprecated",
                "optional",
                "mandatory",
                "blocked",
                "closed",
                "unused",
            ])
    });
    if says_other {
        return None;
    }
    let mut end = (start..behind.len())
        .find(|at| is_about_ends(behind, *at))
        .unwrap_or(behind.len());
    while start < end
        && behind.get(end - 1).is_some_and(|word| {
            word.is_mark() && (word.kind != Kind::Close || !opens(behind.get(start..end - 1)))
        })
    {
        end -= 1;
    }
    let named = behind.get(start..end)?;
    let mut text = fold(head.get(named.first()?.start..named.last()?.end)?);
    // The bracket that opened before: `(VXLAN) between nodes`.
    if text.matches('(').count() < text.matches(')').count() {
        text = fold(&text.replacen(')', "", 1));
    }
    text.contains(char::is_alphabetic).then_some(text)
}

fn is_infinitive(words: &[Word<'_>], at: usize) -> bool {
    words
        .get(at + 1)
        .is_some_and(|next| verb(&next.lower).is_some())
}

fn opens(words: Option<&[Word<'_>]>) -> bool {
    words
        .unwrap_or_default()
        .iter()
        .any(|word| word.kind == Kind::Open)
}

/// Whether the words from here on say who uses a port instead of what for.
fn is_about_ends(words: &[Word<'_>], at: usize) -> bool {
    let Some(word) = words.get(at) else {
        return false;
    };
    let next = |names: &[&str]| words.get(at + 1).is_some_and(|next| next.is_any(names));
    word.is_any(&["if", "when", "unless"])
        || word.is("only") && next(&["if", "when", "for", "from"])
        || word.is_any(&["from", "between", "among"])
        || word.is("to") && at == 0
        || word.is_any(&["used", "accessed", "opened", "reached"]) && next(&["by", "from"])
        || word.is_any(&["inbound", "outbound", "incoming", "outgoing"]) && next(&["from", "to"])
        || matches!(word.kind, Kind::Arrow(_)) && 0 < at
}
