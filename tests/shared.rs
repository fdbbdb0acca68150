//! The importer against reference rows made by reading, where those are beside the repository.

use std::process::Command;

use crate::auditor::{repository, run};

/// Documents that must be read without a miss.
const WHOLE: [&str; 5] = [
    "auth0-appliance",
    "auth0-private-cloud",
    "circleci-server-2",
    "dcos-1.13",
    "thoughtspot",
];

#[test]
fn reference_rows() {
    let documents = repository().join("../shared/documents");
    if !documents.is_dir() {
        // The references are no part of the repository.
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let truth = place.path().join("truth");
    std::fs::create_dir(&truth).unwrap();
    for name in WHOLE {
        let page = documents.join(format!("{name}.md"));
        let output = run(
            place.path(),
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
        .arg(place.path())
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
