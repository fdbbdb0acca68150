//! Keeps an import from writing over what people have made of a matrix.

use std::path::Path;

use anyhow::{Context as _, bail};

use super::comments::comments;
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
    if let Some(comment) = comments(&text).first() {
        bail!(
            "{0} has comments, which no import writes ({comment}): add --against {0}, which keeps them, or write to another file",
            output.display()
        );
    }
    Ok(())
}

/// Refuses to write a matrix over one that is called otherwise, or of another version, unless that one is compared with: somebody
/// may have named it so.
pub(super) fn check_name(
    output: &Path,
    against: Option<&Path>,
    matrix: &Matrix,
) -> anyhow::Result<()> {
    if against.is_some_and(|against| is_same(against, output)) || !output.is_file() {
        return Ok(());
    }
    let text = std::fs::read_to_string(output)
        .with_context(|| format!("cannot read {}", output.display()))?;
    let Ok(before) = Matrix::parse(output, &text) else {
        // What is empty has no name.
        return Ok(());
    };
    if before.name != matrix.name {
        bail!(
            "{0} is called `{1}`, and this import would call it `{2}`: add --against {0} or --name '{1}', which keep the name, or write to another file",
            output.display(),
            before.name.escape_debug(),
            matrix.name.escape_debug()
        );
    }
    if before.version != matrix.version {
        bail!(
            "{0} is of another version ({1}) than what this import would write ({2}): add --against {0}, which keeps it, or write to another file",
            output.display(),
            before.version.as_deref().unwrap_or("none").escape_debug(),
            matrix.version.as_deref().unwrap_or("none").escape_debug()
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

    use super::{check, check_name};
    use crate::matrix::Matrix;

    const RULE: &str = "name = \"x\"\n\n[[rule]]\nid = \"web\"\nclient = [\"a\"]\nserver = [\"b\"]\ntransport = \"tcp\"\nports = \"443\"\n";

    #[test]
    fn names_and_comments_are_not_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("m.toml");
        let mut matrix = Matrix::parse(&path, RULE).unwrap();
        let digest = matrix.rules[0].digest();
        matrix.imported.insert("web".to_owned(), digest);
        let fresh = matrix.to_toml().unwrap();
        fs::write(&path, &fresh).unwrap();
        assert!(check(&path, None).is_ok() && check_name(&path, None, &matrix).is_ok());
        for commented in [
            format!("# ours\n{fresh}"),
            fresh.replace("\"443\"", "\"443\" # TLS"),
        ] {
            fs::write(&path, &commented).unwrap();
            let said = check(&path, None).unwrap_err().to_string();
            assert!(
                said.contains("has comments") && said.contains("--against"),
                "{said}"
            );
            assert!(check(&path, Some(&path)).is_ok());
        }
        fs::write(&path, fresh.replace("name = \"x\"", "name = \"ours\"")).unwrap();
        let said = check_name(&path, None, &matrix).unwrap_err().to_string();
        assert!(said.contains("is called `ours`"), "{said}");
        assert!(check_name(&path, Some(&path), &matrix).is_ok());
        fs::write(
            &path,
            fresh.replace("name = \"x\"", "name = \"x\"\nversion = \"2\""),
        )
        .unwrap();
        let said = check_name(&path, None, &matrix).unwrap_err().to_string();
        assert!(said.contains("another version (2)"), "{said}");
    }

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
