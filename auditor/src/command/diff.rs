//! `auditor diff`: what changed between two reports, or two matrices.

use std::path::{Path, PathBuf};

use clap::Args;

use super::reading::{self, text};
use crate::{
    exit::Exit,
    matrix::{self, Matrix},
    output::print,
    report,
};

/// Say what is different in the second of two reports, or of two matrices. Exit code 1 says that something is.
#[derive(Args, Debug)]
pub struct Diff {
    /// The older report or matrix
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The newer one
    #[arg(value_name = "NOW")]
    now: PathBuf,
}

/// Prints the differences.
///
/// # Errors
///
/// A file that can't be read, or is neither a report nor a matrix.
pub fn run(command: &Diff) -> anyhow::Result<Exit> {
    let (before, now) = (text(&command.before)?, text(&command.now)?);
    let lines: Vec<String> = if is_json(&before) || is_json(&now) {
        let before = reading::parse(&command.before, &before)?;
        let now = reading::parse(&command.now, &now)?;
        let differences = report::diff(&before, &now);
        differences.iter().map(ToString::to_string).collect()
    } else {
        // Without the digests of the last import, every difference is a change and none an edit by hand.
        let matrix = |path: &Path, text: &str| {
            Matrix::parse(path, text).map(|matrix| Matrix {
                imported: std::collections::BTreeMap::new(),
                ..matrix
            })
        };
        let before = matrix(&command.before, &before)?;
        let now = matrix(&command.now, &now)?;
        let changes = matrix::compare(&before, &now).changes;
        changes.iter().map(ToString::to_string).collect()
    };
    let mut text = String::new();
    for line in &lines {
        report::clean_line(&mut text, line);
    }
    print(&text)?;
    Ok(if lines.is_empty() {
        Exit::Clean
    } else {
        Exit::Violations
    })
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
