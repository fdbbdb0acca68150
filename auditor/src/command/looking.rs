//! Looks from time to time who has the sockets of this host, beside the loop: it may take longer than a tick.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use crate::{capture::process, observed::Owners};

/// How often. A connection that is opened and closed in between is not seen.
const EVERY: Duration = Duration::from_secs(5);

/// Who has the sockets, kept up to date as long as this lives.
pub(super) struct Looking {
    owners: Arc<Mutex<Owners>>,
    /// Once it is gone, the thread ends.
    _stop: Sender<()>,
}

impl Looking {
    /// Begins to look, from a thread that is in the network namespace of this one.
    pub(super) fn begin() -> Self {
        let owners = Arc::new(Mutex::new(Owners::default()));
        let (stop, stopped) = mpsc::channel();
        let seen = Arc::clone(&owners);
        std::thread::spawn(move || {
            loop {
                let more = process::owners();
                seen.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend(more);
                match stopped.recv_timeout(EVERY) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        });
        Self {
            owners,
            _stop: stop,
        }
    }

    /// Everything that was seen so far.
    pub(super) fn owners(&self) -> Owners {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.clone()
    }

    /// Looks once more.
    pub(super) fn look(&self) {
        let more = process::owners();
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.extend(more);
    }
}
