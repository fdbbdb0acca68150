//! Finds numbers that are ports for certain in a sentence that is not understood as a whole: what stands around them says so,
//! whatever else the sentence says.

use super::{PortPhrase, bracketed, is_part, number::port_or_range, phrase, transport};
use crate::{
    document::{
        application_protocol,
        prose::{
            unread::may_be_port,
            words::{Kind, Word},
        },
        row::PortGroup,
    },
    port::PortRange,
    transport::Transport,
};

/// Adds these numbers to the phrases of a sentence, in order. Returns the numbers that were added.
pub(in crate::document::prose) fn add_certain(
    words: &[Word<'_>],
    phrases: &mut Vec<PortPhrase>,
) -> Vec<PortRange> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let known = phrases
            .iter()
            .find(|known| !known.ports.is_empty() && known.words.contains(&at));
        if let Some(known) = known {
            at = known.words.end.max(at + 1);
            continue;
        }
        match certain(words, at) {
            Some(more) => {
                at = more.words.end.max(at + 1);
                found.push(more);
            }
            None => at += 1,
        }
    }
    let added = found
        .iter()
        .flat_map(|phrase| &phrase.ports)
        .flat_map(|group| group.ranges.iter().copied())
        .collect();
    phrases.retain(|known| {
        !found
            .iter()
            .any(|more| known.ports.is_empty() && known.words.contains(&more.words.start))
    });
    phrases.extend(found);
    phrases.sort_by_key(|phrase| phrase.words.start);
    added
}

/// The number at a place, if it is a port for certain.
fn certain(words: &[Word<'_>], at: usize) -> Option<PortPhrase> {
    if !may_be_port(words, at) || is_of_example(words, at) {
        return None;
    }
    let (range, end) = port_or_range(words, at)?;
    let ends = End {
        words,
        at,
        behind: end,
    };
    if ends.is_behind_service() {
        return Some(ends.phrase(range));
    }
    if is_part(words, at) {
        return None;
    }
    let is_range = range.first() != range.last();
    let is_certain = ends.is_announced()
        || ends.has_service_behind()
        || is_range && ends.is_range_of_ports()
        || ends.is_beside_port();
    is_certain.then(|| ends.phrase(range))
}

/// Whether a number is no more than an example.
fn is_of_example(words: &[Word<'_>], at: usize) -> bool {
    let start = words
        .get(..at)
        .unwrap_or_default()
        .iter()
        .rposition(|word| matches!(word.kind, Kind::Open | Kind::Close | Kind::Semicolon));
    words
        .get(start.unwrap_or(0)..at)
        .unwrap_or_default()
        .iter()
        .any(|word| word.is_any(&["example", "e.g", "g", "ex", "instance", "such", "like"]))
}

/// A number with its place and the place behind it.
#[derive(Clone, Copy)]
struct End<'w, 'a> {
    words: &'w [Word<'a>],
    at: usize,
    behind: usize,
}

impl End<'_, '_> {
    fn before(&self, n: usize) -> Option<&Word<'_>> {
        self.at
            .checked_sub(n)
            .and_then(|before| self.words.get(before))
    }

    /// `https/443`
    fn is_behind_service(&self) -> bool {
        self.before(1)
            .is_some_and(|slash| slash.kind == Kind::Slash && slash.is_glued)
            && self.before(2).is_some_and(is_service)
            && self
                .before(3)
                .is_none_or(|more| !matches!(more.kind, Kind::Slash | Kind::Colon))
    }

    /// `443 (HTTPS)`
    fn has_service_behind(&self) -> bool {
        bracketed(self.words, self.behind)
            .is_some_and(|(inside, _)| inside.iter().take(2).any(is_service))
    }

    /// A place in the list of "The following ports must be open: 22 (SSH), 53 (DNS; both transports) and 80 for agents".
    fn is_announced(&self) -> bool {
        let before = self.words.get(..self.at).unwrap_or_default();
        let Some(colon) = before.iter().rposition(|word| {
            word.kind == Kind::Colon && !word.is_glued
                || word.text == ":" && self.words.get(self.at).is_some_and(|at| !at.is_glued)
        }) else {
            return false;
        };
        let lead = before.get(..colon).unwrap_or_default();
        let between = before.get(colon..).unwrap_or_default();
        let count = |kind: Kind| between.iter().filter(|word| word.kind == kind).count();
        let is_separated = self.before(1).is_some_and(|before| {
            matches!(
                before.kind,
                Kind::Colon | Kind::Comma | Kind::Semicolon | Kind::Number
            ) || before.is_any(&["and", "or", "&", "port"])
                || transport(before).is_some()
        });
        let announces = lead.iter().any(|word| word.is("ports"));
        announces
            && is_separated
            && count(Kind::Open) == count(Kind::Close)
            && count(Kind::Stop) == 0
    }

    /// "ports in the range 8000-8010", "8000-8010 ports"
    fn is_range_of_ports(&self) -> bool {
        let next = self.words.get(self.behind);
        if next.is_some_and(|next| next.is_any(&["ports", "port"])) {
            return true;
        }
        let is_range = next.is_some_and(|next| next.is("range"))
            || self.before(1).is_some_and(|before| before.is("range"))
            || self.before(2).is_some_and(|before| before.is("range"));
        is_range
            && self
                .words
                .iter()
                .any(|word| word.is_any(&["port", "ports"]) || transport(word).is_some())
    }

    /// "the Core's port, 4822,", "the port `core_port` (9140)"
    fn is_beside_port(&self) -> bool {
        let next = self.words.get(self.behind);
        let is_port = |word: Option<&Word<'_>>| {
            word.is_some_and(|word| word.is("port") || word.lower.ends_with("_port"))
        };
        let Some(mark) = self.before(1) else {
            return false;
        };
        if mark.kind == Kind::Comma {
            return is_port(self.before(2)) && next.is_some_and(|next| next.kind == Kind::Comma);
        }
        mark.kind == Kind::Open
            && next.is_some_and(|next| next.kind == Kind::Close)
            && (is_port(self.before(2)) || is_port(self.before(3)))
    }

    /// The number as a phrase, with the transports that are its own.
    fn phrase(&self, range: PortRange) -> PortPhrase {
        let mut end = self.behind;
        let mut transports: Vec<Transport> = Vec::new();
        if let Some((inside, behind)) = bracketed(self.words, end) {
            transports.extend(inside.iter().filter_map(transport));
            end = behind;
        }
        if transports.is_empty() {
            let next = self
                .words
                .get(end)
                .filter(|next| next.kind == Kind::Slash)
                .map_or(end, |_| end + 1);
            if let Some(one) = self.words.get(next).and_then(transport) {
                transports.push(one);
                end = next + 1;
            } else {
                transports.extend(self.before(1).and_then(transport));
            }
        }
        transports.sort_unstable();
        transports.dedup();
        let group = PortGroup {
            ranges: vec![range],
            alternatives: false,
        };
        PortPhrase {
            words: self.at..end,
            ..phrase(vec![group], transports)
        }
    }
}

fn is_service(word: &Word<'_>) -> bool {
    word.kind == Kind::Word
        && transport(word).is_none()
        && application_protocol::transports(&word.lower).is_some()
}

#[cfg(test)]
mod tests {
    use super::add_certain;
    use crate::document::prose::{
        port_phrase::{Evidence, port_phrases},
        words::words,
    };

    fn added(text: &str) -> Vec<String> {
        let words = words(text);
        let mut phrases = port_phrases(&words, Evidence::Stated);
        let added = add_certain(&words, &mut phrases);
        added.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_of_sentences_that_are_not_understood() {
        for (text, numbers) in [
            (
                "These ports must be open: 22 (SSH), 53 (DNS; open it for both tcp & udp) and 993 (IMAP).",
                &["22", "53", "993"][..],
            ),
            (
                "There are two ports exposed: 5672 for queues and 8080 for the console.",
                &["5672", "8080"],
            ),
            (
                "Clients send UDP packets in the range 6000-7000.",
                &["6000-7000"],
            ),
            ("The 9130-9200 ports should be open.", &["9130-9200"]),
            ("By exposing the port, 4822, others reach it.", &["4822"]),
            ("smtp/25 for mail", &["25"]),
            // No ports: counts, years, examples.
            ("Keep some ports free: 3 nodes, 16 GB.", &[]),
            ("The ports were chosen so: in 2019 by hand.", &[]),
            ("Ports, for example: 8443.", &[]),
            ("A path like a/smtp/25 is none.", &[]),
        ] {
            assert_eq!(added(text), numbers, "{text}");
        }
    }
}
