//! Reads the history on disk again from time to time, and where somebody has written to it: what is damaged there is found while
//! memory still holds it.

use std::{
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use super::{clock, confinement::Files, threads::ThreadSpawner};
use crate::history::{Store, StoreError};

/// How often: it takes as long as opening the history does.
const INTERVAL: Duration = Duration::from_hours(1);
/// Where somebody goes on writing to it, reading takes this part of the time at most.
const PART: u32 = 100;

/// Which file a database is: its device and inode.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct FileIdentity(u64, u64);

impl FileIdentity {
    /// That of the file that is there now, if one is.
    pub(crate) fn of(database: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(database).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }
}

/// What somebody who read the database found to be wrong with it, until it is taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Damage(Arc<Mutex<Option<(FileIdentity, String)>>>);

impl Damage {
    /// Keeps what is wrong with the file that was there before it was opened, if the problem is one of its content.
    pub(crate) fn note(&self, file: Option<FileIdentity>, problem: &StoreError) {
        if let Some(file) = file
            && problem.is_damage()
        {
            let found = (file, problem.to_string());
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
        }
    }

    /// Takes what is wrong with this file: what was found in one that was set aside meanwhile says nothing of it.
    pub(crate) fn take(&self, file: Option<FileIdentity>) -> Option<String> {
        let found = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        found
            .filter(|(of, _)| Some(*of) == file)
            .map(|(_, problem)| problem)
    }
}

/// A thread that reads the database; it ends when this is dropped.
pub(crate) struct Checker {
    pub(crate) damage: Damage,
    looks: Sender<()>,
}

impl Checker {
    pub(crate) fn begin(threads: &ThreadSpawner, database: PathBuf) -> Self {
        let damage = Damage::default();
        let (looks, wanted) = mpsc::channel();
        let found = damage.clone();
        threads.spawn(Files::beside(&database), move || {
            let mut is_wanted = false;
            while is_wanted || wanted.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Disconnected)
            {
                let start = clock::monotonic();
                check(&database, &found);
                match rest(&wanted, clock::since(start) * PART) {
                    Some(is_wanted_again) => is_wanted = is_wanted_again,
                    None => break,
                }
            }
        });
        Self { damage, looks }
    }

    /// Has the database read soon.
    pub(crate) fn look(&self) {
        // An error means that the thread could not be started, which was said.
        let _gone = self.looks.send(());
    }
}

/// Waits. Returns whether a look was wanted meanwhile; `None` at once where nobody needs the thread any more.
fn rest(wanted: &Receiver<()>, time: Duration) -> Option<bool> {
    let start = clock::monotonic();
    let mut is_wanted = false;
    while let Some(left) = time.checked_sub(clock::since(start)) {
        match wanted.recv_timeout(left) {
            Ok(()) => is_wanted = true,
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    Some(is_wanted)
}

/// Reads all of the database.
pub(crate) fn check(database: &Path, found: &Damage) {
    let file = FileIdentity::of(database);
    if let Err(problem) = Store::join(database).and_then(|store| store.check()) {
        found.note(file, &problem);
    }
}
