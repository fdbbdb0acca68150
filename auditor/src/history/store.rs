//! The history on disk: an SQLite database, written in transactions, that `sqlite3` reads as well.

mod damage;
mod read;
mod row;
mod sum;
mod tables;
mod write;

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::{FlowIdentity, History};
use crate::alert::{Event, OpenFinding};
use row::RowError;
pub use row::ValueError;
use tables::{TablesError, VERSION};

/// Why the history can't be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("cannot use {}: {problem}", path.display())]
    Database {
        path: PathBuf,
        #[source]
        problem: rusqlite::Error,
    },
    #[error("cannot use {}: {value}", path.display())]
    Value { path: PathBuf, value: ValueError },
    #[error("cannot use {}: {problem}", path.display())]
    Tables { path: PathBuf, problem: String },
    #[error("{} was written by an earlier auditor: `auditor watch` of this version takes it over", path.display())]
    Earlier { path: PathBuf },
    #[error("there is no history at {}: `auditor watch` writes it; say with --state where, if it is elsewhere", path.display())]
    Absent { path: PathBuf },
    #[error("{} holds nothing yet", path.display())]
    Empty { path: PathBuf },
    #[error("{} was written by a later auditor (version {version}, this one knows {VERSION}): use that one, or another --state", path.display())]
    Later { path: PathBuf, version: i64 },
}

impl StoreError {
    /// Whether the file's content can't be trusted: it is no database, a corrupt one, or one with a value that nobody wrote.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Database { problem, .. } => damage::is_damage(problem),
            Self::Value { .. } | Self::Tables { .. } => true,
            Self::Absent { .. }
            | Self::Earlier { .. }
            | Self::Empty { .. }
            | Self::Later { .. } => false,
        }
    }
}

/// The database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

/// The most events that are kept, and that wait for sinks; beyond this the oldest are deleted.
const MOST_EVENTS: i64 = 100_000;

impl Store {
    /// Opens the database, or creates one. What it holds is not looked at: see [`Self::check`].
    ///
    /// # Errors
    ///
    /// The file can't be used, is no database, or was written by a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut store = Self::connect(path, OpenFlags::default())?;
        let prepared = prepare(&mut store.connection);
        prepared.map_err(|problem| store.refuse(problem))?;
        Ok(store)
    }

    /// Opens a database that another thread has opened.
    ///
    /// # Errors
    ///
    /// There is none, it is no database, nobody may write to it, or it was written by another version.
    pub fn join(path: &Path) -> Result<Self, StoreError> {
        let store = Self::existing(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let checked = tables::check_writable(&store.connection);
        checked.map_err(|problem| store.refuse(problem))?;
        Ok(store)
    }

    /// Opens a database that another process may be writing to.
    ///
    /// # Errors
    ///
    /// There is none, it is no database, or it was written by another version.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        // SQLite's own word for it is that it can't open the file.
        if path
            .symlink_metadata()
            .is_err_and(|error| error.kind() == ErrorKind::NotFound)
        {
            return Err(StoreError::Absent {
                path: path.to_owned(),
            });
        }
        Self::existing(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    fn existing(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let store = Self::connect(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let checked = tables::check_version(&store.connection);
        checked.map_err(|problem| store.refuse(problem))?;
        Ok(store)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let connect = || {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(BUSY)?;
            // A page that does not fit is found before it is used.
            connection.pragma_update(None, "cell_size_check", true)?;
            // Nothing of it is written to places for everybody's temporary files.
            connection.pragma_update(None, "temp_store", "MEMORY")?;
            Ok(connection)
        };
        let path = path.to_owned();
        match connect() {
            Ok(connection) => Ok(Self { connection, path }),
            Err(problem) => Err(StoreError::Database { path, problem }),
        }
    }

    /// Checks the structure of the file, and every value in it.
    ///
    /// # Errors
    ///
    /// Something was changed by nobody who writes here.
    pub fn check(&self) -> Result<(), StoreError> {
        tables::check(&self.connection).map_err(|problem| self.refuse(problem))?;
        read::check(&self.connection).map_err(|problem| self.fail(problem))
    }

    /// The events that wait for sinks in a damaged database, as far as they can be read and are as they were written; each
    /// with its sink.
    pub fn salvage(path: &Path) -> Vec<(String, String)> {
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .map(|store| read::salvage(&store.connection))
            .unwrap_or_default()
    }

    /// The events that wait for sinks, each with its sink, as far as they can be read.
    pub fn waiting_events(&self) -> Vec<(String, String)> {
        read::salvage(&self.connection)
    }

    fn refuse(&self, problem: TablesError) -> StoreError {
        let path = self.path.clone();
        match problem {
            TablesError::Database(problem) => StoreError::Database { path, problem },
            TablesError::Later(version) => StoreError::Later { path, version },
            TablesError::Earlier => StoreError::Earlier { path },
            TablesError::Empty => StoreError::Empty { path },
            TablesError::Version
            | TablesError::Schema
            | TablesError::Structure(_)
            | TablesError::Id(_) => StoreError::Tables {
                path,
                problem: problem.to_string(),
            },
        }
    }

    fn fail(&self, problem: impl Into<RowError>) -> StoreError {
        let path = self.path.clone();
        match problem.into() {
            RowError::Database(problem) => StoreError::Database { path, problem },
            RowError::Value(value) => StoreError::Value { path, value },
        }
    }

    /// Reads the whole history.
    ///
    /// # Errors
    ///
    /// The database can't be read, or holds a value that is not known.
    pub fn load(&self) -> Result<History, StoreError> {
        read::load(&self.connection).map_err(|problem| self.fail(problem))
    }

    /// Reads the state of every finding.
    ///
    /// # Errors
    ///
    /// The database can't be read, or holds a value that is not known.
    pub fn findings(&self) -> Result<Vec<OpenFinding>, StoreError> {
        read::findings(&self.connection).map_err(|problem| self.fail(problem))
    }

    /// Reads the events since `start`, oldest first.
    ///
    /// # Errors
    ///
    /// The database can't be read, or holds a value that is not known.
    pub fn events(&self, start: Timestamp) -> Result<Vec<Event>, StoreError> {
        read::events(&self.connection, start).map_err(|problem| self.fail(problem))
    }

    /// The oldest events that wait for a sink, at most `most`, as id and stored text; and how many wait in all.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn waiting(&self, sink: &str, most: u32) -> Result<(Vec<(i64, String)>, u64), StoreError> {
        read::waiting(&self.connection, sink, most).map_err(|problem| self.fail(problem))
    }

    /// When the history was last written to, in seconds since 1970: the time as of which its findings are open.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn now(&self) -> Result<i64, StoreError> {
        let end = read::end(&self.connection).map_err(|problem| self.fail(problem))?;
        Ok(end.map_or(0, Timestamp::as_second))
    }

    /// Deletes the events of a sink that were delivered, up to and including `last`.
    ///
    /// # Errors
    ///
    /// The database can't be written.
    pub fn delivered(&self, sink: &str, last: i64) -> Result<(), StoreError> {
        self.connection
            .execute(
                "DELETE FROM outbox WHERE sink = ?1 AND id <= ?2",
                rusqlite::params![sink, last],
            )
            .map(|_count| ())
            .map_err(|problem| self.fail(problem))
    }

    /// Writes what changed in one transaction: flows, those that are `gone`, watched times and gaps, the current findings,
    /// new events, and the events that wait for sinks (`outbox`).
    ///
    /// # Errors
    ///
    /// The database can't be written, as on a full disk. The changes then remain to be written the next time.
    pub fn save(
        &mut self,
        history: &mut History,
        gone: &BTreeSet<FlowIdentity>,
        findings: Option<&[OpenFinding]>,
        events: &[Event],
        outbox: &[(String, String)],
    ) -> Result<(), StoreError> {
        let result = self.connection.transaction().and_then(|transaction| {
            write::write(&transaction, history, gone, findings, events)?;
            write::outbox(&transaction, outbox)?;
            transaction.commit()
        });
        result.map_err(|problem| self.fail(problem))?;
        history.changed.clear();
        history.are_spans_saved = true;
        Ok(())
    }
}

/// How long to wait for another process that has locked the database.
const BUSY: Duration = Duration::from_secs(5);

fn prepare(connection: &mut Connection) -> Result<(), TablesError> {
    // Readers do not wait for the writer, and a crash leaves what was committed.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    tables::prepare(connection)
}

fn text(instant: Timestamp) -> String {
    format!("{instant:.6}")
}

#[cfg(test)]
pub(crate) mod damages;
#[cfg(test)]
mod tests;
