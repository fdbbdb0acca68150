//! A frame as the hook hands it over: where its bytes live, which way it goes, how much of the wire it stands for.

use core::intrinsics::cold_path;

use auditor_common::{Bytes as _, Packet, Tally, packet::KERNEL_EXTENSIONS};

use crate::{bytes::LinearBytes, context::Context, outcome::Outcome, raw::Raw as _};

/// Ethertypes as they stand in the frame.
pub(crate) const IPV4: u16 = 0x0800_u16.to_be();
pub(crate) const IPV6: u16 = 0x86dd_u16.to_be();
pub(crate) const VLAN: u16 = 0x8100_u16.to_be();

/// Where the first of them stands.
const ETHERTYPE: usize = 12;

/// Where an IP packet starts, without a tag and behind one.
pub(crate) const UNTAGGED: usize = 14;
pub(crate) const TAGGED: usize = UNTAGGED + 4;

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
    pub(crate) fn linear_bytes(&self) -> LinearBytes<KERNEL_EXTENSIONS> {
        self.context.raw().linear_bytes()
    }

    /// The frame's first Ethertype; 0 if it is too short.
    #[inline(always)]
    pub(crate) fn ethertype(&self) -> u16 {
        self.linear_bytes().head(ETHERTYPE).unwrap_or(0)
    }

    /// Reads the endpoints: from memory, and where the headers lie beyond its linear part through the helper.
    #[inline(always)]
    pub(crate) fn parse(&self, packet: &mut Packet) -> Outcome {
        self.context.raw().parse(packet, self.length)
    }

    /// Reads the endpoints of the packet that an ICMP error quotes at `start`. Errors are short, so their bytes are not
    /// scattered.
    #[inline(always)]
    pub(crate) fn quoted(&self, start: u32, is_ipv4: bool, quoted: &mut Packet) -> Outcome {
        self.context.raw().quoted(start, is_ipv4, quoted)
    }

    /// Reads what the frame carries, if it is a tunnel's: 0 if not; else the tunnel above an interface's bits, where the
    /// carried frame or packet starts, and [`UNREAD`] if it could not be read.
    #[inline(always)]
    pub(crate) fn inside(&self, packet: &mut Packet) -> u32 {
        self.context.raw().inside(packet)
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
        cold_path();
        let segments = (self.length - headers).div_ceil(segment);
        Tally {
            packets: u64::from(segments),
            bytes: whole.bytes + u64::from(segments - 1) * u64::from(headers),
        }
    }
}

/// Of what [`Frame::inside`] returns: whether the carried packet could not be read, and where it starts.
pub(crate) const UNREAD: u32 = 1 << 28;
pub(crate) const START: u32 = 0xffff;
