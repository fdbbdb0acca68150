//! Events as records of logs: <https://opentelemetry.io/docs/specs/otel/logs/data-model/>.

use std::net::IpAddr;

use opentelemetry_proto::tonic::{
    collector::logs::v1::ExportLogsServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber},
};

use super::source::{any, nanoseconds, number, resource, scope, text};
use crate::{
    alert::{Event, Verdict},
    escape,
    report::schema::Severity,
    sink::delivery::Delivery,
    transport::Transport,
};

/// All records have these attributes.
const EVENT_NAME: &str = "auditor.finding";

/// The request of events, all of which are of one watch; `None` without any.
pub(super) fn request(deliveries: &[Delivery<'_>]) -> Option<ExportLogsServiceRequest> {
    let from = deliveries.first()?.from;
    let records = deliveries.iter().map(|delivery| record(delivery.event));
    let scope_logs = ScopeLogs {
        scope: Some(scope()),
        log_records: records.collect(),
        ..ScopeLogs::default()
    };
    Some(ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(resource(from)),
            scope_logs: vec![scope_logs],
            ..ResourceLogs::default()
        }],
    })
}

fn record(event: &Event) -> LogRecord {
    let at = nanoseconds(event.at);
    LogRecord {
        time_unix_nano: at,
        // Who observes it is who makes it, however long it waited since.
        observed_time_unix_nano: at,
        severity_number: severity_number(event.severity).into(),
        severity_text: event.severity.name().to_owned(),
        body: Some(any(Value::StringValue(
            escape::line(&event.text).into_owned(),
        ))),
        attributes: attributes(event),
        event_name: EVENT_NAME.to_owned(),
        ..LogRecord::default()
    }
}

/// As the data model maps those of syslog, which has the same four.
const fn severity_number(severity: Severity) -> SeverityNumber {
    match severity {
        Severity::Violation => SeverityNumber::Error,
        Severity::Warning => SeverityNumber::Warn,
        Severity::Note => SeverityNumber::Info2,
        Severity::Fine => SeverityNumber::Info,
    }
}

/// By the semantic conventions, and what these have no word for by the words of events as JSON.
fn attributes(event: &Event) -> Vec<KeyValue> {
    let mut attributes = vec![
        text("auditor.change", event.change.name()),
        text("auditor.kind", event.subject.kind().name()),
        text("auditor.key", event.subject.key()),
        text("auditor.severity", event.severity.name()),
    ];
    let verdict = |name, verdict: Option<Verdict>| verdict.map(|one| text(name, one.name()));
    attributes.extend(verdict("auditor.before", event.before));
    attributes.extend(verdict("auditor.now", event.now));
    let before = event.severity_before;
    attributes.extend(before.map(|one| text("auditor.severity_before", one.name())));
    let corrects = event.corrects.as_ref();
    attributes.extend(corrects.map(|one| text("auditor.corrects", one.key())));
    if let Some(flow) = event.subject.flow() {
        let (client, service) = (flow.client(), flow.service());
        attributes.push(text("source.address", &client.to_string()));
        attributes.push(text("destination.address", &flow.server().to_string()));
        let port = service.port_of_transport();
        attributes.extend(port.map(|port| number("destination.port", port.into())));
        let transport = Transport::from_protocol(service.protocol);
        attributes.extend(transport.map(|one| text("network.transport", one.name())));
        let network = match client {
            IpAddr::V4(_) => "ipv4",
            IpAddr::V6(_) => "ipv6",
        };
        attributes.push(text("network.type", network));
    }
    attributes
}
