//! Where reports and events go: one destination a file.

pub mod alertmanager;
pub mod lines;
pub mod metrics;
pub mod syslog;
pub mod webhook;

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;
use thiserror::Error;

use crate::{alert::Event, deployment::Secret};

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

/// An event that waits for its delivery, with the host that it is about.
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    pub host: &'a str,
    pub event: &'a Event,
}

/// A finding that holds.
#[derive(Clone, Debug)]
pub struct Open {
    pub event: Event,
    pub since: Timestamp,
}

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client that waits no longer than that, and takes every answer for an answer.
pub fn client() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(PATIENCE))
        .http_status_as_error(false)
        // A sink is where it was said to be.
        .max_redirects(0)
        .user_agent(concat!("auditor/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// What a secret is now; they are changed, so it is read each time.
pub(crate) fn reveal(secret: &Secret) -> Result<Vec<u8>, SinkError> {
    let bytes = match secret {
        Secret::File(path) => std::fs::read(path).map_err(|error| SinkError::Secret {
            path: path.clone(),
            error,
        })?,
        Secret::Variable(name) => std::env::var_os(name)
            .ok_or_else(|| SinkError::Variable { name: name.clone() })?
            .into_encoded_bytes(),
    };
    Ok(bytes.trim_ascii().to_owned())
}

/// The header that says who sends.
fn authorization(token: Option<&Secret>) -> Result<Option<(&'static str, String)>, SinkError> {
    let Some(token) = token else { return Ok(None) };
    let token = reveal(token)?;
    let token = String::from_utf8_lossy(&token);
    Ok(Some(("authorization", format!("Bearer {token}"))))
}

/// Posts JSON; an answer of 2xx is a delivery.
fn post(
    client: &ureq::Agent,
    url: &str,
    headers: &[(&str, String)],
    body: &str,
) -> Result<(), SinkError> {
    let mut request = client.post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, value);
    }
    let answer = request.send(body).map_err(Box::new)?;
    let status = answer.status().as_u16();
    if (200..300).contains(&status) {
        Ok(())
    } else {
        Err(SinkError::Status { status })
    }
}
