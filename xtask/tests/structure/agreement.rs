//! What has to stand in two places is the same in both.

use std::fs;

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
