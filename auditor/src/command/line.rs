//! The whole command line, and which verb runs.

use clap::{CommandFactory as _, Parser, Subcommand};

use super::{
    audit, check, completions, deployment, diff, doctor, explain, export, fleet, flows, history,
    import, learn, manual, replay, report, show, top, watch,
};
use crate::{
    capture::{descriptors, guard},
    exit::Exit,
    output,
};

/// Compares the traffic of this host with the ports that a vendor documents.
#[derive(Debug, Parser)]
#[command(version = env!("AUDITOR_VERSION"), arg_required_else_help = true)]
pub struct Line {
    #[command(subcommand)]
    command: Command,
    /// Say more of what is done, on standard error
    #[arg(short, long, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(import::Import),
    #[command(visible_alias = "validate")]
    Check(check::Check),
    Show(show::Show),
    Export(export::Export),
    Deployment(deployment::DeploymentCommand),
    Audit(audit::AuditCommand),
    Replay(replay::ReplayCommand),
    Flows(flows::FlowsCommand),
    Watch(watch::WatchCommand),
    Fleet(fleet::FleetCommand),
    Top(top::TopCommand),
    History(history::HistoryCommand),
    Report(report::ReportCommand),
    Explain(explain::Explain),
    Learn(learn::Learn),
    Diff(diff::Diff),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    // Packages hold what it writes.
    #[command(hide = true)]
    Manual(manual::Manual),
    /// Take filters off once standard input ends; an audit starts this by itself
    #[command(name = guard::VERB, hide = true)]
    Guard,
}

impl Command {
    /// Whether it looks at what the kernel has, and so runs as root.
    const fn has_privileges(&self) -> bool {
        match self {
            Self::Audit(_) | Self::Flows(_) | Self::Watch(_) | Self::Top(_) | Self::Doctor(_) => {
                true
            }
            // What they read may come by a descriptor: `auditor diff <(one) <(another)`.
            Self::Import(_)
            | Self::Check(_)
            | Self::Show(_)
            | Self::Export(_)
            | Self::Deployment(_)
            | Self::Replay(_)
            | Self::Fleet(_)
            | Self::History(_)
            | Self::Report(_)
            | Self::Explain(_)
            | Self::Learn(_)
            | Self::Diff(_)
            | Self::Completions(_)
            | Self::Manual(_)
            | Self::Guard => false,
        }
    }
}

impl Line {
    /// Runs the verb.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from its result.
    pub fn run(self) -> anyhow::Result<Exit> {
        if self.command.has_privileges() {
            descriptors::close_inherited();
        }
        if self.verbose {
            output::be_verbose();
        }
        match self.command {
            Command::Import(import) => import::run(&import),
            Command::Check(check) => check::run(&check),
            Command::Show(show) => show::run(&show),
            Command::Export(export) => export::run(&export),
            Command::Deployment(deployment) => deployment::run(&deployment),
            Command::Audit(audit) => audit::run(&audit),
            Command::Replay(replay) => replay::run(&replay),
            Command::Flows(flows) => flows::run(&flows),
            Command::Watch(watch) => watch::run(&watch),
            Command::Fleet(fleet) => fleet::run(&fleet),
            Command::Top(top) => top::run(&top),
            Command::History(history) => history::run(&history),
            Command::Report(report) => report::run(&report),
            Command::Explain(explain) => explain::run(&explain),
            Command::Learn(learn) => learn::run(&learn),
            Command::Diff(diff) => diff::run(&diff),
            Command::Doctor(doctor) => doctor::run(&doctor),
            Command::Completions(completions) => completions::run(&completions, &Self::command()),
            Command::Manual(manual) => manual::run(&manual, Self::command()),
            Command::Guard => guard::run().map(|()| Exit::Clean).map_err(Into::into),
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::Line;

    /// The words of an example, up to where the shell takes over.
    fn words(example: &str) -> Vec<&str> {
        let words = example.split_whitespace();
        words
            .take_while(|word| !matches!(*word, ">" | "|"))
            .collect()
    }

    /// Every example of a verb and of those below it; a verb without one is named.
    fn examples(verb: &clap::Command, found: &mut Vec<String>) {
        let below = || {
            verb.get_subcommands()
                .filter(|one| one.get_name() != "help")
        };
        let help = verb.get_after_help().map(ToString::to_string);
        let example = help.and_then(|help| {
            let last = help.lines().next_back()?.strip_prefix("Example: ")?;
            Some(last.to_owned())
        });
        // The guard is started by the auditor itself.
        if verb.get_name() != "auditor" && verb.get_name() != "guard" {
            found.push(example.unwrap_or_else(|| format!("no example of {}", verb.get_name())));
        }
        below().for_each(|one| examples(one, found));
    }

    #[test]
    fn every_verb_has_an_example_that_is_understood() {
        let mut found = Vec::new();
        examples(&Line::command(), &mut found);
        assert!(20 < found.len());
        for example in found {
            let parsed = Line::try_parse_from(words(&example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
    }

    #[test]
    fn what_somebody_tries_first_is_understood() {
        for line in [
            "auditor watch auditor.toml",
            "auditor watch -c auditor.toml -v",
            "auditor audit auditor.toml --for 1m",
            "auditor -v audit -c auditor.toml",
            "auditor audit --verbose --config auditor.toml",
            "auditor top auditor.toml",
            "auditor validate auditor.toml",
            "auditor validate -c auditor.toml",
            "auditor doctor auditor.toml",
            "auditor doctor -c auditor.toml -v",
            "auditor fleet report -c auditor.toml",
            "auditor replay capture.pcap -c auditor.toml",
        ] {
            let parsed = Line::try_parse_from(words(line));
            assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
        }
        // Two deployments are one too many.
        assert!(Line::try_parse_from(words("auditor audit a.toml -c b.toml")).is_err());
        assert!(Line::try_parse_from(words("auditor doctor a.toml -c b.toml")).is_err());
    }
}
