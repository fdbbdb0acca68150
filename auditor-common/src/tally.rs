//! Counters beside flows: of every packet by direction, and of packets that are in no flow by reason.

use core::ops::AddAssign;

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::Direction;

/// Packets and bytes of one kind.
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

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.packets += more.packets;
        self.bytes += more.bytes;
    }
}

/// Counters of every packet, by direction.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    pub received: Tally,
    pub sent: Tally,
}

impl Totals {
    pub const fn of(&self, direction: Direction) -> Tally {
        match direction {
            Direction::Ingress => self.received,
            Direction::Egress => self.sent,
        }
    }

    /// Packets of both directions.
    pub const fn packets(&self) -> u64 {
        self.received.packets + self.sent.packets
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, more: Self) {
        self.received += more.received;
        self.sent += more.sent;
    }
}

/// Why a packet is in no flow. Every packet is counted in a flow or under a reason; packets [inside](Self::is_inside) other
/// packets are counted in addition to those.
#[repr(u32)]
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// Address resolution (RFC 826).
    Arp = 0,
    /// Neither IPv4 nor IPv6 nor ARP, and nothing that carries them: LLC, LLDP and the like.
    NotIp = 1,
    /// The frame ends before its headers do.
    Truncated = 2,
    /// A header contradicts itself: wrong IP version, header length under the minimum.
    Malformed = 3,
    /// Not the first fragment of a datagram, so it carries no ports.
    Fragment = 4,
    /// The flow table was full.
    TableFull = 5,
    /// What a tunnel carried could not be read.
    InsideUnread = 6,
    /// More IPv6 extension headers than are followed. In a flow table such a packet is in a flow of its addresses, without
    /// ports; the reason remains for what a tunnel or an ICMP error carries.
    TooDeep = 7,
    /// More tags of VLANs than are followed, which no interface takes apart.
    TooManyTags = 8,
    /// It came in with a source that no other host can have: this host's own address, the loopback's, a group's, or none. Forged,
    /// or in a loop. Found by user space, which knows the addresses.
    ImpossibleSource = 9,
    /// Its frame was for another host's MAC address, and nothing on this host answered. Found by user space.
    OtherHost = 10,
    /// It came in from another host for another host, and this host passed nothing on. Found by user space.
    Stranger = 11,
    /// It came in as if this host had asked, which sent nothing but resets, if anything. Found by user space.
    Unasked = 12,
    /// More tags than are followed, of no VLAN but for a priority, all of which a host takes off.
    PriorityTags = 13,
    /// Of flows that anybody can make up, which found no room or made room for newer ones.
    Unproven = 14,
    /// It carries IP behind a header of the link that is not read: `PPPoE`, MPLS, `MACsec` and the like.
    LinkUnread = 15,
}

impl Reason {
    pub const ALL: [Self; 16] = [
        Self::Arp,
        Self::NotIp,
        Self::Truncated,
        Self::Malformed,
        Self::Fragment,
        Self::TableFull,
        Self::InsideUnread,
        Self::TooDeep,
        Self::TooManyTags,
        Self::ImpossibleSource,
        Self::OtherHost,
        Self::Stranger,
        Self::Unasked,
        Self::PriorityTags,
        Self::Unproven,
        Self::LinkUnread,
    ];

    /// In the order in which reports list them.
    pub const LISTED: [Self; Self::COUNT as usize] = [
        Self::Arp,
        Self::NotIp,
        Self::LinkUnread,
        Self::Fragment,
        Self::Truncated,
        Self::Malformed,
        Self::TooManyTags,
        Self::ImpossibleSource,
        Self::OtherHost,
        Self::Stranger,
        Self::Unasked,
        Self::TooDeep,
        Self::PriorityTags,
        Self::Unproven,
        Self::TableFull,
        Self::InsideUnread,
    ];

    /// Entries of the kernel half's array of tallies.
    pub const COUNT: u32 = 16;

    /// A short name, as reports, messages and the database have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arp => "arp",
            Self::NotIp => "not-ip",
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Fragment => "fragment",
            Self::TableFull => "table-full",
            Self::InsideUnread => "inside-unread",
            Self::TooDeep => "too-deep",
            Self::TooManyTags => "too-many-tags",
            Self::ImpossibleSource => "impossible-source",
            Self::OtherHost => "other-host",
            Self::Stranger => "stranger",
            Self::Unasked => "unasked",
            Self::PriorityTags => "priority-tags",
            Self::Unproven => "unproven",
            Self::LinkUnread => "link-unread",
        }
    }

    /// The reason of this name.
    #[cfg(feature = "user")]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    /// Describes the packets of this reason, in words that follow their number.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Arp => "address resolution",
            Self::NotIp => "neither IP nor ARP",
            Self::LinkUnread => "of PPPoE, MPLS, MACsec and the like, whose content is not read",
            Self::Truncated => "cut off before their ports",
            Self::Malformed => "malformed",
            Self::Fragment => "later fragments, which carry no ports",
            Self::TableFull => "without a place in the flow table",
            Self::InsideUnread => "carried by a tunnel's packets, not read",
            Self::TooDeep => "with more headers than are followed",
            Self::TooManyTags => "with more VLAN tags than any interface takes apart",
            Self::ImpossibleSource => {
                "with a source that no other host can have: this host's own, a group's or none"
            }
            Self::OtherHost => "for another host's MAC address, which nothing here answered",
            Self::Stranger => "between two other hosts, which this one did not pass on",
            Self::PriorityTags => "with more priority tags than are followed",
            Self::Unproven => {
                "of flows that anybody can make up, which found no room or made room for newer ones"
            }
            Self::Unasked => "that answer nothing of this host's, or reset such",
        }
    }

    /// Whether packets of this reason may hide traffic that a matrix documents. Truncated and malformed packets do not,
    /// since hosts drop them, nor do later fragments, since a datagram's first fragment carries the ports. Of frames whose
    /// link has headers of its own a host takes none but by an interface for them, by which its routes go.
    pub const fn may_hide_traffic(self) -> bool {
        match self {
            Self::TableFull
            | Self::InsideUnread
            | Self::TooDeep
            | Self::PriorityTags
            | Self::Unproven => true,
            Self::Arp
            | Self::NotIp
            | Self::Truncated
            | Self::Malformed
            | Self::Fragment
            | Self::TooManyTags
            | Self::ImpossibleSource
            | Self::OtherHost
            | Self::Stranger
            | Self::Unasked
            | Self::LinkUnread => false,
        }
    }

    /// Whether packets of this reason are counted in addition to the packets that carried them.
    pub const fn is_inside(self) -> bool {
        match self {
            Self::InsideUnread => true,
            Self::Arp
            | Self::NotIp
            | Self::Truncated
            | Self::Malformed
            | Self::Fragment
            | Self::TableFull
            | Self::TooDeep
            | Self::TooManyTags
            | Self::ImpossibleSource
            | Self::OtherHost
            | Self::Stranger
            | Self::Unasked
            | Self::PriorityTags
            | Self::Unproven
            | Self::LinkUnread => false,
        }
    }

    /// Its index in the kernel half's array of tallies.
    #[inline(always)]
    pub const fn index(self) -> u32 {
        self as u32
    }
}

const _: () = assert!(Reason::ALL.len() == Reason::COUNT as usize);

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn every_reason_has_an_entry_of_its_own() {
        for (index, reason) in (0..).zip(Reason::ALL) {
            assert_eq!(reason.index(), index);
        }
    }
}
