//! The importer against reference rows made by reading, and the ready-made matrices.

use std::{path::Path, process::Command};

use auditor::matrix::Matrix;

use crate::{
    fixture::auditor::{repository, run},
    harness::{
        Need::{Program, Shared},
        shared, tests,
    },
};

tests! {
    reference_rows: [Program("python3"), Shared("documents")],
    hard_pages: [Program("python3"), Shared("documents")],
    ready_made_matrices_are_sound: [],
    ready_made_matrices_are_those_of_their_pages: [Shared("documents")],
}

/// Documents that must be read without a miss.
const WHOLE: [&str; 5] = [
    "auth0-appliance",
    "auth0-private-cloud",
    "circleci-server-2",
    "dcos-1.13",
    "thoughtspot",
];

fn reference_rows() {
    let documents = shared("documents");
    let work_dir = tempfile::tempdir().unwrap();
    let truth = work_dir.path().join("truth");
    std::fs::create_dir(&truth).unwrap();
    for name in WHOLE {
        let page = documents.join(format!("{name}.md"));
        let output = run(
            work_dir.path(),
            &format!("import --rows {} -o {name}.jsonl", page.display()),
        );
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let reference = format!("{name}.jsonl");
        std::fs::copy(
            documents.join("truth").join(&reference),
            truth.join(&reference),
        )
        .unwrap();
    }
    let mut score = Command::new("python3");
    score
        .arg(documents.join("score.py"))
        .arg(work_dir.path())
        .arg("--truth")
        .arg(&truth)
        .args(["--require", "1.0", "-v"]);
    let scored = score.output().unwrap();
    assert!(
        scored.status.success(),
        "{}",
        String::from_utf8_lossy(&scored.stdout)
    );
}

/// Small pages, each of one kind that is easily read wrongly.
fn hard_pages() {
    let mut hard = Command::new("python3");
    hard.arg(shared("documents").join("hard/hard.py"))
        .arg(env!("CARGO_BIN_EXE_auditor"));
    let read = hard.output().unwrap();
    assert!(
        read.status.success(),
        "{}{}",
        String::from_utf8_lossy(&read.stdout),
        String::from_utf8_lossy(&read.stderr)
    );
}

fn ready_made_matrices_are_sound() {
    let work_dir = tempfile::tempdir().unwrap();
    for name in WHOLE {
        let path = repository().join(format!("matrices/{name}.toml"));
        let checked = run(work_dir.path(), &format!("check {}", path.display()));
        assert_eq!(checked.status.code(), Some(0), "{name}");
    }
}

/// The ready-made matrices say what the importer reads; only services and notes are said in other words.
fn ready_made_matrices_are_those_of_their_pages() {
    let documents = shared("documents");
    let matrices = repository().join("matrices");
    let work_dir = tempfile::tempdir().unwrap();
    for name in WHOLE {
        let path = matrices.join(format!("{name}.toml"));
        let page = documents.join(format!("{name}.md"));
        let import = format!("import {} -o {name}.toml", page.display());
        assert_eq!(
            run(work_dir.path(), &import).status.code(),
            Some(0),
            "{name}"
        );
        assert_eq!(
            facts(&path),
            facts(&work_dir.path().join(format!("{name}.toml"))),
            "{name}"
        );
        let against = format!("import {} --against {}", page.display(), path.display());
        let compared = run(work_dir.path(), &against);
        assert_eq!(compared.status.code(), Some(0), "{name}");
        assert_eq!(String::from_utf8_lossy(&compared.stdout), "", "{name}");
    }
}

/// What each rule of a matrix says, without the words it says it in.
fn facts(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap();
    let matrix = Matrix::parse(path, &text).unwrap();
    let facts = |rule: &auditor::matrix::Rule| {
        format!(
            "{} {:?} {:?} {} {} {} {} {} {:?} {:?}",
            rule.id,
            rule.client,
            rule.server,
            rule.transport,
            rule.ports,
            rule.alternatives,
            rule.loopback,
            rule.presence.name(),
            rule.when,
            rule.origin
        )
    };
    matrix.rules.iter().map(facts).collect()
}
