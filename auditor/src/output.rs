//! Where a command's result goes.

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
};

use anyhow::Context as _;

/// Writes a result to `path`, or to standard output.
pub(crate) fn write(path: Option<&Path>, text: &str) -> anyhow::Result<()> {
    to(path, |out| out.write_all(text.as_bytes()))
}

/// Writes lines to `path`, or to standard output, as they come: a large result is never in memory as a whole.
pub(crate) fn write_lines<E: Into<anyhow::Error>>(
    path: Option<&Path>,
    lines: impl Iterator<Item = Result<String, E>>,
) -> anyhow::Result<()> {
    let mut failed = None;
    to(path, |out| {
        for line in lines {
            match line {
                Ok(line) => writeln!(out, "{line}")?,
                Err(error) => {
                    failed = Some(error.into());
                    break;
                }
            }
        }
        Ok(())
    })?;
    failed.map_or(Ok(()), Err)
}

fn to(
    path: Option<&Path>,
    fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let filled = |out: &mut dyn io::Write| fill(out).and_then(|()| out.flush());
    match path {
        Some(path) => File::create(path)
            .and_then(|file| filled(&mut BufWriter::new(file)))
            .with_context(|| format!("cannot write {}", path.display())),
        None => match filled(&mut BufWriter::new(io::stdout().lock())) {
            // A reader that has seen enough, such as `head`, is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to standard output"),
        },
    }
}

/// Says something to the person at the terminal.
pub(crate) fn say(text: &str) {
    // Whoever closed standard error does not want to hear it.
    let _closed = writeln!(io::stderr().lock(), "{text}");
}
