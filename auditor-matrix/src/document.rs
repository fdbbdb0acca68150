//! Reads a vendor's page into rows: what its port tables state, on which line, and what was not understood.

mod access;
mod accounting;
mod aligned;
mod alternatives;
mod application_protocol;
mod arrow;
mod arrow_lines;
mod arrow_ports;
mod block;
mod bracketed_condition;
mod cell;
mod cell_kinds;
mod column;
mod columns;
mod commands;
mod context;
mod cross_table;
mod default_transport;
mod deployment_models;
mod directed_ends;
mod encoding;
mod end;
mod endpoints;
mod foreign;
mod format;
mod guess;
mod host_name;
mod host_port;
mod host_table;
mod includes;
mod interner;
mod json;
mod loopback;
mod marked_ends;
mod names;
mod no_port;
mod own_kind;
mod permission;
mod port_items;
mod port_lines;
mod port_table;
mod ports;
mod problem;
mod product;
mod profile;
mod prose;
mod publishing;
mod reader;
mod records;
mod row;
mod section;
mod separated;
mod services;
mod span;
mod table_rows;
mod text;
mod translation;
mod turned_table;
mod url_table;
mod verb;

use std::borrow::Cow;

use encoding::Decoded;
pub use end::{Basis, End};
pub use format::{Format, UnknownFormat, UnreadableFormat};
pub use guess::Guess;
pub use host_name::{are_hosts, labelled_host};
pub use includes::Includes;
use includes::{NoIncludes, Origin};
pub use json::row_json;
pub use loopback::is_own_machine;
pub use no_port::NoPort;
pub use own_kind::{OwnKind, own_kind};
pub use problem::{Problem, ProblemKind, Severity};
pub use profile::{ColumnChoice, ColumnMeaning, NoChoice, Profile, UnknownMeaning};
pub use row::{Direction, Document, PortGroup, Row, RowFields, RowOrigin, RowText};
pub use section::{only_asks, speaks_of_machine};

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
    read_as((file, file), bytes, format, includes, &Profile::default())
}

/// Reads a page as [`read_with`] does, of which a person has said something already. Beside the file that rows cite stands where the
/// page was found, such as its address in the web: its words support the name of what the page is about.
pub fn read_as(
    (file, address): (&str, &str),
    bytes: impl AsRef<[u8]>,
    format: Format,
    includes: &dyn Includes,
    profile: &Profile,
) -> Document {
    if let Some(blocks) = format.blocks_of_bytes(bytes.as_ref()) {
        drop(bytes);
        return reader::read((file, address), blocks, profile);
    }
    let Decoded { text, remark } = encoding::decode(bytes.as_ref());
    let blocks = format.blocks(&text, &Origin::page(includes));
    drop(text);
    drop(bytes);
    let mut document = reader::read((file, address), blocks, profile);
    if let Some(remark) = remark {
        document.problems.insert(
            0,
            Problem::new(&file.into(), 1, Severity::Remark, "", remark).of(ProblemKind::Page),
        );
    }
    document
}

/// The text of a page, whose lines are those that rows and problems name.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    encoding::decode(bytes).text
}

#[cfg(test)]
mod tests;
