//! A frame as the hook hands it over: where its bytes live, which way it goes, how much of the wire it stands for.

use core::{arch::asm, intrinsics::is_val_statically_known};

use auditor_common::{Bytes, Packet, Slot, Tally, packet};
use aya_ebpf::{
    EbpfContext as _,
    helpers::generated::bpf_skb_load_bytes,
    programs::{TcContext, XdpContext},
};

/// Which way a frame goes, seen from this host.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    In,
    Out,
}

/// A frame in one of the kernel's two forms.
pub(crate) struct Frame {
    start: usize,
    end: usize,
    /// The socket buffer, whose bytes may reach beyond `end`; null for XDP.
    skb: *mut core::ffi::c_void,
    pub(crate) interface: u32,
    pub(crate) way: Way,
    /// Bytes in memory, link header included, and a tag that the NIC took out.
    length: u32,
    /// Payload bytes of each segment, if this is a super-packet; else 0.
    segment: u32,
}

impl Frame {
    #[inline(always)]
    pub(crate) fn from_xdp(ctx: &XdpContext) -> Self {
        let (start, end) = (ctx.data(), ctx.data_end());
        Self {
            start,
            end,
            skb: core::ptr::null_mut(),
            interface: ctx.ingress_ifindex() as u32,
            way: Way::In,
            length: (end - start) as u32,
            segment: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn from_skb(ctx: &TcContext, way: Way) -> Self {
        let skb = ctx.skb.skb;
        // SAFETY: the kernel hands a valid context to the program.
        let (interface, segment, tagged) =
            unsafe { ((*skb).ifindex, (*skb).gso_size, (*skb).vlan_present) };
        Self {
            start: ctx.data(),
            end: ctx.data_end(),
            skb: ctx.as_ptr(),
            interface,
            way,
            // A tag that lies beside the data is 4 bytes on the wire.
            length: ctx.len() + if tagged == 0 { 0 } else { 4 },
            segment,
        }
    }

    /// Reads the endpoints: from memory, and where the headers lie beyond its linear part through the helper.
    #[inline(always)]
    pub(crate) fn parse(&self, packet: &mut Packet) -> Result<(), Slot> {
        match linear(self.start, self.end, packet) {
            Err(Slot::Truncated)
                if !self.skb.is_null() && ((self.end - self.start) as u32) < self.length =>
            {
                scattered(self.skb, packet)
            }
            parsed => parsed,
        }
    }

    /// Reads the endpoints of the packet that an ICMP error quotes. Errors are short, so their bytes are not scattered.
    #[inline(always)]
    pub(crate) fn quoted(&self, packet: &Packet, quoted: &mut Packet) -> Result<(), Slot> {
        quoted_linear(self.start, self.end, packet, quoted)
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

/// The memory between `data` and `data_end`.
struct Window {
    start: usize,
    end: usize,
}

impl Bytes for Window {
    #[inline(always)]
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let at = self.start + bounded(offset);
        if self.end < at + N {
            return None;
        }
        // SAFETY: the N bytes lie before `end`, and a byte array needs no alignment.
        Some(unsafe { *(at as *const [u8; N]) })
    }

    #[inline(always)]
    fn opaque(&self, value: usize) -> usize {
        let at = self.start as *const [u8; 4];
        if self.end < self.start + 4 {
            return 0;
        }
        // SAFETY: the 4 bytes lie before `end`, and a byte array needs no alignment.
        unsafe { opaque(value, at) }
    }
}

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

/// The bytes of a socket buffer, wherever its fragments lie.
struct Scattered {
    skb: *mut core::ffi::c_void,
}

impl Bytes for Scattered {
    #[inline(always)]
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        // SAFETY: the helper checks the offset, and writes N bytes to an array of N bytes or fails.
        let result = unsafe {
            bpf_skb_load_bytes(self.skb, offset as u32, bytes.as_mut_ptr().cast(), N as u32)
        };
        (result == 0).then_some(bytes)
    }

    #[inline(always)]
    fn opaque(&self, value: usize) -> usize {
        let Some(bytes) = self.get::<4>(0) else {
            return 0;
        };
        // SAFETY: the bytes are on the stack.
        unsafe { opaque(value, &raw const bytes) }
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
fn linear(start: usize, end: usize, packet: &mut Packet) -> Result<(), Slot> {
    packet::parse(&Window { start, end }, packet)
}

#[inline(never)]
fn scattered(skb: *mut core::ffi::c_void, packet: &mut Packet) -> Result<(), Slot> {
    packet::parse(&Scattered { skb }, packet)
}

#[inline(never)]
fn quoted_linear(
    start: usize,
    end: usize,
    packet: &Packet,
    quoted: &mut Packet,
) -> Result<(), Slot> {
    packet::quoted(&Window { start, end }, packet, quoted)
}
