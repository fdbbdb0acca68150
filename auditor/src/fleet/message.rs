//! What a host says of itself and of its traffic.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use super::{pushed::PushedDigest, wire::shortened};
use crate::{
    observed::{Flow, Listener},
    report::schema::Process,
};

/// Who wrote a message: two hosts may have the same name, and one host may have been started anew.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Writer {
    /// The name under which it publishes.
    pub name: String,
    /// What the machine is told apart by from others of its name.
    pub machine: String,
}

/// The state of a host, beside its flows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostState {
    pub writer: Writer,
    /// The version of the program that wrote it, and of the kernel.
    pub version: String,
    pub kernel: String,
    /// When it was written, by the host's own clock, as all times of its messages.
    pub at: Timestamp,
    /// It speaks again within this time.
    pub every: SignedDuration,
    /// Since when its traffic was watched and is remembered.
    pub since: Timestamp,
    /// The window on which its own rules are judged.
    pub window: SignedDuration,
    pub addresses: BTreeSet<IpAddr>,
    pub networks: BTreeSet<IpNet>,
    pub roles: Vec<String>,
    /// The interfaces that are watched.
    pub interfaces: Vec<String>,
    /// Those that are not, and by which traffic with hosts of the rules may pass.
    pub unwatched: BTreeSet<String>,
    /// What it compares with.
    pub configuration: ConfigurationDigest,
    pub gaps: Vec<GapState>,
    /// Rules whose traffic it may not have seen, by its own audit: `unassessed` or `unobservable`.
    pub hidden: BTreeSet<String>,
    /// Rules of which a connection is open and idle.
    pub idle: BTreeSet<String>,
    pub listeners: BTreeSet<Listener>,
    /// Flows that it does not publish, since they are too many.
    pub flows_left_out: u64,
}

/// Which files a host compares with: the digest of the deployment's file, and of each matrix.
#[derive(Clone, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct ConfigurationDigest {
    pub deployment: Option<String>,
    /// By name.
    pub matrices: BTreeMap<String, String>,
    /// Of which push they are, where they are no files of the host.
    pub pushed: Option<PushedDigest>,
}

impl ConfigurationDigest {
    /// Of the digest of a deployment's file, and of the name and the digest of each matrix.
    pub fn of(
        deployment: Option<&str>,
        matrices: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let mut by_name: BTreeMap<String, String> = BTreeMap::new();
        for (name, digest) in matrices {
            // Several of one name are told apart by all of their digests.
            by_name
                .entry(shortened(&name))
                .and_modify(|known| *known = shortened(&format!("{known}+{digest}")))
                .or_insert(digest);
        }
        Self {
            deployment: deployment.map(str::to_owned),
            matrices: by_name,
            pushed: None,
        }
    }
}

/// A time in which a host may have missed something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GapState {
    pub from: Timestamp,
    /// `None` while it is open.
    pub until: Option<Timestamp>,
    /// Whether traffic may have gone unseen by it.
    pub hides: bool,
    pub text: String,
}

/// All flows of a host in one shard.
#[derive(Clone, Debug, PartialEq)]
pub struct ShardState {
    pub writer: Writer,
    pub shard: u16,
    pub at: Timestamp,
    pub flows: Vec<FlowState>,
}

/// A flow, as one host saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct FlowState {
    /// Its `remembered` says when it was last answered, refused and one-way.
    pub flow: Flow,
    /// When packets of the client, and of the server, were last counted that were more than resets. `None` where there were
    /// none since the host began to publish.
    pub asked: Option<Timestamp>,
    pub said: Option<Timestamp>,
    /// Who of this host has a part in it.
    pub processes: Vec<Process>,
}
