//! `auditor audit`: watch for a window of time, compare, report.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, ToSocketAddrs as _},
    path::PathBuf,
};

use anyhow::Context as _;
use auditor_common::{PortKind, Slot};
use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::{
    output::{say, write},
    window::{Clock, Stop, Watch},
};
use crate::{
    audit::{self, Policy},
    capture::{
        Attached, Capture, Ingress, Interface, Interfaces, Settings, Sizes, Tc, interface, listener,
    },
    deployment::{self, Deployment},
    exit::Exit,
    matrix::{Matrix, RulePorts},
    observed::{Flow, Gap, Host, KnownPorts, Observed, Window},
    port::PortRange,
    report::{self, MatrixSource, Report},
    role::Role,
};

/// Watch this host's traffic for a while and compare it with the matrix.
#[derive(Args, Debug)]
pub struct AuditCommand {
    /// The deployment: matrices, roles, conditions, exceptions
    #[arg(long, value_name = "FILE", required_unless_present = "matrix")]
    config: Option<PathBuf>,
    /// A matrix; replaces those of the deployment, and may stand without one. May be repeated
    #[arg(long, value_name = "FILE")]
    matrix: Vec<PathBuf>,
    /// A role that this host plays; without it, its addresses tell. May be repeated
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
    /// An interface to watch; without it, those of the deployment or every physical one that is up. May be repeated
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,
    /// How long to watch, such as 30s or 10m; without it, the deployment's window or 10m
    #[arg(long = "for", value_name = "TIME", value_parser = deployment::window)]
    window: Option<SignedDuration>,
    /// What to print
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
    /// Write the report to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the report as JSON to this file as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How packets are counted on their way in: auto, xdp or tc
    #[arg(long, value_name = "HOOK", default_value = "auto")]
    ingress: Ingress,
    /// How tc programs are attached: auto, tcx or clsact
    #[arg(long, value_name = "WAY", default_value = "auto")]
    tc: Tc,
    /// Places in the flow table; what finds none is counted as such
    #[arg(long, value_name = "N", default_value_t = DEFAULT_FLOWS, value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    flows: u32,
    /// Log packets that are in no flow to standard error; slows the programs down
    #[arg(long)]
    log_packets: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum OutputFormat {
    Text,
    Json,
}

/// Flows at a time that the table is made for.
pub(super) const DEFAULT_FLOWS: u32 = 65_536;

const DEFAULT_WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// Runs the audit.
///
/// # Errors
///
/// Whatever keeps it from running: files, privileges, interfaces, the kernel.
pub fn run(command: &AuditCommand) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(audit(command))
}

async fn audit(command: &AuditCommand) -> anyhow::Result<Exit> {
    let plan = Plan::read(command)?;
    let mut interfaces = Interfaces::open()?;
    let all = interfaces.list().await?;
    let ephemeral = listener::ephemeral_range();
    let mut host = host(&all, ephemeral)?;
    let policy = Policy::new(
        &plan.matrices,
        plan.deployment.as_ref(),
        &plan.roles,
        &host,
        &mut lookup,
    )?;
    let selected = interface::select(&all, &plan.interfaces)?;

    if command.log_packets {
        env_logger::Builder::new()
            .filter_module("auditor_ebpf", log::LevelFilter::Trace)
            .init();
    }
    let mut capture = Capture::load(&Settings {
        sizes: Sizes::new(command.flows).context("cannot tell how many CPUs there are")?,
        both_ports: false,
        log: command.log_packets,
        tc: command.tc,
    })?;
    capture.add_ports(PortKind::Documented, documented_ports(&plan.matrices));
    capture.add_ports(PortKind::Listening, listening_ports(&host));
    // Listening for signals starts before attaching, so that an early Ctrl-C ends the window and not the process.
    let mut stop = Stop::new()?;
    let mut attached = Vec::new();
    for interface in &selected {
        let one = capture.attach(interface, command.ingress)?;
        let egress = if interface.is_loopback {
            "not needed"
        } else {
            "tc"
        };
        say(&format!(
            "auditor: watching {}, in: {} ({}), out: {egress}",
            interface.name,
            one.ingress.hook.name(),
            one.ingress.reason
        ));
        attached.push(one);
    }
    let described = attached.iter().map(Attached::describe).collect();
    let names: BTreeMap<u32, String> = selected
        .iter()
        .map(|interface| (interface.index, interface.name.clone()))
        .collect();

    let clock = Clock::now();
    let watch = Watch {
        capture: &mut capture,
        interfaces: &mut interfaces,
        attached: &mut attached,
        stop: &mut stop,
        host: &mut host,
        ephemeral,
    };
    let watched = watch.run(plan.window, &clock).await?;
    let (mut gaps, end, mut seen) = (watched.gaps, watched.end, watched.seen);
    // Once nothing is attached any more, the last drains of both halves take everything.
    drop(attached);
    for _half in 0..2 {
        seen.add(capture.drain()?);
    }
    capture.flush_log();

    let tallies = seen.tallies(&capture)?;
    let is_documented = documented_test(&plan.matrices);
    let known = KnownPorts {
        is_documented: &is_documented,
        ephemeral,
    };
    let mut flows: Vec<Flow> = seen
        .ledger
        .flows(&known)
        .iter()
        .map(|(ends, record)| {
            let name = names
                .get(&ends.interface)
                .cloned()
                .unwrap_or_else(|| format!("#{}", ends.interface));
            Flow::new(ends, record, name, |epoch| clock.instant(epoch))
        })
        .collect();
    flows.sort_by(|a, b| a.order().cmp(&b.order()));
    for (slot, gap) in [
        (
            Slot::TableFull,
            (|packets| Gap::TableFull { packets }) as fn(u64) -> Gap,
        ),
        (Slot::TooDeep, |packets| Gap::TooDeep { packets }),
    ] {
        gaps.extend(tallies.get(&slot).map(|tally| gap(tally.packets)));
    }
    gaps.sort();
    let lost = gaps
        .iter()
        .any(|gap| matches!(gap, Gap::InterfaceLost { .. }));
    let observed = Observed {
        host,
        window: Window {
            start: clock.wall,
            end,
            asked: plan.window,
        },
        interfaces: described,
        flows,
        tallies,
        gaps,
        lost: capture.lost(),
    };
    let audit = audit::judge(&policy, &observed);
    let unset_conditions = policy
        .unset_conditions(plan.deployment.as_ref())
        .into_iter()
        .collect();
    let report = Report {
        observed,
        policy,
        audit,
        matrices: plan.sources,
        unset_conditions,
    };
    if let Some(path) = &command.json {
        write(Some(path), &report::json(&report)?)?;
    }
    let text = match command.format {
        OutputFormat::Text => report::text(&report),
        OutputFormat::Json => report::json(&report)?,
    };
    write(command.output.as_deref(), &text)?;
    // An audit that lost an interface has not seen what it was asked to see: silence would pass for a clean bill.
    Ok(match (report.audit.has_violations(), lost) {
        (true, _) => Exit::Violations,
        (false, true) => Exit::Failed,
        (false, false) => Exit::Clean,
    })
}

/// What the command line and the deployment together ask for.
struct Plan {
    matrices: Vec<Matrix>,
    sources: Vec<MatrixSource>,
    deployment: Option<Deployment>,
    roles: Vec<Role>,
    interfaces: Vec<String>,
    window: SignedDuration,
}

impl Plan {
    fn read(command: &AuditCommand) -> anyhow::Result<Self> {
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let deployment = match &command.config {
            Some(path) => Some(Deployment::parse(path, &read(path)?)?),
            None => None,
        };
        let listed = deployment
            .as_ref()
            .map(|deployment| deployment.matrices.clone())
            .unwrap_or_default();
        let paths = if command.matrix.is_empty() {
            listed
        } else {
            command.matrix.clone()
        };
        let (mut matrices, mut sources) = (Vec::new(), Vec::new());
        for path in paths {
            let matrix = Matrix::parse(&path, &read(&path)?)?;
            sources.push(MatrixSource {
                name: matrix.name.clone(),
                version: matrix.version.clone(),
                n_rules: matrix.rules.len(),
                path,
            });
            matrices.push(matrix);
        }
        let interfaces = match (&deployment, command.interface.is_empty()) {
            (Some(deployment), true) => deployment.interfaces.clone(),
            (Some(_) | None, _) => command.interface.clone(),
        };
        let window = command
            .window
            .or_else(|| deployment.as_ref()?.window)
            .unwrap_or(DEFAULT_WINDOW);
        Ok(Self {
            matrices,
            sources,
            roles: command.role.iter().map(|name| Role::new(name)).collect(),
            interfaces,
            window,
            deployment,
        })
    }
}

fn host(interfaces: &[Interface], ephemeral: PortRange) -> anyhow::Result<Host> {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .context("cannot read this host's name")?;
    Ok(Host {
        name: name.trim().to_owned(),
        addresses: interfaces
            .iter()
            .flat_map(|interface| interface.addresses.iter().copied())
            .collect(),
        listeners: listener::listeners(ephemeral).context("cannot list the sockets that listen")?,
    })
}

/// Asks the system's resolver.
fn lookup(name: &str) -> Result<Vec<IpAddr>, String> {
    let found: BTreeSet<IpAddr> = (name, 0)
        .to_socket_addrs()
        .map_err(|error| error.to_string())?
        .map(|address| address.ip())
        .collect();
    Ok(found.into_iter().collect())
}

fn documented_ports(matrices: &[Matrix]) -> impl Iterator<Item = (u8, PortRange)> + '_ {
    matrices
        .iter()
        .flat_map(|matrix| &matrix.rules)
        .flat_map(|rule| {
            let ranges = match &rule.ports {
                RulePorts::Set(set) => set.ranges(),
                RulePorts::Ephemeral | RulePorts::None => &[],
            };
            let protocol = rule.transport.protocol();
            ranges
                .iter()
                .filter_map(move |range| Some((protocol?, *range)))
        })
}

/// Whether a matrix names a port of a protocol.
fn documented_test(matrices: &[Matrix]) -> impl Fn(u8, u16) -> bool {
    let mut ports: BTreeMap<u8, Vec<PortRange>> = BTreeMap::new();
    for (protocol, range) in documented_ports(matrices) {
        ports.entry(protocol).or_default().push(range);
    }
    move |protocol, port| {
        ports
            .get(&protocol)
            .is_some_and(|ranges| ranges.iter().any(|range| range.contains(port)))
    }
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
