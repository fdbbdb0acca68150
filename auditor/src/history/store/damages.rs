//! Ways in which a disk, or anybody, may damage a database: the same ones from the same seed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::Connection;

use crate::random::Random;

const PAGE: usize = 4096;
/// The part of the first page that is about the whole file.
const HEADER: usize = 100;

/// Columns of every kind, by their tables.
const COLUMNS: [(&str, &str); 16] = [
    ("flow", "server"),
    ("flow", "port"),
    ("flow", "to_server_packets"),
    ("flow", "to_client_flags"),
    ("flow", "evidence"),
    ("flow", "last_seen"),
    ("flow", "translated"),
    ("watched", "end"),
    ("gap", "cause"),
    ("gap", "packets"),
    ("finding", "verdict"),
    ("finding", "since"),
    ("event", "at"),
    ("event", "id"),
    ("outbox", "event"),
    ("sqlite_sequence", "seq"),
];
const VALUES: [&str; 8] = [
    "x'00ff'",
    "-1",
    "9223372036854775807",
    "1e300",
    "'web'",
    "''",
    "'2127-01-15T08:00:00.000000Z'",
    "70000",
];
const STATEMENTS: [&str; 6] = [
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 9",
    "DROP TABLE finding",
    "ALTER TABLE flow RENAME COLUMN port TO gate",
    "DELETE FROM sqlite_sequence",
    "CREATE TRIGGER no BEFORE INSERT ON watched BEGIN SELECT RAISE(ABORT, 'no'); END",
];

/// Damages the database, and says how. `is_open` says that somebody has it open: then no statement is run, which would be
/// refused or wait.
pub(crate) fn damage(random: &mut Random, database: &Path, is_open: bool) -> String {
    let log = PathBuf::from(format!("{}-wal", database.display()));
    let has_log = fs::metadata(&log).is_ok_and(|file| 0 < file.len());
    let file = if has_log && random.chance(0.3) {
        &log
    } else {
        database
    };
    let name = file
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut bytes = fs::read(file).unwrap();
    let length = bytes.len();
    let n_kinds = if is_open { 5 } else { 7 };
    let said = match random.below(n_kinds) {
        0 => {
            let n_bits = 1 + random.below(8);
            for _ in 0..n_bits {
                bytes[random.below(length)] ^= 1 << random.below(8);
            }
            format!("{n_bits} bits of {name}")
        }
        1 => {
            let at = random.below(HEADER.min(length));
            bytes[at] ^= 1 << random.below(8);
            format!("a bit of byte {at} of {name}")
        }
        2 => {
            let page = random.below(length.div_ceil(PAGE)) * PAGE;
            bytes[page..length.min(page + PAGE)].fill(0);
            format!("zeros at {page} of {name}")
        }
        3 => {
            let page = random.below(length.div_ceil(PAGE)) * PAGE;
            for byte in &mut bytes[page..length.min(page + PAGE)] {
                *byte = random.next().to_le_bytes()[0];
            }
            format!("garbage at {page} of {name}")
        }
        4 => {
            let length = random.below(length);
            bytes.truncate(length);
            format!("{length} bytes left of {name}")
        }
        5 => {
            let (table, column) = COLUMNS[random.below(COLUMNS.len())];
            let value = VALUES[random.below(VALUES.len())];
            let first = format!("(SELECT {column} FROM {table} LIMIT 1)");
            let change =
                format!("UPDATE OR IGNORE {table} SET {column} = {value} WHERE {column} = {first}");
            return run(database, &change);
        }
        _ => {
            let statement = STATEMENTS[random.below(STATEMENTS.len())];
            return run(database, statement);
        }
    };
    fs::write(file, bytes).unwrap();
    said
}

fn run(database: &Path, statement: &str) -> String {
    let connection = Connection::open(database).unwrap();
    // One that is refused, such as a word for an id, leaves it as it is.
    let done = connection.execute_batch(statement);
    format!("{statement}: {done:?}")
}
