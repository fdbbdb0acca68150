//! `auditor doctor`: can this host run an audit, and how.

use crate::{agent::readiness, exit::Exit, output::print};

/// Looks at everything that an audit needs, and prints it.
///
/// # Errors
///
/// The interfaces can't be listed, or nothing can be printed.
pub fn run() -> anyhow::Result<Exit> {
    let findings = readiness::examine()?;
    print(&findings.text)?;
    Ok(if findings.is_bad {
        Exit::Failed
    } else {
        Exit::Clean
    })
}
