//! What of remembered traffic an export would not have let pass.

use std::collections::BTreeMap;

use auditor_common::port::protocol;

use super::{
    alike::alike,
    schema::{Flow, FlowVerdict, Outcome, Report, Severity},
    words::plural,
};
use crate::export::{Firewall, Packet};

/// What would have been dropped of a report's flows, if all is dropped that is not let in.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Forecast {
    pub flows: usize,
    /// What is alike of them in a line each: how many flows, and what and why it is.
    pub lines: Vec<(usize, String)>,
}

impl Forecast {
    /// The forecast of a report that lists all flows. Without a firewall, which can be asked, it is of all that no rule allows: what an
    /// exception accepts is in no export.
    pub fn of(report: &Report, firewall: Option<&Firewall<'_>>) -> Self {
        let is_dropped = |flow: &&Flow| {
            // A conversation that was seen at several places is counted at one.
            passed(flow)
                && flow.counted_at.is_none()
                && match firewall {
                    Some(firewall) => !is_accepted(report, firewall, flow),
                    None => match flow.verdict {
                        FlowVerdict::Unexpected
                        | FlowVerdict::Forbidden
                        | FlowVerdict::Excepted => true,
                        FlowVerdict::Documented | FlowVerdict::Housekeeping => false,
                    },
                }
        };
        let mut by_verdict: BTreeMap<_, Vec<&Flow>> = BTreeMap::new();
        for flow in report.flows.iter().filter(is_dropped) {
            let key = (flow.verdict, flow.reason, flow.exception.as_deref());
            by_verdict.entry(key).or_default().push(flow);
        }
        let mut forecast = Self::default();
        for flows in by_verdict.into_values() {
            forecast.flows += flows.len();
            for alike in alike(report, &flows) {
                let Some(first) = alike.flows.first() else {
                    continue;
                };
                let first = why(first);
                let is_same = alike.flows.iter().all(|flow| why(flow) == first);
                let why = if is_same {
                    first
                } else {
                    in_general(&alike.flows)
                };
                let said = match alike.flows.len() {
                    1 => alike.said,
                    n => format!("{}: {}", plural(n, "flow"), alike.said),
                };
                forecast
                    .lines
                    .push((alike.flows.len(), format!("{said}: {why}")));
            }
        }
        forecast.lines.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
        forecast
    }
}

/// Whether something of a flow passed: it was answered, or it needs no answer and may have been taken.
fn passed(flow: &Flow) -> bool {
    match flow.outcome {
        Outcome::Established | Outcome::OneWay => true,
        Outcome::Attempted => {
            !matches!(flow.protocol, protocol::TCP | protocol::SCTP)
                && flow.severity != Severity::Warning
        }
        Outcome::Refused | Outcome::Accepted | Outcome::Unknown => false,
    }
}

/// A firewall sees the real endpoints of what is translated, or the apparent ones.
fn is_accepted(report: &Report, firewall: &Firewall<'_>, flow: &Flow) -> bool {
    let accepts = |client, server, port| {
        let packet = Packet {
            client,
            server,
            protocol: flow.protocol,
            port,
            is_loopback: flow.interface == "lo",
        };
        firewall.accepts(&packet, &report.host.addresses)
    };
    let mut real = flow.translated.iter().peekable();
    accepts(flow.client, flow.server, flow.port)
        || real.peek().is_some() && real.all(|ends| accepts(ends.client, ends.server, ends.port))
}

fn why(flow: &Flow) -> String {
    match flow.verdict {
        FlowVerdict::Unexpected | FlowVerdict::Forbidden => flow.explanation.clone(),
        FlowVerdict::Excepted => format!(
            "an exception accepts it, and no rule: {}",
            flow.exception.as_deref().unwrap_or_default()
        ),
        FlowVerdict::Documented => format!("documented, and not let in: {}", flow.explanation),
        FlowVerdict::Housekeeping => {
            "every network does this by itself, and no rule allows it".to_owned()
        }
    }
}

fn in_general(flows: &[&Flow]) -> String {
    let Some(first) = flows.first() else {
        return String::new();
    };
    let reason = first
        .reason
        .map_or_else(String::new, |reason| format!(" ({})", reason.name()));
    format!("{}{reason}", first.verdict.name())
}

#[cfg(test)]
mod tests;
