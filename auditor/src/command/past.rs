//! Reports on what a watch remembers, judged by what is in force or by what is not yet.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::reading;
use crate::{
    agent::{
        configuration::{Configuration, PolicySources},
        names,
        past::{Past, Span},
        state,
    },
    length::length,
    observed::Observed,
    output::say,
    report::{ListingBounds, Report, clean_line, effect},
};

/// Which time of a watch's history.
#[derive(Args, Debug)]
pub(super) struct SpanOptions {
    /// Report on this long before the history's end, such as 30d
    #[arg(long, value_name = "TIME", value_parser = length, conflicts_with_all = ["from", "until"], help_heading = "What a watch remembers")]
    last: Option<SignedDuration>,
    /// Report from this day or moment on, such as 2026-11-01 or 2026-11-01T12:00:00Z; without an offset it is UTC
    #[arg(long, value_name = "DATE", value_parser = moment, help_heading = "What a watch remembers")]
    from: Option<Timestamp>,
    /// Report until this day or moment
    #[arg(long, value_name = "DATE", value_parser = moment, help_heading = "What a watch remembers")]
    until: Option<Timestamp>,
    /// Where the watch keeps what it saw
    #[arg(long, value_name = "DIRECTORY", default_value = state::DIRECTORY, help_heading = "What a watch remembers")]
    state: PathBuf,
}

/// Which time of a watch's history, and what it is compared with.
#[derive(Args, Debug)]
pub(super) struct PastOptions {
    #[command(flatten)]
    span: SpanOptions,
    /// A deployment to compare with instead of the watch's own; what it would change is said first
    #[arg(long, value_name = "FILE", help_heading = "What a watch remembers")]
    config: Option<PathBuf>,
    /// A matrix to compare with instead of those of the deployment; what it would change is said first. May be repeated
    #[arg(long, value_name = "FILE", help_heading = "What a watch remembers")]
    matrix: Vec<PathBuf>,
}

/// A report on the past, and what would change if its policy were in force.
pub(super) struct PastReport {
    pub(super) report: Report,
    /// Lines, empty where the policy is the one in force.
    pub(super) effects: String,
}

/// Reads a day or a moment.
fn moment(text: &str) -> Result<Timestamp, String> {
    let in_utc = |moment: DateTime| {
        let moment = moment.to_zoned(TimeZone::UTC);
        moment.map(|moment| moment.timestamp())
    };
    text.parse::<Timestamp>()
        .or_else(|_problem| text.parse::<DateTime>().and_then(in_utc))
        .map_err(|_problem| {
            format!(
                "`{text}` is no date: expected a day or a moment such as 2026-11-01 or 2026-11-01T12:00:00Z"
            )
        })
}

impl SpanOptions {
    /// Whether a time is asked for.
    pub(super) const fn is_wanted(&self) -> bool {
        self.last.is_some() || self.from.is_some() || self.until.is_some()
    }

    /// What the watch remembers of that time.
    ///
    /// # Errors
    ///
    /// There is no history of it.
    pub(super) fn observed(&self) -> anyhow::Result<(Past, Observed)> {
        let past = Past::read(&self.state, reading::report)?;
        let observed = past.observed(Span {
            last: self.last,
            from: self.from,
            until: self.until,
        })?;
        Ok((past, observed))
    }

    /// A report on it by what the watch itself compares with, which lists everything.
    ///
    /// # Errors
    ///
    /// There is no history of that time, or what the watch compares with can't be read.
    pub(super) fn report(&self) -> anyhow::Result<Report> {
        let (past, observed) = self.observed()?;
        as_in_force(
            &past.latest,
            &in_force(&past),
            &observed,
            ListingBounds::NONE,
            Purpose::Report,
        )
    }
}

impl PastOptions {
    /// Whether a report on the past is asked for.
    pub(super) const fn is_wanted(&self) -> bool {
        self.span.is_wanted() || self.config.is_some() || !self.matrix.is_empty()
    }

    /// The report; with `is_whole` it lists everything.
    ///
    /// # Errors
    ///
    /// There is no history of that time, or a file of the policy can't be read.
    pub(super) fn report(&self, is_whole: bool) -> anyhow::Result<PastReport> {
        let (past, observed) = self.span.observed()?;
        let in_force = in_force(&past);
        let bounds = if is_whole {
            ListingBounds::NONE
        } else {
            ListingBounds::READABLE
        };
        if self.config.is_none() && self.matrix.is_empty() {
            return Ok(PastReport {
                report: as_in_force(&past.latest, &in_force, &observed, bounds, Purpose::Report)?,
                effects: String::new(),
            });
        }
        let candidate = PolicySources {
            deployment: self.config.clone().or_else(|| in_force.deployment.clone()),
            matrices: self.matrix.clone(),
            roles: in_force.roles.clone(),
        };
        let candidate = Configuration::read(&candidate)?;
        candidate.check_roles()?;
        let report = judged(&candidate, &observed, bounds)?;
        let effects = if in_force.is_empty() {
            String::new()
        } else {
            let today = as_in_force(
                &past.latest,
                &in_force,
                &observed,
                ListingBounds::NONE,
                Purpose::Comparison,
            )?;
            let then = judged(&candidate, &observed, ListingBounds::NONE)?;
            lines(&today, &then)
        };
        Ok(PastReport { report, effects })
    }
}

/// What the watch compares with, as its latest report has it.
fn in_force(past: &Past) -> PolicySources {
    let deployment = past.deployment();
    PolicySources {
        matrices: if deployment.is_some() {
            Vec::new()
        } else {
            past.matrices()
        },
        deployment,
        roles: roles(past),
    }
}

/// What a report by what the watch compares with is made for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Purpose {
    Report,
    Comparison,
}

/// The report by what the watch compares with.
fn as_in_force(
    latest: &Report,
    in_force: &PolicySources,
    observed: &Observed,
    bounds: ListingBounds,
    purpose: Purpose,
) -> anyhow::Result<Report> {
    if in_force.is_empty() {
        bail!(
            "the latest report does not say what its watch compares with: give --config or --matrix"
        );
    }
    Configuration::read(in_force)
        .and_then(|configuration| {
            // Beside another one that is asked about, what is in force is no news.
            if purpose == Purpose::Report {
                configuration.check_roles()?;
            }
            judged(&configuration, observed, bounds)
        })
        .context("what the watch compares with, as its latest report has it")
        .inspect(|report| say_changed(latest, report))
}

/// Says that the files are not those any more that the watch's latest report was made by.
fn say_changed(latest: &Report, now: &Report) {
    let files = |report: &Report| {
        let basis = report.basis.as_ref();
        let deployment = basis.and_then(|basis| basis.deployment.as_ref());
        let matrices = report.matrices.iter();
        (
            deployment.map(|file| file.sha256.clone()),
            matrices.map(|it| it.sha256.clone()).collect::<Vec<_>>(),
        )
    };
    if files(latest) != files(now) {
        say(
            "auditor: deployment or matrices have changed since the watch's latest report: today's verdicts are those by the files as they are now",
        );
    }
}

/// The roles that the host plays by its watch's word, where no addresses tell.
fn roles(past: &Past) -> Vec<String> {
    if past.deployment().is_some() {
        Vec::new()
    } else {
        past.latest.host.roles.clone()
    }
}

pub(super) fn judged(
    configuration: &Configuration,
    observed: &Observed,
    bounds: ListingBounds,
) -> anyhow::Result<Report> {
    let policy = configuration.policy(&observed.host, &mut names::system_lookup)?;
    Ok(configuration.report_within(policy, observed.clone(), bounds))
}

/// More effects are not listed.
const MOST: usize = 100;

fn lines(today: &Report, then: &Report) -> String {
    let changes = effect::effects(today, then);
    let mut text = String::new();
    clean_line(&mut text, &effect::summed_up(&changes));
    for change in changes.iter().take(MOST) {
        clean_line(&mut text, &format!("  {}: {}", change.effect, change.text));
    }
    if let Some(more @ 1..) = changes.len().checked_sub(MOST) {
        clean_line(&mut text, &format!("  and {more} more"));
    }
    text.push('\n');
    text
}
