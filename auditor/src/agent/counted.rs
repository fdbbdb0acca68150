//! What was drained from the kernel half since the session began.

use std::collections::BTreeMap;

use auditor_common::{Reason, Tally, Totals, packet};

use crate::{capture::Capture, observed::Ledger};

/// Conversations and totals, summed over drains.
pub(crate) struct Counted {
    pub(crate) ledger: Ledger,
    /// All packets, by direction.
    pub(crate) totals: Totals,
    /// Packets of flows, by the interface's index.
    pub(crate) by_interface: BTreeMap<u32, u64>,
    drains: Drains,
}

/// How often the flow table was drained, and how much was in it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Drains {
    pub(crate) count: u64,
    /// Records of the fullest drain since [`Counted::take_drains`] was last called.
    pub(crate) fullest: usize,
}

impl Counted {
    /// Keeps at most `most` conversations.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            ledger: Ledger::new(most),
            totals: Totals::default(),
            by_interface: BTreeMap::new(),
            drains: Drains::default(),
        }
    }

    /// Takes what the kernel half counted since the last time.
    pub(crate) fn drain(&mut self, capture: &mut Capture) -> anyhow::Result<()> {
        let ledger = &mut self.ledger;
        let by_interface = &mut self.by_interface;
        let mut n_records = 0;
        let totals = capture.drain(&mut |key, record| {
            n_records += 1;
            let packets: u64 = record.packets.iter().sum();
            *by_interface
                .entry(packet::index(key.interface))
                .or_default() += packets;
            ledger.add(key, record);
        });
        self.ledger.end_drain();
        let totals = totals?;
        self.drains.count += 1;
        self.drains.fullest = self.drains.fullest.max(n_records);
        self.totals += totals;
        Ok(())
    }

    /// The number of drains in all, and the fullest drain since the last call.
    pub(crate) fn take_drains(&mut self) -> Drains {
        let drains = self.drains;
        self.drains.fullest = 0;
        drains
    }

    /// Packets that are in no flow, by reason.
    pub(crate) fn without_flow(
        &self,
        capture: &Capture,
    ) -> anyhow::Result<BTreeMap<Reason, Tally>> {
        let mut without_flow = capture.without_flow()?;
        for more in self.ledger.lost().values() {
            *without_flow.entry(Reason::TableFull).or_default() += *more;
        }
        Ok(without_flow)
    }
}
