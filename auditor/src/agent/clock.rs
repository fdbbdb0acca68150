//! The only reader of the wall clock and of the monotonic clock.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The resolution of the times of flows; the kernel half reads no clock of its own.
pub(crate) const EPOCH: Duration = Duration::from_millis(100);
/// Clocks that differ by no more than this count as equal.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);

/// The wall clock's time.
#[expect(
    clippy::disallowed_methods,
    reason = "only this function reads the wall clock"
)]
pub(crate) fn wall() -> Timestamp {
    Timestamp::now()
}

/// The monotonic clock's time.
#[expect(
    clippy::disallowed_methods,
    reason = "only this function reads the monotonic clock"
)]
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// How long ago an instant of the monotonic clock was.
pub(crate) fn since(instant: Instant) -> Duration {
    monotonic().duration_since(instant)
}

/// Wall clock and monotonic clock, read together as a session begins.
pub(crate) struct Clock {
    /// When the session began; changes when the wall clock was set.
    pub(crate) start: Timestamp,
    started: Instant,
}

impl Clock {
    pub(crate) fn begin() -> Self {
        Self {
            start: wall(),
            started: monotonic(),
        }
    }

    /// When a window of this length is over; `None` if the clock can't represent it.
    pub(crate) fn deadline(&self, window: SignedDuration) -> Option<Instant> {
        self.started.checked_add(Duration::try_from(window).ok()?)
    }

    /// Adjusts to the wall clock: it may have been set, or the host may have been suspended.
    pub(crate) fn adjust(&mut self) {
        let now = wall();
        // Smaller differences are ignored, so that the times of flows stay the same.
        if TOLERANCE < now.duration_since(self.now()).abs() {
            self.start = now.checked_sub(self.elapsed()).unwrap_or(self.start);
        }
    }

    /// When an epoch began.
    pub(crate) fn instant(&self, epoch: u64) -> Timestamp {
        let passed = EPOCH.as_nanos() * u128::from(epoch);
        let wall = i128::try_from(passed).map_or(i128::MAX, |passed| {
            self.start.as_nanosecond().saturating_add(passed)
        });
        Timestamp::from_nanosecond(wall).unwrap_or(self.start)
    }

    /// The current epoch.
    pub(crate) fn epoch(&self) -> u64 {
        u64::try_from(since(self.started).as_nanos() / EPOCH.as_nanos()).unwrap_or(u64::MAX)
    }

    /// How long ago the session began.
    pub(crate) fn elapsed(&self) -> SignedDuration {
        SignedDuration::try_from(since(self.started)).unwrap_or(SignedDuration::MAX)
    }

    /// The wall clock's time, as of the last [`Self::adjust`].
    pub(crate) fn now(&self) -> Timestamp {
        self.start.checked_add(self.elapsed()).unwrap_or(self.start)
    }
}
