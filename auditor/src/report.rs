//! Verdicts to a report: one value, one renderer a file.

mod flows;
mod json;
mod text;
mod words;

pub use flows::render as flow_table;
pub use json::{evidence, render as json};
pub use text::render as text;

use std::path::PathBuf;

use crate::{
    audit::{Audit, Policy, Severity},
    observed::Observed,
};

/// Everything that a report shows.
#[derive(Clone, Debug)]
pub struct Report {
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
    pub n_rules: usize,
}

impl Report {
    /// How many findings have this severity.
    pub fn count(&self, severity: Severity) -> usize {
        let flows = self
            .audit
            .flows
            .iter()
            .filter(|finding| finding.severity == severity)
            .count();
        flows
            + self
                .audit
                .rules
                .iter()
                .filter(|finding| finding.severity == severity)
                .count()
    }
}

#[cfg(test)]
mod tests;
