//! `auditor doctor`: can this host run an audit, and how.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    agent::{
        configuration::{Configuration, PolicySources},
        preflight,
        readiness::{self, Leftovers},
    },
    escape,
    exit::Exit,
    matrix::Weight,
    output::print,
};

/// Say whether this host can run an audit, and how each interface would be watched
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor doctor -c auditor.toml")]
pub struct Doctor {
    /// Say of this deployment as well what `auditor check --config` says
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take off the filters of an auditor that was killed together with its guard
    #[arg(long)]
    clean: bool,
}

/// Looks at everything that an audit needs, and prints it.
///
/// # Errors
///
/// The interfaces can't be listed, or nothing can be printed.
pub fn run(command: &Doctor) -> anyhow::Result<Exit> {
    let leftovers = if command.clean {
        Leftovers::Clean
    } else {
        Leftovers::Show
    };
    let findings = readiness::examine(leftovers)?;
    print(&findings.text)?;
    let is_wrong = match &command.config {
        Some(path) => of_deployment(path)?,
        None => false,
    };
    Ok(if findings.is_bad || is_wrong {
        Exit::Failed
    } else {
        Exit::Clean
    })
}

/// Prints what is to be said of a deployment; true if it makes verdicts wrong.
fn of_deployment(path: &Path) -> anyhow::Result<bool> {
    let configuration = Configuration::read(&PolicySources {
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
