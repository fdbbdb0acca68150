//! The packets that most traffic is made of, read in a few loads: TCP or UDP, whole, in IPv4 without options or IPv6
//! without extension headers. For everything else there is [`parse`](super::parse), which agrees on these.

use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::{Bytes, Packet, intent};
use crate::port::protocol;

/// An IPv4 header without options, and the first 8 bytes of what it carries. Numbers are as they stand in the packet.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
pub struct Head4 {
    version_and_length: u8,
    _service: u8,
    length: u16,
    _identification: u16,
    fragment: u16,
    _time_to_live: u8,
    protocol: u8,
    _checksum: u16,
    ends: [u32; 2],
    source_port: u16,
    destination_port: u16,
    _rest: u32,
}

/// An IPv6 header, and the first 8 bytes of what it carries.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
pub struct Head6 {
    version: u8,
    _class_and_label: [u8; 3],
    length: u16,
    protocol: u8,
    _hop_limit: u8,
    ends: [[u64; 2]; 2],
    source_port: u16,
    destination_port: u16,
    _rest: u32,
}

/// The last 12 bytes of a TCP header without options.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout)]
pub struct TcpTail {
    _acknowledgment: u32,
    offset: u8,
    flags: u8,
    _window: u16,
    _checksum: u16,
    _urgent: u16,
}

const HEADER4: usize = 20;
const HEADER6: usize = 40;
const UDP: usize = 8;
const TCP: usize = 20;
const _: () = assert!(size_of::<Head4>() == HEADER4 + 8 && size_of::<Head6>() == HEADER6 + 8);

/// Reads an IPv4 packet that starts at `start`; false leaves `packet` and `ends` as they are.
///
/// Addresses go to `ends`, the source first; those of `packet` stay empty.
#[inline(always)]
pub fn plain4<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
    ends: &mut [u32; 2],
) -> bool {
    let Some(head) = frame.head::<Head4>(start) else {
        return false;
    };
    // Either this is the first fragment and the last, or it is not plain.
    let is_fragment = head.fragment & 0x3fff_u16.to_be() != 0;
    if head.version_and_length != 0x45 || is_fragment {
        return false;
    }
    let length = usize::from(u16::from_be(head.length));
    let ports = (head.source_port, head.destination_port);
    if !transport(
        frame,
        start + HEADER4,
        length,
        HEADER4,
        (head.protocol, ports),
        packet,
    ) {
        return false;
    }
    packet.is_ipv4 = true;
    *ends = head.ends;
    true
}

/// Reads an IPv6 packet that starts at `start`; as [`plain4`].
#[inline(always)]
pub fn plain6<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
    ends: &mut [[u64; 2]; 2],
) -> bool {
    let Some(head) = frame.head::<Head6>(start) else {
        return false;
    };
    if head.version >> 4 != 6 {
        return false;
    }
    let length = usize::from(u16::from_be(head.length));
    let ports = (head.source_port, head.destination_port);
    if !transport(
        frame,
        start + HEADER6,
        length,
        0,
        (head.protocol, ports),
        packet,
    ) {
        return false;
    }
    *ends = head.ends;
    true
}

/// `length` is that of the packet by its header, of which `before` bytes stand before `start`; 0 says nothing.
#[inline(always)]
fn transport<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    length: usize,
    before: usize,
    (number, (source_port, destination_port)): (u8, (u16, u16)),
    packet: &mut Packet,
) -> bool {
    let reaches = |fixed: usize| length == 0 || before + fixed <= length;
    match number {
        protocol::TCP => {
            let Some(tail) = frame.head::<TcpTail>(start + 8) else {
                return false;
            };
            let header = u32::from(tail.offset >> 4) * 4;
            if !reaches(TCP) || header < TCP as u32 {
                return false;
            }
            packet.flags = tail.flags;
            packet.intent = intent(tail.flags);
            packet.headers = start as u32 + header;
        }
        protocol::UDP if reaches(UDP) => packet.headers = (start + UDP) as u32,
        _ => return false,
    }
    packet.protocol = number;
    packet.source_port = u16::from_be(source_port);
    packet.destination_port = u16::from_be(destination_port);
    true
}
