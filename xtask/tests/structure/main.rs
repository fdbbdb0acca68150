//! Rules of the house that the compiler does not know: who may use whom, and what of others comes in.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod agreement;
mod circle;
mod dependency;
mod order;
mod outside;
mod source;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The workspace's directory.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The crates of the workspace, by name, and where their sources are.
fn crates() -> Vec<(String, PathBuf)> {
    let mut crates = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let directory = entry.unwrap().path();
        if directory.join("Cargo.toml").is_file() && directory.join("src").is_dir() {
            let name = directory.file_name().unwrap().to_str().unwrap().to_owned();
            crates.push((name, directory.join("src")));
        }
    }
    assert!(5 < crates.len(), "{crates:?}");
    crates.sort();
    crates
}

/// Compares what breaks a rule with what is known to. The list only shrinks: what is mended must be taken out of it.
#[track_caller]
fn assert_known(found: &BTreeSet<String>, known: &[&str]) {
    let known: BTreeSet<String> = known.iter().copied().map(str::to_owned).collect();
    let new: Vec<_> = found.difference(&known).collect();
    assert!(new.is_empty(), "against the rule: {new:#?}");
    let mended: Vec<_> = known.difference(found).collect();
    assert!(
        mended.is_empty(),
        "mended, take these out of the list: {mended:#?}"
    );
}

#[test]
#[should_panic(expected = "against the rule")]
fn what_is_new_is_refused() {
    assert_known(
        &BTreeSet::from(["one".to_owned(), "two".to_owned()]),
        &["one"],
    );
}

#[test]
#[should_panic(expected = "take these out")]
fn what_is_mended_leaves_the_list() {
    assert_known(&BTreeSet::from(["one".to_owned()]), &["one", "two"]);
}
