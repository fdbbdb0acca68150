//! What has to stand in two places is the same in both.

use std::{collections::BTreeSet, fs};

use crate::root;

fn text(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What stands in quotes behind the first `before` of a file.
fn quoted(file: &str, before: &str) -> String {
    let text = text(file);
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("{file} has no `{before}`"));
    rest.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn one_toolchain() {
    let toolchain = quoted("rust-toolchain.toml", "channel");
    assert_eq!(quoted("xtask/src/setup.rs", "const TOOLCHAIN"), toolchain);
    let oldest = quoted("Cargo.toml", "rust-version");
    assert!(
        toolchain.starts_with(&format!("{oldest}.")),
        "{toolchain} is no {oldest}"
    );
}

#[test]
fn one_linker() {
    let file = "xtask/src/setup.rs";
    assert_eq!(
        quoted("auditor/build.rs", "const BPF_LINKER"),
        quoted(file, "const BPF_LINKER")
    );
}

/// Every fuzz target is run, and every one that is run is there.
#[test]
fn the_same_fuzz_targets() {
    let manifest = text("fuzz/Cargo.toml");
    let there: BTreeSet<&str> = manifest
        .split("[[bin]]")
        .skip(1)
        .map(|bin| bin.split('"').nth(1).unwrap())
        .collect();
    let runner = text("xtask/src/fuzz.rs");
    let (_, list) = runner.split_once("const TARGETS").unwrap();
    let (list, _) = list
        .split_once(';')
        .map(|(_, rest)| rest.split_once(';').unwrap())
        .unwrap();
    let packet = quoted("xtask/src/fuzz.rs", "const PACKET");
    let run: BTreeSet<&str> = list
        .split('"')
        .skip(1)
        .step_by(2)
        .chain([packet.as_str()])
        .collect();
    assert_eq!(there, run);
}
