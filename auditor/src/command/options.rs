//! Options that several verbs have: what to compare with, how to count, where the report goes.

use std::{io::IsTerminal as _, path::PathBuf};

use clap::{Args, ValueEnum, builder::PossibleValue};

use super::filter::FilterOptions;
use crate::{
    agent::{
        configuration::PolicySources,
        settings::{CaptureSettings, DEFAULT_FLOWS, FLOWS_KEPT, MOST_FLOWS},
        state,
    },
    capture::{Ingress, Tc},
    exit::Exit,
    output::{Readers, say, write},
    report::{
        Choice, FORMS, FailsOn, Filter, Form, ListingBounds, Look, Report, RoleFilter, incomplete,
    },
    sink::Secret,
};

/// What flows are compared with.
#[derive(Args, Debug)]
pub(super) struct PolicyOptions {
    /// The deployment: matrices, roles, conditions, exceptions
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A matrix; replaces those of the deployment, and may stand without one. May be repeated
    #[arg(long, value_name = "FILE")]
    matrix: Vec<PathBuf>,
    /// A role that this host plays; without it, its addresses tell. May be repeated
    #[arg(long, value_name = "ROLE")]
    role: Vec<String>,
}

impl PolicyOptions {
    pub(super) fn sources(&self) -> PolicySources {
        PolicySources {
            deployment: self.config.clone(),
            matrices: self.matrix.clone(),
            roles: self.role.clone(),
        }
    }
}

/// What flows are compared with, for verbs whose only file is the deployment, so that it needs no option.
#[derive(Args, Debug)]
pub(super) struct ComparisonOptions {
    /// The deployment, as --config names it
    #[arg(value_name = "DEPLOYMENT", conflicts_with = "config")]
    deployment: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyOptions,
}

impl ComparisonOptions {
    pub(super) fn sources(&self) -> PolicySources {
        let sources = self.policy.sources();
        PolicySources {
            deployment: self.deployment.clone().or(sources.deployment),
            ..sources
        }
    }
}

/// The token that two options say where to find, of which one can be given.
pub(super) fn token(file: Option<&PathBuf>, variable: Option<&String>) -> Option<Secret> {
    match (file, variable) {
        (Some(path), _) => Some(Secret::File(path.clone())),
        (None, Some(name)) => Some(Secret::Variable(name.clone())),
        (None, None) => None,
    }
}

/// How packets are counted.
#[derive(Args, Debug)]
pub(super) struct CaptureOptions {
    /// How packets are counted on their way in: auto, xdp or tc
    #[arg(long, value_name = "HOOK", default_value = "auto")]
    ingress: Ingress,
    /// How tc programs are attached: auto, tcx or clsact
    #[arg(long, value_name = "WAY", default_value = "auto")]
    tc: Tc,
    /// Watch in another network namespace: a name that `ip netns` lists, or a path such as /proc/1234/ns/net
    #[arg(long, value_name = "NAME")]
    netns: Option<String>,
    /// Count what VXLAN, Geneve, GRE and IP-in-IP tunnels carry as well, as flows of their own
    #[arg(long)]
    decapsulate: bool,
    /// Places in the flow table; what finds none is counted as such
    #[arg(long, value_name = "N", default_value_t = DEFAULT_FLOWS, value_parser = clap::value_parser!(u32).range(1..=i64::from(MOST_FLOWS)))]
    flows: u32,
    /// Log packets that are in no flow to standard error; slows the programs down
    #[arg(long)]
    log_packets: bool,
}

impl CaptureOptions {
    pub(super) fn settings(&self) -> CaptureSettings {
        CaptureSettings {
            ingress: self.ingress,
            tc: self.tc,
            network_namespace: self.netns.clone(),
            decapsulate: self.decapsulate,
            flows: self.flows,
            conversations: self.flows as usize * FLOWS_KEPT,
            log_packets: self.log_packets,
        }
    }
}

/// The report that a verb is about.
#[derive(Args, Debug)]
pub(super) struct ReportOption {
    /// The report, as `auditor audit --json` wrote it; `-` reads standard input
    #[arg(long, value_name = "FILE", default_value = state::REPORT)]
    pub(super) report: PathBuf,
}

/// Where a report goes.
#[derive(Args, Debug)]
pub(super) struct OutputOptions {
    #[command(flatten)]
    form: FormOptions,
    #[command(flatten)]
    filter: FilterOptions,
    /// Only what these roles have a part in, or no-role for ends in none; '!web' takes all else
    #[arg(long, value_name = "ROLE", help_heading = "What is shown")]
    show_role: Option<Choice<RoleFilter>>,
    /// Write the report to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Write the report as JSON to this file as well; always all of it
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl OutputOptions {
    /// How much of what is judged must be in the report for what is asked of it.
    pub(super) fn bounds(&self) -> ListingBounds {
        let is_part = !self.part().is_none();
        if self.filter.all || is_part {
            ListingBounds::NONE
        } else {
            ListingBounds::READABLE
        }
    }

    fn part(&self) -> Filter {
        self.filter.filter(self.show_role.as_ref())
    }

    /// Writes the report to its files; returns the exit code that its findings result in, shown or not. Of what was looked at just
    /// now it never says that all is well where the report is no answer, whatever is a failure.
    pub(super) fn write(&self, report: Report) -> anyhow::Result<Exit> {
        if let Some(path) = &self.json {
            write(Some(path), &report.to_json()?, Readers::Owner)?;
        }
        let exit = if self.form.fail_on == Some(FailOn::Never) {
            completeness(&report)
        } else {
            self.form.exit(&report, FailOn::Violation)
        };
        let part = self.part();
        part.check(&report)?;
        let part = shown(report, &part, self.filter.all);
        let text = self
            .form
            .render(&part, self.output.is_none(), self.filter.all)?;
        write(self.output.as_deref(), &text, Readers::Owner)?;
        Ok(exit)
    }
}

/// The part of a report that is asked for; with `all`, each flow is a finding of its own.
pub(super) fn shown(report: Report, filter: &Filter, all: bool) -> Report {
    let part = report.part(filter);
    if all { part.one_by_one() } else { part }
}

/// How a report is shown, and what its exit code says.
#[derive(Args, Clone, Copy, Debug)]
pub(super) struct FormOptions {
    /// What to print
    #[arg(long, value_enum, default_value = "text")]
    format: Form,
    /// What makes the exit code 1 [default: violation where traffic is looked at, never where a report is merely shown]
    #[arg(long, value_enum, value_name = "SEVERITY")]
    fail_on: Option<FailOn>,
}

impl ValueEnum for Form {
    fn value_variants<'a>() -> &'a [Self] {
        &FORMS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name).help(self.about))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum FailOn {
    /// A violation
    Violation,
    /// A violation or a warning
    Warning,
    /// Nothing
    Never,
}

impl FormOptions {
    /// Whether it is the form for people.
    pub(super) fn is_text(self) -> bool {
        self.format.name == FORMS[0].name
    }

    /// The form's name.
    pub(super) const fn name(self) -> &'static str {
        self.format.name
    }

    /// Renders the report in the chosen form; `to_terminal` if it goes to standard output.
    ///
    /// With `shows_all` its lists have all of their entries.
    pub(super) fn render(
        self,
        report: &Report,
        to_terminal: bool,
        shows_all: bool,
    ) -> anyhow::Result<String> {
        let look = Look {
            shows_all,
            // A report that is merely shown has failures all the same.
            fails_on: match self.fail_on.unwrap_or(FailOn::Violation) {
                FailOn::Violation => FailsOn::Violation,
                FailOn::Warning => FailsOn::Warning,
                FailOn::Never => FailsOn::Nothing,
            },
            ..look(to_terminal)
        };
        Ok(self.format.render(report, look)?)
    }

    /// The exit code that the report's findings result in; `unsaid` is what makes it 1 if nobody said that. A report without
    /// failures that is no answer to whether there are any, must not say that all is well, unless nobody wants to know.
    pub(super) fn exit(self, report: &Report, unsaid: FailOn) -> Exit {
        let summary = &report.summary;
        let n_failures = match self.fail_on.unwrap_or(unsaid) {
            FailOn::Violation => summary.violations,
            FailOn::Warning => summary.violations + summary.warnings,
            FailOn::Never => return Exit::Clean,
        };
        if n_failures != 0 {
            Exit::Violations
        } else {
            completeness(report)
        }
    }
}

/// Clean where a report without failures is an answer. Where it is none, says why: the exit code must not say that all is well.
pub(super) fn completeness(report: &Report) -> Exit {
    let reasons = incomplete::because(report);
    let Some(first) = reasons.first() else {
        return Exit::Clean;
    };
    let more = match reasons.len() - 1 {
        0 => String::new(),
        n => format!("; and {n} more"),
    };
    say(&format!(
        "auditor: this does not say that all is well: {first}{more}"
    ));
    Exit::Failed
}

/// The terminal's colours and width, if standard output is one.
pub(super) fn look(to_terminal: bool) -> Look {
    if !to_terminal || !std::io::stdout().is_terminal() {
        return Look::default();
    }
    // https://no-color.org
    let wants_none = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    Look {
        has_colours: !wants_none && !is_dumb,
        width: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)),
        ..Look::default()
    }
}

#[cfg(test)]
mod tests {
    use super::{FORMS, FailOn, FormOptions};
    use crate::{exit::Exit, report::tests::report};

    #[test]
    fn a_report_that_is_no_answer_does_not_end_well() {
        let mut report = report();
        report.summary.violations = 0;
        report.policy_problems.clear();
        let exit = |report: &_, fail_on| {
            let options = FormOptions {
                format: FORMS[0],
                fail_on,
            };
            options.exit(report, FailOn::Never)
        };
        let violation = Some(FailOn::Violation);
        assert_eq!(exit(&report, violation), Exit::Clean);
        report.policy_problems = vec!["role `web` is not under [roles]".to_owned()];
        assert_eq!(exit(&report, violation), Exit::Failed);
        // Who merely has it shown does not ask.
        assert_eq!(exit(&report, None), Exit::Clean);
        report.summary.violations = 1;
        assert_eq!(exit(&report, violation), Exit::Violations);
    }
}
