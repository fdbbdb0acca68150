//! How long to wait before what failed is tried again.

use std::time::Duration;

/// How long to wait after the first failure, and after one of a turn that got something done; each further one doubles it.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_mins(2);

/// The pause after a failure: a destination that is away is asked ever more seldom, one that fails now and then goes on.
#[derive(Debug)]
pub(crate) struct Backoff(Duration);

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self(FIRST)
    }

    /// The next failure is a first one: something got through.
    pub(crate) const fn reset(&mut self) {
        self.0 = FIRST;
    }

    /// How long to wait after this failure.
    pub(crate) fn after_failure(&mut self) -> Duration {
        let next = (2 * self.0).min(LONGEST);
        std::mem::replace(&mut self.0, next)
    }
}

#[cfg(test)]
mod tests {
    use super::{Backoff, FIRST, LONGEST};

    #[test]
    fn who_is_away_is_asked_ever_more_seldom_and_who_is_back_at_once() {
        let mut pause = Backoff::new();
        let waits: Vec<_> = (0..12).map(|_| pause.after_failure()).collect();
        assert_eq!(waits[..3], [FIRST, 2 * FIRST, 4 * FIRST]);
        assert_eq!(waits[11], LONGEST);
        pause.reset();
        assert_eq!(pause.after_failure(), FIRST);
    }
}
