//! What one packet may write to, and what user space tells the programs.

use auditor_common::{Direction, Half, Header, State, Tally, mode};
use aya_ebpf::{Global, macros::map, maps::Array};

use crate::{
    bounded::{one_of_cpus, one_of_two},
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
pub(crate) fn has_buckets() -> bool {
    !is(mode::SHARED)
}

/// Which packets may take the fast path.
pub(crate) enum FastPath {
    All,
    /// Those of TCP, which cannot carry another packet.
    TcpOnly,
    None,
}

#[inline(always)]
pub(crate) fn fast_path_mode() -> FastPath {
    match MODE.load() & !mode::LOG {
        0 => FastPath::All,
        mode::DECAPSULATE => FastPath::TcpOnly,
        _ => FastPath::None,
    }
}

/// The CPU that this runs on: as the helper hands it back, in a whole register, of which nothing has to be cleared.
#[inline(always)]
fn cpu() -> u64 {
    // SAFETY: a helper is called by its number, and this one (`BPF_FUNC_get_smp_processor_id`) has no preconditions.
    unsafe { core::mem::transmute::<usize, unsafe extern "C" fn() -> u64>(8)() }
}

/// What one packet may write to, and when.
#[derive(Clone, Copy)]
pub(crate) struct PerCpu {
    /// The part of this CPU's header for the half that is written to.
    pub(crate) counts: *mut Half,
    pub(crate) half: u64,
}

/// The words that say what is known of ports.
#[derive(Clone, Copy)]
pub(crate) struct KnownPorts(pub(crate) *mut u64);

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
}

impl PerCpu {
    /// What this CPU writes to; read once for each packet, since user space may flip the halves at any time. And the ports.
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
        shared::add_tally(self.direction(direction).cast(), wire);
    }

    /// As [`Self::pass`], where it is known that CPUs have places.
    #[inline(always)]
    pub(crate) fn add_own_total(&self, direction: Direction, wire: &Tally) {
        // SAFETY: the header is a whole entry, and this CPU's alone.
        unsafe {
            let counted = self.direction(direction);
            (*counted)[0] += wire.packets;
            (*counted)[1] += wire.bytes;
        }
    }

    /// Packets and bytes of a way.
    #[inline(always)]
    fn direction(&self, direction: Direction) -> *mut [u64; 2] {
        // SAFETY: the counts are part of a whole entry, and hold both ways.
        unsafe {
            (&raw mut (*self.counts).totals)
                .cast::<[u64; 2]>()
                .add(one_of_two(direction as u64))
        }
    }
}
