//! Commands and messages.

use std::{
    env,
    io::{self, BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use anyhow::{Context as _, bail};

/// The workspace's directory.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or_else(|| Path::new("."))
        .to_owned()
}

/// The cargo that runs this.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {}", described(command)))?;
    succeeded(command, status)
}

/// Runs a command to its end, passes its output on as it comes, and returns it.
pub(crate) fn run_and_keep(command: &mut Command) -> anyhow::Result<String> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", described(command)))?;
    let mut kept = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines() {
            let line =
                line.with_context(|| format!("cannot read what {} prints", described(command)))?;
            print(&line);
            kept += &line;
            kept.push('\n');
        }
    }
    let status = child
        .wait()
        .with_context(|| format!("cannot wait for {}", described(command)))?;
    succeeded(command, status)?;
    Ok(kept)
}

/// Runs a command to its end, and returns what it prints.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot run {}", described(command)))?;
    succeeded(command, output.status)?;
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} prints no text", described(command)))
}

fn succeeded(command: &Command, status: ExitStatus) -> anyhow::Result<()> {
    if !status.success() {
        bail!("{} failed", described(command));
    }
    Ok(())
}

/// A command and its arguments, as a person types them.
fn described(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    format!("`{}`", words.join(" "))
}

/// Whether a program is on the path.
pub(crate) fn has(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // Administration programs are not on every user's path.
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(system)
        .any(|directory| directory.join(program).is_file())
}

pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Prints a message on standard error.
pub(crate) fn say(text: &str) {
    // A closed standard error is no failure.
    let _closed = writeln!(io::stderr().lock(), "{text}");
}

/// Prints something on standard output.
pub(crate) fn print(text: &str) {
    // A closed standard output is no failure.
    let _closed = writeln!(io::stdout().lock(), "{text}");
}
