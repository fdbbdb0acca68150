//! One file for each verb of the command line.

pub mod audit;
pub mod check;
pub mod doctor;
pub mod export;
pub mod flows;
mod follow;
pub mod import;
mod judge;
mod matrix;
mod observe;
mod output;
pub mod replay;
pub mod show;
mod window;

/// Says why a command failed, as one line on standard error.
pub fn complain(error: &anyhow::Error) {
    output::say(&format!("auditor: {error:#}"));
}
