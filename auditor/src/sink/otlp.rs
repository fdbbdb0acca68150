//! OpenTelemetry's protocol (OTLP 1): events as records of logs, and the metrics that a watch shows.

mod answer;
mod grpc;
mod http;
mod logs;
mod numbers;
mod section;
mod source;

use std::{
    collections::BTreeMap,
    error::Error,
    path::Path,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceResponse, metrics::v1::ExportMetricsServiceResponse,
};
use prost::Message;

use self::{
    answer::Partial,
    grpc::GrpcCollector,
    http::HttpCollector,
    section::{Protocol, Section},
};
use super::delivery::{Configured, Delivery, Measured, Sink, SinkError, Watcher, fields};
use crate::output::say;

pub(super) fn read(
    section: toml::Table,
    directory: &Path,
) -> Result<Configured, Box<dyn Error + Send + Sync>> {
    let section = Section::read(fields(section)?, directory)?;
    let collector = match section.protocol {
        Protocol::Http => Collector::Http(HttpCollector::new(section.target, section.headers)),
        Protocol::Grpc => Collector::Grpc(GrpcCollector::new(section.target, section.headers)?),
    };
    let otlp = Otlp {
        name: section.name.clone().unwrap_or_else(|| "otlp".to_owned()),
        collector,
        metrics_interval: section.metrics_interval,
        hints: Mutex::default(),
    };
    Ok(Configured::new(section.name, otlp))
}

/// Whatever takes OTLP: most often a collector.
#[derive(Debug)]
struct Otlp {
    /// As it is called in messages.
    name: String,
    collector: Collector,
    metrics_interval: Option<Duration>,
    /// What it last said of each though it accepted everything.
    hints: Mutex<BTreeMap<Signal, String>>,
}

/// What takes it, by its protocol.
#[derive(Debug)]
enum Collector {
    Http(HttpCollector),
    Grpc(GrpcCollector),
}

/// What is exported: each kind has a path and a service of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Signal {
    Logs,
    Metrics,
}

impl Otlp {
    /// Exports a request of so many records or points, each of which is accepted.
    fn export<R: Message + Default + Into<Partial>>(
        &self,
        signal: Signal,
        request: &impl Message,
        total: usize,
    ) -> Result<(), SinkError> {
        let request = request.encode_to_vec();
        let answer = match &self.collector {
            Collector::Http(collector) => collector.export(signal, request),
            Collector::Grpc(collector) => collector.export(signal, request),
        }?;
        // It has said yes already; what can't be read beside that is as if it were not there.
        let partial: Partial = R::decode(answer.as_slice()).unwrap_or_default().into();
        if let Some(hint) = partial.judged(total)? {
            self.say(signal, hint);
        }
        Ok(())
    }

    /// Says what a collector suggests, once.
    fn say(&self, signal: Signal, hint: String) {
        let mut hints = self.hints.lock().unwrap_or_else(PoisonError::into_inner);
        let last = hints.entry(signal).or_default();
        if *last != hint {
            say(&format!("auditor: sink {} suggests: {hint}", self.name));
            *last = hint;
        }
    }
}

impl Sink for Otlp {
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
        match logs::request(deliveries) {
            Some(request) => {
                let total = deliveries.len();
                self.export::<ExportLogsServiceResponse>(Signal::Logs, &request, total)
            }
            None => Ok(()),
        }
    }

    fn metrics_interval(&self) -> Option<Duration> {
        self.metrics_interval
    }

    /// Sends all requests, also where one of them fails.
    fn send_metrics(&self, from: Watcher<'_>, measured: &Measured) -> Result<(), SinkError> {
        let mut result = Ok(());
        for request in numbers::requests(from, measured) {
            let total = numbers::points(&request);
            let sent =
                self.export::<ExportMetricsServiceResponse>(Signal::Metrics, &request, total);
            result = result.and(sent);
        }
        result
    }
}

#[cfg(test)]
pub(super) mod tests;
