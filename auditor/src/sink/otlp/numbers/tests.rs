//! Metrics of OTLP from the text that a watch shows.

use std::fmt::Write as _;

use opentelemetry_proto::tonic::{
    common::v1::any_value,
    metrics::v1::{Metric, metric::Data, number_data_point::Value},
};

use super::{MOST_POINTS, families, points, requests};
use crate::sink::delivery::{Measured, Watcher};

const FROM: Watcher<'_> = Watcher {
    host: "web1",
    watch: "/var/lib/auditor",
};

const TEXT: &str = r#"# HELP process_cpu_seconds Time of it.
# TYPE process_cpu_seconds counter
process_cpu_seconds_total 0.5
# HELP a_bytes Bytes.
# TYPE a_bytes counter
# UNIT a_bytes bytes
a_bytes_total{direction="sent"} 7
a_bytes_total{direction="received"} 18446744073709551615
# HELP a_table Places.
# TYPE a_table gauge
a_table 3
# HELP a_table_limit Most of them.
# TYPE a_table_limit gauge
a_table_limit{x="",y="a\\b \"c\", }=\n{"} -4
# HELP a_none Nothing has it.
# TYPE a_none gauge
# EOF
"#;

fn measured(text: &str) -> Measured {
    Measured {
        text: text.to_owned(),
        since: Some("2026-11-20T12:00:00Z".parse().unwrap()),
        at: "2026-11-20T12:01:00Z".parse().unwrap(),
    }
}

/// A metric, a line for it and for each point.
fn written(metric: &Metric) -> String {
    let Metric {
        name,
        description,
        unit,
        ..
    } = metric;
    let (kind, points) = match &metric.data {
        Some(Data::Gauge(gauge)) => ("gauge".to_owned(), &gauge.data_points),
        Some(Data::Sum(sum)) => {
            let kind = format!(
                "sum {} {}",
                sum.aggregation_temporality().as_str_name(),
                sum.is_monotonic
            );
            (kind, &sum.data_points)
        }
        other => panic!("{other:?}"),
    };
    let mut text = format!("{name} [{unit}] {kind}: {description}");
    for point in points {
        let value = match point.value.unwrap() {
            Value::AsInt(number) => format!("{number}"),
            Value::AsDouble(number) => format!("{number:?}"),
        };
        let span = (point.start_time_unix_nano, point.time_unix_nano);
        write!(text, "\n {span:?} {value}").unwrap();
        for label in &point.attributes {
            let Some(any_value::Value::StringValue(said)) = label.value.clone().unwrap().value
            else {
                panic!("{label:?}");
            };
            write!(text, " {}={said}", label.key).unwrap();
        }
    }
    text
}

#[test]
fn gauges_and_sums() {
    let [request] = &*requests(FROM, &measured(TEXT)) else {
        panic!("one request");
    };
    let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
    let text: Vec<String> = metrics.iter().map(written).collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    process_cpu_seconds_total [s] sum AGGREGATION_TEMPORALITY_CUMULATIVE true: Time of it.
     (1795176000000000000, 1795176060000000000) 0.5
    a_bytes_total [By] sum AGGREGATION_TEMPORALITY_CUMULATIVE true: Bytes.
     (1795176000000000000, 1795176060000000000) 7 direction=sent
     (1795176000000000000, 1795176060000000000) 1.8446744073709552e19 direction=received
    a_table [] gauge: Places.
     (0, 1795176060000000000) 3
    a_table_limit [] gauge: Most of them.
     (0, 1795176060000000000) -4 x= y=a\b "c", }=\n{
    "#);
    assert_eq!(points(request), 5);
}

#[test]
fn many_points_are_many_requests_and_none_is_lost() {
    let mut text = "# HELP a Help.\n# TYPE a gauge\n".to_owned();
    for n in 0..=2 * MOST_POINTS {
        writeln!(text, "a{{n=\"{n}\"}} {n}").unwrap();
    }
    text.push_str("# HELP b Help.\n# TYPE b counter\nb_total 1\n# EOF\n");
    let requests = requests(FROM, &measured(&text));
    let counts: Vec<usize> = requests.iter().map(points).collect();
    assert_eq!(counts, [MOST_POINTS, MOST_POINTS, 2]);
    assert_eq!(super::requests(FROM, &measured("# EOF\n")), []);
}

#[test]
fn lines_that_are_none_are_no_points() {
    for line in [
        "a",
        "a{",
        "a{b} 1",
        "a{b=\"c} 1",
        "a{b=\"c\"}",
        "a x",
        "ab 1",
    ] {
        let text = format!("# HELP a Help.\n# TYPE a gauge\n{line}\n");
        assert_eq!(families(&text)[0].points, [], "{line}");
    }
}
