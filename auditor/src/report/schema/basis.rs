//! What a report depends on beside the traffic: who ran what, where, and by which files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What verdicts rest on beside the traffic, for somebody who was not there.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Basis {
    /// The program's version with the commit that it was built from.
    pub program: String,
    /// The kernel's release and version; left out of a replayed capture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<String>,
    /// A number of this machine that is the same in all of its reports and from which `/etc/machine-id` cannot be told; left out
    /// of a replayed capture, and where a machine has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
    /// Who ran it.
    pub user: String,
    /// The command line that it was run by.
    pub command: Vec<String>,
    /// The deployment; left out where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Digested>,
    /// Which push to the fleet deployment and matrices are; left out where they are files of the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<Pushed>,
    /// The pages that matrices were made of, as their imports say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pages: Vec<Page>,
    /// The addresses of each role as they were resolved: addresses and ranges of them, or `any`.
    pub roles: BTreeMap<String, Vec<String>>,
    /// What the deployment says of conditions.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub conditions: BTreeMap<String, bool>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// A file and its digest.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Digested {
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
}

/// What was pushed to all hosts of a fleet.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Pushed {
    /// The servers' number of it.
    pub revision: u64,
    /// SHA-256 of deployment and matrices together, in hexadecimal.
    pub sha256: String,
    /// Where this host has it from.
    pub from: PushedFrom,
}

/// Where a host has from what was pushed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PushedFrom {
    Servers,
    /// It had kept it, and could not ask the servers.
    Disk,
}

impl Pushed {
    /// In words.
    pub(in crate::report) fn text(&self) -> String {
        let from = match self.from {
            PushedFrom::Servers => "from the servers",
            PushedFrom::Disk => "as this host had kept it, since the servers were away",
        };
        format!(
            "revision {} of what is pushed to the fleet, {from}, SHA-256 {}",
            self.revision, self.sha256
        )
    }
}

/// A page that an import has read.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Page {
    /// The matrix that was made of it.
    pub matrix: String,
    /// Its file or its address.
    pub place: String,
    /// SHA-256 of its bytes, in hexadecimal, where the import kept it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// An exception of the deployment, and how many flows it covered.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Exception {
    /// What it is about: `10.0.0.7 -> web tcp/9100`.
    pub traffic: String,
    pub reason: String,
    /// Who answers for it, where the deployment says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// How many flows of this window it covered.
    pub flows: usize,
}

/// An exception whose last day is over.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct EndedException {
    pub reason: String,
    /// Who answered for it, where the deployment says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The last day on which it held.
    pub until: String,
}
