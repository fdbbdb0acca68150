//! The only reader of clocks.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use nix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

use crate::observed::Dates;

/// The resolution of the times of flows; the kernel half reads no clock of its own.
pub(crate) const EPOCH: Duration = Duration::from_millis(100);
/// Clocks that differ by no more than this count as equal.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(1);
/// A look at the clocks is due every second; one that is this late means that the process stood still.
const LATE: SignedDuration = SignedDuration::from_secs(5);

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

/// The monotonic clock's time in microseconds, for whoever reads the same clock in another process.
pub(crate) fn monotonic_micros() -> i128 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| {
        i128::from(time.tv_sec()) * 1_000_000 + i128::from(time.tv_nsec()) / 1_000
    })
}

/// The processor's time that this thread has taken.
pub(crate) fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)
        .unwrap_or_else(|_unknown_clock| Duration::ZERO.into())
        .into()
}

/// The processor's time that this process has taken.
pub(crate) fn process_time() -> Duration {
    clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)
        .unwrap_or_else(|_unknown_clock| Duration::ZERO.into())
        .into()
}

/// How long the machine has slept since it was started: the clock that runs meanwhile is ahead by that.
fn slept() -> SignedDuration {
    let read = |id| {
        let time = clock_gettime(id).unwrap_or_else(|_unknown_clock| Duration::ZERO.into());
        SignedDuration::new(
            time.tv_sec(),
            i32::try_from(time.tv_nsec()).unwrap_or_default(),
        )
    };
    // Read in this order, what passes in between does not look like sleep.
    let boot = read(ClockId::CLOCK_BOOTTIME);
    boot - read(ClockId::CLOCK_MONOTONIC)
}

/// A session's clock: the wall clock's time as the session began, and what passed since by the monotonic clock, which neither
/// steps nor runs while the machine sleeps. All moments of a session are of this clock; [`Dates`] says which dates they have.
pub(crate) struct Clock {
    /// When the session began.
    pub(crate) start: Timestamp,
    /// The dates of its moments.
    pub(crate) dates: Dates,
    started: Instant,
    /// How long the machine had slept as of the last look.
    slept: SignedDuration,
    /// When the last look was.
    looked: Timestamp,
}

/// What the clocks say at one moment.
#[derive(Clone, Copy, Debug)]
struct Reading {
    /// By the session's clock.
    now: Timestamp,
    wall: Timestamp,
    /// How long the machine has slept since it was started.
    slept: SignedDuration,
}

/// What happened to the clocks since the last look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ClockLook {
    /// When the last look was.
    pub(crate) before: Timestamp,
    /// How long the machine slept, if it did.
    pub(crate) slept: Option<SignedDuration>,
    /// Whether the process stood still.
    pub(crate) is_late: bool,
}

impl Clock {
    pub(crate) fn begin() -> Self {
        let start = wall();
        Self {
            start,
            dates: Dates::begin(start),
            started: monotonic(),
            slept: slept(),
            looked: start,
        }
    }

    /// When a window of this length is over; `None` if the clock can't represent it.
    pub(crate) fn deadline(&self, window: SignedDuration) -> Option<Instant> {
        self.started.checked_add(Duration::try_from(window).ok()?)
    }

    /// Compares the clocks; due every second.
    pub(crate) fn look(&mut self) -> ClockLook {
        let now = self.now();
        self.compare(Reading {
            now,
            wall: wall(),
            slept: slept(),
        })
    }

    fn compare(&mut self, reading: Reading) -> ClockLook {
        let Reading { now, wall, slept } = reading;
        let before = std::mem::replace(&mut self.looked, now);
        let ahead = wall.duration_since(now);
        // Smaller differences are ignored, so that moments do not change their distances.
        if TOLERANCE < (ahead - self.dates.ahead(now)).abs() {
            self.dates.step(now, ahead);
        }
        let more = slept - std::mem::replace(&mut self.slept, slept);
        ClockLook {
            before,
            slept: (TOLERANCE < more).then_some(more),
            is_late: LATE < now.duration_since(before),
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

    /// The current moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.start.checked_add(self.elapsed()).unwrap_or(self.start)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Clock, ClockLook, Reading};

    /// A clock, and what it is told second by second.
    struct Told {
        clock: Clock,
        slept: SignedDuration,
        /// How far the wall clock is ahead.
        ahead: SignedDuration,
    }

    impl Told {
        fn new() -> Self {
            let clock = Clock::begin();
            Self {
                slept: clock.slept,
                clock,
                ahead: SignedDuration::ZERO,
            }
        }

        fn at(&self, second: i64) -> Timestamp {
            self.clock.start + SignedDuration::from_secs(second)
        }

        fn look(&mut self, second: i64) -> ClockLook {
            let now = self.at(second);
            self.clock.compare(Reading {
                now,
                wall: now + self.ahead,
                slept: self.slept,
            })
        }

        /// By how many seconds the date of a moment differs from it.
        fn dated(&self, second: i64) -> i64 {
            let moment = self.at(second);
            self.clock.dates.of(moment).duration_since(moment).as_secs()
        }
    }

    #[test]
    fn a_step_of_the_wall_clock_is_no_gap_and_dates_what_follows() {
        let mut told = Told::new();
        let quiet = |told: &mut Told, second| {
            let look = told.look(second);
            assert_eq!((look.slept, look.is_late), (None, false), "{second}");
        };
        quiet(&mut told, 1);
        told.ahead = SignedDuration::from_hours(12);
        quiet(&mut told, 2);
        // A clock that is slewed by less than a second does not move what is known.
        told.ahead += SignedDuration::from_millis(900);
        quiet(&mut told, 3);
        let dated = |told: &Told| (1..6).map(|second| told.dated(second)).collect::<Vec<_>>();
        assert_eq!(dated(&told), [0, 43_200, 43_200, 43_200, 43_200]);
        // Set back, it had never been so late; set right again, what it said before counts.
        told.ahead = SignedDuration::from_hours(-24);
        quiet(&mut told, 4);
        assert_eq!(dated(&told), [-86_400; 5]);
        told.ahead = SignedDuration::ZERO;
        quiet(&mut told, 5);
        assert_eq!(dated(&told), [0, 0, 0, -86_400, 0]);
        // The window goes on as it was meant to.
        assert!(told.clock.elapsed() < SignedDuration::from_mins(1));
    }

    #[test]
    fn sleep_is_known_from_a_step() {
        let mut told = Told::new();
        told.look(1);
        told.slept += SignedDuration::from_mins(10);
        told.ahead += SignedDuration::from_mins(10);
        let look = told.look(2);
        assert_eq!(look.slept, Some(SignedDuration::from_mins(10)));
        assert_eq!((look.before, look.is_late), (told.at(1), false));
        assert_eq!(told.dated(2), 600);
        // It is told once.
        assert_eq!(told.look(3).slept, None);
    }

    #[test]
    fn a_process_that_stood_still_is_late() {
        let mut told = Told::new();
        told.look(1);
        assert!(!told.look(5).is_late);
        let look = told.look(11);
        assert_eq!((look.is_late, look.before), (true, told.at(5)));
        assert!(!told.look(12).is_late);
    }
}
