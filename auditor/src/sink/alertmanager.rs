//! Alertmanager's API, version 2: an alert fires as long as it is sent again, and is resolved by its end.

use std::{error::Error, path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    delivery::{Configured, Delivery, OpenFinding, Sink, SinkError, fields},
    http::Server,
    secret::Secret,
};
use crate::alert::{Change, Event, Kind};

/// How often it is told of what goes on: it takes an alert for over that is not sent again.
const REFRESH: Duration = Duration::from_mins(1);
/// How long an alert fires that is not sent again: several times as long as it takes until it is.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: Option<String>,
    /// The address of its web page.
    url: String,
    #[serde(default)]
    token_file: Option<String>,
    #[serde(default)]
    token_env: Option<String>,
}

pub(super) fn read(
    section: toml::Table,
    directory: &Path,
) -> Result<Configured, Box<dyn Error + Send + Sync>> {
    let file: Fields = fields(section)?;
    let token = Secret::of("token", file.token_file, file.token_env, directory)?;
    let server = Server::new(file.url, token)?;
    Ok(Configured::new(file.name, Alertmanager { server }))
}

#[derive(Debug)]
struct Alertmanager {
    server: Server,
}

impl Alertmanager {
    fn send(&self, alerts: &[Value]) -> Result<(), SinkError> {
        if alerts.is_empty() {
            return Ok(());
        }
        let body = serde_json::to_string(alerts)?;
        self.server.post_to("/api/v2/alerts", &body)
    }
}

impl Sink for Alertmanager {
    /// What appeared fires, what is resolved ends. Alertmanager takes the same event twice for one.
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
        let mut alerts = Vec::new();
        for Delivery { host, event } in deliveries {
            match (event.change, &event.before, &event.now) {
                // Alertmanager damps by itself; what flaps stays what it was.
                (Change::Flapping, _, _) => {}
                (_, before, now) => {
                    if let Some(before) = before
                        .as_ref()
                        .filter(|before| Some(*before) != now.as_ref())
                    {
                        alerts.push(alert(host, event, before, event.at, Some(event.at)));
                    }
                    if let Some(now) = now {
                        let end = event.at.checked_add(LIFETIME).ok();
                        alerts.push(alert(host, event, now, event.at, end));
                    }
                }
            }
        }
        self.send(&alerts)
    }

    fn refresh_interval(&self) -> Option<Duration> {
        Some(REFRESH)
    }

    fn refresh(&self, host: &str, open: &[OpenFinding], now: Timestamp) -> Result<(), SinkError> {
        let end = now.checked_add(LIFETIME).ok();
        let alerts: Vec<Value> = open
            .iter()
            .filter_map(|open| {
                let verdict = open.event.now.as_ref()?;
                Some(alert(host, &open.event, verdict, open.since, end))
            })
            .collect();
        self.send(&alerts)
    }
}

/// Labels say what an alert is, and stay the same from its beginning to its end; annotations are words.
fn alert(
    host: &str,
    event: &Event,
    verdict: &str,
    start: Timestamp,
    end: Option<Timestamp>,
) -> Value {
    let name = match event.kind {
        Kind::Flow => "AuditorFlow",
        Kind::Rule => "AuditorRule",
    };
    let mut alert = json!({
        "labels": {
            "alertname": name,
            "host": host,
            "verdict": verdict,
            event.kind.name(): event.key,
        },
        "annotations": {
            "summary": format!("{verdict} {} {} on {host}", event.kind.name(), event.key),
            "description": event.text,
            "severity": event.severity.name(),
        },
        "startsAt": format!("{start:.3}"),
    });
    if let (Some(end), Some(fields)) = (end, alert.as_object_mut()) {
        fields.insert("endsAt".to_owned(), json!(format!("{end:.3}")));
    }
    alert
}
