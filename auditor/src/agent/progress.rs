//! A line on the terminal that says how far a window is.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
};

use auditor_common::{Slot, Tally};
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

    pub(crate) fn show(
        &self,
        elapsed: SignedDuration,
        window: SignedDuration,
        tallies: &BTreeMap<Slot, Tally>,
    ) {
        if self.is_terminal {
            let packets = |slot| tallies.get(&slot).map_or(0, |tally| tally.packets);
            print(&format!(
                "\r\x1b[K{} of {} s: {} packets in, {} out; Ctrl-C ends the window",
                elapsed.as_secs(),
                window.as_secs(),
                packets(Slot::Received),
                packets(Slot::Sent)
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
    // A terminal that went away needs no progress.
    let _gone = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}
