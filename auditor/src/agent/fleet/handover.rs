//! What a watch of a group hands to the next one: what was told, and what sinks may not have yet. Its serialised shape is
//! defined here alone.

use std::{
    collections::BTreeMap,
    io::{Read as _, Write as _},
};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    alert::{EventJson, Finding, Kind, OpenFinding, Subject, Verdict},
    report::schema::{Severity, micros},
};

/// The shape's version; a handover of another one is not taken.
const VERSION: u32 = 1;
/// A handover that says that it is longer is none.
const MOST_BYTES: u64 = 64 << 20;

/// What is kept of a group, by whoever tells.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(super) struct Handover {
    version: u32,
    /// Which process tells; empty if it has handed over.
    pub(super) holder: String,
    /// The host that it is on, for people.
    pub(super) host: String,
    /// It writes again within this time, or is gone.
    pub(super) lease_seconds: u64,
    open: Vec<OpenJson>,
    /// The last events that were told, those at least that a sink may not have.
    pub(super) events: Vec<EventJson>,
    /// By sink: how many of the last events it may not have.
    pub(super) waiting: BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
struct OpenJson {
    kind: String,
    key: String,
    verdict: String,
    severity: Severity,
    text: String,
    #[serde(with = "micros")]
    since: Timestamp,
}

/// Why bytes are no handover.
#[derive(Debug, Error)]
pub(super) enum HandoverError {
    #[error("it is not compressed as it should be, or too long")]
    Compression(#[source] std::io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("it is of version {0}, and this auditor reads version {VERSION}")]
    Version(u32),
    #[error("what is found of `{0}` is not understood")]
    Finding(String),
}

impl Handover {
    /// With these findings, as they were told.
    pub(super) fn of(open: impl Iterator<Item = OpenFinding>) -> Self {
        let open = open.map(|one| OpenJson {
            kind: one.subject.kind().name().to_owned(),
            key: one.subject.key().to_owned(),
            verdict: one.finding.verdict.name().to_owned(),
            severity: one.finding.severity,
            text: one.finding.text,
            since: one.since,
        });
        Self {
            version: VERSION,
            open: open.collect(),
            ..Self::default()
        }
    }

    /// The findings that were told and are open.
    pub(super) fn open(&self) -> Result<Vec<OpenFinding>, HandoverError> {
        let finding = |one: &OpenJson| {
            let kind = Kind::from_name(&one.kind)?;
            Some(OpenFinding {
                subject: Subject::read(kind, &one.key).ok()?,
                finding: Finding {
                    verdict: Verdict::from_name(kind, &one.verdict)?,
                    severity: one.severity,
                    text: one.text.clone(),
                },
                since: one.since,
            })
        };
        let open = self.open.iter();
        open.map(|one| finding(one).ok_or_else(|| HandoverError::Finding(one.key.clone())))
            .collect()
    }

    /// For each sink and event that it may not have, the sink's name and the event as it is stored for it.
    pub(super) fn undelivered(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        for (sink, count) in &self.waiting {
            let count = usize::try_from(*count).unwrap_or(usize::MAX);
            let has = self.events.len().saturating_sub(count);
            for event in self.events.iter().skip(has) {
                // It does not fail: an event holds text and times only.
                if let Ok(text) = serde_json::to_string(event) {
                    all.push((sink.clone(), text));
                }
            }
        }
        all
    }

    pub(super) fn write(&self) -> Result<Vec<u8>, HandoverError> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        let text = serde_json::to_vec(self)?;
        encoder
            .write_all(&text)
            .and_then(|()| encoder.finish())
            .map_err(HandoverError::Compression)
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, HandoverError> {
        let mut text = Vec::new();
        let mut decoder = ZlibDecoder::new(bytes).take(MOST_BYTES);
        decoder
            .read_to_end(&mut text)
            .map_err(HandoverError::Compression)?;
        // Others may have another shape.
        let version: Version = serde_json::from_slice(&text)?;
        if version.version != VERSION {
            return Err(HandoverError::Version(version.version));
        }
        Ok(serde_json::from_slice(&text)?)
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Handover;
    use crate::{
        alert::{EventJson, Finding, HostTrouble, OpenFinding, Subject, Verdict},
        report::schema::Severity,
    };

    const EVENT: &str = r#"{"at":"2026-11-20T12:00:00.000000Z","change":"resolved","kind":"rule","key":"KEY","before":"missing","now":null,"severity":"warning","text":""}"#;

    fn event(key: &str) -> EventJson {
        serde_json::from_str(&EVENT.replace("KEY", key)).unwrap()
    }

    #[test]
    fn what_is_handed_over_is_what_was_told() {
        let open = OpenFinding {
            subject: Subject::Host("db-1".to_owned()),
            finding: Finding {
                verdict: Verdict::Host(HostTrouble::Silent),
                severity: Severity::Warning,
                text: "silent".to_owned(),
            },
            since: Timestamp::from_second(1_800_000_000).unwrap(),
        };
        let handover = Handover {
            holder: "me".to_owned(),
            events: vec![event("a"), event("b")],
            waiting: [("slow".to_owned(), 1), ("done".to_owned(), 0)].into(),
            ..Handover::of(std::iter::once(open.clone()))
        };
        let read = Handover::read(&handover.write().unwrap()).unwrap();
        assert_eq!(read, handover);
        assert_eq!(read.open().unwrap(), [open]);
        let undelivered = read.undelivered();
        assert_eq!(undelivered.len(), 1);
        assert_eq!(undelivered[0].0, "slow");
        assert!(undelivered[0].1.contains(r#""key":"b""#));
    }

    #[test]
    fn what_is_no_handover_is_said() {
        assert!(Handover::read(b"garbage").is_err());
        let later = Handover {
            version: 9,
            ..Handover::default()
        };
        let said = Handover::read(&later.write().unwrap()).unwrap_err();
        assert!(said.to_string().contains("version 9"), "{said}");
    }
}
