//! What is pushed to all hosts of a fleet: one value of a bucket, which hosts read and few may write.

use std::error::Error as _;

use async_nats::jetstream::{
    context::{GetStreamError, GetStreamErrorKind, KeyValueError},
    stream::LastRawMessageErrorKind,
};
use jiff::Timestamp;

use super::{
    Nats,
    bucket::{Bucket, BucketError, CONFIGURATION},
    problem::with_sources,
    timestamp,
};

/// The only key of the bucket.
const KEY: &str = "current";
/// The header of a message that deletes a value.
const OPERATION: &str = "KV-Operation";

/// What was seen of the bucket.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// When it was made, and its last message, of whatever key.
    bucket: Option<(Timestamp, u64)>,
    /// When it was made, and the number of the last value.
    last: Option<(Timestamp, u64)>,
}

/// The last value that was pushed.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Last {
    /// When the bucket was made; the numbers of another one begin anew.
    made: Timestamp,
    /// Its number, also of what was deleted; 0 where nothing was ever pushed.
    pub(crate) revision: u64,
    /// `None` where nothing is pushed.
    pub(crate) value: Option<LastValue>,
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) struct LastValue {
    pub(crate) bytes: Vec<u8>,
    /// When the servers took it.
    pub(crate) at: Timestamp,
}

impl Nats {
    /// The last value that was pushed; `None` if it is the one that was seen. That costs one short answer.
    ///
    /// # Errors
    ///
    /// The bucket can't be read; none is there is no error.
    pub(crate) async fn configuration(&self, seen: &mut Seen) -> Result<Option<Last>, BucketError> {
        let last = self.last(seen).await;
        let Some(last) = last.map_err(|error| self.with_complaint(error))? else {
            return Ok(None);
        };
        let number = Some((last.made, last.revision));
        let is_seen = std::mem::replace(&mut seen.last, number) == number;
        Ok((!is_seen).then_some(last))
    }

    /// `None` if nothing was written since the last look.
    async fn last(&self, seen: &mut Seen) -> Result<Option<Last>, BucketError> {
        let other = |problem: String| BucketError::Other {
            bucket: CONFIGURATION.name,
            problem,
        };
        let none = |made| Last {
            made,
            revision: 0,
            value: None,
        };
        let store = match self.context.get_key_value(CONFIGURATION.name).await {
            Ok(store) => store,
            Err(error) if is_absent(&error) => return Ok(Some(none(Timestamp::MIN))),
            Err(error) => return Err(other(with_sources(&error))),
        };
        let info = store.stream.cached_info();
        let made = timestamp(info.created.unix_timestamp_nanos())
            .ok_or_else(|| other("when it was made is not known".to_owned()))?;
        let bucket = Some((made, info.state.last_sequence));
        if seen.bucket == bucket {
            return Ok(None);
        }
        // From the server that leads, which is never behind, and with the number that it has there: what is copied from one
        // message to another has the number of the first in its headers.
        let subject = format!("{}{KEY}", store.prefix);
        let message = store.stream.get_last_raw_message_by_subject(&subject).await;
        let last = match message {
            Ok(message) => {
                let at = timestamp(message.time.unix_timestamp_nanos())
                    .ok_or_else(|| other("when it was written is not known".to_owned()))?;
                // What deletes a value is a message too.
                let is_value = message.headers.get(OPERATION).is_none();
                Last {
                    made,
                    revision: message.sequence,
                    value: is_value.then(|| LastValue {
                        bytes: message.payload.to_vec(),
                        at,
                    }),
                }
            }
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => none(made),
            Err(error) => return Err(other(with_sources(&error))),
        };
        seen.bucket = bucket;
        Ok(Some(last))
    }

    /// Pushes a value in the place of the one that was read, and returns its revision. The bucket is made unless it is there.
    ///
    /// # Errors
    ///
    /// Somebody else has pushed since then, or whether the value was taken is not known.
    pub(crate) async fn push(&self, value: Vec<u8>, read: &Last) -> Result<u64, BucketError> {
        let pushed = async {
            let bucket = Bucket::open(&self.context, &CONFIGURATION, self.replicas).await?;
            bucket.replace(KEY, value, read.revision).await
        };
        pushed.await.map_err(|error| self.with_complaint(error))
    }

    /// A problem, with what the server complained of: what it does not permit it does not answer.
    fn with_complaint(&self, error: BucketError) -> BucketError {
        match error {
            BucketError::NotLast => error,
            BucketError::Other { bucket, problem } => BucketError::Other {
                bucket,
                problem: self.explained(&problem),
            },
        }
    }
}

/// Whether a bucket is not there, rather than not to be read.
fn is_absent(error: &KeyValueError) -> bool {
    let source = error.source();
    let source = source.and_then(|source| source.downcast_ref::<GetStreamError>());
    source.is_some_and(|error| {
        matches!(error.kind(), GetStreamErrorKind::JetStream(ref error) if error.code() == 404)
    })
}
