//! Facts and their time: what is so no more counts for a while, since flows of that time are still judged, and is then forgotten.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use tokio::time::Instant;

/// Facts, with when each was last so.
#[derive(Clone, Debug)]
pub(crate) struct Remembered<T>(BTreeMap<T, Instant>);

impl<T: Clone + Ord> Remembered<T> {
    /// Facts that are so `now`.
    pub(crate) fn new(facts: impl IntoIterator<Item = T>, now: Instant) -> Self {
        Self(facts.into_iter().map(|fact| (fact, now)).collect())
    }

    /// Takes in what is so `now`, beside what was so before.
    pub(crate) fn see(&mut self, facts: impl IntoIterator<Item = T>, now: Instant) {
        self.0.extend(facts.into_iter().map(|fact| (fact, now)));
    }

    /// Forgets what was last so longer ago than `memory`.
    pub(crate) fn forget(&mut self, now: Instant, memory: Duration) {
        self.0
            .retain(|_, at| now.saturating_duration_since(*at) <= memory);
    }

    /// What is so, or was so and is not forgotten.
    pub(crate) fn known(&self) -> BTreeSet<T> {
        self.0.keys().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Remembered;
    use crate::agent::clock;

    #[test]
    fn what_is_so_no_more_is_forgotten_in_time() {
        let start = clock::monotonic();
        let at = |seconds| start + Duration::from_secs(seconds);
        let memory = Duration::from_secs(10);
        let mut facts = Remembered::new(["here", "moved"], start);
        facts.see(["here"], at(5));
        facts.forget(at(10), memory);
        assert_eq!(facts.known(), ["here", "moved"].into());
        facts.forget(at(11), memory);
        assert_eq!(facts.known(), ["here"].into());
        // What comes back is known again.
        facts.see(["moved"], at(12));
        assert_eq!(facts.known(), ["here", "moved"].into());
    }
}
