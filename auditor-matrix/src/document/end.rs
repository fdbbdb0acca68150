//! An end of a row's traffic: who it is, and what says so.

use std::{ops::Deref, sync::Arc};

/// What it rests on that somebody is an end of a row, from what is certain to what is least so.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Basis {
    /// The page names it in a place that is for an end: below a heading of ends, at an arrow, in a command.
    Given,
    /// The headings or the lines above name it.
    Heading,
    /// A heading speaks of it in other words than whose ports it lists: `Create and launch web nodes`.
    Title,
    /// The cell is empty, and the one above it stands for it.
    CellAbove,
    /// Words about the row name it: what its port is for, or the service that runs there.
    Purpose,
    /// The grammar of a sentence was read. Whoever reads an end in prose and says nothing more has only that.
    #[default]
    Sentence,
}

/// An end as the page names it. Nobody can name one without saying what that rests on.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct End {
    pub name: Arc<str>,
    pub basis: Basis,
}

impl End {
    pub fn new(name: impl Into<Arc<str>>, basis: Basis) -> Self {
        Self {
            name: name.into(),
            basis,
        }
    }

    /// An end that the page names in a place for it.
    pub fn given(name: impl Into<Arc<str>>) -> Self {
        Self::new(name, Basis::Given)
    }
}

impl Deref for End {
    type Target = str;

    fn deref(&self) -> &str {
        &self.name
    }
}
