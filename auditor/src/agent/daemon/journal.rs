//! What a watch saves on disk, and what is kept in memory while that fails.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::super::{
    checker::{Checker, FileIdentity},
    clock,
    outbox::Outbox,
    state::{Since, State},
    threads::ThreadSpawner,
};
use crate::{
    alert::{Event, OpenFinding},
    history::{FlowIdentity, History, StoreError},
    output::{say, warn},
    report::Report,
};

/// Events that are kept while saving fails; beyond this the oldest are dropped.
const MOST_UNSAVED: usize = 10_000;

/// A disk that damages what it holds again and again must not be filled with what was set aside.
const BETWEEN_DAMAGES: Duration = Duration::from_mins(10);

/// Why a history on disk can't be used any more.
enum Damaged {
    /// What it holds was changed by nobody who writes here.
    Content(String),
    /// It was removed, or replaced by another file.
    Gone(String),
}

/// The state on disk, and what could not be saved yet.
pub(in crate::agent) struct Journal {
    state: State,
    checker: Checker,
    /// Events that could not be saved yet, and are tried again.
    unsaved: Vec<Event>,
    /// Events to be put on disk for sinks: the sink's name and the event's JSON.
    undelivered: Vec<(String, String)>,
    /// Flows to be deleted with the next save.
    forgotten: BTreeSet<FlowIdentity>,
    /// What is wrong with the history on disk, where it could not be begun anew yet.
    damage: Option<Damaged>,
    /// Whether the last attempt to save failed, which is reported once.
    pub(in crate::agent) is_failing: bool,
    /// When the history on disk was last begun anew.
    begun_anew: Option<Instant>,
}

impl Journal {
    /// Events that were salvaged for sinks are put on disk with the first save.
    pub(in crate::agent) fn new(
        threads: &ThreadSpawner,
        state: State,
        salvaged: Vec<(String, String)>,
    ) -> Self {
        Self {
            checker: Checker::begin(threads, state.database()),
            state,
            unsaved: Vec::new(),
            undelivered: salvaged,
            forgotten: BTreeSet::new(),
            damage: None,
            is_failing: false,
            begun_anew: None,
        }
    }

    pub(in crate::agent) const fn state(&self) -> &State {
        &self.state
    }

    /// Forgets flows with the next save.
    pub(super) fn forget(&mut self, flows: impl IntoIterator<Item = FlowIdentity>) {
        self.forgotten.extend(flows);
    }

    /// Puts events on disk with the next save that others may not have delivered: the sink's name and the event's JSON.
    pub(in crate::agent) fn redeliver(&mut self, events: Vec<(String, String)>) {
        self.undelivered.extend(events);
    }

    /// Forgets what waits on disk for these sinks.
    ///
    /// # Errors
    ///
    /// The database can't be written.
    pub(in crate::agent) fn forget_waiting(&self, sinks: &[&str]) -> Result<(), StoreError> {
        for sink in sinks {
            self.state.store.delivered(sink, i64::MAX)?;
        }
        Ok(())
    }

    /// How many events wait for a sink; all that can be, where that is not known.
    pub(in crate::agent) fn waiting(&self, sink: &str) -> u64 {
        let unsaved = self.undelivered.iter().filter(|(name, _)| name == sink);
        let unsaved = u64::try_from(unsaved.count()).unwrap_or(u64::MAX);
        let saved = self.state.store.waiting(sink, 1);
        saved.map_or(u64::MAX, |(_, saved)| saved.saturating_add(unsaved))
    }

    /// Saves what changed. A failure, as on a full disk, is reported once; the changes are kept and saved the next time. Where
    /// what is on disk was damaged, it is set aside, and all that is known is saved anew.
    pub(in crate::agent) fn save(
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
        let saved = self.save_or_begin_anew(history, findings, outbox);
        self.state.note_files();
        match saved {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    say("auditor: the state can be saved again, and is");
                }
            }
            Err(problem) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn(&format!(
                        "auditor: the state can't be saved: {problem}; it is tried again every time, and nothing is lost while this goes on running"
                    ));
                }
            }
        }
    }

    /// Saves what changed, in a history that is begun anew where the one on disk is damaged, or gone. Nothing is written to one that
    /// should be set aside and can't be: what was saved there would be lost.
    fn save_or_begin_anew(
        &mut self,
        history: &mut History,
        findings: Option<&[OpenFinding]>,
        outbox: &Outbox,
    ) -> Result<(), String> {
        match self.state.files_since() {
            Since::Untouched => {}
            Since::Written => self.checker.look(),
            Since::Gone(problem) => self.damage = Some(Damaged::Gone(problem)),
        }
        let file = FileIdentity::of(&self.state.database());
        let found = || {
            outbox
                .take_damage(file)
                .or_else(|| self.checker.damage.take(file))
        };
        let known = self.damage.take().or_else(|| found().map(Damaged::Content));
        let damaged = match known {
            Some(damaged) => damaged,
            None => match self.write(history, findings, outbox) {
                Ok(()) => return Ok(()),
                Err(error) if error.is_damage() => Damaged::Content(error.to_string()),
                Err(error) => return Err(error.to_string()),
            },
        };
        if let Err(problem) = self.begin_anew(history, &damaged) {
            self.damage = Some(damaged);
            return Err(problem);
        }
        self.write(history, findings, outbox)
            .map_err(|error| error.to_string())
    }

    fn write(
        &mut self,
        history: &mut History,
        findings: Option<&[OpenFinding]>,
        outbox: &Outbox,
    ) -> Result<(), StoreError> {
        self.state.store.save(
            history,
            &self.forgotten,
            findings,
            &self.unsaved,
            &self.undelivered,
        )?;
        self.unsaved.clear();
        self.forgotten.clear();
        if !self.undelivered.is_empty() {
            self.undelivered.clear();
            outbox.wake();
        }
        Ok(())
    }

    /// Sets a damaged history aside. This run's memory holds all that it held, but for the events before this run, and those
    /// for sinks that can no longer be read.
    ///
    /// # Errors
    ///
    /// It can't be set aside, or the last one was so just before.
    fn begin_anew(&mut self, history: &mut History, damaged: &Damaged) -> Result<(), String> {
        let (Damaged::Content(problem) | Damaged::Gone(problem)) = damaged;
        let sets_aside = self.state.database().symlink_metadata().is_ok();
        if sets_aside
            && self
                .begun_anew
                .is_some_and(|last| clock::since(last) < BETWEEN_DAMAGES)
        {
            return Err(format!(
                "{problem}; the last one was begun less than {} minutes ago",
                BETWEEN_DAMAGES.as_secs() / 60
            ));
        }
        let now = clock::wall();
        let salvaged = match damaged {
            Damaged::Content(_) => self.state.begin_anew(problem, now),
            Damaged::Gone(_) => self.state.replace_lost(problem, now),
        };
        let salvaged = salvaged.map_err(|error| format!("{error:#}"))?;
        self.begun_anew = Some(clock::monotonic());
        self.undelivered.splice(..0, salvaged);
        history.save_all();
        history.note_damage(problem);
        Ok(())
    }

    /// Writes the report beside the history.
    ///
    /// # Errors
    ///
    /// The report can't be written as JSON. A full disk is only reported, and is no error.
    pub(in crate::agent) fn write_report(&self, report: &Report) -> anyhow::Result<()> {
        // If saving fails too, the problem was already reported.
        if let Err(error) = self.state.write_report(&report.to_json()?)
            && !self.is_failing
        {
            warn(&format!("auditor: {error:#}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
