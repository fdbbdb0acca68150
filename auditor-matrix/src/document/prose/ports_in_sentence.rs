//! Finds the ports that a sentence names: `TCP ports 80, 443, and 8080 (for the API)`, `9200/tcp`, `UDP and TCP on port 53`.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    document::{cell, ports, row::PortGroup, text::regex},
    transport::Transport,
};

/// Ports of the same transports.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct SentencePorts {
    pub(super) ports: Vec<PortGroup>,
    /// Empty if the sentence names none.
    pub(super) transports: Vec<Transport>,
}

/// The start of a list of ports: after the word `port`, or beside a transport.
static START: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)(?:(?P<before>\b(?:tcp|udp|sctp)(?:\s*(?:/|,|\band\b|\bor\b|&)\s*(?:tcp|udp|sctp))*)\s+(?:(?:traffic|connections?)\s+)?(?:on\s+|over\s+|via\s+)?)?\bports?(?:\s+(?:is\s+|are\s+)?|\s*:\s*)(?:numbers?\s+|ranges?\s+)?\(?(?P<list>\d)|\b(?P<transport>(?:tcp|udp|sctp)(?:\s*(?:/|,|\band\b|\bor\b|&)\s*(?:tcp|udp|sctp))*)\s*[/:]?\s*(?P<number>\d{2,5}\b)|\b(?P<slash>\d{1,5}(?:\s*[-\u{2010}-\u{2015}]\s*\d{1,5})?)\s*/\s*(?:tcp|udp|sctp)\b|\bports?\b[^.;()\d]{0,30}\((?P<inside>\d{2,5})(?:\s*[-\u{2010}-\u{2015},)])",
    )
});
/// A number or range, with its transport if that is beside it.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?P<range>\d{1,5}(?:\s*(?:[-\u{2010}-\u{2015}]|to|through)\s*\d{1,5})?)\b(?:\s*/\s*(?P<slash>tcp|udp|sctp)\b|\s*\((?P<bracket>(?:tcp|udp|sctp)(?:\s*(?:/|,|and|or|&)\s*(?:tcp|udp|sctp))*)\)|\s+(?P<after>tcp|udp)\b(?:\s*(?:and|/|or)\s*(?P<more>tcp|udp)\b)?)?",
    )
});
/// The text between two ports of a list.
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:\s*\([^()]{0,80}\))?(?:\s+for\s+(?:the\s+)?[\w-]+(?:\s[\w-]+)?)?\s*(?P<joint>,?\s*\b(?:and|or)\b|[,/&])\s*(?:on\s+)?(?:ports?\s+)?",
    )
});
static FOR_TRANSPORT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^\s+(?:for|over|using|via)\s+(tcp|udp)\b"));

/// All ports that a sentence names, those of the same transports together.
pub(super) fn ports_in(sentence: &str) -> Vec<SentencePorts> {
    let mut named: Vec<SentencePorts> = Vec::new();
    let mut at = 0;
    while let Some(found) = START.captures_at(sentence, at) {
        let Some(whole) = found.get(0) else { break };
        let start = ["list", "number", "slash", "inside"]
            .iter()
            .find_map(|name| found.name(name))
            .map_or(whole.end(), |list| list.start());
        let lead = found.name("before").or_else(|| found.name("transport"));
        let lead = lead
            .map(|lead| transports(lead.as_str()))
            .unwrap_or_default();
        at = list(sentence, start, &lead, &mut named).max(whole.end());
    }
    named
}

/// Reads the list of ports at the byte offset `start`; returns the offset of its end.
fn list(sentence: &str, start: usize, lead: &[Transport], all: &mut Vec<SentencePorts>) -> usize {
    let mut at = start;
    let mut is_or = false;
    let rest = |at: usize| sentence.get(at..).unwrap_or_default();
    loop {
        let Some(found) = NUMBER.captures(rest(at)) else {
            return at;
        };
        let length = found.get(0).map_or(0, |whole| whole.end());
        let end = at + length;
        let is_first = at == start;
        if !is_first && is_quantity(rest(end)) {
            return at;
        }
        let beside: Vec<Transport> = ["slash", "bracket", "after", "more"]
            .iter()
            .filter_map(|name| found.name(name))
            .flat_map(|name| transports(name.as_str()))
            .collect();
        let named = if beside.is_empty() && lead.is_empty() {
            FOR_TRANSPORT
                .captures(rest(end))
                .and_then(|found| found.get(1))
                .map(|name| transports(name.as_str()))
                .unwrap_or_default()
        } else if beside.is_empty() {
            lead.to_vec()
        } else {
            beside
        };
        let range = found.name("range").map_or("", |range| range.as_str());
        add(all, ports::ports(range).groups, named, is_or);
        at = end;
        let Some(between) = BETWEEN.captures(rest(at)) else {
            return at;
        };
        let Some(whole) = between.get(0) else {
            return at;
        };
        is_or = between
            .name("joint")
            .is_some_and(|joint| joint.as_str().to_lowercase().ends_with("or"));
        let next = at + whole.end();
        if !rest(next).starts_with(|c: char| c.is_ascii_digit()) {
            return at;
        }
        at = next;
    }
}

/// Whether the words after a number say what it counts: "and 30 servers", "and 64 GB".
fn is_quantity(behind: &str) -> bool {
    if behind.starts_with('%') {
        return true;
    }
    let word: String = behind
        .strip_prefix(' ')
        .unwrap_or_default()
        .chars()
        .take_while(|c| c.is_alphabetic())
        .collect::<String>()
        .to_lowercase();
    let is_verb = matches!(
        word.as_str(),
        "is" | "as" | "was" | "has" | "does" | "needs" | "its" | "this" | "ports" | "https"
    );
    word.ends_with('s') && !is_verb
        || matches!(
            word.as_str(),
            "gb" | "mb" | "kb" | "gib" | "mib" | "cpu" | "ghz" | "percent" | "other" | "more"
        )
}

/// Adds ports to those of the same transports; with `is_or` they are alternatives to the ports before them.
fn add(
    all: &mut Vec<SentencePorts>,
    groups: Vec<PortGroup>,
    mut named: Vec<Transport>,
    is_or: bool,
) {
    named.sort_unstable();
    named.dedup();
    if groups.is_empty() {
        return;
    }
    let known = all.iter().position(|known| known.transports == named);
    let index = known.unwrap_or_else(|| {
        all.push(SentencePorts {
            ports: Vec::new(),
            transports: named,
        });
        all.len() - 1
    });
    let Some(same) = all.get_mut(index) else {
        return;
    };
    for group in groups {
        match same.ports.last_mut() {
            Some(last) if is_or && (last.alternatives || last.ranges.len() == 1) => {
                last.ranges.extend(group.ranges);
                last.alternatives = true;
            }
            Some(last) if !is_or && !last.alternatives => {
                for range in group.ranges {
                    if !last.ranges.contains(&range) {
                        last.ranges.push(range);
                    }
                }
            }
            Some(_) | None => same.ports.push(group),
        }
    }
}

fn transports(text: &str) -> Vec<Transport> {
    cell::transports(text)
        .map(|named| named.transports)
        .unwrap_or_default()
}

/// Whether a sentence about ports names a number that `read` does not hold.
pub(super) fn names_unread_number(sentence: &str, read: &[SentencePorts]) -> bool {
    static WORD: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(?:ports?|tcp|udp)\b"));
    static NUMBERS: LazyLock<Regex> = LazyLock::new(|| regex(r"[\d.,]*\d"));
    let is_read = |number: u16| {
        read.iter()
            .flat_map(|same| &same.ports)
            .flat_map(|group| &group.ranges)
            .any(|range| range.contains(number))
    };
    // Versions, addresses and years are no ports.
    let is_port = |text: &str| {
        text.parse::<u16>()
            .is_ok_and(|number| 20 < number && !(1990..2100).contains(&number) && !is_read(number))
    };
    WORD.is_match(sentence)
        && NUMBERS
            .find_iter(sentence)
            .any(|number| is_port(number.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{names_unread_number, ports_in};

    #[test]
    fn sentences() {
        check(
            "Open ports 8140, 8081, 61613, and 443.",
            "8140,8081,61613,443",
        );
        check(
            "Agents send requests on ports 8140 (for runs) and 61613 (for orders).",
            "8140,61613",
        );
        check(
            "It uses port 8150 for HTTP and 8151 for HTTPS.",
            "8150,8151",
        );
        check("Run port 80 and 2 servers.", "80");
        check(
            "Allow UDP and TCP on port 53 to the resolver, and TCP ports 80 and 443 for the web.",
            "53 tcp udp; 80,443 tcp",
        );
        check("The page needs that port 30080/TCP is open.", "30080 tcp");
        check(
            "Traffic on the balancer ports (30000-32767).",
            "30000-32767",
        );
        check("Open port 22 for TCP connections.", "22 tcp");
        check("Port 25 or 587 is enough.", "25|587");
        check(
            "The store listens on 9200/tcp and 9300/tcp.",
            "9200,9300 tcp",
        );
        check(
            "Permit TCP 6783 and UDP 6783/6784.",
            "6783 tcp; 6783,6784 udp",
        );
        check("The gateway [TCP 80, 443]", "80,443 tcp");
        check("The default listen port is 7777.", "7777");
        check("Default port: 6362", "6362");
        check("It ships 443 parts.", "");
    }

    #[test]
    fn numbers_that_are_left() {
        let more = |sentence: &str| names_unread_number(sentence, &ports_in(sentence));
        assert!(more("Open port 80 as well as 443 on it."));
        assert!(!more(
            "Open ports 80 and 443 since 4.5.1 on 10.0.0.1, from 2024 on."
        ));
        assert!(!more("It has 443 parts."));
    }

    #[track_caller]
    fn check(sentence: &str, expected: &str) {
        let texts: Vec<String> = ports_in(sentence)
            .iter()
            .map(|same| {
                let ports: Vec<String> = same
                    .ports
                    .iter()
                    .map(|group| {
                        let ranges: Vec<String> =
                            group.ranges.iter().map(ToString::to_string).collect();
                        ranges.join(if group.alternatives { "|" } else { "," })
                    })
                    .collect();
                let transports: Vec<&str> = same.transports.iter().map(|one| one.name()).collect();
                format!("{} {}", ports.join(","), transports.join(" "))
                    .trim()
                    .to_owned()
            })
            .collect();
        assert_eq!(texts.join("; "), expected, "{sentence}");
    }
}
