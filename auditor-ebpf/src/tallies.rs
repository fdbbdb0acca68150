//! Counters of packets that are in no flow: by reason, and also by port if the flow table had no room.

use auditor_common::{
    Direction, Reason, Tally,
    lost::{self, Lost},
};
use aya_ebpf::{
    macros::map,
    maps::{Array, PerCpuArray},
};

use crate::{atomic, mode::has_buckets, outcome::Outcome, state::MMAPABLE};

/// Packets in no flow, indexed by [`Reason`].
#[map]
static TALLIES: PerCpuArray<Tally> = PerCpuArray::with_max_entries(Reason::COUNT, 0);

/// Packets for which the table had no room, by port but without addresses; laid out by `auditor_common::lost`.
#[map]
static LOST: Array<Tally> = Array::with_max_entries(lost::COUNT, MMAPABLE);

/// Counts a packet under its reason, if it is in no flow.
#[inline(always)]
pub(crate) fn add_outcome(counted: Outcome, wire: &Tally) {
    if let Some(reason) = counted.reason() {
        add_index(reason, wire);
    }
}

/// Counts a packet under a reason.
#[inline(always)]
pub(crate) fn add(reason: Reason, wire: &Tally) {
    add_index(reason.index(), wire);
}

#[inline(always)]
fn add_index(index: u32, wire: &Tally) {
    let Some(tally) = TALLIES.get_ptr_mut(index) else {
        return;
    };
    // SAFETY: a whole entry; with buckets of its own this CPU alone writes to it.
    unsafe {
        if has_buckets() {
            (*tally).packets += wire.packets;
            (*tally).bytes += wire.bytes;
        } else {
            atomic::add(tally, wire);
        }
    }
}

/// Counts a packet for whose flow the table had no room, by direction, transport and server port.
#[inline(always)]
pub(crate) fn add_lost(direction: Direction, protocol: u8, port: u16, wire: &Tally) {
    let index = lost::index(Lost {
        direction,
        protocol,
        port,
    });
    if let Some(tally) = LOST.get_ptr_mut(index) {
        // SAFETY: a whole entry.
        unsafe { atomic::add(tally, wire) };
    }
}
