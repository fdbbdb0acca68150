//! Every number of a page is accounted for: it is in a row, in a problem, or there is a reason why it is no port.
//!
//! This looks at the page's text by itself and knows none of the readers, so it also finds what a reader passed over.

use super::{no_port::NoPort, problem::Problem, row::Row};

/// Why a number is no port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reason {
    OutOfRange,
    /// `v2`, `x86`, `80xx`
    PartOfWord,
    /// `1.2`, `192.0.2.1`
    Dotted,
    Date,
    /// `version 2`, `RFC 6335`, `step 3`
    Numbered,
    /// `16 GB`, `3 nodes`, `50 %`
    Count,
    Year,
    Footnote,
    /// What stands behind the host in a URL, or a network's prefix: `10.0.0.0/24`.
    PartOfAddress,
    /// A number in front of a paragraph or of a list's item: `1.`, `(2)`.
    Ordinal,
}

impl Reason {
    /// What the number is instead, as a noun with its article.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::OutOfRange => "a number that no port has",
            Self::PartOfWord => "a part of a word",
            Self::Dotted => "a part of a version, an address or a decimal",
            Self::Date => "a part of a date",
            Self::Numbered => "the number of a version, a step or the like",
            Self::Count => "a count or a quantity",
            Self::Year => "a year",
            Self::Footnote => "the mark of a footnote",
            Self::PartOfAddress => "a part of an address",
            Self::Ordinal => "the number of an item",
        }
    }
}

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
                reason: reason(before, digits, behind),
            });
        }
        at = end;
    }
    numbers
}

/// The numbers of a text that may be ports and that neither the rows nor the problems made of it name.
pub(super) fn unaccounted<'a>(text: &'a str, rows: &[Row], problems: &[Problem]) -> Vec<&'a str> {
    let is_in_rows = |number: u16| {
        rows.iter().flat_map(|row| row.ranges()).any(|range| {
            // `< 1024` gives a range that ends before the number.
            let is_open = range.first() == 1 || range.last() == u16::MAX;
            range.contains(number)
                || is_open
                    && (range.last().checked_add(1) == Some(number)
                        || range.first().checked_sub(1) == Some(number))
        })
    };
    let is_in_problems = |digits: &str| {
        problems.iter().any(|problem| {
            [problem.text.as_str(), problem.message.as_str()]
                .into_iter()
                .flat_map(|text| text.split(|c: char| !c.is_ascii_digit()))
                .any(|part| part == digits)
        })
    };
    let mut left: Vec<&str> = numbers(text)
        .into_iter()
        .filter(|number| number.reason.is_none())
        .filter(|number| {
            !number.digits.parse().is_ok_and(is_in_rows) && !is_in_problems(number.digits)
        })
        .map(|number| number.digits)
        .collect();
    left.dedup();
    left
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

    /// What is left, with line, quotation and numbers, once all rows and problems are known. Both are sorted by line.
    pub(super) fn left(self, rows: &[Row], problems: &[Problem]) -> Vec<(usize, String, String)> {
        let mut left = Vec::new();
        for text in self.0 {
            let rows = on_line(rows, text.line, |row| row.line);
            let problems = on_line(problems, text.line, |problem| problem.line);
            let numbers: Vec<&str> = text
                .numbers
                .iter()
                .filter(|digits| !unaccounted(digits, rows, problems).is_empty())
                .map(AsRef::as_ref)
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

fn reason(before: &str, digits: &str, behind: &str) -> Option<Reason> {
    let last = before.chars().next_back();
    let next = behind.chars().next();
    let value: u32 = digits.parse().unwrap_or(u32::MAX);
    if value == 0 || u32::from(u16::MAX) < value || 1 < digits.len() && digits.starts_with('0') {
        return Some(Reason::OutOfRange);
    }
    let is_transport_behind = ["tcp", "udp", "sctp"].iter().any(|name| {
        behind
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    });
    let touches_word = last.is_some_and(|c| c.is_alphabetic() || c == '_')
        || next.is_some_and(|c| c.is_alphabetic() || c == '_') && !is_transport_behind;
    if touches_word {
        return Some(Reason::PartOfWord);
    }
    let digit_behind = |mark: char| {
        behind
            .strip_prefix(mark)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let digit_before = |mark: char| {
        before
            .strip_suffix(mark)
            .is_some_and(|rest| rest.ends_with(|c: char| c.is_ascii_digit()))
    };
    if digit_before('.') || digit_behind('.') {
        return Some(Reason::Dotted);
    }
    let is_date = |mark: char| {
        let parts = |text: &str, from_end: bool| -> usize {
            let is_part = |c: char| c.is_ascii_digit() || c == mark;
            let run: &str = if from_end {
                text.rfind(|c: char| !is_part(c)).map_or(text, |at| {
                    text.get(at + 1..)
                        .or_else(|| text.get(at..))
                        .unwrap_or_default()
                })
            } else {
                text.find(|c: char| !is_part(c))
                    .map_or(text, |at| text.get(..at).unwrap_or_default())
            };
            run.matches(mark).count()
        };
        parts(before, true) + parts(behind, false) == 2
            && (digit_before(mark) || digit_behind(mark))
    };
    if is_date('-')
        || is_date('/')
            && (digits.len() == 4 || digits.len() <= 2)
            && has_year(before, digits, behind)
    {
        return Some(Reason::Date);
    }
    // A network's prefix: `10.0.0.0/24`.
    if last == Some('/')
        && before
            .trim_end_matches('/')
            .rsplit(|c: char| c.is_whitespace())
            .next()
            .is_some_and(is_address)
    {
        return Some(Reason::PartOfAddress);
    }
    // The path of a URL.
    let word_before = before
        .rsplit(|c: char| c.is_whitespace() || matches!(c, '(' | '"' | '`'))
        .next()
        .unwrap_or_default();
    if let Some((_, rest)) = word_before.split_once("://")
        && rest.contains('/')
    {
        return Some(Reason::PartOfAddress);
    }
    if matches!(last, Some('[' | '^')) && next == Some(']')
        || last == Some('(') && next == Some(')') && digits.len() == 1
    {
        return Some(Reason::Footnote);
    }
    let word = before
        .trim_end()
        .rsplit(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_lowercase();
    if NUMBERED.contains(&word.as_str()) {
        return Some(Reason::Numbered);
    }
    let unit: String = behind
        .trim_start_matches([' ', '-', '\u{a0}'])
        .chars()
        .take_while(|c| c.is_alphabetic() || *c == '%')
        .collect::<String>()
        .to_lowercase();
    let separated = behind.starts_with([' ', '-', '\u{a0}', '%']);
    if separated && UNITS.contains(&unit.as_str()) {
        return Some(Reason::Count);
    }
    // "3 nodes": a small number before a plural counts.
    if separated
        && value < SMALL
        && unit.len() > 3
        && unit.ends_with('s')
        && !matches!(
            unit.as_str(),
            "https" | "this" | "always" | "does" | "ldaps" | "was"
        )
    {
        return Some(Reason::Count);
    }
    if before.trim().is_empty() && (behind.starts_with(". ") || behind.starts_with(") ")) {
        return Some(Reason::Ordinal);
    }
    if YEARS.contains(&value)
        && matches!(
            word.as_str(),
            "in" | "since"
                | "server"
                | "until"
                | "copyright"
                | "windows"
                | "c"
                | "january"
                | "february"
                | "march"
                | "april"
                | "may"
                | "june"
                | "july"
                | "august"
                | "september"
                | "october"
                | "november"
                | "december"
        )
    {
        return Some(Reason::Year);
    }
    None
}

fn has_year(before: &str, digits: &str, behind: &str) -> bool {
    digits.len() == 4
        || before
            .trim_end_matches('/')
            .rsplit(|c: char| !c.is_ascii_digit())
            .next()
            .is_some_and(|part| part.len() == 4)
        || behind
            .split(|c: char| !c.is_ascii_digit())
            .any(|part| part.len() == 4)
}

/// Whether a word is an IPv4 or IPv6 address.
fn is_address(word: &str) -> bool {
    word.parse::<std::net::IpAddr>().is_ok()
}

const SMALL: u32 = 100;
const YEARS: std::ops::RangeInclusive<u32> = 1990..=2049;
/// Words whose number is no port.
const NUMBERED: &[&str] = &[
    "version", "versions", "release", "rfc", "step", "steps", "chapter", "section", "table",
    "figure", "level", "layer", "note", "notes", "page", "phase", "tier", "stage", "appendix",
    "item", "option", "type", "code", "id", "issue", "build", "update", "sp", "part", "rev",
    "revision", "vlan", "vni", "asn", "uid", "gid", "pid", "priority", "weight", "mtu",
];
const UNITS: &[&str] = &[
    "gb", "mb", "kb", "tb", "gib", "mib", "kib", "tib", "ghz", "mhz", "cpu", "cpus", "vcpu",
    "vcpus", "core", "cores", "ms", "s", "sec", "second", "seconds", "min", "minute", "minutes",
    "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "%",
    "percent", "bit", "bits", "byte", "bytes", "mbps", "gbps", "kbps", "mbit", "gbit", "times",
    "x", "iops",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Reason, numbers, speaks_of_ports, unaccounted};

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
