//! The layout of the flow table: what the kernel half writes and the user half reads.
//!
//! A bucket is one conversation of two addresses while a half of the table is written to. Where the server's port is
//! certain, all conversations of a client with it share a bucket; where it is not, the bucket keeps both ports, so that
//! whoever reads it can still decide which of the two is the server.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::port::SPACE;

/// Which ports a conversation keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeptPorts {
    /// The server's alone: the first address is the client's, whose port is left out, the second the server's.
    Server = 1,
    /// Both, since it is not known which is the server's; the lower address comes first.
    Both = 2,
}

/// The second half of a key: ports, protocol and which ports are kept in one word, which is never 0.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PackedPorts(pub u64);

impl PackedPorts {
    #[inline(always)]
    pub const fn new(kept: KeptPorts, protocol: u8, first: u16, second: u16) -> Self {
        Self(first as u64 | (second as u64) << 16 | (protocol as u64) << 32 | (kept as u64) << 40)
    }

    pub const fn first(self) -> u16 {
        let [low, high, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    pub const fn second(self) -> u16 {
        let [_, _, low, high, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }

    pub const fn protocol(self) -> u8 {
        let [_, _, _, _, protocol, ..] = self.0.to_le_bytes();
        protocol
    }

    pub const fn is_server_known(self) -> bool {
        let [_, _, _, _, _, kept, ..] = self.0.to_le_bytes();
        kept == KeptPorts::Server as u8
    }
}

/// Bits of [`BucketRecord::opening`]: who did what when the conversation was opened.
pub mod opening {
    /// The first address requested it.
    pub const REQUEST_FROM_FIRST: u8 = 1;
    /// The second address requested it.
    pub const REQUEST_FROM_SECOND: u8 = 2;
    /// The first address accepted.
    pub const REPLY_FROM_FIRST: u8 = 4;
    /// The second address accepted.
    pub const REPLY_FROM_SECOND: u8 = 8;
    /// The second address sent the first packet of the bucket.
    pub const STARTED_BY_SECOND: u8 = 16;
}

/// Packets and bytes in one word, so that one addition counts both: packets in its low bits, bytes above.
pub mod counted {
    /// Bits that hold packets.
    pub const PACKET_BITS: u32 = 26;
    /// The highest bit of each of the two: while neither is set there is room for another packet, super-packets too.
    pub const FULL: u64 = 1 << 63 | 1 << (PACKET_BITS - 1);

    /// A super-packet of BIG TCP (Linux 5.19) holds less than 2^19 bytes, so no more segments than that, each with headers of
    /// its own.
    const LARGEST: u64 = 1 << 19;
    const _: () = assert!(2 * LARGEST <= 1 << (PACKET_BITS - 1));
    const _: () = assert!(LARGEST * 0x100 <= 1 << (63 - PACKET_BITS));

    /// The word of some packets.
    #[inline(always)]
    pub const fn word(packets: u64, bytes: u64) -> u64 {
        bytes << PACKET_BITS | packets
    }

    /// Packets and bytes of a word.
    pub const fn parts(word: u64) -> (u64, u64) {
        (word & ((1 << PACKET_BITS) - 1), word >> PACKET_BITS)
    }
}

/// What is counted in a bucket. Of each pair the first belongs to what the first address sends.
///
/// Small numbers that are about to overflow are not: the packet is counted in the shared table instead. What every packet
/// changes comes first, and so lies in the first cache line of its bucket.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct BucketRecord {
    /// Index of the interface; part of the key.
    pub interface: u32,
    /// Low half of the epoch of the last packet.
    pub last: u16,
    /// Unions of the TCP flags (RFC 9293, section 3.1; bit 0 is FIN).
    pub flags: [u8; 2],
    /// Packets and bytes as on the wire, as [`counted`] puts them together: a segmentation super-packet counts its segments;
    /// link header included, frame check sequence excluded.
    pub counted: [u64; 2],
    /// Epoch of the first packet.
    pub first: u32,
    /// Conversations requested: TCP SYN without ACK, SCTP INIT, ICMP requests.
    pub requests: u16,
    /// Conversations accepted: TCP SYN with ACK, SCTP INIT ACK, ICMP replies.
    pub replies: u16,
    /// TCP packets with the RST flag.
    pub resets: [u16; 2],
    /// ICMP errors that say that a packet to the second address could not be delivered.
    pub refusals: u16,
    /// Bits of [`opening`].
    pub opening: u8,
    /// An [`Evidence`](crate::Evidence) as a number; 0 where the side is not known.
    pub evidence: u8,
}

const _: () = assert!(size_of::<BucketRecord>() == 40);

/// A bucket for IPv4, as large as a cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Bucket4 {
    /// The addresses as they stand in the packet, in one number.
    pub addresses: u64,
    /// [`PackedPorts`]; 0 in a free bucket.
    pub ports: u64,
    pub record: BucketRecord,
    pub reserved: u64,
}

/// A bucket for IPv6.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Bucket6 {
    /// The addresses as they stand in the packet.
    pub addresses: [[u64; 2]; 2],
    /// [`PackedPorts`]; 0 in a free bucket.
    pub ports: u64,
    pub record: BucketRecord,
    pub reserved: [u64; 6],
}

const _: () = assert!(size_of::<Bucket4>() == 64);
const _: () = assert!(size_of::<Bucket6>() == 128);

/// CPUs that have a header and buckets of their own. Beyond them, all count in the shared table.
pub const MOST_CPUS: u32 = 1 << 10;

/// What user space and all programs share, in one entry of one map: finding it costs once.
#[repr(C)]
#[derive(Debug, FromBytes, Immutable, IntoBytes)]
pub struct State {
    /// What is known of ports, as [`port`](crate::port) lays them out.
    pub ports: [u64; SPACE as usize],
    pub headers: [Header; MOST_CPUS as usize],
}

/// What a CPU has to know, and what it counts beside its buckets.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Header {
    /// Which half of the table is written to: 0 or 1. User space writes it.
    pub half: u64,
    pub reserved: [u64; 7],
    /// What each half counts.
    pub halves: [Half; 2],
    pub reserved_end: [u64; 8],
}

/// Where a half of a CPU has its buckets, and what it counts beside them: one cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Half {
    /// Packets and bytes that came in, and that left.
    pub totals: [[u64; 2]; 2],
    /// Buckets that packets took which prove nothing: requests of others, and what this host replies to them.
    pub unproven: u32,
    /// Not 0 once the half's shared table has no entry left, so that nobody looks for one again.
    pub full: u32,
    /// The first bucket of IPv4 and of IPv6. User space writes them.
    pub start_4: u32,
    pub start_6: u32,
    /// Bytes on the wire of the next frame, while a capture is replayed.
    pub length: u64,
    /// The time in epochs, the same in both halves. User space writes it.
    pub epoch: u64,
}

// Both powers of two, so that the programs multiply by shifts.
const _: () = assert!(size_of::<Header>() == 256 && size_of::<Half>() == 64);

/// The key of the shared table.
#[repr(C)]
#[derive(
    Clone,
    Copy,
    Debug,
    Eq,
    FromBytes,
    Hash,
    Immutable,
    IntoBytes,
    KnownLayout,
    Ord,
    PartialEq,
    PartialOrd,
)]
pub struct ConversationKey {
    /// Addresses; IPv4 is IPv4-mapped (RFC 4291, section 2.5.5.2).
    pub addresses: [[u8; 16]; 2],
    /// [`PackedPorts`].
    pub ports: u64,
    /// Index of the interface.
    pub interface: u32,
    /// Always zero.
    pub reserved: u32,
}

/// What the shared table counts: a [`BucketRecord`] that several CPUs add to.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, KnownLayout, PartialEq,
)]
pub struct ConversationRecord {
    pub packets: [u64; 2],
    pub bytes: [u64; 2],
    pub resets: [u64; 2],
    pub requests: u64,
    pub replies: u64,
    pub refusals: u64,
    /// Flags of the first address's packets, and in the next byte of the second's.
    pub flags: u64,
    /// Bits of [`opening`].
    pub opening: u64,
    pub first: u64,
    pub last: u64,
    pub evidence: u64,
}

impl BucketRecord {
    /// The epoch of the last packet, if less than half a turn of its lower half lies between first and last.
    pub fn last_epoch(&self) -> u32 {
        let [low, high, ..] = self.first.to_le_bytes();
        let passed = self.last.wrapping_sub(u16::from_le_bytes([low, high]));
        self.first.wrapping_add(u32::from(passed))
    }
}

impl From<&BucketRecord> for ConversationRecord {
    fn from(record: &BucketRecord) -> Self {
        Self {
            packets: record.counted.map(|word| counted::parts(word).0),
            bytes: record.counted.map(|word| counted::parts(word).1),
            resets: record.resets.map(u64::from),
            requests: record.requests.into(),
            replies: record.replies.into(),
            refusals: record.refusals.into(),
            flags: u64::from(record.flags[0]) | u64::from(record.flags[1]) << 8,
            opening: record.opening.into(),
            first: record.first.into(),
            last: record.last_epoch().into(),
            evidence: record.evidence.into(),
        }
    }
}
