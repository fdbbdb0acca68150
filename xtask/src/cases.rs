//! Runs the situations beside the repository: each makes hosts and traffic, and judges the report.

use std::{collections::BTreeSet, env, path::Path, process::Command};

use anyhow::{Context as _, bail};

use crate::shell::{print, root, say};

/// Where the situations are, from the workspace's directory.
const RUN: &str = "../shared/cases/run";

/// Runs all situations against the auditor that the tests have built. Where they are not beside the repository this says so,
/// and fails if `AUDITOR_SHARED_TESTS` is set.
pub(crate) fn run() -> anyhow::Result<()> {
    let program = root().join(RUN);
    if !program.is_file() {
        if env::var_os("AUDITOR_SHARED_TESTS").is_some() {
            bail!("{} is not there", program.display());
        }
        say(&format!("cases: {RUN} is not there, so none of them ran"));
        return Ok(());
    }
    let target = env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |directory| root().join(directory));
    let auditor = target.join("debug/auditor");
    let failed = failures(&program, &auditor, &[])?;
    // Each waits for real time on a machine that does other work too, so what failed may try once more, alone.
    if !failed.is_empty() {
        let failed: Vec<&str> = failed.iter().map(String::as_str).collect();
        say(&format!("cases: once more: {}", failed.join(", ")));
        let again: Vec<String> = failures(&program, &auditor, &failed)?.into_iter().collect();
        if !again.is_empty() {
            bail!("cases: failed twice: {}", again.join(", "));
        }
    }
    Ok(())
}

/// The names of the situations that fail, of those named or of all.
fn failures(program: &Path, auditor: &Path, only: &[&str]) -> anyhow::Result<BTreeSet<String>> {
    let mut command = Command::new(program);
    command.arg(auditor).arg("--strict");
    for name in only {
        command.args(["--only", name]);
    }
    let output = command
        .output()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    print(text.trim_end());
    let mut lines = text.lines().rev();
    let ended = lines.next().is_some_and(|last| last.contains(" passed, "));
    if !ended {
        bail!("{} did not come to its end", program.display());
    }
    // What is skipped has failed: all that is needed is installed.
    let names = text.lines().filter_map(|line| {
        let rest = line
            .strip_prefix("FAIL ")
            .or_else(|| line.strip_prefix("SKIP "))?;
        rest.split(':').next().map(str::to_owned)
    });
    Ok(names.collect())
}
