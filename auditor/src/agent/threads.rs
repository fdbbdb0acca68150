//! Starts threads in the network namespace that the command was started in, whichever one the session is in.

use std::sync::mpsc::{self, Sender};

use super::confinement::{Files, keep_to};
use crate::capture::privilege;

/// Starts threads in the network namespace in which it was created itself: a thread inherits that of the thread that starts
/// it.
#[derive(Clone)]
pub(crate) struct ThreadSpawner(Sender<Work>);

type Work = Box<dyn FnOnce() + Send>;

impl ThreadSpawner {
    pub(crate) fn begin() -> Self {
        let (send, receive) = mpsc::channel::<Work>();
        std::thread::spawn(move || {
            // New threads inherit this one's capabilities. An error is ignored: a capability that can't be given up is not
            // held.
            let _refused = privilege::drop_capabilities();
            for work in receive {
                std::thread::spawn(work);
            }
        });
        Self(send)
    }

    /// Starts a thread that keeps to such files.
    pub(crate) fn spawn(&self, files: Files, work: impl FnOnce() + Send + 'static) {
        let work = move || {
            keep_to(&files);
            work();
        };
        // This does not fail: the receiving thread runs as long as this sender exists.
        let _waits = self.0.send(Box::new(work));
    }
}
