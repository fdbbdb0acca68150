//! Watches that tell what they find together: one of them tells, and another takes over where that one is gone.
//!
//! What was told is kept in a value on the servers, which is replaced only by who has read the one before. Whoever tells writes
//! what he is about to tell first, so who has lost his part notices that before he tells anything, and who takes over knows all
//! that was told.

use std::time::Duration;

use jiff::SignedDuration;
use thiserror::Error;
use tokio::time::Instant;

use super::{
    super::{
        clock,
        nats::{Bucket, BucketError, MOST_BYTES},
    },
    handover::{Handover, HandoverError},
};

/// What this watch knows of its group.
pub(super) struct Group {
    name: String,
    /// What this process is told apart by.
    holder: String,
    host: String,
    lease: Duration,
    place: Place,
    /// What was read last, in case that it is deleted.
    last: Option<Handover>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    Unknown,
    /// This process wrote the last value, of that revision.
    Holding(u64),
    /// Another one did, of that revision, and nothing was written since then.
    Waiting {
        revision: u64,
        since: Instant,
    },
}

/// The part of this watch in its group.
#[derive(Debug, PartialEq)]
pub(super) enum Part {
    Telling,
    /// It tells from now on, and this is what others told; `None` in a new group.
    Begins(Option<Box<Handover>>),
    /// The host of who tells, as far as it is known.
    StandsBy(String),
}

/// Why the part of this watch is not known.
#[derive(Debug, Error)]
pub(super) enum GroupError {
    #[error(transparent)]
    Bucket(#[from] BucketError),
    #[error("what group {name} has told can't be read")]
    Handover {
        name: String,
        #[source]
        error: HandoverError,
    },
    #[error(
        "what group {name} has told is too long to be kept: {n_bytes} bytes, and at most {MOST_BYTES} are"
    )]
    Long { name: String, n_bytes: usize },
}

/// What is seen of the value of a group.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seen {
    Absent,
    /// Its revision, and who tells by it.
    Value {
        revision: u64,
        by: By,
    },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    This,
    Another,
    /// Who did has handed over.
    Nobody,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Tell,
    /// To write it, if its revision is still this.
    Take(u64),
    Wait,
}

impl Place {
    fn step(&mut self, seen: Seen, now: Instant, lease: Duration) -> Step {
        let wait = |place: &mut Self, revision| {
            *place = Self::Waiting {
                revision,
                since: now,
            };
            Step::Wait
        };
        match (*self, seen) {
            // Somebody deleted it: what is told next is written anew.
            (Self::Holding(_), Seen::Absent) => {
                *self = Self::Holding(0);
                Step::Tell
            }
            // A server may be behind; whether this is the last one shows when it is replaced.
            (Self::Holding(own), Seen::Value { revision, .. }) if revision <= own => Step::Tell,
            (Self::Unknown, Seen::Absent) => Step::Take(0),
            // Written by this process without its knowing, or handed over: it goes on from what is there.
            (
                _,
                Seen::Value {
                    revision,
                    by: By::This,
                },
            )
            | (
                Self::Unknown | Self::Waiting { .. },
                Seen::Value {
                    revision,
                    by: By::Nobody,
                },
            ) => Step::Take(revision),
            (Self::Holding(_) | Self::Unknown, Seen::Value { revision, .. }) => {
                wait(self, revision)
            }
            // Who tells writes it again, if he is there.
            (Self::Waiting { revision: 0, since }, Seen::Absent) => {
                if lease <= now.duration_since(since) {
                    Step::Take(0)
                } else {
                    Step::Wait
                }
            }
            (Self::Waiting { .. }, Seen::Absent) => wait(self, 0),
            (
                Self::Waiting {
                    revision: known,
                    since,
                },
                Seen::Value { revision, .. },
            ) => {
                if known < revision {
                    wait(self, revision)
                } else if lease <= now.duration_since(since) {
                    Step::Take(known)
                } else {
                    Step::Wait
                }
            }
        }
    }
}

impl Group {
    /// A watch that judges so often; `machine` is what this one is told apart by from those of other machines.
    pub(super) fn new(name: String, machine: &str, host: String, every: SignedDuration) -> Self {
        let begun = clock::wall().as_nanosecond();
        Self {
            name,
            holder: format!("{machine}-{}-{begun}", std::process::id()),
            host,
            lease: (MISSED * every.unsigned_abs()).max(SHORTEST_LEASE),
            place: Place::Unknown,
            last: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Looks whose part it is to tell, and takes it where nobody has it.
    pub(super) async fn part(&mut self, bucket: &Bucket) -> Result<Part, GroupError> {
        let read = bucket.read(&self.name).await?;
        let now = clock::monotonic();
        let seen = match read {
            None => Seen::Absent,
            Some((bytes, revision)) => {
                let handover = Handover::read(&bytes).map_err(|error| GroupError::Handover {
                    name: self.name.clone(),
                    error,
                })?;
                let by = if handover.holder == self.holder {
                    By::This
                } else if handover.holder.is_empty() {
                    By::Nobody
                } else {
                    By::Another
                };
                self.last = Some(handover);
                Seen::Value { revision, by }
            }
        };
        // The lease is what its holder says, as he knows how often he writes.
        let lease = self.last.as_ref().map_or(self.lease, |handover| {
            Duration::from_secs(handover.lease_seconds.min(LONGEST_LEASE))
        });
        match self.place.step(seen, now, lease) {
            Step::Tell => Ok(Part::Telling),
            Step::Wait => Ok(self.stands_by()),
            Step::Take(revision) => {
                let handover = self.last.clone();
                let own = handover
                    .clone()
                    .unwrap_or_else(|| Handover::of(std::iter::empty()));
                if self.write(bucket, own, revision).await? {
                    Ok(Part::Begins(handover.map(Box::new)))
                } else {
                    Ok(self.stands_by())
                }
            }
        }
    }

    fn stands_by(&self) -> Part {
        let host = self.last.as_ref().map(|handover| handover.host.clone());
        Part::StandsBy(host.unwrap_or_default())
    }

    /// Writes what is told; not if another one has taken this part.
    pub(super) async fn keep(
        &mut self,
        bucket: &Bucket,
        handover: Handover,
    ) -> Result<bool, GroupError> {
        match self.place {
            Place::Holding(revision) => self.write(bucket, handover, revision).await,
            Place::Unknown | Place::Waiting { .. } => Ok(false),
        }
    }

    /// Lets another one take over at once.
    pub(super) async fn hand_over(
        &mut self,
        bucket: &Bucket,
        handover: Handover,
    ) -> Result<(), GroupError> {
        if let Place::Holding(revision) = self.place {
            self.place = Place::Unknown;
            let bytes = self.bytes(&handover)?;
            bucket.replace(&self.name, bytes, revision).await?;
        }
        Ok(())
    }

    async fn write(
        &mut self,
        bucket: &Bucket,
        mut handover: Handover,
        revision: u64,
    ) -> Result<bool, GroupError> {
        handover.holder.clone_from(&self.holder);
        handover.host.clone_from(&self.host);
        handover.lease_seconds = self.lease.as_secs();
        let bytes = self.bytes(&handover)?;
        match bucket.replace(&self.name, bytes, revision).await {
            Ok(revision) => {
                self.place = Place::Holding(revision);
                self.last = Some(handover);
                Ok(true)
            }
            Err(BucketError::NotLast) => {
                self.place = Place::Waiting {
                    revision: 0,
                    since: clock::monotonic(),
                };
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn bytes(&self, handover: &Handover) -> Result<Vec<u8>, GroupError> {
        let bytes = handover.write().map_err(|error| GroupError::Handover {
            name: self.name.clone(),
            error,
        })?;
        if MOST_BYTES < bytes.len() {
            let (name, n_bytes) = (self.name.clone(), bytes.len());
            return Err(GroupError::Long { name, n_bytes });
        }
        Ok(bytes)
    }
}

/// Who has missed so many turns is gone.
const MISSED: u32 = 3;
/// Servers elect a leader in less.
const SHORTEST_LEASE: Duration = Duration::from_secs(10);
const LONGEST_LEASE: u64 = 24 * 3600;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{super::super::clock, By, Place, Seen, Step};

    const LEASE: Duration = Duration::from_secs(10);

    fn of_another(revision: u64) -> Seen {
        Seen::Value {
            revision,
            by: By::Another,
        }
    }

    #[test]
    fn who_tells_keeps_his_part_as_long_as_he_writes() {
        let now = clock::monotonic();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut place = Place::Unknown;
        assert_eq!(place.step(of_another(1), now, LEASE), Step::Wait);
        assert_eq!(place.step(of_another(1), after(9), LEASE), Step::Wait);
        assert_eq!(place.step(of_another(2), after(10), LEASE), Step::Wait);
        assert_eq!(place.step(of_another(2), after(19), LEASE), Step::Wait);
        assert_eq!(place.step(of_another(2), after(20), LEASE), Step::Take(2));
    }

    #[test]
    fn what_is_handed_over_is_taken_at_once() {
        let now = clock::monotonic();
        let free = Seen::Value {
            revision: 7,
            by: By::Nobody,
        };
        assert_eq!(Place::Unknown.step(free, now, LEASE), Step::Take(7));
        assert_eq!(Place::Unknown.step(Seen::Absent, now, LEASE), Step::Take(0));
    }

    #[test]
    fn who_has_lost_his_part_stands_by() {
        let now = clock::monotonic();
        let mut place = Place::Holding(5);
        // A server that is behind says what was so before.
        assert_eq!(place.step(of_another(4), now, LEASE), Step::Tell);
        assert_eq!(place.step(of_another(6), now, LEASE), Step::Wait);
        assert_ne!(place, Place::Holding(5));
        // What was sent when the servers went away may have been kept.
        let mut place = Place::Holding(5);
        let own = Seen::Value {
            revision: 6,
            by: By::This,
        };
        assert_eq!(place.step(own, now, LEASE), Step::Take(6));
    }

    #[test]
    fn what_was_deleted_is_written_by_who_tells() {
        let now = clock::monotonic();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut place = Place::Holding(5);
        assert_eq!(place.step(Seen::Absent, now, LEASE), Step::Tell);
        assert_eq!(place, Place::Holding(0));
        let mut place = Place::Unknown;
        assert_eq!(place.step(of_another(5), now, LEASE), Step::Wait);
        assert_eq!(place.step(Seen::Absent, after(9), LEASE), Step::Wait);
        assert_eq!(place.step(Seen::Absent, after(18), LEASE), Step::Wait);
        assert_eq!(place.step(Seen::Absent, after(19), LEASE), Step::Take(0));
    }
}
