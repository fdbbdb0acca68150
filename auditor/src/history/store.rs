//! The history on disk: an SQLite database, written in transactions, that `sqlite3` reads as well.

mod read;
mod row;
mod write;

use std::{
    collections::BTreeSet,
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

/// The version of the tables (`PRAGMA user_version`).
const VERSION: i64 = 1;

/// Instants are RFC 3339 in UTC with microseconds, so that they sort as text.
const TABLES: &str = "
CREATE TABLE flow (
    server TEXT NOT NULL, client TEXT NOT NULL, protocol INTEGER NOT NULL, port INTEGER NOT NULL,
    interface TEXT NOT NULL, tunnel TEXT NOT NULL,
    to_server_packets INTEGER NOT NULL, to_server_bytes INTEGER NOT NULL,
    to_server_resets INTEGER NOT NULL, to_server_flags INTEGER NOT NULL,
    to_client_packets INTEGER NOT NULL, to_client_bytes INTEGER NOT NULL,
    to_client_resets INTEGER NOT NULL, to_client_flags INTEGER NOT NULL,
    requests INTEGER NOT NULL, replies INTEGER NOT NULL, refusals INTEGER NOT NULL,
    evidence INTEGER NOT NULL,
    first_seen TEXT NOT NULL, last_seen TEXT NOT NULL, last_answered TEXT, last_refused TEXT,
    translated TEXT NOT NULL,
    PRIMARY KEY (server, client, protocol, port, interface, tunnel)
) WITHOUT ROWID;
CREATE TABLE watched (start TEXT PRIMARY KEY, end TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE gap (start TEXT NOT NULL, end TEXT, cause TEXT NOT NULL, interface TEXT NOT NULL, packets INTEGER, problem TEXT,
    PRIMARY KEY (start, cause, interface)) WITHOUT ROWID;
CREATE TABLE forgotten (before TEXT NOT NULL);
CREATE TABLE finding (kind TEXT NOT NULL, key TEXT NOT NULL, verdict TEXT NOT NULL, severity TEXT NOT NULL, since TEXT NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE event (id INTEGER PRIMARY KEY, at TEXT NOT NULL, change TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    before TEXT, now TEXT, severity TEXT NOT NULL, text TEXT NOT NULL);
CREATE TABLE outbox (id INTEGER PRIMARY KEY, sink TEXT NOT NULL, event TEXT NOT NULL);
";

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
    #[error("{} was written by a later auditor (version {version}, this one knows {VERSION}): use that one, or another --state", path.display())]
    Later { path: PathBuf, version: i64 },
}

impl StoreError {
    /// Whether the file is no database, a corrupt one, or one with a value that means nothing here.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Database { problem, .. } => matches!(
                problem.sqlite_error_code(),
                Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt)
            ),
            Self::Value { .. } => true,
            Self::Later { .. } => false,
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
    /// Opens the database, or creates one.
    ///
    /// # Errors
    ///
    /// The file can't be used, is no database, or was written by a later version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let fail = |problem| StoreError::Database {
            path: path.to_owned(),
            problem,
        };
        let mut connection = Connection::open(path).map_err(fail)?;
        prepare(&mut connection).map_err(fail)?;
        let store = Self {
            connection,
            path: path.to_owned(),
        };
        store.checked()
    }

    /// Opens a database that another process may be writing to.
    ///
    /// # Errors
    ///
    /// There is none, it is no database, or it was written by a later version.
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let fail = |problem| StoreError::Database {
            path: path.to_owned(),
            problem,
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
        connection.busy_timeout(BUSY).map_err(fail)?;
        let store = Self {
            connection,
            path: path.to_owned(),
        };
        store.checked()
    }

    fn checked(self) -> Result<Self, StoreError> {
        let version = self.version().map_err(|problem| self.fail(problem))?;
        if VERSION < version {
            return Err(StoreError::Later {
                path: self.path,
                version,
            });
        }
        Ok(self)
    }

    fn version(&self) -> rusqlite::Result<i64> {
        self.connection
            .pragma_query_value(None, "user_version", |row| row.get(0))
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
        let read = || {
            let mut statement = self.connection.prepare_cached(
                "SELECT id, event FROM outbox WHERE sink = ?1 ORDER BY id LIMIT ?2",
            )?;
            let rows = statement.query_map(rusqlite::params![sink, most], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            let events = rows.collect::<rusqlite::Result<Vec<_>>>()?;
            let mut statement = self
                .connection
                .prepare_cached("SELECT count(*) FROM outbox WHERE sink = ?1")?;
            let count: i64 = statement.query_row([sink], |row| row.get(0))?;
            Ok((events, u64::try_from(count).unwrap_or_default()))
        };
        read().map_err(|problem: rusqlite::Error| self.fail(problem))
    }

    /// When the history was last written to, in seconds since 1970: the time as of which its findings are open.
    ///
    /// # Errors
    ///
    /// The database can't be read.
    pub fn now(&self) -> Result<i64, StoreError> {
        self.connection
            .query_row("SELECT unixepoch(max(end)) FROM watched", [], |row| {
                row.get::<_, Option<i64>>(0)
            })
            .map(Option::unwrap_or_default)
            .map_err(|problem| self.fail(problem))
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
        Ok(())
    }
}

/// How long to wait for another process that has locked the database.
const BUSY: Duration = Duration::from_secs(5);

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    // Readers do not wait for the writer, and a crash leaves what was committed.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == 0 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
    }
    Ok(())
}

fn text(instant: Timestamp) -> String {
    format!("{instant:.6}")
}

#[cfg(test)]
mod tests;
