//! Sends JSON to web servers.

use std::time::Duration;

use thiserror::Error;

use super::{delivery::SinkError, secret::Secret};

/// How long one delivery may take.
pub(super) const TIMEOUT: Duration = Duration::from_secs(10);

/// A client with this timeout, for which no status of a response is an error.
pub fn client() -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .http_status_as_error(false)
        // Events go to the configured address only.
        .max_redirects(0)
        .user_agent(concat!("auditor/", env!("CARGO_PKG_VERSION")))
        .build()
        .into()
}

/// A server that takes JSON.
#[derive(Debug)]
pub(super) struct Server {
    url: String,
    /// Authenticates the sender, as a bearer token (RFC 6750).
    token: Option<Secret>,
    client: ureq::Agent,
}

/// An invalid address of a web server.
#[derive(Debug, Error)]
#[error("`{url}` is no address of a web server: expected http://host:port")]
pub(super) struct NoServer {
    url: String,
}

impl Server {
    pub(super) fn new(url: String, token: Option<Secret>) -> Result<Self, NoServer> {
        let rest = url
            .strip_prefix("http://")
            .or_else(|| url.strip_prefix("https://"));
        match rest {
            Some(rest) if !rest.is_empty() && !rest.starts_with('/') => Ok(Self {
                url,
                token,
                client: client(),
            }),
            Some(_) | None => Err(NoServer { url }),
        }
    }

    /// Posts JSON to the server's own address.
    pub(super) fn post(&self, headers: &[(&str, String)], body: &str) -> Result<(), SinkError> {
        self.send(&self.url, headers, body)
    }

    /// Posts JSON to a path below the server's address.
    pub(super) fn post_to(&self, path: &str, body: &str) -> Result<(), SinkError> {
        self.send(
            &format!("{}{path}", self.url.trim_end_matches('/')),
            &[],
            body,
        )
    }

    /// Only a 2xx response counts as delivered.
    fn send(&self, url: &str, headers: &[(&str, String)], body: &str) -> Result<(), SinkError> {
        let mut request = self
            .client
            .post(url)
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            let token = token.reveal()?;
            let token = String::from_utf8_lossy(&token);
            request = request.header("authorization", format!("Bearer {token}"));
        }
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
}
