//! What every format is read into: headings, tables and paragraphs, each with its line.

use super::{accounting, ports, table_rows::TableRows};

/// A piece of a page, in reading order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Block {
    /// 1-based line of the source.
    pub(super) line: usize,
    pub(super) content: Content,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// A heading; level 1 is the page's title.
    Heading {
        level: u8,
        text: String,
    },
    /// Boxed, since every variant takes the size of the largest, and a large page has millions of paragraphs.
    Table(Box<TableRows>),
    /// A paragraph.
    Text(String),
    /// An item of a list, or a term of a definition list (its definitions are one level deeper). Level 0 is the outermost
    /// list.
    Item {
        level: u8,
        text: String,
    },
    /// Preformatted text, such as commands and configuration: its language, if the page names it, and its lines, of which
    /// the first is the block's.
    Code {
        language: String,
        text: String,
    },
    /// What follows, up to [`Content::EndAlternative`], is one of several texts of which a reader has one, such as a tab: the
    /// name that the page gives it. Alternatives may contain others.
    Alternative(String),
    /// What follows, up to [`Content::EndAlternative`], is on the page only where the publisher's condition holds.
    Condition(String),
    EndAlternative,
    /// Syntax that is not understood, such as an include whose file is not at hand: what is the matter, as the beginning of a
    /// sentence, and the text that was not read because of it.
    Unread {
        what: String,
        text: String,
    },
    /// The title of the table that follows.
    Caption(String),
    /// The page's title from front matter. It is no heading, so it is no context of any row.
    Title(String),
}

/// Whether a paragraph in an item of the list of this depth, counted from 1, explains what the item names: it has no port of its
/// own, and leads to nothing. A paragraph behind the list would end it. One that speaks of ports below an item without any may be
/// about those that follow.
pub(super) fn explains_item(blocks: &[Block], depth: u8, text: &str) -> bool {
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let is_aside = || {
        !accounting::speaks_of_ports(text)
            && accounting::unaccounted(text, &[], &[]).is_empty()
            && !text.split(' ').any(|word| {
                ["following", "below", "these"]
                    .iter()
                    .any(|leads| word.eq_ignore_ascii_case(leads))
            })
    };
    blocks.last().is_some_and(|above| match &above.content {
        Content::Item { level, .. } if is_labelled_list(text) => {
            (*level..=level.saturating_add(1)).contains(&depth)
        }
        Content::Item { level, text: item } => {
            level.saturating_add(1) == depth
                && !text.ends_with(':')
                && if has_digit(item) {
                    !has_digit(text)
                } else {
                    is_aside()
                }
        }
        Content::Heading { .. }
        | Content::Table(_)
        | Content::Text(_)
        | Content::Code { .. }
        | Content::Alternative(_)
        | Content::Condition(_)
        | Content::EndAlternative
        | Content::Unread { .. }
        | Content::Caption(_)
        | Content::Title(_) => false,
    })
}

/// Whether a paragraph is nothing but ports behind a word for them, as an item of a list is: `Encrypted: 18091-18096, 11207`.
pub(super) fn is_labelled_list(text: &str) -> bool {
    let Some((label, rest)) = text.split_once(": ") else {
        return false;
    };
    let is_label =
        label.split(' ').count() <= LABEL_WORDS && !label.contains(|c: char| c.is_ascii_digit());
    let read = ports::ports(rest);
    is_label && read.problem.is_none() && read.remarks.is_empty() && !read.groups.is_empty()
}

/// More words before a colon are a sentence.
const LABEL_WORDS: usize = 4;

/// Blocks as lines of text, as the tests of each format compare them.
#[cfg(test)]
pub(super) fn block_lines(blocks: Vec<Block>) -> Vec<String> {
    let mut lines = Vec::new();
    for Block { line, content } in blocks {
        match content {
            Content::Heading { level, text } => lines.push(format!("{line} h{level} {text}")),
            Content::Caption(text) => lines.push(format!("{line} c {text}")),
            Content::Text(text) | Content::Title(text) => lines.push(format!("{line} {text}")),
            Content::Item { level, text } => {
                lines.push(format!("{line} {}* {text}", "  ".repeat(level.into())));
            }
            Content::Code { language, text } => {
                lines.push(format!("{line} code {language} {text:?}"));
            }
            Content::Alternative(name) | Content::Condition(name) => {
                lines.push(format!("{line} alternative {name}"));
            }
            Content::EndAlternative => lines.push(format!("{line} end of alternative")),
            Content::Unread { what, text } => lines.push(format!("{line} unread {what} {text:?}")),
            Content::Table(rows) => lines.extend(rows.iter().map(|row| {
                let mark = if row.is_heading { "h" } else { "" };
                format!("{}{mark} {}", row.line, row.cells.join("|"))
            })),
        }
    }
    lines
}
