//! One file for each verb of the command line.

pub mod audit;
pub mod check;
pub mod completions;
pub mod deployment;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod export;
mod filter;
pub mod fleet;
mod flow_json;
pub mod flows;
pub mod history;
pub mod import;
pub mod learn;
pub mod line;
pub mod manual;
mod matrix;
mod options;
mod past;
mod published;
mod reading;
pub mod replay;
pub mod report;
pub mod show;
mod signature;
pub mod top;
pub mod watch;

pub(crate) use reading::parse as parse_report;

/// Says why a command failed, as one line on standard error.
pub fn complain(error: &anyhow::Error) {
    crate::output::say_as(
        &format!("auditor: {error:#}"),
        crate::output::Urgency::Error,
    );
}
