//! `auditor doctor`: can this host run an audit, and how.

use clap::Args;

use crate::{
    agent::readiness::{self, Leftovers},
    exit::Exit,
    output::print,
};

/// Say whether this host can run an audit, and how each interface would be watched
#[derive(Args, Debug)]
pub struct Doctor {
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
    Ok(if findings.is_bad {
        Exit::Failed
    } else {
        Exit::Clean
    })
}
