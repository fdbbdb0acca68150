//! What was taken out of the kernel since a session began.

use std::collections::BTreeMap;

use auditor_common::{Slot, Tally};

use crate::{
    capture::{Capture, Ways},
    observed::Ledger,
};

/// Conversations and totals, summed over drains.
pub(crate) struct Counted {
    pub(crate) ledger: Ledger,
    /// All packets, by direction.
    pub(crate) totals: Ways,
    drains: Drains,
}

/// How often the flow table was drained, and how much was in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drains {
    pub(crate) count: u64,
    /// Records that the fullest of those since the last look held.
    pub(crate) fullest: usize,
}

impl Counted {
    /// Keeps at most so many conversations.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            ledger: Ledger::new(most),
            totals: Ways::default(),
            drains: Drains::default(),
        }
    }

    /// Takes what the kernel half counted since the last time.
    pub(crate) fn drain(&mut self, capture: &mut Capture) -> anyhow::Result<()> {
        let ledger = &mut self.ledger;
        let mut n_records = 0;
        let totals = capture.drain(&mut |key, record| {
            n_records += 1;
            ledger.add(key, record);
        })?;
        self.drains.count += 1;
        self.drains.fullest = self.drains.fullest.max(n_records);
        for (sum, more) in self.totals.iter_mut().zip(totals) {
            sum.packets += more.packets;
            sum.bytes += more.bytes;
        }
        Ok(())
    }

    /// How the table was drained, the fullest drain being that since the last call.
    pub(crate) fn take_drains(&mut self) -> Drains {
        let drains = self.drains;
        self.drains.fullest = 0;
        drains
    }

    /// Every packet, and those that are in no flow, by slot.
    pub(crate) fn tallies(&self, capture: &Capture) -> anyhow::Result<BTreeMap<Slot, Tally>> {
        let mut tallies = capture.tallies()?;
        for (slot, tally) in [Slot::Received, Slot::Sent].into_iter().zip(self.totals) {
            if tally != Tally::default() {
                tallies.insert(slot, tally);
            }
        }
        for more in self.ledger.lost().values() {
            let sum = tallies.entry(Slot::TableFull).or_default();
            sum.packets += more.packets;
            sum.bytes += more.bytes;
        }
        Ok(tallies)
    }
}
