//! An event as a line of what a watch prints.

use super::settings::EventFormat;
use crate::{
    alert::{Event, EventJson},
    escape,
    output::{Urgency, is_dated, print_event, warn},
    report::{clean_line, schema::Severity},
};

/// Prints an event; that it can't be printed is said, and ends nothing.
pub(crate) fn say_event(event: &Event, format: EventFormat) {
    let text = match format {
        EventFormat::Text => {
            let mut text = String::new();
            // One time is enough.
            let line = if is_dated() {
                event.without_time().to_string()
            } else {
                event.to_string()
            };
            clean_line(&mut text, &line);
            text
        }
        EventFormat::Jsonl => match serde_json::to_string(&EventJson::from(event)) {
            Ok(line) => format!("{}\n", escape::json(&line)),
            Err(error) => format!("{{\"error\": \"{error}\"}}\n"),
        },
    };
    if let Err(error) = print_event(&text, urgency(event)) {
        warn(&format!("auditor: {error:#}"));
    }
}

/// How urgent an event is, as sinks that speak syslog have it.
const fn urgency(event: &Event) -> Urgency {
    match event.severity {
        Severity::Violation => Urgency::Error,
        Severity::Warning => Urgency::Warning,
        Severity::Note => Urgency::Notice,
        Severity::Fine => Urgency::Info,
    }
}
