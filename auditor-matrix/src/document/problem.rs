//! What a page says that was not understood.

use std::{fmt, sync::Arc};

/// How much a problem takes away.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// Something that was written is in no row or no rule.
    Lost,
    /// Everything is kept; a person may want to know.
    Remark,
}

/// What was not understood, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    pub file: Arc<str>,
    pub line: usize,
    pub severity: Severity,
    /// The text of the cell, heading or sentence.
    pub text: String,
    /// A sentence that follows `file:line: "text": `.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.text.is_empty() {
            write!(f, "\"{}\": ", self.text.escape_debug())?;
        }
        f.write_str(&self.message)
    }
}
