//! A frame as the hook hands it over: its bytes, and how much of the wire it stands for.

use core::intrinsics::cold_path;

use auditor_common::{Bytes as _, Tally, packet::KERNEL_EXTENSIONS};

use crate::{bytes::LinearBytes, hook::Hook};

/// Ethertypes as they stand in the frame.
pub(crate) const IPV4: u16 = 0x0800_u16.to_be();
pub(crate) const IPV6: u16 = 0x86dd_u16.to_be();
pub(crate) const VLAN: u16 = 0x8100_u16.to_be();

/// Where the first of them stands.
const ETHERTYPE: usize = 12;

/// Where an IP packet starts, without a tag and behind one.
pub(crate) const UNTAGGED: usize = 14;
pub(crate) const TAGGED: usize = UNTAGGED + 4;

/// A frame of one of the hooks.
pub(crate) struct Frame<H> {
    pub(crate) hook: H,
    pub(crate) interface: u32,
    /// Bytes in memory, link header included, and a tag that the NIC took out; of a replay what its record says.
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

    /// The frame's bytes as far as they lie in one piece.
    #[inline(always)]
    pub(crate) fn linear_bytes(&self) -> LinearBytes<KERNEL_EXTENSIONS> {
        self.hook.linear_bytes()
    }

    /// What the frame is on the wire. A super-packet is cut there into segments, each with its own `headers` bytes; 0 if
    /// they are not known, which leaves the frame whole.
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
    bytes.head(ETHERTYPE).unwrap_or(0)
}
