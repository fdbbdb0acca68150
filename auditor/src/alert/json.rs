//! The JSON of an event: its serialised shape is defined here alone.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::event::{Change, Event, Kind, NoFlow, Subject, Verdict};
use crate::report::schema::{Severity, micros};

/// An event as it is published, and as it is stored for a sink.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct EventJson {
    #[serde(with = "micros")]
    at: Timestamp,
    change: String,
    kind: String,
    /// The rule's id, or the addresses and the service of the flow.
    key: String,
    before: Option<String>,
    now: Option<String>,
    severity: Severity,
    /// Where it was another one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    severity_before: Option<Severity>,
    text: String,
    /// The key of the flow whose finding this was, if it was corrected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    corrects: Option<String>,
}

/// A field of an event that can't be read.
#[derive(Debug, Error)]
pub enum EventError {
    #[error("the {field} `{value}` of an event is not known")]
    Unknown { field: &'static str, value: String },
    #[error("the key `{key}` of an event is {problem}")]
    Key { key: String, problem: NoFlow },
}

impl From<&Event> for EventJson {
    fn from(event: &Event) -> Self {
        let verdict = |verdict: Option<Verdict>| verdict.map(|one| one.name().to_owned());
        Self {
            at: event.at,
            change: event.change.name().to_owned(),
            kind: event.subject.kind().name().to_owned(),
            key: event.subject.key().to_owned(),
            before: verdict(event.before),
            now: verdict(event.now),
            severity: event.severity,
            severity_before: event.severity_before,
            text: event.text.clone(),
            corrects: event.corrects.as_ref().map(|one| one.key().to_owned()),
        }
    }
}

impl TryFrom<EventJson> for Event {
    type Error = EventError;

    fn try_from(json: EventJson) -> Result<Self, EventError> {
        let unknown = |field, value| EventError::Unknown { field, value };
        let kind = Kind::from_name(&json.kind).ok_or_else(|| unknown("kind", json.kind))?;
        let subject = |key: String| {
            Subject::read(kind, &key).map_err(|problem| EventError::Key { key, problem })
        };
        let verdict = |field, name: Option<String>| {
            name.map(|name| Verdict::from_name(kind, &name).ok_or_else(|| unknown(field, name)))
                .transpose()
        };
        Ok(Self {
            at: json.at,
            change: Change::from_name(&json.change)
                .ok_or_else(|| unknown("change", json.change))?,
            subject: subject(json.key)?,
            before: verdict("before", json.before)?,
            now: verdict("now", json.now)?,
            severity: json.severity,
            severity_before: json.severity_before,
            text: json.text,
            corrects: json.corrects.map(subject).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, EventJson};

    const FLOW: &str = r#"{"at":"2026-11-20T12:00:00.000000Z","change":"changed","kind":"flow","key":"fd00::1 -> 10.0.0.2 ipv6-icmp type 128 inside vxlan","before":"unexpected","now":"forbidden","severity":"violation","text":"x"}"#;
    const CORRECTED: &str = r#"{"at":"2026-11-20T12:00:00.000000Z","change":"corrected","kind":"flow","key":"10.0.0.1 -> 10.0.0.2 udp/53","before":"unexpected","now":"forbidden","severity":"violation","text":"x","corrects":"10.0.0.2 -> 10.0.0.1 udp/40000"}"#;
    const GRAVER: &str = r#"{"at":"2026-11-20T12:00:00.000000Z","change":"changed","kind":"flow","key":"10.0.0.1 -> 10.0.0.2 udp/53","before":"unexpected","now":"unexpected","severity":"violation","severity_before":"warning","text":"x"}"#;
    const RULE: &str = r#"{"at":"2026-11-20T12:00:00.000000Z","change":"resolved","kind":"rule","key":"web -> 1","before":"missing","now":null,"severity":"warning","text":""}"#;

    fn read(text: &str) -> Result<Event, String> {
        let json: EventJson = serde_json::from_str(text).map_err(|error| error.to_string())?;
        Event::try_from(json).map_err(|error| error.to_string())
    }

    #[test]
    fn events_are_read_back() {
        for text in [FLOW, CORRECTED, GRAVER, RULE] {
            let event = read(text).unwrap();
            let again = serde_json::to_string(&EventJson::from(&event)).unwrap();
            assert_eq!(again, text);
        }
    }

    #[test]
    fn what_is_not_known_is_said() {
        for (from, to, said) in [
            (
                "\"changed\"",
                "\"grew\"",
                "the change `grew` of an event is not known",
            ),
            (
                "\"flow\"",
                "\"planet\"",
                "the kind `planet` of an event is not known",
            ),
            (
                "\"forbidden\"",
                "\"missing\"",
                "the now `missing` of an event is not known",
            ),
            (
                "fd00::1 -> 10.0.0.2",
                "fd00::1 - 10.0.0.2",
                "the key `fd00::1 - 10.0.0.2 ipv6-icmp type 128 inside vxlan` of an event is no flow: expected one such as 10.0.0.1 -> 10.0.0.2 tcp/443",
            ),
        ] {
            assert_eq!(read(&FLOW.replace(from, to)).unwrap_err(), said);
        }
        let unknown = FLOW.replace("\"violation\"", "\"worse\"");
        assert!(
            read(&unknown)
                .unwrap_err()
                .contains("unknown variant `worse`")
        );
    }
}
