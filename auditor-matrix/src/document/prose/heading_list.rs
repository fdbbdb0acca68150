//! Lists whose items are headings, each with its port in it and what it is for below: `Main Port #14580 (or any other)`.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    Prose, introduction,
    packed_sentences::Sentence,
    port_phrase::{Evidence, port_phrases},
    stance::{Stance, stance},
    statement::Statement,
    statement_row::Place,
    words::{Kind, words},
};
use crate::{
    document::{
        accounting,
        context::Context,
        interner::Interner,
        problem::Severity,
        row::Row,
        text::{fold, unbracket},
    },
    port::PortRange,
};

/// A heading that may be an item of such a list.
pub(super) struct PortHeading {
    line: usize,
    text: String,
    context: Arc<Context>,
}

impl Prose {
    /// Keeps a heading that numbers a port; `context` is that of its section.
    pub(in crate::document) fn add_heading(
        &mut self,
        line: usize,
        text: &str,
        context: &Arc<Context>,
    ) {
        if self.port_headings.len() < MOST_HEADINGS && may_number_a_port(text) {
            self.port_headings.push(PortHeading {
                line,
                text: text.to_owned(),
                context: Arc::clone(context),
            });
        }
    }

    /// The line of the heading right above a sentence, if it numbers a port.
    pub(super) fn line_of_heading(&self, sentence: &Sentence<'_>) -> Option<usize> {
        let mut above = self.port_headings.iter().rev();
        above
            .find(|heading| {
                heading.context.section == sentence.context.section && heading.line < sentence.line
            })
            .map(|heading| heading.line)
    }

    /// The rows of such headings, if there are several: one alone is about a port that the page lists elsewhere as often as not.
    /// `known` are the rows that the rest of the page gave.
    pub(super) fn rows_of_headings(
        &mut self,
        file: &Arc<str>,
        known: &[&[Row]],
        interner: &mut Interner,
    ) -> Vec<Row> {
        let headings = std::mem::take(&mut self.port_headings);
        let read: Vec<(&PortHeading, Statement)> = headings
            .iter()
            .filter_map(|heading| Some((heading, statement(&heading.text)?)))
            .collect();
        if read.len() < SEVERAL {
            return Vec::new();
        }
        let listed: BTreeSet<PortRange> = known
            .iter()
            .flat_map(|rows| rows.iter())
            .flat_map(|row| row.ranges())
            .collect();
        let is_known = |statement: &Statement| {
            let mut ranges = statement.ports.iter().flat_map(|group| &group.ranges);
            ranges.all(|range| listed.contains(range))
        };
        let mut rows = Vec::new();
        for (heading, statement) in read {
            if is_known(&statement) {
                continue;
            }
            let place = Place {
                file,
                line: heading.line,
                context: &heading.context,
                machine: None,
            };
            let message = "this heading was taken for an item of a list of ports, with what stands below it; check its rule";
            self.problems
                .push(place.problem(Severity::Remark, &heading.text, message));
            let mut row = place.row(&heading.text, statement);
            interner.intern(&mut row);
            rows.push(row);
        }
        rows
    }
}

/// Fewer are no list.
const SEVERAL: usize = 2;

/// More headings of ports has no page that a person reads.
const MOST_HEADINGS: usize = 1000;

/// A longer heading is a sentence.
const MOST_WORDS: usize = 14;

fn may_number_a_port(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        && text.split(' ').count() <= MOST_WORDS
        && (accounting::numbers_a_port(text) || accounting::speaks_of_ports(text))
}

/// What a heading says that names one port and what it is.
fn statement(heading: &str) -> Option<Statement> {
    // A number behind its sign, in a heading that speaks of ports.
    let numbered = heading.replace(" #", " port ");
    // "Main Port 80 [New in 2.1]", "UDP Port 81 or defined by the operator"
    let (outside, _) = unbracket(&numbered.replace('[', "(").replace(']', ")"));
    let outside = outside.split(" or ").next().unwrap_or_default();
    let words = words(outside);
    let mut phrases = port_phrases(&words, Evidence::Stated);
    phrases.retain(|phrase| !phrase.ports.is_empty());
    let phrase = phrases.pop().filter(|_| phrases.is_empty())?;
    if stance(&words) != Stance::Wanted {
        return None;
    }
    let text = |range: std::ops::Range<usize>| {
        let words = words.get(range)?;
        let (first, last) = (words.first()?, words.last()?);
        let text = outside.get(first.start..last.end)?;
        Some(fold(text.trim_matches(|c: char| {
            c.is_whitespace() || ":-\u{2013}\u{2014}*,.".contains(c)
        })))
        .filter(|text| text.contains(char::is_alphabetic))
    };
    // What is no name and no purpose beside the number: "Table 1: port 80 in 2024".
    let has_other_number = words
        .iter()
        .enumerate()
        .any(|(at, word)| word.kind == Kind::Number && !phrase.words.contains(&at));
    if has_other_number {
        return None;
    }
    let service = text(0..phrase.words.start).or_else(|| text(phrase.words.end..words.len()));
    Some(Statement {
        ports: phrase.ports,
        transports: if phrase.transports.is_empty() {
            introduction::transports(&words)
        } else {
            phrase.transports
        },
        service: Some(service?),
        is_asked: true,
        ..Statement::default()
    })
}

#[cfg(test)]
mod tests {
    use super::statement;

    #[test]
    fn headings_that_are_items() {
        let check = |heading: &str, expected: &str| {
            let found = statement(heading).map_or("-".to_owned(), |found| {
                let ports: Vec<String> = found
                    .ports
                    .iter()
                    .flat_map(|group| &group.ranges)
                    .map(ToString::to_string)
                    .collect();
                let transports: Vec<&str> = found.transports.iter().map(|one| one.name()).collect();
                let service = found.service.unwrap_or_default();
                format!("{service} {}{}", transports.join("/"), ports.join(","))
            });
            assert_eq!(found, expected, "{heading}");
        };
        check("Main Port #14580 (or any other)**", "Main Port 14580");
        check("Main Port-NH #14581", "Main Port-NH 14581");
        check("Till port 7001 [New in 2.1]", "Till 7001");
        check(
            "UDP Port #1315 or defined by the operator",
            "UDP Port udp1315",
        );
        check("Port 7002: the store", "the store 7002");
        check("TCP 7003 - Ledger", "Ledger tcp7003");
        check("Ledger (7003/udp)", "-");
        check("Port 7001 is no longer used", "-");
        check("Ports", "-");
        check("Port 80", "-");
    }
}
