//! What a session and a daemon are to do, as plain values.

use std::path::PathBuf;

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::runtime::Runtime;

use super::configuration::PolicySources;
use crate::capture::{Ingress, Tc, namespace};

/// How many concurrent flows the flow table is sized for by default.
pub(crate) const DEFAULT_FLOWS: u32 = 65_536;
/// How many flows a watch remembers by default, which takes about 150 MiB with all that is made of them in a turn.
pub(crate) const KEEP_FLOWS: usize = 25_000;
/// How many flows the report of a watch lists one by one by default: less than 10 MiB of JSON.
pub(crate) const REPORT_FLOWS: usize = 8_000;
/// What a watch takes at most with these, as `cargo xtask siege` holds it to: memory, the report and the history on disk.
pub(crate) const MEMORY_MIB: u32 = 150;
pub(crate) const REPORT_MIB: u32 = 10;
pub(crate) const HISTORY_MIB: u32 = 20;
/// How many conversations are kept, as a multiple of the flow table's size, unless a watch bounds what it remembers.
pub(crate) const FLOWS_KEPT: usize = 16;
/// As many as a table can be made for.
pub(crate) const MOST_FLOWS: u32 = 1 << 24;

/// How packets are counted.
#[derive(Clone, Debug)]
pub(crate) struct CaptureSettings {
    pub(crate) ingress: Ingress,
    pub(crate) tc: Tc,
    /// Watch in this network namespace: a name, or a path.
    pub(crate) network_namespace: Option<String>,
    /// Count what tunnels carry as well.
    pub(crate) decapsulate: bool,
    /// How many concurrent flows the flow table is sized for.
    pub(crate) flows: u32,
    /// How many conversations are kept beside that table, which is drained every second.
    pub(crate) conversations: usize,
    /// Log packets that are in no flow.
    pub(crate) log_packets: bool,
}

impl CaptureSettings {
    /// Enters the session's network namespace and builds its runtime. Files are read before this; host names are resolved in
    /// the namespace.
    ///
    /// # Errors
    ///
    /// The namespace does not exist, or can't be entered.
    pub(crate) fn runtime(&self) -> anyhow::Result<Runtime> {
        if let Some(name) = &self.network_namespace {
            namespace::enter(name)?;
        }
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start")
    }
}

/// Whether a session is run by a person at a terminal, or as a service.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lifetime {
    Foreground,
    /// Handles SIGHUP, and once attached gives up the privileges that it no longer needs.
    Daemon,
}

/// What `auditor watch` does.
#[derive(Clone, Debug)]
pub(crate) struct WatchSettings {
    pub(crate) sources: PolicySources,
    /// Names or patterns of interfaces; empty means those of the deployment.
    pub(crate) interfaces: Vec<String>,
    /// In how long a rule's traffic must be seen; `None` means the deployment's window.
    pub(crate) window: Option<SignedDuration>,
    /// How often what was seen is judged and saved.
    pub(crate) every: SignedDuration,
    /// How long to remember what was seen.
    pub(crate) keep: SignedDuration,
    /// How many flows to remember.
    pub(crate) keep_flows: usize,
    /// How many flows the report lists one by one.
    pub(crate) report_flows: usize,
    pub(crate) event_format: EventFormat,
    /// Where to write metrics after each turn.
    pub(crate) metrics_file: Option<PathBuf>,
    pub(crate) capture: CaptureSettings,
}

/// How events are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EventFormat {
    Text,
    /// A JSON object a line.
    Jsonl,
}
