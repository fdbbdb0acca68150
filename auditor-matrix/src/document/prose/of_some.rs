//! What a remark says of some of the ports that it stands beside, and not of the others: `443, 8443` with `Port 8443 is only needed
//! when TLS is used`.

use std::ops::Range;

use super::words::{Kind, Word, words};
use crate::{
    document::{row::PortGroup, text::sentences},
    port::{PortRange, PortSet},
};

/// Some of the ports that a remark stands beside, with what it says of them. Where it names them, `this port` stands instead.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::document) struct Part {
    pub(in crate::document) ports: PortSet,
    pub(in crate::document) remark: String,
}

/// A remark by the ports that it speaks of.
#[derive(Debug, Default, Eq, PartialEq)]
pub(in crate::document) struct Parted {
    /// Each port is in one of them; at least one.
    pub(in crate::document) parts: Vec<Part>,
    /// Sentences that say something of several of the ports, and not what of which.
    pub(in crate::document) unclear: Vec<String>,
}

/// Parts a remark on the ports `own` where it names some of them and `says` something of them; `None` where it says the same of them
/// all.
pub(in crate::document) fn parted(
    remark: &str,
    own: &PortSet,
    says: impl Fn(&str) -> bool,
) -> Option<Parted> {
    let mut of_all: Vec<String> = Vec::new();
    let mut of_some: Vec<(PortSet, String)> = Vec::new();
    let mut parted = Parted::default();
    let mut is_new = false;
    let mut told: Vec<(Option<PortSet>, String)> = Vec::new();
    for sentence in sentences(remark) {
        let words = words(sentence);
        let clauses = mentions(&words, own)
            .map(|mentions| clauses(sentence, &words, &mentions))
            .unwrap_or_default();
        let of_one = match clauses.as_slice() {
            [only] => only.ports.clone(),
            _ => None,
        };
        let said: Vec<Clause> = clauses
            .into_iter()
            .filter(|clause| says(&clause.text))
            .collect();
        if said.is_empty() {
            told.push((of_one, sentence.to_owned()));
            continue;
        }
        is_new = true;
        for clause in said {
            match clause.ports {
                Some(ports) => told.push((Some(ports), clause.text)),
                None => parted.unclear.push(sentence.to_owned()),
            }
        }
    }
    if !is_new {
        return None;
    }
    for (ports, text) in told {
        match ports.filter(|ports| !own.minus(ports).is_empty()) {
            Some(ports) => of_some.push((ports, text)),
            None => of_all.push(text),
        }
    }
    parted.parts.push(Part {
        ports: own.clone(),
        remark: of_all.join(" "),
    });
    for (ports, text) in of_some {
        parted.parts = parted
            .parts
            .into_iter()
            .flat_map(|part| split(part, &ports, &text))
            .collect();
    }
    Some(parted)
}

/// The ports of groups that are in a set, as groups.
pub(in crate::document) fn within(groups: &[PortGroup], ports: &PortSet) -> Vec<PortGroup> {
    let inside = |range: &PortRange| {
        let whole: PortSet = [*range].into_iter().collect();
        let outside = whole.minus(ports);
        whole.minus(&outside).ranges().to_vec()
    };
    groups
        .iter()
        .map(|group| PortGroup {
            ranges: group.ranges.iter().flat_map(inside).collect(),
            alternatives: group.alternatives,
        })
        .filter(|group| !group.ranges.is_empty())
        .map(|group| PortGroup {
            alternatives: group.alternatives && 1 < group.ranges.len(),
            ..group
        })
        .collect()
}

fn split(part: Part, ports: &PortSet, text: &str) -> Vec<Part> {
    let others = part.ports.minus(ports);
    let named = part.ports.minus(&others);
    if named.is_empty() {
        return vec![part];
    }
    let remark = [part.remark.as_str(), text]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let of_named = Part {
        ports: named,
        remark,
    };
    if others.is_empty() {
        return vec![of_named];
    }
    vec![
        Part {
            ports: others,
            ..part
        },
        of_named,
    ]
}

/// Where a sentence names ports.
struct Mention {
    words: Range<usize>,
    ports: PortSet,
}

/// Where a sentence names ports of a set; `None` where it names others, too.
fn mentions(words: &[Word<'_>], own: &PortSet) -> Option<Vec<Mention>> {
    let mut mentions = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let is_lead = |at: &usize| {
            words.get(*at).is_some_and(|word| {
                word.is_any(&["port", "ports", "number", "numbers", "tcp", "udp"])
            })
        };
        let number = (at..words.len())
            .find(|at| !is_lead(at))
            .unwrap_or(words.len());
        let has_lead = (at..number).any(|at| {
            words
                .get(at)
                .is_some_and(|word| word.is_any(&["port", "ports"]))
        });
        let Some((ports, end)) = numbers(words, number) else {
            at = number.max(at + 1);
            continue;
        };
        let is_own = ports.minus(own).is_empty();
        if has_lead && !is_own {
            return None;
        }
        // In a wide range a year or a count is found as well.
        let is_listed = || {
            own.ranges().iter().any(|range| {
                usize::from(range.last() - range.first()) < MOST_IN_RANGE
                    && ports.ranges().iter().all(|port| {
                        range.contains(port.first()) && range.contains(port.last())
                            || !range.contains(port.first())
                    })
                    && ports
                        .ranges()
                        .iter()
                        .any(|port| range.contains(port.first()))
            })
        };
        let is_named = has_lead || is_listed() && stands_as_port(words, at..end);
        if is_own && is_named {
            mentions.push(Mention {
                words: at..end,
                ports,
            });
        }
        at = end;
    }
    Some(mentions)
}

/// A number within a longer range stands for a port only where it is called one.
const MOST_IN_RANGE: usize = 64;

/// The numbers of a list, such as `135, 445 and 49152-65535`, and where it ends.
fn numbers(words: &[Word<'_>], start: usize) -> Option<(PortSet, usize)> {
    let port = |at: usize| {
        let word = words.get(at).filter(|word| word.kind == Kind::Number)?;
        word.text.parse::<u16>().ok().filter(|port| *port != 0)
    };
    let (mut ranges, mut end) = (Vec::new(), start);
    loop {
        let first = port(end)?;
        let joins = words
            .get(end + 1)
            .is_some_and(|word| word.kind == Kind::Dash || word.is("to"));
        let last = port(end + 2).filter(|last| joins && first <= *last);
        ranges.push(PortRange::new(first, last.unwrap_or(first)).ok()?);
        end += if last.is_some() { 3 } else { 1 };
        // `443/tcp`
        let is_transport = words.get(end).is_some_and(|word| word.kind == Kind::Slash)
            && words
                .get(end + 1)
                .is_some_and(|word| word.is_any(&["tcp", "udp"]));
        if is_transport {
            end += 2;
        }
        let next = end
            + words
                .iter()
                .skip(end)
                .take_while(|word| {
                    matches!(word.kind, Kind::Comma | Kind::Slash)
                        || word.is_any(&["and", "or", "&", "port", "ports"])
                })
                .count();
        // `443: on, 80: off` goes on with another statement.
        let is_list = end < next
            && port(next).is_some()
            && !words
                .get(next + 1)
                .is_some_and(|word| word.is_mark() && !is_joint(word))
            && !is_told(words.get(end), words.get(next + 1));
        if !is_list {
            return Some((ranges.into_iter().collect(), end));
        }
        end = next;
    }
}

/// Whether a mark may stand within a list of numbers.
fn is_joint(mark: &Word<'_>) -> bool {
    matches!(
        mark.kind,
        Kind::Comma | Kind::Slash | Kind::Dash | Kind::Stop | Kind::Close
    ) || matches!(mark.text, "&")
}

/// Whether behind a comma a number is told something of by itself: `22, 443 if TLS is used`.
fn is_told(joint: Option<&Word<'_>>, next: Option<&Word<'_>>) -> bool {
    joint.is_some_and(|joint| joint.kind == Kind::Comma)
        && next.is_some_and(|next| next.is_any(&["if", "when", "unless", "only", "for"]))
}

/// Whether numbers without a word for them stand where ports do: at the start of a clause, and what follows tells of them.
fn stands_as_port(words: &[Word<'_>], number: Range<usize>) -> bool {
    let begins = number
        .start
        .checked_sub(1)
        .and_then(|before| words.get(before))
        .is_none_or(|before| {
            matches!(
                before.kind,
                Kind::Comma | Kind::Semicolon | Kind::Stop | Kind::Open
            ) || before.is_any(&[
                "otherwise",
                "else",
                "while",
                "whereas",
                "and",
                "but",
                "only",
                "open",
                "close",
                "block",
                "deny",
                "disable",
                "expose",
            ])
        });
    let is_followed = words.get(number.end).is_none_or(|next| {
        next.is_mark()
            || next.is_any(&[
                "is", "are", "for", "if", "when", "only", "must", "should", "can", "may", "needs",
                "need", "optional", "required", "unless", "with", "will", "has", "have",
            ])
    });
    begins && is_followed
}

/// A part of a sentence that speaks of some ports.
struct Clause {
    /// `None` if it speaks of several by themselves.
    ports: Option<PortSet>,
    text: String,
}

/// The parts of a sentence, each with the ports that it names.
fn clauses(sentence: &str, words: &[Word<'_>], mentions: &[Mention]) -> Vec<Clause> {
    let mut starts = Vec::new();
    for (index, mention) in mentions.iter().enumerate() {
        let before = words.get(..mention.words.start).unwrap_or_default();
        let n_joints = before
            .iter()
            .rev()
            .take_while(|word| {
                matches!(word.kind, Kind::Comma | Kind::Semicolon)
                    || word.is_any(&["otherwise", "else", "while", "whereas", "and", "but"])
            })
            .count();
        if index == 0 {
            starts.push(0);
        } else if 0 < n_joints {
            starts.push(mention.words.start - n_joints);
        }
    }
    let mut clauses: Vec<Clause> = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(words.len());
        let named: Vec<&Mention> = mentions
            .iter()
            .filter(|mention| (*start..end).contains(&mention.words.start))
            .collect();
        let is_otherwise = (*start..end)
            .take(MOST_JOINTS)
            .filter_map(|at| words.get(at))
            .any(|word| word.is_any(&["otherwise", "else"]));
        let text = match clauses.last() {
            Some(before) if is_otherwise => unless(&before.text),
            _ => with_pronoun(sentence, words, *start..end, &named),
        };
        // "Not needed if port 443 is used" is of another port than the one that it names.
        let ports = match named.as_slice() {
            [one] if is_otherwise || !is_within_condition(words, *start, one.words.start) => {
                Some(one.ports.clone())
            }
            _ => None,
        };
        clauses.push(Clause { ports, text });
    }
    clauses
}

/// Whether what stands at a place is a part of a condition: behind an `if`, and no comma between.
fn is_within_condition(words: &[Word<'_>], start: usize, at: usize) -> bool {
    let before = words.get(start..at).unwrap_or_default();
    before
        .iter()
        .rev()
        .take_while(|word| !matches!(word.kind, Kind::Comma | Kind::Open | Kind::Colon))
        .any(|word| word.is_any(&["if", "when", "unless", "until", "while", "where"]))
}

/// So many words stand before a number that begins a clause: `, otherwise port`.
const MOST_JOINTS: usize = 3;

/// What holds otherwise: `this port if TLS is used` does not.
fn unless(clause: &str) -> String {
    let lower = clause.to_ascii_lowercase();
    [" if ", " when "]
        .iter()
        .filter_map(|word| Some((lower.find(word)?, word.len())))
        .min()
        .and_then(|(at, length)| clause.get(at + length..))
        .map_or_else(String::new, |condition| format!("Unless {condition}"))
}

/// A clause in which `this port` stands for the ports that it names. What only announces what is said of them, as in `443: optional`,
/// and brackets that hold nothing else are left out.
fn with_pronoun(
    sentence: &str,
    words: &[Word<'_>],
    clause: Range<usize>,
    mentions: &[&Mention],
) -> String {
    let is_joint = |at: &usize| {
        words.get(*at).is_some_and(|word| {
            matches!(word.kind, Kind::Comma | Kind::Semicolon)
                || word.is_any(&["while", "whereas", "and", "but"])
        })
    };
    let first = clause
        .clone()
        .find(|at| !is_joint(at))
        .unwrap_or(clause.start);
    let byte = |at: usize| words.get(at).map_or(sentence.len(), |word| word.start);
    let (mut text, mut from) = (String::new(), byte(first));
    for mention in mentions {
        let Range { start, end } = mention.words;
        let opens = start
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .filter(|before| before.kind == Kind::Open);
        let next = words.get(end);
        let is_bracket = opens.is_some() && next.is_some_and(|next| next.kind == Kind::Close);
        let announces = start == first
            && next.is_some_and(|next| matches!(next.kind, Kind::Colon | Kind::Dash));
        let (until, behind, pronoun) = if is_bracket {
            (byte(start - 1), byte(end + 1), "")
        } else if announces {
            (byte(start), byte(end + 1), "")
        } else if mention.ports.len() == 1 {
            (byte(start), byte(end), "this port ")
        } else {
            (byte(start), byte(end), "these ports ")
        };
        text.push_str(sentence.get(from..until).unwrap_or_default());
        text.push_str(pronoun);
        from = behind;
    }
    text.push_str(sentence.get(from..byte(clause.end)).unwrap_or_default());
    let text = text.trim().trim_end_matches([',', ';']).trim_end();
    balanced(text)
}

/// A clause without the bracket that it opens or closes alone.
fn balanced(text: &str) -> String {
    let (n_open, n_close) = (text.matches('(').count(), text.matches(')').count());
    let one = |bracket: &str| text.replacen(bracket, "", 1);
    match n_open.cmp(&n_close) {
        std::cmp::Ordering::Less => one(")"),
        std::cmp::Ordering::Equal => text.to_owned(),
        std::cmp::Ordering::Greater => one("("),
    }
}

#[cfg(test)]
mod tests {
    use super::parted;
    use crate::port::PortSet;

    #[track_caller]
    fn check(remark: &str, own: &str, expected: &[(&str, &str)]) {
        let own = PortSet::parse(own).unwrap();
        let says = |text: &str| {
            ["only", "if", "optional", "not", "unless", "must"]
                .iter()
                .any(|word| text.to_lowercase().contains(word))
        };
        let found: Vec<(String, String)> =
            parted(remark, &own, says).map_or_else(Vec::new, |parted| {
                let parts = parted.parts.into_iter();
                let parts = parts.map(|part| (part.ports.to_string(), part.remark));
                let unclear = parted.unclear.into_iter();
                parts
                    .chain(unclear.map(|text| ("?".to_owned(), text)))
                    .collect()
            });
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|(ports, remark)| (ports.as_str(), remark.as_str()))
            .collect();
        assert_eq!(found, expected, "{remark}");
    }

    #[test]
    fn what_is_said_of_some_ports_holds_for_them() {
        check(
            "Port 80 is only needed if TLS is off.",
            "80,443",
            &[
                ("443", ""),
                ("80", "this port is only needed if TLS is off."),
            ],
        );
        check(
            "The web console. Ports 135,445, 49152-65535 are only required at first.",
            "135,445,1433,49152-65535",
            &[
                ("1433", "The web console."),
                (
                    "135,445,49152-65535",
                    "The web console. these ports are only required at first.",
                ),
            ],
        );
        check(
            "5060: plain SIP; 5061: only with TLS",
            "5060,5061",
            &[("5061", "only with TLS"), ("5060", "5060: plain SIP;")],
        );
        check(
            "Port 443 if TLS is used, otherwise port 80.",
            "80,443",
            &[
                ("80", "Unless TLS is used"),
                ("443", "this port if TLS is used"),
            ],
        );
        check(
            "Only if TLS is used (port 443).",
            "80,443",
            &[("80", ""), ("443", "Only if TLS is used .")],
        );
        check(
            "80 is optional and 8080 must not be open",
            "80,443,8080",
            &[
                ("443", ""),
                ("8080", "this port must not be open"),
                ("80", "this port is optional"),
            ],
        );
        check(
            "Ports 22 and 443 are only needed at first.",
            "22,443",
            &[("22,443", "these ports are only needed at first.")],
        );
    }

    #[test]
    fn what_says_nothing_of_some_ports() {
        check("Only if TLS is used.", "80,443", &[]);
        check("Port 80 leads to port 443.", "80,443", &[]);
        check("Only for more than 22 nodes.", "22,443", &[]);
        check("Only if port 8443 is free.", "80,443", &[]);
        check("Only for version 5, if 443 nodes run.", "5,443", &[]);
        check("2019: only new clients.", "1024-65535,80", &[]);
    }

    #[test]
    fn what_is_not_certain() {
        check(
            "Not needed if port 443 is used.",
            "80,443",
            &[("80,443", ""), ("?", "Not needed if port 443 is used.")],
        );
        check(
            "Port 80 leads to port 443 only if TLS is used.",
            "22,80,443",
            &[
                ("22,80,443", ""),
                ("?", "Port 80 leads to port 443 only if TLS is used."),
            ],
        );
    }
}
