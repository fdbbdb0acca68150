//! A `[[sink]]` of a deployment: what all kinds have in common.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// A destination of events. Only its kind is read here; the other fields are read by that kind (`sink::read`).
#[derive(Clone, Debug)]
pub struct SinkSection {
    pub kind: String,
    pub fields: toml::Table,
    /// The directory to which its relative paths are relative.
    pub directory: PathBuf,
    /// The deployment's file, and the lines on which the section and its kind stand.
    pub file: PathBuf,
    pub line: usize,
    pub kind_line: usize,
}

impl PartialEq for SinkSection {
    /// Compares content only: a section that has moved to another line is the same sink.
    fn eq(&self, other: &Self) -> bool {
        (&self.kind, &self.fields, &self.directory)
            == (&other.kind, &other.fields, &other.directory)
    }
}

/// A section as deserialised from the file.
#[derive(Deserialize)]
pub(super) struct SinkFile {
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    #[serde(flatten)]
    pub(super) fields: toml::Table,
}
