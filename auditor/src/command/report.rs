//! `auditor report`: a report in another form, or one of what a watch remembers.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;

use super::{
    filter::FilterOptions,
    options::{FailOn, FormOptions, shown},
    past::PastOptions,
    reading,
    signature::SignatureOptions,
};
use crate::{
    agent::state,
    exit::Exit,
    output::{Readers, say, write},
    report::{Choice, Report, RoleFilter, clean_line, consistency, digest, schema},
};

/// Show a report that was written as JSON in another form, or report on what `auditor watch` remembers.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor report report.json --format html -o report.html")]
pub struct ReportCommand {
    /// The report, as `auditor audit --json` wrote it; `-` reads standard input
    #[arg(value_name = "REPORT", default_value = state::REPORT)]
    report: PathBuf,
    /// More reports, where they are verified
    #[arg(
        value_name = "REPORT",
        requires = "verify",
        conflicts_with = "signature"
    )]
    others: Vec<PathBuf>,
    #[command(flatten)]
    form: FormOptions,
    #[command(flatten)]
    filter: FilterOptions,
    /// Only what these roles have a part in, or no-role for ends in none; '!web' takes all else
    #[arg(
        long,
        value_name = "ROLE",
        help_heading = "What is shown",
        visible_alias = "show-role"
    )]
    role: Option<Choice<RoleFilter>>,
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
    #[command(flatten)]
    signature: SignatureOptions,
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
    if command.signature.signs() && command.output.is_none() {
        return sign(command);
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
    if let Some(output) = &command.output {
        command.signature.sign(output)?;
    }
    Ok(exit)
}

/// Signs a report as it is.
fn sign(command: &ReportCommand) -> anyhow::Result<Exit> {
    if command.past.is_wanted() {
        bail!("what is to be signed has to be a file: add --output");
    }
    let path = &command.report;
    let name = path.display();
    // Who signs what was altered on the way would say that it is right.
    let text = reading::raw(path)?;
    digest::check(&text)
        .with_context(|| format!("{name} can't be relied on, so it is not signed"))?;
    command.signature.sign(path)?;
    Ok(Exit::Clean)
}

/// Checks digests and summaries of reports, and their signatures if that is asked for. One that can't be relied on hides none of
/// the others.
fn verify(command: &ReportCommand) -> anyhow::Result<Exit> {
    let (mut said, mut exit) = (String::new(), Exit::Clean);
    for path in std::iter::once(&command.report).chain(&command.others) {
        match verified(command, path) {
            Ok(one) => said.push_str(&one),
            Err(problem) if command.others.is_empty() => return Err(problem),
            Err(problem) => {
                say(&format!("auditor: {problem:#}"));
                exit = Exit::Failed;
            }
        }
    }
    write(command.output.as_deref(), &said, Readers::Owner)?;
    Ok(exit)
}

/// What is said of a report that can be relied on.
fn verified(command: &ReportCommand, path: &Path) -> anyhow::Result<String> {
    let text = reading::raw(path)?;
    let name = path.display();
    let signed = command.signature.verify(path, text.as_bytes())?;
    let mut said = String::new();
    if let Some(signed) = &signed {
        clean_line(
            &mut said,
            &format!(
                "{name} is as {} signed it, by the key {}",
                signed.principals, signed.fingerprint
            ),
        );
    }
    // A page or a table has no digest of its own: the signature is all there is.
    let is_other_form = signed.is_some() && !text.starts_with('{');
    if !is_other_form {
        clean_line(&mut said, &whole(path, &text)?);
    }
    Ok(said)
}

/// That a report is whole, by its digest and its summary.
fn whole(path: &Path, text: &str) -> anyhow::Result<String> {
    let name = path.display();
    let digest = digest::check(text).with_context(|| format!("{name} can't be relied on"))?;
    let report = reading::parse(path, text)?;
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
    // Without a key a digest proves nothing of who made it.
    Ok(format!(
        "{name} is whole: SHA-256 {digest}, which is that of its content; {part}it says that it was written{by} on {}, of {:.0} to {:.0}",
        report.host.name, report.window.start, report.window.end
    ))
}
