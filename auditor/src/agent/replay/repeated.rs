//! Captures that are given twice.

use std::{
    fs,
    io::{self, BufRead as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// Two captures that are one and the same file, or have the same content, if there are any: their packets would be counted twice.
/// A pipe is no file that could be read twice.
pub(super) fn repeated(paths: &[PathBuf]) -> Option<(&Path, &Path)> {
    let mut known: Vec<(&Path, fs::Metadata)> = Vec::new();
    for path in paths {
        let Ok(metadata) = fs::metadata(path) else {
            continue;
        };
        if !metadata.is_file() {
            continue;
        }
        let is_same = |(other, of_other): &&(&Path, fs::Metadata)| {
            (of_other.dev(), of_other.ino()) == (metadata.dev(), metadata.ino())
                || of_other.len() == metadata.len() && has_same_content(other, path)
        };
        if let Some((other, _)) = known.iter().find(is_same) {
            return Some((path, other));
        }
        known.push((path, metadata));
    }
    None
}

/// Whether two files have the same bytes; what can't be read is said where it is replayed.
fn has_same_content(one: &Path, other: &Path) -> bool {
    let compare = || -> io::Result<bool> {
        let [mut one, mut other] =
            [fs::File::open(one)?, fs::File::open(other)?].map(io::BufReader::new);
        loop {
            let (left, right) = (one.fill_buf()?, other.fill_buf()?);
            let n = left.len().min(right.len());
            if n == 0 {
                return Ok(left.len() == right.len());
            }
            if left.get(..n) != right.get(..n) {
                return Ok(false);
            }
            one.consume(n);
            other.consume(n);
        }
    };
    compare().unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::repeated;

    #[test]
    fn what_is_given_twice() {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| -> PathBuf {
            let path = directory.path().join(name);
            fs::write(&path, text).unwrap();
            path
        };
        // Long enough for several turns of a buffer.
        let long = "a".repeat(20_000);
        let one = file("one", &long);
        let copy = file("copy", &long);
        let other = file("other", &format!("b{}", "a".repeat(19_999)));
        let longer = file("longer", &format!("{long}a"));
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(&one, &link).unwrap();
        for (paths, expected) in [
            (vec![&one, &other, &longer], None),
            (vec![&one, &other, &one], Some((&one, &one))),
            (vec![&other, &one, &link], Some((&link, &one))),
            (vec![&one, &other, &copy], Some((&copy, &one))),
        ] {
            let paths: Vec<PathBuf> = paths.into_iter().cloned().collect();
            let expected = expected.map(|(path, other)| (path.as_path(), other.as_path()));
            assert_eq!(repeated(&paths), expected);
        }
        // What cannot be read twice, or at all, is no repetition.
        let odd = ["/dev/null", "/dev/null", "/nowhere", "/nowhere"].map(PathBuf::from);
        assert_eq!(repeated(&odd), None);
    }
}
