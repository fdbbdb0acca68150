//! Plain packets, which are most traffic, read with a few loads: unfragmented TCP or UDP in IPv4 without options or IPv6
//! without extension headers, at least as long as a TCP header. All others are left to [`parse`](super::parse), which reads
//! plain packets with the same result.

use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::{Bytes, Packet};
use crate::port::protocol;

/// The 20 bytes of a TCP header; UDP has its ports at the same offsets. Numbers are in network byte order.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
struct Transport {
    source_port: u16,
    destination_port: u16,
    _sequence: u32,
    _acknowledgment: u32,
    offset: u8,
    flags: u8,
    _window: u16,
    _checksum: u16,
    _urgent: u16,
}

// Both structs start so far before the IP header that the addresses in them are aligned, and can be read as whole words.

/// An Ethertype and the IPv4 header without options that follows it.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
struct Head4 {
    _before: u16,
    ethertype: u16,
    version_and_length: u8,
    _service: u8,
    length: u16,
    _identification: u16,
    fragment: u16,
    _time_to_live: u8,
    protocol: u8,
    _checksum: u16,
    addresses: u64,
}

/// An Ethertype and the IPv6 header that follows it.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
struct Head6 {
    _before: [u16; 3],
    ethertype: u16,
    version: u8,
    _class_and_label: [u8; 3],
    length: u16,
    protocol: u8,
    _hop_limit: u8,
    addresses: [[u64; 2]; 2],
}

const HEADER4: usize = 20;
const HEADER6: usize = 40;
const UDP: u16 = 8;
const TCP: u16 = 20;
const BEFORE4: usize = size_of::<Head4>() - HEADER4;
const BEFORE6: usize = size_of::<Head6>() - HEADER6;
const _: () = assert!(BEFORE4 == 4 && BEFORE6 == 8 && size_of::<Transport>() == TCP as usize);

/// Ethertypes in network byte order, as they are in the frame.
const IPV4: u16 = 0x0800_u16.to_be();
const IPV6: u16 = 0x86dd_u16.to_be();

/// Reads a plain IPv4 packet at `start`, after its Ethertype. Returns false for any other packet, with `packet` and
/// `addresses` unchanged.
///
/// The addresses are written to `addresses` in network byte order; those of `packet` stay empty. The flags are evaluated by
/// [`Packet::read_handshake`].
#[inline(always)]
pub fn parse_plain_ipv4<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
    addresses: &mut u64,
) -> bool {
    // The later header comes first: its bounds check covers the earlier one.
    let Some(next) = frame.read_header::<Transport>(start + HEADER4) else {
        return false;
    };
    let Some(head) = frame.read_header::<Head4>(start - BEFORE4) else {
        return false;
    };
    if head.ethertype != IPV4 || head.version_and_length != 0x45 {
        return false;
    }
    // Fragments are not plain: the more-fragments flag and the offset must both be 0.
    if head.fragment & 0x3fff_u16.to_be() != 0 {
        return false;
    }
    let length = u16::from_be(head.length);
    if !transport(
        next,
        head.protocol,
        length,
        HEADER4 as u16,
        start + HEADER4,
        packet,
    ) {
        return false;
    }
    packet.is_ipv4 = true;
    *addresses = head.addresses;
    true
}

/// As [`parse_plain_ipv4`], for a plain IPv6 packet at `start`.
#[inline(always)]
pub fn parse_plain_ipv6<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
    addresses: &mut [[u64; 2]; 2],
) -> bool {
    let Some(next) = frame.read_header::<Transport>(start + HEADER6) else {
        return false;
    };
    let Some(head) = frame.read_header::<Head6>(start - BEFORE6) else {
        return false;
    };
    if head.ethertype != IPV6 || head.version >> 4 != 6 {
        return false;
    }
    let length = u16::from_be(head.length);
    if !transport(next, head.protocol, length, 0, start + HEADER6, packet) {
        return false;
    }
    *addresses = head.addresses;
    true
}

/// Reads the transport header at `start`. `length` is the IP header's length field, which includes `before` bytes of the IP
/// header; 0 means that the length is not known.
#[inline(always)]
fn transport(
    next: Transport,
    number: u8,
    length: u16,
    before: u16,
    start: usize,
    packet: &mut Packet,
) -> bool {
    // A length of 0 wraps to the largest number, so that it always reaches.
    let reaches = |fixed: u16| before + fixed - 1 <= length.wrapping_sub(1);
    if number == protocol::TCP {
        if !reaches(TCP) || next.offset < (TCP as u8 / 4) << 4 {
            return false;
        }
        packet.flags = next.flags;
        packet.headers = start as u32 + u32::from(next.offset >> 4) * 4;
    } else if number == protocol::UDP && reaches(UDP) {
        packet.headers = start as u32 + u32::from(UDP);
    } else {
        return false;
    }
    packet.protocol = number;
    packet.source_port = u16::from_be(next.source_port);
    packet.destination_port = u16::from_be(next.destination_port);
    true
}
