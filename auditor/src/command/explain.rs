//! `auditor explain`: why a flow or a rule has its verdict.

use anyhow::bail;
use clap::Args;

use super::{options::ReportOption, reading};
use crate::{
    exit::Exit,
    fleet::{self, schema::FleetReport},
    output::print,
    report::{self, explain::Query},
};

/// Say step by step why a flow or a rule has its verdict.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor explain tcp/443 --report report.json")]
pub struct Explain {
    /// The id of a rule or a part of it, of its service or of its roles; or a flow such as '10.0.9.7 -> 10.0.0.1 tcp/443' or
    /// any part of it: an address, a port, a role
    #[arg(required = true, value_name = "FLOW|RULE")]
    what: Vec<String>,
    #[command(flatten)]
    report: ReportOption,
}

/// The most flows, and rules, that are explained at once.
const MOST: usize = 20;

/// Explains the rules and flows that the arguments match.
///
/// # Errors
///
/// A report that can't be read, or nothing in it that matches.
pub fn run(command: &Explain) -> anyhow::Result<Exit> {
    let path = &command.report.report;
    let text = reading::text(path)?;
    let what = command.what.join(" ");
    if let Some(fleet) = reading::fleet(path, &text)? {
        return of_fleet(&fleet, &what);
    }
    let report = reading::parse(path, &text)?;
    let (rules, flows) = Query::parse(&what).find(&report);
    let mut parts: Vec<Vec<String>> = Vec::new();
    parts.extend(
        rules
            .iter()
            .take(MOST)
            .map(|rule| report::explain::rule(&report, rule)),
    );
    let shown = flows.iter().take(MOST);
    parts.extend(shown.map(|flow| report::explain::flow(&report, flow)));
    if parts.is_empty() {
        bail!(
            "the report has no rule and no flow `{what}`: expected a part of one of its {} rules or of one of its {} flows",
            report.rules.len(),
            report.flows.len()
        );
    }
    let mut text = told(&parts);
    for (n, what) in [(rules.len(), "rules"), (flows.len(), "flows")] {
        if MOST < n {
            let more = n - MOST;
            let line = format!("\nand {more} more {what}: name more of what is meant");
            report::clean_line(&mut text, &line);
        }
    }
    print(&text)?;
    Ok(Exit::Clean)
}

/// Explains what is meant of a fleet.
///
/// # Errors
///
/// Nothing in its report is meant.
pub(super) fn of_fleet(report: &FleetReport, what: &str) -> anyhow::Result<Exit> {
    let parts = fleet::explain(report, what);
    if parts.is_empty() {
        bail!(
            "the fleet's report has no host, no rule and no finding `{what}`: expected one of its {} hosts, or a part of one of its {} rules or of one of its {} findings",
            report.hosts.len(),
            report.rules.len(),
            report.findings.len()
        );
    }
    print(&told(&parts))?;
    Ok(Exit::Clean)
}

/// Each part in its lines, with an empty one between two.
fn told(parts: &[Vec<String>]) -> String {
    let mut text = String::new();
    for (at, steps) in parts.iter().enumerate() {
        if 0 < at {
            text.push('\n');
        }
        for step in steps {
            report::clean_line(&mut text, step);
        }
    }
    text
}
