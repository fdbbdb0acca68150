//! `auditor diff`: what changed between two reports, or two matrices.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::reading::{self, text};
use crate::{
    escape,
    exit::Exit,
    matrix::{self, Change, Matrix},
    output::print,
    report::{self, Difference},
};

/// Say what is different in the second of two reports, or of two matrices. Exit code 1 says that something is.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor diff before.json now.json")]
pub struct Diff {
    /// The older report or matrix
    #[arg(value_name = "BEFORE")]
    before: PathBuf,
    /// The newer one
    #[arg(value_name = "NOW")]
    now: PathBuf,
    /// What to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Format {
    /// A line for each difference
    Text,
    /// A list of objects
    Json,
}

/// A difference, as a line and as an object.
struct Line {
    text: String,
    object: Value,
}

/// Prints the differences.
///
/// # Errors
///
/// A file that can't be read, or is neither a report nor a matrix.
pub fn run(command: &Diff) -> anyhow::Result<Exit> {
    let (before, now) = (text(&command.before)?, text(&command.now)?);
    let lines: Vec<Line> = if is_json(&before) || is_json(&now) {
        let before = reading::parse(&command.before, &before)?;
        let now = reading::parse(&command.now, &now)?;
        let differences = report::diff(&before, &now);
        differences.iter().map(of_report).collect()
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
        changes.iter().map(of_matrix).collect()
    };
    match command.format {
        Format::Text => {
            let mut text = String::new();
            for line in &lines {
                report::clean_line(&mut text, &line.text);
            }
            print(&text)?;
        }
        Format::Json => {
            let list: Value = lines.iter().map(|line| line.object.clone()).collect();
            let text = serde_json::to_string_pretty(&list)?;
            print(&format!("{}\n", escape::json(&text)))?;
        }
    }
    Ok(if lines.is_empty() {
        Exit::Clean
    } else {
        Exit::Violations
    })
}

fn of_report(difference: &Difference) -> Line {
    let object = match difference {
        Difference::Appeared { what, now } => {
            json!({ "change": "appeared", "what": what, "now": now })
        }
        Difference::Gone { what, before } => {
            json!({ "change": "gone", "what": what, "before": before })
        }
        Difference::Changed { what, before, now } => {
            json!({ "change": "changed", "what": what, "before": before, "now": now })
        }
    };
    let text = difference.to_string();
    Line { text, object }
}

fn of_matrix(change: &Change) -> Line {
    let fields = |fields: &[matrix::Field]| -> Value {
        let field =
            |one: &matrix::Field| json!({ "name": one.name, "before": one.before, "now": one.now });
        fields.iter().map(field).collect()
    };
    let object = match change {
        Change::Added(rule) => json!({ "change": "added", "rule": rule.id }),
        Change::Removed(rule) => json!({ "change": "removed", "rule": rule.id }),
        Change::Changed { id, fields: all } => {
            json!({ "change": "changed", "rule": id, "fields": fields(all) })
        }
        Change::Conflict { id, fields: all } => {
            json!({ "change": "conflict", "rule": id, "fields": fields(all) })
        }
        Change::Kept { id } => json!({ "change": "kept", "rule": id }),
        Change::LeftOut { id } => json!({ "change": "left-out", "rule": id }),
    };
    let text = change.to_string();
    Line { text, object }
}

fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}
