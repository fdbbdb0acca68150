//! Judges on a thread of its own, so that counting waits neither for verdicts nor for a disk.

use std::sync::mpsc::{self, Receiver, Sender, TryRecvError};

use anyhow::anyhow;

use super::{
    super::threads::ThreadSpawner,
    judge::{Findings, Judge, Turn},
};
use crate::output::warn;

/// The thread that judges, one turn after the other.
pub(super) struct JudgeThread {
    turns: Sender<Turn>,
    results: Receiver<anyhow::Result<Findings>>,
    is_busy: bool,
    found: Option<Findings>,
}

impl JudgeThread {
    pub(super) fn begin(threads: &ThreadSpawner, mut judge: Judge) -> Self {
        let (turns, due) = mpsc::channel();
        let (done, results) = mpsc::channel();
        threads.spawn(judge.files(), move || {
            for turn in due {
                if done.send(judge.turn(turn)).is_err() {
                    break;
                }
            }
        });
        Self {
            turns,
            results,
            is_busy: false,
            found: None,
        }
    }

    /// Whether it has judged all that it was given. A turn that failed is said; the next one may not.
    ///
    /// # Errors
    ///
    /// The thread is gone.
    pub(super) fn is_idle(&mut self) -> anyhow::Result<bool> {
        if self.is_busy {
            match self.results.try_recv() {
                Ok(result) => self.end_turn(result),
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Err(gone()),
            }
        }
        Ok(!self.is_busy)
    }

    /// What the last turn found, if one was judged.
    pub(super) const fn found(&self) -> Option<Findings> {
        self.found
    }

    /// Judges a turn, beside the caller.
    ///
    /// # Errors
    ///
    /// The thread is gone.
    pub(super) fn judge(&mut self, turn: Turn) -> anyhow::Result<()> {
        self.is_busy = true;
        self.turns.send(turn).map_err(|_unsent| gone())
    }

    /// Waits until it has judged what it was given before, and judges the last turn.
    ///
    /// # Errors
    ///
    /// The last turn fails, or the thread is gone.
    pub(super) fn finish(mut self, last: Turn) -> anyhow::Result<()> {
        if self.is_busy {
            let result = self.results.recv().map_err(|_gone| gone())?;
            self.end_turn(result);
        }
        self.judge(last)?;
        self.results
            .recv()
            .map_err(|_gone| gone())?
            .map(|_found| ())
    }

    fn end_turn(&mut self, result: anyhow::Result<Findings>) {
        self.is_busy = false;
        match result {
            Ok(found) => self.found = Some(found),
            Err(error) => warn(&format!(
                "auditor: nothing can be judged now: {error:#}; it is tried again"
            )),
        }
    }
}

fn gone() -> anyhow::Error {
    anyhow!("what judges has ended, so nothing is judged any more")
}
