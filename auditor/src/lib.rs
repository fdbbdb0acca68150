//! `auditor`: a vendor's port matrix and a host's traffic, compared.
//!
//! The data goes one way: [`document`] to [`matrix`], a crate of their own; with a deployment to a policy; packets
//! through `capture` to observed flows; both into the audit, whose verdicts a report shows. A module uses only what
//! stands before it.

pub use auditor_matrix::{document, file, hidden, length, matrix, nearest, port, role, transport};

pub mod address;
mod agent;
pub mod alert;
pub mod audit;
pub mod capture;
pub mod command;
pub mod deployment;
pub mod digits;
mod escape;
pub mod exit;
pub mod export;
pub mod fleet;
mod fleet_name;
#[doc(hidden)]
pub mod fuzz;
pub mod history;
pub mod observed;
mod output;
mod private_file;
#[cfg(test)]
mod random;
pub mod report;
pub mod review;
pub mod sink;
pub mod spreadsheet;
