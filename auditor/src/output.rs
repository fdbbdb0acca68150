//! Where a command's result goes.

mod urgency;

use std::{
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::{Context as _, bail};

pub(crate) use self::urgency::Urgency;
use crate::{escape, private_file};

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Readers {
    /// Whoever the user's mask lets: of rules and pages there is nothing to hide.
    Mask,
    /// Nobody but its owner: who talks to whom is nobody else's.
    Owner,
}

/// Writes a result to `path`, or to standard output. What people write by hand, matrices and deployments, is not written over.
pub(crate) fn write(path: Option<&Path>, text: &str, readers: Readers) -> anyhow::Result<()> {
    path.map_or(Ok(()), refuse_to_lose)?;
    replace(path, text, readers)
}

/// As [`write`], whatever is there: for who has looked at it.
pub(crate) fn replace(path: Option<&Path>, text: &str, readers: Readers) -> anyhow::Result<()> {
    to(path, readers, |out| out.write_all(text.as_bytes()))
}

/// Prints a result for people, in which what is hidden is shown.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    write(None, &escape::lines(text), Readers::Owner)
}

/// Writes lines of JSON to `path`, or to standard output, as they come: a large result is never in memory as a whole.
pub(crate) fn write_lines<E: Into<anyhow::Error>>(
    path: Option<&Path>,
    lines: impl Iterator<Item = Result<String, E>>,
    readers: Readers,
) -> anyhow::Result<()> {
    path.map_or(Ok(()), refuse_to_lose)?;
    let mut failed = None;
    to(path, readers, |out| {
        for line in lines {
            match line {
                Ok(line) => writeln!(out, "{}", escape::json(&line))?,
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

/// Refuses a file that is there and holds a matrix or a deployment. A device or a pipe holds nothing.
fn refuse_to_lose(path: &Path) -> anyhow::Result<()> {
    if !path.is_file() {
        return Ok(());
    }
    let text = private_file::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    // One with a mistake in it is still somebody's.
    let is_toml = path
        .extension()
        .is_some_and(|it| it.eq_ignore_ascii_case("toml"));
    if !text.trim().is_empty() && (is_toml || is_handwritten(&text)) {
        bail!(
            "{} is there, and a matrix, a deployment or the like, which would be lost: write to another file, or take it away",
            path.display()
        );
    }
    Ok(())
}

fn is_handwritten(text: &str) -> bool {
    let table = text.parse::<toml::Table>().ok();
    let keys = ["rule", "roles", "matrix", "exception"];
    table.is_some_and(|table| keys.iter().any(|key| table.contains_key(*key)))
}

fn to(
    path: Option<&Path>,
    readers: Readers,
    fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> anyhow::Result<()> {
    let filled = |out: &mut dyn io::Write| fill(out).and_then(|()| out.flush());
    // As everywhere, `-` is standard output.
    let path = path.filter(|path| *path != Path::new("-"));
    match path {
        Some(path) => match readers {
            Readers::Mask => File::create(path),
            Readers::Owner => private_file::create(path),
        }
        .and_then(|file| filled(&mut BufWriter::new(file)))
        .with_context(|| format!("cannot write {}", path.display())),
        None => match filled(&mut BufWriter::new(io::stdout().lock())) {
            // A reader that has seen enough, such as `head`, is no failure.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to standard output"),
        },
    }
}

/// Prints a line of what a watch tells, in which what is hidden is shown; the journal is told how urgent it is.
pub(crate) fn print_event(line: &str, urgency: Urgency) -> anyhow::Result<()> {
    let line = escape::lines(line);
    let line = urgency::for_stream(&line, urgency, io::stdout());
    write(None, &line, Readers::Owner)
}

/// Whether what is printed goes to systemd's journal, which notes by itself when.
pub(crate) fn is_dated() -> bool {
    urgency::is_journal(io::stdout())
}

/// Whether `--verbose` was given.
static IS_VERBOSE: AtomicBool = AtomicBool::new(false);

/// Has [`detail`] say something.
pub(crate) fn be_verbose() {
    IS_VERBOSE.store(true, Ordering::Relaxed);
}

/// Says what is done to whoever asked to hear that.
pub(crate) fn detail(text: impl FnOnce() -> String) {
    if IS_VERBOSE.load(Ordering::Relaxed) {
        say_as(&text(), Urgency::Debug);
    }
}

/// Says something to the person at the terminal, whatever names are in it.
pub(crate) fn say(text: &str) {
    say_as(text, Urgency::Info);
}

/// Says something that a person should look at.
pub(crate) fn warn(text: &str) {
    say_as(text, Urgency::Warning);
}

/// Says something that is this urgent.
pub(crate) fn say_as(text: &str, urgency: Urgency) {
    let text = escape::lines(text);
    let text = urgency::for_stream(&text, urgency, io::stderr());
    // Whoever closed standard error does not want to hear it.
    let _closed = writeln!(io::stderr().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Readers, replace, write};

    #[test]
    fn a_dash_is_standard_output() {
        write(Some(Path::new("-")), "", Readers::Mask).unwrap();
        assert!(!Path::new("-").exists());
    }

    #[test]
    fn what_people_write_by_hand_is_not_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (name, text, is_kept) in [
            ("m.toml", "name = \"m\"\n[[rule]]\nid = \"a\"\n", true),
            ("a.conf", "matrix = \"m.toml\"\n[roles]\n", true),
            ("broken.toml", "name =", true),
            ("empty.toml", "\n", false),
            ("rules.nft", "# M, for web\ntable inet auditor {}\n", false),
            ("report.json", "{}\n", false),
            ("absent", "", false),
        ] {
            if !text.is_empty() {
                fs::write(path(name), text).unwrap();
            }
            let written = write(Some(&path(name)), "new", Readers::Mask);
            assert_eq!(written.is_err(), is_kept, "{name}: {written:?}");
            let now = fs::read_to_string(path(name)).unwrap();
            assert_eq!(now, if is_kept { text } else { "new" });
            replace(Some(&path(name)), "newer", Readers::Mask).unwrap();
            assert_eq!(fs::read_to_string(path(name)).unwrap(), "newer");
        }
    }
}
