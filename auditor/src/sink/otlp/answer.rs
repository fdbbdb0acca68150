//! What answers mean: <https://opentelemetry.io/docs/specs/otlp/>.

use base64::{Engine as _, alphabet, engine};
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceResponse, metrics::v1::ExportMetricsServiceResponse,
};
use prost::Message;

use crate::{escape, sink::delivery::SinkError};

/// As much of a reason is said.
const LONGEST_REASON: usize = 300;

/// What of a request was rejected, where the rest of it was accepted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Partial {
    rejected: i64,
    reason: String,
}

impl From<ExportLogsServiceResponse> for Partial {
    fn from(response: ExportLogsServiceResponse) -> Self {
        let partial = response.partial_success.unwrap_or_default();
        Self {
            rejected: partial.rejected_log_records,
            reason: partial.error_message,
        }
    }
}

impl From<ExportMetricsServiceResponse> for Partial {
    fn from(response: ExportMetricsServiceResponse) -> Self {
        let partial = response.partial_success.unwrap_or_default();
        Self {
            rejected: partial.rejected_data_points,
            reason: partial.error_message,
        }
    }
}

impl Partial {
    /// What a server suggests that has accepted everything, if it does.
    ///
    /// # Errors
    ///
    /// It has rejected something.
    pub(super) fn judged(self, total: usize) -> Result<Option<String>, SinkError> {
        let reason = shown(&self.reason);
        match u64::try_from(self.rejected) {
            Ok(rejected) if 0 < rejected => Err(SinkError::Rejected {
                rejected,
                total,
                reason: reason.unwrap_or_else(|| "it is not said why".to_owned()),
            }),
            Ok(_) | Err(_) => Ok(reason),
        }
    }
}

/// Why a request failed, as `google.rpc.Status` says it.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Detail>,
}

/// A detail of it, as `google.protobuf.Any` says which one it is.
#[derive(Clone, PartialEq, Message)]
struct Detail {
    #[prost(string, tag = "1")]
    type_url: String,
}

/// An answer of HTTP other than yes, with its body.
pub(super) fn of_http(status: u16, body: &[u8]) -> SinkError {
    let is_error = 400 <= status;
    let reason = Status::decode(body)
        .ok()
        .and_then(|said| shown(&said.message));
    SinkError::Answer {
        answer: with_reason(&status.to_string(), reason),
        // What is no error, as a redirect, says nothing of the request.
        is_final: is_error && !matches!(status, 429 | 502..=504),
    }
}

/// An answer of gRPC other than yes: its code, message and details as they stand in headers.
pub(super) fn of_grpc(code: u32, message: &str, details: &str) -> SinkError {
    let (name, is_retryable) = match code {
        1 => ("CANCELLED", true),
        3 => ("INVALID_ARGUMENT", false),
        4 => ("DEADLINE_EXCEEDED", true),
        5 => ("NOT_FOUND", false),
        6 => ("ALREADY_EXISTS", false),
        7 => ("PERMISSION_DENIED", false),
        // Only where the server says that it recovers.
        8 => ("RESOURCE_EXHAUSTED", says_when(details)),
        9 => ("FAILED_PRECONDITION", false),
        10 => ("ABORTED", true),
        11 => ("OUT_OF_RANGE", true),
        12 => ("UNIMPLEMENTED", false),
        13 => ("INTERNAL", false),
        14 => ("UNAVAILABLE", true),
        15 => ("DATA_LOSS", true),
        16 => ("UNAUTHENTICATED", false),
        _ => ("UNKNOWN", false),
    };
    SinkError::Answer {
        answer: with_reason(name, shown(&decoded(message))),
        is_final: !is_retryable,
    }
}

/// An answer of HTTP in the place of one of gRPC: <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>.
pub(super) fn of_grpc_without_status(http: u16) -> SinkError {
    let is_retryable = matches!(http, 429 | 502..=504);
    SinkError::Answer {
        answer: format!("no gRPC, but HTTP's {http}"),
        is_final: 400 <= http && !is_retryable,
    }
}

/// Whether details say when to try again (`google.rpc.RetryInfo`).
fn says_when(details: &str) -> bool {
    // With or without padding.
    let config = engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(engine::DecodePaddingMode::Indifferent);
    let bytes = engine::GeneralPurpose::new(&alphabet::STANDARD, config).decode(details);
    let status = bytes
        .ok()
        .and_then(|bytes| Status::decode(bytes.as_slice()).ok());
    let details = status.map(|status| status.details).unwrap_or_default();
    details
        .iter()
        .any(|one| one.type_url.ends_with("/google.rpc.RetryInfo"))
}

/// A message of gRPC, in which `%20` is a blank.
fn decoded(message: &str) -> String {
    let mut bytes = Vec::with_capacity(message.len());
    let mut rest = message.as_bytes();
    while let [first, behind @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let code = match (first, behind) {
            (b'%', [high, low, ..]) => digit(high).zip(digit(low)),
            _ => None,
        };
        if let Some(byte) = code.and_then(|(high, low)| u8::try_from(16 * high + low).ok()) {
            bytes.push(byte);
            rest = behind.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn with_reason(answer: &str, reason: Option<String>) -> String {
    match reason {
        Some(reason) => format!("{answer}: {reason}"),
        None => answer.to_owned(),
    }
}

/// Others' text as one line of bounded length; `None` if it says nothing.
fn shown(text: &str) -> Option<String> {
    let text = text.trim();
    let start: String = text.chars().take(LONGEST_REASON).collect();
    let end = if start.len() < text.len() { "..." } else { "" };
    (!start.is_empty()).then(|| format!("{}{end}", escape::line(&start)))
}

#[cfg(test)]
mod tests;
