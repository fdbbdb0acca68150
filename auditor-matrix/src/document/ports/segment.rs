//! Splits a cell with ports of several transports into parts with ports of one.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use crate::document::text::regex;

/// Splits a cell with ports of several transports, such as `TCP 80, 443, UDP 53`, `80/tcp, 53/udp` or `5432, UDP 9638`, into
/// parts with ports of one.
///
/// A transport in front of a port holds for the ports behind it up to the next transport; one behind a port holds for the
/// ports before it, but one that is tied to a number, as in `8301(UDP)`, for that number alone.
pub(in crate::document) fn segments(text: &str) -> Vec<&str> {
    if !TRANSPORT.is_match(text) {
        return vec![text];
    }
    let mut parts = Vec::new();
    let mut start = 0;
    let mut part = Part::default();
    for element in elements(text) {
        let content = text.get(element.clone()).unwrap_or_default();
        let names_number = content.contains(|c: char| c.is_ascii_digit());
        let mark = TRANSPORT.find(content).map(|found| found.start());
        let number = content.find(|c: char| c.is_ascii_digit());
        let leads = mark.zip(number).is_some_and(|(mark, number)| mark < number);
        let is_own = names_number && OWN.is_match(content);
        let begins_part = names_number
            && part.has_number
            && (mark.is_some() && (leads || is_own || part.has_transport)
                || part.is_own && mark.is_none());
        if begins_part {
            parts.extend(text.get(start..element.start));
            start = element.start;
            part = Part::default();
        }
        part.has_number |= names_number;
        part.has_transport |= mark.is_some();
        part.is_own |= is_own;
    }
    parts.extend(text.get(start..));
    parts
}

#[derive(Default)]
struct Part {
    has_number: bool,
    has_transport: bool,
    /// The transport is tied to its own number: `8301(UDP)`, `53/udp`.
    is_own: bool,
}

/// The elements of a list: what stands between separators outside of brackets. Where ports of several transports follow each
/// other without one, as in `80 (TCP) 53 (UDP)`, an element ends behind the transport.
fn elements(text: &str) -> Vec<Range<usize>> {
    let mut cuts = vec![0];
    let mut depth = 0_usize;
    for (index, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' | ';' | '&' | '|' if depth == 0 => cuts.push(index),
            _ => {}
        }
    }
    for joint in AND.find_iter(text) {
        cuts.push(joint.start());
    }
    let marks: Vec<Range<usize>> = TRANSPORT
        .find_iter(text)
        .map(|found| found.range())
        .collect();
    let has_number = |part: Range<usize>| {
        text.get(part)
            .is_some_and(|part| part.contains(|c: char| c.is_ascii_digit()))
    };
    let leads = marks
        .first()
        .is_some_and(|first| !has_number(0..first.start));
    for (this, next) in marks.iter().zip(marks.iter().skip(1)) {
        let between = text.get(this.end..next.start).unwrap_or_default();
        let is_separated = between.contains([',', ';', '&', '|']) || AND.is_match(between);
        if is_separated || !has_number(this.end..next.start) {
            continue;
        }
        if leads {
            cuts.push(next.start);
        } else {
            // A bracket that the transport closes belongs to it.
            let closes = between.find(')').filter(|at| {
                between
                    .get(..*at)
                    .is_some_and(|before| before.trim().is_empty())
            });
            cuts.push(this.end + closes.map_or(0, |at| at + 1));
        }
    }
    cuts.sort_unstable();
    cuts.dedup();
    let ends = cuts.iter().skip(1).copied().chain([text.len()]);
    cuts.iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

static TRANSPORT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(?:tcp|udp|sctp)\b"));
/// A transport that is tied to one number.
static OWN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\d\s*(?:/|\()\s*(?:tcp|udp|sctp)(?:\s*(?:/|,|and|&|\+)\s*(?:tcp|udp|sctp))*\b\s*\)?\s*$",
    )
});
static AND: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\band\b"));
