//! Makes a report of verdicts: one value, with each renderer in its own file.

pub mod alike;
pub mod alike_rules;
mod basis;
mod build;
pub mod consistency;
mod control;
mod csv;
mod diff;
pub mod digest;
pub mod effect;
pub mod explain;
mod filter;
mod flows;
mod forecast;
mod form;
mod html;
pub mod incomplete;
mod judged;
mod junit;
mod learn;
mod listing;
mod look;
mod markdown;
pub mod ocsf;
mod pattern;
mod proof;
pub mod query;
mod refuser;
mod sarif;
pub mod schema;
pub mod screen;
mod sentence;
pub mod service;
pub mod signature;
mod text;
mod words;

pub use build::processes;
pub use control::{ControlError, ControlProblem, Controls};
pub use diff::{Difference, diff};
pub use filter::{
    Choice, EndFilter, Filter, Listed, NO_ROLE, NoRole, NoVerdict, PortFilter, PortFilterError,
    ProcessFilter, RoleFilter, Sort, VerdictFilter,
};
pub use flows::render as flow_table;
pub use forecast::Forecast;
pub use form::{FORMS, Form, FormError};
pub use html::{render_live as live_html, told as page_sentence};
pub use judged::{Judged, ListingBounds, MatrixSource, PushedRun, Run};
pub use learn::{Learned, learn};
pub(crate) use look::shown as with_look;
pub use look::{FailsOn, Look};
pub use proof::FlowProof;
pub use schema::Report;
pub use sentence::{flow as flow_words, gap as gap_words};
pub use text::line as clean_line;
pub use words::{duration as duration_words, number, plural, sent_without_place};

#[cfg(test)]
pub(crate) mod tests;
