//! Rows to rules, and rules to and from a TOML file that people review.

mod derive;
mod file;
mod identity;
mod rule;
mod starter;

pub use derive::{Derived, derive};
pub use rule::{Matrix, Presence, Rule, RulePorts};
pub use starter::starter;

#[cfg(test)]
mod tests;
