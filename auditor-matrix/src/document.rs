//! Reads a vendor's page into rows: what its port tables state, on which line, and what was not understood.

mod application_protocol;
mod block;
mod cell;
mod column;
mod columns;
mod context;
mod cross_table;
mod encoding;
mod endpoints;
mod format;
mod includes;
mod interner;
mod json;
mod names;
mod port_table;
mod ports;
mod problem;
mod prose;
mod reader;
mod row;
mod section;
mod span;
mod table_rows;
mod text;

use encoding::Decoded;
pub use format::{Format, UnknownFormat, UnreadableFormat};
pub use includes::Includes;
use includes::{NoIncludes, Origin};
pub use json::row_json;
pub use problem::{Problem, Severity};
pub use row::{Direction, Document, PortGroup, Row, RowFields, RowOrigin, RowText};

/// Reads a page. Never fails: what can't be understood is a problem, and the rest is kept.
///
/// `file` is only a name, which rows and problems cite as their source. Bytes that are passed by value are dropped before
/// the rows are made, so that a large page is not in memory twice.
pub fn read(file: &str, bytes: impl AsRef<[u8]>, format: Format) -> Document {
    read_with(file, bytes, format, &NoIncludes)
}

/// Reads a page as [`read`] does, and the files that it includes in their place. Rows and problems of an included file cite
/// the line that includes it. A file that is not at hand is a problem that names it.
pub fn read_with(
    file: &str,
    bytes: impl AsRef<[u8]>,
    format: Format,
    includes: &dyn Includes,
) -> Document {
    if let Some(blocks) = format.blocks_of_bytes(bytes.as_ref()) {
        drop(bytes);
        return reader::read(file, blocks);
    }
    let Decoded { text, remark } = encoding::decode(bytes.as_ref());
    let blocks = format.blocks(&text, &Origin::page(includes));
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
