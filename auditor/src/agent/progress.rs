//! A line on the terminal that shows the progress of a window.

use std::io::{self, IsTerminal as _, Write as _};

use auditor_common::Totals;
use jiff::SignedDuration;

pub(crate) struct Progress {
    is_terminal: bool,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self {
            is_terminal: io::stderr().is_terminal(),
        }
    }

    pub(crate) fn show(&self, elapsed: SignedDuration, window: SignedDuration, totals: &Totals) {
        if self.is_terminal {
            print(&format!(
                "\r\x1b[K{} of {} s: {} packets in, {} out; Ctrl-C ends the window",
                elapsed.as_secs(),
                window.as_secs(),
                totals.received.packets,
                totals.sent.packets
            ));
        }
    }

    pub(crate) fn clear(&self) {
        if self.is_terminal {
            print("\r\x1b[K");
        }
    }
}

fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    // An error means that the terminal is gone, which needs no progress line.
    let _gone = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}
