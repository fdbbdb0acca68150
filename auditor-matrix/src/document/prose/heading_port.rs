//! A port that is a heading by itself, above what it is for: `8086`, then "The default port that runs the query service."

use std::{
    collections::{BTreeMap, BTreeSet},
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
        row::PortGroup,
        text::{fold, regex},
    },
    port::PortRange,
    transport::Transport,
};

static PURPOSE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)\b(?:runs|serves|hosts|used (?:by|for)|for) (?:the )?(?P<service>[^,;(]+?)\.?$")
});

/// The ports of headings, and which of them were read.
#[derive(Default)]
pub(super) struct HeadingPorts {
    read: BTreeSet<Arc<str>>,
    /// The first sentence below a heading that was not read yet: its line, the heading, its port.
    open: BTreeMap<Arc<str>, (usize, String, Vec<PortRange>)>,
}

impl HeadingPorts {
    /// What a sentence says of the port in the heading above it, if it is the first that says so.
    pub(super) fn statement(&mut self, sentence: &Sentence<'_>) -> Option<Statement> {
        let section = sentence.context.section.as_ref()?;
        let (above, heading) = section.rsplit_once(" / ")?;
        if self.read.contains(section)
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
        self.open.remove(section);
        self.read.insert(Arc::clone(section));
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
