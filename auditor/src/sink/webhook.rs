//! Events as JSON objects to any HTTP server, signed.

use std::{error::Error, path::Path};

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde::Deserialize;
use serde_json::json;
use sha2::Sha256;
use thiserror::Error;

use super::{
    delivery::{Configured, Delivery, Sink, SinkError, Watcher, fields},
    http::Server,
    secret::Secret,
};
use crate::{
    alert::{Change, Event, EventJson, Subject, Verdict},
    escape,
    report::schema::{RuleVerdict, Severity},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: Option<String>,
    url: String,
    #[serde(default)]
    key_file: Option<String>,
    #[serde(default)]
    key_env: Option<String>,
    #[serde(default)]
    token_file: Option<String>,
    #[serde(default)]
    token_env: Option<String>,
    #[serde(default)]
    template: Option<String>,
}

pub(super) fn read(
    section: toml::Table,
    directory: &Path,
) -> Result<Configured, Box<dyn Error + Send + Sync>> {
    let file: Fields = fields(section)?;
    let token = Secret::of("token", file.token_file, file.token_env, directory)?;
    let webhook = Webhook {
        server: Server::new(file.url, token)?,
        key: Secret::of("key", file.key_file, file.key_env, directory)?,
        template: file.template,
    };
    Ok(Configured::new(file.name, webhook))
}

/// Any HTTP server that takes a JSON object for each event.
#[derive(Debug)]
struct Webhook {
    server: Server,
    /// The key that events are signed with.
    key: Option<Secret>,
    /// A template for the body, in place of the event's JSON.
    template: Option<String>,
}

/// A template that does not render as JSON for some event.
#[derive(Debug, Error)]
#[error("its template should make JSON of `host` and `event`")]
struct TemplateError(#[source] SinkError);

/// The body of a request for an event.
pub(super) fn body(template: Option<&str>, delivery: &Delivery<'_>) -> Result<String, SinkError> {
    let body = match template {
        Some(template) => render(template, delivery)?,
        None => serde_json::to_string(
            &json!({ "host": delivery.from.host, "event": EventJson::from(delivery.event) }),
        )?,
    };
    Ok(escape::json(&body).into_owned())
}

impl Sink for Webhook {
    /// Finds an invalid template, or one that names a field that events do not have, before there is an event.
    fn check(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        if let Some(template) = &self.template {
            check(template).map_err(TemplateError)?;
        }
        Ok(())
    }

    /// One at a time, so that no event is sent again because another one failed.
    fn most_at_once(&self) -> usize {
        1
    }

    /// With a key, the header `X-Auditor-Signature` has `sha256=` and the HMAC-SHA-256 (RFC 2104) of the body in
    /// hexadecimal.
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
        for delivery in deliveries {
            let body = body(self.template.as_deref(), delivery)?;
            let mut headers = Vec::new();
            if let Some(key) = &self.key
                && let Some(signature) = signature(&key.reveal()?, body.as_bytes())
            {
                headers.push(("x-auditor-signature", format!("sha256={signature}")));
            }
            self.server.post(&headers, &body)?;
        }
        Ok(())
    }
}

/// Tries a template on an event that appears and on one that is resolved.
fn check(template: &str) -> Result<(), SinkError> {
    let missing = Verdict::Rule(RuleVerdict::Missing);
    for (before, now) in [(None, Some(missing)), (Some(missing), None)] {
        let event = Event {
            corrects: None,
            severity_before: None,
            at: Timestamp::UNIX_EPOCH,
            change: Change::Appeared,
            subject: Subject::Rule("\"web\"".to_owned()),
            before,
            now,
            severity: Severity::Violation,
            text: "text with \"quotes\"\nand lines".to_owned(),
        };
        let delivery = Delivery {
            from: Watcher {
                host: "host",
                watch: "/var/lib/auditor",
            },
            event: &event,
        };
        serde_json::from_str::<serde::de::IgnoredAny>(&render(template, &delivery)?)?;
    }
    Ok(())
}

/// Renders a template for an event: each value that it names becomes JSON, text with its quotes.
fn render(template: &str, delivery: &Delivery<'_>) -> Result<String, SinkError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Json);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let values = context! { host => delivery.from.host, event => EventJson::from(delivery.event) };
    Ok(environment.render_str(template, values)?)
}

/// The signature in hexadecimal; a key may have any length.
fn signature(key: &[u8], body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(body);
    let digits = mac.finalize().into_bytes();
    Some(crate::digits::hexadecimal(&digits))
}

#[cfg(test)]
mod tests {
    use super::{check, signature};

    #[test]
    fn templates_make_json_of_what_events_have() {
        check(r#"{"text": {{ host ~ ": " ~ event.text }}, "was": {{ event.before }}}"#).unwrap();
        for (template, problem) in [
            ("{\"text\": {{ event.text }", "syntax error"),
            ("{\"text\": {{ event.txt }}}", "undefined"),
            ("{\"text\": \"{{ event.text }}\"}", "expected"),
        ] {
            let error = check(template).unwrap_err().to_string();
            assert!(error.contains(problem), "{template}: {error}");
        }
    }

    #[test]
    fn signatures_of_the_standard() {
        // RFC 4231, test case 2.
        assert_eq!(
            signature(b"Jefe", b"what do ya want for nothing?").unwrap(),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
