//! The command line: parses and dispatches.

use std::process::ExitCode;

use auditor::{
    capture::{descriptors, guard},
    command,
    exit::Exit,
};
use clap::{CommandFactory as _, Parser, Subcommand};

/// That of musl takes twice the time where much is allocated.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Compares the traffic of this host with the ports that a vendor documents.
#[derive(Debug, Parser)]
#[command(version = env!("AUDITOR_VERSION"), arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(command::import::Import),
    Check(command::check::Check),
    Show(command::show::Show),
    Export(command::export::Export),
    Deployment(command::deployment::DeploymentCommand),
    Audit(command::audit::AuditCommand),
    Replay(command::replay::ReplayCommand),
    Flows(command::flows::FlowsCommand),
    Watch(command::watch::WatchCommand),
    Fleet(command::fleet::FleetCommand),
    Top(command::top::TopCommand),
    History(command::history::HistoryCommand),
    Report(command::report::ReportCommand),
    Explain(command::explain::Explain),
    Learn(command::learn::Learn),
    Diff(command::diff::Diff),
    Doctor(command::doctor::Doctor),
    Completions(command::completions::Completions),
    // Packages hold what it writes.
    #[command(hide = true)]
    Manual(command::manual::Manual),
    /// Take filters off once standard input ends; an audit starts this by itself
    #[command(name = guard::VERB, hide = true)]
    Guard,
}

impl Command {
    /// Whether it looks at what the kernel has, and so runs as root.
    const fn has_privileges(&self) -> bool {
        match self {
            Self::Audit(_) | Self::Flows(_) | Self::Watch(_) | Self::Top(_) | Self::Doctor(_) => {
                true
            }
            // What they read may come by a descriptor: `auditor diff <(one) <(another)`.
            Self::Import(_)
            | Self::Check(_)
            | Self::Show(_)
            | Self::Export(_)
            | Self::Deployment(_)
            | Self::Replay(_)
            | Self::Fleet(_)
            | Self::History(_)
            | Self::Report(_)
            | Self::Explain(_)
            | Self::Learn(_)
            | Self::Diff(_)
            | Self::Completions(_)
            | Self::Manual(_)
            | Self::Guard => false,
        }
    }
}

fn main() -> ExitCode {
    let command = Cli::parse().command;
    if command.has_privileges() {
        descriptors::close_inherited();
    }
    let result = match command {
        Command::Import(import) => command::import::run(&import),
        Command::Check(check) => command::check::run(&check),
        Command::Show(show) => command::show::run(&show),
        Command::Export(export) => command::export::run(&export),
        Command::Deployment(deployment) => command::deployment::run(&deployment),
        Command::Audit(audit) => command::audit::run(&audit),
        Command::Replay(replay) => command::replay::run(&replay),
        Command::Flows(flows) => command::flows::run(&flows),
        Command::Watch(watch) => command::watch::run(&watch),
        Command::Fleet(fleet) => command::fleet::run(&fleet),
        Command::Top(top) => command::top::run(&top),
        Command::History(history) => command::history::run(&history),
        Command::Report(report) => command::report::run(&report),
        Command::Explain(explain) => command::explain::run(&explain),
        Command::Learn(learn) => command::learn::run(&learn),
        Command::Diff(diff) => command::diff::run(&diff),
        Command::Doctor(doctor) => command::doctor::run(&doctor),
        Command::Completions(completions) => {
            command::completions::run(&completions, &Cli::command())
        }
        Command::Manual(manual) => command::manual::run(&manual, Cli::command()),
        Command::Guard => guard::run().map(|()| Exit::Clean).map_err(Into::into),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            command::complain(&error);
            Exit::Failed.into()
        }
    }
}
