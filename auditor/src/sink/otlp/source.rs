//! Who says it, and values of attributes.

use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
};

use crate::{
    escape,
    sink::{delivery::Watcher, metrics::version},
};

/// The watch: `service.instance.id` tells those of a machine apart by where they keep their state.
pub(super) fn resource(from: Watcher<'_>) -> Resource {
    let Watcher { host, watch } = from;
    Resource {
        attributes: vec![
            text("service.name", "auditor"),
            text("service.version", version().0),
            text("service.instance.id", &format!("{host}:{watch}")),
            text("host.name", host),
        ],
        ..Resource::default()
    }
}

pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "auditor".to_owned(),
        version: version().0.to_owned(),
        ..InstrumentationScope::default()
    }
}

/// An attribute that is text, in which what is hidden is shown.
pub(super) fn text(name: &str, value: &str) -> KeyValue {
    attribute(name, Value::StringValue(escape::line(value).into_owned()))
}

pub(super) fn number(name: &str, value: i64) -> KeyValue {
    attribute(name, Value::IntValue(value))
}

pub(super) fn any(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue {
        key: name.to_owned(),
        value: Some(any(value)),
        ..KeyValue::default()
    }
}

/// Nanoseconds since 1970; 0, which means unknown, for what these can't tell.
pub(super) fn nanoseconds(at: jiff::Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}
