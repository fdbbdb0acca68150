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
