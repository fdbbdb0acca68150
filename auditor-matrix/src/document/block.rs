//! What every format is read into: headings, tables and paragraphs, each with its line.

use super::rows::Rows;

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
    /// Apart from the paragraphs, of which a large page has millions: they would take its room each.
    Table(Box<Rows>),
    /// A paragraph or an item of a list.
    Text(String),
    /// The title of the table that follows.
    Caption(String),
    /// The title that front matter gives the page; it stands above no row.
    Title(String),
}

/// A row of a table; the text of its cells has no markup left.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct TableRow {
    pub(super) line: usize,
    pub(super) is_heading: bool,
    pub(super) cells: Vec<String>,
}

/// Blocks as lines of text, as the tests of each format compare them.
#[cfg(test)]
pub(super) fn told(blocks: Vec<Block>) -> Vec<String> {
    let mut told = Vec::new();
    for Block { line, content } in blocks {
        match content {
            Content::Heading { level, text } => told.push(format!("{line} h{level} {text}")),
            Content::Caption(text) => told.push(format!("{line} c {text}")),
            Content::Text(text) | Content::Title(text) => told.push(format!("{line} {text}")),
            Content::Table(rows) => told.extend(rows.iter().map(|row| {
                let mark = if row.is_heading { "h" } else { "" };
                format!("{}{mark} {}", row.line, row.cells.join("|"))
            })),
        }
    }
    told
}
