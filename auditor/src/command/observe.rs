//! Watches interfaces for a window of time: what `audit` and `flows` share.

use std::collections::BTreeMap;

use anyhow::Context as _;
use auditor_common::{PortKind, Slot, Tally, packet};
use clap::Args;
use jiff::SignedDuration;
use tokio::runtime::Runtime;

use super::{
    follow::Follow,
    judge::{documented_ports, documented_test},
    window::{Clock, Stop, Watch},
};
use crate::{
    capture::{
        Capture, Ingress, Interface, Interfaces, Selection, Settings, Sizes, Tc, listener,
        namespace,
    },
    matrix::Matrix,
    observed::{Cause, Flow, Gap, Host, KnownPorts, Observed, Window},
    port::PortRange,
};

/// How packets are counted.
#[derive(Args, Debug)]
pub(super) struct Counting {
    /// How packets are counted on their way in: auto, xdp or tc
    #[arg(long, value_name = "HOOK", default_value = "auto")]
    ingress: Ingress,
    /// How tc programs are attached: auto, tcx or clsact
    #[arg(long, value_name = "WAY", default_value = "auto")]
    tc: Tc,
    /// Watch in another network namespace: a name that `ip netns` lists, or a path such as /proc/1234/ns/net
    #[arg(long, value_name = "NAME")]
    netns: Option<String>,
    /// Count what VXLAN, Geneve, GRE and IP-in-IP tunnels carry as well, as flows of their own
    #[arg(long)]
    decapsulate: bool,
    /// Places in the flow table; what finds none is counted as such
    #[arg(long, value_name = "N", default_value_t = DEFAULT_FLOWS, value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    flows: u32,
    /// Log packets that are in no flow to standard error; slows the programs down
    #[arg(long)]
    log_packets: bool,
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

/// How many times as many conversations are kept until the end as the table has places: the table is emptied every second.
const FLOWS_KEPT: usize = 16;

/// Watches the interfaces of these names, or every physical one that is up. `begin` is told of the host before anything is
/// attached.
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
    let mut interfaces = Interfaces::open()?;
    let all = interfaces.list().await?;
    let ephemeral = listener::ephemeral_range();
    let mut host = host(&all, ephemeral, counting.netns.clone())?;
    begin(&host)?;
    let selection = Selection::parse(names)?;
    selection.check(&all)?;

    if counting.log_packets {
        env_logger::Builder::new()
            .filter_module("auditor_ebpf", log::LevelFilter::Trace)
            .init();
    }
    let mut capture = Capture::load(&Settings {
        sizes: Sizes::new(counting.flows).context("cannot tell how many CPUs there are")?,
        both_ports: false,
        decapsulate: counting.decapsulate,
        log: counting.log_packets,
        tc: counting.tc,
    })?;
    capture.add_ports(PortKind::Documented, documented_ports(matrices));
    capture.add_ports(PortKind::Listening, listening_ports(&host));
    // Listening for signals starts before attaching, so that an early Ctrl-C ends the window and not the process.
    let mut stop = Stop::new()?;
    let mut follow = Follow::begin(selection, counting.ingress, &all, &mut capture)?;

    let is_documented = documented_test(matrices);
    let known = KnownPorts {
        is_documented: &is_documented,
        ephemeral,
    };
    let clock = Clock::now();
    let watch = Watch {
        capture: &mut capture,
        interfaces: &mut interfaces,
        follow: &mut follow,
        stop: &mut stop,
        host: &mut host,
        known: &known,
        most_flows: counting.flows as usize * FLOWS_KEPT,
    };
    let watched = watch.run(window, &clock).await?;
    let (mut gaps, end, mut seen) = (watched.gaps, watched.end, watched.seen);
    // Once nothing is attached any more, the last drains of both halves take everything.
    let (interfaces, names) = follow.end();
    for _half in 0..2 {
        seen.drain(&mut capture)?;
    }
    capture.flush_log();

    let tallies = seen.tallies(&capture)?;
    let mut flows: Vec<Flow> = seen
        .ledger
        .flows(&known)
        .iter()
        .map(|(ends, record)| {
            let name = names
                .get(&packet::index(ends.interface))
                .cloned()
                .unwrap_or_else(|| format!("#{}", ends.interface));
            Flow::new(ends, record, name, |epoch| clock.instant(epoch))
        })
        .collect();
    flows.sort_by(|a, b| a.order().cmp(&b.order()));
    gaps.extend(uncounted(&tallies).map(|cause| Gap {
        cause,
        from: clock.wall,
        until: Some(end),
    }));
    gaps.sort();
    let mut lost = seen.ledger.lost().clone();
    for (what, tally) in capture.lost() {
        let sum = lost.entry(what).or_default();
        sum.packets += tally.packets;
        sum.bytes += tally.bytes;
    }
    Ok(Observed {
        host,
        window: Window::new(clock.wall, end, window),
        interfaces,
        flows,
        tallies,
        gaps,
        lost,
    })
}

type OfPackets = fn(u64) -> Cause;

/// What the tallies say was not seen.
pub(super) fn uncounted(tallies: &BTreeMap<Slot, Tally>) -> impl Iterator<Item = Cause> + '_ {
    let causes: [(Slot, OfPackets); 3] = [
        (Slot::TableFull, |packets| Cause::TableFull { packets }),
        (Slot::TooDeep, |packets| Cause::TooDeep { packets }),
        (Slot::Inside, |packets| Cause::InsideUnread { packets }),
    ];
    let cause = |(slot, cause): (Slot, OfPackets)| {
        let tally = tallies.get(&slot)?;
        (0 < tally.packets).then(|| cause(tally.packets))
    };
    causes.into_iter().filter_map(cause)
}

fn host(
    interfaces: &[Interface],
    ephemeral: PortRange,
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
        listeners: listener::listeners(ephemeral).context("cannot list the sockets that listen")?,
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
