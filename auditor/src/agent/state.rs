//! The state directory of `auditor watch`: history, report and lock.

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};

use crate::{
    history::{Store, StoreError},
    output::say,
    private_file,
};

/// The default state directory.
pub(crate) const DIRECTORY: &str = "/var/lib/auditor";
/// The latest report of a watch that uses the default state directory.
pub(crate) const REPORT: &str = "/var/lib/auditor/report.json";
/// The history's file in the directory.
pub(crate) const HISTORY: &str = "history.db";

/// A state directory, locked for this process.
pub(crate) struct State {
    directory: PathBuf,
    pub(crate) store: Store,
    _lock: Flock<File>,
}

impl State {
    /// Opens the directory, or creates it, and locks it.
    ///
    /// # Errors
    ///
    /// It can't be used, or another process has locked it.
    pub(crate) fn open(directory: &Path, now: Timestamp) -> anyhow::Result<Self> {
        private_file::directory(directory)
            .with_context(|| format!("cannot use the state directory {}", directory.display()))?;
        let path = directory.join("lock");
        let file =
            private_file::own(&path).with_context(|| format!("cannot use {}", path.display()))?;
        let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) else {
            bail!(
                "another auditor keeps its state in {}: give this one a directory of its own with --state",
                directory.display()
            );
        };
        Ok(Self {
            directory: directory.to_owned(),
            store: store(&directory.join(HISTORY), now)?,
            _lock: lock,
        })
    }

    /// The history's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join(HISTORY)
    }

    /// Writes the report atomically: a reader sees this one or the one before.
    ///
    /// # Errors
    ///
    /// The directory can't be written to.
    pub(crate) fn write_report(&self, text: &str) -> anyhow::Result<()> {
        let path = self.directory.join("report.json");
        private_file::replace(&path, text)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

/// The endings of the names of SQLite's files.
const OF_DATABASE: [&str; 3] = ["", "-wal", "-shm"];

/// Makes sure that the database's files, as far as they are there, are this program's own. SQLite gives those that it makes the
/// mode of the first, so that one is made here.
fn claim(path: &Path) -> anyhow::Result<()> {
    for suffix in OF_DATABASE {
        let path = with_suffix(path, suffix);
        // A link to nowhere is there as well.
        if suffix.is_empty() || path.symlink_metadata().is_ok() {
            let claimed = private_file::own(&path).map(drop);
            claimed.with_context(|| format!("cannot use {}", path.display()))?;
        }
    }
    Ok(())
}

/// Opens the history. A damaged one is renamed, not deleted, and a new one is created.
fn store(path: &Path, now: Timestamp) -> Result<Store, anyhow::Error> {
    claim(path)?;
    let opened = Store::open(path).and_then(|store| {
        store.load()?;
        store.findings()?;
        Ok(store)
    });
    match opened {
        Err(error) if error.is_damage() => {
            let aside = aside(path, now);
            say(&format!(
                "auditor: {error}; moved to {}, and begun anew: what was seen before is not known",
                aside.display()
            ));
            for suffix in OF_DATABASE {
                let (from, to) = (with_suffix(path, suffix), with_suffix(&aside, suffix));
                match std::fs::rename(&from, &to) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(error)
                            .with_context(|| format!("cannot move {} aside", from.display()));
                    }
                    Ok(()) | Err(_) => {}
                }
            }
            claim(path)?;
            Ok(Store::open(path)?)
        }
        other => other.map_err(|error: StoreError| error.into()),
    }
}

fn aside(path: &Path, now: Timestamp) -> PathBuf {
    with_suffix(path, &format!(".damaged-{}", now.as_second()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
