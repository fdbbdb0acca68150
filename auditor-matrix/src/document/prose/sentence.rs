//! Reads what sentences outside of tables say of ports and connections.

mod asking;
mod bracketed;
mod doubts;
mod established;
mod own_part;
mod portless;
mod purpose;
mod reason;
mod telling;

use std::sync::LazyLock;

use regex::Regex;

use self::{
    asking::{asks, states},
    bracketed::bracketed,
    doubts::{denied_elsewhere, taken_for_ports},
    established::established_to,
    own_part::{
        clause_of, condition_of, is_of_other_port, otherwise, own_part, transports_elsewhere,
    },
    portless::portless,
    purpose::purpose,
    reason::Reason,
    telling::{direction, maps_ports, names_registry},
};
use super::{
    clause,
    condition::Condition,
    condition_ends, dynamic_ports, either_value, icmp,
    loopback::is_loopback,
    noun_phrase::NounPhrases,
    piece::Pieces,
    port_phrase::{
        Evidence, PortPhrase, USUAL, add_certain, address_before, port_phrases, serves_on_number,
    },
    rephrase::rephrased,
    stance::{Stance, forbids_some, governs, is_opened, stance},
    statement::{Statement, push},
    unread::{self, speaks_of_ports},
    words::{Kind, Word, words},
};
use crate::document::{
    names::Names,
    row::Direction,
    section,
    text::{fold, regex},
};

static TRANSFER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(.+?) (?:is|are) (?:uploaded|sent|transferred|forwarded) to "));
static TRANSFERRED_TO: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(?:transferring|sending|uploading|forwarding) .+ to (\S+)$"));

/// The data that a sentence says is sent elsewhere: "Statistics are uploaded to the vendor."
pub(super) fn transferred(sentence: &str) -> Option<String> {
    TRANSFER
        .captures(sentence)?
        .get(1)
        .map(|what| fold(what.as_str()))
}

/// What was read of a sentence.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) statements: Vec<Statement>,
    /// It speaks of ports and names a number that may be one and is in no statement.
    pub(super) leaves_number: bool,
    /// It says that something is deprecated.
    pub(super) is_deprecated: bool,
    /// What was read although not all around it is understood.
    pub(super) remarks: Vec<String>,
}

impl Reading {
    /// Who asks in all of its statements, whom a pronoun in the next sentence stands for.
    pub(super) fn subject(&self) -> Option<String> {
        let mut sources = self.statements.iter().map(|statement| &statement.source);
        let first = sources.next()?;
        sources
            .all(|other| other == first)
            .then(|| first.clone())
            .flatten()
    }
}

/// Reads a sentence; without statements if it says nothing of ports or connections.
pub(super) fn read(sentence: &str, evidence: Evidence, names: &Names) -> Reading {
    // Who asks a question states nothing; what it names is said.
    if sentence.trim_end().ends_with('?') {
        return Reading {
            leaves_number: speaks_of_ports(&words(sentence))
                && sentence.contains(|c: char| c.is_ascii_digit()),
            ..Reading::default()
        };
    }
    let sentence = &*rephrased(sentence);
    if let Some(cases) = either_value::apart(sentence) {
        let [mut one, other] = cases.map(|case| read(&case, evidence, names));
        if !one.statements.is_empty() && !other.statements.is_empty() {
            one.statements.extend(other.statements);
            one.leaves_number |= other.leaves_number;
            one.is_deprecated |= other.is_deprecated;
            one.remarks.extend(other.remarks);
            return one;
        }
    }
    let mut reading = read_rephrased(sentence, evidence, names);
    if !reading.leaves_number && reading.remarks.is_empty() {
        // `ICMP type 8 must be allowed`: its numbers are no ports.
        if reading.statements.is_empty() {
            reading.statements.extend(icmp::icmp(sentence, names));
        }
        let unread = icmp::unread(sentence, &reading.statements);
        reading.remarks.extend(unread.map(str::to_owned));
    }
    reading
}

fn read_rephrased(sentence: &str, evidence: Evidence, names: &Names) -> Reading {
    if !sentence.contains(|c: char| c.is_ascii_digit()) {
        if let Some(icmp) = icmp::icmp(sentence, names) {
            return Reading {
                statements: vec![icmp],
                ..Reading::default()
            };
        }
        return portless(sentence, names);
    }
    if dynamic_ports::have_a_start(sentence) {
        return Reading {
            statements: dynamic_ports::range(sentence).into_iter().collect(),
            ..Reading::default()
        };
    }
    if evidence == Evidence::Stated && !may_name_ports(sentence) {
        return portless(sentence, names);
    }
    let all = words(sentence);
    if MOST_WORDS < all.len() {
        // No sentence: a page whose ends of sentences were lost.
        return Reading {
            leaves_number: speaks_of_ports(&all),
            ..Reading::default()
        };
    }
    let condition = Condition::of(sentence, &all);
    let words = condition.rest(&all);
    let mut phrases = port_phrases(&words, evidence);
    let mut remarks = Vec::new();
    if unread::names_number(&words, &phrases, evidence) {
        let taken = add_certain(&words, &mut phrases);
        remarks.extend(taken_for_ports(&taken));
    }
    let statements = if phrases.iter().all(|phrase| phrase.ports.is_empty()) {
        let mut of_all = portless(sentence, names);
        remarks.append(&mut of_all.remarks);
        of_all.statements
    } else {
        let is_about_ports =
            evidence == Evidence::Section || speaks_of_ports(&words) || serves_on_number(&words);
        let read = SentenceWords {
            sentence,
            words: &words,
            phrases: &phrases,
            condition: &condition,
        };
        statements(&read, is_about_ports, names, &mut remarks)
    };
    Reading {
        remarks,
        leaves_number: unread::names_number(&all, &phrases, evidence),
        is_deprecated: all.iter().any(|word| word.is("deprecated")),
        statements,
    }
}

/// Whether a sentence has any of the letters that stand beside a port; most of a page's sentences have none.
fn may_name_ports(sentence: &str) -> bool {
    let bytes = sentence.as_bytes();
    let has_word = bytes.windows(3).any(|three| {
        ["tcp", "udp", "sct", "por", "lis", "fir"]
            .iter()
            .any(|word| three.eq_ignore_ascii_case(word.as_bytes()))
    });
    let has_place = || {
        [" on ", " at ", "pen ", "lock ", "pose ", "llow "]
            .iter()
            .any(|place| {
                sentence.match_indices(place).any(|(at, _)| {
                    sentence
                        .get(at + place.len()..)
                        .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
                })
            })
    };
    has_word
        || has_place()
        || bytes
            .windows(2)
            .any(|two| matches!(two, [b':', digit] if digit.is_ascii_digit()))
}

/// A text of more words is no sentence; what is read of one takes a time that grows with its square.
const MOST_WORDS: usize = 500;

/// Whether words say of a port that they name without its number that something is served there, or asks for it.
pub(super) fn states_port(words: &[Word<'_>]) -> bool {
    states(words, &[]) || asks(words) || words.iter().any(|word| word.is_any(USUAL))
}

/// A sentence with its words outside of conditions, and what was found among them.
#[derive(Clone, Copy)]
struct SentenceWords<'a> {
    sentence: &'a str,
    words: &'a [Word<'a>],
    phrases: &'a [PortPhrase],
    condition: &'a Condition,
}

/// The statements of a sentence that names ports: one for each phrase with numbers.
fn statements(
    read: &SentenceWords<'_>,
    is_about_ports: bool,
    names: &Names,
    remarks: &mut Vec<String>,
) -> Vec<Statement> {
    let SentenceWords {
        sentence,
        words,
        phrases,
        ..
    } = *read;
    let pieces = Pieces::new(sentence, words, phrases);
    let clauses = clause::clauses(&pieces, names);
    let reason = Reason::of(&pieces, words, phrases, names);
    let said = reason
        .as_ref()
        .and_then(|reason| words.get(reason.start..))
        .or_else(|| otherwise(words, phrases));
    let part = said.or_else(|| own_part(words, phrases));
    let stance = stance(part.unwrap_or(words));
    let is_off = reason.is_none() && said.is_some() && words.iter().any(|word| word.is("disabled"));
    let elsewhere = transports_elsewhere(words, phrases);
    let is_loopback = is_loopback(words);
    let is_asked = is_about_ports && (asks(words) || states(words, phrases));
    // "Optional: the Core needs port 443."
    let is_headed_optional = words.first().is_some_and(|first| first.is("optional"))
        && words.get(1).is_some_and(|next| next.kind == Kind::Colon);
    // "Optional: the Edge needs port 443."
    let start = if is_headed_optional { 2 } else { 0 };
    let nouns = NounPhrases {
        pieces: &pieces,
        names,
    };
    let subject = nouns.list(start);
    let needed_by = subject
        .as_ref()
        .filter(|subject| {
            pieces.is_any(subject.end, &["needs", "need", "requires", "require"])
                && pieces.is_port(subject.end + 1)
                && section::names_machines(&subject.text, names)
        })
        .map(|subject| subject.text.clone());
    let has_machine_subject =
        subject.is_some_and(|subject| subject.is_machine && !pieces.is_port(subject.end));
    let says_optional = words.iter().enumerate().any(|(at, word)| {
        // "and optionally 9443" is about this number alone.
        // "other ports may be set" says nothing of this one.
        let is_of_others = at
            .checked_sub(2)
            .and_then(|before| words.get(before))
            .is_some_and(|before| before.is_any(&["other", "different", "another"]));
        word.is_any(&["may", "might"]) && !is_of_others
            || word.is("optionally")
                && !phrases.iter().any(|phrase| phrase.words.start == at + 1)
                && !is_done_before(words, at, phrases)
    }) || words
        .windows(2)
        .any(|two| matches!(two, [is, what] if is.is_any(&["is", "are"]) && what.is_any(&["optional", "recommended"])));
    let is_optional =
        stance == Stance::Wanted && (says_optional || is_headed_optional) && reason.is_none();
    let direction = direction(words);
    let numbered = phrases.iter().filter(|phrase| !phrase.ports.is_empty());
    let n_numbered = numbered.clone().count();
    let n_ranges = numbered
        .clone()
        .flat_map(|phrase| &phrase.ports)
        .map(|group| group.ranges.len())
        .sum::<usize>();
    let (service, serves_peer) = purpose(sentence, n_numbered == 1, n_ranges == 1);
    let to = service
        .as_deref()
        .and_then(|service| TRANSFERRED_TO.captures(service)?.get(1))
        .map(|to| fold(to.as_str()));
    let needed_ends = read.condition.text.as_deref().and_then(|condition| {
        condition_ends::ends(condition, words, names)
            .or_else(|| condition_ends::reached(condition, direction?, names))
    });
    let established =
        established_to(&pieces, names).filter(|_| direction == Some(Direction::Outbound));
    let is_mapped = maps_ports(&pieces, words, n_ranges);
    let mut statements: Vec<Statement> = Vec::new();
    let sentence_stance = stance;
    for phrase in numbered {
        // What is denied elsewhere in the sentence is not denied of this port.
        let is_opened = sentence_stance == Stance::Forbidden && is_opened(words, &phrase.words);
        let is_governed =
            sentence_stance == Stance::Wanted || !is_opened && governs(words, &phrase.words);
        let stance = if is_governed {
            sentence_stance
        } else {
            remarks.push(denied_elsewhere(phrase));
            Stance::Wanted
        };
        let mut statement = Statement {
            ports: phrase.ports.clone(),
            transports: if phrase.transports.is_empty() {
                elsewhere.clone()
            } else {
                phrase.transports.clone()
            },
            service: service.clone(),
            needed_by: needed_by.clone(),
            serves_peer,
            loopback: is_loopback && !is_of_other_port(words, phrases, phrase),
            direction,
            is_asked,
            condition: condition_of(read, phrase, n_numbered),
            required: phrase
                .words
                .start
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .is_some_and(|before| before.is("optionally"))
                .then_some(false)
                .or(is_off.then_some(false)),
            ..Statement::default()
        };
        let mut further_client = None;
        if let Some(reason) = &reason {
            statement.destination.clone_from(&reason.server);
            statement.direction = Some(Direction::Inbound);
            statement.is_asked = true;
        } else if let Some(clause) = clause_of(&pieces, phrase, &clauses, words)
            && !statement.loopback
            && !names_registry(words)
        {
            statement.add_ends(&clause.ends);
            further_client.clone_from(&clause.ends.further_client);
            statement.is_asked |= stance == Stance::Forbidden || 0 < clause.ends.n_known();
        }
        if let Some(ends) = &needed_ends
            && statement.source.is_none()
            && !statement.loopback
        {
            statement.destination = None;
            statement.direction = None;
            statement.add_ends(ends);
            statement.is_asked = true;
        }
        // `before sending it to the Core (port 80)` says who is asked.
        if let Some(owner) = bracketed(&pieces, words, &phrase.words, &nouns)
            && !statement.loopback
            && statement.source.as_ref() != Some(&owner.name)
            && (statement.destination.is_none() || owner.is_reached)
        {
            statement.destination = Some(owner.name);
            statement.is_asked = true;
        }
        // `core.example.com:443` says who is asked.
        if let Some(address) = address_before(words, phrase.words.start)
            && statement.destination.is_none()
            && !matches!(address, "0.0.0.0" | "127.0.0.1" | "localhost")
        {
            statement.destination = Some(address.to_owned());
            if statement.source.is_none() {
                statement.direction = Some(Direction::Outbound);
            }
        }
        if statement.destination.is_none() && to.is_some() {
            statement.destination.clone_from(&to);
            statement.direction = Some(Direction::Outbound);
        }
        if let Some(server) = &established
            && statement.destination.is_none()
        {
            statement.destination = Some(server.clone());
            statement.is_asked = true;
        }
        // "The Core may use SSH to connect to the agents"
        if is_optional
            && 0 < statement
                .source
                .iter()
                .chain(&statement.destination)
                .count()
        {
            statement.required = Some(false);
        }
        let names_none = statement.source.is_none() && statement.destination.is_none();
        // "must not be exposed publicly" forbids it to some, whom no end names.
        // "Agents must not use port 80" forbids it to them and not to all.
        let is_partly = stance == Stance::Forbidden
            && statement.source.is_none()
            && (forbids_some(words) || names_none && has_machine_subject);
        // Of a list with purposes, "... on the same host" may be said of the last or of all.
        let says_purpose = words
            .get(phrase.words.clone())
            .is_some_and(|inside| inside.iter().any(|word| word.is("for")));
        let is_partly_own = statement.loopback && 1 < n_ranges && says_purpose;
        let is_unclear = is_partly || (is_mapped || is_partly_own) && stance == Stance::Wanted;
        statement.add_stance(if is_unclear { Stance::Unclear } else { stance });
        statement.is_asked |= statement.forbidden;
        let further = further_client.map(|client| Statement {
            source: Some(client),
            ..statement.clone()
        });
        push(&mut statements, statement);
        if let Some(further) = further {
            push(&mut statements, further);
        }
    }
    statements
}

/// Whether what is said at a place is done before what the ports are for: `optionally enriches it before sending it to port 80`.
fn is_done_before(words: &[Word<'_>], at: usize, phrases: &[PortPhrase]) -> bool {
    let first = phrases
        .iter()
        .map(|phrase| phrase.words.start)
        .find(|start| at < *start);
    first
        .and_then(|first| words.get(at..first))
        .is_some_and(|between| between.iter().any(|word| word.is("before")))
}

#[cfg(test)]
pub(super) mod tests;
