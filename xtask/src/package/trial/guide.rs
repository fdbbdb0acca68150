//! The commands of docs/install.md, which are tried as they stand there.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    fs,
};

use anyhow::{Context as _, bail, ensure};

use crate::shell::root;

const PAGE: &str = "docs/install.md";

/// What the first line of a listing that is tried starts with; the name that it is tried by follows.
const FENCE: &str = "```sh";

/// Listings by their names, and which of them were asked for.
#[derive(Debug)]
pub(super) struct Guide {
    listings: BTreeMap<String, String>,
    tried: RefCell<BTreeSet<String>>,
}

impl Guide {
    pub(super) fn read() -> anyhow::Result<Self> {
        let path = root().join(PAGE);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Self::parse(&text)
    }

    fn parse(page: &str) -> anyhow::Result<Self> {
        let mut listings = BTreeMap::new();
        let mut lines = page.lines();
        while let Some(line) = lines.next() {
            let Some(name) = line.strip_prefix(FENCE) else {
                continue;
            };
            let name = name.trim();
            ensure!(!name.is_empty(), "a listing of {PAGE} has no name");
            let listing: Vec<&str> = lines
                .by_ref()
                .take_while(|line| !line.starts_with("```"))
                .collect();
            let is_new = listings
                .insert(name.to_owned(), listing.join("\n"))
                .is_none();
            ensure!(is_new, "two listings of {PAGE} are called {name}");
        }
        Ok(Self {
            listings,
            tried: RefCell::default(),
        })
    }

    /// A listing.
    pub(super) fn get(&self, name: &str) -> anyhow::Result<&str> {
        self.tried.borrow_mut().insert(name.to_owned());
        self.listings
            .get(name)
            .map(String::as_str)
            .with_context(|| format!("{PAGE} has no listing called {name}"))
    }

    /// Fails if there is a listing that nobody asked for.
    pub(super) fn check_all_was_tried(&self) -> anyhow::Result<()> {
        let tried = self.tried.borrow();
        let names: Vec<&String> = self.listings.keys().collect();
        match names.into_iter().find(|name| !tried.contains(*name)) {
            Some(name) => bail!("the listing {name} of {PAGE} was not tried"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Guide;

    #[test]
    fn listings() {
        let guide = Guide::parse("a\n```sh one\nx\ny\n```\n```toml\nz\n```\n```sh two\n```\n");
        let guide = guide.unwrap();
        assert_eq!(guide.get("one").unwrap(), "x\ny");
        assert!(guide.get("three").is_err());
        assert!(guide.check_all_was_tried().is_err());
        assert_eq!(guide.get("two").unwrap(), "");
        guide.check_all_was_tried().unwrap();
        assert!(Guide::parse("```sh\nx\n```\n").is_err());
        assert!(Guide::parse("```sh a\n```\n```sh a\n```\n").is_err());
    }
}
