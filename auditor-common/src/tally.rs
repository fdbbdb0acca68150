//! What is counted beside flows: every frame, and every packet that is in no flow, by reason.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Packets and bytes under one [`Slot`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Tally {
    pub packets: u64,
    pub bytes: u64,
}

// SAFETY: two integers without padding, as `IntoBytes` proves.
#[cfg(feature = "user")]
#[expect(unsafe_code, reason = "`Pod` is a promise about layout")]
unsafe impl aya::Pod for Tally {}

/// What a [`Tally`] counts.
///
/// `Received` and `Sent` together are every packet; each of these is in a flow or under one of the other slots.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Slot {
    /// Every packet on its way in.
    Received = 0,
    /// Every packet on its way out.
    Sent = 1,
    /// Address resolution (RFC 826).
    Arp = 2,
    /// Neither IPv4 nor IPv6 nor ARP: LLC, LLDP, MPLS, `PPPoE` and the like.
    NotIp = 3,
    /// Ends before the headers do.
    Truncated = 4,
    /// A header contradicts itself: wrong IP version, header length under the minimum.
    Malformed = 5,
    /// Not the first fragment of a datagram, so it carries no ports.
    Fragment = 6,
    /// More VLAN tags or IPv6 extension headers than are followed.
    TooDeep = 7,
    /// The flow table was full: the packet has no flow.
    TableFull = 8,
    /// What a tunnel carried could not be read. These are counted beside the packet that carried them.
    Inside = 9,
}

impl Slot {
    pub const ALL: [Self; 10] = [
        Self::Received,
        Self::Sent,
        Self::Arp,
        Self::NotIp,
        Self::Truncated,
        Self::Malformed,
        Self::Fragment,
        Self::TooDeep,
        Self::TableFull,
        Self::Inside,
    ];

    /// Entries of the kernel's array.
    pub const COUNT: u32 = 10;

    /// A short name, as reports and messages use it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Sent => "sent",
            Self::Arp => "arp",
            Self::NotIp => "not-ip",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Fragment => "fragment",
            Self::TooDeep => "too-deep",
            Self::TableFull => "table-full",
            Self::Inside => "inside-unread",
        }
    }

    /// Place in the kernel's array.
    #[inline(always)]
    pub const fn index(self) -> u32 {
        self as u32
    }
}

const _: () = assert!(Slot::ALL.len() == Slot::COUNT as usize);
