//! What user space and the programs tell each other, in one entry of one map: finding it costs once.

use auditor_common::{Direction, Half, Header, State, Tally};
use aya_ebpf::{macros::map, maps::Array};

use crate::{
    atomic,
    mode::has_buckets,
    verifier::{in_bytes, in_space, one_of_cpus, one_of_two},
};

/// The kernel lets user space map an array into its memory (Linux 5.5).
pub(crate) const MMAPABLE: u32 = 1 << 10;

#[map]
static STATE: Array<State> = Array::with_max_entries(1, MMAPABLE);

/// The CPU that this runs on: as the helper hands it back, in a whole register, of which nothing has to be cleared.
#[inline(always)]
fn cpu() -> u64 {
    // SAFETY: a helper is called by its number, and this one (`BPF_FUNC_get_smp_processor_id`) has no preconditions.
    unsafe { core::mem::transmute::<usize, unsafe extern "C" fn() -> u64>(8)() }
}

/// What this CPU counts beside its buckets, in the half that is written to, and what user space told it.
#[derive(Clone, Copy)]
pub(crate) struct PerCpu {
    /// Part of a whole entry.
    counts: *mut Half,
    half: u64,
}

impl PerCpu {
    /// That of the CPU that this runs on, and the ports; read once for each packet, since user space may flip the halves at
    /// any time.
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
        Some((Self { counts, half }, KnownPorts::of(state)))
    }

    /// The half of the table that is written to, 0 or 1.
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

    /// Bytes on the wire of the frame that is replayed.
    #[inline(always)]
    pub(crate) fn length(&self) -> u32 {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (&raw const (*self.counts).length).read_volatile() as u32 }
    }

    /// The first buckets of IPv4 and of IPv6.
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

    /// Whether fewer than `most` buckets are taken by packets that prove nothing; if so, one more is.
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

    /// Whether the shared table is known to have no entry left.
    #[inline(always)]
    pub(crate) fn is_full(&self) -> bool {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (*self.counts).full != 0 }
    }

    /// Keeps in mind, on this CPU, that the shared table has no entry left until it is drained.
    #[inline(always)]
    pub(crate) fn fill(&self) {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (*self.counts).full = 1 };
    }

    /// Counts a packet that came in or left.
    #[inline(always)]
    pub(crate) fn add_total(&self, direction: Direction, wire: &Tally) {
        if has_buckets() {
            return self.add_own_total(direction, wire);
        }
        // SAFETY: the counts are part of a whole entry.
        unsafe { atomic::add(self.total(direction).cast(), wire) };
    }

    /// As [`Self::add_total`], where it is known that CPUs have buckets.
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

/// What is known of ports, as `auditor_common::port` lays it out.
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

    /// Whether a bit of the byte at `at`, of TCP or UDP, is set.
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
        unsafe { atomic::unite(self.word(index), mask) };
    }

    #[inline(always)]
    fn word(self, index: u32) -> *mut u64 {
        // SAFETY: the index is below their number.
        unsafe { self.0.add(in_space(index)) }
    }
}
