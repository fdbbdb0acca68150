//! `auditor top`: verdicts on a terminal, live.

use std::{
    fs::File,
    io::{self, IsTerminal as _, Read as _, Seek as _},
    os::fd::OwnedFd,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::SignedDuration;
use nix::{
    sys::{
        memfd::{MFdFlags, memfd_create},
        signal::{Signal, kill},
    },
    unistd::{Pid, dup, dup2_stderr},
};
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyEventKind},
};

use crate::{
    agent::{
        judge::{Configuration, PolicyOptions},
        names::HostNames,
        observe::CaptureOptions,
        session::{Interim, Session},
    },
    exit::Exit,
    length::length,
    observed::Window,
    output::say,
    report::{
        Report,
        screen::{Answer, Screen},
    },
    sink,
};

/// Look at rules, flows and verdicts while they change.
#[derive(Args, Debug)]
pub struct TopCommand {
    #[command(flatten)]
    basis: PolicyOptions,
    /// Without a deployment or a matrix: the watch to look at
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9719")]
    watch: String,
    /// An interface to watch, or a pattern such as 'veth*'; without it, those of the deployment or every physical one that
    /// is up. May be repeated
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,
    /// In how long a rule's traffic must be seen; without it, the deployment's window or 10m
    #[arg(long, value_name = "TIME", value_parser = length)]
    window: Option<SignedDuration>,
    #[command(flatten)]
    counting: CaptureOptions,
}

/// How often there are new verdicts, and how soon a key is answered.
const EVERY: Duration = Duration::from_secs(1);
const BLINK: Duration = Duration::from_millis(100);

/// What is shown, and what was said last.
#[derive(Default)]
struct Seen {
    report: Option<Arc<Report>>,
    note: String,
}

type Shared = Arc<Mutex<Seen>>;

/// Shows verdicts until somebody leaves.
///
/// # Errors
///
/// No terminal, no watch to look at, or whatever keeps an audit from running.
pub fn run(command: &TopCommand) -> anyhow::Result<Exit> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        bail!("top needs a terminal; `auditor audit` prints a report to anything");
    }
    let shared = Shared::default();
    if command.basis.is_empty() {
        let client = sink::client();
        show(&ask(&client, &command.watch)?, &shared);
        let over = Arc::new(AtomicBool::new(false));
        let (url, asked, is_over) = (
            command.watch.clone(),
            Arc::clone(&shared),
            Arc::clone(&over),
        );
        std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                std::thread::sleep(EVERY);
                match ask(&client, &url) {
                    Ok(report) => show(&report, &asked),
                    Err(error) => lock(&asked).note = format!("{error:#}"),
                }
            }
        });
        look(&shared, &over)?;
        return Ok(Exit::Clean);
    }
    let plan = Configuration::read(&command.basis)?;
    command
        .counting
        .runtime()?
        .block_on(audit(command, plan, shared))
}

async fn audit(command: &TopCommand, plan: Configuration, shared: Shared) -> anyhow::Result<Exit> {
    let interfaces = plan.interfaces(&command.interface);
    let names = HostNames::begin(plan.deployment.as_ref()).await;
    let matrices = plan.matrices.clone();
    let mut session = Session::begin(&matrices, &interfaces, &command.counting, false, |host| {
        let mut lookup = |name: &str| names.addresses(name, Duration::MAX);
        plan.policy(host, &mut lookup).map(|_policy| ())
    })
    .await?;
    let over = Arc::new(AtomicBool::new(false));
    let (seen, is_over) = (Arc::clone(&shared), Arc::clone(&over));
    let screen = std::thread::spawn(move || {
        let left = look(&seen, &is_over);
        // The session ends as it does when somebody stops it; its loop is on another thread.
        let _stopped = kill(Pid::this(), Signal::SIGTERM);
        left
    });
    let mut live = Live {
        asked: plan.window(command.window),
        plan,
        names,
        shared,
    };
    let ran = session.run(None, Some(&mut live)).await;
    over.store(true, Ordering::Relaxed);
    let left = screen.join();
    ran?;
    match left {
        Ok(left) => left?,
        Err(_panicked) => bail!("the screen broke"),
    }
    Ok(Exit::Clean)
}

/// Judges what a session has seen, each second.
struct Live {
    plan: Configuration,
    names: HostNames,
    asked: SignedDuration,
    shared: Shared,
}

impl Interim for Live {
    fn every(&self) -> Duration {
        EVERY
    }

    fn turn(&mut self, session: &mut Session) -> anyhow::Result<()> {
        let now = session.now();
        let start = now.checked_sub(self.asked).unwrap_or(now);
        let age = self.asked.unsigned_abs();
        let names = &self.names;
        let mut lookup = |name: &str| names.addresses(name, age);
        let policy = self.plan.policy(&session.host, &mut lookup)?;
        let mut observed = session.so_far(Window {
            start,
            end: now,
            asked: self.asked,
            since: session.clock.wall,
        })?;
        // What is over is of the past, unless a rule asks about it.
        let rules = self.plan.matrices.iter().flat_map(|matrix| &matrix.rules);
        let longest = rules.filter_map(|rule| rule.within).max();
        let reach = longest.map_or(self.asked, |within| within.max(self.asked));
        let begin = now.checked_sub(reach).unwrap_or(now);
        observed.flows.retain(|flow| begin <= flow.last);
        show(&self.plan.report(policy, observed), &self.shared);
        Ok(())
    }

    fn reload(&mut self, _session: &mut Session) {}
}

fn lock(shared: &Shared) -> std::sync::MutexGuard<'_, Seen> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn show(report: &Report, shared: &Shared) {
    lock(shared).report = Some(Arc::new(report.clone()));
}

/// The report of a watch.
fn ask(client: &ureq::Agent, url: &str) -> anyhow::Result<Report> {
    let url = format!("{}/report", url.trim_end_matches('/'));
    let mut answer = client.get(&url).call().with_context(|| {
        format!("nobody answers at {url}: start `auditor watch`, or give a deployment with --config to look without one")
    })?;
    let status = answer.status();
    let text = answer
        .body_mut()
        .with_config()
        .limit(MOST_BYTES)
        .read_to_string()
        .with_context(|| format!("{url} broke off"))?;
    if !status.is_success() {
        bail!("{url} answers {status}: {}", text.trim());
    }
    serde_json::from_str(&text).with_context(|| format!("what {url} answers is no report"))
}

/// No report is larger.
const MOST_BYTES: u64 = 1 << 30;

/// Shows what is there until somebody leaves, or all is over.
fn look(shared: &Shared, over: &AtomicBool) -> anyhow::Result<()> {
    let mut hushed = CapturedStderr::begin().context("cannot set standard error aside")?;
    let mut terminal = ratatui::try_init().context("cannot use the terminal")?;
    let left = keep_looking(&mut terminal, shared, over, &mut hushed);
    ratatui::restore();
    over.store(true, Ordering::Relaxed);
    drop(hushed);
    left
}

fn keep_looking(
    terminal: &mut DefaultTerminal,
    shared: &Shared,
    over: &AtomicBool,
    hushed: &mut CapturedStderr,
) -> anyhow::Result<()> {
    let mut screen = Screen::default();
    // Drawing ten thousand flows takes a while, so it is done when there is something else to see.
    let mut drawn: Option<(Option<Arc<Report>>, String)> = None;
    while !over.load(Ordering::Relaxed) {
        let said = hushed.last_line();
        let (report, note) = {
            let mut seen = lock(shared);
            if let Some(said) = said {
                seen.note = said;
            }
            (seen.report.clone(), seen.note.clone())
        };
        let is_drawn = drawn.as_ref().is_some_and(|(shown, said)| {
            let is_same = match (shown, &report) {
                (Some(shown), Some(report)) => Arc::ptr_eq(shown, report),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            is_same && *said == note
        });
        if !is_drawn {
            terminal
                .draw(|frame| screen.draw(frame, report.as_deref(), &note))
                .context("cannot draw")?;
            drawn = Some((report, note));
        }
        if event::poll(BLINK).context("cannot read keys")? {
            // A key, or another size.
            drawn = None;
            if let Event::Key(key) = event::read().context("cannot read keys")?
                && key.kind == KeyEventKind::Press
                && screen.key(key) == Answer::Leave
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Standard error, set aside while the screen is in use: what is said would tear it. It is printed afterwards.
struct CapturedStderr {
    before: OwnedFd,
    said: File,
    /// How much of it was looked at.
    read: u64,
}

impl CapturedStderr {
    fn begin() -> io::Result<Self> {
        let before = dup(io::stderr())?;
        let said = File::from(memfd_create("said", MFdFlags::MFD_CLOEXEC)?);
        dup2_stderr(&said)?;
        Ok(Self {
            before,
            said,
            read: 0,
        })
    }

    /// The last line that was said since the last time.
    fn last_line(&mut self) -> Option<String> {
        use std::os::unix::fs::FileExt as _;
        let length = self.said.metadata().ok()?.len();
        let size = usize::try_from(length.checked_sub(self.read)?).ok()?;
        let mut bytes = vec![0; size];
        self.said.read_exact_at(&mut bytes, self.read).ok()?;
        self.read = length;
        let text = String::from_utf8_lossy(&bytes);
        let line = text.lines().rfind(|line| !line.trim().is_empty())?;
        Some(line.trim_start_matches("auditor: ").to_owned())
    }
}

impl Drop for CapturedStderr {
    fn drop(&mut self) {
        // What can't be put back stays aside; there is nobody left to tell.
        let _stays = dup2_stderr(&self.before);
        let mut text = String::new();
        if self.said.rewind().is_ok() && self.said.read_to_string(&mut text).is_ok() {
            for line in text.lines() {
                say(line);
            }
        }
    }
}
