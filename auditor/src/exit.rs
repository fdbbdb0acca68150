//! What the process says with its exit code.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Exit {
    /// Nothing to complain about.
    Clean,
    /// The audit found violations.
    Violations,
    /// It could not run, or not to its end.
    Failed,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Clean => 0,
            Exit::Violations => 1,
            Exit::Failed => 2,
        })
    }
}
