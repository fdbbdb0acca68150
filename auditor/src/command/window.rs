//! Time as a session has it, the signals that end it, and what was taken out of the kernel meanwhile.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use anyhow::Context as _;
use auditor_common::{Reason, Tally, Totals};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::Instant,
};

use crate::{capture::Capture, observed::Ledger};

/// How exact the times of flows are; the kernel half reads no clock of its own.
pub(super) const EPOCH: Duration = Duration::from_millis(100);
/// Clocks that differ by less agree.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// Wall clock and kernel clock, read together.
pub(super) struct Clock {
    pub(super) wall: Timestamp,
    started: Instant,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the audit's own loop reads the clock, here and as it goes on"
    )]
    pub(super) fn now() -> Self {
        Self {
            wall: Timestamp::now(),
            started: Instant::now(),
        }
    }

    /// When a window of this length is over; `None` beyond what the clock can say.
    pub(super) fn deadline(&self, window: SignedDuration) -> Option<Instant> {
        self.started.checked_add(Duration::try_from(window).ok()?)
    }

    /// Follows the wall clock, which may have been set; the host may have slept.
    #[expect(
        clippy::disallowed_methods,
        reason = "the audit's own loop reads the clock, here and as it begins"
    )]
    pub(super) fn adjust(&mut self) {
        let now = Timestamp::now();
        // Times of flows stay what they were while the clocks agree about seconds.
        if TOLERANCE < now.duration_since(self.wall_now()).abs() {
            self.wall = now.checked_sub(self.elapsed()).unwrap_or(self.wall);
        }
    }

    /// When an epoch began.
    pub(super) fn instant(&self, epoch: u64) -> Timestamp {
        let passed = EPOCH.as_nanos() * u128::from(epoch);
        let wall = i128::try_from(passed).map_or(i128::MAX, |passed| {
            self.wall.as_nanosecond().saturating_add(passed)
        });
        Timestamp::from_nanosecond(wall).unwrap_or(self.wall)
    }

    /// The epoch that it is.
    pub(super) fn epoch(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos() / EPOCH.as_nanos()).unwrap_or(u64::MAX)
    }

    /// How long ago the window began.
    pub(super) fn elapsed(&self) -> SignedDuration {
        SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    pub(super) fn wall_now(&self) -> Timestamp {
        self.wall.checked_add(self.elapsed()).unwrap_or(self.wall)
    }
}

/// The signals that a session hears.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Only of a session that can read its files again.
    hangup: Option<Signal>,
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    Stop,
    Reload,
}

impl Signals {
    pub(super) fn new(reloads: bool) -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: reloads.then(|| listen(SignalKind::hangup())).transpose()?,
        })
    }

    pub(super) async fn wait(&mut self) -> Asked {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.terminate.recv() => Asked::Stop,
            _ = hangup => Asked::Reload,
        }
    }
}

/// What was taken out of the kernel so far.
pub(super) struct Seen {
    pub(super) ledger: Ledger,
    pub(super) totals: Totals,
    pub(super) drains: Drains,
}

/// How often the table was emptied, and how much was in it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drains {
    pub(super) count: u64,
    /// Entries that the fullest of those since the last look held.
    pub(super) most: usize,
}

impl Seen {
    /// Keeps at most so many conversations.
    pub(super) fn new(most: usize) -> Self {
        Self {
            ledger: Ledger::new(most),
            totals: Totals::default(),
            drains: Drains::default(),
        }
    }

    /// Takes what the kernel half counted since the last time.
    pub(super) fn drain(&mut self, capture: &mut Capture) -> anyhow::Result<()> {
        let ledger = &mut self.ledger;
        let mut n_entries = 0;
        let totals = capture.drain(&mut |key, record| {
            n_entries += 1;
            ledger.add(key, record);
        })?;
        self.drains.count += 1;
        self.drains.most = self.drains.most.max(n_entries);
        self.totals += totals;
        Ok(())
    }

    /// Packets that are in no flow, by reason.
    pub(super) fn without_flow(
        &self,
        capture: &Capture,
    ) -> anyhow::Result<BTreeMap<Reason, Tally>> {
        let mut without_flow = capture.without_flow()?;
        for more in self.ledger.lost().values() {
            *without_flow.entry(Reason::TableFull).or_default() += *more;
        }
        Ok(without_flow)
    }
}

/// A line on the terminal that says how far the window is.
pub(super) struct Progress {
    /// `None` where there is no end to show the way to.
    window: Option<SignedDuration>,
    is_terminal: bool,
}

impl Progress {
    pub(super) fn new(window: Option<SignedDuration>) -> Self {
        Self {
            window,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    pub(super) fn show(&self, elapsed: SignedDuration, totals: &Totals) {
        if let (true, Some(window)) = (self.is_terminal, self.window) {
            print(&format!(
                "\r\x1b[K{} of {} s: {} packets in, {} out; Ctrl-C ends the window",
                elapsed.as_secs(),
                window.as_secs(),
                totals.received.packets,
                totals.sent.packets
            ));
        }
    }

    pub(super) fn clear(&self) {
        if self.is_terminal {
            print("\r\x1b[K");
        }
    }
}

fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    // A terminal that went away needs no progress.
    let _gone = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}
