//! Why nothing can be counted.

use std::io;

use aya::{maps::MapError, programs::ProgramError};
use thiserror::Error;

/// Why nothing can be counted.
#[derive(Debug, Error)]
pub enum CaptureError {
    #[error("this takes root, or {names}: run it with sudo", names = .missing.join(", "))]
    Privilege { missing: Vec<&'static str> },
    #[error("cannot tell what this process may do")]
    Status(#[source] io::Error),
    #[error(
        "the kernel did not take the programs: {problem}; `auditor doctor` says what this host lacks"
    )]
    Load { problem: String },
    #[error("cannot attach to {interface}: {problem}")]
    Attach { interface: String, problem: String },
    #[error("cannot read what was counted")]
    Map(#[source] MapError),
    #[error("cannot map what is counted into memory")]
    Memory(#[source] io::Error),
    #[error("this kernel can't say when programs have ended, so nothing could be counted exactly")]
    Wait(#[source] io::Error),
    #[error(
        "the kernel half was given {given} frames and counted {counted}: nothing of this replay can be trusted"
    )]
    Uncounted { given: u64, counted: u64 },
    #[error("the kernel half has no `{name}`: build it anew")]
    Absent { name: &'static str },
}

/// The error for a program that the kernel did not accept.
pub(super) fn refusal(error: &(dyn std::error::Error + 'static)) -> CaptureError {
    // The verifier's log is long; the reason for the rejection is at its end.
    let problem = match error.downcast_ref::<ProgramError>() {
        Some(ProgramError::LoadError {
            io_error,
            verifier_log,
        }) => {
            let log = verifier_log.to_string();
            let end: Vec<&str> = log.lines().rev().take(8).collect();
            format!(
                "{io_error}: {}",
                end.into_iter().rev().collect::<Vec<_>>().join(" | ")
            )
        }
        Some(_) | None => chain(error),
    };
    CaptureError::Load { problem }
}

/// An error with its causes, as one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
