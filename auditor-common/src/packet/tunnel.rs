//! Reads the packet that a tunnel's packet carries: VXLAN, Geneve, GRE, and IP in IP.

use super::{Bytes, LINK_HEADERS, Packet, Part, Reason, ipv4, ipv6, transport};
use crate::port::protocol;

/// A tunnel protocol, which carries a packet inside another.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Tunnel {
    /// RFC 7348.
    Vxlan = 1,
    /// RFC 8926.
    Geneve = 2,
    /// RFC 2784 and RFC 2890.
    Gre = 3,
    /// IPv4 in IPv4 or IPv6 (RFC 2003, RFC 2473).
    Ipip = 4,
    /// IPv6 in IPv4 or IPv6 (RFC 4213, RFC 2473).
    SixIn = 5,
}

impl Tunnel {
    /// Reads the tunnel that [`Self::mark`] put into an interface's index.
    pub const fn of(interface: u32) -> Option<Self> {
        Some(match interface >> INDEX_BITS {
            1 => Self::Vxlan,
            2 => Self::Geneve,
            3 => Self::Gre,
            4 => Self::Ipip,
            5 => Self::SixIn,
            _ => return None,
        })
    }

    /// The interface's index as the keys of packets inside the tunnel have it: with the tunnel in the bits above.
    pub const fn mark(self, interface: u32) -> u32 {
        interface | (self as u32) << INDEX_BITS
    }

    /// The tunnel of this name, as [`Self::name`] gives it.
    #[cfg(feature = "user")]
    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Vxlan,
            Self::Geneve,
            Self::Gre,
            Self::Ipip,
            Self::SixIn,
        ];
        all.into_iter().find(|tunnel| tunnel.name() == name)
    }

    /// A short name, as reports use it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::Gre => "gre",
            Self::Ipip => "ipip",
            Self::SixIn => "6in4",
        }
    }
}

/// The number of bits of an interface's index; those above name the tunnel.
const INDEX_BITS: u32 = 29;
/// The mask of an interface's index.
pub const INDEX_MASK: u32 = (1 << INDEX_BITS) - 1;

/// The interface's index without the tunnel.
pub const fn index(interface: u32) -> u32 {
    interface & INDEX_MASK
}

/// The port that IANA assigned to VXLAN, and the one that Linux used before.
const VXLAN: [u16; 2] = [4789, 8472];
const GENEVE: u16 = 6081;
const GRE: u8 = 47;
const IPIP: u8 = 4;
const SIX_IN: u8 = 41;

/// A carried packet: by which tunnel, and where it starts in the frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Inside {
    pub tunnel: Tunnel,
    /// Offset of the carried frame or packet.
    pub start: u32,
}

/// Which network header comes next.
#[derive(Clone, Copy)]
enum Next {
    Ethernet,
    Ip4,
    Ip6,
}

/// VLAN tags that are followed inside a tunnel.
const MAX_TAGS: usize = 2;

/// The tunnel that a packet is of by its protocol and port, if any.
#[inline(always)]
pub const fn tunnel(outer: &Packet) -> Option<Tunnel> {
    Some(match (outer.protocol, outer.destination_port) {
        (protocol::UDP, port) if port == VXLAN[0] || port == VXLAN[1] => Tunnel::Vxlan,
        (protocol::UDP, GENEVE) => Tunnel::Geneve,
        (GRE, _) => Tunnel::Gre,
        (IPIP, _) => Tunnel::Ipip,
        (SIX_IN, _) => Tunnel::SixIn,
        _ => return None,
    })
}

/// Reads the packet that a tunnel's packet carries into `inner`; `None` if `outer` is no tunnel's packet, or carries no IP
/// packet. `outer` is what [`super::parse`] filled. Tunnels inside the tunnel are not read.
///
/// # Errors
///
/// Why the carried packet can't be read; one case is a fragment of the outer packet, which holds only a part of it.
#[inline(always)]
pub fn inside<B: Bytes + ?Sized>(
    frame: &B,
    outer: &Packet,
    inner: &mut Packet,
) -> Option<Result<Inside, Reason>> {
    let at = outer.headers as usize;
    let tunnel = tunnel(outer)?;
    if outer.part != Part::Whole {
        return Some(Err(Reason::Fragment));
    }
    let at = frame.hide_from_verifier(at, B::MAX_OFFSET);
    let found = match tunnel {
        Tunnel::Vxlan => vxlan(frame, at),
        Tunnel::Geneve => geneve(frame, at),
        Tunnel::Gre => gre(frame, at),
        Tunnel::Ipip => Ok((Next::Ip4, at)),
        Tunnel::SixIn => Ok((Next::Ip6, at)),
    };
    let read = found.and_then(|(next, start)| {
        let start = frame.hide_from_verifier(start, B::MAX_OFFSET);
        read(frame, next, start, inner)?;
        Ok(Inside {
            tunnel,
            start: start as u32,
        })
    });
    match read {
        // ARP, spanning tree and the like contain no flow.
        Err(Reason::Arp | Reason::NotIp) => None,
        read => Some(read),
    }
}

#[inline(always)]
fn vxlan<B: Bytes + ?Sized>(frame: &B, at: usize) -> Result<(Next, usize), Reason> {
    let header: [u8; 8] = frame.get(at).ok_or(Reason::Truncated)?;
    // Without the I flag it is thrown away (RFC 7348, section 5).
    if header[0] & 0x08 == 0 {
        return Err(Reason::NotIp);
    }
    // The group policy extension's flag changes nothing of the header's form (draft-smith-vxlan-group-policy); that of the
    // generic protocol extension says what follows (draft-ietf-nvo3-vxlan-gpe, section 3.1). Others are not known.
    let next = match (header[0] & !0x88, header[3]) {
        (0, _) | (0x04, 3) => Next::Ethernet,
        (0x04, 1) => Next::Ip4,
        (0x04, 2) => Next::Ip6,
        _ => return Err(Reason::Malformed),
    };
    Ok((next, at + 8))
}

#[inline(always)]
fn geneve<B: Bytes + ?Sized>(frame: &B, at: usize) -> Result<(Next, usize), Reason> {
    let header: [u8; 8] = frame.get(at).ok_or(Reason::Truncated)?;
    // Version 0, and the length of the options in units of 4 bytes.
    if header[0] >> 6 != 0 {
        return Err(Reason::Malformed);
    }
    let next = next(u16::from_be_bytes([header[2], header[3]]))?;
    Ok((next, at + 8 + usize::from(header[0] & 0x3f) * 4))
}

#[inline(always)]
fn gre<B: Bytes + ?Sized>(frame: &B, at: usize) -> Result<(Next, usize), Reason> {
    let header: [u8; 4] = frame.get(at).ok_or(Reason::Truncated)?;
    // RFC 1701's routing, and versions other than 0, such as PPTP's.
    if header[0] & 0x40 != 0 || header[1] & 0x07 != 0 {
        return Err(Reason::NotIp);
    }
    let next = next(u16::from_be_bytes([header[2], header[3]]))?;
    // Checksum, key and sequence number.
    let n_fields = usize::from(header[0] >> 7 & 1)
        + usize::from(header[0] >> 5 & 1)
        + usize::from(header[0] >> 4 & 1);
    Ok((next, at + 4 + n_fields * 4))
}

/// The header that follows an Ethertype; 0x6558 means a whole Ethernet frame.
#[inline(always)]
const fn next(ethertype: u16) -> Result<Next, Reason> {
    match ethertype {
        0x6558 => Ok(Next::Ethernet),
        0x0800 => Ok(Next::Ip4),
        0x86dd => Ok(Next::Ip6),
        _ => Err(Reason::NotIp),
    }
}

#[inline(always)]
fn read<B: Bytes + ?Sized>(
    frame: &B,
    first: Next,
    start: usize,
    inner: &mut Packet,
) -> Result<(), Reason> {
    let mut offset = start;
    let network = if matches!(first, Next::Ethernet) {
        let mut ethertype = u16::from_be_bytes(frame.get(start + 12).ok_or(Reason::Truncated)?);
        let mut length = 14;
        for _ in 0..MAX_TAGS {
            if !matches!(ethertype, 0x8100 | 0x88a8 | 0x9100) {
                break;
            }
            ethertype = u16::from_be_bytes(frame.get(start + length + 2).ok_or(Reason::Truncated)?);
            length = frame.hide_from_verifier(length + 4, LINK_HEADERS);
        }
        offset = start + length;
        match ethertype {
            0x0800 => Next::Ip4,
            0x86dd => Next::Ip6,
            0x0806 => return Err(Reason::Arp),
            0x8100 | 0x88a8 | 0x9100 => return Err(Reason::TooDeep),
            _ => return Err(Reason::NotIp),
        }
    } else {
        first
    };
    let offset = frame.hide_from_verifier(offset, B::MAX_OFFSET);
    let payload = if matches!(network, Next::Ip4) {
        ipv4(frame, offset, inner)?
    } else {
        ipv6(frame, offset, inner)?
    };
    transport(frame, &payload, inner);
    match inner.part {
        // What tells who opens is in another fragment, which is not read.
        Part::FirstFragment if inner.is_mere_fragment => Err(Reason::Fragment),
        Part::Whole | Part::FirstFragment => Ok(()),
        Part::Short => Err(Reason::Truncated),
        Part::LaterFragment => Err(Reason::Fragment),
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::vec::Vec;

    use etherparse::{IpNumber, PacketBuilder};

    use super::{Inside, Tunnel, index, inside};
    use crate::packet::{Packet, Reason, mapped, parse};

    const ENDS: [[u8; 4]; 2] = [[172, 16, 0, 1], [172, 16, 0, 2]];

    /// The frame of a datagram to be carried; from byte 14 on it is the bare IP packet.
    fn carried() -> Vec<u8> {
        let mut frame = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4(ENDS[0], ENDS[1], 64)
            .udp(40_000, 53)
            .write(&mut frame, &[7; 10])
            .unwrap();
        frame
    }

    fn look(outer: &[u8]) -> Option<Result<(Inside, Packet), Reason>> {
        let (mut packet, mut inner) = (Packet::EMPTY, Packet::EMPTY);
        parse(outer, &mut packet).unwrap();
        let found = inside(outer, &packet, &mut inner)?;
        Some(found.map(|inside| (inside, inner)))
    }

    fn over_ipv6(protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv6([1; 16], [2; 16], 64)
            .write(&mut frame, IpNumber(protocol), payload)
            .unwrap();
        frame
    }

    #[test]
    fn gre_with_every_mix_of_fields() {
        for flags in [0x00, 0x80, 0x20, 0x10, 0xa0, 0xb0, 0x30] {
            let n_fields: u32 = u8::count_ones(flags);
            let mut payload = Vec::from([flags, 0, 0x65, 0x58]);
            payload.resize(4 + n_fields as usize * 4, 9);
            payload.extend(carried());
            let (found, inner) = look(&over_ipv6(47, &payload)).unwrap().unwrap();
            assert_eq!(found.tunnel, Tunnel::Gre);
            assert_eq!(found.start, 14 + 40 + 4 + n_fields * 4);
            assert_eq!([inner.source, inner.destination], ENDS.map(mapped));
            assert_eq!((inner.source_port, inner.destination_port), (40_000, 53));
        }
        // Routing (RFC 1701), version 1 (RFC 2637), and an Ethertype that is not IP.
        for header in [[0x40, 0, 8, 0], [0x20, 1, 8, 0], [0, 0, 0x88, 0xcc]] {
            let payload = [&header[..], &[0; 40]].concat();
            assert_eq!(look(&over_ipv6(47, &payload)), None, "{header:?}");
        }
    }

    #[test]
    fn vxlan_and_its_extensions() {
        let over = |header: [u8; 8], payload: &[u8]| {
            let mut frame = Vec::new();
            PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
                .udp(50_000, 4789)
                .write(&mut frame, &[&header[..], payload].concat())
                .unwrap();
            look(&frame)
        };
        let (frame, packet) = (carried(), &carried()[14..]);
        let mut tagged = Vec::from(&frame[..12]);
        for tag in [0x9100_u16, 0x8100] {
            tagged.extend(tag.to_be_bytes());
            tagged.extend([0, 7]);
        }
        tagged.extend(&frame[12..]);
        for (header, payload) in [
            ([0x08, 0, 0, 0, 0, 0, 1, 0], &frame[..]),
            ([0x08, 0, 0, 0, 0, 0, 1, 0], &tagged),
            // A group policy, with and without its other bits.
            ([0x88, 0, 0, 5, 0, 0, 1, 0], &frame),
            ([0x88, 0x48, 0, 5, 0, 0, 1, 0], &frame),
            // Generic: Ethernet, IPv4.
            ([0x0c, 0, 0, 3, 0, 0, 1, 0], &frame),
            ([0x0c, 0, 0, 1, 0, 0, 1, 0], packet),
        ] {
            let (found, inner) = over(header, payload).unwrap().unwrap();
            assert_eq!(found.tunnel, Tunnel::Vxlan, "{header:?}");
            assert_eq!([inner.source, inner.destination], ENDS.map(mapped));
            assert_eq!((inner.source_port, inner.destination_port), (40_000, 53));
        }
        // What nobody knows is said to be unread; without its flag it is no VXLAN.
        for header in [[0x0c, 0, 0, 4, 0, 0, 1, 0], [0x18, 0, 0, 0, 0, 0, 1, 0]] {
            assert_eq!(over(header, &frame), Some(Err(Reason::Malformed)));
        }
        assert_eq!(over([0x80, 0, 0, 0, 0, 0, 1, 0], &frame), None);
    }

    #[test]
    fn what_is_cut_off_is_said() {
        let whole = over_ipv6(4, &carried()[14..]);
        assert!(matches!(look(&whole), Some(Ok(_))));
        for length in 14 + 40..14 + 40 + 28 {
            assert_eq!(
                look(&whole[..length]),
                Some(Err(Reason::Truncated)),
                "{length}"
            );
        }
    }

    #[test]
    fn marks() {
        for tunnel in [
            Tunnel::Vxlan,
            Tunnel::Geneve,
            Tunnel::Gre,
            Tunnel::Ipip,
            Tunnel::SixIn,
        ] {
            let marked = tunnel.mark(77);
            assert_eq!((Tunnel::of(marked), index(marked)), (Some(tunnel), 77));
        }
        assert_eq!(Tunnel::of(77), None);
    }
}
