//! What was drained from the kernel half since the session began.

use std::{collections::BTreeMap, time::Duration};

use auditor_common::{Reason, Tally, Totals, packet};
use tokio::time::Instant;

use super::{clock, settings::MOST_FLOWS};
use crate::{
    capture::{Capture, Sizes},
    observed::Ledger,
};

/// Conversations and totals, summed over drains.
pub(crate) struct Counted {
    pub(crate) ledger: Ledger,
    /// All packets, by direction.
    pub(crate) totals: Totals,
    /// Packets of flows, by the interface's index.
    pub(crate) by_interface: BTreeMap<u32, u64>,
    drains: Drains,
    /// Packets for which the kernel half had no place.
    n_uncounted: u64,
    /// When the last drain ended, and the processor's time that it took.
    last: Option<(Instant, Duration)>,
    /// The `--flows` that was last said to be wanted.
    said_wanted: u32,
}

/// Drains before their time take this part of a processor at most: on a host of many CPUs they read much memory.
const EARLY_PART: u32 = 10;

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
            n_uncounted: 0,
            last: None,
            said_wanted: 0,
        }
    }

    /// Takes what the kernel half counted since the last time.
    pub(crate) fn drain(&mut self, capture: &mut Capture) -> anyhow::Result<()> {
        let ledger = &mut self.ledger;
        let by_interface = &mut self.by_interface;
        let mut n_records = 0;
        let start = clock::processor_time();
        let totals = capture.drain(&mut |key, record| {
            n_records += 1;
            let packets: u64 = record.packets.iter().sum();
            *by_interface
                .entry(packet::index(key.interface))
                .or_default() += packets;
            ledger.add_drained(key, record);
        });
        let n_uncounted = uncounted(capture).unwrap_or(self.n_uncounted);
        self.ledger.end_drain(self.n_uncounted < n_uncounted);
        self.n_uncounted = n_uncounted;
        let totals = totals?;
        self.drains.count += 1;
        self.drains.fullest = self.drains.fullest.max(n_records);
        self.totals += totals;
        let took = clock::processor_time().saturating_sub(start);
        self.last = Some((clock::monotonic(), took));
        Ok(())
    }

    /// Whether the table should be drained before its time: new conversations soon find no bucket, which costs each of their
    /// packets as much as a hash map.
    pub(crate) fn is_drain_due(&self, capture: &Capture) -> bool {
        let had_pause = |(end, took)| took * EARLY_PART <= clock::since(end);
        self.last.is_none_or(had_pause) && capture.fills_up()
    }

    /// The `--flows` for which the table would have had room for all that the last drain found, if more than was said before,
    /// and the bytes that it would take.
    pub(crate) fn take_wanted(&mut self, capture: &Capture) -> Option<(u32, u64)> {
        let wanted = capture.flows_wanted()?.min(MOST_FLOWS);
        if wanted <= self.said_wanted {
            return None;
        }
        self.said_wanted = wanted;
        // A table that this host can't have is no advice.
        Some((wanted, Sizes::new(wanted).ok()?.kernel_bytes()))
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
        let unproven = self.ledger.unproven().total();
        if 0 < unproven.packets {
            *without_flow.entry(Reason::Unproven).or_default() += unproven;
        }
        Ok(without_flow)
    }
}

/// Packets that found no place in the flow table; `None` if that can't be read, which is said where it is shown.
fn uncounted(capture: &Capture) -> Option<u64> {
    let without_flow = capture.without_flow().ok()?;
    let of = |reason| without_flow.get(&reason).map_or(0, |tally| tally.packets);
    Some(of(Reason::TableFull) + of(Reason::Unproven))
}
