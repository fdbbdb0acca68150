//! The layout of the flow table, which the kernel half writes and user space reads.
//!
//! A bucket counts one conversation between two addresses, for as long as its half of the table is in use. If the server's
//! port is certain, all connections of a client to it share a bucket. If it is not, the bucket keeps both ports, so that
//! user space can still decide which side is the server.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::{packet::mark, port::SPACE};

/// Which ports a conversation keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeptPorts {
    /// The server's port alone: the first address is the client's, whose port is left out, the second the server's.
    Server = 1,
    /// Both ports, since it is not known which is the server's; the lower address comes first.
    Both = 2,
}

/// The part of a key that follows the addresses: ports, protocol, which ports are kept, and which way the packets went, in
/// one word that is never 0.
///
/// The way is part of the key, so that a packet with a forged source is never counted with those of the host that it names:
/// what that host sends passes an interface in one direction, and what others send in its name in the other.
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

    /// The same, of packets of which the first address's leave this host and the second's come in, if `leaves`; else the
    /// other way round. On the loopback, where each packet does both, it is always false.
    #[inline(always)]
    #[must_use]
    pub const fn first_leaving(self, leaves: bool) -> Self {
        Self(self.0 | (leaves as u64) << 48)
    }

    /// Whether the first address's packets leave this host.
    pub const fn first_leaves(self) -> bool {
        self.0 & 1 << 48 != 0
    }

    /// The same, of packets with these bits of [`mark`].
    #[inline(always)]
    #[must_use]
    pub const fn marked(self, marks: u8) -> Self {
        Self(self.0 | (marks as u64) << 49)
    }

    /// The same, of packets whose frames are addressed to another host's MAC address, if `is_so`.
    #[must_use]
    pub const fn to_other_host(self, is_so: bool) -> Self {
        self.marked(if is_so { mark::TO_OTHER_HOST } else { 0 })
    }

    /// Whether they are of mere fragments, and the same without that.
    pub const fn take_mere_fragments(self) -> (bool, Self) {
        let bit = (mark::MERE_FRAGMENT as u64) << 49;
        (self.0 & bit != 0, Self(self.0 & !bit))
    }

    /// The same, of packets of which nothing is said of the MAC address.
    #[must_use]
    pub const fn to_whoever(self) -> Self {
        Self(self.0 & !(1 << 49))
    }

    /// The same, of IPv6 packets, if `is_so`: where keys of both versions have the same form.
    #[inline(always)]
    #[must_use]
    pub const fn of_ipv6(self, is_so: bool) -> Self {
        Self(self.0 | (is_so as u64) << 50)
    }

    /// Whether they were said to be of IPv6, and the same without that.
    pub const fn take_ipv6(self) -> (bool, Self) {
        (self.0 & 1 << 50 != 0, Self(self.0 & !(1 << 50)))
    }

    /// Whether the frames were addressed to another host's MAC address.
    pub const fn is_to_other_host(self) -> bool {
        self.0 & 1 << 49 != 0
    }
}

/// Bits of [`BucketRecord::opening`]: which address sent what when the conversation was opened.
pub mod opening {
    /// The first address sent a request.
    pub const REQUEST_FROM_FIRST: u8 = 1;
    /// The second address sent a request.
    pub const REQUEST_FROM_SECOND: u8 = 2;
    /// The first address sent a reply that accepts.
    pub const REPLY_FROM_FIRST: u8 = 4;
    /// The second address sent a reply that accepts.
    pub const REPLY_FROM_SECOND: u8 = 8;
    /// The second address sent the first packet of the bucket.
    pub const STARTED_BY_SECOND: u8 = 16;
    /// An ICMP error says that a packet from the first address was refused.
    pub const REFUSED_FIRST: u8 = 32;
    /// An ICMP error says that a packet from the second address was refused.
    pub const REFUSED_SECOND: u8 = 64;
    /// An ICMP error says that a packet did not arrive, but not that it was refused: no route, no host, too many hops.
    pub const UNREACHABLE: u8 = 128;
}

/// Ports from which this host's latest requests to a server's port came, in one word: the last four, each once.
pub mod requested {
    /// The word with one more port; it moves the oldest one out if it is new.
    #[inline(always)]
    pub const fn with(ports: u64, port: u16) -> u64 {
        if port == 0 || has(ports, port) {
            ports
        } else {
            ports << 16 | port as u64
        }
    }

    /// Whether the word holds a port.
    #[inline(always)]
    pub const fn has(ports: u64, port: u16) -> bool {
        let wanted = port as u64;
        let is_any = ports & 0xffff == wanted
            || ports >> 16 & 0xffff == wanted
            || ports >> 32 & 0xffff == wanted
            || ports >> 48 == wanted;
        // 0 is no port, and stands where there is none.
        port != 0 && is_any
    }
}

/// Packets and bytes in one word, so that one addition counts both: packets in its low bits, bytes in those above.
pub mod counted {
    /// Bits that hold packets.
    pub const PACKET_BITS: u32 = 26;
    /// The highest bit of each counter: while neither is set there is room for another packet, even a super-packet.
    pub const FULL: u64 = 1 << 63 | 1 << (PACKET_BITS - 1);

    /// A super-packet of BIG TCP (Linux 5.19) holds less than 2^19 bytes, and therefore fewer segments than that, each with
    /// headers of its own.
    const LARGEST: u64 = 1 << 19;
    const _: () = assert!(2 * LARGEST <= 1 << (PACKET_BITS - 1));
    const _: () = assert!(LARGEST * 0x100 <= 1 << (63 - PACKET_BITS));

    /// The word that counts these packets and bytes.
    #[inline(always)]
    pub const fn word(packets: u64, bytes: u64) -> u64 {
        bytes << PACKET_BITS | packets
    }

    /// The packets and bytes that a word counts.
    pub const fn parts(word: u64) -> (u64, u64) {
        (word & ((1 << PACKET_BITS) - 1), word >> PACKET_BITS)
    }
}

/// What is counted in a bucket. In each pair, the first value is about packets that the first address sent.
///
/// Small counters never overflow: once one is full, packets are counted in the shared table instead. The fields that every
/// packet changes come first, so that they lie in the first cache line of the bucket.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct BucketRecord {
    /// Index of the interface; part of the key.
    pub interface: u32,
    /// Low half of the epoch of the last packet.
    pub last: u16,
    /// Unions of the TCP flags (RFC 9293, section 3.1; bit 0 is FIN).
    pub flags: [u8; 2],
    /// Packets and bytes on the wire, packed as in [`counted`]. Each segment of a segmentation super-packet counts as a
    /// packet; the link header is included, the frame check sequence is not.
    pub counted: [u64; 2],
    /// Epoch of the first packet.
    pub first: u32,
    /// Conversations requested: TCP SYN without ACK, SCTP INIT, ICMP requests.
    pub requests: u16,
    /// Conversations accepted: TCP SYN with ACK, SCTP INIT ACK, ICMP replies.
    pub replies: u16,
    /// TCP packets with the RST flag.
    pub resets: [u16; 2],
    /// ICMP errors which report that a packet was refused; `opening` says whose.
    pub refusals: u16,
    /// Bits of [`opening`].
    pub opening: u8,
    /// An [`Evidence`](crate::Evidence) as a number; 0 if the server side is not known.
    pub evidence: u8,
    /// When the first packet came, in nanoseconds of the kernel's monotonic clock, if the server side is not known: tells whose
    /// packet was first where two CPUs counted one each. If it is known, the ports from which TCP requests left this host, as
    /// [`requested`] packs them.
    pub began: u64,
}

const _: () = assert!(size_of::<BucketRecord>() == 48);

/// A bucket for IPv4, as large as a cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Bucket4 {
    /// Both addresses in one number, in network byte order.
    pub addresses: u64,
    /// [`PackedPorts`]; 0 in a free bucket.
    pub ports: u64,
    pub record: BucketRecord,
}

/// A bucket for IPv6.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Bucket6 {
    /// The addresses in network byte order.
    pub addresses: [[u64; 2]; 2],
    /// [`PackedPorts`]; 0 in a free bucket.
    pub ports: u64,
    pub record: BucketRecord,
    pub reserved: [u64; 5],
}

const _: () = assert!(size_of::<Bucket4>() == 64);
const _: () = assert!(size_of::<Bucket6>() == 128);

/// The most CPUs that can have a header and buckets of their own. On a host with more, all CPUs count in the shared table.
pub const MOST_CPUS: u32 = 1 << 10;

/// What user space and all programs share, in one entry of one map, so that a packet pays for one lookup.
#[repr(C)]
#[derive(Debug, FromBytes, Immutable, IntoBytes)]
pub struct State {
    /// What is known of ports, laid out by [`port`](crate::port).
    pub ports: [u64; SPACE as usize],
    pub headers: [Header; MOST_CPUS as usize],
    /// What all CPUs count together, of each half.
    pub shared: [SharedHalf; 2],
}

/// What all CPUs count together in a half.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, FromBytes, Immutable, IntoBytes)]
pub struct SharedHalf {
    /// Buckets of the shared table that were taken by packets that came in. They leave a quarter of it to what leaves this host,
    /// which nobody else can fill.
    pub taken_in: u64,
    /// All buckets of the shared table that were taken; where they are more than [`Self::LISTED`], some number above it.
    pub taken: u64,
    pub reserved: [u64; 6],
    /// The indices of the first ones taken: where there are no others, nobody has to read the whole table.
    pub listed: [u32; Self::LISTED as usize],
}

impl SharedHalf {
    /// How many are listed: as many as are found faster one by one than by reading the table.
    pub const LISTED: u32 = 1 << 10;
}

/// What user space sets for a CPU, and what the CPU counts beside its buckets.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Header {
    /// The half of the table that programs write to: 0 or 1. Set by user space.
    pub half: u64,
    pub reserved: [u64; 7],
    /// The counters and settings of each half.
    pub halves: [Half; 2],
    pub reserved_end: [u64; 8],
}

/// The start of the buckets in a CPU's half, and what the half counts beside them, in one cache line.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Half {
    /// Packets and bytes at ingress, then at egress.
    pub totals: [[u64; 2]; 2],
    /// Buckets taken by unproven packets: requests from other hosts, this host's replies to them, and ICMP errors.
    pub unproven: u32,
    /// Buckets taken, those of `unproven` too.
    pub taken: u32,
    /// Index of the first bucket: here for IPv4, below for IPv6. Set by user space.
    pub start_4: u32,
    pub start_6: u32,
    /// Bytes on the wire of the next frame, while a capture is replayed.
    pub length: u64,
    /// The time in epochs, the same in both halves. Set by user space.
    pub epoch: u64,
}

// Both are powers of two, so that the programs compute offsets by shifts.
const _: () = assert!(size_of::<Header>() == 256 && size_of::<Half>() == 64);

/// A bucket of the shared table, as large as a cache line: all that a packet reads or changes which opens nothing. Several CPUs
/// count in it at a time.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct SharedBucket {
    /// [`PackedPorts`], with what IP version they are of; 0 in a free bucket, and [`Self::BEING_TAKEN`] while a CPU writes its key.
    pub ports: u64,
    /// The addresses in network byte order; IPv4 is IPv4-mapped.
    pub addresses: [[u64; 2]; 2],
    pub interface: u32,
    /// Four bytes: the low half of the last packet's epoch, in native byte order, and the two of [`BucketRecord::flags`].
    pub last_and_flags: u32,
    /// As [`BucketRecord::counted`].
    pub counted: [u64; 2],
}

/// Buckets of the shared table that lie beside each other and are looked at together: where their cache lines have to be fetched,
/// they are at the same time.
#[repr(C, align(256))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct SharedGroup {
    pub buckets: [SharedBucket; Self::SIZE as usize],
}

/// How the conversation of a [`SharedBucket`] began, and what else few of its packets change; it has the bucket's index.
#[repr(C, align(64))]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct SharedOpening {
    /// As [`BucketRecord::began`].
    pub began: u64,
    /// Bits of [`opening`].
    pub opening: u64,
    /// Epoch of the first packet.
    pub first: u32,
    /// As [`BucketRecord::evidence`].
    pub evidence: u32,
    pub resets: [u32; 2],
    pub requests: u32,
    pub replies: u32,
    pub refusals: u32,
    pub reserved: [u32; 5],
}

const _: () = assert!(size_of::<SharedBucket>() == 64 && size_of::<SharedOpening>() == 64);

impl SharedGroup {
    /// Buckets of a group.
    pub const SIZE: u32 = 4;
}

impl SharedBucket {
    /// No [`PackedPorts`] are this number, since which ports they keep is never 0.
    pub const BEING_TAKEN: u64 = 1;

    /// What [`Self::last_and_flags`] holds of TCP flags of a packet from the first address if `sender` is 0, else from the second.
    #[inline(always)]
    pub const fn flags(flags: u8, sender: usize) -> u32 {
        u32::from_ne_bytes(if sender == 0 {
            [0, 0, flags, 0]
        } else {
            [0, 0, 0, flags]
        })
    }
}

impl ConversationRecord {
    /// What was counted in a bucket of the shared table.
    pub fn of_shared(bucket: &SharedBucket, opening: &SharedOpening) -> Self {
        let [low, high, from_first, from_second] = bucket.last_and_flags.to_ne_bytes();
        let last = u16::from_ne_bytes([low, high]);
        Self {
            packets: bucket.counted.map(|word| counted::parts(word).0),
            fragments: [0; 2],
            bytes: bucket.counted.map(|word| counted::parts(word).1),
            resets: opening.resets.map(u64::from),
            requests: opening.requests.into(),
            replies: opening.replies.into(),
            refusals: opening.refusals.into(),
            flags: u64::from(from_first) | u64::from(from_second) << 8,
            opening: opening.opening,
            first: opening.first.into(),
            last: last_epoch(opening.first, last).into(),
            evidence: opening.evidence.into(),
            began: opening.began,
        }
    }
}

/// Which conversation it is: the key of a bucket, as user space keeps it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ConversationKey {
    /// Addresses; IPv4 is IPv4-mapped (RFC 4291, section 2.5.5.2).
    pub addresses: [[u8; 16]; 2],
    /// [`PackedPorts`].
    pub ports: u64,
    /// Index of the interface.
    pub interface: u32,
}

/// What was counted of a conversation, in a bucket or in several.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ConversationRecord {
    pub packets: [u64; 2],
    /// Those of the packets that are [mere fragments](crate::Packet::is_mere_fragment). In the table they have a key of their own.
    pub fragments: [u64; 2],
    pub bytes: [u64; 2],
    pub last: u64,
    /// TCP flags of packets from the first address, and in the next byte those from the second.
    pub flags: u64,
    /// Bits of [`opening`].
    pub opening: u64,
    pub first: u64,
    pub evidence: u64,
    pub resets: [u64; 2],
    pub requests: u64,
    pub replies: u64,
    pub refusals: u64,
    /// As [`BucketRecord::began`].
    pub began: u64,
}

/// The full epoch of the last packet, of which `last` holds the low 16 bits. Correct if it is less than 2^15 epochs after the
/// first.
fn last_epoch(first: u32, last: u16) -> u32 {
    let [low, high, ..] = first.to_le_bytes();
    let passed = last.wrapping_sub(u16::from_le_bytes([low, high]));
    first.wrapping_add(u32::from(passed))
}

impl From<&BucketRecord> for ConversationRecord {
    fn from(record: &BucketRecord) -> Self {
        Self {
            packets: record.counted.map(|word| counted::parts(word).0),
            fragments: [0; 2],
            bytes: record.counted.map(|word| counted::parts(word).1),
            resets: record.resets.map(u64::from),
            requests: record.requests.into(),
            replies: record.replies.into(),
            refusals: record.refusals.into(),
            flags: u64::from(record.flags[0]) | u64::from(record.flags[1]) << 8,
            opening: record.opening.into(),
            first: record.first.into(),
            last: last_epoch(record.first, record.last).into(),
            evidence: record.evidence.into(),
            began: record.began,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::requested;

    #[test]
    fn the_last_four_ports_are_known() {
        let ports = [5, 6, 6, 7, 5, 8].into_iter().fold(0, requested::with);
        assert!(
            [5, 6, 7, 8]
                .into_iter()
                .all(|port| requested::has(ports, port))
        );
        assert!(!requested::has(ports, 9));
        let ports = requested::with(ports, 9);
        let known = [5, 6, 7, 8, 9].map(|port| requested::has(ports, port));
        assert_eq!(known, [false, true, true, true, true]);
        assert!(!requested::has(requested::with(0, 5), 6));
        assert!(!requested::has(0, 0));
    }
}
