//! Events as lines of JSON in a file, for log collectors.

use std::{
    error::Error,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Value, json};

use super::delivery::{Configured, Delivery, Sink, SinkError, fields};
use crate::{
    alert::{Change, Event, EventJson, Verdict},
    escape, private_file,
    report::{
        ocsf::{Device, Endpoints, Finding, State},
        schema::Severity,
    },
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: Option<String>,
    path: String,
    #[serde(default)]
    form: Form,
}

/// The names of the fields of a line.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Form {
    /// The auditor's own, as `auditor watch --format jsonl` prints them.
    #[default]
    Plain,
    /// Those of the Elastic Common Schema.
    Ecs,
    /// Those of the Open Cybersecurity Schema Framework.
    Ocsf,
}

pub(super) fn read(
    section: toml::Table,
    directory: &Path,
) -> Result<Configured, Box<dyn Error + Send + Sync>> {
    let file: Fields = fields(section)?;
    let lines = Lines {
        path: directory.join(file.path),
        form: file.form,
    };
    Ok(Configured::new(file.name, lines))
}

/// A file to which a line of JSON is added for each event.
#[derive(Debug)]
struct Lines {
    path: PathBuf,
    form: Form,
}

impl Sink for Lines {
    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    /// Adds lines to the file, all of them with one write.
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
        let text: String = deliveries.iter().map(|one| line(self.form, one)).collect();
        let mut file = private_file::append(&self.path)?;
        file.write_all(text.as_bytes())?;
        Ok(())
    }
}

/// The line of an event.
pub(super) fn line(form: Form, delivery: &Delivery<'_>) -> String {
    let line = match form {
        Form::Plain => {
            json!({ "host": delivery.from.host, "event": EventJson::from(delivery.event) })
        }
        Form::Ecs => ecs(delivery),
        Form::Ocsf => ocsf(delivery),
    };
    format!("{}\n", escape::json(&line.to_string()))
}

/// A Detection Finding of the Open Cybersecurity Schema Framework.
fn ocsf(delivery: &Delivery<'_>) -> Value {
    let event = delivery.event;
    let verdict = event.now.or(event.before);
    Finding {
        device: Device {
            name: delivery.from.host,
            machine: None,
            addresses: &[],
        },
        state: match event.change {
            Change::Appeared | Change::Corrected => State::New,
            Change::Changed | Change::Flapping => State::Changed,
            Change::Resolved => State::Resolved,
        },
        severity: event.severity,
        uid: &format!("{} {}", event.subject.kind().name(), event.subject.key()),
        verdict: verdict.map_or("unknown", Verdict::name),
        text: &event.text,
        at: event.at,
        endpoints: endpoints(event),
    }
    .to_value()
}

/// Elastic Common Schema 8: `event.kind` is `alert`, or `event` when resolved; a higher `event.severity` is worse.
fn ecs(delivery: &Delivery<'_>) -> Value {
    let event = delivery.event;
    let severity = match event.severity {
        Severity::Fine => 0,
        Severity::Note => 1,
        Severity::Warning => 2,
        Severity::Violation => 3,
    };
    let kind = match event.change {
        Change::Resolved => "event",
        Change::Appeared | Change::Changed | Change::Flapping | Change::Corrected => "alert",
    };
    let mut line = json!({
        "@timestamp": format!("{:.3}", event.at),
        "ecs": { "version": "8.17.0" },
        "event": {
            "kind": kind,
            "category": ["network"],
            "type": ["info"],
            "module": "auditor",
            "dataset": format!("auditor.{}", event.subject.kind().name()),
            "action": event.change.name(),
            "severity": severity,
        },
        "host": { "name": delivery.from.host },
        "log": { "level": event.severity.name() },
        "rule": { "name": event.subject.key() },
        "message": event.text,
    });
    if let (Some(endpoints), Some(fields)) = (endpoints(event), line.as_object_mut()) {
        fields.insert("source".to_owned(), json!({ "ip": endpoints.client }));
        let destination = json!({ "ip": endpoints.server, "port": endpoints.port });
        fields.insert("destination".to_owned(), destination);
    }
    line
}

/// The two sides of the flow that an event is about; the type of an ICMP request is no port.
fn endpoints(event: &Event) -> Option<Endpoints> {
    let flow = event.subject.flow()?;
    Some(Endpoints {
        client: flow.client(),
        server: flow.server(),
        port: flow.service().port_of_transport().unwrap_or_default(),
    })
}
