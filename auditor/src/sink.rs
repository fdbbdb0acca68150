//! Where reports and events go: one destination a file.

mod alertmanager;
mod delivery;
mod http;
mod lines;
pub mod metrics;
mod otlp;
mod secret;
mod syslog;
mod webhook;

use std::{
    error::Error,
    path::{Path, PathBuf},
    sync::Arc,
};

use thiserror::Error;

pub use delivery::{Delivery, Measured, Sink, SinkError, Watcher};
pub use http::client;
pub use secret::Secret;

use crate::deployment::SinkSection;
use delivery::Configured;

/// Reads the fields of a section other than `type`; relative paths are resolved against the directory.
type Read = fn(toml::Table, &Path) -> Result<Configured, Box<dyn Error + Send + Sync>>;

/// Every kind of sink, by its value of `type`, which is also a sink's name unless its section gives another one.
const KINDS: [(&str, Read); 5] = [
    ("alertmanager", alertmanager::read),
    ("webhook", webhook::read),
    ("syslog", syslog::read),
    ("lines", lines::read),
    ("otlp", otlp::read),
];

/// A sink that a deployment configures.
#[derive(Clone, Debug)]
pub struct NamedSink {
    /// Its name in messages, metrics and the state; no two sinks have the same.
    pub name: String,
    pub sink: Arc<dyn Sink>,
}

/// An invalid section, and its line.
#[derive(Debug, Error)]
#[error("{}:{line}", path.display())]
pub struct SectionError {
    path: PathBuf,
    line: usize,
    #[source]
    problem: Box<dyn Error + Send + Sync>,
}

/// A `type` that no sink has.
#[derive(Debug, Error)]
#[error("unknown variant `{kind}`, expected one of {}", KINDS.map(|(kind, _)| format!("`{kind}`")).join(", "))]
struct UnknownKind {
    kind: String,
}

/// A name that another sink has.
#[derive(Debug, Error)]
#[error("two sinks are called `{name}`: give each a name of its own")]
struct SameName {
    name: String,
}

/// The sinks that a deployment configures, in its order.
///
/// # Errors
///
/// The first thing that is wrong, with its line.
pub fn read(sections: &[SinkSection]) -> Result<Vec<NamedSink>, SectionError> {
    let mut sinks: Vec<NamedSink> = Vec::new();
    for section in sections {
        let fail = |line, problem| SectionError {
            path: section.file.clone(),
            line,
            problem,
        };
        let kind = KINDS.iter().find(|(kind, _)| *kind == section.kind);
        let Some((kind, read)) = kind else {
            let kind = section.kind.clone();
            return Err(fail(section.kind_line, UnknownKind { kind }.into()));
        };
        let configured = read(section.fields.clone(), &section.directory)
            .map_err(|problem| fail(section.line, problem))?;
        let name = configured.name.unwrap_or_else(|| (*kind).to_owned());
        if sinks.iter().any(|sink| sink.name == name) {
            return Err(fail(section.line, SameName { name }.into()));
        }
        sinks.push(NamedSink {
            name,
            sink: configured.sink,
        });
    }
    Ok(sinks)
}

#[cfg(test)]
mod tests;
