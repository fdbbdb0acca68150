//! What a sink is: it takes deliveries, and says why it does not.

use std::{error::Error, fmt::Debug, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use thiserror::Error;

use crate::alert::{Event, OpenFinding};

/// A destination of events.
pub trait Sink: Debug + Send + Sync {
    /// Tries what can be tried before there is an event.
    ///
    /// # Errors
    ///
    /// Whatever would keep every event from being delivered.
    fn check(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        Ok(())
    }

    /// How many events it takes with one call of [`Self::deliver`]: where that fails, all of them are sent again.
    fn most_at_once(&self) -> usize {
        usize::MAX
    }

    /// Delivers events, in order.
    ///
    /// # Errors
    ///
    /// Nobody takes them.
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError>;

    /// How often it wants to be sent all findings that hold; `None` if their events are enough.
    fn refresh_interval(&self) -> Option<Duration> {
        None
    }

    /// Sends all findings that hold.
    ///
    /// # Errors
    ///
    /// Nobody takes them.
    fn refresh(
        &self,
        _host: &str,
        _open: &[OpenFinding],
        _now: Timestamp,
    ) -> Result<(), SinkError> {
        Ok(())
    }
}

/// What a kind of sink made of its section.
#[derive(Debug)]
pub(super) struct Configured {
    /// Its name, unless that is its kind's.
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

/// An event that waits for its delivery, with the host that it is about.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    pub host: &'a str,
    pub event: &'a Event,
}

/// Why something could not be delivered.
#[derive(Debug, Error)]
pub enum SinkError {
    #[error("no answer that says yes: {0}")]
    Http(#[from] Box<ureq::Error>),
    #[error("the answer is {status}")]
    Status { status: u16 },
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
    /// Whether it is of no use to try again: the other side understood, and does not want it.
    pub const fn is_final(&self) -> bool {
        match self {
            // 408 and 429 ask for patience; other answers of this class will be the same next time.
            Self::Status { status } => {
                400 <= *status && *status < 500 && *status != 408 && *status != 429
            }
            Self::Json(_) | Self::Template(_) => true,
            Self::Http(_) | Self::File(_) | Self::Secret { .. } | Self::Variable { .. } => false,
        }
    }
}
