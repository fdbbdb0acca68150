//! What a section says, checked.

use std::{
    collections::BTreeMap,
    error::Error,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use serde::Deserialize;
use thiserror::Error;
use ureq::http::{HeaderName, HeaderValue};
use url::{Host, Url};

use crate::{
    length::length,
    sink::{delivery::SinkError, secret::Secret},
};

/// How often metrics are sent.
const INTERVAL: Duration = Duration::from_mins(1);
const SHORTEST: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fields {
    #[serde(default)]
    name: Option<String>,
    url: String,
    #[serde(default)]
    protocol: Option<String>,
    #[serde(default)]
    token_file: Option<String>,
    #[serde(default)]
    token_env: Option<String>,
    /// The header that the token alone is in; without it, it is a bearer token.
    #[serde(default)]
    token_header: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    compression: Option<String>,
    /// How often metrics are sent, or `off`.
    #[serde(default)]
    metrics: Option<String>,
}

/// A section whose fields are valid.
pub(super) struct Section {
    pub(super) name: Option<String>,
    pub(super) protocol: Protocol,
    pub(super) target: Target,
    pub(super) headers: Headers,
    pub(super) metrics_interval: Option<Duration>,
}

/// By the names of `OTEL_EXPORTER_OTLP_PROTOCOL`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Protocol {
    Http,
    Grpc,
}

/// A field with a value that it can't have.
#[derive(Debug, Error)]
enum FieldError {
    #[error("`url` {problem}: expected {}", expected(*protocol))]
    Url { problem: String, protocol: Protocol },
    #[error("`protocol` is `{value}`: expected `http/protobuf`, which is the default, or `grpc`")]
    Protocol { value: String },
    #[error("`compression` is `{value}`: expected `gzip`, or leave it out")]
    Compression { value: String },
    #[error(
        "`metrics` is `{value}`: expected how often they are sent, as in 1m and 1s at least, or `off`"
    )]
    Metrics { value: String },
    #[error("`{field}` has `{name}`, {problem}")]
    Header {
        field: &'static str,
        name: String,
        problem: &'static str,
    },
    #[error(
        "`token_header` says where a token goes, and there is none: add `token_file` or `token_env`"
    )]
    NoToken,
}

/// What is an address of a collector.
const fn expected(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => {
            "http://host:port or https://host:port, most often with port 4318, and a path only where the collector has one before /v1/logs"
        }
        Protocol::Grpc => "http://host:port or https://host:port, most often with port 4317",
    }
}

impl Section {
    pub(super) fn read(
        fields: Fields,
        directory: &Path,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let protocol = match fields.protocol.as_deref() {
            None | Some("http/protobuf") => Protocol::Http,
            Some("grpc") => Protocol::Grpc,
            Some(other) => {
                let value = other.to_owned();
                return Err(FieldError::Protocol { value }.into());
            }
        };
        let is_compressed = match fields.compression.as_deref() {
            None | Some("none") => false,
            Some("gzip") => true,
            Some(other) => {
                let value = other.to_owned();
                return Err(FieldError::Compression { value }.into());
            }
        };
        let metrics_interval = match fields.metrics.as_deref() {
            None => Some(INTERVAL),
            Some("off") => None,
            Some(text) => Some(interval(text)?),
        };
        let target = Target::new(&fields.url, protocol, is_compressed)
            .map_err(|problem| FieldError::Url { problem, protocol })?;
        let token = Secret::of("token", fields.token_file, fields.token_env, directory)?;
        let headers = Headers::new(fields.headers, token, fields.token_header.as_deref())?;
        Ok(Self {
            name: fields.name,
            protocol,
            target,
            headers,
            metrics_interval,
        })
    }
}

fn interval(text: &str) -> Result<Duration, FieldError> {
    let problem = || FieldError::Metrics {
        value: text.to_owned(),
    };
    let read = length(text).map_err(|_problem| problem())?;
    let interval = Duration::try_from(read).map_err(|_problem| problem())?;
    if interval < SHORTEST {
        return Err(problem());
    }
    Ok(interval)
}

/// Where requests go, and how they are packed.
#[derive(Debug)]
pub(super) struct Target {
    url: Url,
    host: Host,
    is_compressed: bool,
}

impl Target {
    fn new(text: &str, protocol: Protocol, is_compressed: bool) -> Result<Self, String> {
        // What may be a secret is not shown.
        if text.contains('@') {
            return Err("names a user, and secrets stand in `token_file`".to_owned());
        }
        if text.contains(['?', '#']) {
            return Err("has something behind its path".to_owned());
        }
        let Ok(url) = Url::parse(text) else {
            return Err(format!("is `{text}`"));
        };
        let (Some(host), "http" | "https") = (url.host(), url.scheme()) else {
            return Err(format!("is `{text}`"));
        };
        let path = url.path().trim_end_matches('/');
        if let Some(added) = ["/v1/logs", "/v1/metrics"]
            .iter()
            .find(|end| path.ends_with(**end))
        {
            return Err(format!(
                "is `{text}`, and `{added}` is added by itself: leave it out"
            ));
        }
        if protocol == Protocol::Grpc && !path.is_empty() {
            return Err(format!("is `{text}`, and gRPC has no path"));
        }
        Ok(Self {
            host: host.to_owned(),
            url,
            is_compressed,
        })
    }

    /// The address of a path below it.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url.as_str().trim_end_matches('/'))
    }

    pub(super) const fn host(&self) -> &Host {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    pub(super) const fn is_compressed(&self) -> bool {
        self.is_compressed
    }

    /// A request as it is sent.
    pub(super) fn packed(&self, request: Vec<u8>) -> io::Result<Vec<u8>> {
        if !self.is_compressed {
            return Ok(request);
        }
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&request)?;
        packed.finish()
    }
}

/// What requests say beside what they carry.
#[derive(Debug)]
pub(super) struct Headers {
    fixed: Vec<(HeaderName, HeaderValue)>,
    token: Option<(HeaderName, Secret)>,
    /// Whether the token is a bearer token (RFC 6750).
    is_bearer: bool,
}

/// Headers that say how a request is sent.
const OWN: [&str; 9] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "user-agent",
];

impl Headers {
    fn new(
        headers: BTreeMap<String, String>,
        token: Option<Secret>,
        token_header: Option<&str>,
    ) -> Result<Self, FieldError> {
        let mut fixed = Vec::new();
        for (name, value) in headers {
            let header = header("headers", &name)?;
            let fail = |problem| FieldError::Header {
                field: "headers",
                name: name.clone(),
                problem,
            };
            if header == "authorization" {
                return Err(fail(
                    "which is a secret: put it into `token_file`, with `token_header = \"authorization\"` if it is no bearer token",
                ));
            }
            let value = HeaderValue::from_str(&value)
                .map_err(|_problem| fail("whose value has characters that no header can have"))?;
            fixed.push((header, value));
        }
        let is_bearer = token_header.is_none();
        let name = match token_header {
            Some(name) => header("token_header", name)?,
            None => HeaderName::from_static("authorization"),
        };
        let token = match (token, is_bearer) {
            (Some(token), _) => Some((name, token)),
            (None, true) => None,
            (None, false) => return Err(FieldError::NoToken),
        };
        Ok(Self {
            fixed,
            token,
            is_bearer,
        })
    }

    /// All of them, with the token as it is now.
    pub(super) fn all(&self) -> Result<Vec<(HeaderName, HeaderValue)>, SinkError> {
        let mut all = self.fixed.clone();
        if let Some((name, token)) = &self.token {
            let mut value = if self.is_bearer {
                b"Bearer ".to_vec()
            } else {
                Vec::new()
            };
            value.extend(token.reveal()?);
            let mut value = HeaderValue::from_bytes(&value).map_err(|_problem| SinkError::Token)?;
            value.set_sensitive(true);
            all.push((name.clone(), value));
        }
        Ok(all)
    }
}

/// A name that a header may have here.
fn header(field: &'static str, name: &str) -> Result<HeaderName, FieldError> {
    let fail = |problem| FieldError::Header {
        field,
        name: name.to_owned(),
        problem,
    };
    let header: HeaderName = name
        .parse()
        .map_err(|_problem| fail("which is no name of a header: expected one such as api-key"))?;
    if OWN.contains(&header.as_str()) || header.as_str().starts_with("grpc-") {
        return Err(fail("which says how requests are sent: leave it out"));
    }
    Ok(header)
}

#[cfg(test)]
mod tests;
