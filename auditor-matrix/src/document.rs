//! A vendor's page to rows: what its port tables say, where they say it, and what was not understood.

mod application;
mod asciidoc;
mod block;
mod cell;
mod collapsed;
mod column;
mod columns;
mod context;
mod cross;
mod csv;
mod encoding;
mod ends;
mod format;
mod html;
mod item;
mod json;
mod markdown;
mod mention;
mod notes;
mod ports;
mod prose;
mod reader;
mod row;
mod rows;
mod rst;
mod section;
mod sentences;
mod shared;
mod span;
mod table;
mod text;

use encoding::Decoded;
pub use format::{Format, UnknownFormat};
pub use json::row_json;
pub use row::{Direction, Facts, PortGroup, Problem, Row, RowOrigin, Severity, Words};

/// What was read from one document.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Document {
    /// The document's own title, if it has one.
    pub title: Option<String>,
    pub rows: Vec<Row>,
    /// What a person must look at, in document order.
    pub problems: Vec<Problem>,
}

/// Reads a page. Never fails: what can't be understood is a problem, and the rest is kept.
///
/// `file` is only a name, for rows and problems to say where they come from. Bytes that are given away are let go of
/// before their rows are made.
pub fn read(file: &str, bytes: impl AsRef<[u8]>, format: Format) -> Document {
    let Decoded { text, remark } = encoding::decode(bytes.as_ref());
    let blocks = match format {
        Format::Markdown => markdown::blocks(&text),
        Format::Html => html::blocks(&text, 1),
        Format::AsciiDoc => asciidoc::blocks(&text),
        Format::ReStructuredText => rst::blocks(&text),
        Format::Csv => csv::blocks(&text),
    };
    drop(text);
    drop(bytes);
    let mut document = reader::read(file, blocks);
    if let Some(remark) = remark {
        document.problems.insert(
            0,
            Problem {
                file: file.into(),
                line: 1,
                severity: Severity::Remark,
                text: String::new(),
                message: remark.to_owned(),
            },
        );
    }
    document
}

#[cfg(test)]
mod tests;
