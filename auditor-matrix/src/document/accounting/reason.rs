//! Why a number that stands in a text is no port.

/// Why a number is no port.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::document) enum Reason {
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
    pub(in crate::document) const fn noun(self) -> &'static str {
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

/// The reason why a number is none, from what stands before and behind it.
pub(in crate::document) fn reason(before: &str, digits: &str, behind: &str) -> Option<Reason> {
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
    // `us-west-1.example.com`: between a hyphen behind a word and a full stop before one.
    let word_behind = |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_in_host = before
        .strip_suffix('-')
        .is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphabetic()))
        && behind.strip_prefix('.').is_some_and(word_behind);
    if is_in_host {
        return Some(Reason::PartOfAddress);
    }
    if matches!(last, Some('[' | '^')) && next == Some(']')
        || last == Some('(') && next == Some(')') && digits.len() == 1
    {
        return Some(Reason::Footnote);
    }
    // `-1` says that there is none; behind another number it is the end of a range.
    let above_zero = before.strip_suffix(['-', '\u{2212}']);
    let is_below_zero = above_zero.is_some_and(|before| {
        let is_open = before.ends_with(|c: char| c.is_whitespace() || "=:`'\"(".contains(c));
        let follows_number = before.trim_end().ends_with(|c: char| c.is_ascii_digit());
        value == 1 && is_open && !before.trim().is_empty() && !follows_number
    });
    if is_below_zero {
        return Some(Reason::OutOfRange);
    }
    let mut words_before = before
        .trim_end()
        .rsplit(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase);
    let word = words_before.next().unwrap_or_default();
    let is_network = numbers_networks(&word)
        || word.is_empty()
            && before.trim_end().ends_with('(')
            && words_before
                .clone()
                .find(|word| !word.is_empty())
                .is_some_and(|word| numbers_networks(&word));
    let is_of_hardware = matches!(word.as_str(), "port" | "ports")
        && words_before.next().is_some_and(|word| is_hardware(&word));
    if NUMBERED.contains(&word.as_str()) || is_network || is_of_hardware {
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
    if separated && is_rate(behind) {
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

/// Whether a number counts what happens in a time, or at each of several: `10 messages a minute`, `500 sessions per node`.
fn is_rate(behind: &str) -> bool {
    let words: Vec<&str> = behind
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(RATE_WORDS)
        .collect();
    let counted = words.iter().position(|word| {
        matches!(
            word.to_lowercase().as_str(),
            "a" | "an" | "per" | "every" | "each"
        )
    });
    counted.is_some_and(|at| {
        let of = words.get(at + 1).map(|word| word.to_lowercase());
        let is_plural = at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|word| word.ends_with('s'));
        let is_each = words.get(at).is_some_and(|word| *word == "per");
        is_plural
            && of.is_some_and(|of| {
                is_each
                    || matches!(
                        of.as_str(),
                        "second" | "minute" | "hour" | "day" | "week" | "month" | "year" | "time"
                    )
            })
    })
}

/// What is counted, and in which time, takes no more words.
const RATE_WORDS: usize = 5;

/// Whether the numbers behind a word number networks of the layer below.
pub(in crate::document) fn numbers_networks(word: &str) -> bool {
    matches!(word, "vlan" | "vlans" | "vni" | "vnis" | "pvid")
}

/// Whether a word before `port` says that it is a socket of hardware.
pub(in crate::document) fn is_hardware(word: &str) -> bool {
    matches!(
        word,
        "ethernet"
            | "usb"
            | "serial"
            | "com"
            | "parallel"
            | "switch"
            | "sfp"
            | "qsfp"
            | "uplink"
            | "downlink"
            | "nic"
            | "lan"
            | "wan"
            | "fibre"
            | "fiber"
            | "sas"
            | "hdmi"
            | "physical"
    )
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
    "revision", "vni", "asn", "uid", "gid", "pid", "priority", "weight", "mtu",
];
const UNITS: &[&str] = &[
    "gb", "mb", "kb", "tb", "gib", "mib", "kib", "tib", "ghz", "mhz", "cpu", "cpus", "vcpu",
    "vcpus", "core", "cores", "ms", "s", "sec", "second", "seconds", "min", "minute", "minutes",
    "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "%",
    "percent", "bit", "bits", "byte", "bytes", "mbps", "gbps", "kbps", "mbit", "gbit", "times",
    "x", "iops",
];
