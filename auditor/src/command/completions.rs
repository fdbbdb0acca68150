//! `auditor completions`: what a shell needs to complete the command line.

use clap::Args;
use clap_complete::{Shell, generate};

use crate::{
    exit::Exit,
    output::{Readers, write},
};

/// Print what a shell needs to complete this command
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor completions bash > /etc/bash_completion.d/auditor")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

/// Prints the script for a shell; `line` is the whole command line.
///
/// # Errors
///
/// Nothing can be printed.
pub fn run(command: &Completions, line: &clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    generate(command.shell, &mut shown(line), NAME, &mut script);
    write(None, &String::from_utf8(script)?, Readers::Mask)?;
    Ok(Exit::Clean)
}

/// The command line without the verbs that are hidden in it, which the scripts would show.
fn shown(line: &clap::Command) -> clap::Command {
    let verbs = line.get_subcommands().filter(|verb| !verb.is_hide_set());
    clap::Command::new(NAME)
        .version(env!("CARGO_PKG_VERSION"))
        .args(line.get_arguments())
        .subcommands(verbs)
}

const NAME: &str = env!("CARGO_PKG_NAME");
