//! `auditor doctor`: can this host run an audit, and how.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use super::published::Published;
use crate::{
    agent::{
        clock,
        configuration::{Configuration, PolicySources},
        preflight,
        readiness::{self, Leftovers},
    },
    escape,
    exit::Exit,
    matrix::Weight,
    output::print,
};

/// Say whether this host can run an audit, and how each interface would be watched; or whether a watch is well
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor doctor -c auditor.toml")]
pub struct Doctor {
    /// The deployment, as --config names it
    #[arg(value_name = "DEPLOYMENT", conflicts_with = "config")]
    deployment: Option<PathBuf>,
    /// Say of this deployment as well what `auditor check --config` says
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take off the filters of an auditor that was killed together with its guard
    #[arg(long)]
    clean: bool,
    /// Ask a watch instead whether all is well with it: by its socket, as unix:PATH, or at an address
    #[arg(
        long,
        value_name = "PLACE",
        num_args = 0..=1,
        default_missing_value = DEFAULT_PLACE,
        conflicts_with_all = ["deployment", "config", "clean"]
    )]
    watch: Option<String>,
    /// Of that watch, ask only whether it goes on, whatever it complains of: whether it has judged within the last five minutes
    #[arg(long, requires = "watch")]
    alive: bool,
}

/// Where a watch listens unless it was told otherwise.
const DEFAULT_PLACE: &str = "unix:/run/auditor/auditor.sock";

/// A watch that has judged nothing for so long does not go on; by default it judges every ten seconds.
const ALIVE: SignedDuration = SignedDuration::from_mins(5);
/// The metric that says when it last did.
const LAST_JUDGEMENT: &str = "auditor_last_judgement_timestamp_seconds ";

/// Looks at everything that an audit needs, and prints it.
///
/// # Errors
///
/// The interfaces can't be listed, or nothing can be printed.
pub fn run(command: &Doctor) -> anyhow::Result<Exit> {
    if let Some(place) = &command.watch {
        let published = Published::new(place, None);
        let answer = if command.alive {
            goes_on(&published.get("/metrics")?, clock::wall())?
        } else {
            published.get("/healthz")?
        };
        print(&answer)?;
        return Ok(Exit::Clean);
    }
    let leftovers = if command.clean {
        Leftovers::Clean
    } else {
        Leftovers::Show
    };
    let findings = readiness::examine(leftovers)?;
    print(&findings.text)?;
    let is_wrong = match command.deployment.as_ref().or(command.config.as_ref()) {
        Some(path) => of_deployment(path)?,
        None => false,
    };
    Ok(if findings.is_bad || is_wrong {
        Exit::Failed
    } else {
        Exit::Clean
    })
}

/// When a watch has last judged, by its metrics.
///
/// # Errors
///
/// It has judged nothing yet, or not for long.
fn goes_on(metrics: &str, now: Timestamp) -> anyhow::Result<String> {
    let last = metrics
        .lines()
        .find_map(|line| line.strip_prefix(LAST_JUDGEMENT))
        .context("the watch has judged nothing yet")?;
    let last = last
        .trim()
        .parse()
        .ok()
        .and_then(|second| Timestamp::from_second(second).ok())
        .context("what the watch says of its last judgement is no time")?;
    if ALIVE < now.duration_since(last) {
        bail!("the watch has judged nothing since {last}");
    }
    Ok(format!("judged at {last}\n"))
}

/// Prints what is to be said of a deployment; true if it makes verdicts wrong.
fn of_deployment(path: &Path) -> anyhow::Result<bool> {
    let configuration = Configuration::read_own(&PolicySources {
        deployment: Some(path.to_owned()),
        matrices: Vec::new(),
        roles: Vec::new(),
    })?;
    let lines = preflight::examine(&configuration, &[])?;
    let mut text = String::new();
    for line in &lines {
        let mark = match line.weight {
            None => "ok  ",
            Some(Weight::Doubtful) => "note",
            Some(Weight::Wrong) => "BAD ",
        };
        let line = format!("{mark}  {}: {}", line.about, line.text);
        text.extend([&escape::line(&line), "\n"]);
    }
    print(&text)?;
    Ok(lines.iter().any(|line| line.weight == Some(Weight::Wrong)))
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{DEFAULT_PLACE, goes_on};
    use crate::agent::http::SOCKET;

    #[test]
    fn a_watch_goes_on_while_it_judges() {
        let metrics = "# TYPE x gauge\nauditor_last_judgement_timestamp_seconds 1000\n";
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(
            goes_on(metrics, at(1300)).unwrap(),
            "judged at 1970-01-01T00:16:40Z\n"
        );
        let problem = |metrics, now| goes_on(metrics, at(now)).unwrap_err().to_string();
        assert_eq!(
            problem(metrics, 1301),
            "the watch has judged nothing since 1970-01-01T00:16:40Z"
        );
        assert_eq!(problem("# EOF\n", 1301), "the watch has judged nothing yet");
    }

    #[test]
    fn it_is_asked_where_it_listens() {
        assert_eq!(DEFAULT_PLACE, format!("unix:{SOCKET}"));
    }
}
