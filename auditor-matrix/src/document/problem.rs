//! What a page says that was not understood.

use std::{fmt, sync::Arc};

/// Whether a problem loses anything.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// Something that the page states is in no row or no rule.
    Lost,
    /// Everything is kept, but the user may want to check it.
    Remark,
}

/// What a problem is about. Whoever reports a problem says its kind, since many of one kind are counted and shown together.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum ProblemKind {
    /// A page as a whole: it is empty, in another encoding, or longer than what is read of it.
    Page,
    /// Syntax that nobody knows, or a file that is not at hand.
    Syntax,
    /// A table, or the title of a group of its rows.
    Table,
    /// The meaning of a column.
    Column,
    /// A cell, or a row by its cells.
    Cell,
    /// A sentence or an item of a list.
    Sentence,
    /// A number that is in no rule and has no reason to be in none.
    Number,
    /// A row that does not say who asks, who answers or on what port.
    Row,
    /// None of these; such problems are of one kind only if they say the same.
    #[default]
    Other,
}

/// What was not understood, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    pub file: Arc<str>,
    pub line: usize,
    /// The last line that it is about: `line` itself, or the last row of a table for which it holds.
    pub until: usize,
    pub severity: Severity,
    pub kind: ProblemKind,
    /// The text of the cell, heading or sentence.
    pub text: String,
    /// A sentence, which is printed after `file:line: "text": `.
    pub message: String,
}

impl ProblemKind {
    /// What `count` problems of this kind are about, as a noun: `cell` or `cells`.
    pub const fn noun(self, count: usize) -> &'static str {
        let (one, several) = match self {
            Self::Page => ("page", "pages"),
            Self::Syntax => ("piece of syntax", "pieces of syntax"),
            Self::Table => ("table", "tables"),
            Self::Column => ("column", "columns"),
            Self::Cell => ("cell", "cells"),
            Self::Sentence => ("sentence", "sentences"),
            Self::Number => ("number", "numbers"),
            Self::Row => ("row", "rows"),
            Self::Other => ("other thing", "other things"),
        };
        if count == 1 { one } else { several }
    }
}

impl Problem {
    /// A problem of no particular kind.
    pub fn new(
        file: &Arc<str>,
        line: usize,
        severity: Severity,
        text: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            file: Arc::clone(file),
            line,
            until: line,
            severity,
            kind: ProblemKind::default(),
            text: text.into(),
            message: message.into(),
        }
    }

    /// The same problem, of this kind.
    #[must_use]
    pub fn of(self, kind: ProblemKind) -> Self {
        Self { kind, ..self }
    }

    /// The same problem, of all lines up to this one.
    #[must_use]
    pub fn until(self, line: usize) -> Self {
        Self {
            until: line.max(self.line),
            ..self
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        if self.line < self.until {
            write!(f, "-{}", self.until)?;
        }
        f.write_str(": ")?;
        if !self.text.is_empty() {
            write!(f, "\"{}\": ", self.text.escape_debug())?;
        }
        f.write_str(&self.message)
    }
}
