//! The tables of the database, how those of an earlier version become these, and whether a file holds them at all.

use rusqlite::{Connection, Transaction, TransactionBehavior, params_from_iter, types::Value};
use thiserror::Error;

use super::sum;

/// The version of the tables (`PRAGMA user_version`).
pub(super) const VERSION: i64 = 2;

/// `AUD` and the version (`PRAGMA application_id`): it stands twice, so that a damaged one is not taken for that of a later
/// auditor, which would end every watch.
const APPLICATION: i64 = 0x4155_4400;

/// Ids beyond this are no count of events.
const MOST_ID: i64 = 1 << 53;

/// Every row ends with its sum: see [`sum`]. Instants are RFC 3339 in UTC with microseconds, so that they sort as text.
///
/// Ids of events that wait for sinks are never given twice: a sink's thread deletes all up to the last one that it has
/// delivered, which may be a while after it read them.
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
    translated TEXT NOT NULL, sum INTEGER NOT NULL,
    PRIMARY KEY (server, client, protocol, port, interface, tunnel)
) WITHOUT ROWID;
CREATE TABLE watched (start TEXT NOT NULL, end TEXT NOT NULL, running INTEGER NOT NULL, sum INTEGER NOT NULL,
    PRIMARY KEY (start, running)) WITHOUT ROWID;
CREATE TABLE gap (start TEXT NOT NULL, end TEXT, cause TEXT NOT NULL, interface TEXT NOT NULL, packets INTEGER, problem TEXT,
    sum INTEGER NOT NULL, PRIMARY KEY (start, cause, interface)) WITHOUT ROWID;
CREATE TABLE forgotten (before TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE confirmed (at TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE finding (kind TEXT NOT NULL, key TEXT NOT NULL, verdict TEXT NOT NULL, severity TEXT NOT NULL, since TEXT NOT NULL,
    text TEXT NOT NULL, sum INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE event (id INTEGER PRIMARY KEY, at TEXT NOT NULL, change TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    before TEXT, now TEXT, severity TEXT NOT NULL, text TEXT NOT NULL, sum INTEGER NOT NULL);
CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, sink TEXT NOT NULL, event TEXT NOT NULL, sum INTEGER NOT NULL);
";

/// The tables of version 1: whether there is an id before the values, and what is read of each.
const FIRST_VERSION: [(&str, bool, &str); 7] = [
    ("flow", false, "*"),
    ("watched", false, "start, end, 0"),
    ("gap", false, "*"),
    ("forgotten", false, "*"),
    ("finding", false, "*"),
    ("event", true, "*"),
    ("outbox", true, "*"),
];

/// Why a file can't be used as it is.
#[derive(Debug, Error)]
pub(super) enum TablesError {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error("it was written by a later auditor")]
    Later(i64),
    #[error("it was written by an earlier auditor")]
    Earlier,
    #[error("it holds nothing yet")]
    Empty,
    #[error("its version and its tables do not fit")]
    Version,
    #[error("its tables are no longer as they were made")]
    Schema,
    #[error("its pages do not fit: {0}")]
    Structure(String),
    #[error("an id of table {0} is out of range")]
    Id(&'static str),
}

/// What a file says of itself.
enum Identity {
    Empty,
    First,
    Current,
}

/// Makes the tables where there are none, or those of an earlier version into these; all of them, or nothing.
pub(super) fn prepare(connection: &mut Connection) -> Result<(), TablesError> {
    if matches!(identity_at_once(connection)?, Identity::Current) {
        return check_writable(connection);
    }
    // Nobody else may do the same meanwhile, so the version is read again once the database is locked.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match identity(&transaction)? {
        Identity::Current => return Ok(()),
        Identity::Empty => transaction.execute_batch(TABLES)?,
        Identity::First => {
            // What is wrong with it must not be given sums that are right.
            check_structure(&transaction)?;
            add_sums(&transaction)?;
        }
    }
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.pragma_update(None, "application_id", APPLICATION | VERSION)?;
    transaction.commit()?;
    Ok(())
}

/// Whether the tables are these, for whoever only reads them.
pub(super) fn check_version(connection: &Connection) -> Result<(), TablesError> {
    match identity_at_once(connection)? {
        Identity::Current => Ok(()),
        Identity::First => Err(TablesError::Earlier),
        Identity::Empty => Err(TablesError::Empty),
    }
}

/// All of it as it was at one moment: a file in which somebody else makes the tables meanwhile has none yet, or all.
fn identity_at_once(connection: &Connection) -> Result<Identity, TablesError> {
    identity(&*connection.unchecked_transaction()?)
}

/// Within a transaction only: what is read before somebody else commits does not fit what is read after.
fn identity(connection: &Connection) -> Result<Identity, TablesError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    match (pragma("user_version")?, pragma("application_id")?) {
        (0, 0) => {
            let count = "SELECT count(*) FROM sqlite_schema";
            let n_tables: i64 = connection.query_row(count, [], |row| row.get(0))?;
            if n_tables == 0 {
                Ok(Identity::Empty)
            } else {
                Err(TablesError::Version)
            }
        }
        (1, 0) => Ok(Identity::First),
        (version, application) if application != APPLICATION | version => Err(TablesError::Version),
        (VERSION, _) => Ok(Identity::Current),
        (version, _) if VERSION < version => Err(TablesError::Later(version)),
        (_, _) => Err(TablesError::Version),
    }
}

/// Checks all that can be checked without reading values: the structure of the file, its tables, and its ids.
pub(super) fn check(connection: &Connection) -> Result<(), TablesError> {
    check_structure(connection)?;
    let fresh = Connection::open_in_memory()?;
    fresh.execute_batch(TABLES)?;
    if schema(connection)? != schema(&fresh)? {
        return Err(TablesError::Schema);
    }
    for (table, query) in [
        ("event", "SELECT min(id), max(id) FROM event"),
        ("outbox", "SELECT min(id), max(id) FROM outbox"),
        (
            "sqlite_sequence",
            "SELECT min(seq), max(seq) FROM sqlite_sequence",
        ),
    ] {
        let ids = connection.query_row(query, [], |row| {
            Ok([row.get::<_, Option<i64>>(0)?, row.get(1)?])
        })?;
        if ids.iter().flatten().any(|id| !(0..MOST_ID).contains(id)) {
            return Err(TablesError::Id(table));
        }
    }
    Ok(())
}

fn check_structure(connection: &Connection) -> Result<(), TablesError> {
    let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said == "ok" {
        Ok(())
    } else {
        // The first line names the database's place in the connection.
        let said = said.trim_start_matches("*** in database main ***");
        Err(TablesError::Structure(said.trim().replace('\n', "; ")))
    }
}

/// A byte of the file's header says that only later versions of SQLite may write to it: it is read without an error, and nothing
/// is ever saved. The header was read before.
pub(super) fn check_writable(connection: &Connection) -> Result<(), TablesError> {
    if connection.is_readonly("main")? {
        return Err(TablesError::Structure(
            "nobody may write to them".to_owned(),
        ));
    }
    Ok(())
}

/// The statements that made the tables.
fn schema(connection: &Connection) -> rusqlite::Result<Vec<(String, Option<String>)>> {
    let mut statement =
        connection.prepare("SELECT type || ' ' || name, sql FROM sqlite_schema ORDER BY 1")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// From version 1, in which rows had no sums, and the id of a deleted event could be given again.
fn add_sums(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    for (table, _, _) in FIRST_VERSION {
        transaction.execute_batch(&format!("ALTER TABLE {table} RENAME TO old_{table}"))?;
    }
    transaction.execute_batch(TABLES)?;
    for (table, has_id, columns) in FIRST_VERSION {
        let mut select = transaction.prepare(&format!("SELECT {columns} FROM old_{table}"))?;
        let n_columns = select.column_count();
        let places = vec!["?"; n_columns + 1].join(", ");
        let mut insert = transaction.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let mut values = (0..n_columns)
                .map(|at| row.get(at))
                .collect::<rusqlite::Result<Vec<Value>>>()?
                .into_iter();
            let id = if has_id { values.next() } else { None };
            let row = id.into_iter().chain(sum::with_sum(table, values));
            insert.execute(params_from_iter(row))?;
        }
        drop(rows);
        drop(select);
        transaction.execute_batch(&format!("DROP TABLE old_{table}"))?;
    }
    Ok(())
}
