//! Which processes own the sockets of this host, and which addresses are translated: looked up from time to time on a thread
//! of its own, since it may take longer than a tick of the session's loop.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use super::clock;
use crate::{
    capture::{conntrack, process},
    observed::{SocketOwners, Translations},
};

/// How often to look up. A connection that is opened and closed in between is missed.
const EVERY: Duration = Duration::from_secs(5);

/// Keeps an [`Attribution`] up to date as long as it lives.
pub(crate) struct AttributionPoller {
    known: Arc<Mutex<Attribution>>,
    /// Dropping it ends the thread.
    _stop: Sender<()>,
}

/// The owners of sockets, and the endpoints behind translated addresses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attribution {
    pub(crate) owners: SocketOwners,
    pub(crate) translations: Translations,
}

impl Attribution {
    fn look_up() -> Self {
        Self {
            owners: process::owners(),
            // Where conntrack can't be read, flows are judged by their apparent addresses.
            translations: conntrack::translations().unwrap_or_default(),
        }
    }

    fn extend(&mut self, more: Self) {
        self.owners.extend(more.owners);
        self.translations.extend(more.translations);
    }
}

impl AttributionPoller {
    /// Starts to poll on a thread, which inherits the current network namespace.
    pub(crate) fn begin() -> Self {
        let known = Arc::new(Mutex::new(Attribution::default()));
        let (stop, stopped) = mpsc::channel();
        let shared = Arc::clone(&known);
        std::thread::spawn(move || {
            loop {
                let started = clock::monotonic();
                let more = Attribution::look_up();
                lock(&shared).extend(more);
                // No more than a twentieth of one core, however many sockets there are.
                let pause = EVERY.max(20 * clock::since(started));
                match stopped.recv_timeout(pause) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self { known, _stop: stop }
    }

    /// Everything that was found so far.
    pub(crate) fn known(&self) -> Attribution {
        lock(&self.known).clone()
    }

    /// Looks up once more, on the caller's thread.
    pub(crate) fn poll(&self) {
        let more = Attribution::look_up();
        lock(&self.known).extend(more);
    }
}

fn lock(known: &Mutex<Attribution>) -> MutexGuard<'_, Attribution> {
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
