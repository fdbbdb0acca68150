//! Verdicts that change, as events.

mod alerts;
mod event;
mod json;
mod rank;
mod unproven;

pub use alerts::Alerts;
pub use event::{
    Change, Event, Finding, FlowSubject, HostTrouble, Kind, NoFlow, OpenFinding, Subject, Verdict,
};
pub use json::{EventError, EventJson};

#[cfg(test)]
mod tests;
