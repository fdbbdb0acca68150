//! The shared table: for packets that find no bucket of their CPU, and for all packets on kernels where one program can
//! interrupt another on the same CPU (`PREEMPT_RT`).
//!
//! Open addressing in mapped memory, as that of the CPUs. Whoever takes a bucket writes its ports last; a CPU that comes upon
//! one that is being taken goes on to the next, so that two buckets may count one conversation, which user space merges.

use auditor_common::{
    Reason, SharedBucket,
    flow::{counted, opening, requested},
};
use aya_ebpf::{Global, helpers::generated::bpf_ktime_get_ns, macros::map, maps::Array};

use super::{
    addresses::{Addresses6, are_equal},
    bucket::hash,
    event::OPENS,
};
use crate::{
    atomic::{compare_exchange, exchange, increase, increase_word, set_bits, set_bits_of_word},
    state::{MMAPABLE, PerCpu},
    verifier::one_of_two,
};

/// The buckets of both halves; user space sets their number.
#[map]
static SHARED: Array<SharedBucket> = Array::with_max_entries(2, MMAPABLE);

/// The number of buckets in a half, less one; a mask, since that number is a power of two.
#[unsafe(no_mangle)]
static MASK_SHARED: Global<u32> = Global::new(0);

/// Buckets that are probed: more than of a CPU's own, since behind these there is no other place. Where packets that came in have
/// taken all that they may, three quarters, one conversation of a hundred that this host begins finds none.
const PROBES: u32 = 16;

/// The key of a bucket.
pub(crate) struct Key {
    /// IPv4 addresses are IPv4-mapped.
    pub(crate) addresses: Addresses6,
    pub(crate) ports: u64,
    pub(crate) interface: u32,
}

/// What one packet adds to an entry.
pub(crate) struct Packet {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) epoch: u32,
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
    /// Somebody else may have sent it.
    pub(crate) comes_in: bool,
}

/// Adds a packet to its bucket.
///
/// # Errors
///
/// `Reason::TableFull` if the key is new and no bucket is left for it, or the bucket's counters are full.
#[inline(always)]
pub(crate) fn add(per_cpu: &PerCpu, key: &Key, packet: &Packet) -> Result<(), Reason> {
    let (bucket, is_new) = find(per_cpu, key, packet.comes_in).ok_or(Reason::TableFull)?;
    let sender = one_of_two(u64::from(packet.sender));
    // SAFETY: `find` hands out pointers to whole map values. Other CPUs write to them too, so every change is one atomic
    // instruction, or a plain store of the epoch or by the CPU that takes the bucket, which nobody else finds before its ports
    // are written.
    unsafe {
        if is_new {
            (*bucket).first = packet.epoch;
            (*bucket).evidence = u32::from(packet.evidence);
            if packet.evidence == 0 {
                (*bucket).began = bpf_ktime_get_ns();
            }
            exchange(&raw mut (*bucket).ports, key.ports);
            per_cpu.use_shared();
        }
        let counted = (&raw mut (*bucket).counted).cast::<u64>().add(sender);
        if counted.read_volatile() & counted::FULL != 0 {
            return Err(Reason::TableFull);
        }
        // Not written where it is there already: other CPUs would have to fetch the cache line again.
        let last = (&raw mut (*bucket).last_and_flags).cast::<u16>();
        if *last != packet.epoch as u16 {
            *last = packet.epoch as u16;
        }
        if packet.packets != 0 {
            increase(counted, counted::word(packet.packets, packet.bytes));
        }
        if packet.flags != 0 {
            let flags = SharedBucket::flags(packet.flags, sender);
            set_bits_of_word(&raw mut (*bucket).last_and_flags, flags);
        }
        if packet.requested_from != 0 {
            // Where two CPUs do so at a time, one of the ports may be lost, and an error about it with it.
            let ports = (&raw mut (*bucket).began).read_volatile();
            let ports = requested::with(ports, packet.requested_from);
            (&raw mut (*bucket).began).write_volatile(ports);
        }
        match packet.event {
            0 => {}
            opening::REQUEST_FROM_FIRST => increase_word(&raw mut (*bucket).requests),
            opening::REPLY_FROM_FIRST => increase_word(&raw mut (*bucket).replies),
            _ => increase_word((&raw mut (*bucket).resets).cast::<u32>().add(sender)),
        }
        if packet.refusals != 0 {
            increase_word(&raw mut (*bucket).refusals);
        }
        let mut opening = (packet.event & OPENS) << sender;
        if is_new && sender == 1 {
            opening |= opening::STARTED_BY_SECOND;
        }
        opening |= packet.undelivered;
        if opening != 0 {
            set_bits(&raw mut (*bucket).opening, u64::from(opening));
        }
    }
    Ok(())
}

/// Finds the bucket of a key, or takes a free one: then the caller writes the ports, when all else is there.
#[inline(always)]
fn find(per_cpu: &PerCpu, key: &Key, comes_in: bool) -> Option<(*mut SharedBucket, bool)> {
    let hash = hash(key.addresses, key.ports);
    // Steps of different lengths, and none that returns early, since the number of buckets is a power of two: buckets that are
    // taken then form no clusters, as they would behind each other.
    let step = hash >> 15 | 1;
    let mask = MASK_SHARED.load();
    let mut position = hash;
    let taken_in = per_cpu.shared_taken_in();
    let start = if per_cpu.half() == 0 { 0 } else { mask + 1 };
    for _ in 0..PROBES {
        let index = start.wrapping_add(position & mask);
        position = position.wrapping_add(step);
        let bucket = SHARED.get_ptr_mut(index)?;
        // SAFETY: a whole map value. Its ports are read in one piece; whoever reads them before its addresses are there finds
        // other addresses than his, and goes on.
        unsafe {
            let mut ports = (&raw const (*bucket).ports).read_volatile();
            if ports == 0 {
                // Where another CPU takes the bucket first, it is counted twice: by then the table is crowded anyway.
                if comes_in {
                    if u64::from(mask / 4 * 3) <= taken_in.read_volatile() {
                        return None;
                    }
                    increase(taken_in, 1);
                }
                let (free, taken) = (0, SharedBucket::BEING_TAKEN);
                ports = compare_exchange(&raw mut (*bucket).ports, free, taken);
                if ports == free {
                    (*bucket).addresses = key.addresses;
                    (*bucket).interface = key.interface;
                    return Some((bucket, true));
                }
            }
            let [[a, b], [c, d]] = key.addresses;
            if ports == key.ports
                && are_equal([a, b, c, d], &(*bucket).addresses)
                && (*bucket).interface == key.interface
            {
                return Some((bucket, false));
            }
        }
    }
    None
}
