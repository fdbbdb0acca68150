//! How much a message may hold.

use thiserror::Error;

/// Something of a message that is beyond what one may hold.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum OutOfBounds {
    #[error("`{field}` has {found} entries, and at most {most} are read")]
    Many {
        field: &'static str,
        found: usize,
        most: usize,
    },
    #[error("`{field}` is {found} bytes long, and at most {most} are read")]
    Long {
        field: &'static str,
        found: usize,
        most: usize,
    },
    #[error("`{field}` is no moment that a clock can show")]
    Moment { field: &'static str },
    #[error("`{field}` is no length of time from a second to 32 days")]
    Length { field: &'static str },
    #[error("`{field}` is {found}, which means nothing here")]
    Unknown { field: &'static str, found: String },
}

/// The flows of one message; a host with more says how many it leaves out.
pub(crate) const MOST_FLOWS: usize = 4096;
pub(crate) const MOST_LISTENERS: usize = 4096;
pub(crate) const MOST_RULES: usize = 16_384;
/// The processes of one flow, and its real endpoints.
pub(crate) const MOST_PROCESSES: usize = 8;
pub(super) const MOST_REAL: usize = 16;
pub(super) const MOST_ADDRESSES: usize = 4096;
/// Interfaces, roles, matrices, gaps.
pub(super) const MOST_NAMES: usize = 1024;
pub(super) const LONGEST_NAME: usize = 256;
/// Sentences and command lines.
pub(super) const LONGEST_TEXT: usize = 4096;

/// The list, unless it is too long.
pub(super) fn few<T>(
    field: &'static str,
    list: Vec<T>,
    most: usize,
) -> Result<Vec<T>, OutOfBounds> {
    if list.len() <= most {
        return Ok(list);
    }
    let found = list.len();
    Err(OutOfBounds::Many { field, found, most })
}

/// The text, unless it is too long.
pub(super) fn short(field: &'static str, text: String, most: usize) -> Result<String, OutOfBounds> {
    if text.len() <= most {
        return Ok(text);
    }
    let found = text.len();
    Err(OutOfBounds::Long { field, found, most })
}

/// A name.
pub(super) fn name(field: &'static str, text: String) -> Result<String, OutOfBounds> {
    short(field, text, LONGEST_NAME)
}

/// A list of names.
pub(super) fn names(
    field: &'static str,
    list: Vec<String>,
    most: usize,
) -> Result<Vec<String>, OutOfBounds> {
    let list = few(field, list, most)?;
    list.into_iter().map(|text| name(field, text)).collect()
}

/// The beginning of a text that may be written as a name or, of a longer field, as a text.
pub(crate) fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(LONGEST_NAME);
    text.get(..end).unwrap_or_default().to_owned()
}
