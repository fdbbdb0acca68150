//! Alertmanager's API, version 2: an alert fires as long as it is sent again, and is resolved by its `endsAt`.

use std::{error::Error, path::Path, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use super::{
    delivery::{Configured, Delivery, Sink, SinkError, Watcher, fields},
    http::Server,
    secret::Secret,
};
use crate::{
    alert::{Change, Kind, OpenFinding, Subject, Verdict},
    escape,
    report::schema::Severity,
};

/// How often an open alert is sent: Alertmanager takes one that is not sent again as resolved.
const REFRESH: Duration = Duration::from_mins(1);
/// How long an alert fires that is not sent again: several times [`REFRESH`].
const LIFETIME: SignedDuration = SignedDuration::from_mins(5);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: Option<String>,
    /// The address of Alertmanager's web page, below which its API is.
    url: String,
    /// Where people see the watch's own page, which alerts lead to.
    #[serde(default)]
    page: Option<String>,
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
    let page = file.page.map(Page::new).transpose()?;
    Ok(Configured::new(file.name, Alertmanager { server, page }))
}

#[derive(Debug)]
struct Alertmanager {
    server: Server,
    page: Option<Page>,
}

/// The address of a page.
#[derive(Debug)]
struct Page(String);

/// An address that browsers can't be sent to.
#[derive(Debug, Error)]
#[error(
    "`{url}` is no address of a page: expected one such as https://host:9719/, by which people reach what --listen shows"
)]
struct NoPage {
    url: String,
}

impl Page {
    fn new(url: String) -> Result<Self, NoPage> {
        let is_page = url::Url::parse(&url)
            .is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host());
        if is_page {
            Ok(Self(url))
        } else {
            Err(NoPage { url })
        }
    }
}

impl Alertmanager {
    fn page(&self) -> Option<&str> {
        self.page.as_ref().map(|page| page.0.as_str())
    }

    fn send(&self, alerts: &[Value]) -> Result<(), SinkError> {
        if alerts.is_empty() {
            return Ok(());
        }
        let body = serde_json::to_string(alerts)?;
        self.server.post_to("/api/v2/alerts", &body)
    }
}

impl Sink for Alertmanager {
    /// Findings that appeared fire, and resolved ones end. To Alertmanager, the same event sent twice is one.
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
        let mut alerts = Vec::new();
        for Delivery { from, event } in deliveries {
            // Alertmanager damps by itself, so the alert of a flapping finding stays as it was.
            if event.change == Change::Flapping {
                continue;
            }
            let alert = |subject, verdict, severity, end| Alert {
                from: *from,
                page: self.page(),
                subject,
                verdict,
                severity,
                text: &event.text,
                start: event.at,
                end,
            };
            let before = event.corrects.as_ref().unwrap_or(&event.subject);
            // Labels are an alert's identity: one that is another now ends.
            let was = event.severity_before.unwrap_or(event.severity);
            if let Some(verdict) = event.before
                && (before != &event.subject || event.before != event.now || was != event.severity)
            {
                alerts.push(alert(before, verdict, was, Some(event.at)).to_value());
            }
            if let Some(now) = event.now {
                let end = event.at.checked_add(LIFETIME).ok();
                alerts.push(alert(&event.subject, now, event.severity, end).to_value());
            }
        }
        self.send(&alerts)
    }

    fn refresh_interval(&self) -> Option<Duration> {
        Some(REFRESH)
    }

    fn refresh(
        &self,
        from: Watcher<'_>,
        open: &[OpenFinding],
        now: Timestamp,
    ) -> Result<(), SinkError> {
        let end = now.checked_add(LIFETIME).ok();
        let mut alerts = Vec::new();
        for OpenFinding {
            subject,
            finding,
            since,
        } in open
        {
            let alert = Alert {
                from,
                page: self.page(),
                subject,
                verdict: finding.verdict,
                severity: finding.severity,
                text: &finding.text,
                start: *since,
                end,
            };
            alerts.push(alert.to_value());
        }
        self.send(&alerts)
    }
}

/// One alert of the API.
pub(super) struct Alert<'a> {
    pub(super) from: Watcher<'a>,
    /// Where people see more of it.
    pub(super) page: Option<&'a str>,
    pub(super) subject: &'a Subject,
    pub(super) verdict: Verdict,
    pub(super) severity: Severity,
    pub(super) text: &'a str,
    pub(super) start: Timestamp,
    pub(super) end: Option<Timestamp>,
}

impl Alert<'_> {
    /// Labels identify an alert, so they stay the same from its start to its end; what may change is in annotations.
    pub(super) fn to_value(&self) -> Value {
        let (kind, key) = (self.subject.kind(), self.subject.key());
        let (Watcher { host, watch }, verdict) = (self.from, self.verdict.name());
        let name = match kind {
            Kind::Flow => "AuditorFlow",
            Kind::Rule => "AuditorRule",
            Kind::Unproven => "AuditorUnproven",
            Kind::Unplaced => "AuditorUnplaced",
            // Its label is the host that it is about, and not the fleet.
            Kind::Host => "AuditorHost",
        };
        let mut alert = json!({
            "labels": {
                "alertname": name,
                "host": host,
                "watch": watch,
                "verdict": verdict,
                "severity": self.severity.name(),
                kind.name(): key,
            },
            "annotations": {
                "summary": format!("{verdict} {} {key} on {host}", kind.name()),
                "description": self.text,
            },
            "startsAt": format!("{:.3}", self.start),
        });
        if let (Some(end), Some(fields)) = (self.end, alert.as_object_mut()) {
            fields.insert("endsAt".to_owned(), json!(format!("{end:.3}")));
        }
        if let (Some(page), Some(fields)) = (self.page, alert.as_object_mut()) {
            fields.insert("generatorURL".to_owned(), json!(page));
        }
        // Alertmanager shows them to people.
        escape::shown(&alert)
    }
}
