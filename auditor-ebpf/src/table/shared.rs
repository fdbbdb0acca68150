//! The shared table: for packets that find no bucket, and for all packets on kernels where one program can interrupt another
//! on the same CPU (`PREEMPT_RT`).

use auditor_common::{
    ConversationKey, ConversationRecord, Reason,
    flow::{opening, requested},
};
use aya_ebpf::{
    bindings::BPF_NOEXIST, helpers::generated::bpf_ktime_get_ns, macros::map, maps::HashMap,
};

use super::event::OPENS;
use crate::{
    atomic::{increase, set_bits},
    state::PerCpu,
    verifier::one_of_two,
};

/// Conversations by key, shared by all CPUs; one table for each half. User space sets their sizes.
#[map]
static SHARED_0: HashMap<ConversationKey, ConversationRecord> =
    HashMap::with_max_entries(65_536, 0);
#[map]
static SHARED_1: HashMap<ConversationKey, ConversationRecord> =
    HashMap::with_max_entries(65_536, 0);

/// What one packet adds to an entry.
pub(crate) struct Packet {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) epoch: u64,
    /// 0 if the first address sent it, 1 if the second did.
    pub(crate) sender: u8,
    pub(crate) evidence: u8,
    pub(crate) flags: u8,
    /// What [`event`](super::event::event) returned for the packet.
    pub(crate) event: u8,
    pub(crate) refusals: u8,
    /// The bit of [`opening`] that an ICMP error sets; else 0.
    pub(crate) undelivered: u8,
    /// The port from which a request left this host to a known server; else 0.
    pub(crate) requested_from: u16,
}

/// The kernel's error when no entry is left: `-E2BIG`.
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
    began: 0,
};

/// Adds a packet to its entry.
///
/// # Errors
///
/// `Reason::TableFull` if the key is new and no entry is left for it.
#[inline(always)]
pub(crate) fn add(per_cpu: &PerCpu, key: &ConversationKey, packet: &Packet) -> Result<(), Reason> {
    let table = if per_cpu.half() == 0 {
        &SHARED_0
    } else {
        &SHARED_1
    };
    let (known, is_new) = if let Some(known) = table.get_ptr_mut(key) {
        (known, false)
    } else {
        // Searching a full table for a free entry costs several times as much as everything else together.
        if per_cpu.is_shared_full() {
            return Err(Reason::TableFull);
        }
        // Another CPU may insert the key first; the lookup below then finds that entry.
        let inserted = table.insert(key, &EMPTY, u64::from(BPF_NOEXIST));
        if inserted == Err(NO_ENTRY) {
            per_cpu.fill_shared();
            return Err(Reason::TableFull);
        }
        let known = table.get_ptr_mut(key).ok_or(Reason::TableFull)?;
        (known, inserted.is_ok())
    };
    let sender = one_of_two(u64::from(packet.sender));
    // SAFETY: the kernel hands out pointers to whole entries, which stay readable while the program runs. Other CPUs write
    // to them too, so every change is one atomic instruction, or a plain store of the epoch or by the CPU that made the
    // entry.
    unsafe {
        if is_new {
            (*known).first = packet.epoch;
            (*known).evidence = u64::from(packet.evidence);
            if packet.evidence == 0 {
                (*known).began = bpf_ktime_get_ns();
            }
        }
        (*known).last = packet.epoch;
        if packet.packets != 0 {
            increase(
                (&raw mut (*known).packets).cast::<u64>().add(sender),
                packet.packets,
            );
            increase(
                (&raw mut (*known).bytes).cast::<u64>().add(sender),
                packet.bytes,
            );
        }
        match packet.event {
            0 => {}
            opening::REQUEST_FROM_FIRST => increase(&raw mut (*known).requests, 1),
            opening::REPLY_FROM_FIRST => increase(&raw mut (*known).replies, 1),
            _ => increase((&raw mut (*known).resets).cast::<u64>().add(sender), 1),
        }
        if packet.requested_from != 0 {
            // Where two CPUs do so at a time, one of the ports may be lost, and an error about it with it.
            let ports = (&raw mut (*known).began).read_volatile();
            let ports = requested::with(ports, packet.requested_from);
            (&raw mut (*known).began).write_volatile(ports);
        }
        if packet.refusals != 0 {
            increase(&raw mut (*known).refusals, 1);
        }
        set_bits(
            &raw mut (*known).flags,
            u64::from(packet.flags) << (8 * sender),
        );
        let mut opening = (packet.event & OPENS) << sender;
        if is_new && sender == 1 {
            opening |= opening::STARTED_BY_SECOND;
        }
        opening |= packet.undelivered;
        set_bits(&raw mut (*known).opening, u64::from(opening));
    }
    Ok(())
}
