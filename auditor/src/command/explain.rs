//! `auditor explain`: why a flow or a rule has its verdict.

use anyhow::bail;
use clap::Args;

use super::{options::ReportOption, reading};
use crate::{
    exit::Exit,
    output::print,
    report::{self, explain::Query},
};

/// Say step by step why a flow or a rule has its verdict.
#[derive(Args, Debug)]
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
    let report = reading::report(&command.report.report)?;
    let what = command.what.join(" ");
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
    let mut text = String::new();
    for (at, steps) in parts.iter().enumerate() {
        if 0 < at {
            text.push('\n');
        }
        for step in steps {
            report::clean_line(&mut text, step);
        }
    }
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
