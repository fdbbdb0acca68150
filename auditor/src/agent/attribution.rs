//! Which processes own the sockets of this host, and which addresses are translated: looked up from time to time on a thread
//! of its own, since it may take longer than a tick of the session's loop.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::clock;
use crate::{
    capture::{conntrack, process::OwnerFinder},
    deployment::ProcessDetail,
    observed::{SocketOwners, Translations},
};

/// How often to look up the owners of sockets. A connection that is opened and closed in between is missed.
const EVERY: Duration = Duration::from_secs(5);
/// How often to look up translations, which verdicts depend on: one that is known late would change a verdict.
const TRANSLATIONS_EVERY: Duration = Duration::from_secs(1);

/// Keeps an [`Attribution`] up to date as long as it lives.
pub(crate) struct AttributionPoller {
    known: Arc<Mutex<Attribution>>,
    finder: Arc<Mutex<OwnerFinder>>,
    began: Instant,
    /// How long what is so no more still counts; `None` as long as this lives.
    memory: Option<Duration>,
    /// Dropping it ends the thread.
    _stop: Sender<()>,
}

/// The owners of sockets, and the endpoints behind translated addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attribution {
    /// What is wanted of the owners' processes.
    processes: ProcessDetail,
    pub(crate) owners: SocketOwners,
    pub(crate) translations: Translations,
    /// When each was last looked up.
    owners_at: Duration,
    translations_at: Duration,
}

impl Attribution {
    fn look_up_owners(
        began: Instant,
        finder: &Mutex<OwnerFinder>,
        processes: ProcessDetail,
    ) -> Self {
        let mut finder = lock(finder);
        let at = clock::since(began);
        Self {
            owners: finder.look(at, processes),
            owners_at: at,
            ..Self::default()
        }
    }

    fn look_up_translations(at: Duration) -> Self {
        Self {
            // Where conntrack can't be read, flows are judged by their apparent addresses.
            translations: conntrack::translations(at).unwrap_or_default(),
            translations_at: at,
            ..Self::default()
        }
    }

    fn extend(&mut self, more: Self) {
        self.owners.extend(more.owners);
        // They were looked up with more detail where the configuration was read again in between.
        self.owners.reduce(self.processes);
        self.translations.extend(more.translations);
        self.owners_at = self.owners_at.max(more.owners_at);
        self.translations_at = self.translations_at.max(more.translations_at);
    }

    /// Forgets what was so no more for this long when it was last looked up.
    fn forget(&mut self, memory: Duration) {
        self.owners.forget(self.owners_at.saturating_sub(memory));
        let before = self.translations_at.saturating_sub(memory);
        self.translations.forget(before);
    }
}

impl AttributionPoller {
    /// Starts to poll on a thread, which inherits the current network namespace.
    pub(crate) fn begin(processes: ProcessDetail) -> Self {
        let known = Arc::new(Mutex::new(Attribution {
            processes,
            ..Attribution::default()
        }));
        let began = clock::monotonic();
        let (stop, stopped) = mpsc::channel();
        let shared = Arc::clone(&known);
        let finder = Arc::default();
        let finds = Arc::clone(&finder);
        std::thread::spawn(move || {
            let (mut owners_due, mut translations_due) = (began, began);
            loop {
                let started = clock::monotonic();
                if translations_due <= started {
                    let more = Attribution::look_up_translations(clock::since(began));
                    lock(&shared).extend(more);
                    translations_due = next(started, TRANSLATIONS_EVERY);
                }
                let started = clock::monotonic();
                if owners_due <= started {
                    let processes = lock(&shared).processes;
                    let more = Attribution::look_up_owners(began, &finds, processes);
                    lock(&shared).extend(more);
                    owners_due = next(started, EVERY);
                }
                let due = owners_due.min(translations_due);
                let pause = due.saturating_duration_since(clock::monotonic());
                match stopped.recv_timeout(pause) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self {
            known,
            finder,
            began,
            memory: None,
            _stop: stop,
        }
    }

    /// Says what is wanted of processes from now on, and forgets what is more than that.
    pub(crate) fn want(&self, processes: ProcessDetail) {
        let mut known = lock(&self.known);
        known.processes = processes;
        known.owners.reduce(processes);
    }

    /// Forgets from now on what is so no more for this long.
    pub(crate) const fn remember_for(&mut self, memory: Duration) {
        self.memory = Some(memory);
    }

    /// Everything that was found so far and is not forgotten.
    pub(crate) fn known(&self) -> Attribution {
        let mut known = lock(&self.known);
        if let Some(memory) = self.memory {
            known.forget(memory);
        }
        known.clone()
    }

    /// Looks up once more, on the caller's thread.
    pub(crate) fn poll(&self) {
        let at = clock::since(self.began);
        let processes = lock(&self.known).processes;
        let found = [
            Attribution::look_up_translations(at),
            Attribution::look_up_owners(self.began, &self.finder, processes),
        ];
        let mut known = lock(&self.known);
        for more in found {
            known.extend(more);
        }
    }
}

/// When to look up again what was looked up since `started`: that takes no more than a twentieth of one core, however many
/// sockets or connections there are.
fn next(started: Instant, every: Duration) -> Instant {
    started + every.max(20 * clock::since(started))
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
