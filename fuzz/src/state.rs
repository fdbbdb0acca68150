//! Files that are read back, and what people write for the auditor: whatever is in them, it is an error or it is used.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    str,
    sync::LazyLock,
};

use auditor::{
    deployment::{Deployment, Form, Inventory},
    fleet::{self, schema::FleetReport},
    fuzz,
    history::{History, Store},
    report::{self, FORMS, Look, explain},
};
use jiff::Timestamp;

/// The kind of files: one run, one kind.
static KIND: LazyLock<String> =
    LazyLock::new(|| std::env::var("FORMAT").expect("FORMAT names the kind of files"));

/// Reads bytes as a file of the kind.
pub fn read(bytes: &[u8]) {
    if KIND.as_str() == "history" {
        return history(bytes);
    }
    if KIND.as_str() == "message" {
        return messages(bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    match KIND.as_str() {
        "report" => report(text),
        "deployment" => deployment(text),
        "inventory" => inventory(text),
        other => panic!("no kind of files: {other}"),
    }
}

/// Messages of foreign hosts are taken or refused, and whatever they say is judged, shown in every form, explained and read back.
fn messages(lines: &[u8]) {
    // Nobody checks what is pushed before a host does.
    let _unusable = fuzz::pushed(lines);
    let (report, as_one) = fuzz::messages(lines).expect("a verdict");
    let text = report.to_json().expect("a report is text and numbers");
    serde_json::from_str::<FleetReport>(&text).expect("what is written can be read");
    report.html().expect("a page");
    report.text(Look::default());
    for what in ["a", "tcp/443", "unexpected"] {
        fleet::explain(&report, what);
    }
    for form in &FORMS {
        form.render(&as_one, Look::default()).expect("a form");
    }
}

/// A report is read as `report`, `explain`, `diff` and `learn` do, and shown in every form.
fn report(text: &str) {
    let Ok(report) = fuzz::report(text) else {
        return;
    };
    for form in &FORMS {
        form.render(&report, Look::default()).expect("a form");
    }
    let again = report.to_json().expect("a report is text and numbers");
    fuzz::report(&again).expect("what is written can be read");
    assert!(report::diff(&report, &report).is_empty(), "it is itself");
    for rule in &report.rules {
        explain::rule(&report, rule);
    }
    for flow in &report.flows {
        explain::flow(&report, flow);
    }
    explain::Query::parse("10.0.0.1 tcp/443").find(&report);
    let learned = report::learn(std::slice::from_ref(&report));
    learned
        .matrix
        .to_toml()
        .expect("rules are text and numbers");
}

/// A deployment's roles are resolved where nobody knows a name.
fn deployment(text: &str) {
    match Deployment::parse(Path::new("deployment.toml"), text) {
        Ok(deployment) => {
            deployment.resolve(&mut |_name| Err("nobody knows it".to_owned()));
        }
        Err(problem) => assert!(!problem.to_string().is_empty()),
    }
}

/// A list of hosts is read as each of its forms, and as the one that it looks like.
fn inventory(text: &str) {
    let mut all = Inventory::default();
    for form in [Form::Hosts, Form::Ini, Form::Yaml, Form::of(text)] {
        let inventory = Inventory::read(text, form);
        inventory.roles();
        all.extend(inventory);
    }
    all.roles();
}

/// A database that is as it should be.
const BASE: &[u8] = include_bytes!("../seeds/history/base");
const MAGIC: &[u8] = b"SQLite format 3\0";

/// A database: these bytes, or the one that is as it should be with bytes changed, each by three: where, and to what.
fn history(bytes: &[u8]) {
    if bytes.starts_with(MAGIC) {
        return database(bytes);
    }
    let mut changed = BASE.to_vec();
    for change in bytes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % BASE.len();
        changed[at] = change[2];
    }
    database(&changed);
}

/// A directory in memory.
static DIRECTORY: LazyLock<PathBuf> = LazyLock::new(|| {
    let path = Path::new("/dev/shm").join(format!("auditor-fuzz-{}", std::process::id()));
    fs::create_dir_all(&path).expect("memory is written to");
    path
});

fn database(bytes: &[u8]) {
    let path = DIRECTORY.join("history.db");
    for file in ["history.db-wal", "history.db-shm", "history.db-journal"] {
        // Most often it is not there.
        let _gone = fs::remove_file(DIRECTORY.join(file));
    }
    fs::write(&path, bytes).expect("memory is written to");
    // As who looks at it.
    if let Ok(store) = Store::read(&path) {
        let _loaded = store.load();
        let _events = store.events(Timestamp::MIN);
        let _now = store.now();
    }
    // As a watch that begins: what passes its checks can be read and written.
    let Ok(mut store) = Store::open(&path) else {
        Store::salvage(&path);
        return;
    };
    if store.check().is_err() {
        drop(store);
        Store::salvage(&path);
        return;
    }
    let mut history: History = store.load().expect("it was checked");
    store.findings().expect("it was checked");
    store.events(Timestamp::MIN).expect("it was checked");
    let (waiting, _count) = store.waiting("hook", 64).expect("it was checked");
    if let Some((last, _event)) = waiting.last() {
        store.delivered("hook", *last).expect("it was checked");
    }
    history.begin("2027-01-15T08:00:00Z".parse().expect("a time"));
    history.save_all();
    let outbox = [("hook".to_owned(), "{}".to_owned())];
    store
        .save(&mut history, &BTreeSet::new(), Some(&[]), &[], &outbox)
        .expect("it was checked");
    store.check().expect("what is saved is as it should be");
}
