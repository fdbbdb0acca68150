//! What a page says that was not understood.

use std::{fmt, sync::Arc};

/// Whether a problem loses anything.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Severity {
    /// Something that the page states is in no row or no rule.
    Lost,
    /// Everything is kept, but the user may want to check it.
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
    /// A sentence, which is printed after `file:line: "text": `.
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
