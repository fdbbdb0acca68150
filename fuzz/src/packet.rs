//! The parser that the kernel runs against one that other people wrote.

use auditor_common::{
    Reason,
    packet::{Packet, Part, Tunnel, inside, mapped, parse},
};
use etherparse::{
    IpNumber, LaxIpPayloadSlice, LaxLinkExtSlice, LaxNetSlice, LaxSlicedPacket, TransportSlice,
    err::{Layer, packet::SliceError},
};

/// Reads a frame with both parsers: where etherparse tells endpoints, ours tells the same, and where they differ a
/// reason stands here.
pub fn frame(bytes: &[u8]) {
    let mut packet = Packet::EMPTY;
    let ours = parse(bytes, &mut packet).map(|()| packet);
    if let Ok(outer) = &ours {
        carried(bytes, outer);
    }
    let Ok(theirs) = LaxSlicedPacket::from_ethernet(bytes) else {
        assert_eq!(ours, Err(Reason::Truncated), "no Ethernet header");
        return;
    };
    let is_vlan = |link: &LaxLinkExtSlice<'_>| matches!(link, LaxLinkExtSlice::Vlan(_));
    if !theirs.link_exts.iter().all(is_vlan) {
        // IEEE 802.1AE: what follows a MACsec tag is most often encrypted, so it is no IP packet to us.
        assert_eq!(ours, Err(Reason::NotIp), "MACsec");
        return;
    }
    if let Some(net) = &theirs.net
        && !is_named(bytes, theirs.link_exts.len(), net)
    {
        // RFC 894 and RFC 2464: the EtherType names the version. They believe the packet, whatever the EtherType says.
        assert_eq!(
            ours,
            Err(Reason::Malformed),
            "another version than the EtherType's"
        );
        return;
    }
    match &theirs.net {
        Some(LaxNetSlice::Ipv4(net)) => {
            let header = net.header();
            let total = usize::from(header.total_len());
            if total != 0 && total < header.slice().len() {
                // RFC 791, section 3.1: the total length includes the header. Their lax reading goes on all the same.
                assert_eq!(ours, Err(Reason::Malformed), "IPv4 length");
                return;
            }
            let packet = ours.expect("an IPv4 packet");
            assert_eq!(packet.source, mapped(header.source()));
            assert_eq!(packet.destination, mapped(header.destination()));
            check_part(
                &packet,
                header.more_fragments(),
                header.fragments_offset().value(),
            );
            if header.protocol() == IpNumber::AUTHENTICATION_HEADER {
                // In IPv4 the protocol is the header's own field; they go on to what the authentication header names.
                assert_eq!(packet.protocol, IpNumber::AUTHENTICATION_HEADER.0);
                return;
            }
            check_payload(&packet, net.payload(), &theirs);
        }
        Some(LaxNetSlice::Ipv6(net)) => {
            let header = net.header();
            let packet = ours.expect("an IPv6 packet");
            assert_eq!(packet.source, header.source());
            assert_eq!(packet.destination, header.destination());
            if let Some((_, Layer::Ipv6HopByHopHeader)) = &theirs.stop_err {
                // RFC 8200, section 4.1: hop-by-hop options stand first. Hosts are asked to accept any order of the
                // others, and we follow this one too; they stop.
                return;
            }
            if is_cut_extension(&theirs) {
                return;
            }
            if packet.part == Part::LaterFragment {
                // Behind the fragment header stands a piece of anything, so the protocol is that header's; they go on.
                assert!(net.is_payload_fragmented(), "a later fragment");
                assert!(theirs.transport.is_none(), "no ports in a later fragment");
                return;
            }
            check_payload(&packet, net.payload(), &theirs);
        }
        Some(LaxNetSlice::Arp(_)) => assert_eq!(ours, Err(Reason::Arp)),
        None => check_none(ours, &theirs),
    }
}

/// What a tunnel carries in an Ethernet frame is read as that frame is when it stands alone.
fn carried(bytes: &[u8], outer: &Packet) {
    let mut inner = Packet::EMPTY;
    let Some(Ok(found)) = inside(bytes, outer, &mut inner) else {
        return;
    };
    let alone = bytes.get(found.start as usize..).expect("a start inside");
    if found.tunnel != Tunnel::Vxlan {
        return;
    }
    let mut packet = Packet::EMPTY;
    parse(alone, &mut packet).expect("a frame that was read");
    inner.headers -= found.start;
    assert_eq!(inner, packet);
}

/// Whether the EtherType behind so many tags is that of the packet.
fn is_named(bytes: &[u8], n_tags: usize, net: &LaxNetSlice<'_>) -> bool {
    let at = 12 + 4 * n_tags;
    let ethertype = bytes.get(at..at + 2);
    match net {
        LaxNetSlice::Ipv4(_) => ethertype == Some(&[0x08, 0x00]),
        LaxNetSlice::Ipv6(_) => ethertype == Some(&[0x86, 0xdd]),
        LaxNetSlice::Arp(_) => true,
    }
}

fn check_part(packet: &Packet, more: bool, offset: u16) {
    match (more, offset) {
        (_, 1..) => assert_eq!(packet.part, Part::LaterFragment),
        (true, 0) => assert!(matches!(packet.part, Part::FirstFragment | Part::Short)),
        (false, 0) => assert!(matches!(packet.part, Part::Whole | Part::Short)),
    }
}

/// Compares what the IP packet carries.
fn check_payload(packet: &Packet, payload: &LaxIpPayloadSlice<'_>, theirs: &LaxSlicedPacket<'_>) {
    assert_eq!(packet.protocol, payload.ip_number.0, "protocol");
    let ports = [packet.source_port, packet.destination_port];
    match &theirs.transport {
        Some(TransportSlice::Udp(udp)) => {
            assert_eq!(packet.part, Part::Whole);
            assert_eq!(ports, [udp.source_port(), udp.destination_port()]);
        }
        Some(TransportSlice::Tcp(tcp)) => {
            assert_eq!(packet.part, Part::Whole);
            assert_eq!(ports, [tcp.source_port(), tcp.destination_port()]);
            let flags = [
                tcp.fin(),
                tcp.syn(),
                tcp.rst(),
                tcp.psh(),
                tcp.ack(),
                tcp.urg(),
                tcp.ece(),
                tcp.cwr(),
            ];
            for (bit, is_set) in flags.into_iter().enumerate() {
                assert_eq!(packet.flags >> bit & 1 == 1, is_set, "TCP flag {bit}");
            }
        }
        Some(TransportSlice::Icmpv4(icmp)) => check_type(packet, icmp.type_u8()),
        Some(TransportSlice::Icmpv6(icmp)) => check_type(packet, icmp.type_u8()),
        Some(TransportSlice::Igmp(_)) => assert_eq!(ports, [0, 0]),
        None => {
            // A cut-off header, one that contradicts itself, a fragment, or a transport that they do not read.
            let is_read = matches!(packet.protocol, 6 | 17);
            assert!(
                !is_read
                    || packet.part != Part::Whole
                    || theirs.stop_err.is_some()
                    || payload.fragmented,
                "ports that only we see"
            );
        }
    }
}

/// Whether they gave up on an extension header, which they want whole. To us 8 bytes of it tell what follows, and that is
/// cut off as well or, where the header's length contradicts the frame, has the header's own word for where it starts.
fn is_cut_extension(theirs: &LaxSlicedPacket<'_>) -> bool {
    matches!(
        &theirs.stop_err,
        Some((
            _,
            Layer::Ipv6DestOptionsHeader
                | Layer::Ipv6RouteHeader
                | Layer::Ipv6FragHeader
                | Layer::IpAuthHeader
        ))
    )
}

/// A reply carries the type of its request as the port of its source.
fn check_type(packet: &Packet, kind: u8) {
    let ports = [packet.source_port, packet.destination_port];
    let is_reply = match packet.protocol {
        1 => matches!(kind, 0 | 14 | 16 | 18),
        _ => kind == 129,
    };
    if is_reply {
        let request = if kind == 0 { 8 } else { kind - 1 };
        assert_eq!(ports, [request.into(), 0]);
    } else {
        assert_eq!(ports, [0, kind.into()]);
    }
}

/// They found no packet of a network layer that they know.
fn check_none(ours: Result<Packet, Reason>, theirs: &LaxSlicedPacket<'_>) {
    if theirs.link_exts.len() == LaxSlicedPacket::LINK_EXTS_CAP {
        // They follow three tags, we any number.
        return;
    }
    match &theirs.stop_err {
        None => assert_eq!(ours, Err(Reason::NotIp)),
        Some((_, Layer::MacsecHeader)) => assert_eq!(ours, Err(Reason::NotIp)),
        Some((SliceError::Len(_), Layer::Arp)) => assert_eq!(ours, Err(Reason::Arp)),
        Some((SliceError::Len(_), _)) => assert!(
            matches!(ours, Err(Reason::Truncated | Reason::Malformed)),
            "{ours:?}, {:?}",
            theirs.stop_err
        ),
        Some(_) => assert!(
            matches!(
                ours,
                Err(Reason::Malformed | Reason::Truncated | Reason::Arp)
            ),
            "{ours:?}, {:?}",
            theirs.stop_err
        ),
    }
}
