//! The state directory of `auditor watch`: history, report and lock.

mod files;

use std::{
    fs::File,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};

use crate::{
    alert::OpenFinding,
    history::{History, Store, StoreError},
    output::warn,
    private_file,
};
use files::Files;
pub(crate) use files::Since;

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
    /// What the history held when it was opened, until it is taken.
    pub(crate) found: Found,
    /// The database's files, as they were last written.
    files: Files,
    _lock: Flock<File>,
}

/// What a history held when it was opened.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) history: History,
    pub(crate) findings: Vec<OpenFinding>,
    /// What was wrong with it, if it was set aside and begun anew.
    pub(crate) damage: Option<String>,
    /// Events that waited for sinks in what was set aside, each with its sink.
    pub(crate) salvaged: Vec<(String, String)>,
}

impl State {
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the directory, or creates it, and locks it. A damaged history is set aside, and a new one is begun.
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
        let path = directory.join(HISTORY);
        let (store, found) = match open(&path) {
            Ok(opened) => opened,
            Err(OpenError::Damage(problem)) => {
                let (store, aside) = replace(&path, &problem, now)?;
                warn("auditor: what was seen before is not known");
                let found = Found {
                    damage: Some(problem),
                    salvaged: Store::salvage(&aside),
                    ..Found::default()
                };
                (store, found)
            }
            Err(OpenError::Other(error)) => return Err(error),
        };
        Ok(Self {
            directory: directory.to_owned(),
            store,
            found,
            files: Files::default(),
            _lock: lock,
        })
    }

    /// The history's file.
    pub(crate) fn database(&self) -> PathBuf {
        self.directory.join(HISTORY)
    }

    /// Takes the database's files as they are now for what was written.
    pub(crate) fn note_files(&mut self) {
        self.files = Files::of(&self.database());
    }

    /// What became of the database's files since they were last written.
    pub(crate) fn files_since(&self) -> Since {
        let path = self.database();
        self.files.since(&Files::of(&path), &path)
    }

    /// Begins a history anew whose files are gone: others that may be in their place are set aside. Returns the events that wait
    /// for sinks, which are still to be read where they were written.
    ///
    /// # Errors
    ///
    /// The directory can't be written to. The old one remains in use.
    pub(crate) fn replace_lost(
        &mut self,
        problem: &str,
        now: Timestamp,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let waiting = self.store.waiting_events();
        (self.store, _) = replace(&self.database(), problem, now)?;
        self.files = Files::default();
        Ok(waiting)
    }

    /// Sets a history aside that was damaged while it was open, and begins a new one, which is empty. Returns the events that
    /// wait for sinks, as far as they can be read.
    ///
    /// # Errors
    ///
    /// The directory can't be written to. The old one remains in use.
    pub(crate) fn begin_anew(
        &mut self,
        problem: &str,
        now: Timestamp,
    ) -> anyhow::Result<Vec<(String, String)>> {
        let (store, aside) = replace(&self.database(), problem, now)?;
        let salvaged = Store::salvage(&aside);
        self.store = store;
        self.files = Files::default();
        Ok(salvaged)
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

/// Why a history can't be opened.
enum OpenError {
    /// Its content can't be trusted.
    Damage(String),
    Other(anyhow::Error),
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        if error.is_damage() {
            Self::Damage(error.to_string())
        } else {
            Self::Other(error.into())
        }
    }
}

/// Opens a history, and reads all of it: what can't be trusted is found before anything rests on it.
fn open(path: &Path) -> Result<(Store, Found), OpenError> {
    let was_empty = std::fs::metadata(path).is_ok_and(|file| file.len() == 0);
    claim(path).map_err(OpenError::Other)?;
    let store = Store::open(path)?;
    store.check()?;
    let found = Found {
        history: store.load()?,
        findings: store.findings()?,
        ..Found::default()
    };
    // A file whose content is all in the log beside it is empty by itself.
    if was_empty && found.history.watched().is_empty() {
        return Err(OpenError::Damage(format!(
            "cannot use {}: it was empty",
            path.display()
        )));
    }
    Ok((store, found))
}

/// Sets what there is of a history aside, and begins a new one in its place. Returns that, and the old one's new name.
///
/// The new one is made before anything is moved, so that a full disk leaves all as it is, and takes its name when it is whole:
/// whoever reads it meanwhile, in this process or another, sees all of it, and keeps nothing of it from being made.
fn replace(path: &Path, problem: &str, now: Timestamp) -> anyhow::Result<(Store, PathBuf)> {
    let new = make(path)?;
    let aside = move_aside(path, problem, now)?;
    let renamed = std::fs::rename(&new, path);
    renamed.with_context(|| format!("cannot rename {}", new.display()))?;
    Ok((Store::open(path)?, aside))
}

/// Makes an empty history beside the one in use. What was left of one is removed. Returns its name.
fn make(path: &Path) -> anyhow::Result<PathBuf> {
    let new = with_suffix(path, ".new");
    for suffix in OF_DATABASE {
        let left = with_suffix(&new, suffix);
        match std::fs::remove_file(&left) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", left.display()));
            }
            Ok(()) | Err(_) => {}
        }
    }
    claim(&new)?;
    // Whoever closes it last leaves all of it in one file.
    drop(Store::open(&new)?);
    Ok(new)
}

/// Renames what there is of a history, and says so. Returns its new name.
fn move_aside(path: &Path, problem: &str, now: Timestamp) -> anyhow::Result<PathBuf> {
    let aside = free_name(path, now);
    let mut is_moved = false;
    for suffix in OF_DATABASE {
        let (from, to) = (with_suffix(path, suffix), with_suffix(&aside, suffix));
        match std::fs::rename(&from, &to) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot move {} aside", from.display()));
            }
            Ok(()) => is_moved = true,
            Err(_) => {}
        }
    }
    let moved = if is_moved {
        format!("moved to {}, and ", aside.display())
    } else {
        String::new()
    };
    warn(&format!("auditor: {problem}; {moved}begun anew"));
    Ok(aside)
}

/// A name with the time that nothing has yet.
fn free_name(path: &Path, now: Timestamp) -> PathBuf {
    let name = with_suffix(path, &format!(".damaged-{}", now.as_second()));
    let mut free = name.clone();
    let mut n_before = 1;
    while free.symlink_metadata().is_ok() {
        n_before += 1;
        free = with_suffix(&name, &format!("-{n_before}"));
    }
    free
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests;
