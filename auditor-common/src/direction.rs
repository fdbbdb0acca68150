//! The direction of a packet.

/// The direction of a packet, seen from the host that counts it. The numbers are part of the maps' layout.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// The host receives the packet.
    Ingress = 0,
    /// The host sends the packet.
    Egress = 1,
}

impl Direction {
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// Its index in pairs that hold ingress first, then egress.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self as usize
    }
}
