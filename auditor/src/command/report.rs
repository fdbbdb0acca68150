//! `auditor report`: a report in another form.

use std::{io::IsTerminal as _, path::PathBuf};

use clap::{Args, ValueEnum};

use super::reading;
use crate::{
    agent::state,
    exit::Exit,
    output::write,
    report::{self, Look, Report, schema},
};

/// Show a report that was written as JSON in another form.
#[derive(Args, Debug)]
pub struct ReportCommand {
    /// The report, as `auditor audit --json` wrote it; `-` reads standard input
    #[arg(value_name = "REPORT", default_value = state::REPORT)]
    report: PathBuf,
    #[command(flatten)]
    form: FormOptions,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON Schema of reports instead
    #[arg(long)]
    schema: bool,
}

/// How a report is shown, and what its exit code says.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FormOptions {
    /// What to print
    #[arg(long, value_enum, default_value_t = Form::Text)]
    format: Form,
    /// What makes the exit code 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Violation)]
    fail_on: FailOn,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Form {
    /// For people
    Text,
    /// A page for browsers, in one file
    Html,
    /// As it is kept and read back
    Json,
    /// Test results for CI systems
    Junit,
    /// Findings for code scanners
    Sarif,
    /// A table for spreadsheets
    Csv,
    /// For tickets and merge requests
    Markdown,
    /// Lines of JSON for SIEMs: Network Activity and Detection Finding of the Open Cybersecurity Schema Framework
    Ocsf,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum FailOn {
    /// A violation
    Violation,
    /// A violation or a warning
    Warning,
    /// Nothing
    Never,
}

impl FormOptions {
    /// The report in the form that was asked for; `to_terminal` if a person looks at it.
    pub(crate) fn render(self, report: &Report, to_terminal: bool) -> anyhow::Result<String> {
        Ok(match self.format {
            Form::Text => report::text(report, look(to_terminal)),
            Form::Html => report::html(report)?,
            Form::Json => report.to_json()?,
            Form::Junit => report::junit(report),
            Form::Sarif => report::sarif(report)?,
            Form::Csv => report::csv(report),
            Form::Markdown => report::markdown(report),
            Form::Ocsf => report::ocsf::render(report),
        })
    }

    /// What the report's findings make of the exit code.
    pub(crate) const fn exit(self, report: &Report) -> Exit {
        let summary = &report.summary;
        let n_failures = match self.fail_on {
            FailOn::Violation => summary.violations,
            FailOn::Warning => summary.violations + summary.warnings,
            FailOn::Never => 0,
        };
        if n_failures == 0 {
            Exit::Clean
        } else {
            Exit::Violations
        }
    }
}

/// What the terminal can show, if it is one.
fn look(to_terminal: bool) -> Look {
    if !to_terminal || !std::io::stdout().is_terminal() {
        return Look::default();
    }
    // https://no-color.org
    let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    Look {
        has_colours: !wants_none && !is_dumb,
        width: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
    }
}

/// Prints the report.
///
/// # Errors
///
/// A report that can't be read, or a file that can't be written.
pub fn run(command: &ReportCommand) -> anyhow::Result<Exit> {
    if command.schema {
        write(command.output.as_deref(), &schema::json_schema()?)?;
        return Ok(Exit::Clean);
    }
    let report = reading::report(&command.report)?;
    let to_terminal = command.output.is_none();
    let text = command.form.render(&report, to_terminal)?;
    write(command.output.as_deref(), &text)?;
    Ok(command.form.exit(&report))
}
