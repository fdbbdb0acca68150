//! OTLP over HTTP: protobuf in the body of a request.

use std::io::{self, Read as _};

use super::{
    Signal, answer,
    section::{Headers, Target},
};
use crate::sink::{delivery::SinkError, http::client};

/// As much of an answer is read.
const MOST: u64 = 64 * 1024;

/// What takes it.
#[derive(Debug)]
pub(super) struct HttpCollector {
    target: Target,
    headers: Headers,
    client: ureq::Agent,
}

impl HttpCollector {
    pub(super) fn new(target: Target, headers: Headers) -> Self {
        Self {
            target,
            headers,
            client: client(),
        }
    }

    /// Exports a request, and returns the answer that says yes.
    pub(super) fn export(&self, signal: Signal, request: Vec<u8>) -> Result<Vec<u8>, SinkError> {
        let path = match signal {
            Signal::Logs => "/v1/logs",
            Signal::Metrics => "/v1/metrics",
        };
        let mut post = self
            .client
            .post(self.target.url(path))
            .header("content-type", "application/x-protobuf");
        for (name, value) in self.headers.all()? {
            post = post.header(name, value);
        }
        if self.target.is_compressed() {
            post = post.header("content-encoding", "gzip");
        }
        let answer = post.send(self.target.packed(request)?).map_err(Box::new)?;
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        let read = answer
            .into_body()
            .into_reader()
            .take(MOST)
            .read_to_end(&mut body);
        if (200..300).contains(&status) {
            read.map_err(|error: io::Error| SinkError::Connection(error))?;
            Ok(body)
        } else {
            Err(answer::of_http(status, &body))
        }
    }
}
