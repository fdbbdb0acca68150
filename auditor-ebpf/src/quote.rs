//! Where an ICMP error quotes another packet.

use auditor_common::{Packet, packet};

/// The quoted packet's offset in the frame, which is never 0; above it, what the error says of the packet (an
/// [`Undelivered`](packet::Undelivered)); the highest bit is set if the packet is IPv4.
#[derive(Clone, Copy)]
pub struct Quote(u32);

const IS_IPV4: u32 = 1 << 31;
const START: u32 = 0xffff;
const UNDELIVERED_AT: u32 = 24;

impl Quote {
    /// The packet that an ICMP error quotes; `None` if `error` is another packet.
    #[inline(always)]
    pub(crate) const fn of(error: &Packet) -> Option<Self> {
        let Some(undelivered) = packet::undelivered(error) else {
            return None;
        };
        let is_ipv4 = if error.is_ipv4 { IS_IPV4 } else { 0 };
        let start = packet::quote(error) as u32 & START;
        Self::of_number(start | (undelivered as u32) << UNDELIVERED_AT | is_ipv4)
    }

    /// The inverse of [`Self::number`]; `None` for 0.
    #[inline(always)]
    pub(crate) const fn of_number(number: u32) -> Option<Self> {
        if number == 0 {
            None
        } else {
            Some(Self(number))
        }
    }

    #[inline(always)]
    pub(crate) const fn number(self) -> u32 {
        self.0
    }

    #[inline(always)]
    pub(crate) const fn start(self) -> usize {
        (self.0 & START) as usize
    }

    /// The number of an [`Undelivered`](packet::Undelivered).
    #[inline(always)]
    pub(crate) const fn undelivered(self) -> u8 {
        (self.0 >> UNDELIVERED_AT) as u8 & 3
    }

    #[inline(always)]
    pub(crate) const fn is_ipv4(self) -> bool {
        self.0 & IS_IPV4 != 0
    }
}
