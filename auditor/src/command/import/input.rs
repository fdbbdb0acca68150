//! What the user names, to the pages that are read.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    directory,
    fetch::{Limits, fetch},
};
use crate::{
    agent::clock,
    document::Format,
    matrix::{Address, Source},
};

/// A page that is to be read.
#[derive(Debug)]
pub(super) struct Input {
    place: Place,
    /// The name by which rules and problems cite it; of an address only known once it was fetched.
    name: String,
    /// The user has named it, and not only a directory above it.
    pub(super) is_named: bool,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Place {
    StandardInput,
    Url(String),
    File(PathBuf),
}

/// A page as it was found.
#[derive(Debug)]
pub(super) struct PageBytes {
    pub(super) file: String,
    pub(super) bytes: Vec<u8>,
    pub(super) format: Format,
    pub(super) source: Source,
}

/// The pages that the user means: files, those beneath directories, addresses, and standard input.
pub(super) fn inputs(named: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let mut inputs: Vec<Input> = Vec::new();
    let mut add = |place: Place, name: String, is_named| {
        // Named twice, a page would say everything twice.
        if inputs.iter().all(|input| input.place != place) {
            inputs.push(Input {
                place,
                name,
                is_named,
            });
        }
    };
    for path in named {
        let text = path.to_string_lossy();
        if path == Path::new("-") {
            add(Place::StandardInput, "stdin".to_owned(), true);
        } else if let Some((scheme, _)) = text.split_once("://").filter(|_| !path.exists()) {
            if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
                bail!(
                    "{text} is neither http nor https, which are fetched: save the page and import the file"
                );
            }
            add(
                Place::Url(text.clone().into_owned()),
                text.into_owned(),
                true,
            );
        } else if path.is_dir() {
            for page in directory::pages(path)? {
                let name = page.strip_prefix(path).unwrap_or(&page);
                add(Place::File(page.clone()), name.display().to_string(), false);
            }
        } else {
            let name = path.file_name().unwrap_or(path.as_os_str());
            add(
                Place::File(path.clone()),
                name.to_string_lossy().into_owned(),
                true,
            );
        }
    }
    name_apart(&mut inputs);
    Ok(inputs)
}

/// Files of the same name are cited by their whole paths.
fn name_apart(inputs: &mut [Input]) {
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for input in inputs.iter() {
        *names.entry(input.name.clone()).or_default() += 1;
    }
    for input in inputs {
        if let Place::File(path) = &input.place
            && names.get(&input.name).is_some_and(|count| 1 < *count)
        {
            input.name = path.display().to_string();
        }
    }
}

impl Input {
    /// What the user has called it.
    pub(super) fn shown(&self) -> String {
        match &self.place {
            Place::StandardInput => "standard input".to_owned(),
            Place::Url(url) => url.clone(),
            Place::File(path) => path.display().to_string(),
        }
    }

    /// Its file; a page from elsewhere has no files beside it.
    pub(super) fn path(&self) -> Option<&Path> {
        match &self.place {
            Place::File(path) => Some(path),
            Place::StandardInput | Place::Url(_) => None,
        }
    }

    /// Whether this is its file.
    pub(super) fn is_file(&self, path: &Path) -> bool {
        let Place::File(own) = &self.place else {
            return false;
        };
        match (own.canonicalize(), path.canonicalize()) {
            (Ok(own), Ok(path)) => own == path,
            (Ok(_) | Err(_), Err(_)) | (Err(_), Ok(_)) => false,
        }
    }

    /// The name of its file without its ending, for a page that has no title.
    pub(super) fn stem(&self) -> String {
        let stem = Path::new(&self.name).file_stem();
        stem.map_or_else(
            || self.name.clone(),
            |stem| stem.to_string_lossy().into_owned(),
        )
    }

    /// Reads it, as `format` if the user has named one.
    pub(super) fn read(&self, format: Option<Format>) -> anyhow::Result<PageBytes> {
        match &self.place {
            Place::StandardInput => {
                let mut bytes = Vec::new();
                std::io::stdin()
                    .read_to_end(&mut bytes)
                    .context("cannot read standard input")?;
                Ok(self.page(bytes, format, Path::new("")))
            }
            Place::File(path) => {
                let bytes = std::fs::read(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                Ok(self.page(bytes, format, path))
            }
            Place::Url(address) => {
                let fetched = fetch(address, format, Limits::USUAL)?;
                let path = fetched.url.split(['?', '#']).next().unwrap_or_default();
                let name = path.rsplit('/').find(|part| !part.is_empty());
                let name = name.unwrap_or(path).to_owned();
                let mut page =
                    self.page(fetched.bytes, fetched.format.or(format), Path::new(&name));
                page.file = name;
                // What a person reads needs no fractions of a second.
                page.source.fetched = Timestamp::from_second(clock::wall().as_second()).ok();
                page.source.address = Address::Url(fetched.url);
                Ok(page)
            }
        }
    }

    fn page(&self, bytes: Vec<u8>, format: Option<Format>, path: &Path) -> PageBytes {
        let mut digest = String::new();
        for byte in Sha256::digest(&bytes) {
            // Writing to a string does not fail.
            let _written = write!(digest, "{byte:02x}");
        }
        PageBytes {
            file: self.name.clone(),
            format: format.unwrap_or_else(|| Format::detect(path, &bytes)),
            bytes,
            source: Source {
                address: Address::File(self.name.clone()),
                fetched: None,
                sha256: Some(digest),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf};

    use super::inputs;

    #[test]
    fn names_that_tell_pages_apart() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for file in ["a/ports.md", "b/ports.md", "b/deep/other.md"] {
            fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs::write(root.join(file), "").unwrap();
        }
        let names = |named: &[&str]| -> Vec<String> {
            let named: Vec<PathBuf> = named.iter().map(|path| root.join(path)).collect();
            inputs(&named)
                .unwrap()
                .into_iter()
                .map(|input| input.name)
                .collect()
        };
        assert_eq!(names(&["a/ports.md", "a/ports.md"]), ["ports.md"]);
        assert_eq!(names(&["b"]), ["deep/other.md", "ports.md"]);
        let path = |file: &str| root.join(file).display().to_string();
        assert_eq!(
            names(&["a/ports.md", "b"]),
            [
                path("a/ports.md"),
                "deep/other.md".to_owned(),
                path("b/ports.md")
            ]
        );
    }

    #[test]
    fn what_is_no_file() {
        let named = |text: &str| inputs(&[PathBuf::from(text)]);
        assert_eq!(named("-").unwrap()[0].name, "stdin");
        assert_eq!(named("HTTPS://vendor.example/ports").unwrap().len(), 1);
        let said = named("ftp://vendor.example/ports").unwrap_err().to_string();
        assert!(said.contains("neither http nor https"), "{said}");
    }
}
