//! The import profile that applies: the named one, or the one beside the matrix.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::{
    document::{ColumnChoice, Profile},
    matrix::toml_key,
};

/// Where a profile is looked for: `matrix.import.toml` beside `matrix.toml`.
pub(super) fn beside(matrix: &Path) -> PathBuf {
    matrix.with_extension("import.toml")
}

/// Reads the profile that the user has named, or else the first that lies beside one of the matrices; then what the command
/// line says of columns prevails.
pub(super) fn profile(
    named: Option<&Path>,
    matrices: [Option<&Path>; 2],
    columns: &[ColumnChoice],
) -> anyhow::Result<Profile> {
    let found = || {
        let mut beside = matrices.into_iter().flatten().map(beside);
        beside.find(|path| path.is_file())
    };
    let mut profile = match named.map(Path::to_owned).or_else(found) {
        Some(path) => {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            Profile::parse(&path, &text)?
        }
        None => Profile::default(),
    };
    for choice in columns {
        profile.choose(choice);
    }
    Ok(profile)
}

/// What to write into the profile so that the next import needs no hand; `None` without a choice.
pub(super) fn advice(path: &Path, columns: &[ColumnChoice]) -> Option<String> {
    let entry = |choice: &ColumnChoice| {
        let heading = toml_key(&choice.heading);
        format!("{heading} = \"{}\"", choice.meaning.name())
    };
    let entries: Vec<String> = columns.iter().map(entry).collect();
    (!entries.is_empty()).then(|| {
        format!(
            "for the next import: put {} under [columns] of {}",
            entries.join(" and "),
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{advice, beside, profile};
    use crate::document::ColumnMeaning;

    #[test]
    fn which_profile_applies() {
        let directory = tempfile::tempdir().unwrap();
        let path = |file: &str| directory.path().join(file);
        fs::write(
            path("a.import.toml"),
            "[columns]\nWho = \"peer\"\nOn = \"role\"\n",
        )
        .unwrap();
        fs::write(path("named.toml"), "[columns]\nWho = \"source\"\n").unwrap();
        let (a, b) = (path("a.toml"), path("b.toml"));
        let who = |named: Option<&Path>, matrices, choices: &[&str]| {
            let choices: Vec<_> = choices.iter().map(|text| text.parse().unwrap()).collect();
            profile(named, matrices, &choices).unwrap().column("who")
        };
        assert_eq!(
            who(None, [Some(&b), Some(&a)], &[]),
            Some(ColumnMeaning::Peer)
        );
        assert_eq!(who(None, [Some(&b), None], &[]), None);
        let named = path("named.toml");
        assert_eq!(
            who(Some(&named), [Some(&a), None], &[]),
            Some(ColumnMeaning::Source)
        );
        assert_eq!(
            who(Some(&named), [None, None], &["WHO=notes"]),
            Some(ColumnMeaning::Notes)
        );
        assert!(profile(Some(&path("absent.toml")), [None, None], &[]).is_err());
        assert_eq!(
            beside(Path::new("x/matrix.toml")),
            Path::new("x/matrix.import.toml")
        );
    }

    #[test]
    fn what_to_keep() {
        let path = Path::new("m.import.toml");
        assert_eq!(advice(path, &[]), None);
        let choice = "A \"B\" / C=peer".parse().unwrap();
        assert_eq!(
            advice(path, &[choice]).unwrap(),
            r#"for the next import: put "A \"B\" / C" = "peer" under [columns] of m.import.toml"#
        );
    }
}
