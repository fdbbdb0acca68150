//! A deployment: roles and their addresses, which conditions hold, what is accepted, what to watch.

mod compare;
mod file;
mod fleet;
mod inventory;
mod merge;
mod roles;
mod shared;
mod sink;

use std::{collections::BTreeMap, path::PathBuf};

use jiff::{SignedDuration, civil::Date};
use serde::Deserialize;

pub use compare::{Compared, Difference, compare};
pub use fleet::{FleetSection, Login};
pub use inventory::{Form, Group, Inventory, Problem};
pub use merge::{MergeError, Merged, merge};
pub(crate) use roles::entry_addresses;
pub use roles::{RoleEntry, Roles};
pub use shared::SharedText;
pub use sink::SinkSection;

use crate::{matrix::RulePorts, role::Role, transport::Transport};

/// The configuration of a host or of a fleet.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Matrix files; relative paths are relative to the deployment's own file.
    pub matrices: Vec<PathBuf>,
    /// Interfaces to watch; empty means every physical one that is up.
    pub interfaces: Vec<String>,
    /// How long to watch.
    pub window: Option<SignedDuration>,
    /// Whether traffic that every network has, such as neighbour discovery, is left unjudged.
    pub housekeeping: bool,
    pub processes: ProcessDetail,
    pub roles: BTreeMap<Role, Vec<RoleEntry>>,
    pub conditions: BTreeMap<String, bool>,
    pub exceptions: Vec<Exception>,
    /// Controls of a standard, each with the verdicts and ids of rules that belong to it.
    pub controls: Vec<ControlSection>,
    /// Where `auditor watch` sends what changes.
    pub sinks: Vec<SinkSection>,
    /// Where `auditor watch` publishes what it sees, and `auditor fleet` reads it.
    pub fleet: Option<FleetSection>,
}

/// What is read of the processes behind flows, and so what any output can say of them.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd)]
#[serde(rename_all = "lowercase")]
pub enum ProcessDetail {
    /// Nothing that is shown. Programs are told apart by their names all the same, since verdicts need that.
    #[serde(alias = "none")]
    Off,
    /// Names, with unit and container, and no command line.
    #[default]
    Name,
    /// Also those arguments that cannot be secrets.
    Command,
}

/// Traffic that no rule allows and that is accepted all the same.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exception {
    /// `None` matches every client.
    pub client: Option<RoleEntry>,
    /// `None` matches every server.
    pub server: Option<RoleEntry>,
    /// `None` matches every protocol.
    pub transport: Option<Transport>,
    /// `None` matches every port.
    pub ports: Option<RulePorts>,
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
}

/// A control of a standard under `[controls]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ControlSection {
    /// As the standard calls it: `PCI DSS 1.2.5`.
    pub id: String,
    /// Verdicts and ids of rules, each with the line on which it stands.
    pub names: Vec<(String, usize)>,
    /// The deployment's file, and the line on which the control stands.
    pub file: PathBuf,
    pub line: usize,
}

#[cfg(test)]
mod tests;
