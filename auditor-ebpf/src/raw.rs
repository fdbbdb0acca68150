//! The kernel's own contexts, and the packets that they hold: read by functions that the verifier follows by themselves, as
//! those of `slow_path.rs`.

use auditor_common::{
    Bytes, Packet, Part, Reason,
    packet::{self, KERNEL_EXTENSIONS},
};
use aya_ebpf::bindings::{__sk_buff, xdp_md};

use crate::{
    bytes::{LinearBytes, SkbBytes},
    frame::{START, UNREAD},
    outcome::Outcome,
};

/// Extension headers that are followed in the packet that an error quotes.
const QUOTED_DEPTH: usize = 2;
/// Extension headers that are followed in a packet that carries another, and in the one that is carried.
const CARRIED_DEPTH: usize = 2;

/// The context of a kind of program.
pub(crate) trait Raw: Copy {
    /// The addresses of the frame's first byte and of the one behind its last in one piece.
    fn bounds(self) -> (usize, usize);

    /// Reads the endpoints of a packet whose frame is `length` bytes long.
    fn parse(self, packet: &mut Packet, length: u32) -> Outcome;

    /// Reads the endpoints of the packet that an ICMP error quotes at `start`.
    fn quoted(self, start: u32, is_ipv4: bool, quoted: &mut Packet) -> Outcome;

    /// As [`Frame::inside`](crate::frame::Frame::inside).
    fn inside(self, packet: &mut Packet) -> u32;

    #[inline(always)]
    fn linear_bytes<const EXTENSIONS: usize>(self) -> LinearBytes<EXTENSIONS> {
        let (start, end) = self.bounds();
        LinearBytes::new(start, end)
    }
}

/// Both have these fields. The reads are volatile, so that the compiler does not keep the pointers.
macro_rules! bounds {
    () => {
        #[inline(always)]
        fn bounds(self) -> (usize, usize) {
            // SAFETY: the kernel hands a valid context to the program.
            unsafe {
                (
                    (&raw const (*self).data).read_volatile() as usize,
                    (&raw const (*self).data_end).read_volatile() as usize,
                )
            }
        }
    };
}

impl Raw for *mut xdp_md {
    bounds!();

    #[inline(always)]
    fn parse(self, packet: &mut Packet, _length: u32) -> Outcome {
        Outcome(xdp_parse(self, packet))
    }

    #[inline(always)]
    fn quoted(self, start: u32, is_ipv4: bool, quoted: &mut Packet) -> Outcome {
        Outcome(xdp_quoted(self, start, is_ipv4.into(), quoted))
    }

    #[inline(always)]
    fn inside(self, packet: &mut Packet) -> u32 {
        xdp_open(self, packet)
    }
}

impl Raw for *mut __sk_buff {
    bounds!();

    #[inline(always)]
    fn parse(self, packet: &mut Packet, length: u32) -> Outcome {
        let parsed = Outcome(skb_parse(self, packet));
        // Headers that lie beyond look cut off, wherever they end.
        let is_cut = parsed == Outcome::of(Reason::Truncated) || packet.part == Part::Short;
        let (start, end) = self.bounds();
        if is_cut && ((end - start) as u32) < length {
            *packet = Packet::EMPTY;
            return Outcome(skb_parse_scattered(self, packet));
        }
        parsed
    }

    #[inline(always)]
    fn quoted(self, start: u32, is_ipv4: bool, quoted: &mut Packet) -> Outcome {
        Outcome(skb_quoted(self, start, is_ipv4.into(), quoted))
    }

    #[inline(always)]
    fn inside(self, packet: &mut Packet) -> u32 {
        skb_open(self, packet)
    }
}

macro_rules! readers {
    ($($raw:ty: $parse:ident $quoted:ident;)*) => {$(
        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $parse(context: $raw, packet: *mut Packet) -> u32 {
            parse(&context.linear_bytes::<KERNEL_EXTENSIONS>(), packet)
        }

        #[unsafe(no_mangle)]
        #[inline(never)]
        extern "C" fn $quoted(context: $raw, start: u32, is_ipv4: u32, quoted: *mut Packet) -> u32 {
            parse_quoted(context, start, is_ipv4, quoted)
        }
    )*};
}

readers! {
    *mut xdp_md: xdp_parse xdp_quoted;
    *mut __sk_buff: skb_parse skb_quoted;
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn skb_parse_scattered(context: *mut __sk_buff, packet: *mut Packet) -> u32 {
    parse(&SkbBytes::<KERNEL_EXTENSIONS>(context), packet)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn xdp_open(context: *mut xdp_md, packet: *mut Packet) -> u32 {
    open(&context.linear_bytes::<CARRIED_DEPTH>(), packet)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn skb_open(context: *mut __sk_buff, packet: *mut Packet) -> u32 {
    open(&SkbBytes::<CARRIED_DEPTH>(context), packet)
}

#[inline(always)]
fn parse<B: Bytes>(bytes: &B, packet: *mut Packet) -> u32 {
    // SAFETY: callers pass a packet.
    let parsed = unsafe { packet.as_mut() }.map_or(Ok(()), |packet| packet::parse(bytes, packet));
    Outcome::from(parsed).0
}

#[inline(always)]
fn parse_quoted<R: Raw>(context: R, start: u32, is_ipv4: u32, quoted: *mut Packet) -> u32 {
    let bytes = context.linear_bytes::<QUOTED_DEPTH>();
    // SAFETY: callers pass a packet.
    let parsed = unsafe { quoted.as_mut() }.map_or(Ok(()), |quoted| {
        packet::quoted(&bytes, start as usize, is_ipv4 != 0, quoted)
    });
    Outcome::from(parsed).0
}

/// As [`Frame::inside`](crate::frame::Frame::inside).
#[inline(always)]
fn open<B: Bytes>(frame: &B, packet: *mut Packet) -> u32 {
    let mut outer = Packet::EMPTY;
    match packet::parse(frame, &mut outer) {
        Ok(()) => {}
        // It may carry a packet or not: that this was not seen is said.
        Err(Reason::TooDeep) => return UNREAD,
        Err(_) => return 0,
    }
    // SAFETY: callers pass a packet.
    let Some(packet) = (unsafe { packet.as_mut() }) else {
        return 0;
    };
    match packet::inside(frame, &outer, packet) {
        None => 0,
        Some(Ok(inside)) => inside.tunnel.mark(inside.start & START),
        Some(Err(_)) => UNREAD,
    }
}
