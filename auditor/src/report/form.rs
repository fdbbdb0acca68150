//! The forms of a report, in a table that the command line reads.

use std::fmt;

use thiserror::Error;

use super::{csv, html, junit, look::Look, markdown, ocsf, sarif, schema::Report, text};

/// A form of a report.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    pub name: &'static str,
    /// What it is for, as the command line's help says it.
    pub about: &'static str,
    render: fn(&Report, Look) -> Result<String, FormError>,
}

/// Every form; the first is what people read.
pub static FORMS: [Form; 8] = [
    Form {
        name: "text",
        about: "For people",
        render: |report, look| Ok(text::render(report, look)),
    },
    Form {
        name: "html",
        about: "A page for browsers, in one file",
        render: |report, _look| Ok(html::render(report)?),
    },
    Form {
        name: "json",
        about: "As it is kept and read back",
        render: |report, _look| Ok(report.to_json()?),
    },
    Form {
        name: "junit",
        about: "Test results for CI systems",
        render: |report, look| Ok(junit::render(report, look.fails_on)),
    },
    Form {
        name: "sarif",
        about: "Findings for code scanners",
        render: |report, _look| Ok(sarif::render(report)?),
    },
    Form {
        name: "csv",
        about: "A table for spreadsheets",
        render: |report, _look| Ok(csv::render(report)),
    },
    Form {
        name: "markdown",
        about: "For tickets and merge requests",
        render: |report, _look| Ok(markdown::render(report)),
    },
    Form {
        name: "ocsf",
        about: "Lines of JSON for SIEMs: Network Activity and Detection Finding of the Open Cybersecurity Schema Framework",
        render: |report, _look| Ok(ocsf::render(report)),
    },
];

/// Why a report can't be rendered: never in practice, since reports hold text, numbers and flags only.
#[derive(Debug, Error)]
pub enum FormError {
    #[error(transparent)]
    Text(#[from] fmt::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl Form {
    /// The report in this form; `look` is what the terminal can show, if it is one.
    ///
    /// # Errors
    ///
    /// Never in practice.
    pub fn render(self, report: &Report, look: Look) -> Result<String, FormError> {
        (self.render)(report, look)
    }
}
