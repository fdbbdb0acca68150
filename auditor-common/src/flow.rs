//! The key and the counters of a flow, as they lie in the kernel's map.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The key of one flow: every conversation of one client with one service of one server.
///
/// The client's port is no part of it, so ten thousand connections to a service are one flow.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Eq, FromBytes, Hash, Immutable, IntoBytes, Ord, PartialEq, PartialOrd,
)]
pub struct FlowKey {
    /// Client address; IPv4 is stored IPv4-mapped (RFC 4291, section 2.5.5.2).
    pub client: [u8; 16],
    /// Server address, stored as `client` is.
    pub server: [u8; 16],
    /// Index of the interface that saw it.
    pub interface: u32,
    /// The server's port, big-endian; for ICMP the type of the request; 0 for protocols without ports.
    pub port: [u8; 2],
    /// IP protocol number.
    pub protocol: u8,
    /// Always zero.
    pub reserved: u8,
}

const _: () = assert!(size_of::<FlowKey>() == 40);

/// Packets and bytes of one way of a flow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct Counter {
    /// Packets as on the wire: a segmentation super-packet counts its segments.
    pub packets: u64,
    /// Bytes as on the wire, link header included, frame check sequence excluded.
    pub bytes: u64,
    /// TCP packets with the RST flag.
    pub resets: u64,
    /// Union of the TCP flags seen (RFC 9293, section 3.1; bit 0 is FIN).
    pub flags: u64,
}

/// What the kernel keeps of one flow.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, Eq, FromBytes, Immutable, IntoBytes, PartialEq)]
pub struct FlowStats {
    pub to_server: Counter,
    pub to_client: Counter,
    /// Conversations asked for: TCP SYN without ACK, SCTP INIT, ICMP requests.
    pub requests: u64,
    /// Conversations accepted: TCP SYN with ACK, SCTP INIT ACK, ICMP replies.
    pub replies: u64,
    /// ICMP errors that say that a packet to the server could not be delivered.
    pub refusals: u64,
    /// First and last packet, nanoseconds of the kernel's coarse monotonic clock.
    pub first: u64,
    pub last: u64,
    /// How the server side was decided when the flow was first seen: an [`Evidence`](crate::Evidence) as a number.
    pub evidence: u32,
    /// Always zero.
    pub reserved: u32,
}

const _: () = assert!(size_of::<FlowStats>() == 112);

// SAFETY: plain integers and bytes without padding, as `IntoBytes` proves.
#[cfg(feature = "user")]
#[expect(unsafe_code, reason = "`Pod` is a promise about layout")]
unsafe impl aya::Pod for FlowKey {}

// SAFETY: plain integers without padding, as `IntoBytes` proves.
#[cfg(feature = "user")]
#[expect(unsafe_code, reason = "`Pod` is a promise about layout")]
unsafe impl aya::Pod for FlowStats {}
