//! Reads values from rows of the database; errors name the table and the column.

use std::{error::Error, fmt, net::IpAddr, str::FromStr};

use jiff::Timestamp;
use rusqlite::types::{FromSql, ValueRef};
use thiserror::Error;

use super::sum;

/// A row of a `SELECT` from one table.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    table: &'static str,
    row: &'a rusqlite::Row<'a>,
}

/// Why a row can't be read.
#[derive(Debug, Error)]
pub(super) enum RowError {
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    Value(ValueError),
}

/// A value that can't be read.
#[derive(Debug, Error)]
#[error("in table {table}, column {column} is {value}: {problem}")]
pub struct ValueError {
    table: &'static str,
    column: String,
    value: String,
    #[source]
    problem: Box<dyn Error + Send + Sync>,
}

/// A word or number that means nothing here.
#[derive(Debug, Error)]
#[error("not known")]
struct Unknown;

/// A row whose sum is that of other values.
#[derive(Debug, Error)]
#[error("the row is not as it was written")]
struct Changed;

impl<'a> Row<'a> {
    pub(super) const fn new(table: &'static str, row: &'a rusqlite::Row<'a>) -> Self {
        Self { table, row }
    }

    fn fail(self, at: usize, problem: impl Into<Box<dyn Error + Send + Sync>>) -> RowError {
        let name = self.row.as_ref().column_name(at);
        let value = match self.row.get_ref(at) {
            Ok(ValueRef::Null) => "NULL".to_owned(),
            Ok(ValueRef::Integer(number)) => number.to_string(),
            Ok(ValueRef::Real(number)) => number.to_string(),
            Ok(ValueRef::Text(text)) => format!("`{}`", String::from_utf8_lossy(text)),
            Ok(ValueRef::Blob(_)) | Err(_) => "bytes".to_owned(),
        };
        RowError::Value(ValueError {
            table: self.table,
            column: name.map_or_else(|_problem| at.to_string(), str::to_owned),
            value,
            problem: problem.into(),
        })
    }

    /// The error for a value that is not known.
    pub(super) fn unknown(self, at: usize) -> RowError {
        self.fail(at, Unknown)
    }

    /// Checks that the values before the column of the sum are those that were written.
    pub(super) fn check_sum(self) -> Result<(), RowError> {
        let at = self.row.as_ref().column_index(sum::COLUMN)?;
        let values = (0..at)
            .map(|at| self.row.get_ref(at))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        if self.get::<i64>(at)? == sum::of(self.table, values) {
            Ok(())
        } else {
            Err(self.fail(at, Changed))
        }
    }

    /// A value of a type that SQLite stores.
    pub(super) fn get<T: FromSql>(self, at: usize) -> Result<T, RowError> {
        self.row.get(at).map_err(|problem| self.fail(at, problem))
    }

    /// A count.
    pub(super) fn count(self, at: usize) -> Result<u64, RowError> {
        let number: i64 = self.get(at)?;
        u64::try_from(number).map_err(|problem| self.fail(at, problem))
    }

    pub(super) fn text(self, at: usize) -> Result<&'a str, RowError> {
        let value = self.row.get_ref(at)?;
        value.as_str().map_err(|problem| self.fail(at, problem))
    }

    /// Text, or `None` for `NULL`.
    pub(super) fn text_or_null(self, at: usize) -> Result<Option<&'a str>, RowError> {
        let value = self.row.get_ref(at)?;
        value
            .as_str_or_null()
            .map_err(|problem| self.fail(at, problem))
    }

    /// Parses `text`, which is a part of the column's text.
    pub(super) fn part<T>(self, at: usize, text: &str) -> Result<T, RowError>
    where
        T: FromStr<Err: Error + Send + Sync + 'static>,
    {
        text.parse().map_err(|problem| self.fail(at, problem))
    }

    /// The column's text, converted by `read`; a `None` from it is an error.
    pub(super) fn known<T>(
        self,
        at: usize,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<T, RowError> {
        read(self.text(at)?).ok_or_else(|| self.unknown(at))
    }

    /// As [`Self::known`], or `None` for `NULL`.
    pub(super) fn known_or_null<T>(
        self,
        at: usize,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, RowError> {
        match self.text_or_null(at)? {
            Some(text) => read(text).map(Some).ok_or_else(|| self.unknown(at)),
            None => Ok(None),
        }
    }

    /// The column's text, converted by `read`, or its error.
    pub(super) fn read<T, E: Error + Send + Sync + 'static>(
        self,
        at: usize,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, RowError> {
        read(self.text(at)?).map_err(|problem| self.fail(at, problem))
    }

    /// The column's count, converted by `read`; a `None` from it is an error.
    pub(super) fn numbered<T>(
        self,
        at: usize,
        read: impl Fn(u64) -> Option<T>,
    ) -> Result<T, RowError> {
        read(self.count(at)?).ok_or_else(|| self.unknown(at))
    }

    pub(super) fn address(self, at: usize) -> Result<IpAddr, RowError> {
        self.part(at, self.text(at)?)
    }

    pub(super) fn instant(self, at: usize) -> Result<Timestamp, RowError> {
        self.part(at, self.text(at)?)
    }

    /// An instant, or `None` for `NULL`.
    pub(super) fn instant_or_null(self, at: usize) -> Result<Option<Timestamp>, RowError> {
        match self.text_or_null(at)? {
            Some(text) => self.part(at, text).map(Some),
            None => Ok(None),
        }
    }
}

impl fmt::Debug for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Row")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}
