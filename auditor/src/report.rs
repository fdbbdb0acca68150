//! Verdicts to a report: one value, one renderer a file.

mod build;
mod csv;
mod diff;
pub mod explain;
mod flows;
mod html;
mod junit;
mod learn;
mod look;
mod markdown;
pub mod ocsf;
mod sarif;
pub mod schema;
pub mod screen;
mod text;
mod words;

pub use csv::render as csv;
pub use diff::{Difference, diff};
pub use flows::render as flow_table;
pub use html::{render as html, render_live as live_html};
pub use junit::render as junit;
pub use learn::{Learned, learn};
pub use look::Look;
pub use markdown::render as markdown;
pub use sarif::render as sarif;
pub use schema::Report;
pub use text::{line as clean_line, render as text};
pub use words::{gap as gap_words, service_of as service};

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    audit::{Audit, Policy},
    observed::Observed,
};

/// Everything that a report is made of.
#[derive(Clone, Debug)]
pub struct Judged {
    pub observed: Observed,
    pub policy: Policy,
    pub audit: Audit,
    /// The matrices, in the order to which the policy's rules refer.
    pub matrices: Vec<MatrixSource>,
    /// Conditions of rules that the deployment does not set; they count as not holding.
    pub unset_conditions: Vec<String>,
}

/// A matrix and where it comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MatrixSource {
    pub name: String,
    pub version: Option<String>,
    pub path: PathBuf,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    pub n_rules: usize,
    /// The line on which each rule begins, by its id.
    pub lines: BTreeMap<String, usize>,
}

#[cfg(test)]
pub(crate) mod tests;
