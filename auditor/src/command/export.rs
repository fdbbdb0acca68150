//! `auditor export`: a matrix as rules for software that enforces them.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::bail;
use clap::Args;

use super::{
    options::ComparisonOptions,
    past::{self, SpanOptions},
};
use crate::{
    agent::{configuration::Configuration, names},
    deployment::Roles,
    exit::Exit,
    export::{self, Firewall, Form, Scope},
    output::{Readers, say, write},
    report::{Forecast, ListingBounds, clean_line, plural},
};

/// Write matrices as what others enforce: nftables, Kubernetes or Cilium policies, or a table for a spreadsheet.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor export --as nftables --config auditor.toml --role web")]
pub struct Export {
    /// What to write: csv, nftables (for the roles of --role), networkpolicy or cilium
    #[arg(long = "as", value_name = "FORM")]
    form: Form,
    #[command(flatten)]
    policy: ComparisonOptions,
    #[command(flatten)]
    span: SpanOptions,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Writes the matrices, and reports which rules were left out.
///
/// # Errors
///
/// A file that can't be read or written, or roles that are missing.
pub fn run(command: &Export) -> anyhow::Result<Exit> {
    let configuration = Configuration::read(&command.policy.sources())?;
    if command.form == Form::Nftables && configuration.roles.is_empty() {
        bail!("a firewall is that of a host: name the roles that it plays with --role");
    }
    let known = |role: &_| {
        configuration
            .matrices
            .iter()
            .flat_map(|matrix| &matrix.rules)
            .flat_map(|rule| rule.client.iter().chain(&rule.server))
            .any(|one| one == role)
            || configuration
                .deployment
                .as_ref()
                .is_some_and(|deployment| deployment.roles.contains_key(role))
    };
    if let Some(unknown) = configuration.roles.iter().find(|role| !known(*role)) {
        bail!("no matrix and no deployment names the role `{unknown}`");
    }
    let (roles, conditions) = match &configuration.deployment {
        Some(deployment) => (
            deployment.resolve(&mut names::system_lookup),
            deployment.conditions.clone(),
        ),
        None => (Roles::default(), std::collections::BTreeMap::new()),
    };
    for (host, problem) in &roles.failures {
        say(&format!("auditor: {host} has no address: {problem}"));
    }
    let scope = Scope {
        matrices: &configuration.matrices,
        roles: &roles,
        conditions: &conditions,
        own: &configuration.roles,
    };
    let exported = export::export(&scope, command.form);
    write(command.output.as_deref(), &exported.text, Readers::Mask)?;
    for left_out in &exported.left_out {
        let rule = left_out.rule.escape_debug();
        say(&format!("left out: {rule}: {}", left_out.reason));
    }
    for note in &exported.notes {
        say(&format!("auditor: {note}"));
    }
    if command.span.is_wanted() {
        let firewall = (command.form == Form::Nftables).then(|| Firewall::new(&scope));
        say_dropped(command, &configuration, firewall.as_ref())?;
    }
    let closed: BTreeSet<&str> = exported
        .left_out
        .iter()
        .filter(|one| one.is_closed)
        .map(|one| one.rule.as_str())
        .collect();
    if closed.is_empty() {
        return Ok(Exit::Clean);
    }
    say(&format!(
        "auditor: the text lets in less than the matrix does, for what is said above of {}",
        plural(closed.len(), "rule")
    ));
    Ok(Exit::Violations)
}

/// More lines on flows that would have been dropped are not said.
const MOST_DROPPED: usize = 20;

/// Says what of the time that is asked for would not have passed.
fn say_dropped(
    command: &Export,
    configuration: &Configuration,
    firewall: Option<&Firewall<'_>>,
) -> anyhow::Result<()> {
    let (_, observed) = command.span.observed()?;
    let report = past::judged(configuration, &observed, ListingBounds::NONE)?;
    let forecast = Forecast::of(&report, firewall);
    let mut lines = vec![format!(
        "auditor: of what passed from {:.0} to {:.0}, {} would not have",
        report.window.start,
        report.window.end,
        plural(forecast.flows, "flow")
    )];
    let dropped = forecast.lines.iter();
    lines.extend(
        dropped
            .take(MOST_DROPPED)
            .map(|(_, said)| format!("would be dropped: {said}")),
    );
    let more: usize = forecast
        .lines
        .iter()
        .skip(MOST_DROPPED)
        .map(|(n, _)| n)
        .sum();
    if 0 < more {
        lines.push(format!("and {} more", plural(more, "flow")));
    }
    for line in lines {
        let mut clean = String::new();
        clean_line(&mut clean, &line);
        say(clean.trim_end());
    }
    Ok(())
}
