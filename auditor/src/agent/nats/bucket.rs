//! Key-value buckets: values that are replaced only by who has read the one before.

use async_nats::jetstream::{
    Context,
    kv::{EntryErrorKind, Operation, Store, UpdateErrorKind},
    stream::{Config, DiscardPolicy},
};
use thiserror::Error;

use super::problem::with_sources;

/// Which bucket it is, and how it is made.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    about: &'static str,
}

/// That of watches that tell what they find together.
pub(super) const GROUPS: Kind = Kind {
    name: "auditor-groups",
    about: "Which watch of a fleet tells what is found",
};
/// That of what is pushed to all hosts.
pub(super) const CONFIGURATION: Kind = Kind {
    name: "auditor-config",
    about: "What all hosts of a fleet compare their traffic with",
};
/// The longest value; servers take no longer message unless they are told to.
pub(crate) const MOST_BYTES: usize = 1_000_000;

/// A bucket on the servers.
pub(crate) struct Bucket {
    store: Store,
    name: &'static str,
}

/// Why a value can't be read or replaced.
#[derive(Debug, Error)]
pub(crate) enum BucketError {
    /// Somebody else replaced it first.
    #[error("somebody else wrote it")]
    NotLast,
    #[error("the key-value bucket {bucket}: {problem}")]
    Other {
        bucket: &'static str,
        problem: String,
    },
}

impl Bucket {
    pub(super) async fn open(
        context: &Context,
        kind: &Kind,
        replicas: usize,
    ) -> Result<Self, BucketError> {
        let bucket = kind.name;
        if let Ok(store) = context.get_key_value(bucket).await {
            let name = bucket;
            return Ok(Self { store, name });
        }
        // As a key-value bucket is made; the client asks for the account first, which older servers describe otherwise.
        let config = Config {
            name: format!("KV_{bucket}"),
            description: Some(kind.about.to_owned()),
            subjects: vec![format!("$KV.{bucket}.>")],
            max_messages_per_subject: 1,
            // With what the protocol adds.
            max_message_size: 1 << 20,
            num_replicas: replicas,
            allow_rollup: true,
            deny_delete: true,
            discard: DiscardPolicy::New,
            ..Config::default()
        };
        let other = |problem: &dyn std::error::Error| BucketError::Other {
            bucket,
            problem: with_sources(problem),
        };
        context
            .get_or_create_stream(config)
            .await
            .map_err(|error| other(&error))?;
        let store = context.get_key_value(bucket).await;
        let name = bucket;
        store
            .map(|store| Self { store, name })
            .map_err(|error| other(&error))
    }

    /// A key's value and its revision.
    ///
    /// # Errors
    ///
    /// The servers can't be read.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<(Vec<u8>, u64)>, BucketError> {
        match self.store.entry(key).await {
            Ok(Some(entry)) if entry.operation == Operation::Put => {
                Ok(Some((entry.value.to_vec(), entry.revision)))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == EntryErrorKind::InvalidKey => {
                Err(self.other(format!("`{key}` can be no key")))
            }
            Err(error) => Err(self.other(with_sources(&error))),
        }
    }

    fn other(&self, problem: String) -> BucketError {
        let bucket = self.name;
        BucketError::Other { bucket, problem }
    }

    /// Replaces the value of a revision, 0 where there is none, and returns the next revision.
    ///
    /// # Errors
    ///
    /// The last revision is another one, or whether the value was taken is not known.
    pub(crate) async fn replace(
        &self,
        key: &str,
        value: Vec<u8>,
        revision: u64,
    ) -> Result<u64, BucketError> {
        let replaced = self.store.update(key, value.into(), revision).await;
        replaced.map_err(|error| match error.kind() {
            UpdateErrorKind::WrongLastRevision => BucketError::NotLast,
            UpdateErrorKind::InvalidKey | UpdateErrorKind::TimedOut | UpdateErrorKind::Other => {
                self.other(with_sources(&error))
            }
        })
    }
}
