//! `auditor report`: a report in another form, or one of what a watch remembers.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;

use super::{
    filter::FilterOptions,
    options::{FailOn, FormOptions, shown},
    past::PastOptions,
    reading,
};
use crate::{
    agent::state,
    exit::Exit,
    output::{Readers, write},
    report::{Report, clean_line, consistency, digest, schema},
};

/// Show a report that was written as JSON in another form, or report on what `auditor watch` remembers.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor report report.json --format html -o report.html")]
pub struct ReportCommand {
    /// The report, as `auditor audit --json` wrote it; `-` reads standard input
    #[arg(value_name = "REPORT", default_value = state::REPORT)]
    report: PathBuf,
    #[command(flatten)]
    form: FormOptions,
    #[command(flatten)]
    filter: FilterOptions,
    /// Only what this role has a part in
    #[arg(
        long,
        value_name = "ROLE",
        help_heading = "What is shown",
        visible_alias = "show-role"
    )]
    role: Option<String>,
    #[command(flatten)]
    past: PastOptions,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON Schema of reports instead
    #[arg(long)]
    schema: bool,
    /// Say instead whether the report is to the byte what an auditor wrote, and its summary that of what it lists; exit code 2
    /// says that it is not
    #[arg(long, conflicts_with_all = ["schema", "last", "from", "until"])]
    verify: bool,
}

/// Prints the report.
///
/// # Errors
///
/// A report that can't be read, or a file that can't be written.
pub fn run(command: &ReportCommand) -> anyhow::Result<Exit> {
    if command.schema {
        write(
            command.output.as_deref(),
            &schema::json_schema()?,
            Readers::Mask,
        )?;
        return Ok(Exit::Clean);
    }
    if command.verify {
        return verify(command);
    }
    if command.past.is_wanted() {
        let filter = command.filter.filter(command.role.as_ref());
        let is_whole = command.filter.all || !filter.is_none();
        let past = command.past.report(is_whole)?;
        let before = if command.form.is_text() {
            past.effects
        } else {
            String::new()
        };
        return print(command, past.report, &before);
    }
    print(command, reading::report(&command.report)?, "")
}

/// Prints the part of a report that is wanted, in the form that is wanted, with this text before it.
fn print(command: &ReportCommand, report: Report, before: &str) -> anyhow::Result<Exit> {
    let to_terminal = command.output.is_none();
    let exit = command.form.exit(&report, FailOn::Never);
    let filter = command.filter.filter(command.role.as_ref());
    filter.check(&report)?;
    let part = shown(report, &filter, command.filter.all);
    let text = command
        .form
        .render(&part, to_terminal, command.filter.all)?;
    write(
        command.output.as_deref(),
        &format!("{before}{text}"),
        Readers::Owner,
    )?;
    Ok(exit)
}

/// Checks the report's digest and summary.
fn verify(command: &ReportCommand) -> anyhow::Result<Exit> {
    let text = reading::raw(&command.report)?;
    let name = command.report.display();
    let digest = digest::check(&text).with_context(|| format!("{name} can't be relied on"))?;
    let report = reading::parse(&command.report, &text)?;
    consistency::check(&report).with_context(|| format!("{name} can't be relied on"))?;
    let by = report
        .basis
        .as_ref()
        .map_or_else(String::new, |basis| format!(" by {}", basis.user));
    let part = report.shown.as_ref().map_or_else(String::new, |shown| {
        format!(
            "it is a part of a report, {}, and its summary is that of the whole; ",
            shown.asked_for
        )
    });
    let mut said = String::new();
    // Without a key a digest proves nothing of who made it.
    clean_line(
        &mut said,
        &format!(
            "{name} is whole: SHA-256 {digest}, which is that of its content; {part}it says that it was written{by} on {}, of {:.0} to {:.0}",
            report.host.name, report.window.start, report.window.end
        ),
    );
    write(command.output.as_deref(), &said, Readers::Owner)?;
    Ok(Exit::Clean)
}
