//! Verdicts to a report: one value, one renderer a file.

mod build;
mod csv;
mod diff;
pub mod explain;
mod flows;
mod html;
mod judged;
mod junit;
mod learn;
mod look;
mod markdown;
pub mod ocsf;
mod sarif;
pub mod schema;
pub mod screen;
mod sentence;
pub mod service;
mod text;
mod words;

pub use csv::render as csv;
pub use diff::{Difference, diff};
pub use flows::render as flow_table;
pub use html::{render as html, render_live as live_html};
pub use judged::{Judged, MatrixSource};
pub use junit::render as junit;
pub use learn::{Learned, learn};
pub use look::Look;
pub use markdown::render as markdown;
pub use sarif::render as sarif;
pub use schema::Report;
pub use sentence::gap as gap_words;
pub use text::{line as clean_line, render as text};

#[cfg(test)]
pub(crate) mod tests;
