//! `auditor show`: a matrix as a table.

use std::path::PathBuf;

use clap::Args;

use super::matrix::read;
use crate::{exit::Exit, matrix, output::print};

/// Print matrices as tables that people can read.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor show matrix.toml")]
pub struct Show {
    /// Matrix files, as `auditor import` writes them
    #[arg(required = true, value_name = "MATRIX")]
    matrices: Vec<PathBuf>,
}

/// Prints the matrices, one after the other.
///
/// # Errors
///
/// A file that can't be read.
pub fn run(command: &Show) -> anyhow::Result<Exit> {
    let mut tables = Vec::new();
    for path in &command.matrices {
        tables.push(matrix::table(&read(path)?));
    }
    print(&tables.join("\n"))?;
    Ok(Exit::Clean)
}
