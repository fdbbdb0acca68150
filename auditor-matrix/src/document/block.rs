//! What every format is read into: headings, tables and paragraphs, each with its line.

use super::table_rows::TableRows;

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
    Heading { level: u8, text: String },
    /// Boxed, since every variant takes the size of the largest, and a large page has millions of paragraphs.
    Table(Box<TableRows>),
    /// A paragraph or an item of a list.
    Text(String),
    /// The title of the table that follows.
    Caption(String),
    /// The page's title from front matter. It is no heading, so it is no context of any row.
    Title(String),
}

/// Blocks as lines of text, as the tests of each format compare them.
#[cfg(test)]
pub(super) fn block_lines(blocks: Vec<Block>) -> Vec<String> {
    let mut lines = Vec::new();
    for Block { line, content } in blocks {
        match content {
            Content::Heading { level, text } => lines.push(format!("{line} h{level} {text}")),
            Content::Caption(text) => lines.push(format!("{line} c {text}")),
            Content::Text(text) | Content::Title(text) => lines.push(format!("{line} {text}")),
            Content::Table(rows) => lines.extend(rows.iter().map(|row| {
                let mark = if row.is_heading { "h" } else { "" };
                format!("{}{mark} {}", row.line, row.cells.join("|"))
            })),
        }
    }
    lines
}
