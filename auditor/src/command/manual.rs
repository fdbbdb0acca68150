//! `auditor manual`: the manual's pages, of the command line as it is.

use std::{fs, path::PathBuf};

use anyhow::Context as _;
use clap::Args;

use crate::exit::Exit;

/// Write a page of the manual for every verb
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor manual /usr/share/man/man1")]
pub struct Manual {
    /// Where to, such as `/usr/share/man/man1`
    #[arg(value_name = "DIRECTORY")]
    directory: PathBuf,
}

/// Writes a page for the whole command line, which is `line`, and one for each verb.
///
/// # Errors
///
/// A page can't be written.
pub fn run(command: &Manual, line: clap::Command) -> anyhow::Result<Exit> {
    let directory = &command.directory;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    clap_mangen::generate_to(line, directory)
        .with_context(|| format!("cannot write the manual to {}", directory.display()))?;
    Ok(Exit::Clean)
}
