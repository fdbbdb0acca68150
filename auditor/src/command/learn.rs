//! `auditor learn`: proposes rules for undocumented traffic that was seen, for a person to review.

use std::{fmt::Write as _, fs, path::PathBuf};

use clap::Args;

use super::{past::SpanOptions, reading};
use crate::{
    escape,
    exit::Exit,
    output::{Readers, replace, say, write},
    report,
};

/// Propose rules for what was seen and is not documented, grouped by role. Nothing is applied: a person takes them over.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor learn report.json -o more.toml")]
pub struct Learn {
    /// Reports, as `auditor audit --json` wrote them; `-` reads standard input
    #[arg(value_name = "REPORT", default_value = crate::agent::state::REPORT)]
    reports: Vec<PathBuf>,
    #[command(flatten)]
    span: SpanOptions,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the proposal as a matrix, with the roles that it needs in comments before it.
///
/// # Errors
///
/// A report that can't be read, or a file that can't be written.
pub fn run(command: &Learn) -> anyhow::Result<Exit> {
    let reports = if command.span.is_wanted() {
        vec![command.span.report()?]
    } else {
        let read = command.reports.iter().map(|path| reading::report(path));
        read.collect::<anyhow::Result<Vec<_>>>()?
    };
    let learned = report::learn(&reports);
    if 0 < learned.left_out {
        say(&format!(
            "auditor: no rule is proposed for {}: nobody answered, or no rule can name it",
            report::plural(learned.left_out, "unexpected flow")
        ));
    }
    if learned.matrix.rules.is_empty() {
        say("auditor: nothing to propose: every flow that was answered is documented");
        return Ok(Exit::Clean);
    }
    let mut text = String::new();
    text.push_str(BEGINNING);
    if !learned.roles.is_empty() {
        text.push_str(
            "# These hosts are in no role; the rules need them under [roles] of the deployment:\n",
        );
        for (role, addresses) in &learned.roles {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            writeln!(text, "# {:?} = {addresses:?}", role.name())?;
        }
    }
    text.push('\n');
    text.push_str(&escape::toml(&learned.matrix.to_toml()?));
    let is_earlier = |path: &PathBuf| {
        let before = fs::read_to_string(path);
        before.is_ok_and(|before| before.starts_with(BEGINNING))
    };
    let write = if command.output.as_ref().is_some_and(is_earlier) {
        replace
    } else {
        write
    };
    write(command.output.as_deref(), &text, Readers::Owner)?;
    Ok(Exit::Clean)
}

/// What a proposal begins with: a later one may take its place.
const BEGINNING: &str =
    "# Proposed from what was seen. Take over what should be, and close what should not.\n";
