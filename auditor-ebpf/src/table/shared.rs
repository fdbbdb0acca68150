//! The shared table: for packets that find no bucket of their CPU, and for all packets on kernels where one program can
//! interrupt another on the same CPU (`PREEMPT_RT`).
//!
//! Open addressing in mapped memory, as that of the CPUs, but by groups of buckets: a conversation may have any bucket of a group,
//! and where it has none, of the next group that is looked at. Far from full, nearly all have one of the first. Whoever takes a bucket writes its ports last; a CPU that comes upon
//! one that is being taken goes on to the next, so that two buckets may count one conversation, which user space merges.

use auditor_common::{
    PackedPorts, Reason, SharedBucket, SharedGroup, SharedOpening, Tally,
    flow::{counted, opening, requested},
};
use aya_ebpf::{Global, helpers::generated::bpf_ktime_get_ns, macros::map, maps::Array};

use super::{
    addresses::{AddressPair, Addresses6, are_equal},
    event::OPENS,
};
use crate::{
    atomic::{compare_exchange, exchange, increase, increase_word, set_bits, set_bits_of_word},
    state::{MMAPABLE, PerCpu},
    verifier::{one_of_four, one_of_two},
};

/// The groups of buckets of both halves; user space sets their number.
#[map]
static SHARED: Array<SharedGroup> = Array::with_max_entries(2, MMAPABLE);

/// How the conversations of these buckets began. Apart from them, so that memory that every packet reads is half as large.
#[map]
static OPENINGS: Array<SharedOpening> = Array::with_max_entries(2 * SharedGroup::SIZE, MMAPABLE);

/// The number of groups in a half, less one; a mask, since that number is a power of two.
#[unsafe(no_mangle)]
static MASK_SHARED: Global<u32> = Global::new(0);

/// Groups that are looked at: of more buckets than a CPU's own, since behind these there is no other place. Where packets that
/// came in have taken all that they may, three quarters, one conversation of a hundred that this host begins finds none.
const PROBES: u32 = 6;

/// An odd number whose bits look random: 2^32 divided by the golden ratio.
const SPREAD: u32 = 0x9e37_79b9;

/// The key of a bucket.
pub(crate) struct Key {
    addresses: Addresses6,
    ports: u64,
    interface: u32,
    /// What [`hash`](super::bucket::hash) returned for a CPU's own bucket of the conversation.
    hash: u32,
}

impl Key {
    /// The key of a conversation that has the others in a CPU's own table.
    #[inline(always)]
    pub(crate) fn new<A: AddressPair>(addresses: A, ports: u64, interface: u32, hash: u32) -> Self {
        let ports = PackedPorts(ports).of_ipv6(A::IS_IPV6);
        Self::of_mapped(addresses.mapped(), ports, interface, hash)
    }

    /// As [`Self::new`], of addresses in the form that the shared table has, and ports that say of which version they are.
    #[inline(always)]
    pub(crate) const fn of_mapped(
        addresses: Addresses6,
        ports: PackedPorts,
        interface: u32,
        hash: u32,
    ) -> Self {
        Self {
            addresses,
            ports: ports.0,
            interface,
            hash,
        }
    }

    /// The place of the first group to look at. Other bits than those that choose a CPU's own bucket: conversations that find none
    /// there have these in common.
    #[inline(always)]
    const fn position(&self) -> u32 {
        self.hash.wrapping_mul(SPREAD) >> 7
    }

    /// Whether a bucket with these ports is this key's.
    ///
    /// # Safety
    ///
    /// `bucket` is part of a whole map value.
    #[inline(always)]
    unsafe fn matches(&self, ports: u64, bucket: *mut SharedBucket) -> bool {
        let [[a, b], [c, d]] = self.addresses;
        // SAFETY: the caller's promise.
        unsafe {
            ports == self.ports
                && are_equal([a, b, c, d], &(*bucket).addresses)
                && (*bucket).interface == self.interface
        }
    }
}

/// A group of buckets, with what stood in their ports when it was looked at. All are read before any is compared, so that the
/// processor fetches them at the same time.
struct Group {
    start: *mut SharedBucket,
    ports: [u64; SharedGroup::SIZE as usize],
}

impl Group {
    /// The group at an index of the map.
    #[inline(always)]
    fn at(index: u32) -> Option<Self> {
        let start = SHARED.get_ptr_mut(index)?.cast::<SharedBucket>();
        // SAFETY: a whole map value. Its ports are read in one piece; whoever reads them before its addresses are there finds other
        // addresses than his, and goes on.
        let ports = unsafe {
            [
                (&raw const (*start).ports).read_volatile(),
                (&raw const (*start.add(1)).ports).read_volatile(),
                (&raw const (*start.add(2)).ports).read_volatile(),
                (&raw const (*start.add(3)).ports).read_volatile(),
            ]
        };
        Some(Self { start, ports })
    }

    /// The first free bucket.
    #[inline(always)]
    fn free(&self) -> Option<usize> {
        self.ports.into_iter().position(|ports| ports == 0)
    }
}

/// The index of the first group of the half that is written to, with the mask of the groups' numbers in it.
#[inline(always)]
fn half(per_cpu: &PerCpu) -> (u32, u32) {
    let mask = MASK_SHARED.load();
    (if per_cpu.half() == 0 { 0 } else { mask + 1 }, mask)
}

/// Counts a packet that opens nothing, if its conversation has a bucket in the first group that is looked at, as nearly all have.
/// False, with nothing counted, if not.
#[inline(always)]
pub(crate) fn count_known(
    per_cpu: &PerCpu,
    key: &Key,
    sender: u32,
    wire: &Tally,
    flags: u8,
) -> bool {
    let (start, mask) = half(per_cpu);
    let Some(group) = Group::at(start + (key.position() & mask)) else {
        return false;
    };
    for (slot, ports) in group.ports.into_iter().enumerate() {
        // SAFETY: the group is a whole map value, and holds as many buckets as ports were read.
        let is_counted = unsafe {
            let bucket = group.start.add(slot);
            if !key.matches(ports, bucket) {
                continue;
            }
            count(
                bucket,
                one_of_two(u64::from(sender)),
                wire,
                flags,
                per_cpu.epoch(),
            )
        };
        return is_counted;
    }
    false
}

/// Adds a packet to a bucket; false, with nothing added, if its counters are full.
///
/// # Safety
///
/// `bucket` is part of a whole map value. Other CPUs write to it too, so every change is one atomic instruction, or a plain store of
/// the epoch.
#[inline(always)]
unsafe fn count(
    bucket: *mut SharedBucket,
    sender: usize,
    wire: &Tally,
    flags: u8,
    epoch: u32,
) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let counted = (&raw mut (*bucket).counted).cast::<u64>().add(sender);
        if counted.read_volatile() & counted::FULL != 0 {
            return false;
        }
        // Not written where it is there already: other CPUs would have to fetch the cache line again.
        let last = (&raw mut (*bucket).last_and_flags).cast::<u16>();
        if *last != epoch as u16 {
            *last = epoch as u16;
        }
        if wire.packets != 0 {
            increase(counted, counted::word(wire.packets, wire.bytes));
        }
        if flags != 0 {
            let flags = SharedBucket::flags(flags, sender);
            set_bits_of_word(&raw mut (*bucket).last_and_flags, flags);
        }
    }
    true
}

/// What one packet adds to a bucket.
pub(crate) struct Packet {
    /// None of an ICMP error.
    pub(crate) wire: Tally,
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
    // No `ok_or`: the compiler would shift the pointer, which the verifier refuses.
    let Some(found) = find(per_cpu, key, packet.comes_in) else {
        return Err(Reason::TableFull);
    };
    let bucket = found.bucket;
    let sender = one_of_two(u64::from(packet.sender));
    let mut opening = (packet.event & OPENS) << sender | packet.undelivered;
    if found.is_new && sender == 1 {
        opening |= opening::STARTED_BY_SECOND;
    }
    let is_opening =
        found.is_new || packet.event | packet.undelivered != 0 || packet.requested_from != 0;
    // SAFETY: `find` hands out pointers to parts of whole map values. Other CPUs write to them too, so every change is one atomic
    // instruction, or a plain store by the CPU that takes the bucket, which nobody else finds before its ports are written.
    unsafe {
        if is_opening {
            let Some(of_bucket) = OPENINGS.get_ptr_mut(found.index) else {
                return Err(Reason::TableFull);
            };
            if found.is_new {
                (*of_bucket).first = packet.epoch;
                (*of_bucket).evidence = u32::from(packet.evidence);
                if packet.evidence == 0 {
                    (*of_bucket).began = bpf_ktime_get_ns();
                }
                exchange(&raw mut (*bucket).ports, key.ports);
                per_cpu.list_shared(found.index);
            }
        }
        if !count(bucket, sender, &packet.wire, packet.flags, packet.epoch) {
            return Err(Reason::TableFull);
        }
        if is_opening {
            let Some(of_bucket) = OPENINGS.get_ptr_mut(found.index) else {
                return Err(Reason::TableFull);
            };
            if packet.requested_from != 0 {
                // Where two CPUs do so at a time, one of the ports may be lost, and an error about it with it.
                let ports = (&raw mut (*of_bucket).began).read_volatile();
                let ports = requested::with(ports, packet.requested_from);
                (&raw mut (*of_bucket).began).write_volatile(ports);
            }
            match packet.event {
                0 => {}
                opening::REQUEST_FROM_FIRST => increase_word(&raw mut (*of_bucket).requests),
                opening::REPLY_FROM_FIRST => increase_word(&raw mut (*of_bucket).replies),
                _ => increase_word((&raw mut (*of_bucket).resets).cast::<u32>().add(sender)),
            }
            if packet.refusals != 0 {
                increase_word(&raw mut (*of_bucket).refusals);
            }
            if opening != 0 {
                set_bits(&raw mut (*of_bucket).opening, u64::from(opening));
            }
        }
    }
    Ok(())
}

/// The bucket of a key.
struct Found {
    bucket: *mut SharedBucket,
    /// Its index, and that of its opening.
    index: u32,
    is_new: bool,
}

/// Finds the bucket of a key, or takes a free one: then the caller writes the ports, when all else is there.
#[inline(always)]
fn find(per_cpu: &PerCpu, key: &Key, comes_in: bool) -> Option<Found> {
    // Steps of different lengths, and none that returns early, since the number of groups is a power of two.
    let step = key.hash >> 15 | 1;
    let mut position = key.position();
    let taken_in = per_cpu.shared_taken_in();
    let (start, mask) = half(per_cpu);
    for _ in 0..PROBES {
        let index = start + (position & mask);
        position = position.wrapping_add(step);
        let group = Group::at(index)?;
        let found = |slot: usize, is_new| Found {
            // SAFETY: the group is a whole map value, and holds as many buckets as ports were read.
            bucket: unsafe { group.start.add(slot) },
            index: index * SharedGroup::SIZE + slot as u32,
            is_new,
        };
        for (slot, ports) in group.ports.into_iter().enumerate() {
            let found = found(slot, false);
            // SAFETY: as above.
            if unsafe { key.matches(ports, found.bucket) } {
                return Some(found);
            }
        }
        // One place to take a bucket, whichever it is: the verifier follows it once a group instead of once a bucket. Read again,
        // since the verifier would keep apart what each comparison above told of the ports.
        let Some(slot) = Group::at(index)?.free() else {
            continue;
        };
        let free = found(one_of_four(slot as u64), true);
        // SAFETY: as above.
        unsafe {
            // Where another CPU takes the bucket first, it is counted twice: by then the table is crowded anyway.
            if comes_in {
                if (u64::from(mask) + 1) * 3 <= taken_in.read_volatile() {
                    return None;
                }
                increase(taken_in, 1);
            }
            let taken = SharedBucket::BEING_TAKEN;
            let ports = compare_exchange(&raw mut (*free.bucket).ports, 0, taken);
            if ports == 0 {
                (*free.bucket).addresses = key.addresses;
                (*free.bucket).interface = key.interface;
                return Some(free);
            }
            if key.matches(ports, free.bucket) {
                return Some(Found {
                    is_new: false,
                    ..free
                });
            }
        }
    }
    None
}
