//! The command line: parses and dispatches.

use std::process::ExitCode;

use auditor::{command, exit::Exit};
use clap::Parser as _;

/// That of musl takes twice the time where much is allocated.
#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match command::line::Line::parse().run() {
        Ok(exit) => exit.into(),
        Err(error) => {
            command::complain(&error);
            Exit::Failed.into()
        }
    }
}
