//! A number that stands for all sources of the kernel half: the build writes it down, and a test compares it.

use std::{
    collections::BTreeMap,
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::{Path, PathBuf},
};

/// What the kernel half is built from, relative to the crate that builds it.
pub(crate) const SOURCES: [&str; 6] = [
    "../auditor-common/Cargo.toml",
    "../auditor-common/src",
    "../auditor-ebpf/Cargo.toml",
    "../auditor-ebpf/src",
    "../Cargo.lock",
    "../Cargo.toml",
];

/// The number for the sources beside `root`, which is the crate that builds the kernel half.
///
/// # Errors
///
/// A file can't be read.
pub(crate) fn number(root: &Path) -> io::Result<u64> {
    let mut files = BTreeMap::new();
    for source in SOURCES {
        read(&root.join(source), Path::new(source), &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    Ok(hasher.finish())
}

/// Reads a file, or all files below a directory, under a name that does not depend on where the workspace is.
fn read(path: &Path, name: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) -> io::Result<()> {
    if !path.is_dir() {
        files.insert(name.to_owned(), fs::read(path)?);
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        read(&entry.path(), &name.join(entry.file_name()), files)?;
    }
    Ok(())
}
