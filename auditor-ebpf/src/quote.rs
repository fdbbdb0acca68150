//! Where an ICMP error quotes another packet.

use auditor_common::{Packet, packet};

/// The quoted packet's offset in the frame, which is never 0; the highest bit is set if the packet is IPv4.
#[derive(Clone, Copy)]
pub struct Quote(u32);

const IS_IPV4: u32 = 1 << 31;

impl Quote {
    /// The packet that an ICMP error quotes; `None` if `error` is another packet.
    #[inline(always)]
    pub(crate) const fn of(error: &Packet) -> Option<Self> {
        if !packet::is_unreachable(error) {
            return None;
        }
        let is_ipv4 = if error.is_ipv4 { IS_IPV4 } else { 0 };
        Self::of_number(packet::quote(error) as u32 | is_ipv4)
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
        (self.0 & !IS_IPV4) as usize
    }

    #[inline(always)]
    pub(crate) const fn is_ipv4(self) -> bool {
        self.0 & IS_IPV4 != 0
    }
}
