//! Threads that begin in the network namespace of the command, whichever the session is in.

use std::sync::mpsc::{self, Sender};

use crate::capture::privilege;

/// Begins threads in the network namespace that it was begun in itself: a thread is where the one that began it is.
pub(crate) struct ThreadSpawner(Sender<Work>);

type Work = Box<dyn FnOnce() + Send>;

impl ThreadSpawner {
    pub(crate) fn begin() -> Self {
        let (send, receive) = mpsc::channel::<Work>();
        std::thread::spawn(move || {
            // Threads begin with what this one may do; what can't be given up is not there.
            let _refused = privilege::give_up();
            for work in receive {
                std::thread::spawn(work);
            }
        });
        Self(send)
    }

    pub(crate) fn spawn(&self, work: impl FnOnce() + Send + 'static) {
        // It waits as long as this lives.
        let _waits = self.0.send(Box::new(work));
    }
}
