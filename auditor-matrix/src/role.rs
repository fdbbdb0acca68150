//! The name of a role.

use std::{cmp::Ordering, fmt};

/// A name for a set of addresses. Letter case and runs of white space make no difference: documents spell one role
/// `Master` in a heading and `master` in a cell.
#[derive(Clone, Debug)]
pub struct Role {
    name: String,
    key: String,
}

impl Role {
    pub fn new(name: &str) -> Self {
        let words: Vec<&str> = name.split_whitespace().collect();
        let name = words.join(" ");
        Self {
            key: name.to_lowercase(),
            name,
        }
    }

    /// The name as first written.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for Role {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Role {}

impl PartialOrd for Role {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Role {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.cmp(&other.key)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
