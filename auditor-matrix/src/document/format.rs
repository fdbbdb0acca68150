//! The formats that documents come in, and how they are recognised.

mod asciidoc;
mod component;
mod csv;
mod footnote;
mod front_matter;
mod html;
mod include;
mod invisible;
mod list_table;
mod markdown;
mod rst;
mod separator;
mod spreadsheet;
mod template;
mod unreadable;
mod vocabulary;

use std::{path::Path, str::FromStr};

use thiserror::Error;

pub(super) use self::invisible::visible;
pub use self::unreadable::UnreadableFormat;
use super::{block::Block, includes::Origin};

/// The format of a document.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    Markdown,
    Html,
    AsciiDoc,
    ReStructuredText,
    /// Comma, semicolon or tab separated.
    Csv,
    /// `.xlsx` and `.ods`.
    Spreadsheet,
}

/// One entry of the table of formats.
struct Definition {
    /// The names that users call it by, the usual one first.
    names: &'static [&'static str],
    /// File name extensions, in lower case.
    extensions: &'static [&'static str],
    /// First bytes that only a page of this format has, in lower case and without white space.
    first_bytes: &'static [&'static [u8]],
    read: Read,
}

/// How a page of a format is read.
#[derive(Clone, Copy)]
enum Read {
    Text(fn(&str, &Origin<'_>) -> Vec<Block>),
    /// What is no text has no encoding, and includes nothing.
    Bytes(fn(&[u8]) -> Vec<Block>),
}

impl Format {
    /// Every format, in the order in which messages list them.
    pub const ALL: [Self; 6] = [
        Self::Markdown,
        Self::Html,
        Self::AsciiDoc,
        Self::ReStructuredText,
        Self::Csv,
        Self::Spreadsheet,
    ];

    /// The table of formats. A new format needs an entry here, a reader in `document/format/`, and a page in `tests/pages`,
    /// from which the tests and the fuzzer start.
    const fn definition(self) -> Definition {
        match self {
            Self::Markdown => Definition {
                names: &["markdown", "md"],
                extensions: &["md", "markdown", "mdx", "mkd"],
                first_bytes: &[],
                read: Read::Text(markdown::blocks),
            },
            Self::Html => Definition {
                names: &["html"],
                extensions: &["html", "htm", "xhtml"],
                first_bytes: &[b"<!doctypehtml", b"<html"],
                read: Read::Text(|text, _| html::blocks(text, 1)),
            },
            Self::AsciiDoc => Definition {
                names: &["asciidoc", "adoc"],
                extensions: &["adoc", "asciidoc", "asc"],
                first_bytes: &[],
                read: Read::Text(asciidoc::blocks),
            },
            Self::ReStructuredText => Definition {
                names: &["rst", "restructuredtext"],
                extensions: &["rst", "rest"],
                first_bytes: &[],
                read: Read::Text(rst::blocks),
            },
            Self::Csv => Definition {
                names: &["csv", "tsv"],
                extensions: &["csv", "tsv"],
                first_bytes: &[],
                read: Read::Text(|text, _| csv::blocks(text)),
            },
            Self::Spreadsheet => Definition {
                names: &["spreadsheet", "xlsx", "ods"],
                extensions: &["xlsx", "xlsm", "ods"],
                first_bytes: &[b"pk\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet"],
                read: Read::Bytes(spreadsheet::blocks),
            },
        }
    }

    /// The format whose files end as this path does.
    pub fn of_extension(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        let mut formats = Self::ALL.into_iter();
        formats.find(|format| format.definition().extensions.contains(&extension.as_str()))
    }

    /// Recognises the format by the file's extension, then by its first characters. Markdown may contain HTML, so a page
    /// that is not clearly in another format is read as Markdown.
    pub fn detect(path: &Path, bytes: &[u8]) -> Self {
        let extension = path
            .extension()
            .and_then(|extension| extension.to_str())
            .unwrap_or_default()
            .to_ascii_lowercase();
        let has_extension =
            |format: &Self| format.definition().extensions.contains(&extension.as_str());
        let start: Vec<u8> = bytes
            .iter()
            .filter(|byte| !byte.is_ascii_whitespace())
            .take(MOST_FIRST_BYTES)
            .map(u8::to_ascii_lowercase)
            .collect();
        let starts_so = |format: &Self| {
            let first_bytes = format.definition().first_bytes;
            first_bytes.iter().any(|first| start.starts_with(first))
        };
        let mut formats = Self::ALL.into_iter();
        formats
            .clone()
            .find(has_extension)
            .or_else(|| formats.find(starts_so))
            .unwrap_or(Self::Markdown)
    }

    /// The usual name.
    pub fn name(self) -> &'static str {
        self.definition().names.first().copied().unwrap_or_default()
    }

    /// The usual names of all formats, as a sentence lists them: `markdown, html … or csv`.
    pub fn choices() -> String {
        let mut choices = Self::ALL.map(Self::name).join(", ");
        if let Some(last) = choices.rfind(", ") {
            choices.replace_range(last..=last, " or");
        }
        choices
    }

    /// Says what a file is, if it is no page in a format that is read: a PDF, a picture, an archive.
    pub fn unreadable(path: &Path, bytes: &[u8]) -> Option<UnreadableFormat> {
        let is_spreadsheet = Self::detect(path, bytes) == Self::Spreadsheet;
        if is_spreadsheet && bytes.starts_with(b"PK") {
            return None;
        }
        unreadable::unreadable(path, bytes)
    }

    /// Reads a page into its headings, tables and paragraphs. What is no text has none.
    pub(super) fn blocks(self, text: &str, origin: &Origin<'_>) -> Vec<Block> {
        match self.definition().read {
            Read::Text(read) => read(text, origin),
            Read::Bytes(_) => Vec::new(),
        }
    }

    /// Reads a page that is no text; `None` if pages of this format are.
    pub(super) fn blocks_of_bytes(self, bytes: &[u8]) -> Option<Vec<Block>> {
        match self.definition().read {
            Read::Text(_) => None,
            Read::Bytes(read) => Some(read(bytes)),
        }
    }

    /// The format of a file with this name.
    fn of_name(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        let extension = extension.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .filter(|format| matches!(format.definition().read, Read::Text(_)))
            .find(|format| format.definition().extensions.contains(&extension.as_str()))
    }
}

/// No less than the length of the longest entry of `first_bytes`.
const MOST_FIRST_BYTES: usize = 60;

/// The name of an unknown format.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error(
    "`{name}` is not a format that can be read: choose {}",
    Format::choices()
)]
pub struct UnknownFormat {
    name: String,
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.definition().names.contains(&name))
            .ok_or_else(|| UnknownFormat {
                name: name.to_owned(),
            })
    }
}

#[cfg(test)]
mod tests;
