//! Alertmanager's API, version 2: an alert fires as long as it is sent again, and is resolved by its end.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Delivery, Open, SinkError, authorization, post};
use crate::{
    alert::{Change, Event, Kind},
    deployment::Secret,
};

/// Where an Alertmanager listens, and what it wants to be told.
#[derive(Clone, Copy, Debug)]
pub struct Server<'a> {
    pub url: &'a str,
    pub token: Option<&'a Secret>,
}

/// How long an alert fires that is not sent again: several times as long as it takes until it is.
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

/// Sends events: what appeared fires, what is resolved ends. Alertmanager takes the same event twice for one.
///
/// # Errors
///
/// Alertmanager does not take them.
pub fn deliver(
    client: &ureq::Agent,
    server: Server<'_>,
    deliveries: &[Delivery<'_>],
) -> Result<(), SinkError> {
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
    send(client, server, &alerts)
}

/// Sends every finding that holds again, so that it goes on firing.
///
/// # Errors
///
/// Alertmanager does not take them.
pub fn refresh(
    client: &ureq::Agent,
    server: Server<'_>,
    host: &str,
    open: &[Open],
    now: Timestamp,
) -> Result<(), SinkError> {
    let end = now.checked_add(LIFETIME).ok();
    let alerts: Vec<Value> = open
        .iter()
        .filter_map(|open| {
            let verdict = open.event.now.as_ref()?;
            Some(alert(host, &open.event, verdict, open.since, end))
        })
        .collect();
    send(client, server, &alerts)
}

fn send(client: &ureq::Agent, server: Server<'_>, alerts: &[Value]) -> Result<(), SinkError> {
    if alerts.is_empty() {
        return Ok(());
    }
    let url = format!("{}/api/v2/alerts", server.url.trim_end_matches('/'));
    let headers: Vec<_> = authorization(server.token)?.into_iter().collect();
    post(client, &url, &headers, &serde_json::to_string(alerts)?)
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
