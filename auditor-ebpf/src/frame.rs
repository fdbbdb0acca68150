//! A frame as the hook hands it over: its bytes, and the packets and bytes on the wire that it stands for.

use core::intrinsics::cold_path;

use auditor_common::{
    Bytes as _, Packet, Tally,
    packet::{self, KERNEL_EXTENSIONS, mark},
};

use crate::{bytes::LinearBytes, hook::Hook};

/// Ethertypes in network byte order, as they are in the frame.
pub(crate) const IPV4: u16 = 0x0800_u16.to_be();
pub(crate) const IPV6: u16 = 0x86dd_u16.to_be();
pub(crate) const VLAN: u16 = 0x8100_u16.to_be();

/// Offset of a frame's first Ethertype.
const ETHERTYPE: usize = 12;

/// Offset of an IP packet in a frame without a VLAN tag, and in one with a single tag.
pub(crate) const UNTAGGED: usize = 14;
pub(crate) const TAGGED: usize = UNTAGGED + 4;

/// A frame of one of the hooks.
pub(crate) struct Frame<H> {
    pub(crate) hook: H,
    pub(crate) interface: u32,
    /// Bytes in memory, including the link header and a VLAN tag that the NIC took out; in a replay, the length on the wire
    /// that the capture's record gives.
    pub(crate) length: u32,
}

impl<H: Hook> Frame<H> {
    #[inline(always)]
    pub(crate) fn new(hook: H) -> Self {
        let (interface, length) = hook.interface_and_length();
        Self {
            hook,
            interface,
            length,
        }
    }

    /// The frame's linear part.
    #[inline(always)]
    pub(crate) fn linear_bytes(&self) -> LinearBytes<KERNEL_EXTENSIONS> {
        self.hook.linear_bytes()
    }

    /// Whether this is a super-packet of a tunnel: each of its segments repeats the headers of the carried packet as well.
    #[inline(always)]
    pub(crate) fn is_tunnels_super_packet(&self, packet: &Packet) -> bool {
        if self.hook.segment() == 0 {
            return false;
        }
        cold_path();
        packet::tunnel(packet).is_some()
    }

    /// The packets and bytes that the frame is on the wire, where a super-packet is cut into segments, each with `headers`
    /// bytes of its own. If `headers` is 0 they are not known, and the frame counts as one packet.
    #[inline(always)]
    pub(crate) fn on_wire(&self, headers: u32) -> Tally {
        let whole = Tally {
            packets: 1,
            bytes: u64::from(self.length),
        };
        let segment = self.hook.segment();
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

/// The frame's first Ethertype; 0 if it is too short.
#[inline(always)]
pub(crate) fn ethertype<H: Hook>(hook: H) -> u16 {
    let bytes: LinearBytes<KERNEL_EXTENSIONS> = hook.linear_bytes();
    bytes.read_header(ETHERTYPE).unwrap_or(0)
}

/// Whether the frame is addressed to a group: the lowest bit of the first byte (IEEE 802, section 8.2).
#[inline(always)]
pub(crate) fn is_group_frame<H: Hook>(hook: H) -> bool {
    let bytes: LinearBytes<KERNEL_EXTENSIONS> = hook.linear_bytes();
    // More than one byte is read, since the verifier does not follow the comparison that the compiler makes of one.
    // Zeros where there are none, so that no register is left with what the verifier takes for a pointer.
    let [first, ..] = bytes.get::<6>(0).unwrap_or([0; 6]);
    first & 1 != 0
}

/// The packet's bits of [`mark`](auditor_common::packet::mark) that its frame shows.
#[inline(always)]
pub(crate) fn marks<H: Hook>(hook: H) -> u8 {
    u8::from(hook.is_to_other_host()) * mark::TO_OTHER_HOST
}
