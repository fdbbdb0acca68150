//! `auditor`: a vendor's port matrix and a host's traffic, compared.
//!
//! The data goes one way: [`document`] to [`matrix`], with a deployment to a policy; packets through `capture` to
//! observed flows; both into the audit, whose verdicts a report shows. A module uses only what stands before it.

pub mod address;
mod agent;
pub mod alert;
pub mod audit;
pub mod capture;
pub mod command;
pub mod deployment;
pub mod digits;
pub mod document;
pub mod exit;
pub mod export;
pub mod file;
pub mod history;
pub mod length;
pub mod matrix;
pub mod observed;
mod output;
pub mod port;
pub mod report;
pub mod role;
pub mod sink;
pub mod spreadsheet;
pub mod transport;
