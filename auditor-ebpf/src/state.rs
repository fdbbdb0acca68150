//! The state that user space and the programs share, in one entry of one map, so that a packet pays for one lookup.

use auditor_common::{Direction, Half, Header, SharedHalf, State, Tally};
use aya_ebpf::{macros::map, maps::Array};

use crate::{
    atomic,
    mode::has_buckets,
    verifier::{in_bytes, in_space, one_of_cpus, one_of_listed, one_of_two},
};

/// `BPF_F_MMAPABLE`: user space may map the array into its memory (Linux 5.5).
pub(crate) const MMAPABLE: u32 = 1 << 10;

#[map]
static STATE: Array<State> = Array::with_max_entries(1, MMAPABLE);

/// The CPU that this runs on, as the helper's full 64-bit return value: a `u32` would cost clearing the upper half.
#[inline(always)]
fn cpu() -> u64 {
    // SAFETY: a helper is called by its number, and this one (`BPF_FUNC_get_smp_processor_id`) has no preconditions.
    unsafe { core::mem::transmute::<usize, unsafe extern "C" fn() -> u64>(8)() }
}

/// This CPU's counters beside its buckets, in the half that programs write to now, and what user space has set there.
#[derive(Clone, Copy)]
pub(crate) struct PerCpu {
    /// Points into the map's only entry.
    counts: *mut Half,
    half: u64,
    /// The map's only entry.
    state: *mut State,
}

impl PerCpu {
    /// The counters of the CPU that this runs on, and the known ports. Read once per packet, since user space may flip the
    /// halves at any time.
    #[inline(always)]
    pub(crate) fn current() -> Option<(Self, KnownPorts)> {
        let cpu = cpu();
        let state = STATE.get_ptr_mut(0)?;
        // SAFETY: the kernel hands out a pointer to a whole entry, the CPU's index is masked, and words are read in one
        // piece.
        let (counts, half) = unsafe {
            let header = (&raw mut (*state).headers)
                .cast::<Header>()
                .add(one_of_cpus(cpu));
            let half = one_of_two((&raw const (*header).half).read_volatile());
            let counts = (&raw mut (*header).halves).cast::<Half>().add(half);
            (counts, half as u64)
        };
        let current = Self {
            counts,
            half,
            state,
        };
        Some((current, KnownPorts::of(state)))
    }

    /// The half of the table that programs write to now, 0 or 1.
    #[inline(always)]
    pub(crate) fn half(&self) -> u64 {
        self.half
    }

    /// The time in epochs.
    #[inline(always)]
    pub(crate) fn epoch(&self) -> u32 {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (&raw const (*self.counts).epoch).read_volatile() as u32 }
    }

    /// Bytes on the wire of the frame that a replay runs next.
    #[inline(always)]
    pub(crate) fn length(&self) -> u32 {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (&raw const (*self.counts).length).read_volatile() as u32 }
    }

    /// Index of the first bucket of this CPU's half: here for IPv4, below for IPv6.
    #[inline(always)]
    pub(crate) fn start_4(&self) -> u32 {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (*self.counts).start_4 }
    }

    #[inline(always)]
    pub(crate) fn start_6(&self) -> u32 {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (*self.counts).start_6 }
    }

    /// Whether unproven packets have taken fewer than `most` buckets; if so, counts one more as taken.
    #[inline(always)]
    pub(crate) fn take_unproven(&self, most: u32) -> bool {
        // SAFETY: the counts are part of a whole entry, which this CPU alone writes to.
        unsafe {
            let taken = (*self.counts).unproven;
            if most <= taken {
                return false;
            }
            (*self.counts).unproven = taken + 1;
        }
        true
    }

    /// Counts a bucket as taken, which tells user space when to drain.
    #[inline(always)]
    pub(crate) fn take_bucket(&self) {
        // SAFETY: the counts are part of a whole entry, which this CPU alone writes to.
        unsafe { (*self.counts).taken += 1 };
    }

    /// What all CPUs count together in this half.
    #[inline(always)]
    fn shared_half(&self) -> *mut SharedHalf {
        // SAFETY: the state is a whole entry.
        unsafe {
            (&raw mut (*self.state).shared)
                .cast::<SharedHalf>()
                .add(one_of_two(self.half))
        }
    }

    /// Buckets of the shared table that packets which came in have taken in this half; other CPUs count there too.
    #[inline(always)]
    pub(crate) fn shared_taken_in(&self) -> *mut u64 {
        // SAFETY: part of a whole entry.
        unsafe { &raw mut (*self.shared_half()).taken_in }
    }

    /// Lists a bucket of the shared table as taken, by its index; a drain empties the list.
    #[inline(always)]
    pub(crate) fn list_shared(&self, index: u32) {
        let half = self.shared_half();
        // SAFETY: part of a whole entry; the number is below that of the list's places. Other CPUs count there too.
        unsafe {
            let taken = &raw mut (*half).taken;
            // Read first: where many are taken, the number need not go on.
            if taken.read_volatile() <= u64::from(SharedHalf::LISTED) {
                let number = atomic::fetch_increase(taken, 1);
                if number < u64::from(SharedHalf::LISTED) {
                    let listed = (&raw mut (*half).listed).cast::<u32>();
                    *listed.add(one_of_listed(number)) = index;
                }
            }
        }
    }

    /// Counts a packet in the totals of its direction.
    #[inline(always)]
    pub(crate) fn add_total(&self, direction: Direction, wire: &Tally) {
        if has_buckets() {
            return self.add_own_total(direction, wire);
        }
        // SAFETY: the counts are part of a whole entry.
        unsafe { atomic::add(self.total(direction).cast(), wire) };
    }

    /// As [`Self::add_total`], where each CPU is known to have buckets of its own, so that no atomic instruction is needed.
    #[inline(always)]
    pub(crate) fn add_own_total(&self, direction: Direction, wire: &Tally) {
        // SAFETY: the header is a whole entry, and this CPU's alone.
        unsafe {
            let counted = self.total(direction);
            (*counted)[0] += wire.packets;
            (*counted)[1] += wire.bytes;
        }
    }

    /// Packets and bytes of a direction.
    #[inline(always)]
    fn total(&self, direction: Direction) -> *mut [u64; 2] {
        // SAFETY: the counts are part of a whole entry, and hold both directions.
        unsafe {
            (&raw mut (*self.counts).totals)
                .cast::<[u64; 2]>()
                .add(one_of_two(direction as u64))
        }
    }
}

/// The bits of known ports, laid out by `auditor_common::port`.
#[derive(Clone, Copy)]
pub(crate) struct KnownPorts(*mut u64);

impl KnownPorts {
    #[inline(always)]
    pub(crate) fn all() -> Option<Self> {
        Some(Self::of(STATE.get_ptr_mut(0)?))
    }

    #[inline(always)]
    fn of(state: *mut State) -> Self {
        // SAFETY: the kernel hands out a pointer to a whole entry.
        Self(unsafe { (&raw mut (*state).ports).cast() })
    }

    /// Whether the bits of `flag` are set in the byte at `at`, which belongs to a port of TCP or UDP.
    #[inline(always)]
    pub(crate) fn has_flag(self, at: u32, flag: u8) -> bool {
        // SAFETY: the bytes of both transports come first.
        unsafe { *self.0.cast::<u8>().add(in_bytes(at)) & flag != 0 }
    }

    /// Whether bits of a word are set.
    #[inline(always)]
    pub(crate) fn has(self, index: u32, mask: u64) -> bool {
        // SAFETY: a whole word, read in one piece.
        unsafe { *self.word(index) & mask != 0 }
    }

    /// Sets bits of a word.
    #[inline(always)]
    pub(crate) fn add(self, index: u32, mask: u64) {
        // SAFETY: a whole word; other CPUs write to it too, so the change is one atomic instruction.
        unsafe { atomic::set_bits(self.word(index), mask) };
    }

    #[inline(always)]
    fn word(self, index: u32) -> *mut u64 {
        // SAFETY: the index is below their number.
        unsafe { self.0.add(in_space(index)) }
    }
}
