//! A rule: a client role may open conversations to a server role on these ports of this transport.

use std::{collections::BTreeMap, fmt};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::source::Source;
use crate::{
    port::{PortProblem, PortRange, PortSet},
    role::Role,
    transport::Transport,
};

/// A named list of rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Matrix {
    pub name: String,
    pub version: Option<String>,
    /// The pages that the last import has read.
    pub sources: Vec<Source>,
    pub rules: Vec<Rule>,
    /// What the last import wrote: the id of each rule and the digest of its content. Empty if the matrix was never
    /// imported.
    pub imported: BTreeMap<String, String>,
}

/// Which client roles may open conversations to which server roles, and on which ports.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Unique in its matrix and derived from what the rule says, so it survives a reordered table.
    pub id: String,
    pub client: Vec<Role>,
    pub server: Vec<Role>,
    pub transport: Transport,
    pub ports: RulePorts,
    /// Any one of the ports is enough.
    pub alternatives: bool,
    /// Client and server are the same machine.
    pub loopback: bool,
    pub service: Option<String>,
    pub presence: Presence,
    /// The time in which the traffic must have been seen, such as a day for a nightly backup; `None` is the window.
    pub within: Option<SignedDuration>,
    /// The condition under which the rule applies at all.
    pub when: Option<String>,
    /// A note for people who read the rule, in the page's own words.
    pub note: Option<String>,
    /// `file:line` of the page.
    pub origin: Option<String>,
}

/// The server's ports.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RulePorts {
    Set(PortSet),
    /// Any port of the server's range of ephemeral ports.
    Ephemeral,
    /// The transport has no ports.
    None,
}

impl RulePorts {
    /// Reads `80`, `80,443`, `1025-2180` or `ephemeral`.
    ///
    /// # Errors
    ///
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, PortProblem> {
        if text.trim().eq_ignore_ascii_case("ephemeral") {
            Ok(Self::Ephemeral)
        } else {
            PortSet::parse(text).map(Self::Set)
        }
    }

    /// The ports; `None` where the transport has none, so that every packet of it matches.
    pub fn set(&self) -> Option<PortSet> {
        match self {
            Self::Set(set) => Some(set.clone()),
            Self::Ephemeral => Some(std::iter::once(EPHEMERAL).collect()),
            Self::None => None,
        }
    }

    /// Whether a port is one of them.
    pub fn contains(&self, port: u16) -> bool {
        match self {
            Self::Set(set) => set.contains(port),
            Self::Ephemeral => EPHEMERAL.contains(port),
            Self::None => true,
        }
    }

    /// Whether some port is one of both.
    pub fn overlap(&self, other: &Self) -> bool {
        match (self.set(), other.set()) {
            (Some(a), Some(b)) => a.overlaps(&b),
            (Some(_) | None, None) | (None, Some(_)) => true,
        }
    }
}

/// The ephemeral ports of a server of any system, above every well-known one: Linux takes them from 32768 on, others begin
/// higher (IANA: 49152).
const EPHEMERAL: PortRange = PortRange::FROM_32768;

impl fmt::Display for RulePorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set(ports) => ports.fmt(f),
            Self::Ephemeral => f.write_str("ephemeral"),
            Self::None => Ok(()),
        }
    }
}

/// Whether the documentation expects the traffic.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// The page says that it must be there.
    Required,
    /// The page says nothing.
    #[default]
    Expected,
    /// The page says that it need not be there.
    Optional,
    /// The page says that it must not be there.
    Forbidden,
}

impl Presence {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Expected => "expected",
            Self::Optional => "optional",
            Self::Forbidden => "forbidden",
        }
    }
}
