//! An event as a line of what a watch prints.

use super::settings::EventFormat;
use crate::{
    alert::{Event, EventJson},
    escape,
    output::{print, say},
    report::clean_line,
};

/// Prints an event; that it can't be printed is said, and ends nothing.
pub(crate) fn say_event(event: &Event, format: EventFormat) {
    let text = match format {
        EventFormat::Text => {
            let mut text = String::new();
            clean_line(&mut text, &event.to_string());
            text
        }
        EventFormat::Jsonl => match serde_json::to_string(&EventJson::from(event)) {
            Ok(line) => format!("{}\n", escape::json(&line)),
            Err(error) => format!("{{\"error\": \"{error}\"}}\n"),
        },
    };
    if let Err(error) = print(&text) {
        say(&format!("auditor: {error:#}"));
    }
}
