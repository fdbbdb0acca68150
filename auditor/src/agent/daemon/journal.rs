//! What a watch saves on disk, and what is kept in memory while that fails.

use std::collections::BTreeSet;

use super::super::{outbox::Outbox, state::State};
use crate::{
    alert::{Event, OpenFinding},
    history::{FlowIdentity, History},
    output::say,
    report::Report,
};

/// Events that are kept while saving fails; beyond this the oldest are dropped.
const MOST_UNSAVED: usize = 10_000;

/// The state on disk, and what could not be saved yet.
pub(super) struct Journal {
    state: State,
    /// Events that could not be saved yet, and are tried again.
    unsaved: Vec<Event>,
    /// Events to be put on disk for sinks: the sink's name and the event's JSON.
    undelivered: Vec<(String, String)>,
    /// Flows to be deleted with the next save.
    forgotten: BTreeSet<FlowIdentity>,
    /// Whether the last attempt to save failed, which is reported once.
    pub(super) is_failing: bool,
}

impl Journal {
    pub(super) const fn new(state: State) -> Self {
        Self {
            state,
            unsaved: Vec::new(),
            undelivered: Vec::new(),
            forgotten: BTreeSet::new(),
            is_failing: false,
        }
    }

    pub(super) const fn state(&self) -> &State {
        &self.state
    }

    /// Forgets flows with the next save.
    pub(super) fn forget(&mut self, flows: impl IntoIterator<Item = FlowIdentity>) {
        self.forgotten.extend(flows);
    }

    /// Saves what changed. A failure, as on a full disk, is reported once; the changes are kept and saved the next time.
    pub(super) fn save(
        &mut self,
        history: &mut History,
        findings: Option<&[OpenFinding]>,
        events: &[Event],
        outbox: &Outbox,
    ) {
        self.unsaved.extend_from_slice(events);
        self.undelivered.extend(outbox.addressed(events));
        let excess = self.unsaved.len().saturating_sub(MOST_UNSAVED);
        self.unsaved.drain(..excess);
        let excess = self.undelivered.len().saturating_sub(MOST_UNSAVED);
        self.undelivered.drain(..excess);
        let result = self.state.store.save(
            history,
            &self.forgotten,
            findings,
            &self.unsaved,
            &self.undelivered,
        );
        match result {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    say("auditor: the state can be saved again, and is");
                }
                self.unsaved.clear();
                self.forgotten.clear();
                if !self.undelivered.is_empty() {
                    self.undelivered.clear();
                    outbox.wake();
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    say(&format!(
                        "auditor: the state can't be saved: {error}; it is tried again every time, and nothing is lost while this goes on running"
                    ));
                }
            }
        }
    }

    /// Writes the report beside the history.
    ///
    /// # Errors
    ///
    /// The report can't be written as JSON. A full disk is only reported, and is no error.
    pub(super) fn write_report(&self, report: &Report) -> anyhow::Result<()> {
        // If saving fails too, the problem was already reported.
        if let Err(error) = self.state.write_report(&report.to_json()?)
            && !self.is_failing
        {
            say(&format!("auditor: {error:#}"));
        }
        Ok(())
    }
}
