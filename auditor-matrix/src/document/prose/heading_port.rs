//! A port that is a heading by itself, above what it is for: `8086`, then "The default port that runs the query service."

use std::{
    collections::BTreeMap,
    ops::Range,
    sync::{Arc, LazyLock},
};

use regex::Regex;

use super::{
    introduction,
    packed_sentences::Sentence,
    port_phrase::{Evidence, names_port, port_phrases},
    sentence,
    stance::{Stance, stance},
    statement::Statement,
    statement_row::is_about_ports,
    words::{Kind, words},
};
use crate::{
    document::{
        problem::{Problem, ProblemKind, Severity},
        row::{PortGroup, Row},
        text::{fold, regex},
    },
    port::PortRange,
    transport::Transport,
};

static PURPOSE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)\b(?:runs|serves|hosts|used (?:by|for)|for) (?:the )?(?P<service>[^,;(]+?)\.?$")
});

/// What a sentence below such a heading calls its port.
static PRONOUN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix) \b(?:this|the|these|both)(?:\ (?:two|three|four))?\ ports?\b
            | ^(?:it|they|this)\ (?P<predicate>(?:(?:must|should|may|can)\ (?:only\ )?be|(?:has|have|needs?)\ (?:only\ )?to\ be|is|are)
                \ (?:(?:only|also|not|no\ longer)\ )*
                (?:open(?:ed)?|required|needed|necessary|used|allowed|permitted|reachable|accessible|enabled|exposed|closed|blocked)\b)",
    )
});

/// With what a sentence begins that leaves out of which port it speaks: `Used by the agents to ...`.
static PARTICIPLE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:Used|Required|Needed|Opened|Reserved) (?:by|for|to|from|on) "));

/// A sentence with the name of a port in the place of what it calls that port.
fn with_name(sentence: &str, name: &str) -> Option<String> {
    let found = PRONOUN.captures(sentence)?;
    let predicate = found.name("predicate").map_or("", |found| found.as_str());
    let by = format!("{name} {predicate}");
    Some(PRONOUN.replace(sentence, by.trim_end()).into_owned())
}

/// A sentence with the ports of the rows that the one before it gave in the place of `this port`, `it`.
pub(super) fn with_ports_before(sentence: &Sentence<'_>, rows: &[Row]) -> Option<String> {
    sentence.before?;
    let is_open = !sentence.text.contains(|c: char| c.is_ascii_digit());
    let first = rows.first().filter(|_| is_open)?;
    let mut ranges: Vec<String> = Vec::new();
    for range in rows.iter().flat_map(|row| row.ranges()) {
        let range = range.to_string();
        if !ranges.contains(&range) {
            ranges.push(range);
        }
    }
    let (last, before) = ranges.split_last()?;
    let transport = match first.transport.as_ref() {
        [only] if rows.iter().all(|row| row.transport == first.transport) => {
            format!("{} ", only.name().to_uppercase())
        }
        _ => String::new(),
    };
    let name = if before.is_empty() {
        format!("{transport}port {last}")
    } else {
        format!("{transport}ports {} and {last}", before.join(", "))
    };
    with_name(sentence.text, &name)
}

/// The ports of headings, and which of them were read.
#[derive(Default)]
pub(super) struct HeadingPorts {
    /// The rows of each that was read, by their places among all rows of sentences.
    read: BTreeMap<Arc<str>, Range<usize>>,
    /// The first sentence below a heading that was not read yet: its line, the heading, its port.
    open: BTreeMap<Arc<str>, (usize, String, Vec<PortRange>)>,
}

impl HeadingPorts {
    /// A sentence with the port of the heading above it in the place of `this port`. `None` if it names a number of its own or speaks
    /// of no port.
    pub(super) fn spelled_out(sentence: &Sentence<'_>) -> Option<String> {
        let (above, heading) = sentence.context.section.as_ref()?.rsplit_once(" / ")?;
        let may_be = heading.contains(|c: char| c.is_ascii_digit())
            && !sentence.text.contains(|c: char| c.is_ascii_digit())
            && is_about_ports(above);
        if !may_be {
            return None;
        }
        let (_, transports) = port(heading)?;
        let heading = heading.trim_matches(|c: char| c == '`' || c.is_whitespace());
        let name = if transports.is_empty() {
            format!("port {heading}")
        } else {
            heading.to_owned()
        };
        if let Some(spelled_out) = with_name(sentence.text, &name) {
            return Some(spelled_out);
        }
        let (first, rest) = sentence.text.split_once(' ')?;
        PARTICIPLE
            .is_match(sentence.text)
            .then(|| format!("{name} is {} {rest}", first.to_lowercase()))
    }

    /// The rows that a sentence before gave for the port of this one's heading.
    pub(super) fn rows(&self, sentence: &Sentence<'_>) -> Option<Range<usize>> {
        self.read.get(sentence.context.section.as_ref()?).cloned()
    }

    /// Keeps which rows the sentences below a heading gave that name its port.
    pub(super) fn note_rows(&mut self, sentence: &Sentence<'_>, rows: Range<usize>) {
        if let Some(section) = &sentence.context.section
            && !rows.is_empty()
        {
            self.open.remove(section);
            let known = self.read.entry(Arc::clone(section)).or_insert(rows.clone());
            known.end = rows.end;
        }
    }

    /// What a sentence says of the port in the heading above it, if it is the first that says so.
    pub(super) fn statement(&mut self, sentence: &Sentence<'_>) -> Option<Statement> {
        let section = sentence.context.section.as_ref()?;
        let (above, heading) = section.rsplit_once(" / ")?;
        if self.read.contains_key(section)
            || !heading.contains(|c: char| c.is_ascii_digit())
            || !is_about_ports(above)
        {
            return None;
        }
        let (ports, mut transports) = port(heading)?;
        let found = (!sentence.text.contains(|c: char| c.is_ascii_digit()))
            .then(|| words(sentence.text))
            .filter(|words| {
                names_port(words) && stance(words) == Stance::Wanted && sentence::states_port(words)
            });
        let Some(words) = found else {
            let ranges = ports.iter().flat_map(|group| group.ranges.iter().copied());
            self.open
                .entry(Arc::clone(section))
                .or_insert_with(|| (sentence.line, heading.to_owned(), ranges.collect()));
            return None;
        };
        if transports.is_empty() {
            transports = introduction::transports(&words);
        }
        let is_off = above.split(|c: char| !c.is_alphanumeric()).any(|word| {
            word.eq_ignore_ascii_case("disabled") || word.eq_ignore_ascii_case("optional")
        });
        Some(Statement {
            ports,
            transports,
            service: PURPOSE
                .captures(sentence.text)
                .and_then(|found| found.name("service"))
                .map(|service| fold(service.as_str()))
                .filter(|service| service.split(' ').count() <= MOST_SERVICE),
            required: is_off.then_some(false),
            is_asked: true,
            ..Statement::default()
        })
    }

    /// The headings below which nothing says what their port is for, and whose port is in no row.
    pub(super) fn unread(
        self,
        file: &Arc<str>,
        is_in_row: impl Fn(PortRange) -> bool,
    ) -> Vec<Problem> {
        self.open
            .into_values()
            .filter(|(_, _, ranges)| !ranges.iter().all(|range| is_in_row(*range)))
            .map(|(line, heading, _)| {
                let message =
                    "this heading is a number that may be a port, and is in no row; add a rule by hand if it is";
                Problem::new(file, line, Severity::Remark, heading, message).of(ProblemKind::Number)
            })
            .collect()
    }
}

/// A longer text is a description.
const MOST_SERVICE: usize = 8;

/// The port of a heading that is nothing else: `8086`, `8086/tcp`, `UDP 514`.
fn port(heading: &str) -> Option<(Vec<PortGroup>, Vec<Transport>)> {
    let heading = heading.trim_matches(|c: char| c == '`' || c.is_whitespace());
    let words = words(heading);
    let names_number = words
        .iter()
        .any(|word| word.kind == Kind::Number && 1 < word.text.len());
    let mut phrases = port_phrases(&words, Evidence::Item);
    let phrase = phrases
        .pop()
        .filter(|_| names_number && phrases.is_empty())?;
    (phrase.words == (0..words.len()) && !phrase.ports.is_empty())
        .then_some((phrase.ports, phrase.transports))
}
