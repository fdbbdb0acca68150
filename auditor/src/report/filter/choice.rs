//! What is wanted of one property: any of several values, or none of them.

use std::{fmt, str::FromStr};

/// Any of several values, or with `!` before them none: `web,db`, `!8000-8010,443`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice<T> {
    any: Vec<T>,
    is_negated: bool,
}

/// What is named in lists.
pub trait Listed: Sized {
    type Error;

    /// Reads a list of values; one at least.
    ///
    /// # Errors
    ///
    /// The first value that is none.
    fn list(text: &str) -> Result<Vec<Self>, Self::Error>;
}

impl<T> Choice<T> {
    /// Whether something is wanted of which each value says whether it fits.
    pub(super) fn takes(&self, fits: impl Fn(&T) -> bool) -> bool {
        self.any.iter().any(fits) != self.is_negated
    }

    /// The values that are named.
    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.any.iter()
    }
}

impl<T: Listed> FromStr for Choice<T> {
    type Err = T::Error;

    fn from_str(text: &str) -> Result<Self, T::Error> {
        let values = text.strip_prefix('!');
        Ok(Self {
            any: T::list(values.unwrap_or(text))?,
            is_negated: values.is_some(),
        })
    }
}

impl<T: fmt::Display> fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_negated {
            f.write_str("not ")?;
        }
        for (at, value) in self.any.iter().enumerate() {
            let between = if at == 0 { "" } else { " or " };
            write!(f, "{between}{value}")?;
        }
        Ok(())
    }
}

/// The parts of a list, without white space around them; of an empty one the text itself.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let parts: Vec<&str> = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if parts.is_empty() { vec![text] } else { parts }
}
