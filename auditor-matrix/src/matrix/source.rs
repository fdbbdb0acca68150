//! Where the pages of a matrix come from.

use std::fmt;

use jiff::Timestamp;

/// A page that an import has read.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    pub address: Address,
    /// When these bytes were first fetched; `None` of a file.
    pub fetched: Option<Timestamp>,
    /// The SHA-256 of the page's bytes, in hexadecimal.
    pub sha256: Option<String>,
}

/// Where a page is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Address {
    /// Where it was found in the end, after all redirects.
    Url(String),
    /// The name by which rules cite it.
    File(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(text) | Self::File(text) => f.write_str(text),
        }
    }
}

impl Source {
    /// Whether both are known to be the same bytes of the same place.
    pub fn is_unchanged(&self, before: &Self) -> bool {
        self.address == before.address && self.sha256.is_some() && self.sha256 == before.sha256
    }
}

/// The sources of a matrix whose pages were read again. A page that has not changed keeps its time, so that the file stays the
/// same as well.
pub(super) fn sources(before: &[Source], now: &[Source]) -> Vec<Source> {
    let kept = |page: &Source| {
        let same = before.iter().find(|before| page.is_unchanged(before));
        same.unwrap_or(page).clone()
    };
    now.iter().map(kept).collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Address, Source, sources};

    fn page(second: i64, sha256: &str) -> Source {
        Source {
            address: Address::Url("https://vendor.example/ports".to_owned()),
            fetched: Timestamp::from_second(second).ok(),
            sha256: Some(sha256.to_owned()),
        }
    }

    #[test]
    fn a_page_that_has_not_changed_keeps_its_time() {
        assert_eq!(sources(&[page(1, "a")], &[page(2, "a")]), [page(1, "a")]);
        assert_eq!(sources(&[page(1, "a")], &[page(2, "b")]), [page(2, "b")]);
        let unknown = Source {
            sha256: None,
            ..page(1, "a")
        };
        assert!(!unknown.is_unchanged(&unknown));
    }
}
