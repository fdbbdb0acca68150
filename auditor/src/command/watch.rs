//! `auditor watch`: audits for ever, remembers, and says what changes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use crate::{
    agent::{
        access::HttpOptions,
        daemon::Daemon,
        http::{self, Published},
        judge::{Configuration, PolicyOptions},
        names::HostNames,
        observe::CaptureOptions,
        outbox::ThreadSpawner,
        session::{Interim as _, Session},
        state::{self, State},
    },
    exit::Exit,
    length::length,
};

/// Watch for ever: remember what was seen, and say when a verdict changes.
#[derive(Args, Debug)]
pub struct WatchCommand {
    #[command(flatten)]
    pub(crate) basis: PolicyOptions,
    /// An interface to watch, or a pattern such as 'veth*'; without it, those of the deployment or every physical one that
    /// is up. What comes later is watched as well. May be repeated
    #[arg(short, long, value_name = "IFACE")]
    pub(crate) interface: Vec<String>,
    /// In how long a rule's traffic must be seen, unless the rule says so itself, and how long an unexpected flow is
    /// complained of; without it, the deployment's window or 10m
    #[arg(long, value_name = "TIME", value_parser = length)]
    pub(crate) window: Option<SignedDuration>,
    /// How often what was seen is judged and saved
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "10s")]
    pub(crate) every: SignedDuration,
    /// Where to keep what was seen
    #[arg(long, value_name = "DIRECTORY", default_value = state::DIRECTORY)]
    state: PathBuf,
    /// How long to remember what was seen; rules that ask for longer are asked for so long
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "31d")]
    pub(crate) keep: SignedDuration,
    /// How many flows to remember; of more, those that were seen last
    #[arg(long, value_name = "N", default_value_t = 250_000)]
    pub(crate) keep_flows: usize,
    #[command(flatten)]
    listening: HttpOptions,
    /// How events are printed
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) counting: CaptureOptions,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// A line for people
    Text,
    /// A JSON object a line
    Jsonl,
}

/// Watches until it is told to stop.
///
/// # Errors
///
/// Whatever keeps it from running: files, privileges, interfaces, the kernel.
pub fn run(command: &WatchCommand) -> anyhow::Result<Exit> {
    let plan = Configuration::read(&command.basis)?;
    // Before another network namespace is entered: whoever looks is in this one.
    let board = match command.listening.door()? {
        Some(door) => http::begin(door)?,
        None => Published::default(),
    };
    let outside = ThreadSpawner::begin();
    command
        .counting
        .runtime()?
        .block_on(watch(command, plan, board, outside))
}

async fn watch(
    command: &WatchCommand,
    plan: Configuration,
    board: Published,
    outside: ThreadSpawner,
) -> anyhow::Result<Exit> {
    let interfaces = plan.interfaces(&command.interface);
    let names = HostNames::begin(plan.deployment.as_ref()).await;
    let mut state = None;
    let (matrices, deployment) = (plan.matrices.clone(), plan.deployment.clone());
    let mut session = Session::begin(&matrices, &interfaces, &command.counting, true, |host| {
        let mut lookup = |name: &str| names.addresses(name, std::time::Duration::MAX);
        plan.policy(host, &mut lookup)?;
        state = Some(State::open(
            &command.state,
            crate::agent::window::Clock::now().wall,
        )?);
        Ok(())
    })
    .await?;
    let Some(state) = state else {
        return Ok(Exit::Failed);
    };
    let mut daemon = Daemon::new(command, plan, names, state, &session, outside)?;
    daemon.board = board;
    drop((matrices, deployment));
    session.run(None, Some(&mut daemon)).await?;
    // What was counted since the last turn is judged and saved as well.
    session.drain()?;
    session.looking.look();
    daemon.turn(&mut session)?;
    if let Some(report) = &daemon.last {
        daemon.write_report(report)?;
    }
    // That somebody stopped it is no finding; what was found was told.
    Ok(Exit::Clean)
}
