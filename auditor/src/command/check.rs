//! `auditor check`: what is wrong with matrices, or with a whole configuration on this host.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{matrix::read, options::PolicyOptions};
use crate::{
    agent::{
        configuration::{Configuration, PolicySources},
        preflight::{self, Line},
    },
    escape,
    exit::Exit,
    matrix::{Weight, lint},
    output::{print, say},
    private_file,
};

/// Find what is wrong with matrices, or with a deployment on this host, before an audit answers the wrong question.
///
/// Of matrices: rules that repeat or contradict one another, roles spelt in two ways, wide ranges. Of a deployment, with
/// --config: which roles this host plays, roles without addresses and conditions that no rule knows, exceptions that are over,
/// rules that nothing can match, and which interfaces would be watched. Exit code 1 says that verdicts would be wrong.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor check --config auditor.toml")]
pub struct Check {
    /// Matrix files, which are also compared with one another; or a deployment, as with --config
    #[arg(required_unless_present = "config", conflicts_with_all = ["config", "matrix"], value_name = "MATRIX")]
    matrices: Vec<PathBuf>,
    #[command(flatten)]
    policy: PolicyOptions,
    /// An interface to watch, or a pattern; without it, those of the deployment or every physical one that is up. May be
    /// repeated
    #[arg(short, long, value_name = "IFACE")]
    interface: Vec<String>,
}

/// Prints one line for each finding. Exit code 1 means that something must be changed.
///
/// # Errors
///
/// A file that can't be read, or a host that can't be looked at.
pub fn run(command: &Check) -> anyhow::Result<Exit> {
    match command.matrices.as_slice() {
        [] => of_configuration(&command.policy.sources(), &command.interface),
        [path] if is_deployment(path) => {
            let sources = PolicySources {
                deployment: Some(path.clone()),
                ..command.policy.sources()
            };
            of_configuration(&sources, &command.interface)
        }
        matrices => of_matrices(matrices),
    }
}

/// Whether a file is a deployment by what stands in it; one that can't be read is taken for a matrix, and its problem is said.
fn is_deployment(path: &Path) -> bool {
    let read = private_file::read(path).ok();
    let text = read.and_then(|bytes| String::from_utf8(bytes).ok());
    let table = text.and_then(|text| text.parse::<toml::Table>().ok());
    table.is_some_and(|table| {
        !table.contains_key("rule")
            && ["matrix", "roles", "interfaces", "fleet"]
                .iter()
                .any(|key| table.contains_key(*key))
    })
}

const fn word(weight: Option<Weight>) -> &'static str {
    match weight {
        None => "ok",
        Some(Weight::Wrong) => "wrong",
        Some(Weight::Doubtful) => "doubtful",
    }
}

fn of_configuration(sources: &PolicySources, interfaces: &[String]) -> anyhow::Result<Exit> {
    let configuration = Configuration::read_own(sources)?;
    let lines = preflight::examine(&configuration, interfaces)?;
    say_lines(&lines)
}

/// Prints what was found, and what that comes to.
pub(super) fn say_lines(lines: &[Line]) -> anyhow::Result<Exit> {
    let mut text = String::new();
    for line in lines {
        let line = format!("{}: {}: {}", word(line.weight), line.about, line.text);
        text.extend([&escape::line(&line), "\n"]);
    }
    print(&text)?;
    let n = |weight| {
        lines
            .iter()
            .filter(|line| line.weight == Some(weight))
            .count()
    };
    Ok(summed_up("", n(Weight::Wrong), n(Weight::Doubtful)))
}

fn of_matrices(paths: &[PathBuf]) -> anyhow::Result<Exit> {
    let mut matrices = Vec::new();
    for path in paths {
        matrices.push(read(path)?);
    }
    let findings = lint(&matrices);
    let mut text = String::new();
    for finding in &findings {
        let path = paths.get(finding.matrix);
        let path = path
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let line = format!("{path}: {}: {finding}", word(Some(finding.weight)));
        text.extend([&escape::line(&line), "\n"]);
    }
    print(&text)?;
    let n = |weight| findings.iter().filter(|one| one.weight == weight).count();
    let n_rules: usize = matrices.iter().map(|matrix| matrix.rules.len()).sum();
    let head = format!("{n_rules} rules: ");
    Ok(summed_up(&head, n(Weight::Wrong), n(Weight::Doubtful)))
}

fn summed_up(head: &str, n_wrong: usize, n_doubtful: usize) -> Exit {
    say(&format!(
        "{head}{n_wrong} {} wrong, {n_doubtful} doubtful",
        if n_wrong == 1 {
            "finding is"
        } else {
            "findings are"
        }
    ));
    if n_wrong == 0 {
        Exit::Clean
    } else {
        Exit::Violations
    }
}
