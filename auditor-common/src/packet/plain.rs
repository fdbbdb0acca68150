//! The packets that most traffic is made of, read in a few loads: TCP or UDP, whole, in IPv4 without options or IPv6
//! without extension headers, as long as TCP's header is. For everything else there is [`parse`](super::parse), which
//! agrees on these.

use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::{Bytes, Packet};
use crate::port::protocol;

/// The last 20 bytes of the headers, if they are TCP's; UDP has its ports in the same place. Numbers are as they stand in
/// the packet.
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

// Both heads begin so far before the packet that the addresses in them are aligned, and are read as one number.

/// The Ethertype before an IPv4 header without options, and that.
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

/// The Ethertype before an IPv6 header, and that.
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

/// Ethertypes as they stand in the frame.
const IPV4: u16 = 0x0800_u16.to_be();
const IPV6: u16 = 0x86dd_u16.to_be();

/// Reads an IPv4 packet that starts at `start`, behind its Ethertype; false leaves `packet` and `addresses` as they are.
///
/// Addresses go to `addresses` as they stand in the packet; those of `packet` stay empty. What its flags say is left for
/// [`Packet::read_handshake`].
#[inline(always)]
pub fn plain4<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
    addresses: &mut u64,
) -> bool {
    // The later header first: where it lies in memory the earlier one does.
    let Some(next) = frame.head::<Transport>(start + HEADER4) else {
        return false;
    };
    let Some(head) = frame.head::<Head4>(start - BEFORE4) else {
        return false;
    };
    if head.ethertype != IPV4 || head.version_and_length != 0x45 {
        return false;
    }
    // Either this is the first fragment and the last, or it is not plain.
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

/// Reads an IPv6 packet that starts at `start`; as [`plain4`].
#[inline(always)]
pub fn plain6<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
    addresses: &mut [[u64; 2]; 2],
) -> bool {
    let Some(next) = frame.head::<Transport>(start + HEADER6) else {
        return false;
    };
    let Some(head) = frame.head::<Head6>(start - BEFORE6) else {
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

/// `length` is that of the packet by its header, of which `before` bytes stand before the transport's at `start`; 0 says
/// nothing.
#[inline(always)]
fn transport(
    next: Transport,
    number: u8,
    length: u16,
    before: u16,
    start: usize,
    packet: &mut Packet,
) -> bool {
    // 0 becomes the largest number.
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
