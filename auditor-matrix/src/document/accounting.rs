//! Every number of a page is accounted for: it is in a row, in a problem, or there is a reason why it is no port.
//!
//! This looks at the page's text by itself and knows none of the readers, so it also finds what a reader passed over.

mod reason;

use std::collections::{HashMap, HashSet};

pub(super) use self::reason::{Reason, is_hardware, numbers_networks, reason as reason_of};
use super::{no_port::NoPort, problem::Problem, row::Row};
use crate::port::PortRange;

/// The numbers of a text that are no ports, with what they are.
pub(super) fn no_ports(line: usize, text: &str) -> impl Iterator<Item = NoPort> {
    numbers(text).into_iter().filter_map(move |number| {
        // A number that no port has could not be taken for one.
        let reason = number
            .reason
            .filter(|reason| *reason != Reason::OutOfRange)?;
        Some(NoPort {
            line,
            number: number.digits.to_owned(),
            reason: reason.noun(),
        })
    })
}

/// A number of a text that could be a port by its size.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Number<'a> {
    pub(super) digits: &'a str,
    pub(super) reason: Option<Reason>,
}

/// The numbers of a text, in order.
pub(super) fn numbers(text: &str) -> Vec<Number<'_>> {
    let mut numbers = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !byte.is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = bytes
            .get(at..)
            .and_then(|rest| rest.iter().position(|byte| !byte.is_ascii_digit()))
            .map_or(bytes.len(), |length| at + length);
        if let (Some(before), Some(digits), Some(behind)) =
            (text.get(..at), text.get(at..end), text.get(end..))
        {
            numbers.push(Number {
                digits,
                reason: reason_of(before, digits, behind),
            });
        }
        at = end;
    }
    numbers
}

/// The numbers of a text that may be ports and that neither the rows nor the problems made of it name.
pub(super) fn unaccounted<'a>(text: &'a str, rows: &[Row], problems: &[Problem]) -> Vec<&'a str> {
    let mut left: Vec<&str> = numbers(text)
        .into_iter()
        .filter(|number| number.reason.is_none())
        .map(|number| number.digits)
        .collect();
    let is_nothing_named = rows.is_empty() && problems.is_empty();
    // Most texts hold no number, and then nothing needs to be looked through.
    if !left.is_empty() && !is_nothing_named {
        let named = Named::by(rows, problems);
        left.retain(|digits| !named.has(digits));
    }
    left.dedup();
    left
}

/// The numbers that rows and problems name, gathered once: a line may have thousands of each.
struct Named<'a> {
    /// Sorted by their first port; none overlap.
    ranges: Vec<(u16, u16)>,
    /// Those that problems quote, as written.
    digits: HashSet<&'a str>,
}

impl<'a> Named<'a> {
    fn by(rows: &[Row], problems: &'a [Problem]) -> Self {
        let mut all: Vec<(u16, u16)> = rows
            .iter()
            .flat_map(|row| row.ranges())
            .map(|range| {
                let (first, last) = (range.first(), range.last());
                // `< 1024` gives a range that ends before the number.
                if first == 1 || last == u16::MAX {
                    (first.saturating_sub(1), last.saturating_add(1))
                } else {
                    (first, last)
                }
            })
            .collect();
        all.sort_unstable();
        let mut ranges: Vec<(u16, u16)> = Vec::new();
        for (first, last) in all {
            match ranges.last_mut() {
                Some((_, end)) if first <= *end => *end = last.max(*end),
                Some(_) | None => ranges.push((first, last)),
            }
        }
        let digits = problems
            .iter()
            .flat_map(|problem| [problem.text.as_str(), problem.message.as_str()])
            .flat_map(|text| text.split(|c: char| !c.is_ascii_digit()))
            .filter(|part| !part.is_empty())
            .collect();
        Self { ranges, digits }
    }

    fn has(&self, digits: &str) -> bool {
        let is_in_rows = |number: u16| {
            let after = self.ranges.partition_point(|(_, last)| *last < number);
            let next = self.ranges.get(after);
            next.is_some_and(|(first, _)| *first <= number)
        };
        self.digits.contains(digits) || digits.parse().is_ok_and(is_in_rows)
    }
}

/// The numbers of prose and code that may be ports, until all rows and problems of the page are known.
#[derive(Debug, Default)]
pub(super) struct OpenNumbers(Vec<OpenText>);

#[derive(Debug)]
struct OpenText {
    line: usize,
    /// The start of the text, to quote it.
    start: Box<str>,
    numbers: Box<[Box<str>]>,
}

/// So much of a text is quoted, in characters.
const QUOTED: usize = 100;

impl OpenNumbers {
    /// Notes the numbers of a text that speaks of ports.
    pub(super) fn add(&mut self, line: usize, text: &str) {
        let mut digits = unaccounted(text, &[], &[]);
        digits.sort_unstable();
        digits.dedup();
        if digits.is_empty() {
            return;
        }
        let mut start: String = text.chars().take(QUOTED).collect();
        if start.len() < text.len() {
            start.push('\u{2026}');
        }
        self.0.push(OpenText {
            line,
            start: start.into(),
            numbers: digits.into_iter().map(Into::into).collect(),
        });
    }

    /// Takes those away that rows of other lines have, each with the line that names it.
    pub(super) fn take(&mut self, named: &[(usize, PortRange)]) {
        let mut of_line: HashMap<usize, Vec<PortRange>> = HashMap::new();
        for (line, ports) in named {
            of_line.entry(*line).or_default().push(*ports);
        }
        for text in &mut self.0 {
            let Some(named) = of_line.get(&text.line) else {
                continue;
            };
            let is_named = |digits: &str| {
                let number = digits.parse();
                let has = |port: u16| {
                    let mut named = named.iter();
                    named.any(|ports| (ports.first()..=ports.last()).contains(&port))
                };
                number.is_ok_and(has)
            };
            let numbers = std::mem::take(&mut text.numbers).into_iter();
            text.numbers = numbers.filter(|digits| !is_named(digits)).collect();
        }
    }

    /// What is left, with line, quotation and numbers, once all rows and problems are known. Both are sorted by line.
    pub(super) fn left(self, rows: &[Row], problems: &[Problem]) -> Vec<(usize, String, String)> {
        let mut left = Vec::new();
        for text in self.0 {
            let rows = on_line(rows, text.line, |row| row.line);
            let problems = on_line(problems, text.line, |problem| problem.line);
            let named = Named::by(rows, problems);
            let numbers: Vec<&str> = text
                .numbers
                .iter()
                .map(AsRef::as_ref)
                .filter(|digits| !named.has(digits))
                .collect();
            if !numbers.is_empty() {
                left.push((text.line, text.start.to_string(), numbers.join(", ")));
            }
        }
        left
    }
}

fn on_line<T>(sorted: &[T], line: usize, of: impl Fn(&T) -> usize) -> &[T] {
    let first = sorted.partition_point(|one| of(one) < line);
    let end = sorted.partition_point(|one| of(one) <= line);
    sorted.get(first..end).unwrap_or_default()
}

/// Whether a text speaks of ports or transports, so that a number in it may be a port.
pub(super) fn speaks_of_ports(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let word = word.to_ascii_lowercase();
        matches!(
            word.as_str(),
            "port" | "ports" | "tcp" | "udp" | "sctp" | "dport" | "dports"
        ) || word.len() > 4
            && (word.ends_with("port") || word.ends_with("ports"))
            && !is_no_port_word(&word)
    })
}

/// Whether a number stands beside a word for ports or transports: "Relay port #8402", but not "Ports of 2024".
pub(super) fn numbers_a_port(text: &str) -> bool {
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| {
            !word.is_empty() && !matches!(word.to_ascii_lowercase().as_str(), "no" | "number")
        })
        .collect();
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    words.windows(2).any(|pair| {
        let [first, second] = pair else { return false };
        speaks_of_ports(first) && is_number(second) || is_number(first) && speaks_of_ports(second)
    })
}

fn is_no_port_word(word: &str) -> bool {
    matches!(
        word.strip_suffix('s').unwrap_or(word),
        "support"
            | "transport"
            | "report"
            | "import"
            | "export"
            | "passport"
            | "airport"
            | "teleport"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Reason, numbers, speaks_of_ports, unaccounted};

    #[test]
    fn what_rows_and_problems_name() {
        use super::Named;
        use crate::document::{Format, read};

        let page =
            "| Port | Protocol |\n|---|---|\n| 80-90, 85, 100 | TCP |\n| 7000 | maybe 12 |\n";
        let document = read("p.md", page, Format::Markdown);
        let named = Named::by(&document.rows, &document.problems);
        let names = ["79", "80", "90", "91", "100", "101", "12"].map(|digits| named.has(digits));
        assert_eq!(names, [false, true, true, false, true, false, true]);
    }

    #[test]
    fn reasons() {
        for (text, reasons) in [
            ("port 8443", &[None][..]),
            ("8443/tcp", &[None]),
            ("8443tcp", &[None]),
            ("version 2", &[Some(Reason::Numbered)]),
            ("TLS 1.2", &[Some(Reason::Dotted), Some(Reason::Dotted)]),
            ("16 GiB", &[Some(Reason::Count)]),
            ("3 nodes", &[Some(Reason::Count)]),
            ("5000 agents", &[None]),
            (
                "2024-05-01",
                &[
                    Some(Reason::Date),
                    Some(Reason::OutOfRange),
                    Some(Reason::OutOfRange),
                ],
            ),
            ("80-90", &[None, None]),
            ("IPv4", &[Some(Reason::PartOfWord)]),
            ("70000", &[Some(Reason::OutOfRange)]),
            ("[2]", &[Some(Reason::Footnote)]),
            (
                "10.0.0.0/24",
                &[
                    Some(Reason::Dotted),
                    Some(Reason::OutOfRange),
                    Some(Reason::OutOfRange),
                    Some(Reason::OutOfRange),
                    Some(Reason::PartOfAddress),
                ],
            ),
            (
                "10.1.1.1:8443",
                &[
                    Some(Reason::Dotted),
                    Some(Reason::Dotted),
                    Some(Reason::Dotted),
                    Some(Reason::Dotted),
                    None,
                ],
            ),
            ("https://x.example.com/a/80", &[Some(Reason::PartOfAddress)]),
            ("eu-west-1.example.com", &[Some(Reason::PartOfAddress)]),
            ("ports 80-81. Then", &[None, None]),
            ("https://x.example.com:8443/", &[None]),
        ] {
            let found: Vec<Option<Reason>> =
                numbers(text).iter().map(|number| number.reason).collect();
            assert_eq!(found, reasons, "{text}");
        }
    }

    #[test]
    fn what_speaks_of_ports() {
        assert!(speaks_of_ports("The NodePort is 30080") && speaks_of_ports("514/UDP"));
        assert!(!speaks_of_ports("We support 3 reports"));
        assert_eq!(unaccounted("ports 80, 443", &[], &[]), ["80", "443"]);
    }

    proptest! {
        #[test]
        fn any_text_has_numbers(text in ".*") {
            let _numbers = numbers(&text);
        }
    }
}
