//! A directory to the pages beneath it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::document::Format;

/// Directories within directories are entered up to this depth.
const MOST_DEPTH: usize = 16;
/// More files than any vendor's documentation has.
const MOST_FILES: usize = 10_000;

/// Every file beneath a directory whose ending is that of a format, in order of their paths. What begins with a dot is left
/// alone, and symbolic links are not followed: they may lead anywhere, and in circles.
pub(super) fn pages(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    enter(directory, 0, &mut found)?;
    if found.is_empty() {
        bail!(
            "{} holds no page: expected files that end as pages in {} do",
            directory.display(),
            Format::choices()
        );
    }
    Ok(found)
}

fn enter(directory: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if MOST_DEPTH < depth {
        bail!(
            "{} lies more than {MOST_DEPTH} directories deep: name the directory that holds the pages",
            directory.display()
        );
    }
    let cannot_read = || format!("cannot read {}", directory.display());
    let mut entries = fs::read_dir(directory)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .with_context(cannot_read)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let is_hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        if is_hidden {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type().with_context(cannot_read)?;
        if kind.is_dir() {
            enter(&path, depth + 1, found)?;
        } else if kind.is_file() && Format::of_extension(&path).is_some() {
            if MOST_FILES <= found.len() {
                bail!(
                    "more than {MOST_FILES} pages: name the directory that holds those about ports"
                );
            }
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::{MOST_DEPTH, pages};

    #[test]
    fn what_is_found() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::create_dir_all(root.join(".git")).unwrap();
        for file in [
            "z.md",
            "a.HTML",
            "b/c/x.rst",
            "b/picture.png",
            ".git/y.md",
            "b/.hidden.md",
        ] {
            fs::write(root.join(file), "").unwrap();
        }
        symlink(root, root.join("b/circle")).unwrap();
        symlink(root.join("z.md"), root.join("b/link.md")).unwrap();
        let found: Vec<_> = pages(root)
            .unwrap()
            .into_iter()
            .map(|path| {
                path.strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(found, ["a.HTML", "b/c/x.rst", "z.md"]);
    }

    #[test]
    fn nothing_and_too_much() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let said = pages(root).unwrap_err().to_string();
        assert!(
            said.contains("holds no page: expected files that end as pages in markdown, "),
            "{said}"
        );
        fs::create_dir_all(root.join("d/".repeat(MOST_DEPTH + 1))).unwrap();
        let said = pages(root).unwrap_err().to_string();
        assert!(said.contains("directories deep"), "{said}");
    }
}
