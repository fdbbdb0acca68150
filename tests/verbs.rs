//! What is made of the command line itself: completions and the manual.

use std::{collections::BTreeSet, fs};

use crate::{
    fixture::auditor::{files, run},
    harness::tests,
};

tests! {
    every_shell_knows_every_verb: [],
    every_verb_has_a_page: [],
    the_version_is_that_of_the_package: [],
}

/// The verbs that the help lists.
fn verbs() -> BTreeSet<String> {
    let output = run(files(&[]).path(), "--help");
    let help = String::from_utf8(output.stdout).unwrap();
    let verbs: BTreeSet<String> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .map_while(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
        .map(str::to_owned)
        .collect();
    assert!(verbs.contains("audit") && verbs.contains("completions"));
    verbs
}

fn every_shell_knows_every_verb() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(files(&[]).path(), &format!("completions {shell}"));
        assert_eq!(output.status.code(), Some(0));
        let script = String::from_utf8(output.stdout).unwrap();
        for verb in verbs() {
            assert!(script.contains(&verb), "{shell} does not know {verb}");
        }
        // They are for the auditor itself and for packages.
        for hidden in ["guard,", "manual", "guard:"] {
            assert!(!script.contains(hidden), "{shell} shows {hidden}");
        }
    }
}

fn every_verb_has_a_page() {
    let directory = files(&[]);
    let output = run(directory.path(), "manual pages/man1");
    assert_eq!(output.status.code(), Some(0));
    let pages: BTreeSet<String> = fs::read_dir(directory.path().join("pages/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for verb in verbs() {
        let name = format!("auditor-{verb}.1");
        assert!(pages.contains(&name), "{name} is not in {pages:?}");
    }
    assert!(pages.contains("auditor.1") && !pages.contains("auditor-manual.1"));
    let page = fs::read_to_string(directory.path().join("pages/man1/auditor-watch.1")).unwrap();
    assert!(
        page.contains(".TH") && page.contains("\\-\\-every"),
        "{page}"
    );
}

fn the_version_is_that_of_the_package() {
    let output = run(files(&[]).path(), "--version");
    let text = String::from_utf8(output.stdout).unwrap();
    let version = format!("auditor {}", env!("CARGO_PKG_VERSION"));
    assert!(text.starts_with(&version), "{text}");
}
