//! Watches interfaces for a window of time: what `audit` and `flows` share.

use std::collections::BTreeMap;

use anyhow::Context as _;
use auditor_common::{Reason, Tally};
use clap::Args;
use jiff::SignedDuration;
use tokio::runtime::Runtime;

use super::session::Session;
use crate::{
    capture::{Ingress, Interface, Tc, listener::Listeners, namespace},
    matrix::Matrix,
    observed::{Cause, Host, Observed, Owners},
    port::PortRange,
};

/// How packets are counted.
#[derive(Args, Debug)]
pub(super) struct Counting {
    /// How packets are counted on their way in: auto, xdp or tc
    #[arg(long, value_name = "HOOK", default_value = "auto")]
    pub(super) ingress: Ingress,
    /// How tc programs are attached: auto, tcx or clsact
    #[arg(long, value_name = "WAY", default_value = "auto")]
    pub(super) tc: Tc,
    /// Watch in another network namespace: a name that `ip netns` lists, or a path such as /proc/1234/ns/net
    #[arg(long, value_name = "NAME")]
    pub(super) netns: Option<String>,
    /// Count what VXLAN, Geneve, GRE and IP-in-IP tunnels carry as well, as flows of their own
    #[arg(long)]
    pub(super) decapsulate: bool,
    /// Places in the flow table; what finds none is counted as such
    #[arg(long, value_name = "N", default_value_t = DEFAULT_FLOWS, value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    pub(super) flows: u32,
    /// Log packets that are in no flow to standard error; slows the programs down
    #[arg(long)]
    pub(super) log_packets: bool,
}

impl Counting {
    /// Starts what watching runs in, inside the network namespace that was asked for. Files are read before this; names of
    /// hosts are resolved in there.
    pub(super) fn runtime(&self) -> anyhow::Result<Runtime> {
        if let Some(name) = &self.netns {
            namespace::enter(name)?;
        }
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start")
    }
}

/// Flows at a time that the table is made for.
pub(super) const DEFAULT_FLOWS: u32 = 65_536;

/// Watches the interfaces of these names, or every physical one that is up, for a window of time. `begin` is told of the
/// host before anything is attached.
///
/// # Errors
///
/// Privileges, interfaces, the kernel, or what `begin` returns.
pub(super) async fn observe(
    matrices: &[Matrix],
    names: &[String],
    window: SignedDuration,
    counting: &Counting,
    begin: impl FnOnce(&Host) -> anyhow::Result<()>,
) -> anyhow::Result<Observed> {
    let mut session = Session::begin(matrices, names, counting, false, begin).await?;
    session.run(Some(window), None).await?;
    session.finish(window)
}

/// What packets in no flow say was not seen.
pub(super) fn uncounted(
    without_flow: &BTreeMap<Reason, Tally>,
) -> impl Iterator<Item = Cause> + '_ {
    let may_hide =
        |(reason, tally): &(&Reason, &Tally)| reason.may_hide_traffic() && 0 < tally.packets;
    without_flow
        .iter()
        .filter(may_hide)
        .map(|(reason, tally)| Cause::Uncounted {
            reason: *reason,
            packets: tally.packets,
        })
}

pub(super) fn host(
    interfaces: &[Interface],
    listeners: &mut Listeners,
    network_namespace: Option<String>,
) -> anyhow::Result<Host> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .context("cannot read this host's name")?;
    Ok(Host {
        name: name.trim().to_owned(),
        network_namespace,
        addresses: interfaces
            .iter()
            .flat_map(|interface| interface.addresses.iter().copied())
            .collect(),
        is_captured: false,
        owners: Owners::default(),
        listeners: listeners
            .list()
            .context("cannot list the sockets that listen")?,
    })
}

/// Ports on which this host can be reached.
pub(super) fn listening_ports(host: &Host) -> impl Iterator<Item = (u8, PortRange)> + '_ {
    host.listeners.iter().filter_map(|listener| {
        Some((
            listener.transport.protocol()?,
            PortRange::single(listener.port),
        ))
    })
}
