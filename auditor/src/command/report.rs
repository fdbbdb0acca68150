//! `auditor report`: a report in another form.

use std::path::PathBuf;

use clap::Args;

use super::{
    filter::FilterOptions,
    options::{FailOn, FormOptions, shown},
    reading,
};
use crate::{
    agent::state,
    exit::Exit,
    output::{Readers, write},
    report::schema,
};

/// Show a report that was written as JSON in another form.
#[derive(Args, Debug)]
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
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON Schema of reports instead
    #[arg(long)]
    schema: bool,
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
    let report = reading::report(&command.report)?;
    let to_terminal = command.output.is_none();
    let exit = command.form.exit(&report, FailOn::Never);
    let filter = command.filter.filter(command.role.as_ref());
    let part = shown(report, &filter, command.filter.all);
    let text = command
        .form
        .render(&part, to_terminal, command.filter.all)?;
    write(command.output.as_deref(), &text, Readers::Owner)?;
    Ok(exit)
}
