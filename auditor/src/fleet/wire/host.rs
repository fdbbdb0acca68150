//! The form of a host's state: its serialised shape is defined here alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    Micros,
    bounds::{
        LONGEST_TEXT, MOST_ADDRESSES, MOST_LISTENERS, MOST_NAMES, MOST_RULES, OutOfBounds, few,
        name, names, short,
    },
};
use crate::{
    fleet::{
        message::{ConfigurationDigest, GapState, HostState, Writer},
        pushed::PushedDigest,
    },
    observed::Listener,
    transport::Transport,
};

#[derive(Deserialize, Serialize)]
pub(super) struct WriterFile {
    name: String,
    machine: String,
}

#[derive(Deserialize, Serialize)]
pub(super) struct HostFile {
    writer: WriterFile,
    version: String,
    kernel: String,
    at: Micros,
    every_seconds: i64,
    since: Micros,
    window_seconds: i64,
    addresses: BTreeSet<IpAddr>,
    networks: BTreeSet<IpNet>,
    roles: Vec<String>,
    interfaces: Vec<String>,
    unwatched: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deployment: Option<String>,
    matrices: BTreeMap<String, String>,
    /// The revision of what was pushed, and its digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pushed: Option<(u64, String)>,
    gaps: Vec<GapFile>,
    hidden: BTreeSet<String>,
    idle: BTreeSet<String>,
    listeners: Vec<(Transport, u16, IpAddr)>,
    #[serde(default)]
    flows_left_out: u64,
}

#[derive(Deserialize, Serialize)]
struct GapFile {
    from: Micros,
    until: Option<Micros>,
    hides: bool,
    text: String,
}

impl From<&Writer> for WriterFile {
    fn from(writer: &Writer) -> Self {
        Self {
            name: writer.name.clone(),
            machine: writer.machine.clone(),
        }
    }
}

impl WriterFile {
    pub(super) fn checked(self) -> Result<Writer, OutOfBounds> {
        Ok(Writer {
            name: name("name", self.name)?,
            machine: name("machine", self.machine)?,
        })
    }
}

impl From<&HostState> for HostFile {
    fn from(state: &HostState) -> Self {
        Self {
            writer: (&state.writer).into(),
            version: state.version.clone(),
            kernel: state.kernel.clone(),
            at: state.at.into(),
            every_seconds: state.every.as_secs(),
            since: state.since.into(),
            window_seconds: state.window.as_secs(),
            addresses: state.addresses.clone(),
            networks: state.networks.clone(),
            roles: state.roles.clone(),
            interfaces: state.interfaces.clone(),
            unwatched: state.unwatched.clone(),
            deployment: state.configuration.deployment.clone(),
            matrices: state.configuration.matrices.clone(),
            pushed: state
                .configuration
                .pushed
                .as_ref()
                .map(|pushed| (pushed.revision, pushed.sha256.clone())),
            gaps: state
                .gaps
                .iter()
                .map(|gap| GapFile {
                    from: gap.from.into(),
                    until: gap.until.map(Micros::from),
                    hides: gap.hides,
                    text: gap.text.clone(),
                })
                .collect(),
            hidden: state.hidden.clone(),
            idle: state.idle.clone(),
            listeners: state
                .listeners
                .iter()
                .map(|one| (one.transport, one.port, one.address))
                .collect(),
            flows_left_out: state.flows_left_out,
        }
    }
}

impl HostFile {
    /// The state, if all of it is within bounds.
    pub(super) fn checked(self) -> Result<HostState, OutOfBounds> {
        let set = |field, set: BTreeSet<String>, most| {
            let list = names(field, set.into_iter().collect(), most)?;
            Ok::<BTreeSet<String>, OutOfBounds>(list.into_iter().collect())
        };
        let matrices = few(
            "matrices",
            self.matrices.into_iter().collect::<Vec<_>>(),
            MOST_NAMES,
        )?;
        let matrices: Result<BTreeMap<String, String>, OutOfBounds> = matrices
            .into_iter()
            .map(|(matrix, digest)| Ok((name("matrices", matrix)?, name("matrices", digest)?)))
            .collect();
        let deployment = self.deployment.map(|digest| name("deployment", digest));
        let pushed = self.pushed.map(|(revision, digest)| {
            let sha256 = name("pushed", digest)?;
            Ok::<PushedDigest, OutOfBounds>(PushedDigest { revision, sha256 })
        });
        let gaps: Result<Vec<GapState>, OutOfBounds> = few("gaps", self.gaps, MOST_NAMES)?
            .into_iter()
            .map(GapFile::checked)
            .collect();
        let listeners = few("listeners", self.listeners, MOST_LISTENERS)?;
        let addresses: Vec<IpAddr> = self.addresses.into_iter().collect();
        let networks: Vec<IpNet> = self.networks.into_iter().collect();
        Ok(HostState {
            writer: self.writer.checked()?,
            version: name("version", self.version)?,
            kernel: name("kernel", self.kernel)?,
            at: self.at.moment("at")?,
            every: length("every_seconds", self.every_seconds)?,
            since: self.since.moment("since")?,
            window: length("window_seconds", self.window_seconds)?,
            addresses: few("addresses", addresses, MOST_ADDRESSES)?
                .into_iter()
                .collect(),
            networks: few("networks", networks, MOST_ADDRESSES)?
                .into_iter()
                .collect(),
            roles: names("roles", self.roles, MOST_NAMES)?,
            interfaces: names("interfaces", self.interfaces, MOST_NAMES)?,
            unwatched: set("unwatched", self.unwatched, MOST_NAMES)?,
            configuration: ConfigurationDigest {
                deployment: deployment.transpose()?,
                matrices: matrices?,
                pushed: pushed.transpose()?,
            },
            gaps: gaps?,
            hidden: set("hidden", self.hidden, MOST_RULES)?,
            idle: set("idle", self.idle, MOST_RULES)?,
            listeners: listeners
                .into_iter()
                .map(|(transport, port, address)| Listener {
                    transport,
                    port,
                    address,
                    device: 0,
                })
                .collect(),
            flows_left_out: self.flows_left_out,
        })
    }
}

impl GapFile {
    fn checked(self) -> Result<GapState, OutOfBounds> {
        let until = self.until.map(|until| until.moment("gaps"));
        Ok(GapState {
            from: self.from.moment("gaps")?,
            until: until.transpose()?,
            hides: self.hides,
            text: short("gaps", self.text, LONGEST_TEXT)?,
        })
    }
}

/// A window of a month is the longest that anybody asks for.
const LONGEST: i64 = 32 * 24 * 60 * 60;

fn length(field: &'static str, seconds: i64) -> Result<SignedDuration, OutOfBounds> {
    if (1..=LONGEST).contains(&seconds) {
        Ok(SignedDuration::from_secs(seconds))
    } else {
        Err(OutOfBounds::Length { field })
    }
}
