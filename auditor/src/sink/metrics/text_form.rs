//! Metrics in Prometheus' text form, version 0.0.4, for those who do not know `OpenMetrics`.

use std::collections::BTreeSet;

/// The same metrics in Prometheus' text form, version 0.0.4: what is said of a counter is said of its sample, units are not said,
/// and no mark ends them.
pub fn as_text(open_metrics: &str) -> String {
    let counters: BTreeSet<&str> = open_metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter"))
        .collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        if line == "# EOF" || line.starts_with("# UNIT ") {
            continue;
        }
        let said = ["# HELP ", "# TYPE "]
            .iter()
            .find_map(|what| Some((what, line.strip_prefix(what)?.split_once(' ')?)));
        match said {
            Some((what, (name, rest))) if counters.contains(name) => {
                text.extend([what, name, "_total ", rest, "\n"]);
            }
            Some(_) | None => text.extend([line, "\n"]),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::as_text;

    #[test]
    fn the_older_form_says_the_same() {
        let open = "# HELP a_packets Help of it.\n# TYPE a_packets counter\n# UNIT a_packets packets\na_packets_total{b=\"# TYPE c counter\"} 1\n# HELP c Other.\n# TYPE c gauge\nc 2\n# EOF\n";
        assert_eq!(
            as_text(open),
            "# HELP a_packets_total Help of it.\n# TYPE a_packets_total counter\na_packets_total{b=\"# TYPE c counter\"} 1\n# HELP c Other.\n# TYPE c gauge\nc 2\n"
        );
    }
}
