//! `auditor audit`: watch for a window of time, compare, report.

use clap::Args;
use jiff::SignedDuration;

use super::options::{CaptureOptions, ComparisonOptions, OutputOptions};
use crate::{
    agent::{
        configuration::Configuration,
        host::HostFacts,
        names::HostNames,
        session::Session,
        settings::{CaptureSettings, Lifetime},
    },
    exit::Exit,
    length::length,
};

/// Watch this host's traffic for a while and compare it with the matrix.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor audit auditor.toml --for 10m --json report.json")]
pub struct AuditCommand {
    #[command(flatten)]
    policy: ComparisonOptions,
    /// An interface to watch, or a pattern such as 'veth*'; without it, those of the deployment or every physical one that
    /// is up. What comes later is watched as well. May be repeated
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,
    /// How long to watch, such as 30s or 10m; without it, the deployment's window or 10m
    #[arg(long = "for", value_name = "TIME", value_parser = length)]
    window: Option<SignedDuration>,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    capture: CaptureOptions,
}

/// Runs the audit.
///
/// # Errors
///
/// Unreadable or wrong files, missing privileges, interfaces that can't be watched, or a refusal by the kernel.
pub fn run(command: &AuditCommand) -> anyhow::Result<Exit> {
    let configuration = Configuration::read(&command.policy.sources())?;
    let capture = command.capture.settings();
    capture
        .runtime()?
        .block_on(audit(command, &configuration, &capture))
}

async fn audit(
    command: &AuditCommand,
    configuration: &Configuration,
    capture: &CaptureSettings,
) -> anyhow::Result<Exit> {
    let window = configuration.window(command.window);
    let interfaces = configuration.interfaces(&command.interface);
    let names = HostNames::look_up(configuration.deployment.as_ref()).await;
    // Addresses that a name had during the window still count as its own.
    let mut lookup = names.of_age(window.unsigned_abs());
    let facts = HostFacts::read(capture.network_namespace.clone()).await?;
    // Reports invalid roles before anything is attached.
    configuration.check(&facts.host, &mut lookup)?;
    let invited = configuration.policy(&facts.host, &mut lookup)?;

    let mut session = Session::attach(
        facts,
        &configuration.matrices,
        &interfaces,
        capture,
        configuration.processes(),
        Lifetime::Foreground,
    )?;
    session.invite(&invited);
    session.run_window(window).await?;
    let policy = configuration.policy(&session.facts.host, &mut lookup)?;
    session.invite(&policy);
    session.find_ways(&policy);
    let observed = session.finish(window);

    // Made after the window: new interfaces may have brought addresses and so roles, and names may have other addresses now.
    let policy = configuration.policy(&observed.host, &mut lookup)?;
    let report = configuration.report_within(policy, observed, command.output.bounds());
    command.output.write(report)
}
