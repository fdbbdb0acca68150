use std::collections::BTreeSet;

use rusqlite::{
    OpenFlags,
    hooks::{AuthAction, AuthContext, Authorization},
};

use super::{
    Store,
    tables::{self, TablesError},
};
use crate::history::{
    History,
    sample::{at, events, findings, flow},
};

/// A database that holds findings and events, after `change`.
fn store(change: &str) -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(&directory.path().join("history.db")).unwrap();
    let mut history = History::default();
    history.begin(at(0));
    store
        .save(
            &mut history,
            &BTreeSet::new(),
            Some(&findings()),
            &events(),
            &[],
        )
        .unwrap();
    store.connection.execute_batch(change).unwrap();
    (directory, store)
}

#[test]
fn findings_and_events_are_read_back() {
    let (_directory, store) = store("");
    assert_eq!(store.findings().unwrap(), findings());
    assert_eq!(store.events(at(0)).unwrap(), events());
    assert_eq!(store.events(at(3)).unwrap(), []);
}

/// Checks the error that a database gives after `change`: its table, column and value.
#[track_caller]
fn check(change: &str, said: &str) {
    let (directory, store) = store(change);
    let path = directory.path().join("history.db");
    let load = store.load().map(|_history| ());
    let findings = store.findings().map(|_findings| ());
    let events = store.events(at(0)).map(|_events| ());
    let error = load.and(findings).and(events).unwrap_err();
    // It is moved aside as a damaged one is, so that a watch goes on without it.
    assert!(error.is_damage());
    assert_eq!(
        error.to_string(),
        format!("cannot use {}: in table {said}", path.display())
    );
}

#[test]
fn what_is_not_known_is_said() {
    check(
        "UPDATE finding SET kind = 'planet'",
        "finding, column kind is `planet`: not known",
    );
    check(
        "UPDATE finding SET severity = 'worse' WHERE kind = 'rule'",
        "finding, column severity is `worse`: not known",
    );
    check(
        "UPDATE finding SET verdict = 'missing' WHERE kind = 'flow'",
        "finding, column verdict is `missing`: not known",
    );
    check(
        "UPDATE event SET key = 'x' WHERE kind = 'flow'",
        "event, column key is `x`: no flow: expected one such as 10.0.0.1 -> 10.0.0.2 tcp/443",
    );
    check(
        "UPDATE event SET change = 'grew'",
        "event, column change is `grew`: not known",
    );
    check(
        "INSERT INTO gap VALUES ('2027-01-15T08:00:00Z', NULL, 'dozing', '', NULL, NULL, 0)",
        "gap, column cause is `dozing`: not known",
    );
    check(
        "INSERT INTO gap VALUES ('2027-01-15T08:00:00Z', NULL, 'too-deep', '', -1, NULL, 0)",
        "gap, column packets is -1: out of range integral type conversion attempted",
    );
    let flow = |server, tunnel, evidence| {
        format!(
            "INSERT INTO flow VALUES ('{server}', '10.0.0.2', 6, 80, 'eth0', '{tunnel}', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {evidence}, \
             '2027-01-15T08:00:00Z', '2027-01-15T08:00:00Z', NULL, NULL, '', 0)"
        )
    };
    check(
        &flow("10.0.0.1", "pigeon", 1),
        "flow, column tunnel is `pigeon`: not known",
    );
    check(
        &flow("10.0.0.1", "", 99),
        "flow, column evidence is 99: not known",
    );
    check(
        &flow("web", "", 1),
        "flow, column server is `web`: invalid IP address syntax",
    );
}

/// What an auditor of before wrote, with two events that wait.
const FIRST_VERSION: &str = "
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
INSERT INTO flow VALUES ('10.0.0.1', '10.0.0.2', 6, 80, 'eth0', '', 1, 60, 0, 2, 1, 60, 0, 18, 1, 1, 0, 1,
    '2027-01-15T08:00:00.000000Z', '2027-01-15T08:00:01.000000Z', '2027-01-15T08:00:01.000000Z', NULL, '');
INSERT INTO watched VALUES ('2027-01-15T08:00:00.000000Z', '2027-01-15T08:00:10.000000Z');
INSERT INTO gap VALUES ('2027-01-15T08:00:02.000000Z', NULL, 'detached', 'eth0', NULL, NULL);
INSERT INTO forgotten VALUES ('2027-01-15T08:00:00.500000Z');
INSERT INTO finding VALUES ('rule', 'web', 'missing', 'warning', '2027-01-15T08:00:05.000000Z', 'why');
INSERT INTO event VALUES (3, '2027-01-15T08:00:05.000000Z', 'appeared', 'rule', 'web', NULL, 'missing', 'warning', 'why');
INSERT INTO outbox VALUES (7, 'hook', 'first'), (8, 'hook', 'second');
PRAGMA user_version = 1;
";

/// Puts an event into the outbox of `hook`.
fn put(store: &mut Store, event: &str) {
    let waiting = [("hook".to_owned(), event.to_owned())];
    let mut history = History::default();
    store
        .save(&mut history, &BTreeSet::new(), None, &[], &waiting)
        .unwrap();
}

/// What waits for `hook`.
fn waiting(store: &Store) -> Vec<String> {
    let (events, count) = store.waiting("hook", 64).unwrap();
    assert_eq!(u64::try_from(events.len()).unwrap(), count);
    events.into_iter().map(|(_, event)| event).collect()
}

/// An event that is put there between the two deletions of a delivery is not deleted by the second.
#[track_caller]
fn check_between_deletions(store: &mut Store) {
    let (events, _) = store.waiting("hook", 64).unwrap();
    let last = events.last().unwrap().0;
    store.delivered("hook", last).unwrap();
    put(store, "between");
    store.delivered("hook", last).unwrap();
    assert_eq!(waiting(store), ["between"]);
}

#[test]
fn an_event_that_comes_between_two_deletions_is_kept() {
    let (_directory, mut store) = store("");
    put(&mut store, "one");
    check_between_deletions(&mut store);
}

#[test]
fn what_waits_in_a_database_of_before_is_kept_and_no_id_is_given_twice() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(FIRST_VERSION).unwrap();
    drop(connection);
    // Whoever only reads it does not change it.
    assert!(!Store::read(&path).unwrap_err().is_damage());
    let mut store = Store::open(&path).unwrap();
    store.check().unwrap();
    let history = store.load().unwrap();
    assert_eq!(history.flows(at(0)).len(), 1);
    assert_eq!(
        history.since().map(|since| since.to_string()),
        Some("2027-01-15T08:00:00.5Z".to_owned())
    );
    assert_eq!(history.watched().len(), 1);
    assert_eq!(history.gaps(at(0)).len(), 1);
    assert_eq!(store.findings().unwrap().len(), 1);
    assert_eq!(store.events(at(0)).unwrap().len(), 1);
    assert_eq!(waiting(&store), ["first", "second"]);
    check_between_deletions(&mut store);
    drop(store);
    // It is done once.
    assert_eq!(waiting(&Store::open(&path).unwrap()), ["between"]);
}

#[test]
fn a_row_that_was_changed_is_told() {
    // Each is a value that an auditor may have written.
    for (change, table) in [
        ("UPDATE flow SET server = '10.0.0.3'", "flow"),
        (
            "UPDATE watched SET end = '2027-01-16T08:00:00.000000Z'",
            "watched",
        ),
        (
            "UPDATE finding SET since = '2027-01-16T08:00:00.000000Z'",
            "finding",
        ),
        ("UPDATE event SET severity = 'note'", "event"),
        ("UPDATE outbox SET event = 'another'", "outbox"),
    ] {
        let (_directory, mut store) = store("");
        let mut history = store.load().unwrap();
        history.begin(at(0));
        history.update(vec![flow(80, [1, 1], 1)], at(3));
        let waiting = [("hook".to_owned(), "one".to_owned())];
        store
            .save(&mut history, &BTreeSet::new(), None, &[], &waiting)
            .unwrap();
        let read = |store: &Store| {
            store.check()?;
            store.load()?;
            store.findings()
        };
        read(&store).unwrap();
        assert_ne!(store.connection.execute(change, []).unwrap(), 0);
        let error = read(&store).unwrap_err();
        assert!(error.is_damage());
        let said = error.to_string();
        assert!(
            said.contains(&format!("in table {table}, column sum is")),
            "{said}"
        );
        assert!(said.ends_with("the row is not as it was written"), "{said}");
    }
}

/// The version of whoever may write to the file (SQLite, Database File Format, section 1.3).
#[test]
fn a_header_that_lets_nobody_write_is_damage() {
    let (directory, store) = store("");
    drop(store);
    let path = directory.path().join("history.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[18] = 3;
    std::fs::write(&path, bytes).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(error.is_damage(), "{error}");
}

#[test]
fn a_version_that_does_not_fit_is_damage_and_a_later_one_is_not() {
    for (pragmas, is_damage) in [
        ("PRAGMA user_version = 0", true),
        ("PRAGMA user_version = 1", true),
        ("PRAGMA user_version = 3", true),
        ("PRAGMA application_id = 3", true),
        (
            "PRAGMA user_version = 3; PRAGMA application_id = 0x41554403",
            false,
        ),
    ] {
        let (directory, store) = store(pragmas);
        drop(store);
        let error = Store::open(&directory.path().join("history.db")).unwrap_err();
        assert_eq!(error.is_damage(), is_damage, "{pragmas}: {error}");
    }
}

/// What a file says of itself is read by several statements.
#[test]
fn a_file_in_which_tables_are_made_while_it_is_read_holds_nothing_yet() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let connect = || {
        let store = Store::connect(&path, OpenFlags::default()).unwrap();
        store.connection
    };
    let (maker, mut reader) = (connect(), connect());
    maker.pragma_update(None, "journal_mode", "WAL").unwrap();
    let mut maker = Some(maker);
    // Between the first of these statements and the second, somebody else makes the tables.
    let make_tables = move |asked: AuthContext<'_>| {
        if let AuthAction::Pragma { pragma_name, .. } = asked.action
            && pragma_name == "application_id"
            && let Some(mut maker) = maker.take()
        {
            tables::prepare(&mut maker).unwrap();
        }
        Authorization::Allow
    };
    reader.authorizer(Some(make_tables)).unwrap();
    let before = tables::check_version(&reader).unwrap_err();
    assert!(matches!(before, TablesError::Empty), "{before}");
    tables::check_version(&reader).unwrap();
}
