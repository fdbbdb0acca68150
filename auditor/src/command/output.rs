//! Where a command's result goes.

use std::{
    io::{self, Write as _},
    path::Path,
};

use anyhow::Context as _;

/// Writes a result to `path`, or to standard output.
pub(super) fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    match path {
        Some(path) => {
            std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
        }
        None => match io::stdout().lock().write_all(text.as_bytes()) {
            // A reader that has seen enough, such as `head`, is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to standard output"),
        },
    }
}

/// Says something to the person at the terminal.
pub(super) fn say(text: &str) {
    // Whoever closed standard error does not want to hear it.
    let _closed = writeln!(io::stderr().lock(), "{text}");
}
