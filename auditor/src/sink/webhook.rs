//! Events as JSON objects to any HTTP server, signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};
use serde_json::json;
use sha2::Sha256;

use super::{Delivery, SinkError, authorization, post, reveal};
use crate::{
    alert::{Change, Event, Kind},
    deployment::Secret,
    report::schema::Severity,
};

/// A server that takes events.
#[derive(Clone, Copy, Debug)]
pub struct Hook<'a> {
    pub url: &'a str,
    pub key: Option<&'a Secret>,
    pub token: Option<&'a Secret>,
    pub template: Option<&'a str>,
}

/// Sends an event. With a key, the header `X-Auditor-Signature` has `sha256=` and the HMAC-SHA-256 (RFC 2104) of the body in
/// hexadecimal.
///
/// # Errors
///
/// The server does not take it, or a secret is not where it should be.
pub fn deliver(
    client: &ureq::Agent,
    hook: Hook<'_>,
    delivery: &Delivery<'_>,
) -> Result<(), SinkError> {
    let body = match hook.template {
        Some(template) => render(template, delivery)?,
        None => serde_json::to_string(&json!({ "host": delivery.host, "event": delivery.event }))?,
    };
    let mut headers: Vec<(&str, String)> = authorization(hook.token)?.into_iter().collect();
    if let Some(key) = hook.key
        && let Some(signature) = signature(&reveal(key)?, body.as_bytes())
    {
        headers.push(("x-auditor-signature", format!("sha256={signature}")));
    }
    post(client, hook.url, &headers, &body)
}

/// Tries a template on an event, so that what is wrong with it is said before there is one.
///
/// # Errors
///
/// It is no template, names something that events do not have, or makes no JSON.
pub fn check(template: &str) -> Result<(), SinkError> {
    for (before, now) in [(None, Some("missing")), (Some("missing"), None)] {
        let event = Event {
            at: Timestamp::UNIX_EPOCH,
            change: Change::Appeared,
            kind: Kind::Rule,
            key: "\"web\"".to_owned(),
            before: before.map(str::to_owned),
            now: now.map(str::to_owned),
            severity: Severity::Violation,
            text: "text with \"quotes\"\nand lines".to_owned(),
        };
        let delivery = Delivery {
            host: "host",
            event: &event,
        };
        serde_json::from_str::<serde::de::IgnoredAny>(&render(template, &delivery)?)?;
    }
    Ok(())
}

/// What a template makes of an event: each value that it names becomes JSON, text with its quotes.
fn render(template: &str, delivery: &Delivery<'_>) -> Result<String, SinkError> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Json);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let values = context! { host => delivery.host, event => delivery.event };
    Ok(environment.render_str(template, values)?)
}

/// In hexadecimal; a key of any length is one.
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
