//! Whether a name is this host's: of two machines of one name, one publishes.
//!
//! A message is published only if the last one of its subject is this host's own, which the server checks. Who comes second
//! waits until the first has been silent for long enough, and then tries again: he never takes the name from one that speaks.

use std::time::Duration;

use tokio::time::Instant;

/// What is known of the last message of this host's name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Claim {
    /// Nothing was published in this run.
    Unknown,
    /// It is this run's, with that number.
    Mine(u64),
    /// It may be this run's: whether the last one was kept is not known.
    Doubtful(u64),
    /// It is somebody's, of that number, since then.
    Foreign { last: u64, since: Instant },
}

/// What to do next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    /// To publish, if the last message has that number.
    Publish(u64),
    Wait,
}

impl Claim {
    pub(super) const fn is_mine(self) -> bool {
        matches!(self, Self::Mine(_) | Self::Doubtful(_))
    }

    /// The number of the message that this host replaces.
    pub(super) const fn last(self) -> u64 {
        match self {
            Self::Unknown => 0,
            Self::Mine(last) | Self::Doubtful(last) | Self::Foreign { last, .. } => last,
        }
    }

    pub(super) fn next(self, now: Instant, wait: Duration) -> Next {
        match self {
            Self::Unknown | Self::Mine(_) | Self::Doubtful(_) => Next::Publish(self.last()),
            Self::Foreign { last, since, .. } if wait <= now.duration_since(since) => {
                Next::Publish(last)
            }
            Self::Foreign { .. } => Next::Wait,
        }
    }

    /// Whether a message was kept is not known.
    pub(super) const fn doubt(&mut self) {
        if let Self::Mine(last) = *self {
            *self = Self::Doubtful(last);
        }
    }

    /// The last message has another number than was expected. Returns whether somebody else published it.
    pub(super) fn refused(&mut self, last: u64, now: Instant) -> bool {
        let foreign = Self::Foreign { last, since: now };
        let (next, is_rival) = match *self {
            // The stream is a new one.
            _ if last == 0 => (Self::Unknown, false),
            // It may be what an earlier run of this host left.
            Self::Unknown => (foreign, false),
            // What was not confirmed was kept after all.
            Self::Doubtful(_) => (Self::Mine(last), false),
            Self::Mine(_) | Self::Foreign { .. } => (foreign, true),
        };
        *self = next;
        is_rival
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::super::clock, Claim, Next};

    const WAIT: Duration = Duration::from_secs(30);

    #[test]
    fn who_comes_second_never_takes_the_name_of_one_that_speaks() {
        let now = clock::monotonic();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut claim = Claim::Unknown;
        assert_eq!(claim.next(now, WAIT), Next::Publish(0));
        // Something is there: an earlier run of this host, or another one.
        assert!(!claim.refused(7, now));
        assert_eq!(claim.next(after(29), WAIT), Next::Wait);
        assert_eq!(claim.next(after(30), WAIT), Next::Publish(7));
        // It spoke meanwhile, so it is another one, and alive.
        assert!(claim.refused(9, after(30)));
        assert_eq!(claim.next(after(59), WAIT), Next::Wait);
        assert_eq!(claim.next(after(60), WAIT), Next::Publish(9));
        assert!(!claim.is_mine());
    }

    #[test]
    fn who_speaks_notices_another_one() {
        let now = clock::monotonic();
        let mut claim = Claim::Mine(5);
        assert!(claim.refused(6, now));
        assert!(!claim.is_mine());
        // What was sent when the server went away may have been kept.
        let mut claim = Claim::Mine(5);
        claim.doubt();
        assert!(!claim.refused(6, now));
        assert_eq!(claim, Claim::Mine(6));
        // The stream was deleted.
        let mut claim = Claim::Mine(5);
        assert!(!claim.refused(0, now));
        assert_eq!(claim, Claim::Unknown);
    }
}
