//! What one packet may write to, and what user space tells the programs.

use auditor_common::{Half, Header, Packet, Tally};
use aya_ebpf::{Global, helpers::bpf_get_smp_processor_id, macros::map, maps::Array};

use crate::{
    frame::{Frame, Way, one_of_two},
    shared,
};

/// The kernel lets user space map an array into its memory (Linux 5.5).
pub(crate) const MMAPABLE: u32 = 1 << 10;

/// A header for each CPU.
#[map]
static HEADERS: Array<Header> = Array::with_max_entries(2, MMAPABLE);

/// Whether each CPU has its places for itself. With `PREEMPT_RT` a program may be interrupted by another on its CPU, so
/// there everything goes into the shared table.
#[unsafe(no_mangle)]
static PLACES_ALONE: Global<u8> = Global::new(1);

/// Whether every conversation keeps both its ports, as the replay of a capture needs it, where no end is this host's.
#[unsafe(no_mangle)]
static BOTH_PORTS: Global<u8> = Global::new(0);

/// Whether packets inside tunnels are counted as well.
#[unsafe(no_mangle)]
static DECAPSULATE: Global<u8> = Global::new(0);

/// Whether packets inside tunnels are counted as well.
#[inline(always)]
pub(crate) fn decapsulates() -> bool {
    DECAPSULATE.load() != 0
}

/// Whether every conversation keeps both its ports.
#[inline(always)]
pub(crate) fn keeps_both_ports() -> bool {
    BOTH_PORTS.load() != 0
}

/// What one packet may write to, and when.
pub(crate) struct Region {
    /// Place of the CPU and half among all.
    pub(crate) index: u32,
    pub(crate) half: u64,
    pub(crate) epoch: u32,
    header: *mut Header,
    /// The part of it for this half.
    pub(crate) counts: *mut Half,
}

impl Region {
    /// The region of this CPU; read once for each packet, since user space may flip the halves at any time.
    #[inline(always)]
    pub(crate) fn current<C>(frame: &mut Frame<C>) -> Option<Self> {
        // SAFETY: the helper has no preconditions.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        let header = HEADERS.get_ptr_mut(cpu)?;
        // SAFETY: the kernel hands out a pointer to a whole entry, and words are read in one piece.
        let (half, epoch, counts) = unsafe {
            let half = one_of_two((&raw const (*header).half).read_volatile());
            (
                half,
                (&raw const (*header).epoch).read_volatile() as u32,
                (&raw mut (*header).halves).cast::<Half>().add(half),
            )
        };
        if keeps_both_ports() {
            // SAFETY: as above.
            let length = unsafe { (&raw const (*header).length).read_volatile() };
            frame.set_length(length as u32);
        }
        Some(Self {
            index: cpu * 2 + half as u32,
            half: half as u64,
            epoch,
            header,
            counts,
        })
    }

    /// A zero of which the verifier knows nothing. It follows every path with what it knows on it; where all that is known
    /// has passed through here, it follows what comes next once.
    #[inline(always)]
    pub(crate) fn nothing(&self) -> u64 {
        // SAFETY: the header is a whole entry.
        unsafe { (&raw const (*self.header).nothing).read_volatile() }
    }

    /// What became of a frame, without the verifier's knowledge of it.
    #[inline(always)]
    pub(crate) fn outcome(&self, quote: u32, slot: u32) -> Other {
        let nothing = self.nothing() as u32;
        Other {
            quote: quote ^ nothing,
            slot: slot ^ nothing,
        }
    }

    /// Makes the verifier forget what it knows of a packet.
    #[inline(always)]
    pub(crate) fn forget(&self, packet: &mut Packet) {
        let nothing = self.nothing();
        let words = (&raw mut *packet).cast::<u64>();
        for word in 0..size_of::<Packet>() / 8 {
            // SAFETY: a packet is made of words without padding, and stays as it is, since `nothing` is 0.
            unsafe {
                let word = words.add(word);
                word.write_volatile(word.read_volatile() ^ nothing);
            }
        }
    }

    /// Counts a packet that came in or left.
    #[inline(always)]
    pub(crate) fn pass(&self, way: Way, wire: &Tally) {
        // SAFETY: the header is a whole entry, and this CPU's alone unless `PREEMPT_RT` says otherwise.
        unsafe {
            let counted = (&raw mut (*self.counts).ways)
                .cast::<[u64; 2]>()
                .add(one_of_two(way as u64));
            if PLACES_ALONE.load() == 0 {
                shared::add_tally(counted.cast(), wire);
            } else {
                (*counted)[0] += wire.packets;
                (*counted)[1] += wire.bytes;
            }
        }
    }
}

/// What became of a frame on the long way, in a form that a function can hand back without memory.
#[derive(Clone, Copy)]
pub(crate) struct Other {
    /// Where the packet starts that this one says could not be delivered, and in the highest bit whether it is IPv4's; 0
    /// without one.
    pub(crate) quote: u32,
    /// The slot under which it is counted; one more than the last for packets of a flow.
    pub(crate) slot: u32,
}

/// Whether each CPU counts in places of its own.
#[inline(always)]
pub(crate) fn has_places() -> bool {
    PLACES_ALONE.load() != 0
}
