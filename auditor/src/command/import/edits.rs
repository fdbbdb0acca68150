//! Keeps an import from writing over what people have made of a matrix.

use std::path::Path;

use anyhow::{Context as _, bail};

use crate::matrix::Matrix;

/// Edits that are named.
const MOST_NAMED: usize = 3;

/// Refuses to write `output` if it holds edits that would be lost: those of the matrix that is compared with are kept.
pub(super) fn check(output: &Path, against: Option<&Path>) -> anyhow::Result<()> {
    let is_compared = against.is_some_and(|against| is_same(against, output));
    // A device or a pipe, such as /dev/stdout, holds nothing.
    if is_compared || !output.is_file() {
        return Ok(());
    }
    let text = std::fs::read_to_string(output).with_context(|| {
        format!(
            "{} is there and no matrix: write to another file",
            output.display()
        )
    })?;
    if text.trim().is_empty() {
        return Ok(());
    }
    let matrix = Matrix::parse(output, &text)
        .context("it is there and no matrix that can be read, so what is in it would be lost: write to another file, or take it away")?;
    let edits = matrix.edits();
    let named: Vec<&str> = edits.iter().copied().take(MOST_NAMED).collect();
    let more = match edits.len().saturating_sub(MOST_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    if !edits.is_empty() {
        bail!(
            "{0} was edited by hand since its import ({1}{more}): add --against {0}, which keeps the edits, or write to another file",
            output.display(),
            named.join(", ")
        );
    }
    Ok(())
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        (Ok(_) | Err(_), Err(_)) | (Err(_), Ok(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::check;

    const RULE: &str = "name = \"x\"\n\n[[rule]]\nid = \"web\"\nclient = [\"a\"]\nserver = [\"b\"]\ntransport = \"tcp\"\nports = \"443\"\n";

    #[test]
    fn what_is_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = |file: &str| directory.path().join(file);
        let said = |file: &str, against: Option<&Path>| {
            check(&path(file), against).map_err(|error| format!("{error:#}"))
        };
        fs::write(path("own.toml"), RULE).unwrap();
        fs::write(path("empty.toml"), "\n").unwrap();
        fs::write(path("broken.toml"), "name =").unwrap();
        assert_eq!(said("absent.toml", None), Ok(()));
        assert_eq!(said("empty.toml", None), Ok(()));
        assert_eq!(check(Path::new("/dev/null"), None).ok(), Some(()));
        let own = path("own.toml");
        assert_eq!(said("own.toml", Some(&own)), Ok(()));
        for against in [None, Some(Path::new("other.toml"))] {
            let said = said("own.toml", against).unwrap_err();
            assert!(
                said.contains("was edited by hand since its import (web): add --against "),
                "{said}"
            );
        }
        assert!(
            said("broken.toml", None)
                .unwrap_err()
                .contains("broken.toml:1: ")
        );
    }
}
