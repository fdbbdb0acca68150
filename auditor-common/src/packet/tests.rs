extern crate std;

use std::{vec, vec::Vec};

use etherparse::{PacketBuilder, SlicedPacket, TransportSlice};
use proptest::prelude::*;

use zerocopy::{FromBytes, Immutable, KnownLayout};

use super::{
    Bytes, Datagram, FirstFragment, Handshake, KERNEL_ALL_TAGS, KERNEL_TAGS, Packet, Part, Reason,
    Undelivered, mapped, pack4, parse, parse_plain_ipv4, parse_plain_ipv6, unpack4,
};

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const CLIENT: [u8; 4] = [10, 0, 0, 5];
const SERVER: [u8; 4] = [10, 0, 0, 1];
const CLIENT6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5];
const SERVER6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

fn read(frame: &[u8]) -> Result<Packet, Reason> {
    let mut packet = Packet::EMPTY;
    parse(frame, &mut packet).map(|()| packet)
}

fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = [MAC, MAC].concat();
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame
}

/// An IPv4 header of `ihl` words in front of `payload`.
fn ipv4(protocol: u8, ihl: u8, payload: &[u8]) -> Vec<u8> {
    let length = usize::from(ihl) * 4 + payload.len();
    let mut packet = vec![0x40 | ihl, 0];
    packet.extend(u16::try_from(length).unwrap().to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, protocol, 0, 0]);
    packet.extend(CLIENT);
    packet.extend(SERVER);
    packet.resize(usize::from(ihl) * 4, 0);
    packet.extend(payload);
    packet
}

fn ipv6(next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([next, 64]);
    packet.extend(CLIENT6);
    packet.extend(SERVER6);
    packet.extend(payload);
    packet
}

fn udp(source: u16, destination: u16) -> Vec<u8> {
    let mut header = Vec::new();
    for field in [source, destination, 8, 0] {
        header.extend(field.to_be_bytes());
    }
    header
}

fn tcp(flags: u8) -> Vec<u8> {
    let mut header = Vec::new();
    header.extend(40_000_u16.to_be_bytes());
    header.extend(443_u16.to_be_bytes());
    header.extend([0; 8]);
    header.extend([0x50, flags, 0, 0, 0, 0, 0, 0]);
    header
}

/// Checks a frame's protocol, ports and handshake.
#[track_caller]
fn check(frame: &[u8], protocol: u8, ports: (u16, u16), handshake: Handshake) {
    let packet = read(frame).unwrap();
    assert_eq!(packet.protocol, protocol);
    assert_eq!((packet.source_port, packet.destination_port), ports);
    assert_eq!(packet.handshake, handshake);
}

#[test]
fn ipv4_with_and_without_options() {
    for ihl in 5..=15 {
        let frame = ethernet(0x0800, &ipv4(17, ihl, &udp(5353, 53)));
        check(&frame, 17, (5353, 53), Handshake::None);
        let packet = read(&frame).unwrap();
        assert_eq!(
            (packet.source, packet.destination),
            (mapped(CLIENT), mapped(SERVER))
        );
        assert_eq!(packet.headers, 14 + u32::from(ihl) * 4 + 8);
    }
}

#[test]
fn stacked_vlan_tags() {
    let mut payload = ipv4(6, 5, &tcp(0x02));
    for n_tags in 0..12_u16 {
        let frame = ethernet(if n_tags == 0 { 0x0800 } else { 0x8100 }, &payload);
        check(&frame, 6, (40_000, 443), Handshake::Request);
        let inner: u16 = if n_tags == 0 {
            0x0800
        } else {
            [0x8100, 0x88a8, 0x9100][usize::from(n_tags % 3)]
        };
        payload.splice(0..0, [[0, 7], inner.to_be_bytes()].concat());
    }
}

/// A frame, read within the kernel half's limits of tags.
struct Limited<'a>(&'a [u8]);

impl Bytes for Limited<'_> {
    const MAX_TAGS: usize = KERNEL_TAGS;
    const MAX_ALL_TAGS: usize = KERNEL_ALL_TAGS;
    const MAX_EXTENSIONS: usize = 1;
    const MAX_OFFSET: usize = usize::MAX;

    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        Bytes::get(self.0, offset)
    }

    fn read_header<T: FromBytes + Immutable + KnownLayout + Copy>(
        &self,
        offset: usize,
    ) -> Option<T> {
        self.0.read_header(offset)
    }

    fn hide_from_verifier(&self, value: usize, mask: usize) -> usize {
        value & mask
    }
}

#[test]
fn a_tag_of_no_vlan_is_no_depth() {
    let stacked = |vlans: &[u16]| {
        let mut payload = ipv4(17, 5, &udp(40_000, 514));
        let mut ethertype: u16 = 0x0800;
        for vlan in vlans.iter().rev() {
            // With the highest priority.
            let control = (vlan | 0xe000).to_be_bytes();
            payload.splice(0..0, [control, ethertype.to_be_bytes()].concat());
            ethertype = 0x8100;
        }
        let mut packet = Packet::EMPTY;
        parse(&Limited(&ethernet(ethertype, &payload)), &mut packet)
            .map(|()| packet.destination_port)
    };
    assert_eq!(stacked(&[0; 9]), Ok(514));
    assert_eq!(stacked(&[0; KERNEL_ALL_TAGS]), Ok(514));
    // Of more it is not known what a host makes of them, since it takes all of them off.
    assert_eq!(
        stacked(&[0; KERNEL_ALL_TAGS + 1]),
        Err(Reason::PriorityTags)
    );
    // Tags of VLANs have to be taken apart by interfaces.
    assert_eq!(stacked(&[7; KERNEL_TAGS]), Ok(514));
    assert_eq!(stacked(&[7; KERNEL_TAGS + 1]), Err(Reason::TooManyTags));
    assert_eq!(stacked(&[0, 0, 7, 0, 0, 0, 0, 0, 9, 0]), Ok(514));
    assert_eq!(
        stacked(&[0, 1, 2, 3, 4, 0, 5, 6, 7, 0]),
        Err(Reason::TooManyTags)
    );
}

#[test]
fn tcp_flags_tell_who_opens() {
    for (flags, handshake) in [
        (0x02, Handshake::Request),
        (0xc2, Handshake::Request),
        (0x12, Handshake::Reply),
        (0x52, Handshake::Reply),
        (0x10, Handshake::None),
        (0x06, Handshake::None),
        (0x03, Handshake::None),
    ] {
        check(
            &ethernet(0x0800, &ipv4(6, 5, &tcp(flags))),
            6,
            (40_000, 443),
            handshake,
        );
    }
    // A header length below the minimum: the ports are read, the flags are not.
    let mut lying = tcp(0x02);
    lying[12] = 0x40;
    check(
        &ethernet(0x0800, &ipv4(6, 5, &lying)),
        6,
        (40_000, 443),
        Handshake::None,
    );
}

#[test]
fn sctp_init_and_its_answer() {
    let chunk = |kind| {
        let mut packet = [0x9c, 0x40, 0x0f, 0x0b].to_vec();
        packet.extend([0; 8]);
        packet.extend([kind, 0, 0, 20]);
        packet
    };
    check(
        &ethernet(0x0800, &ipv4(132, 5, &chunk(1))),
        132,
        (40_000, 3851),
        Handshake::Request,
    );
    check(
        &ethernet(0x0800, &ipv4(132, 5, &chunk(2))),
        132,
        (40_000, 3851),
        Handshake::Reply,
    );
    check(
        &ethernet(0x0800, &ipv4(132, 5, &chunk(0))),
        132,
        (40_000, 3851),
        Handshake::None,
    );
    check(
        &ethernet(0x0800, &ipv4(132, 5, &chunk(1)[..12])),
        132,
        (40_000, 3851),
        Handshake::None,
    );
}

#[test]
fn icmp_requests_and_replies_share_a_port() {
    for (protocol, kind, ports, handshake) in [
        (1, 8, (0, 8), Handshake::Request),
        (1, 0, (8, 0), Handshake::Reply),
        (1, 13, (0, 13), Handshake::Request),
        (1, 14, (13, 0), Handshake::Reply),
        (1, 3, (0, 3), Handshake::None),
    ] {
        check(
            &ethernet(0x0800, &ipv4(protocol, 5, &[kind, 0, 0, 0, 0, 0, 0, 0])),
            protocol,
            ports,
            handshake,
        );
    }
    check(
        &ethernet(0x86dd, &ipv6(58, &[128, 0, 0, 0])),
        58,
        (0, 128),
        Handshake::Request,
    );
    check(
        &ethernet(0x86dd, &ipv6(58, &[129, 0, 0, 0])),
        58,
        (128, 0),
        Handshake::Reply,
    );
    check(
        &ethernet(0x86dd, &ipv6(58, &[135, 0, 0, 0])),
        58,
        (0, 135),
        Handshake::None,
    );
}

/// A packet that has segments of its way before it is not for the address in its fixed header.
#[test]
fn a_routing_header_hides_the_target() {
    let routing = |next: u8, left: u8| [&[next, 2, 4, left][..], &[0; 4], &[7; 16]].concat();
    let whole = |next: u8, left: u8, payload: &[u8]| {
        ethernet(
            0x86dd,
            &ipv6(43, &[&routing(next, left)[..], payload].concat()),
        )
    };
    check(&whole(17, 0, &udp(1, 2)), 17, (1, 2), Handshake::None);
    let mut packet = Packet::EMPTY;
    let frame = whole(17, 1, &udp(1, 2));
    assert_eq!(parse(frame.as_slice(), &mut packet), Err(Reason::TooDeep));
    assert_eq!((packet.protocol, packet.destination_port), (43, 0));
    // What a tunnel carries has a target of its own.
    let carried = ipv6(17, &udp(1, 2));
    let packet = read(&whole(41, 1, &carried)).unwrap();
    assert_eq!(packet.protocol, 41);
}

#[test]
fn ipv6_extension_headers_in_any_order() {
    let options = |next: u8| [&[next, 0][..], &[0; 6]].concat();
    let authentication = |next: u8| [&[next, 1][..], &[0; 10]].concat();
    let fragment =
        |next: u8, offset: u16| [&[next, 0][..], &(offset << 3).to_be_bytes(), &[0; 4]].concat();
    let chain = [
        options(60),
        options(43),
        options(51),
        authentication(44),
        fragment(17, 0),
        udp(1, 2),
    ]
    .concat();
    check(
        &ethernet(0x86dd, &ipv6(0, &chain)),
        17,
        (1, 2),
        Handshake::None,
    );
    let later = [fragment(17, 5), udp(1, 2)].concat();
    let packet = read(&ethernet(0x86dd, &ipv6(44, &later))).unwrap();
    assert_eq!(
        (packet.part, packet.protocol, packet.destination_port),
        (Part::LaterFragment, 17, 0)
    );
    let nine: Vec<u8> = (0..9)
        .flat_map(|index| options(if index == 8 { 17 } else { 60 }))
        .chain(udp(1, 2))
        .collect();
    check(
        &ethernet(0x86dd, &ipv6(60, &nine)),
        17,
        (1, 2),
        Handshake::None,
    );
    // A chain that is cut off before an extension header is counted under that header's protocol number.
    let many: Vec<u8> = (0..13).flat_map(|_| options(60)).collect();
    let packet = read(&ethernet(0x86dd, &ipv6(60, &many))).unwrap();
    assert_eq!((packet.part, packet.protocol), (Part::Short, 60));
    // "No next header" and ESP end the chain of extension headers.
    check(
        &ethernet(0x86dd, &ipv6(59, &[])),
        59,
        (0, 0),
        Handshake::None,
    );
    check(
        &ethernet(0x86dd, &ipv6(50, &[1, 2, 3])),
        50,
        (0, 0),
        Handshake::None,
    );
}

#[test]
fn what_is_no_flow_has_a_reason() {
    let frame = ethernet(0x0800, &ipv4(17, 5, &udp(1, 2)));
    for length in 0..34 {
        assert_eq!(
            read(&frame[..length]),
            Err(Reason::Truncated),
            "{length} bytes"
        );
    }
    for length in 34..frame.len() {
        let packet = read(&frame[..length]).unwrap();
        assert_eq!((packet.part, packet.source_port), (Part::Short, 0));
    }
    assert_eq!(read(&ethernet(0x0806, &[0; 28])), Err(Reason::Arp));
    assert_eq!(read(&ethernet(0x88cc, &[0; 28])), Err(Reason::NotIp));
    // MPLS, PPPoE, MACsec.
    for ethertype in [0x8847, 0x8864, 0x88e5] {
        assert_eq!(
            read(&ethernet(ethertype, &[0; 28])),
            Err(Reason::LinkUnread)
        );
    }
    assert_eq!(read(&ethernet(0x0040, &[0; 64])), Err(Reason::NotIp));
    let mut wrong = ipv4(17, 5, &udp(1, 2));
    wrong[0] = 0x65;
    assert_eq!(read(&ethernet(0x0800, &wrong)), Err(Reason::Malformed));
    wrong[0] = 0x44;
    assert_eq!(read(&ethernet(0x0800, &wrong)), Err(Reason::Malformed));
    let mut later = ipv4(17, 5, &udp(1, 2));
    later[7] = 1;
    later[4..6].copy_from_slice(&[1, 2]);
    let packet = read(&ethernet(0x0800, &later)).unwrap();
    assert_eq!(
        (packet.part, packet.identification, packet.source_port),
        (Part::LaterFragment, 0x0102, 0)
    );
    // The first fragment has the ports.
    later[6..8].copy_from_slice(&[0x20, 0]);
    check(&ethernet(0x0800, &later), 17, (1, 2), Handshake::None);
    let packet = read(&ethernet(0x0800, &later)).unwrap();
    assert_eq!(
        (packet.part, packet.identification),
        (Part::FirstFragment, 0x0102)
    );
}

#[test]
fn a_tcp_header_in_fragments_of_8_bytes() {
    let syn = tcp(0x02);
    let fragment = |at: usize, more: bool| {
        let mut packet = ipv4(6, 5, &syn[at..(at + 8).min(20)]);
        packet[6] = if more { 0x20 } else { 0 };
        packet[7] = u8::try_from(at / 8).unwrap();
        packet
    };
    let fragment6 = |at: usize, more: bool| {
        let offset = u16::try_from(at).unwrap() | u16::from(more);
        let header = [&[6, 0][..], &offset.to_be_bytes(), &[0, 0, 0, 9]].concat();
        ipv6(44, &[&header[..], &syn[at..(at + 8).min(20)]].concat())
    };
    let checked = |frames: [Vec<u8>; 3]| {
        let [first, second, third] = frames.map(|frame| read(&frame).unwrap());
        // The ports are in the first one, the flags in the second, which therefore stands for the packet.
        let mere = [first, second, third].map(|packet| packet.is_mere_fragment);
        assert_eq!(mere, [true, false, true]);
        assert_eq!(first.part, Part::FirstFragment);
        assert_eq!((first.source_port, first.destination_port), (40_000, 443));
        assert_eq!((first.flags, first.handshake), (0, Handshake::None));
        assert_eq!(second.part, Part::LaterFragment);
        assert_eq!((second.flags, second.handshake), (0x02, Handshake::Request));
        assert_eq!(third.part, Part::LaterFragment);
        assert_eq!((third.flags, third.handshake), (0, Handshake::None));
    };
    let starts = [(0, true), (8, true), (16, false)];
    checked(starts.map(|(at, more)| ethernet(0x0800, &fragment(at, more))));
    checked(starts.map(|(at, more)| ethernet(0x86dd, &fragment6(at, more))));
    // A whole packet of 8 bytes is none that a host takes.
    let short = ipv4(6, 5, &syn[..8]);
    let packet = read(&ethernet(0x0800, &short)).unwrap();
    assert_eq!((packet.part, packet.source_port), (Part::Short, 0));
    // The second fragment of something else has no flags.
    let mut other = fragment(8, true);
    other[9] = 17;
    assert_eq!(read(&ethernet(0x0800, &other)).unwrap().flags, 0);
}

/// Fragments of an IPv4 packet, of at most `size` bytes each.
fn fragments(protocol: u8, payload: &[u8], size: usize) -> Vec<Packet> {
    let last = (payload.len() - 1) / size;
    let parts = payload.chunks(size).enumerate().map(|(index, part)| {
        let mut packet = ipv4(protocol, 5, part);
        packet[6] = if index < last { 0x20 } else { 0 };
        packet[7] = u8::try_from(index * size / 8).unwrap();
        read(&ethernet(0x0800, &packet)).unwrap()
    });
    parts.collect()
}

#[test]
fn what_opens_is_read_in_the_fragment_that_has_it() {
    let mut with_options = tcp(0x12);
    with_options[12] = 0xa0;
    with_options.resize(40, 1);
    let sctp = [
        &[0x9c, 0x40, 1, 0xbb][..],
        &[0; 8],
        &[1, 0, 0, 20],
        &[0; 16],
    ]
    .concat();
    for (protocol, payload, handshake) in [
        (6, tcp(0x02), Handshake::Request),
        (6, with_options, Handshake::Reply),
        (132, sctp, Handshake::Request),
    ] {
        for (size, holds_it) in [(8, 1), (16, 0), (24, 0), (32, 0)] {
            if payload.len() <= size {
                continue;
            }
            let fragments = fragments(protocol, &payload, size);
            assert_eq!(
                (fragments[0].source_port, fragments[0].destination_port),
                (40_000, 443)
            );
            for (index, fragment) in fragments.iter().enumerate() {
                let expected = if index == holds_it {
                    (handshake, false)
                } else {
                    (Handshake::None, true)
                };
                let found = (fragment.handshake, fragment.is_mere_fragment);
                assert_eq!(found, expected, "{protocol}: {index} of {size} bytes");
            }
        }
    }
    // A datagram's first fragment is all that it takes.
    let datagram = fragments(17, &[&udp(1, 2)[..], &[7; 40]].concat(), 8);
    let mere: Vec<bool> = datagram.iter().map(|one| one.is_mere_fragment).collect();
    assert_eq!(mere, [false, true, true, true, true, true]);
}

#[test]
fn fragments_are_joined_by_what_they_have_in_common() {
    let options = [&[17, 0][..], &[0; 6]].concat();
    let of6 = |offset: u8, payload: &[u8]| {
        let header = [60, 0, 0, offset, 0, 0, 0, 9];
        read(&ethernet(
            0x86dd,
            &ipv6(44, &[&header[..], payload].concat()),
        ))
        .unwrap()
    };
    // IPv6's later fragments name the first header of the datagram, and not the transport.
    let first = of6(1, &[&options[..], &udp(40_000, 514)].concat());
    let mut later = of6(16, &[7; 8]);
    assert_eq!((first.protocol, later.protocol), (17, 60));
    assert_eq!(Datagram::of(&first), Datagram::of(&later));
    FirstFragment::of(&first).complete(&mut later);
    assert_eq!(
        (later.protocol, later.source_port, later.destination_port),
        (17, 40_000, 514)
    );
    // Those of IPv4 are told apart by the protocol, and from those of IPv6 by the version.
    let ipv4 = fragments(17, &[&udp(1, 2)[..], &[7; 8]].concat(), 8)[0];
    let tcp = fragments(6, &tcp(0x02), 8)[0];
    assert_ne!(Datagram::of(&ipv4), Datagram::of(&tcp));
    let mapped = Packet {
        is_ipv4: false,
        ..ipv4
    };
    assert_ne!(Datagram::of(&ipv4), Datagram::of(&mapped));
}

#[test]
fn the_ip_header_bounds_the_transport() {
    // Ethernet's minimum payload is 46 bytes: the bytes beyond the IP length are padding.
    let mut short = ipv4(17, 5, &[0, 1, 0, 2]);
    short.extend([9; 22]);
    let packet = read(&ethernet(0x0800, &short)).unwrap();
    assert_eq!((packet.part, packet.source_port), (Part::Short, 0));
    // Segmentation offload leaves a length of 0, which means that it is not known.
    let mut zero = ipv4(17, 5, &udp(1, 2));
    zero[2..4].copy_from_slice(&[0, 0]);
    check(&ethernet(0x0800, &zero), 17, (1, 2), Handshake::None);
}

#[test]
fn an_independent_builder_is_read_back() {
    let mut frame = Vec::new();
    PacketBuilder::ethernet2(MAC, MAC)
        .single_vlan(etherparse::VlanId::try_new(7).unwrap())
        .ipv6(CLIENT6, SERVER6, 64)
        .tcp(50_000, 8443, 1, 1024)
        .syn()
        .options_raw(&[2, 4, 5, 180, 1, 1, 1, 0])
        .unwrap()
        .write(&mut frame, &[1, 2, 3])
        .unwrap();
    check(&frame, 6, (50_000, 8443), Handshake::Request);
    assert_eq!(read(&frame).unwrap().headers as usize, frame.len() - 3);
}

/// Frames that are nearly valid: a few bytes are changed, and the end may be cut off.
fn nearly() -> impl Strategy<Value = Vec<u8>> {
    let valid = prop_oneof![
        Just(ethernet(0x0800, &ipv4(6, 7, &tcp(0x12)))),
        Just(ethernet(0x0800, &ipv4(17, 5, &udp(1, 2)))),
        Just(ethernet(0x86dd, &ipv6(17, &udp(1, 2)))),
        Just(ethernet(
            0x86dd,
            &ipv6(0, &[[17, 0, 0, 0, 0, 0, 0, 0].to_vec(), udp(1, 2)].concat())
        )),
        Just(ethernet(
            0x8100,
            &[[0, 1, 8, 0].to_vec(), ipv4(6, 5, &tcp(2))].concat()
        )),
    ];
    (
        valid,
        prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        any::<prop::sample::Index>(),
    )
        .prop_map(|(mut frame, changes, end)| {
            for (at, byte) in changes {
                let at = at.index(frame.len());
                frame[at] = byte;
            }
            if end.index(4) == 0 {
                let length = end.index(frame.len());
                frame.truncate(length);
            }
            frame
        })
}

proptest! {
    #[test]
    fn any_bytes_are_read(frame in prop::collection::vec(any::<u8>(), 0..200)) {
        let _either = read(&frame);
    }

    /// What `parse_plain_ipv4` and `parse_plain_ipv6` read, `parse` reads as well.
    #[test]
    fn both_ways_agree(frame in nearly()) {
        let mut plain = Packet::EMPTY;
        let (mut addresses_4, mut addresses_6) = (0_u64, [[0; 2]; 2]);
        if parse_plain_ipv4(frame.as_slice(), 14, &mut plain, &mut addresses_4) {
            plain.read_handshake();
            [plain.source, plain.destination] = unpack4(addresses_4);
            prop_assert_eq!(pack4(plain.source, plain.destination), addresses_4);
            prop_assert_eq!(read(&frame), Ok(plain));
        }
        if parse_plain_ipv6(frame.as_slice(), 14, &mut plain, &mut addresses_6) {
            plain.read_handshake();
            [plain.source, plain.destination] = addresses_6.map(|end| {
                let bytes = end.map(u64::to_ne_bytes);
                bytes.concat().try_into().unwrap()
            });
            prop_assert_eq!(read(&frame), Ok(plain));
        }
    }

    /// Where an independent parser finds ports, `parse` finds the same.
    #[test]
    fn the_ports_are_those_of_another_parser(frame in nearly()) {
        let Ok(packet) = read(&frame) else { return Ok(()) };
        let Ok(other) = SlicedPacket::from_ethernet(&frame) else { return Ok(()) };
        let ports = match other.transport {
            Some(TransportSlice::Tcp(tcp)) => Some((tcp.source_port(), tcp.destination_port())),
            Some(TransportSlice::Udp(udp)) => Some((udp.source_port(), udp.destination_port())),
            Some(TransportSlice::Icmpv4(_) | TransportSlice::Icmpv6(_) | TransportSlice::Igmp(_)) | None => None,
        };
        if let Some(ports) = ports {
            prop_assert_eq!((packet.source_port, packet.destination_port), ports);
        }
    }
}

#[test]
fn what_icmp_says_of_a_packet() {
    let refused = Some(Undelivered::Refused);
    let unreachable = Some(Undelivered::Unreachable);
    // RFC 792, RFC 1122 section 3.2.2.1, RFC 1191, RFC 1812 section 5.2.7.1; RFC 4443 section 3.
    for (protocol, kind, code, expected) in [
        (1, 3, 0, unreachable),
        (1, 3, 1, unreachable),
        (1, 3, 2, refused),
        (1, 3, 3, refused),
        (1, 3, 4, None),
        (1, 3, 5, unreachable),
        (1, 3, 9, refused),
        (1, 3, 10, refused),
        (1, 3, 13, refused),
        (1, 4, 0, None),
        (1, 5, 1, None),
        (1, 8, 0, None),
        (1, 11, 0, unreachable),
        (1, 11, 1, unreachable),
        (1, 12, 0, None),
        (58, 1, 0, unreachable),
        (58, 1, 1, refused),
        (58, 1, 3, unreachable),
        (58, 1, 4, refused),
        (58, 1, 6, refused),
        (58, 2, 0, None),
        (58, 3, 0, unreachable),
        (58, 128, 0, None),
    ] {
        let message = [kind, code, 0, 0, 0, 0, 0, 0];
        let frame = if protocol == 1 {
            ethernet(0x0800, &ipv4(1, 5, &message))
        } else {
            ethernet(0x86dd, &ipv6(58, &message))
        };
        let packet = read(&frame).unwrap();
        let said = super::undelivered(&packet);
        assert_eq!(said, expected, "{protocol}/{kind}/{code}");
    }
}

#[test]
fn mapped_addresses_on_a_wire_are_no_ipv4_ones() {
    let mut packet = ipv6(17, &udp(1, 2));
    packet[8..24].copy_from_slice(&mapped([10, 0, 0, 1]));
    let packet = read(&ethernet(0x86dd, &packet)).unwrap();
    assert!(!packet.is_ipv4);
    let kept = super::kept_ipv6(packet.source);
    assert_ne!(kept, mapped([10, 0, 0, 1]));
    assert_eq!(super::ipv6_on_wire(kept), packet.source);
    let other = super::kept_ipv6(packet.destination);
    assert_eq!(other, packet.destination);
}

#[test]
fn addresses_of_groups() {
    for (text, expected) in [
        ("224.0.0.251", true),
        ("239.255.255.250", true),
        ("255.255.255.255", true),
        ("223.255.255.255", false),
        ("240.0.0.1", false),
        ("ff02::1", true),
        ("fe80::1", false),
    ] {
        let address = match text.parse().unwrap() {
            core::net::IpAddr::V4(address) => mapped(address.octets()),
            core::net::IpAddr::V6(address) => address.octets(),
        };
        assert_eq!(super::is_group(&address), expected, "{text}");
    }
}

#[test]
fn an_error_quotes_the_packet_that_it_is_about() {
    let check_quote = |ethertype, error: Vec<u8>, protocol| {
        let frame = ethernet(ethertype, &error);
        let packet = read(&frame).unwrap();
        assert_eq!(super::undelivered(&packet), Some(Undelivered::Refused));
        let mut quoted = Packet::EMPTY;
        super::quoted(
            frame.as_slice(),
            super::quote(&packet),
            packet.is_ipv4,
            &mut quoted,
        )
        .unwrap();
        assert_eq!(
            (quoted.protocol, quoted.source_port, quoted.destination_port),
            (protocol, 40_000, 443)
        );
    };
    // No more than 8 bytes of the quoted transport header need to be there.
    let inner = ipv4(6, 6, &tcp(2));
    let error = [&[3, 3, 0, 0, 0, 0, 0, 0][..], &inner[..32]].concat();
    check_quote(0x0800, ipv4(1, 5, &error), 6);
    let inner = ipv6(17, &udp(40_000, 443));
    let error = [&[1, 4, 0, 0, 0, 0, 0, 0][..], &inner].concat();
    check_quote(0x86dd, ipv6(58, &error), 17);
    let frame = ethernet(0x0800, &ipv4(1, 5, &[3, 3, 0, 0, 0, 0, 0, 0, 0x45]));
    let packet = read(&frame).unwrap();
    let mut quoted = Packet::EMPTY;
    let cut_off = super::quoted(
        frame.as_slice(),
        super::quote(&packet),
        packet.is_ipv4,
        &mut quoted,
    );
    assert_eq!(cut_off, Err(Reason::Truncated));
}
