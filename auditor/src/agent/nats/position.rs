//! How far a stream was read, so that what was read is not read again.
//!
//! The stream keeps one message of each subject, so what is newer than the last message that was read is all that changed. What was
//! deleted leaves no message: it shows in that fewer messages are there than subjects are known.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, RandomState},
};

use jiff::Timestamp;

/// What was read of a stream.
#[derive(Debug, Default)]
pub(crate) struct Position {
    /// When the stream was made.
    made: Option<Timestamp>,
    /// The number of the last message that was read.
    last: u64,
    /// The subjects of what was read, by a hash that nobody else can compute.
    subjects: HashSet<u64>,
    hasher: RandomState,
}

/// What the servers say of the stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    pub(super) made: Timestamp,
    /// How many messages it has, and the number of the last one.
    pub(super) n_messages: u64,
    pub(super) last: u64,
}

impl Position {
    /// When the stream was made that was read.
    pub(crate) const fn made(&self) -> Option<Timestamp> {
        self.made
    }

    /// Whether what was read is still a part of the stream.
    pub(super) fn is_of(&self, extent: Extent) -> bool {
        let n_known = u64::try_from(self.subjects.len()).unwrap_or(u64::MAX);
        self.made == Some(extent.made) && self.last <= extent.last && n_known <= extent.n_messages
    }

    /// Begins anew, at the stream's first message.
    pub(super) fn begin(&mut self, extent: Extent) {
        self.made = Some(extent.made);
        self.last = 0;
        self.subjects.clear();
    }

    /// The number of the first message that was not read.
    pub(super) const fn next(&self) -> u64 {
        self.last.saturating_add(1)
    }

    /// Whether there may be messages that were not read.
    pub(super) const fn is_behind(&self, extent: Extent) -> bool {
        self.last < extent.last
    }

    /// How many messages there are at most that were not read.
    pub(super) const fn n_unread(&self, extent: Extent) -> u64 {
        let newer = extent.last.saturating_sub(self.last);
        if newer < extent.n_messages {
            newer
        } else {
            extent.n_messages
        }
    }

    /// A message was read.
    pub(super) fn read(&mut self, subject: &str, number: u64) {
        self.subjects.insert(self.hasher.hash_one(subject));
        self.last = self.last.max(number);
    }

    /// No more messages are there: the last ones were deleted.
    pub(super) fn ended(&mut self, extent: Extent) {
        self.last = self.last.max(extent.last);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Extent, Position};

    fn extent(n_messages: u64, last: u64) -> Extent {
        Extent {
            made: Timestamp::UNIX_EPOCH,
            n_messages,
            last,
        }
    }

    /// Two subjects, of which the first has been published twice.
    fn read() -> Position {
        let mut position = Position::default();
        assert!(!position.is_of(extent(0, 0)), "nothing was read");
        position.begin(extent(2, 3));
        assert_eq!((position.next(), position.n_unread(extent(2, 3))), (1, 2));
        position.read("auditor.host.b", 2);
        assert!(position.is_behind(extent(2, 3)));
        position.read("auditor.host.a", 3);
        position
    }

    #[test]
    fn only_what_is_newer_is_read() {
        let mut position = read();
        assert!(position.is_of(extent(2, 3)));
        assert!(!position.is_behind(extent(2, 3)));
        // One was replaced, and one is new.
        assert!(position.is_of(extent(3, 5)));
        assert_eq!((position.next(), position.n_unread(extent(3, 5))), (4, 2));
        position.read("auditor.host.a", 4);
        position.read("auditor.host.c", 5);
        assert!(position.is_of(extent(3, 5)));
        // More was replaced than there is.
        assert_eq!(position.n_unread(extent(3, 50)), 3);
    }

    #[test]
    fn what_was_deleted_or_is_another_stream_is_read_as_a_whole() {
        let position = read();
        assert!(!position.is_of(extent(1, 3)), "one was deleted");
        assert!(!position.is_of(extent(2, 2)), "what was read is not there");
        let other = Extent {
            made: Timestamp::MAX,
            ..extent(2, 3)
        };
        assert!(!position.is_of(other));
        let mut position = position;
        position.begin(other);
        assert!(position.is_of(other));
        assert_eq!(position.next(), 1);
        // Its last message was deleted: nothing is left to read.
        position.read("auditor.host.a", 2);
        let shorter = Extent {
            n_messages: 1,
            ..other
        };
        assert!(position.is_behind(shorter));
        position.ended(shorter);
        assert!(position.is_of(shorter) && !position.is_behind(shorter));
    }
}
