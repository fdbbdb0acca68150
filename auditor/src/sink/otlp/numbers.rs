//! The metrics that a watch shows, as OTLP has them: from their text, so that both are the same.

use jiff::Timestamp;
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::KeyValue,
    metrics::v1::{
        AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
        metric::Data, number_data_point::Value,
    },
};

use super::source::{nanoseconds, resource, scope, text};
use crate::sink::delivery::{Measured, Watcher};

/// Points of one request: far less than the 4 MiB that receivers take.
const MOST_POINTS: usize = 2_000;

/// As many requests as are needed.
pub(super) fn requests(from: Watcher<'_>, measured: &Measured) -> Vec<ExportMetricsServiceRequest> {
    let mut parts: Vec<Vec<Metric>> = Vec::new();
    let mut left = 0;
    for family in families(&measured.text) {
        let mut points = family.points.as_slice();
        while !points.is_empty() {
            if left == 0 {
                parts.push(Vec::new());
                left = MOST_POINTS;
            }
            let (now, later) = points.split_at(points.len().min(left));
            points = later;
            left -= now.len();
            if let Some(part) = parts.last_mut() {
                part.push(family.metric(now, measured));
            }
        }
    }
    parts
        .into_iter()
        .map(|metrics| request(from, metrics))
        .collect()
}

fn request(from: Watcher<'_>, metrics: Vec<Metric>) -> ExportMetricsServiceRequest {
    let scope_metrics = ScopeMetrics {
        scope: Some(scope()),
        metrics,
        ..ScopeMetrics::default()
    };
    ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource(from)),
            scope_metrics: vec![scope_metrics],
            ..ResourceMetrics::default()
        }],
    }
}

/// How many points are in a request.
pub(super) fn points(request: &ExportMetricsServiceRequest) -> usize {
    let scopes = request
        .resource_metrics
        .iter()
        .flat_map(|one| &one.scope_metrics);
    let count = |metric: &Metric| match &metric.data {
        Some(Data::Gauge(gauge)) => gauge.data_points.len(),
        Some(Data::Sum(sum)) => sum.data_points.len(),
        Some(Data::Histogram(_) | Data::ExponentialHistogram(_) | Data::Summary(_)) | None => 0,
    };
    scopes.flat_map(|one| &one.metrics).map(count).sum()
}

/// The metrics of one name.
#[derive(Debug, Default, PartialEq)]
struct Family<'a> {
    name: &'a str,
    help: &'a str,
    is_counter: bool,
    points: Vec<Point<'a>>,
}

/// A line of them: names and values of its labels, and its own value.
#[derive(Clone, Debug, PartialEq)]
struct Point<'a> {
    labels: Vec<(&'a str, String)>,
    value: Value,
}

impl Family<'_> {
    fn metric(&self, points: &[Point<'_>], measured: &Measured) -> Metric {
        let since = measured.since.filter(|_| self.is_counter);
        let points = points.iter().map(|point| point.data(since, measured.at));
        let data_points = points.collect();
        let data = if self.is_counter {
            Data::Sum(Sum {
                data_points,
                aggregation_temporality: AggregationTemporality::Cumulative.into(),
                is_monotonic: true,
            })
        } else {
            Data::Gauge(Gauge { data_points })
        };
        Metric {
            name: self.sample(),
            description: self.help.to_owned(),
            unit: self.unit().to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    }

    /// The name that its lines have, which rules and dashboards ask for.
    fn sample(&self) -> String {
        let end = if self.is_counter { COUNTED } else { "" };
        format!("{}{end}", self.name)
    }

    /// By UCUM, where the name ends with a unit, as Prometheus' conventions have it.
    fn unit(&self) -> &'static str {
        match self.name.rsplit_once('_') {
            Some((_, "seconds")) => "s",
            Some((_, "bytes")) => "By",
            Some(_) | None => "",
        }
    }
}

impl Point<'_> {
    fn data(&self, since: Option<Timestamp>, at: Timestamp) -> NumberDataPoint {
        let labels = self.labels.iter();
        let attributes: Vec<KeyValue> = labels.map(|(name, value)| text(name, value)).collect();
        NumberDataPoint {
            attributes,
            start_time_unix_nano: since.map_or(0, nanoseconds),
            time_unix_nano: nanoseconds(at),
            value: Some(self.value),
            ..NumberDataPoint::default()
        }
    }
}

/// How the lines of a counter's name end.
const COUNTED: &str = "_total";

/// Reads text of `OpenMetrics`, of which gauges and counters are known.
fn families(text: &str) -> Vec<Family<'_>> {
    let mut families: Vec<Family<'_>> = Vec::new();
    for line in text.lines() {
        let said = |what| {
            line.strip_prefix(what)
                .and_then(|rest: &str| rest.split_once(' '))
        };
        if let Some((name, help)) = said("# HELP ") {
            families.push(Family {
                name,
                help,
                ..Family::default()
            });
        } else if let Some((_, kind)) = said("# TYPE ")
            && let Some(family) = families.last_mut()
        {
            family.is_counter = kind == "counter";
        } else if let Some(family) = families.last_mut()
            && let Some(rest) = line.strip_prefix(family.sample().as_str())
        {
            family.points.extend(point(rest));
        }
    }
    families
}

/// Reads what stands behind a line's name: ` 1`, or `{a="b"} 1`.
fn point(rest: &str) -> Option<Point<'_>> {
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (Vec::new(), rest),
    };
    let value = value.strip_prefix(' ')?;
    let value = match value.parse() {
        Ok(number) => Value::AsInt(number),
        Err(_) => Value::AsDouble(value.parse().ok()?),
    };
    Some(Point { labels, value })
}

/// Reads labels, and returns what stands behind them.
fn labels(mut rest: &str) -> Option<(Vec<(&str, String)>, &str)> {
    let mut labels = Vec::new();
    loop {
        if let Some(behind) = rest.strip_prefix('}') {
            return Some((labels, behind));
        }
        let (name, quoted) = rest.split_once("=\"")?;
        let (value, behind) = unquoted(quoted)?;
        labels.push((name, value));
        rest = behind.strip_prefix(',').unwrap_or(behind);
    }
}

/// A value up to the quote that ends it, and what stands behind that.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                c => value.push(c),
            },
            c => value.push(c),
        }
    }
}

#[cfg(test)]
mod tests;
