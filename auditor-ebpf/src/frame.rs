//! A frame as the hook hands it over: where its bytes live, which way it goes, how much of the wire it stands for.

use core::{arch::asm, intrinsics::is_val_statically_known};

use auditor_common::{
    Bytes, Packet, Part, Slot, Tally,
    packet::{self, KERNEL_EXTENSIONS, KERNEL_FARTHEST, KERNEL_TAGS},
    port::SPACE,
};
use aya_ebpf::{
    bindings::{__sk_buff, xdp_md},
    helpers::generated::bpf_skb_load_bytes,
    programs::{TcContext, XdpContext},
};
use zerocopy::{FromBytes, Immutable, KnownLayout};

/// Which way a frame goes, seen from this host.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    In,
    Out,
}

/// A frame in one of the kernel's two forms.
pub(crate) struct Frame<C> {
    context: C,
    pub(crate) interface: u32,
    /// Bytes in memory, link header included, and a tag that the NIC took out.
    length: u32,
    /// Bytes of it that lie in one piece.
    linear: u32,
    /// Payload bytes of each segment, if this is a super-packet; else 0.
    segment: u32,
}

/// Where the frame's bytes are asked for. Pointers to them are not kept: the verifier tells apart how far each was looked
/// at, and would follow what comes next once for every distance.
pub(crate) trait Context: Copy {
    const WAY: Way;

    /// The addresses of the frame's first byte and of the one behind its last in one piece.
    fn bounds(self) -> (usize, usize);

    /// The socket buffer, whose bytes may reach beyond those.
    fn skb(self) -> Option<*mut core::ffi::c_void>;

    #[inline(always)]
    fn window<const EXTENSIONS: usize>(self) -> Window<EXTENSIONS> {
        let (start, end) = self.bounds();
        Window { start, end }
    }
}

impl Context for *mut xdp_md {
    const WAY: Way = Way::In;

    #[inline(always)]
    fn bounds(self) -> (usize, usize) {
        // SAFETY: the kernel hands a valid context to the program.
        let (start, end) = unsafe {
            (
                (&raw const (*self).data).read_volatile() as usize,
                (&raw const (*self).data_end).read_volatile() as usize,
            )
        };
        (start, end)
    }

    #[inline(always)]
    fn skb(self) -> Option<*mut core::ffi::c_void> {
        None
    }
}

/// A socket buffer on its way in.
#[derive(Clone, Copy)]
pub(crate) struct Received(*mut __sk_buff);

/// A socket buffer on its way out.
#[derive(Clone, Copy)]
pub(crate) struct Sent(*mut __sk_buff);

macro_rules! socket_buffers {
    ($($name:ident: $way:expr;)*) => {$(
        impl Context for $name {
            const WAY: Way = $way;

            #[inline(always)]
            fn bounds(self) -> (usize, usize) {
                // SAFETY: the kernel hands a valid context to the program.
                unsafe {
                    (
                        (&raw const (*self.0).data).read_volatile() as usize,
                        (&raw const (*self.0).data_end).read_volatile() as usize,
                    )
                }
            }

            #[inline(always)]
            fn skb(self) -> Option<*mut core::ffi::c_void> {
                Some(self.0.cast())
            }
        }

        impl Frame<$name> {
            #[inline(always)]
            pub(crate) fn from_skb(ctx: &TcContext) -> Self {
                Self::of($name(ctx.skb.skb), ctx)
            }
        }
    )*};
}

socket_buffers! {
    Received: Way::In;
    Sent: Way::Out;
}

impl Frame<*mut xdp_md> {
    #[inline(always)]
    pub(crate) fn from_xdp(ctx: &XdpContext) -> Self {
        let length = (ctx.data_end() - ctx.data()) as u32;
        Self {
            context: ctx.ctx,
            interface: ctx.ingress_ifindex() as u32,
            length,
            linear: length,
            segment: 0,
        }
    }
}

impl<C> Frame<C> {
    #[inline(always)]
    fn of(context: C, ctx: &TcContext) -> Self {
        let skb = ctx.skb.skb;
        // SAFETY: the kernel hands a valid context to the program.
        let (interface, segment, tagged) =
            unsafe { ((*skb).ifindex, (*skb).gso_size, (*skb).vlan_present) };
        Self {
            context,
            interface,
            // A tag that lies beside the data is 4 bytes on the wire.
            length: ctx.len() + if tagged == 0 { 0 } else { 4 },
            linear: (ctx.data_end() - ctx.data()) as u32,
            segment,
        }
    }
}

impl<C> Frame<C> {
    /// Makes the frame as long as all its buffers together, or as its record in a capture says.
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
        if is_cut && self.linear < self.length {
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
        if headers == 0 || self.segment == 0 || self.length <= headers {
            return whole;
        }
        let segments = (self.length - headers).div_ceil(self.segment);
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
        let at = self.start + bounded(offset);
        if self.end < at + size_of::<T>() {
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

/// The offset, with a bound that the verifier sees.
///
/// Older verifiers (6.1) forget bounds of a number that was kept on the stack, and the compiler removes a mask that it can
/// prove to change nothing. Instructions written by hand it leaves alone.
#[inline(always)]
fn bounded(offset: usize) -> usize {
    if is_val_statically_known(offset) {
        return offset;
    }
    let mut offset = offset as u64;
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 0x7fff", inout(reg) offset, options(pure, nomem, nostack)) };
    offset as usize
}

/// 0 or 1, with a bound that the verifier sees, for the reasons that [`bounded`] gives.
#[inline(always)]
pub(crate) fn one_of_two(value: u64) -> usize {
    let mut value = value;
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 1", inout(reg) value, options(pure, nomem, nostack)) };
    value as usize
}

/// An index of a port's word, with a bound that the verifier sees.
#[inline(always)]
pub(crate) fn in_space(index: u32) -> usize {
    let mut index = u64::from(index);
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 0x3fff", inout(reg) index, options(pure, nomem, nostack)) };
    const { assert!(SPACE == 0x4000) };
    index as usize
}

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
