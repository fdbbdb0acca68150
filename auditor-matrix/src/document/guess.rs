//! Readings of a page that another reader might not share.

use std::ops::RangeInclusive;

/// A part of a page whose meaning was decided by weighing: the rows in it rest on that.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Guess {
    /// The 1-based lines of the rows that rest on it.
    pub lines: RangeInclusive<usize>,
    /// What was weighed and what it was taken for, as a sentence without its full stop.
    pub text: String,
}
