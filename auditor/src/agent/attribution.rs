//! Looks from time to time who has the sockets of this host and which addresses are translated, beside the loop: it may
//! take longer than a tick.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    capture::{conntrack, process},
    observed::{SocketOwners, Translations},
};

/// How often. A connection that is opened and closed in between is not seen.
const EVERY: Duration = Duration::from_secs(5);

/// What was seen, kept up to date as long as this lives.
pub(crate) struct AttributionPoller {
    seen: Arc<Mutex<Attribution>>,
    /// Once it is gone, the thread ends.
    _stop: Sender<()>,
}

/// Who has the sockets, and who really talks where addresses are translated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attribution {
    pub(crate) owners: SocketOwners,
    pub(crate) translations: Translations,
}

impl Attribution {
    fn now() -> Self {
        Self {
            owners: process::owners(),
            // Without an answer, flows are judged as they look.
            translations: conntrack::translations().unwrap_or_default(),
        }
    }

    fn extend(&mut self, more: Self) {
        self.owners.extend(more.owners);
        self.translations.extend(more.translations);
    }
}

impl AttributionPoller {
    /// Begins to look, from a thread that is in the network namespace of this one.
    pub(crate) fn begin() -> Self {
        let seen = Arc::new(Mutex::new(Attribution::default()));
        let (stop, stopped) = mpsc::channel();
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            loop {
                let started = Instant::now();
                let more = Attribution::now();
                lock(&shared).extend(more);
                // No more than a twentieth of one core, however many sockets there are.
                let pause = EVERY.max(20 * started.elapsed());
                match stopped.recv_timeout(pause) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self { seen, _stop: stop }
    }

    /// Everything that was seen so far.
    pub(crate) fn seen(&self) -> Attribution {
        lock(&self.seen).clone()
    }

    /// Looks once more.
    pub(crate) fn look(&self) {
        let more = Attribution::now();
        lock(&self.seen).extend(more);
    }
}

fn lock(seen: &Mutex<Attribution>) -> MutexGuard<'_, Attribution> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
