//! Flows as a table for people, without verdicts.

use std::fmt::{self, Write as _};

use super::{sentence, service, text, words};
use crate::observed::{Flow, Observed};

/// Renders these flows of what was observed, in their order.
pub fn render(observed: &Observed, flows: &[&Flow]) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _written = table(observed, flows, &mut out);
    out
}

fn table(observed: &Observed, flows: &[&Flow], out: &mut String) -> fmt::Result {
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
    let all = observed.flows.len();
    let of = if flows.len() == all {
        String::new()
    } else {
        format!(" of {all}")
    };
    writeln!(
        out,
        "\n{}{of} flows; packets / bytes as on the wire",
        flows.len()
    )
}
