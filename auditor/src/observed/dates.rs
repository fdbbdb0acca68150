//! Which date the wall clock gave each moment of a session.
//!
//! A session counts time by a clock that neither steps nor runs while the machine sleeps. Its moments are written as
//! [`Timestamp`]s all the same: the wall clock's time when it began, and what has passed since. Only what is shown or saved is
//! dated by the wall clock. What was dated once keeps its date when that clock is set forward. When it is set back, what it had
//! dated by more than it says now is dated by what it says now, so that no moment lies in the future.

use jiff::{SignedDuration, Timestamp};

/// A step forward by no more than this is no time of its own.
const SKEW: SignedDuration = SignedDuration::from_mins(1);

/// The most steps that are kept, for clocks that step all the time: beyond this, the older half becomes one.
const MOST_STEPS: usize = 1_000;

/// How far the wall clock was ahead of the session's clock, from which moment on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Dates {
    /// The session's first moment; what is before it are dates of earlier ones, which stay.
    begin: Option<Timestamp>,
    steps: Vec<(Timestamp, SignedDuration)>,
}

impl Dates {
    /// The dates of a session that begins.
    pub const fn begin(begin: Timestamp) -> Self {
        Self {
            begin: Some(begin),
            steps: Vec::new(),
        }
    }

    /// From this moment on, the wall clock is ahead by so much.
    pub fn step(&mut self, from: Timestamp, ahead: SignedDuration) {
        if MOST_STEPS <= self.steps.len() {
            let older = self.steps.drain(..MOST_STEPS / 2);
            // The earliest of their dates: none of them is later than it was.
            let one = older.reduce(|one, other| (one.0, one.1.min(other.1)));
            self.steps.splice(..0, one);
        }
        self.steps.push((from, ahead));
    }

    /// The date of a moment.
    pub fn of(&self, moment: Timestamp) -> Timestamp {
        moment.checked_add(self.ahead(moment)).unwrap_or(moment)
    }

    /// How far the wall clock was ahead at a moment, by what is known now.
    pub fn ahead(&self, moment: Timestamp) -> SignedDuration {
        if self.begin.is_some_and(|begin| moment < begin) {
            return SignedDuration::ZERO;
        }
        let after = self.steps.partition_point(|(from, _)| *from <= moment);
        let then = after.checked_sub(1).and_then(|at| self.steps.get(at));
        let ahead = |step: Option<&(Timestamp, SignedDuration)>| {
            step.map_or(SignedDuration::ZERO, |(_, ahead)| *ahead)
        };
        ahead(then).min(ahead(self.steps.last()))
    }

    /// A time as the wall clock has it: in parts, since what it was set forward by never was.
    pub fn parts(&self, from: Timestamp, until: Timestamp) -> Vec<(Timestamp, Timestamp)> {
        let mut parts = Vec::new();
        let mut begin = from;
        for (at, _) in &self.steps {
            if from < *at && *at <= until {
                let (before, after) = (self.ahead(begin), self.ahead(*at));
                if SKEW < (after - before).abs() {
                    let end = at.checked_add(before).unwrap_or(*at);
                    parts.push((self.of(begin), end));
                    begin = *at;
                }
            }
        }
        parts.push((self.of(begin), self.of(until).max(self.of(begin))));
        parts
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::Dates;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn by(seconds: i64) -> SignedDuration {
        SignedDuration::from_secs(seconds)
    }

    #[test]
    fn what_was_dated_keeps_its_date_unless_that_lies_in_the_future() {
        let mut dates = Dates::default();
        assert_eq!(dates.of(at(100)), at(100));
        dates.step(at(200), by(3600));
        assert_eq!([dates.of(at(199)), dates.of(at(200))], [at(199), at(3800)]);
        // Back to where it was: it never was an hour later.
        dates.step(at(300), by(0));
        assert_eq!([dates.of(at(250)), dates.of(at(300))], [at(250), at(300)]);
        // And further back: it was ahead from the beginning on.
        dates.step(at(400), by(-50));
        assert_eq!([dates.of(at(100)), dates.of(at(400))], [at(50), at(350)]);
        // What a clock that was behind dated before it was set right stays.
        dates.step(at(500), by(0));
        assert_eq!([dates.of(at(450)), dates.of(at(500))], [at(400), at(500)]);
        assert_eq!(dates.of(at(100)), at(100));
    }

    #[test]
    fn a_clock_that_steps_all_the_time_takes_no_more_memory() {
        let mut dates = Dates::default();
        for second in 0..10_000 {
            dates.step(at(second), by(second % 100));
        }
        assert!(dates.steps.len() <= super::MOST_STEPS);
        assert_eq!(dates.of(at(9_998)), at(9_998 + 98));
        assert_eq!(dates.of(at(10)), at(10));
    }

    #[test]
    fn dates_of_earlier_sessions_stay() {
        let mut dates = Dates::begin(at(1000));
        dates.step(at(1100), by(-900));
        assert_eq!([dates.of(at(999)), dates.of(at(1000))], [at(999), at(100)]);
    }

    #[test]
    fn a_time_has_a_part_on_either_side_of_a_step_forward() {
        let mut dates = Dates::default();
        assert_eq!(dates.parts(at(0), at(100)), [(at(0), at(100))]);
        dates.step(at(50), by(3600));
        let parts = [(at(0), at(50)), (at(3650), at(3700))];
        assert_eq!(dates.parts(at(0), at(100)), parts);
        assert_eq!(dates.parts(at(60), at(100)), [(at(3660), at(3700))]);
        // Set back again, all of it was one time.
        dates.step(at(100), by(0));
        assert_eq!(dates.parts(at(0), at(120)), [(at(0), at(120))]);
        // A second more or less is none.
        dates.step(at(120), by(2));
        assert_eq!(dates.parts(at(0), at(130)), [(at(0), at(132))]);
    }
}
