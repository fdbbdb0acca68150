//! Whether another machine wants the name under which this one publishes, by what this one may do: to publish under its own name.
//!
//! Who comes second says so under a subject of that name, again and again. Who came first writes to that subject now and then, if
//! the last message there is his own: the server refuses it where another one wrote meanwhile.

/// What is known of the subject.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Rival {
    /// The number of its last message, 0 if there was none.
    last: u64,
    /// Whether that is known: what is there at first may be of an earlier run.
    is_known: bool,
}

impl Rival {
    /// The number that the last message must have.
    pub(super) const fn last(self) -> u64 {
        self.last
    }

    /// This one's message was taken.
    pub(super) const fn taken(&mut self, number: u64) {
        self.last = number;
        self.is_known = true;
    }

    /// The last message has another number. Returns whether another machine wrote it just now.
    pub(super) const fn refused(&mut self, number: u64) -> bool {
        let is_other = self.is_known && number != 0;
        self.last = number;
        self.is_known = true;
        is_other
    }

    /// Whether this one's message was taken is not known.
    pub(super) const fn doubt(&mut self) {
        self.is_known = false;
    }
}

#[cfg(test)]
mod tests {
    use super::Rival;

    #[test]
    fn only_who_writes_now_is_another_one() {
        let mut rival = Rival::default();
        // What an earlier run left.
        assert!(!rival.refused(7));
        rival.taken(8);
        assert!(rival.refused(9));
        assert!(rival.refused(10));
        rival.taken(11);
        // The stream is a new one.
        assert!(!rival.refused(0));
        rival.taken(1);
        // It may be this one's own.
        rival.doubt();
        assert!(!rival.refused(2));
        assert!(rival.refused(3));
    }
}
