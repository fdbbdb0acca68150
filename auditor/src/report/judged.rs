//! Verdicts, with all that a report needs beside them.

use std::{collections::BTreeMap, path::PathBuf};

use super::control::Controls;
use crate::{
    audit::{Audit, Policy},
    matrix::Source,
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
    pub bounds: ListingBounds,
    pub controls: Controls,
    /// Who judges it, and where.
    pub run: Run,
}

/// How much a report lists one by one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ListingBounds {
    /// How many flows, and peers of a rule.
    pub most_flows: usize,
    /// How many flows of one pattern.
    pub most_alike: usize,
}

impl ListingBounds {
    /// Everything.
    pub const NONE: Self = Self {
        most_flows: usize::MAX,
        most_alike: usize::MAX,
    };
    /// What people can read, and files may be large: a scan of all ports is one finding with examples.
    pub const READABLE: Self = Self {
        most_flows: 20_000,
        most_alike: 200,
    };
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
    /// The pages that it was made of.
    pub pages: Vec<Source>,
}

/// Who runs what, and where; known when a run begins.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Run {
    /// The program's version with its commit.
    pub program: String,
    /// The running kernel's release and version.
    pub kernel: Option<String>,
    /// A number of this machine.
    pub machine: Option<String>,
    pub user: String,
    pub command: Vec<String>,
    /// The deployment's file, and its SHA-256 in hexadecimal.
    pub deployment: Option<(PathBuf, String)>,
    /// Which push to the fleet it is, where it is no file of this host.
    pub pushed: Option<PushedRun>,
}

/// Which push to a fleet is judged by.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PushedRun {
    /// The servers' number.
    pub revision: u64,
    /// SHA-256 of deployment and matrices together, in hexadecimal.
    pub sha256: String,
    /// Whether this host had kept it, since it could not ask the servers.
    pub is_kept: bool,
}
