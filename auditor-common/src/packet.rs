//! Parses an Ethernet frame to the endpoints of its outermost IP packet.
#![expect(
    clippy::cast_possible_truncation,
    reason = "offsets stay below 64 KiB, and a checked conversion would cost the verifier a branch"
)]

mod fragment;
mod plain;
mod tunnel;

use zerocopy::{FromBytes, Immutable, KnownLayout};

pub use fragment::{Datagram, FirstFragment};
pub use plain::{parse_plain_ipv4, parse_plain_ipv6};
pub use tunnel::{INDEX_MASK, Inside, Tunnel, index, inside, tunnel};

use crate::{port::protocol, tally::Reason};

/// A packet's bytes, wherever they are stored.
pub trait Bytes {
    /// Copies `N` bytes at `offset`, or `None` past the end.
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]>;

    /// Copies a header at `offset`, or `None` past the end.
    fn read_header<T: FromBytes + Immutable + KnownLayout + Copy>(
        &self,
        offset: usize,
    ) -> Option<T>;

    /// Tags of VLANs that are followed; real captures hold five.
    const MAX_TAGS: usize;

    /// Tags that are followed in all, with those of no VLAN, which only give a frame a priority.
    const MAX_ALL_TAGS: usize;

    /// IPv6 extension headers that are followed; real captures hold nine.
    const MAX_EXTENSIONS: usize;

    /// The largest offset from the start of a frame at which a header is read.
    const MAX_OFFSET: usize;

    /// Returns `value`, which is no larger than `mask`, as a number of which the kernel's verifier knows that bound alone.
    ///
    /// The verifier follows every path with the bounds that it knows there. Where paths join, it continues only once if it
    /// knows the same on all of them, which it does for an offset that has passed through here.
    fn hide_from_verifier(&self, value: usize, mask: usize) -> usize;
}

impl Bytes for [u8] {
    // More than fit into the largest packet.
    const MAX_TAGS: usize = 1 << 14;
    const MAX_ALL_TAGS: usize = 1 << 14;
    const MAX_EXTENSIONS: usize = 1 << 14;
    const MAX_OFFSET: usize = usize::MAX;

    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.get(offset..)?.first_chunk().copied()
    }

    fn read_header<T: FromBytes + Immutable + KnownLayout + Copy>(
        &self,
        offset: usize,
    ) -> Option<T> {
        Some(T::read_from_prefix(self.get(offset..)?).ok()?.0)
    }

    fn hide_from_verifier(&self, value: usize, _mask: usize) -> usize {
        value
    }
}

/// What a packet shows about which side opens the conversation.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Handshake {
    /// Opens it: TCP SYN, SCTP INIT, ICMP request.
    Request,
    /// Accepts it: TCP SYN ACK, SCTP INIT ACK, ICMP reply.
    Reply,
    /// Shows nothing about it.
    None,
}

/// The endpoints of a packet and the relevant fields of its transport header. It has no padding, so the kernel half can
/// access it word by word.
#[repr(C, align(8))]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Packet {
    /// Source address; IPv4 is IPv4-mapped.
    pub source: [u8; 16],
    /// Destination address, in the same form as `source`.
    pub destination: [u8; 16],
    /// Bytes from the start of the frame to the end of the transport header, which each segment of a super-packet
    /// repeats.
    pub headers: u32,
    /// The IP identification, which all fragments of a datagram share; 0 for whole packets.
    pub identification: u32,
    /// 0 if there are no ports. For an ICMP reply, the type of its request.
    pub source_port: u16,
    /// 0 if there are no ports. For any ICMP message but a reply, its type.
    pub destination_port: u16,
    /// IP protocol number; for IPv6, that of the header after the extension headers.
    pub protocol: u8,
    /// TCP flags; in SCTP the RST flag alone, for ABORT; 0 elsewhere.
    pub flags: u8,
    pub handshake: Handshake,
    pub part: Part,
    /// The addresses are IPv4's.
    pub is_ipv4: bool,
    /// An ICMP message's code; 0 elsewhere.
    pub code: u8,
    /// Bits of [`mark`]. Not read from the frame: the hook tells.
    pub marks: u8,
    /// The frame is addressed to a group's MAC address, as a broadcast within a network is. Not read from the frame either.
    pub is_group_frame: bool,
    /// A fragment without what tells who opens, which another fragment of the packet has: it proves nothing by itself.
    pub is_mere_fragment: bool,
    /// Always zero.
    pub reserved: [u8; 3],
}

const _: () = assert!(size_of::<Packet>() == 56);

/// Bits of [`Packet::marks`], which are part of the key under which a packet is counted.
pub mod mark {
    /// The frame is addressed to another host's MAC address.
    pub const TO_OTHER_HOST: u8 = 1;
    /// The packet is a [mere fragment](super::Packet::is_mere_fragment).
    pub const MERE_FRAGMENT: u8 = 4;
}

/// How much of a datagram a packet is.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    Whole,
    /// The transport header ends too early, so the packet has no ports.
    Short,
    /// The first of several fragments, which carries the ports.
    FirstFragment,
    /// Any other fragment: it has no ports.
    LaterFragment,
}

/// How many tags of VLANs, tags in all and IPv6 extension headers the kernel half follows, and the largest offset of a header there, which is
/// used as a mask. The verifier limits them.
pub const KERNEL_TAGS: usize = 6;
pub const KERNEL_ALL_TAGS: usize = 28;
pub const KERNEL_EXTENSIONS: usize = 12;
pub const KERNEL_MAX_OFFSET: usize = 0x3fff;

/// The length of a payload that only the frame's end bounds; larger than a 16-bit length field can hold.
const UNBOUNDED: usize = 0x1_ffff;
/// Upper bound of the length of an Ethernet header with its VLAN tags; used as a mask.
const LINK_HEADERS: usize = 0x7f;
const _: () = assert!(14 + 4 * KERNEL_ALL_TAGS <= LINK_HEADERS);
/// Upper bound of the number of tags of VLANs, also used as a mask.
const VLANS: usize = 7;
const _: () = assert!(KERNEL_TAGS <= VLANS);

const FIN: u8 = 0x01;
/// The SYN flag of TCP (RFC 9293, section 3.1).
pub const SYN: u8 = 0x02;
/// The RST flag of TCP (RFC 9293, section 3.1).
pub const RST: u8 = 0x04;
/// The ACK flag of TCP (RFC 9293, section 3.1).
pub const ACK: u8 = 0x10;

/// Reads the endpoints of an Ethernet frame into `packet`.
///
/// A transport header that is cut off leaves a packet without ports, [`Part::Short`].
///
/// The packet is passed in, so that every byte of it is initialised on every path: the verifier rejects a program that even
/// copies a byte which one path left uninitialised, as returning a `Result<Packet, Reason>` would.
///
/// # Errors
///
/// The reason under which to count the frame, if it carries no IP packet, is cut off before its addresses, or has headers
/// that contradict themselves.
#[inline(always)]
pub fn parse<B: Bytes + ?Sized>(frame: &B, packet: &mut Packet) -> Result<(), Reason> {
    let mut ethertype = u16::from_be_bytes(frame.get(12).ok_or(Reason::Truncated)?);
    let mut offset = 14;
    let mut n_vlans = 0;
    for _ in 0..B::MAX_ALL_TAGS {
        // The Ethertypes of IEEE 802.1Q and 802.1ad, and the one that was used before 802.1ad.
        if !matches!(ethertype, 0x8100 | 0x88a8 | 0x9100) || n_vlans == B::MAX_TAGS {
            break;
        }
        let tag: [u8; 4] = frame.get(offset).ok_or(Reason::Truncated)?;
        ethertype = u16::from_be_bytes([tag[2], tag[3]]);
        // VLAN 0 is none (IEEE 802.1Q, section 9.6): hosts take such tags off, however many there are.
        let is_vlan = tag[0] & 0x0f | tag[1] != 0;
        n_vlans = frame.hide_from_verifier(n_vlans + usize::from(is_vlan), VLANS);
        offset = frame.hide_from_verifier(offset + 4, LINK_HEADERS);
    }
    let payload = match ethertype {
        0x0800 => ipv4(frame, offset, packet)?,
        0x86dd => ipv6(frame, offset, packet)?,
        0x0806 => return Err(Reason::Arp),
        0x8100 | 0x88a8 | 0x9100 if n_vlans == B::MAX_TAGS => return Err(Reason::TooManyTags),
        0x8100 | 0x88a8 | 0x9100 => return Err(Reason::PriorityTags),
        // MPLS, PPPoE's sessions, provider's backbone bridges, MACsec and network service headers (IEEE's list of Ethertypes).
        0x8847 | 0x8848 | 0x8864 | 0x88e7 | 0x88e5 | 0x894f => return Err(Reason::LinkUnread),
        _ => return Err(Reason::NotIp),
    };
    transport(frame, &payload, packet);
    Ok(())
}

/// What an ICMP error says of the packet that it quotes.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Undelivered {
    /// Nothing takes it there, or a filter forbids it: somebody decided.
    Refused = 1,
    /// It did not arrive: no route, no such host, too many hops. Nothing is known of the service.
    Unreachable = 2,
}

impl Undelivered {
    /// Reads the number of [`Packet::code`] that the kernel half stored for it.
    #[inline(always)]
    pub const fn from_number(number: u8) -> Self {
        if number == Self::Refused as u8 {
            Self::Refused
        } else {
            Self::Unreachable
        }
    }
}

/// What the packet says of another one that it quotes; `None` if it is no ICMP error, or one of a packet that merely has to
/// be sent in another form: in smaller pieces, or by another router.
#[inline(always)]
pub const fn undelivered(packet: &Packet) -> Option<Undelivered> {
    match (packet.protocol, packet.destination_port, packet.code) {
        // Protocol and port unreachable, administratively prohibited (RFC 792; RFC 1812, section 5.2.7.1).
        (protocol::ICMP, 3, 2 | 3 | 9 | 10 | 13)
        // Administratively prohibited, port unreachable, policy, reject route (RFC 4443, section 3.1).
        | (protocol::ICMPV6, 1, 1 | 4 | 5 | 6) => Some(Undelivered::Refused),
        // Fragmentation needed (RFC 1191).
        (protocol::ICMP, 3, 4) => None,
        // The other codes, and time exceeded.
        (protocol::ICMP, 3 | 11, _) | (protocol::ICMPV6, 1 | 3, _) => {
            Some(Undelivered::Unreachable)
        }
        _ => None,
    }
}

/// The offset, in an ICMP error's frame, of the packet that it quotes; `error` is what [`parse`] filled.
#[inline(always)]
pub const fn quote(error: &Packet) -> usize {
    // The last 4 of the ICMP header's 8 bytes, which `headers` does not include.
    error.headers as usize + 4
}

/// Reads the endpoints of the packet that an ICMP error quotes at `start` into `quoted`.
///
/// Only the first 8 bytes of the quoted transport header are sure to be there, so nothing but the ports is read from it.
///
/// # Errors
///
/// As for [`parse`], of the quoted packet.
#[inline(always)]
pub fn quoted<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    is_ipv4: bool,
    quoted: &mut Packet,
) -> Result<(), Reason> {
    let start = frame.hide_from_verifier(start, B::MAX_OFFSET);
    let payload = if is_ipv4 {
        ipv4(frame, start, quoted)?
    } else {
        ipv6(frame, start, quoted)?
    };
    if matches!(quoted.part, Part::LaterFragment | Part::Short) {
        return Err(Reason::Truncated);
    }
    if matches!(
        quoted.protocol,
        protocol::TCP | protocol::UDP | protocol::DCCP | protocol::SCTP | protocol::UDP_LITE
    ) {
        quoted.ports(frame.get(payload.offset).ok_or(Reason::Truncated)?);
    }
    Ok(())
}

/// What an IP packet carries.
struct Payload {
    /// Its offset from the start of the frame, in bytes.
    offset: usize,
    /// Its length according to the IP header.
    length: usize,
    /// It follows 8 bytes, the least that a first fragment can hold.
    follows_eight: bool,
}

#[inline(always)]
fn ipv4<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
) -> Result<Payload, Reason> {
    let header: [u8; 20] = frame.get(start).ok_or(Reason::Truncated)?;
    let header_length = usize::from(header[0] & 0x0f) * 4;
    let total_length = usize::from(u16::from_be_bytes([header[2], header[3]]));
    // Segmentation offload leaves a total length of 0 in packets over 64 KiB: the frame's end bounds those.
    let contradicts = header[0] >> 4 != 4
        || header_length < 20
        || (total_length != 0 && total_length < header_length);
    if contradicts {
        return Err(Reason::Malformed);
    }
    // Options are part of the header, so its last byte must be in the frame too.
    let _options: [u8; 1] = frame
        .get(start + header_length - 1)
        .ok_or(Reason::Truncated)?;
    let (more, fragment_offset) = (
        header[6] & 0x20 != 0,
        u16::from_be_bytes([header[6] & 0x1f, header[7]]),
    );
    packet.part = part(more, fragment_offset);
    if packet.part != Part::Whole {
        packet.identification = u32::from(u16::from_be_bytes([header[4], header[5]]));
    }
    packet.is_ipv4 = true;
    packet.source = mapped([header[12], header[13], header[14], header[15]]);
    packet.destination = mapped([header[16], header[17], header[18], header[19]]);
    packet.protocol = header[9];
    let length = if total_length == 0 {
        UNBOUNDED
    } else {
        total_length - header_length
    };
    Ok(Payload {
        offset: start + header_length,
        length,
        follows_eight: fragment_offset == 1,
    })
}

#[inline(always)]
fn ipv6<B: Bytes + ?Sized>(
    frame: &B,
    start: usize,
    packet: &mut Packet,
) -> Result<Payload, Reason> {
    let fixed: [u8; 8] = frame.get(start).ok_or(Reason::Truncated)?;
    if fixed[0] >> 4 != 6 {
        return Err(Reason::Malformed);
    }
    let payload_length = usize::from(u16::from_be_bytes([fixed[4], fixed[5]]));
    // 0 is a jumbogram (RFC 2675) or BIG TCP: the frame's end bounds those.
    let mut available = if payload_length == 0 {
        UNBOUNDED
    } else {
        payload_length
    };
    packet.source = frame.get(start + 8).ok_or(Reason::Truncated)?;
    packet.destination = frame.get(start + 24).ok_or(Reason::Truncated)?;
    packet.protocol = fixed[6];
    let mut offset = start + 40;
    for _ in 0..B::MAX_EXTENSIONS {
        if !is_extension(packet.protocol) {
            return Ok(Payload {
                offset,
                length: available,
                follows_eight: false,
            });
        }
        // An extension header that is cut off can't be read: the packet is counted under that header's own protocol number.
        let extension: [u8; 8] = match frame.get(offset) {
            Some(extension) if 8 <= available => extension,
            Some(_) | None => {
                packet.part = Part::Short;
                return Ok(Payload {
                    offset,
                    length: 0,
                    follows_eight: false,
                });
            }
        };
        let length = match packet.protocol {
            44 => {
                let offset_and_more = u16::from_be_bytes([extension[2], extension[3]]);
                packet.part = part(offset_and_more & 1 != 0, offset_and_more >> 3);
                packet.identification =
                    u32::from_be_bytes([extension[4], extension[5], extension[6], extension[7]]);
                8
            }
            // RFC 4302, section 2.2: the length is in units of 4 bytes, less 2.
            51 => (usize::from(extension[1]) + 2) * 4,
            // RFC 8200, section 4: lengths are in units of 8 bytes, less 1.
            _ => (usize::from(extension[1]) + 1) * 8,
        };
        // RFC 8200, section 4.4: where segments are left, the target is the last of them, and not the address in the fixed header. What
        // is carried in a tunnel has its own. It is decided here, since to remember it doubles what the verifier follows.
        if packet.protocol == ROUTING && extension[3] != 0 && !matches!(extension[0], 4 | 41) {
            return Err(Reason::TooDeep);
        }
        packet.protocol = extension[0];
        if packet.part == Part::LaterFragment {
            let [_, _, high, low, ..] = extension;
            return Ok(Payload {
                offset: frame.hide_from_verifier(offset + length, B::MAX_OFFSET),
                length: 0,
                follows_eight: u16::from_be_bytes([high, low]) >> 3 == 1,
            });
        }
        if B::MAX_OFFSET < offset + length {
            return Err(Reason::TooDeep);
        }
        available = frame.hide_from_verifier(available.saturating_sub(length), UNBOUNDED);
        offset = frame.hide_from_verifier(offset + length, B::MAX_OFFSET);
    }
    if is_extension(packet.protocol) {
        return Err(Reason::TooDeep);
    }
    Ok(Payload {
        offset,
        length: available,
        follows_eight: false,
    })
}

/// Hop-by-hop options, routing, fragment, authentication and destination options.
#[inline(always)]
const fn is_extension(protocol: u8) -> bool {
    matches!(protocol, 0 | ROUTING | 44 | 51 | 60)
}

/// IPv6's routing header (RFC 8200, section 4.4).
pub const ROUTING: u8 = 43;

#[inline(always)]
const fn part(more: bool, offset: u16) -> Part {
    match (more, offset) {
        (false, 0) => Part::Whole,
        (true, 0) => Part::FirstFragment,
        (_, _) => Part::LaterFragment,
    }
}

#[inline(always)]
fn transport<B: Bytes + ?Sized>(frame: &B, payload: &Payload, packet: &mut Packet) {
    let Payload {
        offset,
        length: available,
        follows_eight,
    } = *payload;
    // The length of each transport's fixed header; the ports of a shorter one can't be trusted.
    let fixed = match packet.protocol {
        protocol::TCP => 20,
        protocol::SCTP | protocol::DCCP => 12,
        protocol::UDP | protocol::UDP_LITE => 8,
        protocol::ICMP | protocol::ICMPV6 => 4,
        _ => 0,
    };
    packet.headers = (offset + fixed) as u32;
    if packet.part == Part::LaterFragment {
        later_fragment(frame, offset, follows_eight, packet);
        return;
    }
    if packet.part == Part::Short {
        return;
    }
    let is_icmp = matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6);
    let is_short = if available < fixed {
        // A first fragment need not hold the whole header, but has the ports.
        packet.part != Part::FirstFragment
            || is_icmp
            || first_fragment(frame, offset, available, packet).is_none()
    } else {
        fields(frame, payload, packet).is_none()
    };
    // An ICMP message that is cut off before its type is counted as type 0, since nothing else is known of it.
    if is_short && !is_icmp {
        packet.part = Part::Short;
        packet.headers = offset as u32;
    }
}

/// Reads what a first fragment has of a transport header that goes on in the next one; `None` if the ports are not there, or the
/// frame ends before them.
#[inline(always)]
fn first_fragment<B: Bytes + ?Sized>(
    frame: &B,
    offset: usize,
    available: usize,
    packet: &mut Packet,
) -> Option<()> {
    // TCP's flags are the 14th byte of its header.
    if packet.protocol == protocol::TCP && 14 <= available {
        let header: [u8; 14] = frame.get(offset)?;
        packet.ports([header[0], header[1], header[2], header[3]]);
        if 5 <= header[12] >> 4 {
            packet.flags = header[13];
            packet.read_handshake();
        }
        return Some(());
    }
    if available < 4 {
        return None;
    }
    packet.ports(frame.get(offset)?);
    // What opens a conversation is in the second fragment.
    packet.is_mere_fragment = matches!(packet.protocol, protocol::TCP | protocol::SCTP);
    Some(())
}

/// Reads what tells who opens, if it is in this later fragment: hosts put fragments of 8 bytes together, and then it is in the
/// second one (RFC 1858, section 3).
#[inline(always)]
fn later_fragment<B: Bytes + ?Sized>(
    frame: &B,
    offset: usize,
    follows_eight: bool,
    packet: &mut Packet,
) {
    packet.is_mere_fragment = true;
    if !follows_eight {
        return;
    }
    let Some(rest) = frame.get::<6>(offset) else {
        return;
    };
    if packet.protocol == protocol::TCP {
        packet.flags = rest[5];
        packet.read_handshake();
        packet.is_mere_fragment = false;
    } else if packet.protocol == protocol::SCTP {
        packet.chunk(rest[4]);
        packet.is_mere_fragment = false;
    }
}

/// Reads the ports and the other fields of the transport header; `None` if the frame ends first.
#[inline(always)]
fn fields<B: Bytes + ?Sized>(frame: &B, payload: &Payload, packet: &mut Packet) -> Option<()> {
    let Payload {
        offset,
        length: available,
        ..
    } = *payload;
    match packet.protocol {
        protocol::TCP => {
            let header: [u8; 20] = frame.get(offset)?;
            packet.ports([header[0], header[1], header[2], header[3]]);
            let length = u32::from(header[12] >> 4) * 4;
            // A header length below the minimum is invalid, so the flags are not trusted either.
            if 20 <= length {
                packet.headers = offset as u32 + length;
                packet.flags = header[13];
                packet.handshake = handshake(header[13]);
            }
        }
        protocol::UDP | protocol::UDP_LITE => {
            let header: [u8; 8] = frame.get(offset)?;
            packet.ports([header[0], header[1], header[2], header[3]]);
        }
        protocol::DCCP => {
            let header: [u8; 12] = frame.get(offset)?;
            packet.ports([header[0], header[1], header[2], header[3]]);
        }
        protocol::SCTP => {
            let header: [u8; 12] = frame.get(offset)?;
            packet.ports([header[0], header[1], header[2], header[3]]);
            // INIT and INIT ACK are the only or the first chunk of their packet (RFC 9260, section 4.3).
            if 16 <= available {
                let chunk: [u8; 4] = frame.get(offset + 12).unwrap_or_default();
                packet.chunk(chunk[0]);
            }
        }
        protocol::ICMP => {
            let header: [u8; 4] = frame.get(offset)?;
            packet.code = header[1];
            // Echo, timestamp, information, address mask: RFC 792 and RFC 950.
            packet.message(
                header[0],
                match header[0] {
                    8 | 13 | 15 | 17 => Handshake::Request,
                    0 | 14 | 16 | 18 => Handshake::Reply,
                    _ => Handshake::None,
                },
                if header[0] == 0 {
                    8
                } else {
                    header[0].wrapping_sub(1)
                },
            );
        }
        protocol::ICMPV6 => {
            let header: [u8; 4] = frame.get(offset)?;
            packet.code = header[1];
            // Echo: RFC 4443, section 4.
            packet.message(
                header[0],
                match header[0] {
                    128 => Handshake::Request,
                    129 => Handshake::Reply,
                    _ => Handshake::None,
                },
                header[0].wrapping_sub(1),
            );
        }
        _ => {}
    }
    Some(())
}

/// The last 4 bytes of both addresses in one number, in network byte order as in an IPv4 packet.
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "bytes have no names")]
pub fn pack4(source: [u8; 16], destination: [u8; 16]) -> u64 {
    let [.., a, b, c, d] = source;
    let [.., e, f, g, h] = destination;
    u64::from_ne_bytes([a, b, c, d, e, f, g, h])
}

/// The two addresses that [`pack4`] packed.
#[inline(always)]
#[expect(clippy::many_single_char_names, reason = "bytes have no names")]
pub fn unpack4(addresses: u64) -> [[u8; 16]; 2] {
    let [a, b, c, d, e, f, g, h] = addresses.to_ne_bytes();
    [mapped([a, b, c, d]), mapped([e, f, g, h])]
}

/// What TCP flags show about which side opens the conversation.
#[inline(always)]
const fn handshake(flags: u8) -> Handshake {
    const ANSWER: u8 = SYN | ACK;
    match flags & (SYN | ACK | RST | FIN) {
        SYN => Handshake::Request,
        ANSWER => Handshake::Reply,
        _ => Handshake::None,
    }
}

impl Packet {
    /// Sets `handshake` from the flags of a TCP packet.
    #[inline(always)]
    pub const fn read_handshake(&mut self) {
        self.handshake = handshake(self.flags);
    }

    /// The packet to pass to [`parse`], which fills it.
    pub const EMPTY: Self = Self {
        source: [0; 16],
        destination: [0; 16],
        is_ipv4: false,
        protocol: 0,
        source_port: 0,
        destination_port: 0,
        handshake: Handshake::None,
        flags: 0,
        headers: 0,
        part: Part::Whole,
        identification: 0,
        code: 0,
        marks: 0,
        is_group_frame: false,
        is_mere_fragment: false,
        reserved: [0; 3],
    };

    #[inline(always)]
    fn ports(&mut self, bytes: [u8; 4]) {
        self.source_port = u16::from_be_bytes([bytes[0], bytes[1]]);
        self.destination_port = u16::from_be_bytes([bytes[2], bytes[3]]);
    }

    /// Reads the type of an SCTP packet's first chunk.
    #[inline(always)]
    const fn chunk(&mut self, kind: u8) {
        self.handshake = match kind {
            1 => Handshake::Request,
            2 => Handshake::Reply,
            _ => Handshake::None,
        };
        // ABORT, which refuses an INIT as TCP's reset does a SYN.
        if kind == 6 {
            self.flags = RST;
        }
    }

    /// Stores an ICMP message's type as the server's port; for a reply, the type of its request.
    #[inline(always)]
    fn message(&mut self, kind: u8, handshake: Handshake, request: u8) {
        self.handshake = handshake;
        match handshake {
            Handshake::Reply => self.source_port = u16::from(request),
            Handshake::Request | Handshake::None => self.destination_port = u16::from(kind),
        }
    }
}

/// Whether this is an IPv4 address in its IPv4-mapped form.
#[inline(always)]
pub const fn is_mapped(address: &[u8; 16]) -> bool {
    matches!(address, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ..])
}

/// An IPv6 address as user space keeps it beside IPv4's, which are IPv4-mapped there: one that is IPv4-mapped on the wire has
/// another prefix, of which no address is assigned. Hosts drop such packets (RFC 4291, section 2.5.5.2, keeps them off the wire),
/// but somebody may send them, and they are not those of the IPv4 address.
pub const fn kept_ipv6(mut address: [u8; 16]) -> [u8; 16] {
    if is_mapped(&address) {
        address[11] = MAPPED_ON_WIRE;
    }
    address
}

/// The address on the wire of an IPv6 address that is [kept](kept_ipv6).
pub const fn ipv6_on_wire(mut address: [u8; 16]) -> [u8; 16] {
    if matches!(
        address,
        [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, MAPPED_ON_WIRE, ..]
    ) {
        address[11] = 0xff;
    }
    address
}

const MAPPED_ON_WIRE: u8 = 0xfe;

/// Whether this is the address of many hosts: IPv4's and IPv6's multicast, and IPv4's limited broadcast. Such an address
/// sends nothing (RFC 1122, section 3.2.1.3; RFC 4291, section 2.7).
#[inline(always)]
pub const fn is_group(address: &[u8; 16]) -> bool {
    if is_mapped(address) {
        address[12] & 0xf0 == 0xe0 || address[12] & address[13] & address[14] & address[15] == 0xff
    } else {
        address[0] == 0xff
    }
}

/// An IPv4 address in its IPv4-mapped form.
#[inline(always)]
pub const fn mapped(address: [u8; 4]) -> [u8; 16] {
    let [a, b, c, d] = address;
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

#[cfg(test)]
mod tests;
