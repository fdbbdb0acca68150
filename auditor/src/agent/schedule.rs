//! When each part of a session is due: the end of its window, epochs, ticks, and the turns of its caller.

use std::time::Duration;

use anyhow::Context as _;
use jiff::SignedDuration;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::clock::{self, Clock, EPOCH};

/// How often the kernel half's counts are drained.
const TICK: Duration = Duration::from_secs(1);

/// After how long a turn that could not be taken is tried again.
const SOON: Duration = Duration::from_millis(100);

/// The times of a session.
pub(crate) struct Schedule {
    /// How long the session goes on; `None` for one without an end.
    pub(crate) window: Option<SignedDuration>,
    deadline: Option<Instant>,
    epochs: Interval,
    ticks: Interval,
    turns: Option<Interval>,
}

/// What is due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Due {
    /// The epoch of the kernel half is to be advanced.
    Epoch,
    /// The counts are to be drained.
    Tick,
    /// The session's caller is to do its part, such as judging.
    Turn,
    /// The window is over.
    End,
}

impl Schedule {
    /// A window of this length from the clock's start.
    ///
    /// # Errors
    ///
    /// The clock can't represent its end.
    pub(crate) fn for_window(clock: &Clock, window: SignedDuration) -> anyhow::Result<Self> {
        let deadline = clock.deadline(window).context("the window is too long")?;
        Ok(Self {
            window: Some(window),
            deadline: Some(deadline),
            epochs: interval(EPOCH),
            ticks: interval(TICK),
            turns: None,
        })
    }

    /// Without an end, with a turn every `every`; the first one is due after that time.
    pub(crate) fn for_turns(every: Duration) -> Self {
        let mut turns = tokio::time::interval_at(clock::monotonic() + every, every);
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            window: None,
            deadline: None,
            epochs: interval(EPOCH),
            ticks: interval(TICK),
            turns: Some(turns),
        }
    }

    /// Has the next turn come soon: its caller could not do its part now.
    pub(crate) fn turn_soon(&mut self) {
        if let Some(turns) = &mut self.turns {
            turns.reset_after(SOON.min(turns.period()));
        }
    }

    /// Waits for what is due next. It is cancel safe: dropping the future loses nothing.
    pub(crate) async fn next(&mut self) -> Due {
        tokio::select! {
            () = until(self.deadline) => Due::End,
            _ = self.epochs.tick() => Due::Epoch,
            _ = self.ticks.tick() => Due::Tick,
            () = turn(&mut self.turns) => Due::Turn,
        }
    }
}

/// An interval that skips missed ticks.
fn interval(every: Duration) -> Interval {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Skip);
    interval
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

async fn turn(turns: &mut Option<Interval>) {
    match turns {
        Some(turns) => {
            turns.tick().await;
        }
        None => std::future::pending().await,
    }
}
