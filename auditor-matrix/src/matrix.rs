//! Derives rules from rows, and reads and writes the TOML file of rules that people review.

mod compare;
mod derive;
mod edits;
mod endpoints;
mod file;
mod homoglyphs;
mod identity;
mod inference;
mod lint;
mod origin;
mod page_names;
mod precedence;
mod presence;
mod quantifier;
mod rule;
mod source;
mod starter;
mod table;

pub use compare::{Change, Comparison, Field, compare};
pub use derive::{Derived, derive, derive_as};
pub use identity::named;
pub use inference::{Inference, inferences};
pub use lint::{Finding, Weight, lint};
pub use origin::origin_lines;
pub use precedence::{Said, first_match, said};
pub use rule::{Matrix, Presence, Rule, RulePorts};
pub use source::{Address, Source};
pub use starter::{consists_of, starter, toml_key};
pub use table::table;

#[cfg(test)]
mod tests;
