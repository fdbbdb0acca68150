//! The built command, as tests run it.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use lab::{
    Namespace,
    process::{self, Finished},
};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

/// Whether tests that need a kernel and root should run. With the variable set, a missing privilege is a failure.
pub(crate) fn kernel_tests() -> bool {
    env::var_os("AUDITOR_KERNEL_TESTS").is_some_and(|value| value == "1")
}

/// The command with these arguments, split at white space.
pub(crate) fn command(arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_auditor"));
    command.args(arguments.split_whitespace());
    command
}

/// Runs the command to its end, here.
pub(crate) fn run(directory: &Path, arguments: &str) -> Output {
    command(arguments).current_dir(directory).output().unwrap()
}

/// Runs the command on a host of the lab, and `work` while it watches.
pub(crate) fn watch(
    host: &Namespace,
    directory: &Path,
    arguments: &str,
    work: impl FnOnce(Pid),
) -> Finished {
    let mut command = command(arguments);
    command.current_dir(directory);
    let finished = process::run(host, &command, "watching", &|_| {}, |pid| {
        work(pid);
        Ok(())
    });
    finished.unwrap()
}

/// Runs the command on a host of the lab until `work` is done and what it sent has arrived, however long that takes.
pub(crate) fn watch_during(
    host: &Namespace,
    directory: &Path,
    arguments: &str,
    work: impl FnOnce(),
) -> Finished {
    watch(host, directory, &format!("{arguments} --for 300s"), |pid| {
        work();
        // An acknowledgement may be held back for so long.
        std::thread::sleep(Duration::from_millis(300));
        kill(pid, Signal::SIGINT).unwrap();
    })
}

/// A directory with files in it.
pub(crate) fn files(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, text) in files {
        std::fs::write(directory.path().join(name), text).unwrap();
    }
    directory
}

/// The repository's directory.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
