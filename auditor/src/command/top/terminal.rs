//! A terminal that shows reports as they change, and handles keys.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _},
    os::{fd::OwnedFd, unix::fs::FileExt as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use nix::{
    sys::memfd::{MFdFlags, memfd_create},
    unistd::{dup, dup2_stderr},
};
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyEventKind},
};

use crate::{
    output::say,
    report::{
        Filter, Report,
        screen::{Answer, Screen},
    },
};

/// How long to wait for a key before looking for something new to show.
const KEY_POLL: Duration = Duration::from_millis(100);

/// What is shown, shared with the thread that updates it.
#[derive(Clone)]
pub(super) struct View {
    content: Arc<Mutex<Content>>,
    /// Which part of reports is shown.
    filter: Arc<Filter>,
    /// Flows that are alike are shown one by one.
    shows_all: bool,
}

/// The latest report, and the latest message.
#[derive(Default)]
struct Content {
    report: Option<Arc<Report>>,
    note: String,
}

impl View {
    pub(super) fn of(filter: Filter, shows_all: bool) -> Self {
        Self {
            content: Arc::default(),
            filter: Arc::new(filter),
            shows_all,
        }
    }

    pub(super) fn show(&self, report: Report) {
        let part = report.part(&self.filter);
        self.lock().report = Some(Arc::new(part));
    }

    pub(super) fn note(&self, note: String) {
        self.lock().note = note;
    }

    fn shown(&self) -> (Option<Arc<Report>>, String) {
        let content = self.lock();
        (content.report.clone(), content.note.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows the view until the user quits, or `over` is set.
///
/// # Errors
///
/// The terminal can't be used.
pub(super) fn run(view: &View, over: &AtomicBool) -> anyhow::Result<()> {
    let mut stderr = CapturedStderr::begin().context("cannot set standard error aside")?;
    let mut terminal = ratatui::try_init().context("cannot use the terminal")?;
    let left = draw_until_left(&mut terminal, view, over, &mut stderr);
    ratatui::restore();
    over.store(true, Ordering::Relaxed);
    drop(stderr);
    left
}

fn draw_until_left(
    terminal: &mut DefaultTerminal,
    view: &View,
    over: &AtomicBool,
    stderr: &mut CapturedStderr,
) -> anyhow::Result<()> {
    let mut screen = Screen::new(view.shows_all);
    // Drawing ten thousand flows takes a while, so it is only done when something changed.
    let mut drawn: Option<(Option<Arc<Report>>, String)> = None;
    while !over.load(Ordering::Relaxed) {
        let said = stderr.last_line();
        if let Some(said) = said {
            view.note(said);
        }
        let (report, note) = view.shown();
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
        if event::poll(KEY_POLL).context("cannot read keys")? {
            // A key press or a resize: draw again.
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

/// Standard error, redirected while the screen is in use, since messages would garble it. They are printed afterwards.
struct CapturedStderr {
    before: OwnedFd,
    said: File,
    /// How many bytes of it were read.
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

    /// The last line that was written since the last call.
    fn last_line(&mut self) -> Option<String> {
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
        // If it can't be restored, it stays redirected: there is nowhere to report the error.
        let _stays = dup2_stderr(&self.before);
        let mut text = String::new();
        if self.said.rewind().is_ok() && self.said.read_to_string(&mut text).is_ok() {
            for line in text.lines() {
                say(line);
            }
        }
    }
}
