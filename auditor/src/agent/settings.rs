//! What a session and a daemon are to do, as plain values.

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::runtime::Runtime;

use super::configuration::PolicySources;
use crate::capture::{Ingress, Tc, namespace};

/// Flows at a time that the flow table is made for, unless it is made for another number.
pub(crate) const DEFAULT_FLOWS: u32 = 65_536;

/// How packets are counted.
#[derive(Clone, Debug)]
pub(crate) struct CaptureSettings {
    pub(crate) ingress: Ingress,
    pub(crate) tc: Tc,
    /// Watch in this network namespace: a name, or a path.
    pub(crate) network_namespace: Option<String>,
    /// Count what tunnels carry as well.
    pub(crate) decapsulate: bool,
    /// Flows at a time that the flow table is made for.
    pub(crate) flows: u32,
    /// Log packets that are in no flow.
    pub(crate) log_packets: bool,
}

impl CaptureSettings {
    /// Starts what a session runs in, inside its network namespace. Files are read before this; names of hosts are
    /// resolved in there.
    ///
    /// # Errors
    ///
    /// There is no such namespace, or it can't be entered.
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

/// Whether a session is a person's at a terminal, or a service's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Lifetime {
    Foreground,
    /// Hears SIGHUP, and gives up what it needs no more once it is attached.
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
    pub(crate) event_format: EventFormat,
    pub(crate) capture: CaptureSettings,
}

/// How events are printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EventFormat {
    Text,
    /// A JSON object a line.
    Jsonl,
}
