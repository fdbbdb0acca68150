//! `auditor top`: verdicts on a terminal, live.

mod terminal;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::bail;
use clap::Args;
use jiff::SignedDuration;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use self::terminal::View;
use super::{
    filter::FilterOptions,
    options::{CaptureOptions, ComparisonOptions, token},
    published::Published,
};
use crate::{
    agent::{
        configuration::Configuration,
        host::HostFacts,
        http::SOCKET,
        names::HostNames,
        schedule::Schedule,
        session::{Pause, Session},
        settings::{CaptureSettings, Lifetime},
    },
    exit::Exit,
    length::length,
    observed::Window,
    report::{Choice, ListingBounds, Report, RoleFilter},
};

/// Look at rules, flows and verdicts while they change.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor top --config auditor.toml")]
pub struct TopCommand {
    #[command(flatten)]
    policy: ComparisonOptions,
    /// Without a deployment or a matrix: the watch to look at, by its socket as unix:PATH or at a URL
    #[arg(long, value_name = "PLACE", default_value_t = format!("unix:{SOCKET}"))]
    watch: String,
    /// A file with the token that the watch wants
    #[arg(long, value_name = "FILE", conflicts_with = "token_env")]
    token_file: Option<PathBuf>,
    /// A variable of the environment with that token
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// An interface to watch, or a pattern such as 'veth*'; without it, those of the deployment or every physical one that
    /// is up. May be repeated
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,
    /// In how long a rule's traffic must be seen; without it, the deployment's window or 10m
    #[arg(long, value_name = "TIME", value_parser = length)]
    window: Option<SignedDuration>,
    #[command(flatten)]
    filter: FilterOptions,
    /// Only what these roles have a part in, or no-role for ends in none; '!web' takes all else
    #[arg(long, value_name = "ROLE", help_heading = "What is shown")]
    show_role: Option<Choice<RoleFilter>>,
    #[command(flatten)]
    capture: CaptureOptions,
}

/// How often there are new verdicts.
const EVERY: Duration = Duration::from_secs(1);

/// Shows verdicts until the user quits.
///
/// # Errors
///
/// There is no terminal or no watch to show, or the session can't run, for the same reasons as an audit.
pub fn run(command: &TopCommand) -> anyhow::Result<Exit> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("top needs a terminal; `auditor audit` prints a report to anything");
    }
    let sources = command.policy.sources();
    if sources.is_empty() {
        let token = token(command.token_file.as_ref(), command.token_env.as_ref());
        let view = View::of(
            command.filter.filter(command.show_role.as_ref()),
            command.filter.all,
        );
        return show_watch(Published::new(&command.watch, token), &view);
    }
    let configuration = Configuration::read(&sources)?;
    let capture = command.capture.settings();
    capture
        .runtime()?
        .block_on(show_session(command, &configuration, &capture))
}

/// Shows what a watch publishes.
fn show_watch(published: Published, view: &View) -> anyhow::Result<Exit> {
    view.show(published.report()?);
    let over = Arc::new(AtomicBool::new(false));
    let (fetched, is_over) = (view.clone(), Arc::clone(&over));
    std::thread::spawn(move || {
        while !is_over.load(Ordering::Relaxed) {
            std::thread::sleep(EVERY);
            match published.report() {
                Ok(report) => fetched.show(report),
                Err(error) => fetched.note(format!("{error:#}")),
            }
        }
    });
    terminal::run(view, &over)?;
    Ok(Exit::Clean)
}

/// Shows what a session of its own sees.
async fn show_session(
    command: &TopCommand,
    configuration: &Configuration,
    capture: &CaptureSettings,
) -> anyhow::Result<Exit> {
    let names = HostNames::look_up(configuration.deployment.as_ref()).await;
    let facts = HostFacts::read(capture.network_namespace.clone()).await?;
    // Reports invalid roles before anything is attached.
    configuration.check(&facts.host, &mut names.of_age(Duration::MAX))?;
    let mut session = Session::attach(
        facts,
        &configuration.matrices,
        &configuration.interfaces(&command.interface),
        capture,
        configuration.processes(),
        Lifetime::Foreground,
    )?;
    let over = Arc::new(AtomicBool::new(false));
    let view = View::of(
        command.filter.filter(command.show_role.as_ref()),
        command.filter.all,
    );
    let (shown, is_over) = (view.clone(), Arc::clone(&over));
    let screen = std::thread::spawn(move || {
        let left = terminal::run(&shown, &is_over);
        // The session's loop is on another thread, so it is ended by a signal, as from outside.
        let _stopped = kill(Pid::this(), Signal::SIGTERM);
        left
    });
    let window = configuration.window(command.window);
    let ran = show_turns(&mut session, configuration, &names, window, &view).await;
    over.store(true, Ordering::Relaxed);
    let left = screen.join();
    ran?;
    match left {
        Ok(left) => left?,
        Err(_panicked) => bail!("the screen broke"),
    }
    Ok(Exit::Clean)
}

/// Judges what the session has seen, each second, until it is over.
async fn show_turns(
    session: &mut Session,
    configuration: &Configuration,
    names: &HostNames,
    window: SignedDuration,
    view: &View,
) -> anyhow::Result<()> {
    let mut schedule = Schedule::for_turns(EVERY);
    loop {
        match session.run(&mut schedule).await {
            Pause::Turn => view.show(judge(session, configuration, names, window)?),
            // A session in the foreground does not handle SIGHUP.
            Pause::Reload => {}
            Pause::End => return Ok(()),
        }
    }
}

fn judge(
    session: &mut Session,
    configuration: &Configuration,
    names: &HostNames,
    window: SignedDuration,
) -> anyhow::Result<Report> {
    let now = session.clock.now();
    let start = now.checked_sub(window).unwrap_or(now);
    let mut lookup = names.of_age(window.unsigned_abs());
    let policy = configuration.policy(&session.facts.host, &mut lookup)?;
    session.invite(&policy);
    session.find_ways(&policy);
    let mut observed = session.so_far(Window {
        start,
        end: now,
        planned: window,
        since: session.clock.start,
    });
    // Flows that ended before the window are left out, unless the `within` of a rule may reach them.
    let reach = configuration.reach(window);
    let begin = now.checked_sub(reach).unwrap_or(now);
    observed.flows.retain(|flow| begin <= flow.last);
    Ok(configuration.report_within(policy, observed, ListingBounds::NONE))
}
