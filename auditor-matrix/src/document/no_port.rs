//! Numbers of a page that are no ports.

/// A number that could be a port and is none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NoPort {
    /// 1-based line of the page.
    pub line: usize,
    /// The number as written.
    pub number: String,
    /// What it is instead, as a noun with its article: `a version`.
    pub reason: &'static str,
}
