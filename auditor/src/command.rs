//! One file for each verb of the command line.

mod access;
pub mod audit;
pub mod check;
mod daemon;
mod deliver;
pub mod deployment;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod flows;
mod follow;
pub mod history;
pub mod import;
mod judge;
pub mod learn;
mod looking;
mod matrix;
mod names;
mod observe;
mod output;
mod reading;
mod reload;
pub mod replay;
pub mod report;
mod serve;
mod session;
pub mod show;
mod state;
mod timeline;
pub mod top;
pub mod watch;
mod window;

/// Says why a command failed, as one line on standard error.
pub fn complain(error: &anyhow::Error) {
    output::say(&format!("auditor: {error:#}"));
}
