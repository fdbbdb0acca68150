//! Which date the wall clock gave each moment of a session.
//!
//! A session counts time by a clock that neither steps nor runs while the machine sleeps. Its moments are written as
//! [`Timestamp`]s all the same: the wall clock's time when it began, and what has passed since. Only what is shown or saved is
//! dated by the wall clock, and what was dated once keeps its date when that clock steps.

use jiff::{SignedDuration, Timestamp};

/// How far the wall clock was ahead of the session's clock, from which moment on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Dates(Vec<(Timestamp, SignedDuration)>);

impl Dates {
    /// From this moment on, the wall clock is ahead by so much.
    pub fn step(&mut self, from: Timestamp, ahead: SignedDuration) {
        self.0.push((from, ahead));
    }

    /// The date of a moment.
    pub fn of(&self, moment: Timestamp) -> Timestamp {
        moment.checked_add(self.ahead(moment)).unwrap_or(moment)
    }

    /// How far the wall clock was ahead at a moment.
    pub fn ahead(&self, moment: Timestamp) -> SignedDuration {
        let after = self.0.partition_point(|(from, _)| *from <= moment);
        let last = after.checked_sub(1).and_then(|at| self.0.get(at));
        last.map_or(SignedDuration::ZERO, |(_, ahead)| *ahead)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Dates;

    #[test]
    fn what_was_dated_keeps_its_date() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut dates = Dates::default();
        assert_eq!(dates.of(at(100)), at(100));
        dates.step(at(200), SignedDuration::from_secs(-3600));
        dates.step(at(300), SignedDuration::from_secs(50));
        assert_eq!(dates.of(at(100)), at(100));
        assert_eq!(dates.of(at(199)), at(199));
        assert_eq!(dates.of(at(200)), at(200 - 3600));
        assert_eq!(dates.of(at(299)), at(299 - 3600));
        assert_eq!(dates.of(at(300)), at(350));
    }
}
