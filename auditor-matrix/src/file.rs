//! Deserialises TOML files; errors give the line.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::de::DeserializeOwned;
use thiserror::Error;

/// What is wrong with a file, and on which line.
#[derive(Debug, Error)]
#[error("{}:{line}: {problem}", path.display())]
pub struct FileError {
    path: PathBuf,
    line: usize,
    problem: String,
}

/// A file's name and text.
#[derive(Clone, Copy)]
pub struct File<'a> {
    pub path: &'a Path,
    pub text: &'a str,
}

impl File<'_> {
    /// Deserialises the text.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, FileError> {
        toml::from_str(self.text).map_err(|error| {
            let offset = error.span().map_or(0, |span| span.start);
            // The parser's messages have line breaks, and an error here is one line.
            let words: Vec<&str> = error.message().split_whitespace().collect();
            self.problem(offset, words.join(" "))
        })
    }

    /// A problem with the text at a byte offset.
    pub fn problem(self, offset: usize, problem: impl fmt::Display) -> FileError {
        FileError {
            path: self.path.to_owned(),
            line: self.line(offset),
            problem: problem.to_string(),
        }
    }

    /// The 1-based line of a byte offset.
    pub fn line(self, offset: usize) -> usize {
        let before = self.text.bytes().take(offset);
        before.filter(|byte| *byte == b'\n').count() + 1
    }
}
