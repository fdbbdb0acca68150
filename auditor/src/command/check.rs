//! `auditor check`: what is wrong with a matrix.

use std::path::PathBuf;

use clap::Args;

use super::matrix::read;
use crate::{
    escape,
    exit::Exit,
    matrix::{Weight, lint},
    output::{print, say},
};

/// Find what is wrong with matrices: rules that repeat or contradict one another, roles spelt in two ways, wide ranges.
#[derive(Args, Debug)]
pub struct Check {
    /// Matrix files; several are also compared with one another
    #[arg(required = true, value_name = "MATRIX")]
    matrices: Vec<PathBuf>,
}

/// Prints one line for each finding. Exit code 1 means that something must be changed.
///
/// # Errors
///
/// A file that can't be read.
pub fn run(command: &Check) -> anyhow::Result<Exit> {
    let mut matrices = Vec::new();
    for path in &command.matrices {
        matrices.push(read(path)?);
    }
    let findings = lint(&matrices);
    let mut text = String::new();
    for finding in &findings {
        let path = command.matrices.get(finding.matrix);
        let path = path
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let word = match finding.weight {
            Weight::Wrong => "wrong",
            Weight::Doubtful => "doubtful",
        };
        let line = format!("{path}: {word}: {finding}");
        text.extend([&escape::line(&line), "\n"]);
    }
    print(&text)?;
    let n_wrong = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Wrong)
        .count();
    let n_rules: usize = matrices.iter().map(|matrix| matrix.rules.len()).sum();
    say(&format!(
        "{n_rules} rules: {n_wrong} findings are wrong, {} doubtful",
        findings.len() - n_wrong
    ));
    Ok(if n_wrong == 0 {
        Exit::Clean
    } else {
        Exit::Violations
    })
}
