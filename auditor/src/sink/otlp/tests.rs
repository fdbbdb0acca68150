//! Events as records, and all texts of them.

use opentelemetry_proto::tonic::{
    common::v1::{KeyValue, any_value::Value},
    metrics::v1::{Metric, metric::Data},
    resource::v1::Resource,
};

use super::{logs, numbers, source::resource};
use crate::{
    alert::{Change, Event, Kind, Subject, Verdict},
    report::schema::{FlowVerdict, RuleVerdict, Severity},
    sink::delivery::{Delivery, Measured, Watcher},
};

const FROM: Watcher<'_> = Watcher {
    host: "web1",
    watch: "/var/lib/auditor",
};

fn event(subject: Subject, before: Option<Verdict>, now: Option<Verdict>) -> Event {
    Event {
        corrects: None,
        severity_before: None,
        at: "2026-11-20T12:00:00.000001Z".parse().unwrap(),
        change: Change::Changed,
        subject,
        before,
        now,
        severity: Severity::Violation,
        text: "two\nlines".to_owned(),
    }
}

/// An event about a flow by its key.
fn of_flow(key: &str) -> Event {
    let (before, now) = (FlowVerdict::Unexpected, FlowVerdict::Forbidden);
    event(
        Subject::read(Kind::Flow, key).unwrap(),
        Some(Verdict::Flow(before)),
        Some(Verdict::Flow(now)),
    )
}

fn value(attribute: &KeyValue) -> String {
    match attribute.value.clone().and_then(|any| any.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Attributes as `name=value`, in order.
fn written(attributes: &[KeyValue]) -> String {
    let one = |attribute: &KeyValue| format!("{}={}", attribute.key, value(attribute));
    attributes.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// The request's only record, as text.
fn record(event: &Event) -> String {
    let request = logs::request(&[Delivery { from: FROM, event }]).unwrap();
    let [logs] = &*request.resource_logs else {
        panic!("{request:?}");
    };
    assert_eq!(logs.resource, Some(resource(FROM)));
    let [scope] = &*logs.scope_logs else {
        panic!("{request:?}");
    };
    let [record] = &*scope.log_records else {
        panic!("{request:?}");
    };
    assert_eq!(record.time_unix_nano, record.observed_time_unix_nano);
    let body = record.body.clone().and_then(|any| any.value);
    let Some(Value::StringValue(body)) = body else {
        panic!("{request:?}");
    };
    format!(
        "{} {} {} {} {body}\n{}",
        record.time_unix_nano,
        record.severity_number,
        record.severity_text,
        record.event_name,
        written(&record.attributes)
    )
}

#[test]
fn nothing_is_no_request() {
    assert_eq!(logs::request(&[]), None);
}

#[test]
fn records() {
    let flow = Event {
        severity_before: Some(Severity::Warning),
        corrects: Some(Subject::read(Kind::Flow, "10.0.0.2 -> 10.0.0.1 udp/40000").unwrap()),
        ..of_flow("10.0.0.1 -> 10.0.0.2 tcp/443 inside vxlan")
    };
    insta::assert_snapshot!(record(&flow), @r"
    1795176000000001000 17 violation auditor.finding two\nlines
    auditor.change=changed
    auditor.kind=flow
    auditor.key=10.0.0.1 -> 10.0.0.2 tcp/443 inside vxlan
    auditor.severity=violation
    auditor.before=unexpected
    auditor.now=forbidden
    auditor.severity_before=warning
    auditor.corrects=10.0.0.2 -> 10.0.0.1 udp/40000
    source.address=10.0.0.1
    destination.address=10.0.0.2
    destination.port=443
    network.transport=tcp
    network.type=ipv4
    ");
    // The type of an ICMP request is no port.
    insta::assert_snapshot!(record(&of_flow("fd00::1 -> fd00::2 ipv6-icmp type 128")), @r"
    1795176000000001000 17 violation auditor.finding two\nlines
    auditor.change=changed
    auditor.kind=flow
    auditor.key=fd00::1 -> fd00::2 ipv6-icmp type 128
    auditor.severity=violation
    auditor.before=unexpected
    auditor.now=forbidden
    source.address=fd00::1
    destination.address=fd00::2
    network.transport=icmp
    network.type=ipv6
    ");
    let missing = Some(Verdict::Rule(RuleVerdict::Missing));
    let rule = Event {
        severity: Severity::Note,
        ..event(Subject::Rule("web".to_owned()), missing, None)
    };
    insta::assert_snapshot!(record(&rule), @r"
    1795176000000001000 10 note auditor.finding two\nlines
    auditor.change=changed
    auditor.kind=rule
    auditor.key=web
    auditor.severity=note
    auditor.before=missing
    ");
}

#[test]
fn severities() {
    let mut found = Vec::new();
    for severity in [
        Severity::Fine,
        Severity::Note,
        Severity::Warning,
        Severity::Violation,
    ] {
        let event = Event {
            severity,
            ..of_flow("10.0.0.1 -> 10.0.0.2 gre")
        };
        let line = record(&event);
        found.push(line.split(' ').nth(1).unwrap().to_owned());
    }
    assert_eq!(found, ["9", "10", "13", "17"]);
}

#[test]
fn two_watches_of_a_machine() {
    let other = Watcher {
        watch: "/srv/twin",
        ..FROM
    };
    let named = |from| {
        let text = written(&resource(from).attributes);
        text.replace(crate::sink::metrics::version().0, "VERSION")
    };
    insta::assert_snapshot!(named(FROM), @r"
    service.name=auditor
    service.version=VERSION
    service.instance.id=web1:/var/lib/auditor
    host.name=web1
    ");
    assert_ne!(named(FROM), named(other));
}

fn texts_of(resource: Option<&Resource>, attributes: &[KeyValue]) -> Vec<String> {
    let ours = resource.map(|one| one.attributes.as_slice());
    let all = ours.unwrap_or_default().iter().chain(attributes);
    all.map(value).collect()
}

/// All that is sent of an event as text.
pub(in crate::sink) fn texts(delivery: &Delivery<'_>) -> Vec<String> {
    let request = logs::request(std::slice::from_ref(delivery)).unwrap();
    let logs = &request.resource_logs[0];
    let record = &logs.scope_logs[0].log_records[0];
    let body = KeyValue {
        value: record.body.clone(),
        ..KeyValue::default()
    };
    let mut texts = texts_of(logs.resource.as_ref(), &record.attributes);
    texts.extend([value(&body), record.severity_text.clone()]);
    texts
}

/// All that is sent of metrics as text, of which nothing is lost.
pub(in crate::sink) fn texts_of_metrics(from: Watcher<'_>, text: &str) -> Vec<String> {
    let measured = Measured {
        text: text.to_owned(),
        since: None,
        at: "2026-11-20T12:00:00Z".parse().unwrap(),
    };
    let requests = numbers::requests(from, &measured);
    let n_points: usize = requests.iter().map(numbers::points).sum();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(n_points, lines.count());
    let mut texts = Vec::new();
    for one in requests.iter().flat_map(|one| &one.resource_metrics) {
        texts.extend(texts_of(one.resource.as_ref(), &[]));
        for metric in one.scope_metrics.iter().flat_map(|one| &one.metrics) {
            texts.push(metric.name.clone());
            texts.push(metric.description.clone());
            texts.extend(labels(metric));
        }
    }
    texts
}

fn labels(metric: &Metric) -> Vec<String> {
    let points = match &metric.data {
        Some(Data::Gauge(gauge)) => &gauge.data_points,
        Some(Data::Sum(sum)) => &sum.data_points,
        other => panic!("{other:?}"),
    };
    points
        .iter()
        .flat_map(|point| texts_of(None, &point.attributes))
        .collect()
}
