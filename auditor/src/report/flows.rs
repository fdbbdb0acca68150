//! Flows as a table for people, without verdicts.

use std::fmt::{self, Write as _};

use super::{sentence, service, text, words};
use crate::observed::{Flow, Observed};

/// Renders the flows, the busiest first.
pub fn render(observed: &Observed) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _written = table(observed, &mut out);
    out
}

fn table(observed: &Observed, out: &mut String) -> fmt::Result {
    let mut flows: Vec<&Flow> = observed.flows.iter().collect();
    let n_bytes = |flow: &Flow| flow.to_server.bytes + flow.to_client.bytes;
    flows.sort_by_key(|flow| std::cmp::Reverse(n_bytes(flow)));
    let head = [
        "client",
        "server",
        "service",
        "to server",
        "to client",
        "known by",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(flows.iter().map(|flow| {
        let direction = |counters: crate::observed::DirectionCounters| {
            format!(
                "{} / {}",
                words::number(counters.packets),
                words::number(counters.bytes)
            )
        };
        [
            flow.client.to_string(),
            flow.server.to_string(),
            service::of(flow),
            direction(flow.to_server),
            direction(flow.to_client),
            words::evidence(flow.evidence.into()).to_owned(),
        ]
    }));
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for row in &rows {
        let mut line = String::new();
        for (width, cell) in widths.iter().zip(row) {
            write!(line, "{cell:<width$}  ")?;
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    let gaps = observed.gaps.iter().map(sentence::gap);
    for gap in gaps {
        text::line(out, &format!("not seen: {gap}"));
    }
    writeln!(
        out,
        "\n{} flows; packets / bytes as on the wire",
        flows.len()
    )
}
