//! Reads the history on disk again from time to time: what a disk has damaged there is found while memory still holds it.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use super::{confinement::Files, threads::ThreadSpawner};
use crate::history::{Store, StoreError};

/// How often: it takes as long as opening the history does.
const INTERVAL: Duration = Duration::from_hours(1);

/// What somebody who read the database found to be wrong with it, until it is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Damage(Arc<Mutex<Option<String>>>);

impl Damage {
    /// Keeps what is wrong, if the problem is one of the file's content.
    pub(crate) fn note(&self, problem: &StoreError) {
        if problem.is_damage() {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem.to_string());
        }
    }

    pub(crate) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A thread that reads the database; it ends when this is dropped.
pub(crate) struct Checker {
    pub(crate) damage: Damage,
    _ends: Sender<()>,
}

impl Checker {
    pub(crate) fn begin(threads: &ThreadSpawner, database: PathBuf) -> Self {
        let damage = Damage::default();
        let (ends, ended) = mpsc::channel();
        let found = damage.clone();
        threads.spawn(Files::beside(&database), move || {
            while ended.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                check(&database, &found);
            }
        });
        Self {
            damage,
            _ends: ends,
        }
    }
}

/// Reads all of the database.
pub(crate) fn check(database: &Path, found: &Damage) {
    if let Err(problem) = Store::join(database).and_then(|store| store.check()) {
        found.note(&problem);
    }
}
