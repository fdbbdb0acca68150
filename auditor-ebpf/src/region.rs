//! What one packet may write to, and what user space tells the programs.

use auditor_common::{Half, Header, State, Tally, mode};
use aya_ebpf::{Global, helpers::bpf_get_smp_processor_id, macros::map, maps::Array};

use crate::{
    bounded::{one_of_cpus, one_of_two},
    context::Way,
    shared,
};

/// The kernel lets user space map an array into its memory (Linux 5.5).
pub(crate) const MMAPABLE: u32 = 1 << 10;

/// What user space and the programs tell each other.
#[map]
static STATE: Array<State> = Array::with_max_entries(1, MMAPABLE);

/// How the programs count: bits of `auditor_common::mode`. The verifier knows them, and removes what they rule out.
#[unsafe(no_mangle)]
static MODE: Global<u8> = Global::new(0);

/// Whether this bit of the mode is set.
#[inline(always)]
pub(crate) fn is(bit: u8) -> bool {
    MODE.load() & bit != 0
}

/// Whether packets inside tunnels are counted as well.
#[inline(always)]
pub(crate) fn decapsulates() -> bool {
    is(mode::DECAPSULATE)
}

/// Whether every conversation keeps both its ports.
#[inline(always)]
pub(crate) fn keeps_both_ports() -> bool {
    is(mode::BOTH_PORTS)
}

/// Whether each CPU counts in places of its own.
#[inline(always)]
pub(crate) fn has_places() -> bool {
    !is(mode::SHARED)
}

/// Which packets may go the shortest way.
pub(crate) enum Quickest {
    Any,
    /// Those that cannot carry another packet.
    Bare,
    None,
}

#[inline(always)]
pub(crate) fn quickest() -> Quickest {
    match MODE.load() & !mode::LOG {
        0 => Quickest::Any,
        mode::DECAPSULATE => Quickest::Bare,
        _ => Quickest::None,
    }
}

/// What one packet may write to, and when.
#[derive(Clone, Copy)]
pub(crate) struct Region {
    /// The part of this CPU's header for the half that is written to.
    pub(crate) counts: *mut Half,
    pub(crate) half: u64,
    pub(crate) epoch: u32,
}

/// The words of the ports' bitmaps.
#[derive(Clone, Copy)]
pub(crate) struct Words(pub(crate) *mut u64);

impl Words {
    #[inline(always)]
    pub(crate) fn all() -> Option<Self> {
        Some(Self::of(STATE.get_ptr_mut(0)?))
    }

    #[inline(always)]
    fn of(state: *mut State) -> Self {
        // SAFETY: the kernel hands out a pointer to a whole entry.
        Self(unsafe { (&raw mut (*state).ports).cast() })
    }
}

impl Region {
    /// The region of this CPU; read once for each packet, since user space may flip the halves at any time. And the ports.
    #[inline(always)]
    pub(crate) fn current() -> Option<(Self, Words)> {
        // SAFETY: the helper has no preconditions.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        let state = STATE.get_ptr_mut(0)?;
        // SAFETY: the kernel hands out a pointer to a whole entry, the CPU's index is masked, and words are read in one
        // piece.
        let (counts, half, epoch) = unsafe {
            let header = (&raw mut (*state).headers)
                .cast::<Header>()
                .add(one_of_cpus(cpu));
            let half = one_of_two((&raw const (*header).half).read_volatile());
            let epoch = (&raw const (*header).epoch).read_volatile() as u32;
            let counts = (&raw mut (*header).halves).cast::<Half>().add(half);
            (counts, half as u64, epoch)
        };
        let region = Self {
            counts,
            half,
            epoch,
        };
        Some((region, Words::of(state)))
    }

    /// Bytes on the wire of the frame that is replayed.
    #[inline(always)]
    pub(crate) fn length(&self) -> u32 {
        // SAFETY: the counts are part of a whole entry.
        unsafe { (&raw const (*self.counts).length).read_volatile() as u32 }
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
    pub(crate) fn pass(&self, way: Way, wire: &Tally) {
        // SAFETY: the header is a whole entry, and this CPU's alone unless `PREEMPT_RT` says otherwise.
        unsafe {
            let counted = (&raw mut (*self.counts).ways)
                .cast::<[u64; 2]>()
                .add(one_of_two(way as u64));
            if has_places() {
                (*counted)[0] += wire.packets;
                (*counted)[1] += wire.bytes;
            } else {
                shared::add_tally(counted.cast(), wire);
            }
        }
    }
}
