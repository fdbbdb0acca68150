//! `auditor import`: documents to rows or to a matrix.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;

use super::matrix::read;
use crate::{
    document::{self, Document, Format, Row, Severity},
    exit::Exit,
    matrix::{self, Change, Derived, Matrix},
    output::{say, write, write_lines},
};

/// Read vendors' pages and write the matrix of rules they document.
#[derive(Args, Debug)]
pub struct Import {
    /// Pages with port tables: Markdown, HTML, AsciiDoc, reStructuredText, CSV or TSV
    #[arg(required = true, value_name = "DOC")]
    documents: Vec<PathBuf>,
    /// Print the rows as JSON Lines instead of a matrix
    #[arg(long)]
    rows: bool,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the first draft of a deployment to this file, if there is none: every role that the pages name
    #[arg(
        long,
        value_name = "FILE",
        requires = "output",
        conflicts_with = "rows"
    )]
    deployment: Option<PathBuf>,
    /// Say what the pages change in this matrix, and keep the edits that were made to it by hand. With --output the
    /// result is written, which may be the same file; without it nothing is
    #[arg(long, value_name = "MATRIX", conflicts_with = "rows")]
    against: Option<PathBuf>,
    /// The matrix's name; the page's title if left out
    #[arg(long)]
    name: Option<String>,
    #[arg(
        long,
        value_name = "FORMAT",
        help = format!("How the pages are written, if their names and contents do not tell: {}", Format::choices())
    )]
    input_format: Option<Format>,
}

/// Reads the documents and writes what they say.
///
/// # Errors
///
/// A file that can't be read or written, or documents that hold no row at all.
pub fn run(command: &Import) -> anyhow::Result<Exit> {
    let mut documents = Vec::new();
    for path in &command.documents {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let format = command
            .input_format
            .unwrap_or_else(|| Format::detect(path, &bytes));
        let file = path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        let is_empty = bytes.iter().all(u8::is_ascii_whitespace);
        let document = document::read(&file, bytes, format);
        for problem in &document.problems {
            let word = match problem.severity {
                Severity::Lost => "not understood: ",
                Severity::Remark => "note: ",
            };
            say(&format!("{word}{problem}"));
        }
        if document.rows.is_empty() {
            let what = if is_empty {
                "is empty"
            } else {
                "holds no row of ports"
            };
            bail!(
                "{} {what}: expected a page with a table that has a column headed `Port`",
                path.display()
            );
        }
        documents.push(document);
    }
    if command.rows {
        let rows = documents.iter().flat_map(|document| &document.rows);
        write_lines(command.output.as_deref(), rows.map(document::row_json))?;
        return Ok(Exit::Clean);
    }
    let derived = matrix::derive(&documents, &name(command, &documents));
    for problem in &derived.problems {
        let word = match problem.severity {
            Severity::Lost => "no rule: ",
            Severity::Remark => "note: ",
        };
        say(&format!("{word}{problem}"));
    }
    if derived.matrix.rules.is_empty() {
        bail!(
            "no row of these pages could be made a rule; see the lines above, and `auditor import --rows`"
        );
    }
    let derived = match &command.against {
        Some(path) => Derived {
            matrix: compared(path, &derived.matrix)?,
            ..derived
        },
        None => derived,
    };
    if command.against.is_none() || command.output.is_some() {
        write(command.output.as_deref(), &derived.matrix.to_toml()?)?;
    }
    if let Some(path) = &command.output {
        let n_rows: usize = documents.iter().map(|document| document.rows.len()).sum();
        say(&format!(
            "{}: {} rules from {n_rows} rows; review them, then keep the file in git",
            path.display(),
            derived.matrix.rules.len()
        ));
    }
    if let (Some(path), Some(matrix)) = (&command.deployment, &command.output) {
        let rows: Vec<&Row> = documents
            .iter()
            .flat_map(|document| &document.rows)
            .collect();
        let text = matrix::starter(&derived.matrix, &rows, &from(path, matrix));
        // An existing deployment is never overwritten, since it may have been filled in by hand.
        let mut file = File::create_new(path)
            .with_context(|| format!("cannot make {}: a draft replaces no file", path.display()))?;
        file.write_all(text.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        say(&format!(
            "{}: fill in the addresses of its roles",
            path.display()
        ));
    }
    Ok(Exit::Clean)
}

/// Prints what the pages change in a reviewed matrix, and returns it with the changes made.
fn compared(path: &Path, page: &Matrix) -> anyhow::Result<Matrix> {
    let reviewed = read(path)?;
    let comparison = matrix::compare(&reviewed, page);
    let mut text = String::new();
    let is_news =
        |change: &&Change| !matches!(change, Change::Kept { .. } | Change::LeftOut { .. });
    for change in comparison.changes.iter().filter(is_news) {
        text.extend([change.to_string().escape_debug().to_string().as_str(), "\n"]);
    }
    write(None, &text)?;
    let count = |test: fn(&Change) -> bool| {
        comparison
            .changes
            .iter()
            .filter(|change| test(change))
            .count()
    };
    say(&format!(
        "{}: {} added, {} removed, {} changed, {} in conflict, {} kept as made by hand",
        path.display(),
        count(|change| matches!(change, Change::Added(_))),
        count(|change| matches!(change, Change::Removed(_))),
        count(|change| matches!(change, Change::Changed { .. })),
        count(|change| matches!(change, Change::Conflict { .. })),
        count(|change| matches!(change, Change::Kept { .. } | Change::LeftOut { .. })),
    ));
    Ok(comparison.matrix)
}

/// The path of the matrix as the deployment names it: its file name alone if both are in one directory, else absolute.
fn from(deployment: &Path, matrix: &Path) -> String {
    let is_beside = deployment.parent() == matrix.parent();
    let name = if is_beside {
        matrix.file_name().map(Path::new)
    } else {
        None
    };
    let absolute = || std::path::absolute(matrix).unwrap_or_else(|_unknown| matrix.to_owned());
    name.map_or_else(absolute, Path::to_owned)
        .display()
        .to_string()
}

fn name(command: &Import, documents: &[Document]) -> String {
    let title = documents.iter().find_map(|document| document.title.clone());
    let stem = || {
        command
            .documents
            .first()
            .and_then(|path| path.file_stem())
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    command
        .name
        .clone()
        .or(title)
        .or_else(stem)
        .unwrap_or_default()
}
