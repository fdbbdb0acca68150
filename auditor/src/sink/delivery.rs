//! The trait of sinks, what they deliver, and why that may fail.

use std::{
    error::Error,
    fmt::Debug,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::alert::{Event, OpenFinding};

/// A destination of events.
pub trait Sink: Debug + Send + Sync {
    /// Checks what can be checked before there is an event.
    ///
    /// # Errors
    ///
    /// A problem that would keep every event from being delivered.
    fn check(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    /// The most events for one call of [`Self::deliver`]: if it fails, all of them are sent again.
    fn most_at_once(&self) -> usize {
        usize::MAX
    }

    /// Delivers events, in order.
    ///
    /// # Errors
    ///
    /// The destination did not accept them.
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError>;

    /// The file that it writes to, if it writes to one.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// How often all open findings are to be sent again; `None` if events are enough.
    fn refresh_interval(&self) -> Option<Duration> {
        None
    }

    /// Sends all open findings.
    ///
    /// # Errors
    ///
    /// The destination did not accept them.
    fn refresh(
        &self,
        _from: Watcher<'_>,
        _open: &[OpenFinding],
        _now: Timestamp,
    ) -> Result<(), SinkError> {
        Ok(())
    }

    /// How often metrics are to be sent; `None` if it takes none.
    fn metrics_interval(&self) -> Option<Duration> {
        None
    }

    /// Sends metrics. Those that are not accepted are not sent again: the next ones say as much.
    ///
    /// # Errors
    ///
    /// The destination did not accept all of them.
    fn send_metrics(&self, _from: Watcher<'_>, _measured: &Measured) -> Result<(), SinkError> {
        Ok(())
    }
}

/// What a watch shows as its metrics, at one time.
#[derive(Clone, Debug)]
pub struct Measured {
    /// As `OpenMetrics`.
    pub text: String,
    /// Since when its counters count, if that is known.
    pub since: Option<Timestamp>,
    pub at: Timestamp,
}

/// A sink that was made from its section.
#[derive(Debug)]
pub(super) struct Configured {
    /// Its name; `None` means the name of its kind.
    pub(super) name: Option<String>,
    pub(super) sink: Arc<dyn Sink>,
}

impl Configured {
    pub(super) fn new(name: Option<String>, sink: impl Sink + 'static) -> Self {
        let sink = Arc::new(sink);
        Self { name, sink }
    }
}

/// A section that does not have the fields of its kind.
#[derive(Debug, Error)]
#[error("{}", self.0.message().split_whitespace().collect::<Vec<_>>().join(" "))]
pub(super) struct FieldsError(toml::de::Error);

/// Reads the fields of a section.
pub(super) fn fields<T: DeserializeOwned>(fields: toml::Table) -> Result<T, FieldsError> {
    fields.try_into().map_err(FieldsError)
}

/// Who says it.
#[derive(Clone, Copy, Debug)]
pub struct Watcher<'a> {
    pub host: &'a str,
    /// Where the watch keeps its state, which tells those of one host apart.
    pub watch: &'a str,
}

/// An event that waits for its delivery, with the host that it is about.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    pub from: Watcher<'a>,
    pub event: &'a Event,
}

/// Why something could not be delivered.
#[derive(Debug, Error)]
pub enum SinkError {
    #[error("no answer that says yes: {0}")]
    Http(#[from] Box<ureq::Error>),
    #[error("the answer is {status}")]
    Status { status: u16 },
    #[error("no answer that says yes: {0}")]
    Connection(std::io::Error),
    /// An answer that says no in words.
    #[error("the answer is {answer}")]
    Answer { answer: String, is_final: bool },
    /// An answer that says yes to a part.
    #[error("{rejected} of {total} were rejected: {reason}")]
    Rejected {
        rejected: u64,
        total: usize,
        reason: String,
    },
    #[error("the token has characters that no header can have")]
    Token,
    #[error(transparent)]
    File(#[from] std::io::Error),
    #[error("cannot read {}: {error}", path.display())]
    Secret {
        path: PathBuf,
        error: std::io::Error,
    },
    #[error("the variable {name} is not in the environment")]
    Variable { name: String },
    #[error("the template: {0}")]
    Template(#[from] minijinja::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl SinkError {
    /// Whether a retry is useless, because the same delivery would be rejected again.
    pub const fn is_final(&self) -> bool {
        match self {
            // 408 (timeout) and 429 (too many requests) are temporary; other 4xx responses will be the same next time.
            Self::Status { status } => {
                400 <= *status && *status < 500 && *status != 408 && *status != 429
            }
            Self::Answer { is_final, .. } => *is_final,
            Self::Json(_) | Self::Template(_) | Self::Rejected { .. } => true,
            Self::Http(_)
            | Self::Connection(_)
            | Self::File(_)
            | Self::Secret { .. }
            | Self::Variable { .. }
            | Self::Token => false,
        }
    }

    /// How many of a delivery were rejected, if it was accepted but for these.
    pub const fn rejected(&self) -> Option<u64> {
        match self {
            Self::Rejected { rejected, .. } => Some(*rejected),
            Self::Http(_)
            | Self::Status { .. }
            | Self::Connection(_)
            | Self::Answer { .. }
            | Self::Token
            | Self::File(_)
            | Self::Secret { .. }
            | Self::Variable { .. }
            | Self::Template(_)
            | Self::Json(_) => None,
        }
    }
}
