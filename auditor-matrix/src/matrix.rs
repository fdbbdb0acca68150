//! Derives rules from rows, and reads and writes the TOML file of rules that people review.

mod compare;
mod derive;
mod endpoints;
mod file;
mod identity;
mod lint;
mod page_names;
mod precedence;
mod rule;
mod starter;
mod table;

pub use compare::{Change, Comparison, Field, compare};
pub use derive::{Derived, derive};
pub use identity::named;
pub use lint::{Finding, Weight, lint};
pub use precedence::{Said, first_match, said};
pub use rule::{Matrix, Presence, Rule, RulePorts};
pub use starter::starter;
pub use table::table;

#[cfg(test)]
mod tests;
