//! The table behind the places: for what finds none there, and for kernels whose CPUs are interrupted at work.

use core::intrinsics::{AtomicOrdering, atomic_or, atomic_xadd};

use crate::{
    bounded::one_of_two,
    per_cpu::{MMAPABLE, PerCpu, has_buckets},
};
use auditor_common::{ConversationKey, ConversationRecord, Reason, Tally, flow::opening, lost};
use aya_ebpf::{
    bindings::BPF_NOEXIST,
    macros::map,
    maps::{Array, HashMap, PerCpuArray},
};

/// Conversations by key, shared by all CPUs, one table for each half. User space sets their size.
#[map]
static SHARED_0: HashMap<ConversationKey, ConversationRecord> =
    HashMap::with_max_entries(65_536, 0);
#[map]
static SHARED_1: HashMap<ConversationKey, ConversationRecord> =
    HashMap::with_max_entries(65_536, 0);

/// What was counted without its peer, as `auditor_common::lost` lays it out.
#[map]
static LOST: Array<Tally> = Array::with_max_entries(lost::COUNT, MMAPABLE);

/// What is counted beside flows, by [`Reason`].
#[map]
static TALLIES: PerCpuArray<Tally> = PerCpuArray::with_max_entries(Reason::COUNT, 0);

/// One packet, as it is added to an entry.
pub(crate) struct Packet {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) epoch: u64,
    /// 0 if the first end sent it, 1 if the second did.
    pub(crate) direction: u8,
    pub(crate) evidence: u8,
    pub(crate) flags: u8,
    /// What it says of its conversation's beginning or end: a bit of [`opening`] as for the first end, [`RESETS`], or 0.
    pub(crate) event: u8,
    pub(crate) refusals: u8,
}

/// The event of a TCP reset.
pub(crate) const RESETS: u8 = 1 << 7;
/// The events that say who opens a conversation.
pub(crate) const OPENS: u8 = opening::REQUEST_FROM_FIRST | opening::REPLY_FROM_FIRST;

/// What the kernel says where no entry is left: `-E2BIG`.
const NO_ENTRY: i32 = -7;

static EMPTY: ConversationRecord = ConversationRecord {
    packets: [0; 2],
    bytes: [0; 2],
    resets: [0; 2],
    requests: 0,
    replies: 0,
    refusals: 0,
    flags: 0,
    opening: 0,
    first: 0,
    last: 0,
    evidence: 0,
};

/// Adds a packet to its entry.
///
/// # Errors
///
/// `Reason::TableFull` if the key is new and no entry is left for it.
#[inline(always)]
pub(crate) fn add(per_cpu: &PerCpu, key: &ConversationKey, packet: &Packet) -> Result<(), Reason> {
    let table = if per_cpu.half == 0 {
        &SHARED_0
    } else {
        &SHARED_1
    };
    let (known, is_new) = if let Some(known) = table.get_ptr_mut(key) {
        (known, false)
    } else {
        // Looking for an entry where there is none costs several times what all else does.
        if per_cpu.is_full() {
            return Err(Reason::TableFull);
        }
        // Another CPU may be faster: whoever loses finds the winner's entry.
        let inserted = table.insert(key, &EMPTY, u64::from(BPF_NOEXIST));
        if inserted == Err(NO_ENTRY) {
            per_cpu.fill();
            return Err(Reason::TableFull);
        }
        let known = table.get_ptr_mut(key).ok_or(Reason::TableFull)?;
        (known, inserted.is_ok())
    };
    let direction = one_of_two(u64::from(packet.direction));
    // SAFETY: the kernel hands out pointers to whole entries, which stay readable while the program runs. Other CPUs write
    // to them too, so every change is one atomic instruction, or a plain store of the epoch or by whoever made the entry.
    unsafe {
        if is_new {
            (*known).first = packet.epoch;
            (*known).evidence = u64::from(packet.evidence);
        }
        (*known).last = packet.epoch;
        if packet.packets != 0 {
            increase(
                (&raw mut (*known).packets).cast::<u64>().add(direction),
                packet.packets,
            );
            increase(
                (&raw mut (*known).bytes).cast::<u64>().add(direction),
                packet.bytes,
            );
        }
        match packet.event {
            0 => {}
            opening::REQUEST_FROM_FIRST => increase(&raw mut (*known).requests, 1),
            opening::REPLY_FROM_FIRST => increase(&raw mut (*known).replies, 1),
            _ => increase((&raw mut (*known).resets).cast::<u64>().add(direction), 1),
        }
        if packet.refusals != 0 {
            increase(&raw mut (*known).refusals, 1);
        }
        unite(
            &raw mut (*known).flags,
            u64::from(packet.flags) << (8 * direction),
        );
        let mut opening = (packet.event & OPENS) << direction;
        if is_new && direction == 1 {
            opening |= opening::STARTED_BY_SECOND;
        }
        unite(&raw mut (*known).opening, u64::from(opening));
    }
    Ok(())
}

/// Counts a packet that is in no flow, by its way, its transport and its server's port.
#[inline(always)]
pub(crate) fn lose(index: u32, packets: u64, bytes: u64) {
    if let Some(tally) = LOST.get_ptr_mut(index) {
        add_tally(tally, &Tally { packets, bytes });
    }
}

/// Adds to the tally of a reason.
#[inline(always)]
pub(crate) fn tally(reason: u32, wire: &Tally) {
    let Some(tally) = TALLIES.get_ptr_mut(reason) else {
        return;
    };
    if has_buckets() {
        // SAFETY: a whole entry, which this CPU alone writes to.
        unsafe {
            (*tally).packets += wire.packets;
            (*tally).bytes += wire.bytes;
        }
    } else {
        add_tally(tally, wire);
    }
}

#[inline(always)]
pub(crate) fn add_tally(tally: *mut Tally, wire: &Tally) {
    // SAFETY: callers pass pointers to whole map values.
    unsafe {
        increase(&raw mut (*tally).packets, wire.packets);
        increase(&raw mut (*tally).bytes, wire.bytes);
    }
}

#[inline(always)]
fn increase(counter: *mut u64, amount: u64) {
    // SAFETY: callers pass pointers into map values, which are aligned for u64.
    unsafe {
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(counter, amount);
    }
}

#[inline(always)]
fn unite(bits: *mut u64, more: u64) {
    // SAFETY: callers pass pointers into map values, which are aligned for u64.
    unsafe {
        if *bits & more != more {
            atomic_or::<u64, u64, { AtomicOrdering::Relaxed }>(bits, more);
        }
    }
}
