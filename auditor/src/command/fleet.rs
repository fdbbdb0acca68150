//! `auditor fleet`: one verdict for all hosts that publish what they see.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};
use jiff::SignedDuration;

use super::{
    check::say_lines,
    explain,
    options::{FailOn, FormOptions, look},
    watch::{Format as EventsAs, HttpOptions},
};
use crate::{
    agent::{
        configuration::{Configuration, PolicySources},
        fleet::{self, FleetWatchSettings, Read, Shown, ToPush},
        http::{self, Published},
        preflight::Line,
    },
    exit::Exit,
    fleet::schema::{self, FleetReport},
    fleet_name::is_name,
    length::length,
    matrix::Weight,
    output::{Readers, print, write},
    report::{self, Report, schema::Severity},
};

/// Judge all hosts that publish what they see: `auditor watch` does, where the deployment has a section for fleets.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor fleet report -c auditor.toml")]
pub struct FleetCommand {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Compare the traffic of all hosts with the matrix, and say where what is missing is lost
    Report(ReportVerb),
    /// Judge the fleet for ever: say what changes, send it to the sinks of the deployment, and show it
    Watch(WatchVerb),
    /// List the hosts: who speaks, who is silent, who differs
    #[command(after_help = "Example: auditor fleet hosts -c auditor.toml")]
    Hosts(ListVerb),
    /// List what a person should look at among the flows of all hosts, as lines of JSON
    #[command(after_help = "Example: auditor fleet flows -c auditor.toml")]
    Flows(ListVerb),
    /// Say step by step why a host, a flow or a rule of the fleet is what it is
    Explain(ExplainVerb),
    /// Give all hosts a deployment and its matrices, and say what that changes
    ///
    /// Hosts take them over whose own deployment says `config = true` in its [fleet]. What is each host's own can't be pushed:
    /// interfaces, processes, sinks and [fleet] itself, which only says where to push. What `auditor check` would refuse on any
    /// host is refused, with exit code 1.
    Push(PushVerb),
}

/// What the fleet is compared with, and where it is.
#[derive(Args, Debug)]
struct FleetOptions {
    /// The deployment, with a [fleet]
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "/etc/auditor/auditor.toml"
    )]
    config: PathBuf,
    /// How far back; without it, the deployment's window or 10m
    #[arg(long, value_name = "TIME", value_parser = length)]
    window: Option<SignedDuration>,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: auditor fleet report -c auditor.toml --format html -o fleet.html")]
struct ReportVerb {
    #[command(flatten)]
    fleet: FleetOptions,
    #[command(flatten)]
    form: FormOptions,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print the JSON Schema of these reports instead
    #[arg(long)]
    schema: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: auditor fleet watch -c auditor.toml --group main")]
struct WatchVerb {
    #[command(flatten)]
    fleet: FleetOptions,
    /// How often the fleet is judged
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "10s")]
    every: SignedDuration,
    /// Where to keep what was found, beside what a watch of this host keeps
    #[arg(
        long,
        value_name = "DIRECTORY",
        default_value = "/var/lib/auditor-fleet"
    )]
    state: PathBuf,
    /// Watches of one group tell each finding once: one of them tells, and another takes over where that one is gone. They keep
    /// what was told in a key-value bucket of the servers
    #[arg(long, value_name = "NAME", value_parser = group)]
    group: Option<String>,
    #[command(flatten)]
    http: HttpOptions,
    /// How events are printed
    #[arg(long, value_enum, default_value_t = EventsAs::Text)]
    format: EventsAs,
}

#[derive(Args, Debug)]
struct ListVerb {
    #[command(flatten)]
    fleet: FleetOptions,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: auditor fleet explain web-1 -c auditor.toml")]
struct ExplainVerb {
    /// The name of a host; the id of a rule or a part of it, of its service or of its roles; or a flow such as
    /// '10.0.9.7 -> 10.0.0.1 tcp/443' or any part of it: an address, a port, a role
    #[arg(required = true, value_name = "HOST|FLOW|RULE")]
    what: Vec<String>,
    #[command(flatten)]
    fleet: FleetOptions,
}

#[derive(Args, Debug)]
#[command(after_help = "Example: auditor fleet push auditor.toml --dry-run")]
struct PushVerb {
    /// The deployment, with a [fleet]; its matrices are pushed with it
    #[arg(value_name = "FILE", required_unless_present = "config")]
    deployment: Option<PathBuf>,
    /// The same, as other verbs name it
    #[arg(short, long, value_name = "FILE", conflicts_with = "deployment")]
    config: Option<PathBuf>,
    /// Only say what would change
    #[arg(long)]
    dry_run: bool,
}

/// Reads the fleet and judges it.
///
/// # Errors
///
/// A configuration that can't be read or has no section for fleets, or servers that can't be read.
pub fn run(command: &FleetCommand) -> anyhow::Result<Exit> {
    match &command.command {
        Verb::Report(verb) => report_once(verb),
        Verb::Watch(verb) => watch(verb),
        Verb::Hosts(verb) => {
            let (report, _) = judge(&verb.fleet)?;
            write(None, &report.hosts_text(look(true)), Readers::Owner)?;
            Ok(Exit::Clean)
        }
        Verb::Flows(verb) => {
            let (report, _) = judge(&verb.fleet)?;
            let lines = report.findings.iter().map(serde_json::to_string);
            crate::output::write_lines(None, lines, Readers::Owner)?;
            Ok(Exit::Clean)
        }
        Verb::Explain(verb) => {
            let (report, _) = judge(&verb.fleet)?;
            explain::of_fleet(&report, &verb.what.join(" "))
        }
        Verb::Push(verb) => push(verb),
    }
}

fn push(verb: &PushVerb) -> anyhow::Result<Exit> {
    let path = verb.deployment.as_ref().or(verb.config.as_ref());
    let path = path.context("name the deployment that is to be pushed")?;
    let to_push = match ToPush::read(path)? {
        Read::ToPush(to_push) => *to_push,
        Read::Refused(problems) => {
            let lines = problems.iter().map(|problem| Line {
                weight: Some(Weight::Wrong),
                about: "deployment".to_owned(),
                text: problem.to_string(),
            });
            return say_lines(&lines.collect::<Vec<_>>());
        }
    };
    match say_lines(&to_push.examine()?)? {
        Exit::Clean => {}
        exit @ (Exit::Violations | Exit::Failed) => return Ok(exit),
    }
    let mut sha256 = String::new();
    let revision = fleet::push(to_push, |shown| {
        sha256.clone_from(&shown.sha256);
        print(&changes(shown))?;
        Ok(!verb.dry_run)
    })?;
    if let Some(revision) = revision {
        print(&format!("pushed: revision {revision}, SHA-256 {sha256}\n"))?;
    }
    Ok(Exit::Clean)
}

/// What a push changes, for people.
fn changes(shown: &Shown) -> String {
    let mut text = String::new();
    let head = match (&shown.before, &shown.problem) {
        (Some(before), _) if shown.is_there() => format!(
            "pushed already: revision {}, SHA-256 {}",
            before.revision, before.sha256
        ),
        (Some(before), _) => {
            format!(
                "now: revision {}, SHA-256 {}",
                before.revision, before.sha256
            )
        }
        (None, Some(problem)) => format!("now: {problem}"),
        (None, None) => "now: nothing is pushed".to_owned(),
    };
    report::clean_line(&mut text, &head);
    if shown.is_there() {
        return text;
    }
    for difference in &shown.differences {
        report::clean_line(&mut text, difference);
    }
    if shown.before.is_some() && shown.differences.is_empty() {
        report::clean_line(
            &mut text,
            "nothing that is judged by is different: only comments, order or origins are",
        );
    }
    let then = format!("then: {}, SHA-256 {}", shown.summary, shown.sha256);
    report::clean_line(&mut text, &then);
    text
}

fn report_once(verb: &ReportVerb) -> anyhow::Result<Exit> {
    let output = verb.output.as_deref();
    if verb.schema {
        write(output, &schema::json_schema()?, Readers::Mask)?;
        return Ok(Exit::Clean);
    }
    let (report, as_one) = judge(&verb.fleet)?;
    // Forms that others read are those of a host's report.
    let text = match verb.form.name() {
        "text" => report.text(look(output.is_none())),
        "html" => report.html()?,
        "json" => report.to_json()?,
        _ => verb.form.render(&as_one, output.is_none(), true)?,
    };
    write(output, &text, Readers::Owner)?;
    // Where nobody speaks, nothing was looked at, so the exit code must not say that all is well.
    let is_deaf = report
        .hosts
        .iter()
        .all(|host| host.severity == Severity::Warning);
    Ok(match verb.form.exit(&as_one, FailOn::Violation) {
        Exit::Clean if is_deaf => Exit::Failed,
        exit @ (Exit::Clean | Exit::Violations | Exit::Failed) => exit,
    })
}

fn watch(verb: &WatchVerb) -> anyhow::Result<Exit> {
    let settings = FleetWatchSettings {
        sources: sources(&verb.fleet),
        window: verb.fleet.window,
        every: verb.every.max(SignedDuration::from_secs(1)),
        state: verb.state.clone(),
        event_format: verb.format.events(),
        group: verb.group.clone(),
    };
    let configuration = Configuration::read_own(&settings.sources)?;
    let published = match verb.http.settings()? {
        Some(http) => http::serve(&http)?,
        None => Published::default(),
    };
    fleet::watch(settings, configuration, published)?;
    // Being stopped is no failure, and findings were already reported as events.
    Ok(Exit::Clean)
}

/// The name of a group, as servers take it for a key.
fn group(text: &str) -> Result<String, String> {
    if is_name(text) && !text.starts_with('.') && !text.ends_with('.') {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits, `-`, `_` and dots between them, 128 at most".to_owned())
    }
}

fn sources(options: &FleetOptions) -> PolicySources {
    PolicySources {
        deployment: Some(options.config.clone()),
        matrices: Vec::new(),
        roles: Vec::new(),
    }
}

/// Reads what all hosts say, and judges it.
fn judge(options: &FleetOptions) -> anyhow::Result<(FleetReport, Report)> {
    fleet::judge(&sources(options), options.window)
}
