//! What is no Markdown and stands among it: HTML, and tables without the syntax of one.

use std::ops::Range;

use super::{Kind, Reader};
use crate::document::{
    block::Content,
    format::{
        html,
        markdown::{
            plain,
            scanner::{is_delimiter_row, n_cells},
        },
    },
    separated,
    text::find_tag,
};

impl Reader<'_> {
    /// Reads the HTML block that starts at `range`; a table is read up to its end tag.
    pub(super) fn html(&mut self, range: &Range<usize>) {
        let rest = self.source.get(range.start..).unwrap_or_default();
        let part = self.source.get(range.clone()).unwrap_or_default();
        let mut length = part.len();
        if find_tag(part, "<table").is_some() && !self.is_without_table_end {
            match table_end(rest) {
                Some(end) => length = length.max(end),
                None => self.is_without_table_end = true,
            }
        }
        let end = range.start + length;
        let text = self.source.get(range.start..end).unwrap_or_default();
        self.html_end = end;
        self.close();
        html::read(text, self.lines.of(range.start), self.page);
        let blocks = self.page.take();
        self.blocks.extend(blocks);
    }

    /// Reads the lines from here to the end of the table if they are a table without the syntax of one.
    pub(super) fn separated(&mut self, line: usize, start: usize) -> bool {
        let rest = self.source.get(start..).unwrap_or_default();
        let extent = separated::extent(rest);
        let text = rest.get(..extent).unwrap_or_default();
        // Markdown's own table may stand right below, and its parser reads it.
        let length = table_start(text).unwrap_or(extent);
        let text = text.get(..length).unwrap_or_default();
        let is_quoted = text
            .lines()
            .skip(1)
            .any(|line| line.trim_start().starts_with('>'));
        if is_quoted || self.page.is_hidden() {
            return false;
        }
        let Some(mut blocks) = separated::blocks(line, text, &plain) else {
            return false;
        };
        self.close();
        // The first text of an item is the item's.
        if let Some(open) = self.open.last_mut()
            && let Some(Content::Text(text)) = blocks.first_mut().map(|block| &mut block.content)
            && let Kind::Item(level) = std::mem::replace(&mut open.kind, Kind::Text)
        {
            let text = std::mem::take(text);
            if let Some(first) = blocks.first_mut() {
                first.content = Content::Item { level, text };
            }
        }
        self.blocks.extend(blocks);
        self.html_end = start + length;
        true
    }
}

/// Where a table in Markdown's own syntax starts among these lines: at its headings, above as many cells of dashes.
fn table_start(text: &str) -> Option<usize> {
    let mut start = 0;
    let mut head: Option<(usize, &str)> = None;
    for line in text.split_inclusive('\n') {
        if let Some((at, head)) = head
            && is_delimiter_row(line)
            && n_cells(head) == n_cells(line)
        {
            return Some(at);
        }
        // Rows without bars around them may be broken over lines, which no parser of Markdown puts together.
        head = line.trim_start().starts_with('|').then_some((start, line));
        start += line.len();
    }
    None
}

/// The end of the table that starts in this text, with the tables inside it.
fn table_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let tag = rest
            .match_indices('<')
            .map(|(found, _)| found)
            .find(|found| {
                let tag = rest.get(found + 1..).unwrap_or_default();
                starts_with(tag, "table") || starts_with(tag, "/table")
            })?;
        at += tag + 1;
        if text.get(at..)?.starts_with('/') {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                let close = text.get(at..)?.find('>');
                return Some(close.map_or(text.len(), |close| at + close + 1));
            }
        } else {
            depth += 1;
        }
    }
}

fn starts_with(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|part| part.eq_ignore_ascii_case(start))
}
