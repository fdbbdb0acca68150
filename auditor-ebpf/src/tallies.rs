//! What is counted of packets that are in no flow: by the reason, and for want of room by port.

use auditor_common::{
    Direction, Reason, Tally,
    lost::{self, Lost},
};
use aya_ebpf::{
    macros::map,
    maps::{Array, PerCpuArray},
};

use crate::{atomic, mode::has_buckets, outcome::Outcome, state::MMAPABLE};

/// By [`Reason`].
#[map]
static TALLIES: PerCpuArray<Tally> = PerCpuArray::with_max_entries(Reason::COUNT, 0);

/// What was counted without its peer, as `auditor_common::lost` lays it out.
#[map]
static LOST: Array<Tally> = Array::with_max_entries(lost::COUNT, MMAPABLE);

/// Counts a packet under the reason why it is in no flow, if it is in none.
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

/// Counts a packet for whose flow there was no room, by its direction, its transport and its server's port.
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
