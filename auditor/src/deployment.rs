//! A deployment: roles and their addresses, which conditions hold, what is accepted, what to watch.

mod compare;
mod file;
mod fleet;
mod inventory;
mod merge;
mod roles;
mod shared;
mod sink;

use std::{collections::BTreeMap, fmt, path::PathBuf};

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
    pub protocol: Option<ExceptedProtocol>,
    /// `None` matches every port, and what has none.
    pub ports: Option<RulePorts>,
    pub reason: String,
    /// Who answers for it.
    pub owner: Option<String>,
    /// The last day on which it holds.
    pub until: Option<Date>,
}

/// The protocol that an exception is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ExceptedProtocol {
    Transport(Transport),
    /// ICMP's requests of one type, of the version of IP that the addresses have.
    IcmpType(u8),
    /// An IP protocol that no transport stands for, by its number.
    Number(u8),
}

impl Exception {
    /// Whether it is about packets of this IP protocol and server's port, between whichever ends. ICMP's type stands where others
    /// have a port, and is none.
    pub fn is_about(&self, protocol: u8, port: u16) -> bool {
        let transport = Transport::from_protocol(protocol);
        let has_ports = transport.is_some_and(Transport::has_ports);
        self.protocol.is_none_or(|named| match named {
            ExceptedProtocol::Transport(named) => transport == Some(named),
            ExceptedProtocol::IcmpType(kind) => {
                transport == Some(Transport::Icmp) && port == u16::from(kind)
            }
            ExceptedProtocol::Number(number) => protocol == number,
        }) && self
            .ports
            .as_ref()
            .is_none_or(|ports| has_ports && ports.contains(port))
    }
}

impl fmt::Display for ExceptedProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(transport) => transport.fmt(f),
            Self::IcmpType(kind) => write!(f, "icmp type {kind}"),
            Self::Number(number) => write!(f, "protocol {number}"),
        }
    }
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
