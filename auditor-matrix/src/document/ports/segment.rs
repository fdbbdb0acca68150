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
                || part.is_closed && mark.is_none());
        if begins_part {
            parts.extend(text.get(start..element.start));
            start = element.start;
            part = Part::default();
        }
        part.has_number |= names_number;
        part.has_transport |= mark.is_some();
        part.is_closed |= is_own || mark.is_some() && !leads && part.has_number;
    }
    parts.extend(text.get(start..));
    parts
}

#[derive(Default)]
struct Part {
    has_number: bool,
    has_transport: bool,
    /// The transport stands behind its numbers, `3870, 3871 UDP`, or is tied to one, `8301(UDP)`: what follows is of another.
    is_closed: bool,
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
        if leads || is_tied_behind(text, this) {
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
    let joints = unseparated(text, &cuts, &marks, leads);
    cuts.extend(joints);
    cuts.sort_unstable();
    cuts.dedup();
    let ends = cuts.iter().skip(1).copied().chain([text.len()]);
    cuts.iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

/// Whether a transport is tied to the number behind it: `TCP/80`, wherever others stand in the cell.
fn is_tied_behind(text: &str, mark: &Range<usize>) -> bool {
    let behind = text.get(mark.end..).unwrap_or_default();
    let number = behind.strip_prefix(['/', ':']);
    let is_tied_before = text
        .get(..mark.start)
        .is_some_and(|before| before.trim_end().ends_with(['/', '(']));
    !is_tied_before && number.is_some_and(|number| number.starts_with(|c: char| c.is_ascii_digit()))
}

/// Where lines of one cell ran together: `UDP/3870, 3871 TCP/80` ends one list of ports with 3871 and begins another with TCP, and
/// so does `53/UDP` behind 443 in `443 53/UDP`.
fn unseparated(text: &str, cuts: &[usize], marks: &[Range<usize>], leads: bool) -> Vec<usize> {
    let mut joints = Vec::new();
    for mark in marks {
        let at = cuts.partition_point(|cut| *cut <= mark.start);
        let start = at.checked_sub(1).and_then(|at| cuts.get(at)).copied();
        let end = cuts.get(at).copied().unwrap_or(text.len());
        let before = text.get(start.unwrap_or_default()..mark.start);
        let (before, behind) = (
            before.unwrap_or_default(),
            text.get(mark.end..end).unwrap_or_default(),
        );
        if let Some(own) = SECOND_BEFORE
            .captures(before)
            .and_then(|found| found.get(1))
        {
            joints.push(mark.start - before.len() + own.start());
        }
        if !NUMBER_BEFORE.is_match(before) || !NUMBER_BEHIND.is_match(behind) {
            continue;
        }
        if leads || is_tied_behind(text, mark) {
            joints.push(mark.start);
        } else {
            let closes = behind
                .find(')')
                .filter(|at| *at == 0)
                .map_or(0, |at| at + 1);
            joints.push(mark.end + closes);
        }
    }
    joints
}

/// A number that stands before a transport in the same element, with nothing but a blank between them.
static NUMBER_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:^|[^\w.])\d{1,5}\s+$|\d\s*[/(]\s*$"));
/// A number that stands right behind a transport.
static NUMBER_BEHIND: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^\)?\s*[/:]?\s*\d{1,5}(?:$|[^\w.])"));
/// A number that is tied to the transport behind it, behind another with nothing but a blank between them.
static SECOND_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?:^|[^\w.])\d{1,5}\s+(\d{1,5}(?:-\d{1,5})?\s*[/(]\s*)$"));
static TRANSPORT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(?:tcp|udp|sctp)\b"));
/// A transport that is tied to one number.
static OWN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\d\s*(?:/|\()\s*(?:tcp|udp|sctp)(?:\s*(?:/|,|and|&|\+)\s*(?:tcp|udp|sctp))*\b\s*\)?\s*$",
    )
});
static AND: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\band\b"));
