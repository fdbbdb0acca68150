//! A frame as the hook hands it over: where its bytes live, which way it goes, how much of the wire it stands for.

use auditor_common::{
    Bytes, Packet, Part, Slot, Tally,
    packet::{self, KERNEL_EXTENSIONS, KERNEL_FARTHEST, KERNEL_TAGS},
};
use aya_ebpf::helpers::generated::bpf_skb_load_bytes;
use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::{bounded::bounded, context::Context, ends::InPacket};

/// A frame in one of the kernel's two forms.
pub(crate) struct Frame<C> {
    context: C,
    pub(crate) interface: u32,
    /// Bytes in memory, link header included, and a tag that the NIC took out.
    length: u32,
}

impl<C> Frame<C> {
    /// A frame of which nothing but its length is known.
    #[inline(always)]
    pub(crate) fn new(context: C, interface: u32, length: u32) -> Self {
        Self {
            context,
            interface,
            length,
        }
    }

    /// Makes the frame as long as its record in a capture says.
    #[inline(always)]
    pub(crate) fn set_length(&mut self, length: u32) {
        self.length = length;
    }
}

impl<C: Context> Frame<C> {
    /// The frame's bytes as far as they lie in one piece.
    #[inline(always)]
    pub(crate) fn window(&self) -> Window<KERNEL_EXTENSIONS> {
        self.context.window()
    }

    /// The Ethertype as it stands in the frame at `AT`; 0 if the frame is too short.
    #[inline(always)]
    pub(crate) fn ethertype<const AT: usize>(&self) -> u16 {
        self.window().head(AT).unwrap_or(0)
    }

    /// Reads the endpoints: from memory, and where the headers lie beyond its linear part through the helper.
    #[inline(always)]
    pub(crate) fn parse(&self, packet: &mut Packet) -> Result<(), Slot> {
        let parsed = linear(self.context, packet);
        let Some(skb) = self.context.skb() else {
            return parsed;
        };
        // Headers that lie beyond look cut off, wherever they end.
        let is_cut = parsed == Err(Slot::Truncated) || packet.part == Part::Short;
        let (start, end) = self.context.bounds();
        if is_cut && ((end - start) as u32) < self.length {
            *packet = Packet::EMPTY;
            return scattered(skb, packet);
        }
        parsed
    }

    /// Reads the endpoints of the packet that an ICMP error quotes at `start`. Errors are short, so their bytes are not
    /// scattered.
    #[inline(always)]
    pub(crate) fn quoted(
        &self,
        start: usize,
        is_ipv4: bool,
        quoted: &mut Packet,
    ) -> Result<(), Slot> {
        quoted_linear(self.context, start, is_ipv4, quoted)
    }

    /// Reads what the frame carries, if it is a tunnel's: 0 if not; else the tunnel above an interface's bits, where the
    /// carried frame or packet starts, and [`UNREAD`] if it could not be read.
    #[inline(always)]
    pub(crate) fn inside(&self, packet: &mut Packet) -> u32 {
        match self.context.skb() {
            Some(skb) => inside_scattered(skb, packet),
            None => inside_linear(self.context, packet),
        }
    }

    /// What the carried packet of which [`Self::inside`] told is on the wire; `headers` ends its transport header, 0 if it
    /// could not be read.
    #[inline(always)]
    pub(crate) fn carried(&self, found: u32, headers: u32) -> Tally {
        let mut wire = self.on_wire(headers);
        wire.bytes -= wire.packets * u64::from(found & START);
        wire
    }

    /// What the frame is on the wire. A super-packet is cut there into segments, each with its own `headers` bytes; 0 if
    /// they are not known, which leaves the frame whole.
    #[inline(always)]
    pub(crate) fn on_wire(&self, headers: u32) -> Tally {
        let whole = Tally {
            packets: 1,
            bytes: u64::from(self.length),
        };
        let segment = self.context.segment();
        if headers == 0 || segment == 0 || self.length <= headers {
            return whole;
        }
        let segments = (self.length - headers).div_ceil(segment);
        Tally {
            packets: u64::from(segments),
            bytes: whole.bytes + u64::from(segments - 1) * u64::from(headers),
        }
    }
}

/// Of what [`Frame::inside`] returns: whether the carried packet could not be read, and where it starts.
pub(crate) const UNREAD: u32 = 1 << 28;
const START: u32 = 0xffff;

/// The memory between `data` and `data_end`.
pub(crate) struct Window<const EXTENSIONS: usize> {
    start: usize,
    end: usize,
}

impl<const EXTENSIONS: usize> Window<EXTENSIONS> {
    #[inline(always)]
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// Where the addresses of an IPv6 packet at `start` lie, which has been read from this window.
    #[inline(always)]
    pub(crate) fn ends6(&self, start: usize) -> InPacket {
        let source = self.start + start + 8;
        // SAFETY: the caller has read the packet.
        unsafe { InPacket::new(source as *const u64, (source + 16) as *const u64) }
    }
}

impl<const EXTENSIONS: usize> Bytes for Window<EXTENSIONS> {
    #[inline(always)]
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let at = self.start + bounded(offset);
        if self.end < at + N {
            return None;
        }
        // SAFETY: the N bytes lie before `end`, and a byte array needs no alignment.
        Some(unsafe { *(at as *const [u8; N]) })
    }

    const TAGS: usize = KERNEL_TAGS;
    const DEPTH: usize = EXTENSIONS;
    const FARTHEST: usize = KERNEL_FARTHEST;

    #[inline(always)]
    fn head<T: FromBytes + Immutable + KnownLayout + Copy>(&self, offset: usize) -> Option<T> {
        // SAFETY: no packet lies at the end of all memory. The compiler then sees that a check covers those of what comes
        // before.
        let (at, end) = unsafe {
            let at = self.start.unchecked_add(bounded(offset));
            (at, at.unchecked_add(size_of::<T>()))
        };
        if self.end < end {
            return None;
        }
        // SAFETY: the bytes lie before `end`, and any bytes are a `T`. Where the machine reads words at any address the
        // verifier lets programs do so too, and elsewhere it refuses the program.
        Some(unsafe { *(at as *const T) })
    }

    #[inline(always)]
    fn forget(&self, value: usize, mask: usize) -> usize {
        let at = self.start as *const [u8; 4];
        if self.end < self.start + 4 {
            return 0;
        }
        // SAFETY: the 4 bytes lie before `end`, and a byte array needs no alignment.
        unsafe { opaque(value, at) & mask }
    }
}

/// Of the packet that an error quotes.
const QUOTED_DEPTH: usize = 2;

/// The bytes of a socket buffer, wherever its fragments lie.
struct Scattered<const EXTENSIONS: usize> {
    skb: *mut core::ffi::c_void,
}

impl<const EXTENSIONS: usize> Bytes for Scattered<EXTENSIONS> {
    #[inline(always)]
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        // SAFETY: the helper checks the offset, and writes N bytes to an array of N bytes or fails.
        let result = unsafe {
            bpf_skb_load_bytes(self.skb, offset as u32, bytes.as_mut_ptr().cast(), N as u32)
        };
        (result == 0).then_some(bytes)
    }

    const TAGS: usize = KERNEL_TAGS;
    const DEPTH: usize = EXTENSIONS;
    const FARTHEST: usize = KERNEL_FARTHEST;

    #[inline(always)]
    fn head<T: FromBytes + Immutable + KnownLayout + Copy>(&self, offset: usize) -> Option<T> {
        let mut head = T::new_zeroed();
        // SAFETY: the helper checks the offset, and writes as many bytes as the header has or fails; any are a `T`.
        let result = unsafe {
            bpf_skb_load_bytes(
                self.skb,
                offset as u32,
                (&raw mut head).cast(),
                size_of::<T>() as u32,
            )
        };
        (result == 0).then_some(head)
    }

    #[inline(always)]
    fn forget(&self, value: usize, mask: usize) -> usize {
        let Some(bytes) = self.get::<4>(0) else {
            return 0;
        };
        // SAFETY: the bytes are on the stack.
        unsafe { opaque(value, &raw const bytes) & mask }
    }
}

/// `value`, as the verifier does not know it: combined with bytes that it has to take for any, read twice.
///
/// # Safety
///
/// `bytes` can be read.
#[inline(always)]
unsafe fn opaque(value: usize, bytes: *const [u8; 4]) -> usize {
    // SAFETY: the caller's promise.
    let (once, again) = unsafe { (bytes.read_volatile(), bytes.read_volatile()) };
    (value as u32 ^ u32::from_ne_bytes(once) ^ u32::from_ne_bytes(again)) as usize
}

// Each in a function of its own: the kernel allows 512 bytes of stack along a chain of calls.

#[inline(never)]
fn linear<C: Context>(context: C, packet: &mut Packet) -> Result<(), Slot> {
    packet::parse(&context.window::<KERNEL_EXTENSIONS>(), packet)
}

#[inline(never)]
fn scattered(skb: *mut core::ffi::c_void, packet: &mut Packet) -> Result<(), Slot> {
    packet::parse(&Scattered::<KERNEL_EXTENSIONS> { skb }, packet)
}

#[inline(never)]
fn quoted_linear<C: Context>(
    context: C,
    start: usize,
    is_ipv4: bool,
    quoted: &mut Packet,
) -> Result<(), Slot> {
    packet::quoted(&context.window::<QUOTED_DEPTH>(), start, is_ipv4, quoted)
}

#[inline(never)]
fn inside_linear<C: Context>(context: C, packet: &mut Packet) -> u32 {
    opened(&context.window::<CARRIED_DEPTH>(), packet)
}

#[inline(never)]
fn inside_scattered(skb: *mut core::ffi::c_void, packet: &mut Packet) -> u32 {
    opened(&Scattered::<CARRIED_DEPTH> { skb }, packet)
}

/// Extension headers that are followed in a packet that carries another, and in the one that is carried.
const CARRIED_DEPTH: usize = 2;

#[inline(always)]
fn opened<B: Bytes>(frame: &B, packet: &mut Packet) -> u32 {
    let mut outer = Packet::EMPTY;
    match packet::parse(frame, &mut outer) {
        Ok(()) => {}
        // It may carry a packet or not: that this was not seen is said.
        Err(Slot::TooDeep) => return UNREAD,
        Err(_) => return 0,
    }
    match packet::inside(frame, &outer, packet) {
        None => 0,
        Some(Ok(inside)) => inside.tunnel.mark(inside.start & START),
        Some(Err(_)) => UNREAD,
    }
}
