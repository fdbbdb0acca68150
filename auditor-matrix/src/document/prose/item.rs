//! Reads an item of a list of ports: `4446: state`, `80 TCP => redirect`, `HTTP API (default 4646). TCP only.`

use super::{
    port_phrase::{Evidence, PortPhrase, port_phrases},
    sentence,
    statement::Statement,
    vocabulary::verb,
    words::{Kind, Word, words},
};
use crate::document::{
    names::Names,
    text::{fold, sentences},
};

/// What was read of an item.
#[derive(Debug, Default)]
pub(super) struct ItemReading {
    /// What it says of its ports; empty if it names none.
    pub(super) statements: Vec<Statement>,
    pub(super) leaves_number: bool,
    pub(super) is_deprecated: bool,
}

/// Reads an item. `evidence` says whether a number's place is enough to make it a port.
pub(super) fn read(text: &str, evidence: Evidence, names: &Names) -> ItemReading {
    let mut reading = ItemReading::default();
    let mut parts = sentences(text).into_iter();
    let Some(head) = parts.next() else {
        return reading;
    };
    let mut first = sentence::read(head, evidence, names);
    first
        .statements
        .retain(|statement| !statement.ports.is_empty() || statement.ephemeral);
    let service = service(head, evidence);
    for statement in &mut first.statements {
        statement.is_asked = true;
        // A whole sentence says what its ports are for by itself.
        if let Some(service) = &service {
            statement.service = service.clone();
        }
    }
    reading.statements = first.statements;
    reading.leaves_number = first.leaves_number;
    reading.is_deprecated = first.is_deprecated;
    for part in parts {
        let more = sentence::read(part, Evidence::Stated, names);
        reading.leaves_number |= more.leaves_number;
        reading.is_deprecated |= more.is_deprecated;
        if more.statements.iter().any(|more| !more.ports.is_empty()) {
            reading.statements.extend(more.statements);
        } else {
            remark(part, names, &mut reading.statements);
        }
    }
    reading
}

/// Adds what a sentence behind the ports says of them: "TCP only.", "Only if the proxy is used.", "Used by agents to ..."
pub(super) fn remark(text: &str, names: &Names, statements: &mut [Statement]) {
    let about = super::introduction::Introduction::of(text, names);
    let is_short = text.split(' ').count() <= MOST_REMARK;
    for statement in statements {
        if statement.transports.is_empty() && is_short {
            statement.transports.clone_from(&about.transports);
        }
        if !statement.loopback && statement.source.is_none() && statement.destination.is_none() {
            statement.add_ends(&about.ends);
        }
        statement.loopback |= about.loopback;
        if let Some(condition) = &about.condition {
            match &mut statement.condition {
                Some(known) => {
                    known.push_str("; ");
                    known.push_str(condition);
                }
                None => statement.condition = Some(condition.clone()),
            }
        }
        if !statement.forbidden && statement.doubt.is_none() {
            statement.add_stance(about.stance);
        }
    }
}

const MOST_REMARK: usize = 8;

/// What an item says its ports are for. `None` if it is a sentence, which is read as one; `Some(None)` if it says nothing.
fn service(head: &str, evidence: Evidence) -> Option<Option<String>> {
    let words = words(head);
    let phrases: Vec<PortPhrase> = port_phrases(&words, evidence)
        .into_iter()
        .filter(|phrase| !phrase.ports.is_empty())
        .collect();
    let (first, last) = (phrases.first()?, phrases.last()?);
    let before = words.get(..first.words.start)?;
    let behind = words.get(last.words.end..)?;
    let is_sentence = !before.is_empty()
        && before
            .iter()
            .any(|word| verb(&word.lower).is_some() && !word.is_capitalised());
    if is_sentence {
        return None;
    }
    if before
        .iter()
        .any(|word| word.kind == Kind::Word && !is_lead(word))
    {
        return Some(label(head, before));
    }
    Some(purpose(head, behind))
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
        && (last.is_mark()
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
        && (word.is_mark()
            || word.is_any(&[
                "is", "are", "used", "for", "the", "open", "must", "be", "opened", "required",
                "needed", "used", "to",
            ]) && !(word.is("to") && !is_infinitive(behind, start)))
    {
        start += 1;
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
    let text = fold(head.get(named.first()?.start..named.last()?.end)?);
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
    word.is("from")
        || word.is("to") && at == 0
        || word.is_any(&["used", "accessed", "opened", "reached"]) && next(&["by", "from"])
        || word.is_any(&["inbound", "outbound", "incoming", "outgoing"]) && next(&["from", "to"])
        || matches!(word.kind, Kind::Arrow(_)) && 0 < at
}
