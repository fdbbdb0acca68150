//! Splits a cell with ports of several transports into parts with ports of one.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use crate::document::text::regex;

/// Splits a cell with ports of several transports, such as `TCP 80, 443, UDP 53` or `80/tcp, 53/udp`, into parts with ports
/// of one.
pub(in crate::document) fn segments(text: &str) -> Vec<&str> {
    let marks: Vec<Range<usize>> = TRANSPORT
        .find_iter(text)
        .map(|found| found.range())
        .collect();
    let has_number = |part: Range<usize>| {
        text.get(part)
            .is_some_and(|part| part.contains(|c: char| c.is_ascii_digit()))
    };
    let Some(first) = marks.first() else {
        return vec![text];
    };
    let leads = !has_number(0..first.start);
    let mut cuts = Vec::new();
    for (this, next) in marks.iter().zip(marks.iter().skip(1)) {
        let is_last = marks.last() == Some(next);
        if has_number(this.end..next.start)
            && (!leads || !is_last || has_number(next.end..text.len()))
        {
            cuts.push(if leads { next.start } else { this.end });
        }
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for cut in cuts {
        parts.extend(text.get(start..cut));
        start = cut;
    }
    parts.extend(text.get(start..));
    parts
}

static TRANSPORT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(?:tcp|udp|sctp)\b"));
