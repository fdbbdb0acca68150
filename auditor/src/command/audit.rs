//! `auditor audit`: watch for a window of time, compare, report.

use clap::Args;
use jiff::SignedDuration;

use crate::{
    agent::{
        judge::{Configuration, OutputOptions, PolicyOptions, judge},
        names::HostNames,
        observe::{CaptureOptions, observe},
    },
    exit::Exit,
    length::length,
    observed::Cause,
};

/// Watch this host's traffic for a while and compare it with the matrix.
#[derive(Args, Debug)]
pub struct AuditCommand {
    #[command(flatten)]
    basis: PolicyOptions,
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
    counting: CaptureOptions,
}

/// Runs the audit.
///
/// # Errors
///
/// Whatever keeps it from running: files, privileges, interfaces, the kernel.
pub fn run(command: &AuditCommand) -> anyhow::Result<Exit> {
    let plan = Configuration::read(&command.basis)?;
    command.counting.runtime()?.block_on(audit(command, &plan))
}

async fn audit(command: &AuditCommand, plan: &Configuration) -> anyhow::Result<Exit> {
    let window = plan.window(command.window);
    let names = plan.interfaces(&command.interface);
    let resolved = HostNames::begin(plan.deployment.as_ref()).await;
    // Addresses that a name had while it was watched stay its own.
    let age = window.unsigned_abs();
    let mut lookup = |name: &str| resolved.addresses(name, age);
    let observed = observe(&plan.matrices, &names, window, &command.counting, |host| {
        // What is wrong with the roles is said before anything is attached.
        plan.policy(host, &mut lookup).map(|_policy| ())
    })
    .await?;
    let lost = observed.gaps.iter().any(|gap| {
        matches!(
            gap.cause,
            Cause::InterfaceLost { .. } | Cause::InterfaceRefused { .. }
        )
    });
    // Interfaces that came brought addresses, and with them perhaps a role; names have others by now.
    let policy = plan.policy(&observed.host, &mut lookup)?;
    let verdict = judge(plan, policy, observed, &command.output)?;
    // An audit without one of its interfaces has not seen what it was asked to see: silence would pass for a clean bill.
    Ok(if verdict == Exit::Clean && lost {
        Exit::Failed
    } else {
        verdict
    })
}
