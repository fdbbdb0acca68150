//! A `[[sink]]` of a deployment, as far as all kinds have it in common.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

/// Where events go, of which only the kind is read: what else it says, that kind reads (`sink::read`).
#[derive(Clone, Debug)]
pub struct SinkSection {
    pub kind: String,
    pub fields: toml::Table,
    /// What its relative paths are relative to.
    pub directory: PathBuf,
    /// The deployment's file, and the lines on which the section and its kind stand.
    pub file: PathBuf,
    pub line: usize,
    pub kind_line: usize,
}

impl PartialEq for SinkSection {
    /// Whether both say the same; one that stands on another line is no other sink.
    fn eq(&self, other: &Self) -> bool {
        (&self.kind, &self.fields, &self.directory)
            == (&other.kind, &other.fields, &other.directory)
    }
}

/// A section as it stands in the file.
#[derive(Deserialize)]
pub(super) struct SinkFile {
    #[serde(rename = "type")]
    pub(super) kind: Spanned<String>,
    #[serde(flatten)]
    pub(super) fields: toml::Table,
}
