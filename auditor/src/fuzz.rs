//! What a fuzzer asks for, and nobody else: it is no part of what the library promises.

use std::path::Path;

pub use crate::agent::http::Surface;
use crate::{command, report::Report};

/// Reads a report as the verbs do that are given one.
///
/// # Errors
///
/// It is none.
pub fn report(text: &str) -> anyhow::Result<Report> {
    command::parse_report(Path::new("report"), text)
}
