//! The direction of a packet.

/// The direction of a packet, seen from the host that counts it. The numbers are part of the maps' layout.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Direction {
    /// The packet comes in.
    Ingress = 0,
    /// The packet leaves.
    Egress = 1,
}

impl Direction {
    pub const ALL: [Self; 2] = [Self::Ingress, Self::Egress];

    /// Its index in pairs of which the first counts what comes in.
    #[inline(always)]
    pub const fn index(self) -> usize {
        self as usize
    }
}
